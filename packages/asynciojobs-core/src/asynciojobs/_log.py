"""What the operator is told, in the log named ``asynciojobs``; telling never breaks a run."""

from __future__ import annotations

import contextlib
import logging
import sys

__all__ = ["error", "inform", "warn"]

logger = logging.getLogger("asynciojobs")


def inform(message: str, *args: object) -> None:
    """Log what is as it should be, and could surprise."""
    _tell(logging.INFO, message, args)


def warn(message: str, *args: object) -> None:
    """Log a warning."""
    _tell(logging.WARNING, message, args)


def error(message: str, *args: object, exception: BaseException | None = None) -> None:
    """Log an error, with an exception: the one that is being handled if none is given."""
    _tell(logging.ERROR, message, args, sys.exception() if exception is None else exception)


def _tell(
    level: int, message: str, args: tuple[object, ...], exception: BaseException | None = None
) -> None:
    exc_info = None
    if exception is not None:  # a tuple, since logging asks for the truth of what it gets
        exc_info = type(exception), exception, exception.__traceback__
    # Python's handlers raise nothing; those of users may, and so does the traceback of an
    # exception whose truth can't be had.
    with contextlib.suppress(Exception):
        logger.log(level, message, *args, exc_info=exc_info, stacklevel=3)
