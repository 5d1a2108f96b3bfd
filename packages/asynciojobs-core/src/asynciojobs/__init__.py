"""Run a graph of asyncio jobs in the order that their requirements allow."""

from ._bridge import MissingGraphPackageError
from ._errors import (
    AlreadyRunningError,
    ArgumentNotDoneError,
    ArgumentRequirementError,
    BrokenPoolError,
    ConsumedError,
    CycleError,
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
from .calljob import CallJob
from .job import AbstractJob, Job
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
    "ConsumedError",
    "CycleError",
    "EventKind",
    "Job",
    "JobEvent",
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
for _name in __all__:
    if getattr(globals()[_name], "__module__", "").startswith(f"{__name__}._"):
        globals()[_name].__module__ = __name__
