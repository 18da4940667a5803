"""Who lives with the daemon in a run; what a user knows outlives the daemon's lives."""
