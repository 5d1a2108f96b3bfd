"""`StandIn`: a function of the standard library, replaced for the time of a block."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator
from types import ModuleType
from typing import Any

__all__ = ["StandIn"]


class StandIn:
    """Replaces a function of a module in blocks, which may end in any order.

    Blocks of several threads do: the first to begin may be the first to end, and what it has
    found is not what the last one has to put back.

    Args:
        module: where the function is.
        name: its name there.
    """

    def __init__(self, module: ModuleType, name: str) -> None:
        self._module = module
        self._name = name
        self._lock = threading.Lock()
        self._original: Any = None  # what was there before the first block
        self._functions: list[Callable[..., Any]] = []  # of the blocks that are open

    def original(self, *args: Any) -> Any:
        """Call the function that is replaced; in a block only."""
        return self._original(*args)

    @contextlib.contextmanager
    def by(self, function: Callable[..., Any]) -> Generator[None]:
        """Replace the function in a block; the latest block counts."""
        with self._lock:
            if not self._functions:
                self._original = getattr(self._module, self._name)
            self._functions.append(function)
            setattr(self._module, self._name, function)
        try:
            yield
        finally:
            with self._lock:
                self._functions.remove(function)
                latest = self._functions[-1] if self._functions else self._original
                setattr(self._module, self._name, latest)
