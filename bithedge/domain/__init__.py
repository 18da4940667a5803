"""The rules of the product: pure, integer money, no clock, chance or I/O."""
