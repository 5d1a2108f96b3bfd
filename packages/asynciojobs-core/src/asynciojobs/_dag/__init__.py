"""The graph of a scheduler: its jobs as a set, queries, and changes."""
