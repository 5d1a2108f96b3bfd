"""`PatchedFunction`: monkeypatches a function of the standard library during a block."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

from asynciojobs._blocks import Block

__all__ = ["PatchedFunction"]


class PatchedFunction:
    """A function of a module or a class that can be replaced during a block.

    Blocks of several threads may overlap and end in any order. So a block does not restore the
    function that it found. Instead, the last block to end restores the original.

    Args:
        owner: the module, or the class.
        name: the name of the function there.
    """

    def __init__(self, owner: ModuleType | type, name: str) -> None:
        self._owner = owner
        self._name = name
        self._lock = threading.Lock()
        self._original: Any = None  # the function before the first open block
        self._replacements: list[Callable[..., Any]] = []  # one for each open block

    def original(self, *args: Any, **options: Any) -> Any:
        """Call the original function. This works only inside a block."""
        __tracebackhide__ = True
        return self._original(*args, **options)

    def replaced_by(self, function: Callable[..., Any]) -> Block[None]:
        """Replace the function during a block. If blocks overlap, the latest one wins."""
        return Replacement(self, function)

    def replace(self, function: Callable[..., Any]) -> None:
        """Replace the function, at the beginning of a block."""
        with self._lock:
            if not self._replacements:
                self._original = getattr(self._owner, self._name)
            self._replacements.append(function)
            self._install()

    def restore(self, function: Callable[..., Any]) -> None:
        """Take back a replacement, at the end of its block."""
        with self._lock:
            self._replacements.remove(function)
            self._install()

    def _install(self) -> None:
        latest = self._replacements[-1] if self._replacements else self._original
        setattr(self._owner, self._name, latest)


class Replacement(Block[None]):
    """A block in which a function is replaced.

    Args:
        patched: the function.
        function: its replacement.
    """

    def __init__(self, patched: PatchedFunction, function: Callable[..., Any]) -> None:
        self._patched = patched
        self._function = function

    def __enter__(self) -> None:
        self._patched.replace(self._function)

    def __exit__(self, *_: object) -> None:
        self._patched.restore(self._function)
