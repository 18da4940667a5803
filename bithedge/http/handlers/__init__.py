"""What each path does, a file a family."""
