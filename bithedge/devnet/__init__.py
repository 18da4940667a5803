"""The embedded local chain: starts its process and talks to its control paths."""
