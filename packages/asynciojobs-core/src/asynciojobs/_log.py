"""What the operator is told, in the log named ``asynciojobs``; telling never breaks a run."""

from __future__ import annotations

import contextlib
import logging

__all__ = ["error", "inform", "warn"]

logger = logging.getLogger("asynciojobs")


def inform(message: str, *args: object) -> None:
    """Log what is as it should be, and could surprise."""
    _tell(logging.INFO, message, args, with_exception=False)


def warn(message: str, *args: object) -> None:
    """Log a warning."""
    _tell(logging.WARNING, message, args, with_exception=False)


def error(message: str, *args: object) -> None:
    """Log an error, with the exception that is being handled."""
    _tell(logging.ERROR, message, args, with_exception=True)


def _tell(level: int, message: str, args: tuple[object, ...], *, with_exception: bool) -> None:
    # Python's handlers raise nothing; those of users may, and so does a traceback of an
    # exception whose truth can't be had.
    with contextlib.suppress(Exception):
        logger.log(level, message, *args, exc_info=with_exception, stacklevel=3)
