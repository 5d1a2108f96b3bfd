"""Real time, even in programs that fake it, and how much of it a run may take.

Tools such as freezegun replace `time.monotonic()` in the module `time`, and in each module that
imported it by name. So this module has a copy: write ``from ._realtime import time``.
"""

from __future__ import annotations

import importlib.util
from types import ModuleType
from typing import TYPE_CHECKING

__all__ = ["RealBudget", "time"]

PATIENCE = 10
"""How many times its limit a run may take if it neither computes nor waits for real work."""


def copy_of(name: str) -> ModuleType:
    """Return a new copy of a module that is not in `sys.modules`."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if TYPE_CHECKING:
    import time
else:
    time = copy_of("time")


class RealBudget:
    """The real time that a run may take.

    What counts is the processor time of this thread, and the time that the run waits for real
    work or for sockets. So a run does not fail because other programs keep the machine busy. A
    job that blocks its thread, for example with `time.sleep()`, uses no processor time. So
    there is also a much later limit in real time.

    Args:
        limit: the limit (seconds).
    """

    def __init__(self, limit: float) -> None:
        now = time.monotonic()
        self._limit = limit
        self._waited = 0.0
        self._began = time.thread_time()
        self._earliest_end = now + limit  # processor time never exceeds real time
        self._latest_end = now + limit * PATIENCE

    def note_wait(self, seconds: float) -> None:
        """Count time that the run has waited."""
        self._waited += seconds

    def is_spent(self) -> bool:
        """Return whether the run has used up its time."""
        now = time.monotonic()
        if now <= self._earliest_end:  # the usual case
            return False
        taken = time.thread_time() - self._began + self._waited
        return taken > self._limit or now > self._latest_end
