"""Test tools for programs that use asynciojobs: a fake clock, fake jobs, timelines."""

from asynciojobs._pyodide import IN_PYODIDE
from asynciojobs.version import __version__

from ._errors import (
    ClockError,
    DeadlockError,
    LeftoverError,
    RunawayError,
    UnscriptedCommandError,
    Waiting,
)
from .commands import CommandCall, FakeCommands, SentSignal
from .crashes import Crash, crash_at
from .jobs import FakeJob
from .shapes import Dag, chain, dag, layers, random_dag
from .timeline import Timeline, TimelineEvent

if IN_PYODIDE:
    from ._pyodide import __getattr__ as __getattr__
else:
    from .clock import FakeClock as FakeClock
    from .whatif import WhatIf as WhatIf
    from .whatif import WhatIfRow as WhatIfRow
    from .whatif import what_if as what_if

__all__ = [
    "ClockError",
    "CommandCall",
    "Crash",
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
    "WhatIf",
    "WhatIfRow",
    "__version__",
    "chain",
    "crash_at",
    "dag",
    "layers",
    "random_dag",
    "what_if",
]

if IN_PYODIDE:
    __all__.remove("FakeClock")  # noqa: PYI056 - mypy and pyright know it
    __all__.remove("WhatIf")  # noqa: PYI056
    __all__.remove("WhatIfRow")  # noqa: PYI056
    __all__.remove("what_if")  # noqa: PYI056

# Tracebacks and pickles show the public name of what is defined in a private module.
for _name in __all__:
    if getattr(globals()[_name], "__module__", "").startswith(f"{__name__}._"):
        globals()[_name].__module__ = __name__
