"""Schedulers of fake jobs: written as text, or in a regular or random shape."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict, Unpack

from asynciojobs import Scheduler
from asynciojobs._requirements import Requirements
from asynciojobs._text import listed

from .jobs import FakeJob

if TYPE_CHECKING:
    from asynciojobs import Watch
    from asynciojobs._options import JobHolder

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
    """A scheduler of fake jobs; ``dag["a"]`` is the job labelled "a".

    Example:
        >>> scheduler = dag("a>b")
        >>> scheduler["b"].required == {scheduler["a"]}
        True
    """

    def __getitem__(self, label: str) -> FakeJob:
        """Return the job with a label.

        Raises:
            KeyError: there is no such job.
        """
        for job in self.jobs:
            if isinstance(job, FakeJob) and job.label == label:
                return job
        labels = [str(job.label) for job in self.jobs if isinstance(job, FakeJob)]
        raise KeyError(
            f"{self.repr_main()} has no fake job with the label {label!r}: "
            f"its fake jobs are {listed(labels)}"
        )

    def labels(self) -> list[str]:
        """Return the labels of the jobs in order of creation.

        Example:
            >>> dag("a>b, a>c").labels()
            ['a', 'b', 'c']
        """
        return [str(job.label) for job in self.jobs]


def dag(text: str, *, takes: float = 1.0, **scheduler_options: Unpack[SchedulerOptions]) -> Dag:
    """Return a scheduler of fake jobs, from a text with their labels and requirements.

    Args:
        text: clauses, separated by commas. In ``a>b``, b requires a. In ``b c>d``, d requires
            both b and c. ``a>b>c`` is a chain, and ``a`` alone is a job without requirements.
        takes: how long each job takes (seconds).
        scheduler_options: see `asynciojobs.Scheduler`.

    Raises:
        ValueError: the text does not have this form.

    Example:
        >>> from asynciojobs_testkit import FakeClock
        >>> diamond = dag("a>b, a>c, b c>d", takes=2)
        >>> with FakeClock().installed() as clock:
        ...     diamond.run()
        True
        >>> diamond["d"].started_at, clock.time
        (4.0, 6.0)
    """
    clauses = parse(text)
    labels = [label for clause in clauses for group in clause for label in group]
    edges = (edge for clause in clauses for edge in edges_between(clause))
    return build(labels, edges, takes, scheduler_options)


def chain(n: int, *, takes: float = 1.0, **scheduler_options: Unpack[SchedulerOptions]) -> Dag:
    """Return a chain of `n` fake jobs, labelled "1", "2" and so on.

    Each job requires the one before it.

    Args:
        n: how many jobs.
        takes: how long each job takes (seconds).
        scheduler_options: see `asynciojobs.Scheduler`.

    Raises:
        ValueError: `n` is negative.

    Example:
        >>> three = chain(3)
        >>> three.labels(), three["3"].required == {three["2"]}
        (['1', '2', '3'], True)
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
    """Return layers of fake jobs. Each job requires random jobs of the layer before.

    A label is the number of the layer and the rank within the layer, as in "1.1".

    Args:
        widths: how many jobs each layer has.
        degree: how many jobs each job requires; at most all jobs of the layer before.
        seed: the seed of the random choice. The same seed gives the same graph.
        takes: how long each job takes (seconds).
        scheduler_options: see `asynciojobs.Scheduler`.

    Raises:
        ValueError: a width or the degree is negative.

    Example:
        >>> hosts = layers([1, 3], degree=1, seed=0)
        >>> hosts.labels(), hosts["2.3"].required == {hosts["1.1"]}
        (['1.1', '2.1', '2.2', '2.3'], True)
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
    """Return `n` fake jobs with random requirements but no cycle, labelled from "1" on.

    Args:
        n: how many jobs.
        edges: how many requirements in total.
        seed: the seed of the random choice. The same seed gives the same graph.
        takes: how long each job takes (seconds).
        scheduler_options: see `asynciojobs.Scheduler`.

    Raises:
        ValueError: `n` is negative, or `edges` is negative or above the number of pairs.

    Example:
        >>> some = random_dag(5, edges=4, seed=0)
        >>> len(some), sum(len(job.required) for job in some.jobs), some.check_cycles()
        (5, 4, True)
    """
    check_count("n", n)
    pairs = n * (n - 1) // 2
    if not 0 <= edges <= pairs:
        raise ValueError(f"{n} jobs have from 0 to {pairs} requirements, not {edges!r}")
    numbers = random.Random(seed).sample(range(pairs), edges)
    chosen = [(str(low), str(high)) for low, high in map(pair_of, sorted(numbers))]
    labels = [str(rank) for rank in range(1, n + 1)]
    return build(labels, chosen, takes, scheduler_options)


Clause: TypeAlias = list[list[str]]
"""Groups of labels; the jobs of each group require all jobs of the group before."""


def parse(text: str) -> list[Clause]:
    """Return the clauses of a text; see `dag()`.

    Raises:
        ValueError: the text does not have this form.
    """
    if "->" in text:  # as in DOT and Mermaid; the dash would become part of a label, or a job
        raise ValueError(
            f"an arrow is `>`, not `->`, in {text!r}: write it as in 'a>b, a>c, b c>d'"
        )
    clauses = [
        [group.split() for group in clause.split(">")]
        for clause in text.split(",")
        if clause.strip()
    ]
    if not all(all(clause) for clause in clauses):
        raise ValueError(
            f"a side of a `>` has no label in {text!r}: write it as in 'a>b, a>c, b c>d'"
        )
    return clauses


def check_count(parameter: str, count: int) -> None:
    """Check a count.

    Raises:
        ValueError: it is negative.
    """
    if count < 0:
        raise ValueError(f"{parameter} must be 0 or more, not {count!r}")


def pair_of(index: int) -> tuple[int, int]:
    """Return the pair at an index of the sequence (1, 2), (1, 3), (2, 3), (1, 4) and so on."""
    high = (1 + math.isqrt(1 + 8 * index)) // 2  # the largest with high*(high-1)/2 <= index
    return index - high * (high - 1) // 2 + 1, high + 1


def edges_between(clause: Clause) -> Iterator[tuple[str, str]]:
    """Yield an edge from each label of a group to each label of the next group."""
    for upper, lower in pairwise(clause):
        for label in lower:
            for required in upper:
                yield required, label


def build(
    labels: Iterable[str],
    edges: Iterable[tuple[str, str]],
    takes: float,
    scheduler_options: Any,
) -> Dag:
    """Return a scheduler with a fake job for each label. An edge starts at the requirement."""
    jobs = {label: FakeJob(label, takes=takes) for label in dict.fromkeys(labels)}
    for required, label in edges:
        jobs[label].requires(jobs[required])
    return Dag(*jobs.values(), **scheduler_options)
