"""`OnDemand`: modules of this package that are imported when they are first used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["OnDemand"]


class OnDemand:
    """A module of this package that is imported when something of it is first used.

    It does what ``lazy import`` will do (PEP 810). What a run doesn't need is imported like
    this, since it would double the time of ``import asynciojobs``. Type checkers can see a
    plain import::

        if TYPE_CHECKING:
            from . import _report
        else:
            _report = OnDemand("_report")

    Args:
        name: its name within the package, as in ``_dag.edits``.
    """

    __slots__ = ("_name",)  # any other name may be one of the module

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(f".{self._name}", __package__), attribute)
