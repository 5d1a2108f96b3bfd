"""When a job ran and when it waited, as all pictures of a span need it."""

from __future__ import annotations

from typing import NamedTuple

from asynciojobs.timeline import Span

__all__ = ["Time", "running_of", "waiting_of"]


class Time(NamedTuple):
    """A part of a run (seconds since the run began)."""

    begin: float
    end: float


def running_of(span: Span) -> Time | None:
    """Return when a job ran, up to now if it is still running; ``None`` if it never started."""
    if span.start is None:
        return None
    return Time(
        span.start, span.start + (span.seconds or 0.0) if span.end is None else span.end
    )


def waiting_of(span: Span) -> Time | None:
    """Return when a job waited for a slot; ``None`` if it did not."""
    if not span.waited:
        return None
    if span.start is not None:
        return Time(span.start - span.waited, span.start)
    return None if span.ready is None else Time(span.ready, span.ready + span.waited)
