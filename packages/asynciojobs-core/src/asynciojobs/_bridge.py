"""The way to the optional package that draws: the one import made on demand."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from ._errors import MissingGraphPackageError
from .version import __version__

__all__ = ["drawing_function"]

GRAPH_PACKAGE = "asynciojobs_graph"


def drawing_function(name: str) -> Callable[..., Any]:
    """Return a function of asynciojobs-graph.

    Args:
        name: its name there, the same as that of the method that is asked for.

    Raises:
        MissingGraphPackageError: the package is not installed, or is of another version.
            An ``ImportError`` from inside of the package passes through.
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
            f"the asynciojobs-graph that is installed has no {name}(); the one of the same "
            f'version has: pip install "asynciojobs[graph]=={__version__}"',
            name=GRAPH_PACKAGE,
        ) from None
    return function
