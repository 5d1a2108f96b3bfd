"""Those who are compared: what they are, where their code is, and what they can't do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Literal

from .base import Contender, Program

__all__ = ["BASELINE", "CONTENDERS", "Contender", "Entry", "Program", "load"]

Role = Literal["ours", "reference", "peer", "baseline"]

NO_WINDOW = "it has no limit on how many run at once"
MADE_IN_ORDER = "a job must be made after those that it requires"
NO_AWAIT = "its jobs are plain functions, which can't await"


@dataclass(frozen=True)
class Entry:
    name: str
    role: Role
    module: str
    """In this package."""
    imports: str = "asyncio"
    """What must be installed."""
    cannot: Mapping[str, str] = field(default_factory=dict[str, str])
    """By the name of a shape: why it is left out."""

    def why_not(self, shape: str) -> str | None:
        """Return why a shape can't be run, if it can't."""
        if find_spec(self.imports) is None:
            return "it is not installed"
        return self.cannot.get(shape)


CONTENDERS: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry("ours", "ours", "ours"),
        Entry("by-hand", "reference", "handwritten"),
        Entry("TaskGroup", "reference", "taskgroup"),
        Entry("counter", "reference", "counter"),
        Entry("ranks", "reference", "ranks"),
        Entry("graphlib", "reference", "sorter"),
        Entry(
            "async-dag",
            "peer",
            "asyncdag",
            imports="async_dag",
            cannot={"window": NO_WINDOW, "shuffled": MADE_IN_ORDER},
        ),
        Entry("dagio", "peer", "dagio", imports="dagio", cannot={"window": NO_WINDOW}),
        Entry(
            "aiodag",
            "peer",
            "aiodag",
            imports="aiodag",
            cannot={"window": NO_WINDOW, "shuffled": MADE_IN_ORDER},
        ),
        Entry(
            "dask",
            "peer",
            "daskdelayed",
            imports="dask",
            cannot={"shuffled": MADE_IN_ORDER, "trickle": NO_AWAIT, "yielding": NO_AWAIT},
        ),
    )
}

BASELINE = Entry("held", "baseline", "held")


def load(name: str) -> Contender:
    """Import a contender; that of a peer must be installed."""
    entry = BASELINE if name == BASELINE.name else CONTENDERS[name]
    contender = import_module(f"{__name__}.{entry.module}").CONTENDER
    assert isinstance(contender, Contender)
    return contender
