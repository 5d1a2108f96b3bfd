"""Puts the results of jobs into the arguments and the input of a command."""

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
    """Return what a command gets from each of the jobs that it takes results of.

    Raises:
        ValueError: the output of one of them was not kept.
        BaseException: any exception of an engine that has the result.
    """
    return {giver: await value_of(job, giver) for giver in givers}


async def value_of(job: AnyJob, giver: AnyJob) -> object:
    """Return what a command gets from a job."""
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
        given: the arguments as the user gave them, some of them jobs.
        argv: the same, with results in place of jobs.

    Raises:
        TypeError: a result is no argument.
        ValueError: there is a NUL in a result.
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
    """Return what a program reads.

    Args:
        job: the job that runs the program.
        given: the input as the user gave it, maybe a job.
        value: the same, or the result of the job.

    Raises:
        TypeError: the result is neither text nor bytes.
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
