"""Run a graph of asyncio jobs in the order that their requirements allow."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

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
from ._log import set_debug
from ._loops import use_loop_factory
from .bestset import BestSet
from .job import AbstractJob, Job
from .limit import Limit
from .printjob import PrintJob
from .purescheduler import PureScheduler
from .scheduler import Scheduler
from .sequence import Schedulable, Sequence
from .version import __version__
from .watch import Watch

__all__ = [
    "AbstractJob",
    "AlreadyRunningError",
    "ArgumentNotDoneError",
    "ArgumentRequirementError",
    "BestSet",
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
    "MissingDaskPackageError",
    "MissingGraphPackageError",
    "MissingRequirementError",
    "NotPicklableError",
    "Observation",
    "PrintJob",
    "PureScheduler",
    "RequirementError",
    "RequirementFailed",
    "Schedulable",
    "Scheduler",
    "Sequence",
    "Watch",
    "__version__",
    "set_debug",
    "use_loop_factory",
]

# In tracebacks and pickles, names from private modules appear under their public name.
for _value in list(globals().values()):
    if getattr(_value, "__module__", "").startswith(f"{__name__}._"):
        _value.__module__ = __name__

# Functions and programs as jobs take a tenth of the time of this import and more, so they are
# loaded when they are asked for (PEP 562).
if _TYPE_CHECKING:
    from .calljob import CallJob
    from .commandjob import CommandFailed, CommandJob, CommandResult
    from .journal import Journal
else:
    _ON_DEMAND = {
        "CallJob": ".calljob",
        "CommandFailed": ".commandjob",
        "CommandJob": ".commandjob",
        "CommandResult": ".commandjob",
        "Journal": ".journal",
    }

    def __getattr__(name: str) -> object:
        if name not in _ON_DEMAND:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = getattr(_import_module(_ON_DEMAND[name], __name__), name)
        return globals()[name]
