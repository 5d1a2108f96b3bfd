"""Compares asynciojobs with its alternatives; see README.md in the folder above."""
