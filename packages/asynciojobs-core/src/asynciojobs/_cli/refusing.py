"""While a target is loaded, no scheduler runs, and its output may go to stderr."""

from __future__ import annotations

import contextlib
import inspect
import os
import sys
import traceback
from collections.abc import Generator
from pathlib import Path
from typing import Any

from .._tracebacks import OURS
from ..purescheduler import PureScheduler
from .status import CommandError

__all__ = ["no_runs", "stdout_for_results"]


@contextlib.contextmanager
def no_runs(source: str) -> Generator[None, None, None]:
    """Refuse each run of a scheduler, in ``run()`` and in event loops of the target's own.

    Args:
        source: the script or module that is loaded.
    """
    before = PureScheduler.co_run

    async def co_run(self: PureScheduler, **_: Any) -> bool:
        place = _place_of_call()
        raise CommandError(
            f"{source} runs {self.repr_main()} while it is loaded{place}, and a command runs "
            "only the scheduler that it is for: put that call in a function, or under "
            'if __name__ == "__main__":'
        )

    PureScheduler.co_run = co_run  # type: ignore[method-assign]
    try:
        yield
    finally:
        PureScheduler.co_run = before  # type: ignore[method-assign]


def _place_of_call() -> str:
    """Return where the target called us; empty if it is not on the stack."""
    for frame, line in traceback.walk_stack(inspect.currentframe()):
        if frame.f_globals.get("__name__", "").partition(".")[0] not in OURS:
            return f" ({Path(frame.f_code.co_filename).name}, line {line})"
    return ""  # pragma: no cover - a task of a loop in another thread, which nobody awaits


@contextlib.contextmanager
def stdout_for_results(*, wanted: bool) -> Generator[None, None, None]:
    """Send output in the block to stderr, even that of programs that it starts.

    Args:
        wanted: if false, the block does nothing.
    """
    with contextlib.ExitStack() as stack:
        if wanted:
            stack.enter_context(contextlib.redirect_stdout(sys.stderr))
            with contextlib.suppress(OSError):  # stdout or stderr may be closed
                kept = os.dup(1)
                stack.callback(os.close, kept)
                os.dup2(2, 1)
                stack.callback(os.dup2, kept, 1)
        yield
