"""A simulation of runs as they should be, to compare real runs with."""
