"""Puts the results of jobs into a command's arguments and input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from .._names import name_in_run
from ..calljob import CallJob
from ..job import AbstractJob, AnyJob
from .arguments import as_argument, is_encodable
from .result import CommandResult
from .secrets import Hidden

__all__ = ["filled_argv", "filled_input", "values_of"]


async def values_of(job: AnyJob, givers: Iterable[AnyJob]) -> Mapping[AnyJob, object]:
    """Return the values for a command from the jobs whose results it takes.

    Raises:
        ValueError: one of the outputs was not kept.
        BaseException: any exception of an engine that holds a result.
    """
    return {giver: await value_of(job, giver) for giver in givers}


async def value_of(job: AnyJob, giver: AnyJob) -> object:
    """Return the value for a command from a job."""
    value: object = giver.result()
    if isinstance(giver, CallJob):  # an engine may have the value
        value = await giver.fetch()
    if not isinstance(value, CommandResult):
        return value
    try:
        return cast("CommandResult[str]", value).handed_on()
    except ValueError as error:
        raise ValueError(
            f"{name_in_run(job)} can't start, since it takes the output of "
            f"{name_in_run(giver)}, but {error}"
        ) from None


def filled_argv(
    job: AnyJob, given: Sequence[object], argv: Sequence[object]
) -> tuple[str | bytes, ...]:
    """Return arguments as the program gets them.

    Args:
        job: the job that runs the program.
        given: the arguments as the user gave them, including jobs.
        argv: the same, with results in place of jobs.

    Raises:
        TypeError: a result can't be an argument.
        ValueError: a result contains a NUL.
    """
    return tuple(
        as_argument(value, place_of(job, place, argument))
        for place, (argument, value) in enumerate(zip(given, argv, strict=True))
    )


def place_of(job: AnyJob, place: int, argument: object) -> str:
    """Return what to call an argument in messages."""
    if not isinstance(argument, AbstractJob):
        return f"argument {place}"
    return (
        f"{name_in_run(job)} can't start: argument {place}, which is the result of "
        f"{name_in_run(cast('AnyJob', argument))},"
    )


def filled_input(job: AnyJob, given: object, value: object) -> str | bytes | None:
    """Return the input of a program.

    Args:
        job: the job that runs the program.
        given: the input as the user gave it, perhaps a job.
        value: the same, or the result of that job.

    Raises:
        TypeError: the result is neither a str nor bytes.
        ValueError: UTF-8 can't encode it.
    """
    data = value.value if isinstance(value, Hidden) else value
    if isinstance(data, str) and not is_encodable(data):
        raise ValueError(
            f"{name_in_run(job)} can't start: its input has characters that UTF-8 can't "
            "encode, so give it as bytes"
        )
    if isinstance(data, (str, bytes)) or given is None:
        return cast("str | bytes | None", data)
    giver = cast("AnyJob", given)
    raise TypeError(
        f"{name_in_run(job)} can't start: its input is the result of {name_in_run(giver)}, "
        f"which must be a str or bytes, not {value!r}"
    )
