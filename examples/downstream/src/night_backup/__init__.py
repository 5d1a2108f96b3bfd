"""Backs up databases in the night."""

from .scenario import backup

__all__ = ["backup"]
