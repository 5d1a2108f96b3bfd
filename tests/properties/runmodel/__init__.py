"""A simulation of what a run should do, to compare real runs with."""
