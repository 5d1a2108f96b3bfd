"""The trace of a run, for Perfetto and chrome://tracing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

from asynciojobs import PureScheduler
from asynciojobs.version import __version__

from ._files import write_with_suffix
from ._summary import summary_of
from ._trace import trace_of

__all__ = ["export_as_tracefile"]


def export_as_tracefile(scheduler: PureScheduler, filename: str | os.PathLike[str]) -> str:
    """Write the last run of a scheduler as a trace, which Perfetto and chrome://tracing show.

    Args:
        scheduler: the scheduler.
        filename: the name of the file; ``.json`` is added unless it is there.

    Returns:
        the name of the file.

    Raises:
        RuntimeError: the scheduler never ran.
        OSError: the file can't be written.

    Example:
        >>> from asynciojobs import PrintJob, Scheduler
        >>> s = Scheduler(PrintJob("hello"))
        >>> s.run()
        hello
        True
        >>> export_as_tracefile(s, "hello")
        'hello.json'
    """
    return write_with_suffix(filename, ".json", "".join(_lines(scheduler)))


def _lines(scheduler: PureScheduler) -> Iterator[str]:
    """Yield the lines of the file: one for each event."""
    timeline = scheduler.timeline()
    summary = summary_of(scheduler, timeline)
    facts = {
        "scheduler": summary.name,
        "began": timeline.began_at.isoformat(),
        "why": summary.why,
        "jobs": summary.counts,
        "made by": f"asynciojobs {__version__}",
    }
    yield f'{{"displayTimeUnit":"ms","otherData":{json.dumps(facts)},"traceEvents":[\n'
    # In ASCII, as json does by itself: no reader has to know the encoding.
    events = trace_of(summary.name, timeline.spans)
    yield ",\n".join(json.dumps(event, separators=(",", ":")) for event in events)
    yield "\n]}\n"
