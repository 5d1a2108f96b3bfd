"""Which way the arrows of a picture point: the four directions that DOT and Mermaid have."""

from __future__ import annotations

__all__ = ["DIRECTIONS", "check_rankdir"]

DIRECTIONS = ("LR", "RL", "TB", "BT")
"""From left to right, from right to left, from top to bottom, from bottom to top."""


def check_rankdir(rankdir: object) -> None:
    """Raise a `ValueError` if this is not a direction."""
    if rankdir not in DIRECTIONS:
        raise ValueError(f"rankdir is one of 'LR', 'RL', 'TB' and 'BT', not {rankdir!r}")
