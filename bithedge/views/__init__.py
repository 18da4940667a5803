"""What clients see: structs with the interface's names, and pure functions that make them."""
