"""The bridge to the optional package that draws, which is imported when somebody draws."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from .version import __version__

__all__ = ["MissingGraphPackageError", "drawing_function"]

GRAPH_PACKAGE = "asynciojobs_graph"


class MissingGraphPackageError(ImportError):
    """Drawing needs the optional package asynciojobs-graph, and it is not installed."""


def drawing_function(name: str) -> Callable[..., Any]:
    """Return a function of asynciojobs-graph.

    Args:
        name: the name of the function. The scheduler's method that calls it has the same name.

    Raises:
        MissingGraphPackageError: the package is not installed, or has another version.
        ImportError: the package itself could not import something.
    """
    try:
        package = import_module(GRAPH_PACKAGE)
    except ModuleNotFoundError as error:
        if error.name != GRAPH_PACKAGE:
            raise
        raise MissingGraphPackageError(
            f'{name}() is in a package that is not installed: pip install "asynciojobs[graph]"',
            name=GRAPH_PACKAGE,
        ) from None
    try:
        function: Callable[..., Any] = getattr(package, name)
    except AttributeError:
        raise MissingGraphPackageError(
            f"the installed asynciojobs-graph has no {name}(), but the one of the same version "
            f'has: pip install "asynciojobs[graph]=={__version__}"',
            name=GRAPH_PACKAGE,
        ) from None
    return function
