"""Runs the comparison: python -m benchmarks.compare."""

from .campaign import main

main()
