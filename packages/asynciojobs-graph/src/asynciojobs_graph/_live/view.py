"""The rows of the live view in a terminal, as texts with styles. Nothing here prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from asynciojobs._badge import Signs
from asynciojobs._dag.jobset import JobSet
from asynciojobs._outcomes import Phase
from asynciojobs._text import duration_text
from asynciojobs._timeline.columns import cut
from asynciojobs.job import AnyJob

from .group import start_of
from .progress import Progress
from .texts import inert, label_of, last_line

__all__ = ["Look", "Part", "Row", "rows", "total_text"]

BAR = 20
"""How wide the bar is (columns)."""

TIME = 11
"""How wide the times of jobs are (columns): ``59 min 59 s``."""

LABEL = 32
"""How wide the label of a job may be if something comes after it (columns)."""


class Part(NamedTuple):
    """A piece of a row."""

    text: str
    style: str = ""
    """As rich understands it, such as ``bold red``."""


Row = list[Part]


@dataclass(frozen=True)
class Look:
    """How the rows look.

    Attributes:
        signs: the signs of badges.
        height: how many rows there may be.
        ascii: whether only ASCII can be shown.
    """

    signs: Signs
    height: int
    ascii: bool

    @property
    def more(self) -> str:
        """The sign for rows that are left out."""
        return "..." if self.ascii else "…"


def rows(
    progress: Progress, elapsed: float, now: float, end: str | None, look: Look
) -> list[Row]:
    """Return the rows: the total, the failures, and the jobs that run.

    Args:
        progress: how far the run is.
        elapsed: how long it has been going on (seconds).
        now: on the clock of the loop (seconds).
        end: how the run ended; ``None`` while it goes on.
        look: how the rows look.
    """
    total = _total_row(progress, elapsed, now, end, look)
    room = max(look.height - 1, 0)
    running = progress.running_count if end is None else 0
    # Failures stay in view, but they leave half of the room to running jobs.
    space = max(room - running, room // 2)
    failed = (_failed_row(progress, job, look) for job in progress.failed)
    failures = _cropped(failed, len(progress.failed), space, look, "failed")
    left = room - len(failures)
    shown = (_running_row(progress, job, depth, now, look) for job, depth in progress.running())
    return [total, *failures, *_cropped(shown, running, left, look)][: look.height]


def _cropped(
    found: Iterable[Row], count: int, room: int, look: Look, noun: str = ""
) -> list[Row]:
    """Return as many rows as there is room for; the last one says how many are left out.

    Args:
        found: the rows; those that are left out are not made.
        count: how many rows there are.
        room: how many may be returned.
        look: how the rows look.
        noun: what a row is about.
    """
    if count <= room:
        return list(islice(found, count))
    if room < 1:
        return []
    more = f"{look.more} {count - room + 1} more {noun}".rstrip()
    return [*islice(found, room - 1), [Part(more, "dim")]]


def _total_row(
    progress: Progress, elapsed: float, now: float, end: str | None, look: Look
) -> Row:
    bad = bool(progress.failed)
    share = progress.ended / progress.total if progress.total else 1.0
    filled = int(share * BAR)
    full, empty = ("#", "-") if look.ascii else ("━", "─")
    style = "red" if bad else "green"
    bar = [Part(full * filled, style), Part(empty * (BAR - filled), "dim"), Part(" ")]
    verdict = [] if end is None else [Part(f"{inert(end)} ", f"bold {style}")]
    rest = progress.rest(now) if end is None else None
    text = total_text(progress, elapsed, look.ascii, rest)
    return [*verdict, *bar, Part(text, "bold")]


def total_text(
    progress: Progress,
    elapsed: float,
    ascii_only: bool,
    rest: float | None = None,
    end: str | None = None,
) -> str:
    """Return the counts of a run and how long it has been going on.

    Args:
        progress: how far the run is.
        elapsed: how long it has been going on (seconds).
        ascii_only: whether to use only ASCII signs.
        rest: about how long it will still take (seconds); ``None`` if that is not known.
        end: how the run ended; ``None`` if it goes on, or if that is shown elsewhere.
    """
    counts = [
        (len(progress.failed), "failed"),
        (progress.skipped, "skipped"),
        (progress.stopped, "stopped"),
        (progress.restored, "restored"),
        (progress.waiting, "waiting"),
    ]
    parts = [] if end is None else [inert(end)]
    parts.append(f"{progress.ended}/{progress.total} done")
    parts += [f"{count} {noun}" for count, noun in counts if count]
    parts.append(duration_text(elapsed))
    if rest is not None:
        parts.append(f"about {duration_text(rest)} left")
    return (", " if ascii_only else " · ").join(parts)


def _failed_row(progress: Progress, job: AnyJob, look: Look) -> Row:
    name, reason = progress.name(job), progress.reason(job)
    return [Part(f"{look.signs.raised} {name}", "red"), Part(f"  {reason}", "dim red")]


def _running_row(progress: Progress, job: AnyJob, depth: int, now: float, look: Look) -> Row:
    seconds = duration_text(now - start_of(job))
    sign = look.signs.phases[Phase.RUNNING]
    indent = "  " * depth
    remark = [*_remark(progress, job, look)]
    label = label_of(job) if not remark else cut(label_of(job), LABEL)
    return [
        Part(f"{sign} {seconds:>{TIME}}  ", "dim"),
        Part(f"{indent}{label}", "bold" if isinstance(job, JobSet) else ""),
        *remark,
    ]


def _remark(progress: Progress, job: AnyJob, look: Look) -> Iterator[Part]:
    if isinstance(job, JobSet):
        group = progress.groups[job]
        yield Part(f"  {group.ended}/{group.total}", "dim")
    elif line := last_line(job):
        yield Part(f"  {'|' if look.ascii else '│'} {line}", "dim")
