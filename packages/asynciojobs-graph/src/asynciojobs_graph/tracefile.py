"""The trace of a run, for Perfetto and chrome://tracing."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping

from asynciojobs import PureScheduler
from asynciojobs.version import __version__

from ._files import write_with_suffix
from ._summary import summary_of
from ._trace import trace_of

__all__ = ["export_as_tracefile"]

LAST_BACKSLASH = re.compile(r'(?<!\\)(?:\\\\)+(?=")')
"""The backslashes at the end of a JSON string, which has two for each one of the text."""


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
        >>> import asyncio, json
        >>> from asynciojobs import Job, Scheduler, Sequence
        >>> steps = [Job(asyncio.sleep, 0, label=label) for label in ("boot", "measure")]
        >>> s = Scheduler(Sequence(*steps))
        >>> s.run()
        True
        >>> with open(export_as_tracefile(s, "lab")) as file:
        ...     events = json.load(file)["traceEvents"]
        >>> [event["name"] for event in events if event["ph"] == "X"]
        ['boot', 'measure']
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
    yield f'{{"displayTimeUnit":"ms","otherData":{json_of(facts)},"traceEvents":[\n'
    yield ",\n".join(map(json_of, trace_of(summary.name, timeline.spans)))
    yield "\n]}\n"


def json_of(value: Mapping[str, object]) -> str:
    r"""Return an object as JSON.

    Perfetto 52 has its own JSON parser. It does not decode ``\u00e9``, so we write ``é``. It
    takes the closing quote of ``"C:\\"`` for an escaped one, and rejects the whole file. So we
    add a space after a backslash at the end of a text.

    Example:
        >>> print(json_of({"job": "C:\\", "zone": "é"}))
        {"job":"C:\\ ","zone":"é"}
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return LAST_BACKSLASH.sub(r"\g<0> ", text)
