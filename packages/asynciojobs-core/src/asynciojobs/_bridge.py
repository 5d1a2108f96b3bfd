"""The bridge to modules imported on demand, above all to the optional drawing package."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from .version import __version__

__all__ = [
    "MissingGraphPackageError",
    "drawing_function",
    "install_command",
    "testkit_function",
]

GRAPH_PACKAGE = "asynciojobs_graph"
TESTKIT_PACKAGE = "asynciojobs_testkit"


class MissingGraphPackageError(ImportError):
    """Drawing needs the optional package asynciojobs-graph, and it is not installed."""


def install_command(extra: str) -> str:
    """Return the command that installs an extra of exactly this version.

    Without the version, an index might install something else under our name.

    Example:
        >>> install_command("graph").startswith('pip install "asynciojobs[graph]==')
        True
    """
    return f'pip install "asynciojobs[{extra}]=={__version__}"'


def drawing_function(name: str) -> Callable[..., Any]:
    """Return a function of asynciojobs-graph.

    Args:
        name: the name of the function, and of the scheduler's method that calls it.

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
            f"{name}() is in a package that is not installed: {install_command('graph')}",
            name=GRAPH_PACKAGE,
        ) from None
    try:
        function: Callable[..., Any] = getattr(package, name)
    except AttributeError:
        raise MissingGraphPackageError(
            f"the installed asynciojobs-graph has no {name}(), but the one of the same version "
            f"has: {install_command('graph')}",
            name=GRAPH_PACKAGE,
        ) from None
    return function


def testkit_function(name: str) -> Callable[..., Any]:
    """Return a function of asynciojobs-testkit.

    Args:
        name: its name.

    Raises:
        ImportError: the package is not installed, or has another version.
    """
    try:
        function: Callable[..., Any] = getattr(import_module(TESTKIT_PACKAGE), name)
    except (ModuleNotFoundError, AttributeError) as error:
        if isinstance(error, ModuleNotFoundError) and error.name != TESTKIT_PACKAGE:
            raise
        raise ImportError(
            f"{name}() is in a package that is not installed, or has another version: "
            f"{install_command('testkit')}",
            name=TESTKIT_PACKAGE,
        ) from None
    return function
