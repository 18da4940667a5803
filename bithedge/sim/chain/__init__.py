"""A Stacks chain in memory: the node's rules, and the contracts' for what the daemon and its users do."""
