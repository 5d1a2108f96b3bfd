"""What a test says it knows about: ignored warnings, shielded tasks."""

from __future__ import annotations

import asyncio
import itertools
import sys
import traceback
import warnings
from typing import Any

__all__ = ["is_ignored", "place_of_shield"]

SHIELD = asyncio.shield.__code__

FRAMES_TO_SHIELD = 4
"""How many functions are on the stack from the loop's ``create_task()`` to
`asyncio.shield()`, counting both. `asyncio.ensure_future()` is between them; on Python 3.11, it
is two functions."""


def is_ignored(text: str, category: type[Warning]) -> bool:
    """Return whether the warning filters ignore a warning, wherever it comes from.

    The filters are only read. Warning for real would raise an exception if a filter asks for
    that, and the warning about a coroutine comes from a place that can't raise.
    """
    for action, message, of, module, line in current_filters():
        is_for_one_place = module is not None or line != 0
        if is_for_one_place or not issubclass(category, of):
            continue
        if message is None or message.match(text):
            return bool(action == "ignore")
    return False


def current_filters() -> Any:
    """Return the warning filters. On Python 3.14, a context may have its own."""
    ask = getattr(warnings, "_get_filters", None)
    return warnings.filters if ask is None else ask()


def place_of_shield() -> tuple[str, int, str] | None:
    """Return where `asyncio.shield()` was called if it called the loop's ``create_task()``.

    Call it in that method.

    Returns:
        the file, the line and the function; ``None`` if something else makes the task.
    """
    frames = traceback.walk_stack(sys._getframe(1))
    for frame, _ in itertools.islice(frames, FRAMES_TO_SHIELD):
        if frame.f_code is SHIELD:
            caller = frame.f_back
            assert caller is not None
            return caller.f_code.co_filename, caller.f_lineno, caller.f_code.co_name
    return None
