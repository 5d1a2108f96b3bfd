"""`Scenario`: the scheduler that a target names, loaded and made."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from traceback import walk_tb
from types import ModuleType, TracebackType
from typing import Any, Self

from .._feedback import say
from .._outcomes import exception_text
from .._text import listed
from .._tracebacks import Tracebacks
from ..purescheduler import PureScheduler
from .refusing import no_runs, stdout_for_results
from .status import CommandError
from .target import Target, close_unstarted, import_target, nearest

__all__ = ["Scenario"]

IMPORTERS = ("asynciojobs", "importlib")
"""The packages that a traceback begins with, before it comes to the target."""


OURS_TO_HANDLE = (CommandError, KeyboardInterrupt, asyncio.CancelledError, GeneratorExit)
"""Exceptions that are not the target's fault."""


class Scenario:
    """A block with the scheduler that a target names. Its end closes unstarted coroutines.

    Args:
        target: the target.
        arguments: the rest of ``sys.argv`` for it.
        clean_stdout: whether its output goes to stderr while it is loaded.

    Raises:
        CommandError: it can't be loaded, or is not a scheduler.
    """

    def __init__(
        self, target: Target, arguments: Sequence[str], *, clean_stdout: bool = False
    ) -> None:
        self.target = target
        self._clean_stdout = clean_stdout
        self._module = ModuleType("")  # until it is loaded
        self._made: object = None  # the scheduler, or a coroutine that makes it
        try:
            with self._loading():
                self._module = import_target(target, arguments)
                self._made = _called(_found(vars(self._module), target), target)
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def _close(self) -> None:
        close_unstarted((*vars(self._module).values(), self._made))

    def scheduler(self) -> PureScheduler:
        """Return the scheduler. An asynchronous function makes it in an event loop of its own.

        Raises:
            CommandError: the function raised, or returned something else.
        """
        return asyncio.run(self.co_scheduler())

    async def co_scheduler(self) -> PureScheduler:
        """Return the scheduler; see `scheduler()`."""
        if inspect.isawaitable(self._made):
            with self._loading():
                self._made = await self._made
        if not isinstance(self._made, PureScheduler):
            raise CommandError(
                f"{self.target} returned {_kind(self._made)}, not a scheduler: let it "
                "return the scheduler itself"
            )
        return self._made

    @contextlib.contextmanager
    def _loading(self) -> Generator[None, None, None]:
        """Run code of the target, and report its exceptions."""
        source = self.target.source
        try:
            with stdout_for_results(wanted=self._clean_stdout), no_runs(source):
                yield
        except BaseException as error:
            _close_modules(error)
            if isinstance(error, OURS_TO_HANDLE):
                raise
            raise _explained(error, source) from None


def _close_modules(error: BaseException) -> None:
    """Close unstarted coroutines in modules that an exception left half loaded."""
    for frame, _ in walk_tb(error.__traceback__):
        if frame.f_code.co_name == "<module>":
            close_unstarted([*frame.f_globals.values()])


def _explained(error: BaseException, source: str) -> CommandError:
    """Return the error for an exception of a target. Its traceback is printed."""
    if isinstance(error, SystemExit):
        return CommandError(
            f"{source} called sys.exit({error.code!r}) while it was loaded: put what ends the "
            'program under if __name__ == "__main__":, and arguments for it after --'
        )
    _show(error)
    return CommandError(f"{source} can't be loaded, since it raised {exception_text(error)}")


def _show(error: BaseException) -> None:
    """Print a traceback to stderr, without our frames."""
    traceback = error.__traceback__
    while traceback is not None and _is_importing(traceback):
        traceback = traceback.tb_next
    error.__traceback__ = traceback
    say(Tracebacks([], whole=False).lines(error), sys.stderr)


def _is_importing(traceback: TracebackType) -> bool:
    name = traceback.tb_frame.f_globals.get("__name__", "")
    return str(name).partition(".")[0] in IMPORTERS


# -- what the target is


def _found(names: Mapping[str, Any], target: Target) -> Any:
    """Return what the target names in a module.

    Raises:
        CommandError: there is no such name; or none is given, and several are possible.
    """
    if target.name is None:
        return _only_scheduler(names, target)
    first, *rest = target.name.split(".")
    if first not in names:
        raise CommandError(
            f"{target.source} has no {first!r}{nearest(first, names) or _choice(names, target)}"
        )
    found = names[first]
    for part in rest:
        found = getattr(found, part)  # what it raises is shown as an error of the target
    return found


def _only_scheduler(names: Mapping[str, Any], target: Target) -> PureScheduler:
    schedulers = _schedulers_in(names)
    by_custom = names.get("scheduler")
    if isinstance(by_custom, PureScheduler):
        return by_custom
    if len(schedulers) == 1:
        return next(iter(schedulers.values()))
    many = f"{len(schedulers)} schedulers" if schedulers else "no scheduler"
    raise CommandError(f"{target.source} has {many} at its top level{_choice(names, target)}")


def _schedulers_in(names: Mapping[str, Any]) -> dict[str, PureScheduler]:
    """Return the schedulers among some names, each one once, without those nested in others."""
    found = {id(it): (name, it) for name, it in names.items() if isinstance(it, PureScheduler)}
    nested = {id(job) for _, scheduler in found.values() for job in scheduler.jobs}
    return {name: it for key, (name, it) in found.items() if key not in nested}


def _choice(names: Mapping[str, Any], target: Target) -> str:
    """Return the end of an error message: the names that would work."""
    schedulers = _schedulers_in(names)
    # In a script with schedulers, a function without a return type is most often for a job.
    unsaid = "" if schedulers else "a Scheduler, perhaps"
    makers = [name for name in names if _may_make_one(names, name, unsaid)]
    may_be = [*schedulers, *makers]
    if not may_be:
        return ": write a function that returns one, and name it, as in script.py:function"
    one_of = "one of " if len(may_be) > 1 else ""
    return f": name {one_of}{listed(may_be)}, as in {target.source}:{may_be[0]}"


def _may_make_one(names: Mapping[str, Any], name: str, unsaid: str) -> bool:
    """Return whether a name is a function of the module that may return a scheduler.

    It can be called without arguments, and its return type is a scheduler.

    Args:
        names: the names in the module.
        name: the name.
        unsaid: what counts as its return type if none is declared.
    """
    thing = names[name]
    returned = getattr(thing, "__annotations__", {}).get("return", unsaid)
    return (
        inspect.isroutine(thing)
        and getattr(thing, "__module__", None) == names.get("__name__")
        and not name.startswith("_")
        and "Scheduler" in str(returned)
        and not _parameters_without_default(thing)
    )


def _called(thing: Any, target: Target) -> object:
    """Return the scheduler, or what a function returns.

    Raises:
        CommandError: it is neither, or the function needs arguments.
        BaseException: what the function raised.
    """
    if isinstance(thing, PureScheduler):
        return thing
    if not callable(thing):
        raise CommandError(
            f"{target} is {_kind(thing)}, neither a scheduler nor a function that returns "
            "one: name one of these"
        )
    missing = _parameters_without_default(thing)
    if missing:
        raise CommandError(
            f"{target} needs {listed(missing)}, and is called without arguments: give its "
            "parameters defaults, or name a function without parameters"
        )
    return thing()


def _parameters_without_default(function: Callable[..., object]) -> list[str]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # it is made of C code
        return []
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [it.name for it in parameters if it.default is it.empty and it.kind not in variable]


def _kind(thing: object) -> str:
    return "None" if thing is None else f"a {type(thing).__name__}"
