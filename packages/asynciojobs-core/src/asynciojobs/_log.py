"""The log named ``asynciojobs``. Logging never breaks a run."""

from __future__ import annotations

import contextlib
import logging
import sys

__all__ = ["error", "inform", "is_debugging", "logger", "set_debug", "warn", "warn_once"]

logger = logging.getLogger("asynciojobs")
_level_before: int | None = None  # what set_debug(False) restores; None if not debugging
_warned_of: set[str] = set()  # the messages of warn_once()


def set_debug(flag: bool) -> None:
    """Make all schedulers verbose, and set the log ``asynciojobs`` to DEBUG; or undo both.

    Each run that begins then prints its events at all depths, as with ``verbose=True``.

    Args:
        flag: ``False`` undoes it, and restores the level that the log had before.

    Example:
        >>> import asynciojobs
        >>> asynciojobs.set_debug(True)
        >>> asynciojobs.set_debug(False)
    """
    global _level_before  # noqa: PLW0603 - it is a switch for the whole program
    if flag and _level_before is None:
        _level_before = logger.level
        logger.setLevel(logging.DEBUG)
    elif not flag and _level_before is not None:
        logger.setLevel(_level_before)
        _level_before = None


def is_debugging() -> bool:
    """Return whether `set_debug()` is on."""
    return _level_before is not None


def inform(message: str, *args: object) -> None:
    """Log something that is correct, but may be surprising."""
    _log(logging.INFO, message, args)


def warn(message: str, *args: object) -> None:
    """Log a warning."""
    _log(logging.WARNING, message, args)


def warn_once(message: str, *args: object) -> None:
    """Log a warning, unless its message was logged before, with any arguments."""
    if message not in _warned_of:
        _warned_of.add(message)
        _log(logging.WARNING, message, args)


def error(message: str, *args: object, exception: BaseException | None = None) -> None:
    """Log an error with an exception; by default the exception that is being handled."""
    _log(logging.ERROR, message, args, sys.exception() if exception is None else exception)


def _log(
    level: int, message: str, args: tuple[object, ...], exception: BaseException | None = None
) -> None:
    exc_info = None
    if exception is not None:  # a tuple, since logging tests whether it is true
        exc_info = type(exception), exception, exception.__traceback__
    # Python's own handlers never raise, but a user's may. Formatting the traceback also fails
    # if the exception's __bool__ raises.
    with contextlib.suppress(Exception):
        logger.log(level, message, *args, exc_info=exc_info, stacklevel=3)
