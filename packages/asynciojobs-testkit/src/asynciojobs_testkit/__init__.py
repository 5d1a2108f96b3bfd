"""Test tools for programs that use asynciojobs: a fake clock, fake jobs, timelines."""

from asynciojobs.version import __version__

from ._errors import (
    ClockError,
    DeadlockError,
    LeftoverError,
    RunawayError,
    UnscriptedCommandError,
    Waiting,
)
from .clock import FakeClock
from .commands import CommandCall, FakeCommands, SentSignal
from .jobs import FakeJob
from .shapes import Dag, chain, dag, layers, random_dag
from .timeline import Timeline, TimelineEvent

__all__ = [
    "ClockError",
    "CommandCall",
    "Dag",
    "DeadlockError",
    "FakeClock",
    "FakeCommands",
    "FakeJob",
    "LeftoverError",
    "RunawayError",
    "SentSignal",
    "Timeline",
    "TimelineEvent",
    "UnscriptedCommandError",
    "Waiting",
    "__version__",
    "chain",
    "dag",
    "layers",
    "random_dag",
]

# Tracebacks and pickles show the public name of what is defined in a private module.
for _name in __all__:
    if getattr(globals()[_name], "__module__", "").startswith(f"{__name__}._"):
        globals()[_name].__module__ = __name__
