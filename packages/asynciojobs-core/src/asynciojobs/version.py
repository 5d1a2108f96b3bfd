"""The version of the three distributions: they are released together."""

__all__ = ["__version__"]

__version__ = "1.0.0"
