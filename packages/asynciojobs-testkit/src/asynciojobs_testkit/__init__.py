"""For the tests of programs that use asynciojobs."""

from asynciojobs.version import __version__

__all__ = ["__version__"]
