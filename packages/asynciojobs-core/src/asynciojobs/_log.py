"""The log named ``asynciojobs``. Logging never breaks a run."""

from __future__ import annotations

import contextlib
import logging
import sys

__all__ = ["error", "inform", "warn"]

logger = logging.getLogger("asynciojobs")


def inform(message: str, *args: object) -> None:
    """Log something that is as it should be, and could surprise."""
    _log(logging.INFO, message, args)


def warn(message: str, *args: object) -> None:
    """Log a warning."""
    _log(logging.WARNING, message, args)


def error(message: str, *args: object, exception: BaseException | None = None) -> None:
    """Log an error with an exception; by default the exception that is being handled."""
    _log(logging.ERROR, message, args, sys.exception() if exception is None else exception)


def _log(
    level: int, message: str, args: tuple[object, ...], exception: BaseException | None = None
) -> None:
    exc_info = None
    if exception is not None:  # a tuple, since logging tests the truth of what it gets
        exc_info = type(exception), exception, exception.__traceback__
    # Python's own handlers raise nothing, but a user's may. Formatting the traceback of an
    # exception whose __bool__ raises fails too.
    with contextlib.suppress(Exception):
        logger.log(level, message, *args, exc_info=exc_info, stacklevel=3)
