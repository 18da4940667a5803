"""The Stacks wire: addresses, Clarity values, transactions, signed messages, the node client."""
