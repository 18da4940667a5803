"""One policy: its state, how facts change it, what may be decided about it."""
