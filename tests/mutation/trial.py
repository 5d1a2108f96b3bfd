"""A trial of a mutant: a separate process runs tests on it, until one fails.

mutmut's own trials put a wrapper around each function. But the engine looks at frames, and so
does the testkit's report of a deadlock: they would see the wrappers. Here, a mutant is a file
in a copy of the package that comes first on the path, even for subprocesses. Trials are forked
from this process, which has imported what all of them need.
"""

from __future__ import annotations

import gc
import os
import re
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import hypothesis
import pytest
from _pytest.config import default_plugins
from explained import MODULES, ROOT

HANGS = 20
"""A test that takes longer than this hangs (seconds); each takes less than one."""

MEMORY = 2 << 30
"""A trial that takes more memory makes an endless list (bytes)."""

NOT_RUN = 99
"""The exit status of a trial that could not be made."""

NEEDED_BY_ALL = [
    *(f"_pytest.{name}" for name in default_plugins),
    "_pytest.assertion.rewrite",
    "anyio.pytest_plugin",
    "networkx",
    "uvloop",
]

PYTEST = ["-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider"]
PYTEST += ["-o", "faulthandler_timeout=0"]  # we look ourselves, which costs less
PYTEST += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # about modules imported before


class Workplace:
    """A copy of the package, in which one mutant at a time is tried."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._package = folder / MODULES.name
        self._changed = ""  # the module that differs from the original
        shutil.copytree(MODULES, self._package)

    def start(self, module: str, code: str, tests: Sequence[str]) -> Trial:
        """Begin a trial: pytest's arguments say which tests, in which order."""
        if self._changed:
            name = f"{self._changed}.py"
            shutil.copy2(MODULES / name, self._package / name)
        self._changed = module
        path = self._package / f"{module}.py"
        path.write_text(code, encoding="utf-8")
        for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
            compiled.unlink()  # it could have the same time and size
        output = self._folder / "output"
        output.write_text("", encoding="utf-8")
        sys.stdout.flush()
        child = os.fork()
        if not child:
            self._try(output, tests)
        return Trial(self, child, output)

    def _try(self, output: Path, tests: Sequence[str]) -> NoReturn:
        """Run tests on the copy, in a process that ends after that."""
        try:
            os.setsid()
            signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored here
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            written = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(written, 1)
            os.dup2(written, 2)
            os.chdir(ROOT)
            sys.path.insert(0, str(self._folder))
            os.environ |= {"PYTHONPATH": str(self._folder), "PYTHONDONTWRITEBYTECODE": "1"}
            sys.dont_write_bytecode = True
            status = pytest.main([*PYTEST, *tests])
            sys.stdout.flush()
            os._exit(status)
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(NOT_RUN)


@dataclass
class Trial:
    """A process that runs tests on a mutant."""

    place: Workplace
    child: int
    output: Path
    killed_by: str = ""
    """The test that failed, or what else happened; "" if all tests passed."""

    def ended(self) -> bool:
        """Return whether it is over; end it if it takes too long."""
        child, status = os.waitpid(self.child, os.WNOHANG)
        if child:
            self.killed_by = self._killer(os.waitstatus_to_exitcode(status))
            self._kill_all()
        elif time.time() - self.output.stat().st_mtime > HANGS:  # each test leaves a sign there
            self.killed_by = "(hangs)"
            self.give_up()
        return bool(self.killed_by or child)

    def give_up(self) -> None:
        """End it at once."""
        self._kill_all()
        os.waitpid(self.child, 0)

    def _kill_all(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.child, signal.SIGKILL)

    def _killer(self, status: int) -> str:
        if status == pytest.ExitCode.OK:
            return ""
        text = self.output.read_text(encoding="utf-8", errors="replace")
        failed = re.search("^(?:FAILED|ERROR) (.*?)(?: - .*)?$", text, re.MULTILINE)
        if failed:  # pytest may have come to grief after that, by what the test left
            return failed[1]
        if status in (pytest.ExitCode.NO_TESTS_COLLECTED, NOT_RUN):
            raise SystemExit(f"the tests could not be run:\n{text}")
        return f"(exit status {status})"


def get_ready() -> None:
    """Import what trials need, but nothing of ours, which must come from the copy."""
    for module in NEEDED_BY_ALL:
        import_module(module)
    # Looking for the smallest example of a failure takes long, and nobody reads it.
    hypothesis.settings.register_profile("trial", phases=[hypothesis.Phase.generate])
    hypothesis.settings.load_profile("trial")
    gc.freeze()  # no trial needs to walk it
