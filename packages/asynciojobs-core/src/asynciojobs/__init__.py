"""Run a graph of asyncio jobs in the order that their requirements allow."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

from ._log import set_debug
from ._loops import use_loop_factory
from .bestset import BestSet
from .job import AbstractJob, Job
from .limit import Limit
from .purescheduler import PureScheduler
from .scheduler import Scheduler
from .version import __version__
from .watch import Watch

__all__ = [
    "AbstractJob",
    "AlreadyRunningError",
    "ArgumentNotDoneError",
    "ArgumentRequirementError",
    "BestSet",
    "Bottleneck",
    "BrokenPoolError",
    "CallJob",
    "CommandFailed",
    "CommandJob",
    "CommandResult",
    "ConsumedError",
    "CycleError",
    "DuplicateKeyError",
    "EventKind",
    "Job",
    "JobEvent",
    "Journal",
    "JournalError",
    "Limit",
    "LimitError",
    "Link",
    "LinkKind",
    "MissingDaskPackageError",
    "MissingGraphPackageError",
    "MissingRequirementError",
    "NotPicklableError",
    "Observation",
    "Outcome",
    "PrintJob",
    "PureScheduler",
    "RequirementError",
    "RequirementFailed",
    "Schedulable",
    "Scheduler",
    "Sequence",
    "Span",
    "Timeline",
    "Wait",
    "Watch",
    "__version__",
    "log_events",
    "set_debug",
    "use_loop_factory",
]


def _make_public(value: object) -> None:
    """Make tracebacks and pickles show a private module's name under its public name."""
    if getattr(value, "__module__", "").startswith(f"{__name__}._"):
        value.__module__ = __name__


for _value in list(globals().values()):
    _make_public(_value)

# What many programs don't use is loaded on demand (PEP 562). It would more than double the time
# of this import.
if _TYPE_CHECKING:
    from ._bridge import MissingGraphPackageError
    from ._errors import (
        AlreadyRunningError,
        ArgumentNotDoneError,
        ArgumentRequirementError,
        BrokenPoolError,
        ConsumedError,
        CycleError,
        DuplicateKeyError,
        JournalError,
        LimitError,
        MissingDaskPackageError,
        MissingRequirementError,
        NotPicklableError,
        RequirementError,
        RequirementFailed,
    )
    from ._events import EventKind, JobEvent, Observation
    from ._logevents import log_events
    from .calljob import CallJob
    from .commandjob import CommandFailed, CommandJob, CommandResult
    from .journal import Journal
    from .printjob import PrintJob
    from .sequence import Schedulable, Sequence
    from .timeline import Bottleneck, Link, LinkKind, Outcome, Span, Timeline, Wait
else:
    _ON_DEMAND = {
        "AlreadyRunningError": "._errors",
        "ArgumentNotDoneError": "._errors",
        "ArgumentRequirementError": "._errors",
        "Bottleneck": ".timeline",
        "BrokenPoolError": "._errors",
        "CallJob": ".calljob",
        "CommandFailed": ".commandjob",
        "CommandJob": ".commandjob",
        "CommandResult": ".commandjob",
        "ConsumedError": "._errors",
        "CycleError": "._errors",
        "DuplicateKeyError": "._errors",
        "EventKind": "._events",
        "JobEvent": "._events",
        "Journal": ".journal",
        "JournalError": "._errors",
        "LimitError": "._errors",
        "Link": ".timeline",
        "LinkKind": ".timeline",
        "MissingDaskPackageError": "._errors",
        "MissingGraphPackageError": "._bridge",
        "MissingRequirementError": "._errors",
        "NotPicklableError": "._errors",
        "Observation": "._events",
        "Outcome": ".timeline",
        "PrintJob": ".printjob",
        "RequirementError": "._errors",
        "RequirementFailed": "._errors",
        "Schedulable": ".sequence",
        "Sequence": ".sequence",
        "Span": ".timeline",
        "Timeline": ".timeline",
        "Wait": ".timeline",
        "log_events": "._logevents",
    }

    def __getattr__(name: str) -> object:
        if f".{name}" in _ON_DEMAND.values():  # a public module, as in `asynciojobs.sequence`
            return _import_module(f".{name}", __name__)
        if name not in _ON_DEMAND:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(_import_module(_ON_DEMAND[name], __name__), name)
        _make_public(value)
        return value
