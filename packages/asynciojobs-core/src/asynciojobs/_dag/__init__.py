"""The graph of a scheduler: its jobs as a set, questions about them, changes to them."""
