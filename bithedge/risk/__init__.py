"""The risk laboratory: what the pool's rules would have done, and may do, over whole price paths."""
