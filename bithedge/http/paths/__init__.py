"""The table of paths, a file a family."""
