"""The HTTP door: paths and shapes of the interface, asked of the actors and read from the read models."""
