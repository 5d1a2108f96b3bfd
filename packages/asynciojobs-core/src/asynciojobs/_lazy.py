"""`OnDemand`: modules of this package that are imported when they are first used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["OnDemand"]


class OnDemand:
    """A module of this package that is imported when one of its names is first used.

    It does what ``lazy import`` will do (PEP 810). Modules that a run doesn't need are imported
    like this, since they would double the time of ``import asynciojobs``. Give type checkers a
    plain import::

        if TYPE_CHECKING:
            from . import _report
        else:
            _report = OnDemand("_report")

    Args:
        name: its name within the package, such as ``_dag.edits``.
    """

    __slots__ = ("_name",)  # any other name may belong to the module

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(f".{self._name}", __package__), attribute)
