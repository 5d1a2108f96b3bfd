"""`LinesDisplay`: a line for each change, for logs and files, without control codes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TextIO

from asynciojobs import EventKind, JobEvent
from asynciojobs._badge import Signs
from asynciojobs._outcomes import Phase
from asynciojobs._text import counted, duration_text

from .progress import NOT_SHOWN, News, Progress
from .view import total_text

__all__ = ["HEARTBEAT", "LinesDisplay"]

PER_SECOND = 10.0
"""How many lines are written on average, at most (lines per second)."""

AT_ONCE = 30.0
"""How many lines are written at once after a pause, at most (lines)."""

HEARTBEAT = 60.0
"""How often a line names running jobs (seconds)."""

FAILURES = 200.0
"""How many more lines may be written if they are about failures (lines)."""

NAMED = 5
"""How many running jobs that line names, at most (jobs)."""

SHOWN = [kind for kind in EventKind if kind not in NOT_SHOWN]
"""The kinds of events that have lines."""

WITHOUT_TIME = (EventKind.STARTED, EventKind.RESTORED)
COLOURS = {EventKind.FAILED: 31, EventKind.DONE: 32, EventKind.SKIPPED: 33}


class LinesDisplay:
    """Writes a line for each change.

    If there are too many changes, some are left out, and one line counts them. Failures are
    left out last.

    Args:
        stream: where to write.
        signs: the signs of badges.
        ascii_only: whether to write only ASCII signs.
        colours: whether the lines have colours.
    """

    frame = 0.1
    """How long to wait for more events (seconds)."""

    idle = 1.0
    """How long to wait if there are none (seconds)."""

    hears = int(AT_ONCE)
    """How many events it needs to see; more lines have no room anyway (events)."""

    def __init__(
        self, stream: TextIO, *, signs: Signs, ascii_only: bool, colours: bool
    ) -> None:
        self._stream = stream
        self._signs = signs
        self._ascii = ascii_only
        self._colours = colours
        self._room = AT_ONCE  # how many lines may be written now
        self._refilled_at: float | None = None  # when _room was brought up to date
        self._left_out: Counter[EventKind] = Counter()
        self._heartbeat_at: float | None = None  # when the next one is due
        self._began = 0.0

    def draw(
        self,
        progress: Progress,
        news: News,
        began: float,
        now: float,
        end: str | None,
    ) -> None:
        """Write lines about what has happened."""
        if self._heartbeat_at is None or began != self._began:
            self._began, self._heartbeat_at = began, began + HEARTBEAT
            self._room, self._refilled_at = AT_ONCE, now
        self._refill(now)
        lines = [*self._lines(progress, news, began)]
        if self._left_out and (self._room >= 1 or end is not None):
            lines.append(self._summary(progress, now - began))
        if now >= self._heartbeat_at and end is None:
            self._heartbeat_at = now + HEARTBEAT
            lines.append(self._heartbeat(progress, now - began))
        if end is not None:
            self._heartbeat_at = None
            lines.append(total_text(progress, now - began, self._ascii, end=end))
        self._write(lines)

    def close(self) -> None:
        """Do nothing: all lines have been written."""

    def _refill(self, now: float) -> None:
        passed = now - (now if self._refilled_at is None else self._refilled_at)
        self._room = min(AT_ONCE, self._room + passed * PER_SECOND)
        self._refilled_at = now

    def _lines(self, progress: Progress, news: News, began: float) -> Iterator[str]:
        left_out = Counter({kind: news.counts[kind] for kind in SHOWN})
        for event in _to_show(news):
            least = 1 - FAILURES if event.kind is EventKind.FAILED else 1
            if self._room >= least:
                self._room -= 1
                left_out[event.kind] -= 1
                yield self._line(progress, event, began)
        self._left_out += left_out

    def _line(self, progress: Progress, event: JobEvent, began: float) -> str:
        job, kind, time = event
        passed = f"{duration_text(time - began):>11}"
        remark = ""
        if kind not in WITHOUT_TIME and (started := job.started_at) is not None:
            remark = f" ({duration_text(time - started)})"
        if kind is EventKind.FAILED and (reason := progress.reason(job)):
            remark += f"  {reason}"
        what = f"{self._sign(kind)} {kind.value:<9}"
        if self._colours and kind in COLOURS:
            what = f"\x1b[{COLOURS[kind]}m{what}\x1b[0m"
        return f"{passed}  {what} {progress.name(job)}{remark}"

    def _sign(self, kind: EventKind) -> str:
        phases = self._signs.phases
        match kind:
            case EventKind.STARTED:
                return phases[Phase.RUNNING]
            case EventKind.FAILED:
                return self._signs.raised
            case EventKind.SKIPPED:
                return phases[Phase.SKIPPED]
            case EventKind.CANCELLED:
                return phases[Phase.STOPPED]
            case _:
                return self._signs.fine

    def _summary(self, progress: Progress, elapsed: float) -> str:
        kinds = ", ".join(f"{count} {kind}" for kind, count in self._left_out.items())
        changes = counted(self._left_out.total(), "more change")
        self._left_out.clear()
        self._room -= 1
        more = "..." if self._ascii else "…"
        return f"{more} {changes}: {kinds}; {total_text(progress, elapsed, self._ascii)}"

    def _heartbeat(self, progress: Progress, elapsed: float) -> str:
        names = progress.running_names()
        shown = ", ".join(names[:NAMED]) or "no job"
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        return f"still running after {duration_text(elapsed)}: {shown}{more}"

    def _write(self, lines: list[str]) -> None:
        if lines:
            text = "".join(f"{line}\n" for line in lines)
            encoding = getattr(self._stream, "encoding", None) or "utf-8"
            self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
            self._stream.flush()


def _to_show(news: News) -> Iterator[JobEvent]:
    """Yield the events that were heard, then all other failures, so that none is missed."""
    yield from news.heard
    seen = {event.job for event in news.heard if event.kind is EventKind.FAILED}
    for job in news.failed:
        if job not in seen:
            yield JobEvent(job, EventKind.FAILED, job.ended_at or 0.0)
