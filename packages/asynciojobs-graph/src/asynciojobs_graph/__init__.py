"""Pictures of asynciojobs schedulers, by way of Graphviz."""

from asynciojobs.version import __version__

__all__ = ["__version__"]
