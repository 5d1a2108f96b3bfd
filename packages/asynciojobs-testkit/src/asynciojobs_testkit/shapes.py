"""Schedulers of fake jobs: written as text, or of a shape."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from asynciojobs import Scheduler
from asynciojobs._checks import JobHolder
from asynciojobs._requirements import Requirements

from .jobs import FakeJob

if TYPE_CHECKING:
    from asynciojobs import Watch

__all__ = ["Dag", "chain", "dag", "layers", "random_dag"]


class SchedulerOptions(TypedDict, total=False):
    """The keyword parameters of a scheduler; see `asynciojobs.Scheduler`."""

    jobs_window: int | None
    timeout: float | None
    shutdown_timeout: float | None
    watch: Watch | None
    verbose: bool
    forever: bool
    critical: bool
    label: object
    required: Requirements
    scheduler: JobHolder | None


class Dag(Scheduler):
    """A scheduler of fake jobs, which are reached by their labels: ``dag["a"]``."""

    def __getitem__(self, label: str) -> FakeJob:
        """Return the job of that label.

        Raises:
            KeyError: there is none.
        """
        for job in self.jobs:
            if isinstance(job, FakeJob) and job.label == label:
                return job
        raise KeyError(f"{self.repr_main()} has no fake job with the label {label!r}")

    def labels(self) -> list[str]:
        """Return the labels of the jobs, in their order of creation."""
        return [str(job.label) for job in self.jobs]


def dag(text: str, *, takes: float = 1.0, **scheduler_options: Unpack[SchedulerOptions]) -> Dag:
    """Return a scheduler of fake jobs, from their labels and requirements as text.

    Args:
        text: clauses with commas between. ``a>b`` says that b requires a, ``b c>d`` that d
            requires both, ``a>b>c`` is a chain, and ``a`` is a job that requires nothing.
        takes: how long each job takes (seconds).
        scheduler_options: see `asynciojobs.Scheduler`.

    Raises:
        ValueError: the text is of another form.

    Example:
        >>> from asynciojobs_testkit import FakeClock
        >>> diamond = dag("a>b, a>c, b c>d", takes=2)
        >>> with FakeClock().installed() as clock:
        ...     diamond.run()
        True
        >>> diamond["d"].started_at, clock.time
        (4.0, 6.0)
    """
    if "->" in text:  # as DOT and Mermaid have it; the shaft would be a job
        raise ValueError(
            f"an arrow is `>`, and not `->`, in {text!r}: write it as in 'a>b, a>c, b c>d'"
        )
    clauses = [
        [group.split() for group in clause.split(">")]
        for clause in text.split(",")
        if clause.strip()
    ]
    for clause in clauses:
        if not all(clause):
            raise ValueError(
                f"a side of a `>` has no label in {text!r}: write it as in 'a>b, a>c, b c>d'"
            )
    labels = [label for clause in clauses for group in clause for label in group]
    edges = (edge for clause in clauses for edge in edges_between(clause))
    return build(labels, edges, takes, scheduler_options)


def chain(n: int, *, takes: float = 1.0, **scheduler_options: Unpack[SchedulerOptions]) -> Dag:
    """Return `n` fake jobs, each of which requires the one before, labelled from "1" on.

    Args:
        n: how many jobs.
        takes: how long each job takes (seconds).
        scheduler_options: see `asynciojobs.Scheduler`.

    Raises:
        ValueError: `n` is negative.
    """
    check_count("n", n)
    labels = [str(rank) for rank in range(1, n + 1)]
    return build(labels, pairwise(labels), takes, scheduler_options)


def layers(
    widths: Sequence[int],
    degree: int,
    seed: int,
    *,
    takes: float = 1.0,
    **scheduler_options: Unpack[SchedulerOptions],
) -> Dag:
    """Return layers of fake jobs; each job requires some of the layer before, at random.

    The labels are the layer and the rank in it, as in "1.1".

    Args:
        widths: how many jobs each layer has.
        degree: how many jobs each job requires; all of the layer before if it has fewer.
        seed: says what is random; the same one gives the same graph.
        takes: how long each job takes (seconds).
        scheduler_options: see `asynciojobs.Scheduler`.

    Raises:
        ValueError: a width, or the degree, is negative.
    """
    check_count("degree", degree)
    for width in widths:
        check_count("each of widths", width)
    draw = random.Random(seed)
    rows = [
        [f"{layer}.{rank}" for rank in range(1, width + 1)]
        for layer, width in enumerate(widths, start=1)
    ]
    edges = [
        (required, label)
        for upper, lower in pairwise(rows)
        for label in lower
        for required in draw.sample(upper, min(degree, len(upper)))
    ]
    return build([label for row in rows for label in row], edges, takes, scheduler_options)


def random_dag(
    n: int,
    edges: int,
    seed: int,
    *,
    takes: float = 1.0,
    **scheduler_options: Unpack[SchedulerOptions],
) -> Dag:
    """Return `n` fake jobs with requirements at random, and no cycle; labelled from "1" on.

    Args:
        n: how many jobs.
        edges: how many requirements, all told.
        seed: says what is random; the same one gives the same graph.
        takes: how long each job takes (seconds).
        scheduler_options: see `asynciojobs.Scheduler`.

    Raises:
        ValueError: there are not so many pairs of jobs, or `n` is negative.
    """
    check_count("n", n)
    pairs = n * (n - 1) // 2
    if not 0 <= edges <= pairs:
        raise ValueError(f"{n} jobs have from 0 to {pairs} requirements, not {edges!r}")
    numbers = random.Random(seed).sample(range(pairs), edges)
    chosen = [(str(low), str(high)) for low, high in map(pair_of, sorted(numbers))]
    labels = [str(rank) for rank in range(1, n + 1)]
    return build(labels, chosen, takes, scheduler_options)


def check_count(parameter: str, count: int) -> None:
    """Raise if a count is negative.

    Raises:
        ValueError: it is.
    """
    if count < 0:
        raise ValueError(f"{parameter} must be 0 or more, not {count!r}")


def pair_of(number: int) -> tuple[int, int]:
    """Return the pair of that number among (1, 2), (1, 3), (2, 3), (1, 4) and so on."""
    high = (1 + math.isqrt(1 + 8 * number)) // 2  # high * (high - 1) / 2 is not above it
    return number - high * (high - 1) // 2 + 1, high + 1


def edges_between(groups: Sequence[Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Yield an edge from each label of a group to each of the next group."""
    for upper, lower in pairwise(groups):
        for label in lower:
            for required in upper:
                yield required, label


def build(
    labels: Iterable[str],
    edges: Iterable[tuple[str, str]],
    takes: float,
    scheduler_options: Any,
) -> Dag:
    """Return a scheduler of a fake job for each label; edges go from the one required."""
    jobs = {label: FakeJob(label, takes=takes) for label in dict.fromkeys(labels)}
    for required, label in edges:
        jobs[label].requires(jobs[required])
    return Dag(*jobs.values(), **scheduler_options)
