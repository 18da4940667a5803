"""The running system: thin actors around the pure core."""
