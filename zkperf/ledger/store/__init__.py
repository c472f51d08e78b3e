"""Where a ledger is kept: leaves, nodes and checkpoints, and what waits or must be forgotten."""
