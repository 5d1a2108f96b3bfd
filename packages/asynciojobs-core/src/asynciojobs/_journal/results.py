"""Results of jobs on their way into a journal, and back."""

from __future__ import annotations

from typing import Any

from .._commands.result import CommandResult, as_plain, from_plain, has_secret
from .._errors import JournalError
from .codecs import Codec, dumps_or_reason
from .file import JournalFile
from .keys import path_text
from .records import JournalRecord

__all__ = ["dumped", "loaded"]

COMMAND = "asynciojobs.CommandResult"
"""The only key of the dict that is written for a `CommandResult`."""


def dumped(codec: Codec, value: Any) -> bytes | str:
    """Return a result as bytes; or the reason why it can't be recorded, in words."""
    if is_result(value):
        if has_secret(value):
            return "the output of its command contains a secret, which hide() gave it"
        value = {COMMAND: as_plain(value)}
    elif is_command(value):
        return f"its result is a dict with the key {COMMAND!r}, which has a meaning of its own"
    return dumps_or_reason(codec, value)


def loaded(codec: Codec, file: JournalFile, record: JournalRecord) -> object:
    """Return a result that was recorded.

    Raises:
        JournalError: it is gone, or can't be loaded.
    """
    data = file.result_of(record)
    if data is None:
        raise unavailable(file, record, "is gone, or was altered")
    try:
        value: Any = codec.loads(data)
    except Exception as error:
        raise unavailable(
            file, record, f"can't be loaded ({type(error).__name__}: {error})"
        ) from error
    return from_plain(value[COMMAND]) if is_command(value) else value


def is_result(value: object) -> bool:
    """Return whether a value is a `CommandResult` itself, not a user's subclass."""
    return type(value) is CommandResult


def is_command(value: Any) -> bool:
    """Return whether a value looks like the dict written for a `CommandResult`."""
    return type(value) is dict and value.keys() == {COMMAND}


def unavailable(file: JournalFile, record: JournalRecord, problem: str) -> JournalError:
    """Return the error for a result that was asked for, but is not available."""
    return JournalError(
        file.path,
        f"has a result of {path_text(record.key)} that {problem}",
        "forget() that job, and run again",
    )
