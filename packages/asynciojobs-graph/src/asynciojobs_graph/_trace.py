"""The events of a trace, in Chrome's format, which Perfetto reads too.

Each scheduler is a process, and its jobs are on the threads of the process. Events of one
thread must not overlap, since Perfetto drops events that do. So each thread is a lane, and all
times are integers, because differences of integers are exact. Waiting jobs have separate lanes:
even if hundreds of jobs wait for a window of four, the running jobs have just four lanes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from asynciojobs._dag.jobset import JobSet
from asynciojobs.job import requirements_of
from asynciojobs.timeline import Outcome, Span

from ._inert import inert_line, inert_path
from ._lanes import Interval, lanes
from ._spans import Time, running_of, waiting_of

__all__ = ["MOST_ARROWS", "Event", "trace_of"]

Event: TypeAlias = dict[str, object]

MOST_ARROWS = 10_000
"""How many requirements are shown as arrows at most; viewers become slow with more."""

COLORS = {Outcome.FAILED: "terrible", Outcome.STOPPED: "grey", Outcome.RUNNING: "olive"}
"""The names of colours in chrome://tracing. Perfetto chooses its own."""


class Slice(NamedTuple):
    """A time during which a job ran or waited, and where it is shown."""

    span: Span
    time: Interval
    """In microseconds."""
    process: int
    thread: int
    is_waiting: bool

    @property
    def first(self) -> int:
        """Its first moment after its begin, if it is long enough (microseconds)."""
        return min(self.time.begin + 1, self.last)

    @property
    def last(self) -> int:
        """Its last moment (microseconds)."""
        return max(self.time.begin, self.time.end - 1)


class Process(NamedTuple):
    """A scheduler with the jobs in it."""

    number: int
    name: str
    spans: list[Span]


def trace_of(name: str, spans: Sequence[Span]) -> list[Event]:
    """Return the events of a run: the names first, then the others in chronological order.

    Args:
        name: the name of the scheduler.
        spans: the spans of its timeline.
    """
    processes = _processes(name, spans)
    events: list[Event] = []
    slices: list[Slice] = []
    for process in processes:
        inside = list(_slices_of(process))
        slices += inside
        events += _names(process, inside)
    by_time = [(slice_.time.begin, _event(slice_)) for slice_ in slices]
    arrows = islice(_arrows(slices), MOST_ARROWS)
    by_time += [end for number, arrow in enumerate(arrows, 1) for end in _flow(number, *arrow)]
    by_time.sort(key=itemgetter(0))
    return events + [event for _, event in by_time]


def _processes(name: str, spans: Iterable[Span]) -> list[Process]:
    processes: dict[int | None, Process] = {None: Process(1, name, [])}
    for span in spans:
        processes[_id(span.around)].spans.append(span)
        if isinstance(span.job, JobSet):
            title = inert_path(span.path)
            processes[id(span)] = Process(len(processes) + 1, title, [])
    return list(processes.values())


def _id(span: Span | None) -> int | None:
    return None if span is None else id(span)


def _slices_of(process: Process) -> Iterator[Slice]:
    """Yield when the jobs of a scheduler ran, in the upper lanes, then when they waited."""
    thread = 0
    for is_waiting, time_of in ((False, running_of), (True, waiting_of)):
        times = [(it, _interval(when)) for it in process.spans if (when := time_of(it))]
        first = thread + 1
        for (span, time), lane in zip(times, lanes(time for _, time in times), strict=True):
            thread = max(thread, first + lane)
            yield Slice(span, time, process.number, first + lane, is_waiting)


def _interval(time: Time) -> Interval:
    """Return a time in microseconds. Its ends are rounded, not its length."""
    return Interval(round(time.begin * 1_000_000), round(time.end * 1_000_000))


def _names(process: Process, slices: Iterable[Slice]) -> Iterator[Event]:
    """Yield the names of a process and of its threads."""
    yield _name("process_name", process.number, 0, process.name)
    for slice_ in {slice_.thread: slice_ for slice_ in slices}.values():
        kind = "waiting" if slice_.is_waiting else "lane"
        yield _name("thread_name", process.number, slice_.thread, f"{kind} {slice_.thread}")


def _name(kind: str, process: int, thread: int, name: str) -> Event:
    return {"ph": "M", "name": kind, "pid": process, "tid": thread, "args": {"name": name}}


def _event(slice_: Slice) -> Event:
    span = slice_.span
    label = inert_line(span.label)
    event: Event = {
        "ph": "X",
        "name": f"{label} (waits)" if slice_.is_waiting else label,
        "cat": "waiting" if slice_.is_waiting else span.outcome.value,
        "ts": slice_.time.begin,
        "dur": slice_.time.end - slice_.time.begin,
        "pid": slice_.process,
        "tid": slice_.thread,
        "args": {"job": inert_path(span.path), "outcome": span.outcome.value},
    }
    color = "grey" if slice_.is_waiting else COLORS.get(span.outcome)
    return event if color is None else {**event, "cname": color}


def _arrows(slices: Iterable[Slice]) -> Iterator[tuple[Slice, Slice]]:
    """Yield each requirement together with the job that requires it, if both ran."""
    ran = [slice_ for slice_ in slices if not slice_.is_waiting]
    found = {(slice_.process, slice_.span.job): slice_ for slice_ in ran}
    for head in ran:
        for required in requirements_of(head.span.job):
            tail = found.get((head.process, required))
            if tail is not None:
                yield tail, head


def _flow(number: int, tail: Slice, head: Slice) -> Iterator[tuple[int, Event]]:
    """Yield both ends of an arrow, each with its time. Each end is within a slice.

    To chrome://tracing, the moment when a slice ends still belongs to that slice. So an arrow
    that ended at the very moment when its head begins would point to the slice before.
    """
    for kind, slice_, time in (("s", tail, tail.last), ("f", head, head.first)):
        yield (
            time,
            {
                "ph": kind,
                "bp": "e",
                "id": number,
                "name": "requires",
                "cat": "requirement",
                "ts": time,
                "pid": slice_.process,
                "tid": slice_.thread,
            },
        )
