"""The pool's books: who owns which sat of the vault, what backs which policy, what may still be sold."""
