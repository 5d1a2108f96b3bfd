"""How long each job takes in a simulation: as recorded, or as given."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol, TypeAlias, cast, runtime_checkable

from asynciojobs import AbstractJob, PureScheduler
from asynciojobs._dag.jobset import JobSet
from asynciojobs._dag.outline import in_order_of_creation, outline
from asynciojobs._journal.keys import key_of
from asynciojobs._names import label_of
from asynciojobs._text import counted, listed

from .jobs import check_times

__all__ = ["Durations", "seconds_of_jobs"]

AnyJob: TypeAlias = AbstractJob[object]
Path: TypeAlias = tuple[str, ...]


@runtime_checkable
class Record(Protocol):
    """A record of a journal: how long a job took."""

    @property
    def key(self) -> Path:
        """The keys of the schedulers around the job, then its own."""
        ...

    @property
    def seconds(self) -> float | None:
        """How long the job took; ``None`` if the record does not say."""
        ...


@runtime_checkable
class HasDurations(Protocol):
    """A journal."""

    @property
    def scheduler(self) -> JobSet | None:
        """The scheduler of the last run or plan; ``None`` if there was none."""
        ...

    def durations(self) -> dict[Path, float]:
        """Return how long each job took, by the keys that lead to it (seconds)."""
        ...


Durations: TypeAlias = (
    Mapping[str, float]
    | Callable[[AnyJob], float | None]
    | HasDurations
    | Iterable[Record]
    | None
)
"""What a user may pass: seconds by label, a function, a journal, or its records."""

Given: TypeAlias = Callable[[AnyJob, Path], float | None]
"""Returns the duration that the user gave for a job and its path (seconds)."""


def seconds_of_jobs(scheduler: PureScheduler, durations: Durations) -> dict[AnyJob, float]:
    """Return how long each job takes, at all depths, without the nested schedulers.

    A forever job that was never seen to end takes ``math.inf``.

    Raises:
        TypeError: a duration is not a number, or `durations` is something else.
        ValueError: a duration is negative, a label is unknown, or a job has no duration.
    """
    jobs = [*paths_of(scheduler)]
    given = as_function(durations, jobs)
    found: dict[AnyJob, float] = {}
    missing: list[str] = []
    for job, path in jobs:
        seconds = given(job, path)
        seconds = recorded(job) if seconds is None else seconds
        if seconds is None and job.forever:
            seconds = math.inf
        if seconds is None:
            missing.append(" > ".join(path))
            continue
        check_times(**{f"the duration of {label_of(job)!r}": seconds})
        found[job] = seconds
    if missing:
        raise ValueError(
            f"{counted(len(missing), 'job')} of {scheduler.repr_main()} did not run to the "
            f"end, so how long they take is not known: {listed(missing, 5)}; let "
            "them run to their end once, or give durations={label: seconds}"
        )
    return found


def paths_of(scheduler: PureScheduler) -> Iterator[tuple[AnyJob, Path]]:
    """Yield each job that is not a scheduler, with the keys that lead to it."""
    around: list[str] = []
    for job, _, closing in outline(scheduler, in_order_of_creation):
        if closing:
            around.pop()
        elif isinstance(job, JobSet):
            around.append(key_of(job))
        else:
            yield job, (*around, key_of(job))


def recorded(job: AnyJob) -> float | None:
    """Return how long a job took in its last run, if it ended by itself."""
    return job.duration() if job.is_done() else None


def as_function(durations: Durations, jobs: Iterable[tuple[AnyJob, Path]]) -> Given:
    """Return the durations that a user gave as a function of a job and its path."""
    if callable(durations):
        function = durations
        return lambda job, _: function(job)
    if isinstance(durations, HasDurations):
        by_path = durations.durations()
        return lambda _, path: by_path.get(path)
    if isinstance(durations, Mapping):
        given = cast("Mapping[object, float]", durations)
        by_label = {str(label): seconds for label, seconds in given.items()}
        check_labels(by_label, {label_of(job) for job, _ in jobs})
        return lambda job, _: by_label.get(label_of(job))
    recorded_seconds = {} if durations is None else last_seconds(durations)
    return lambda _, path: recorded_seconds.get(path)


def check_labels(given: Iterable[str], known: Iterable[str]) -> None:
    """Check that there is a job for each label.

    Raises:
        ValueError: one of them has no job.
    """
    unknown = sorted({*given} - {*known})
    if unknown:
        raise ValueError(
            f"there are durations for labels that no job has: {listed(unknown, 5)}; the "
            f"jobs are {listed(sorted(known), 10)}"
        )


def last_seconds(records: Iterable[object]) -> dict[Path, float]:
    """Return how long each job took according to some records; the last record counts.

    Raises:
        TypeError: one of them is something else.
    """
    found: dict[Path, float] = {}
    for record in records:
        if not isinstance(record, Record):
            raise TypeError(
                "durations must be a mapping from labels to seconds, a function of a job, or "
                f"the records of a journal, and not a collection with {record!r}"
            )
        if record.seconds is not None:
            found[tuple(record.key)] = record.seconds
    return found
