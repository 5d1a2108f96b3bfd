"""Compares asynciojobs with what one would use instead; see README.md in the folder above."""
