"""BitHedge: Bitcoin price protection on Stacks."""

__version__ = "0.1.0"
