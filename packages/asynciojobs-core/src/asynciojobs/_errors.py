"""What goes wrong, each kind of it with its data.

A message names the object, the rule and the remedy, in one sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import BrokenExecutor
from typing import Any, Protocol

__all__ = [
    "AlreadyRunningError",
    "ArgumentNotDoneError",
    "ArgumentRequirementError",
    "BrokenPoolError",
    "ConsumedError",
    "CycleError",
    "ForeverRequirementError",
    "MissingDaskPackageError",
    "MissingGraphPackageError",
    "MissingRequirementError",
    "Named",
    "NotPicklableError",
    "RequirementError",
    "RequirementFailed",
    "by_data",
]

SHOWN_OF_CYCLE = 8
"""Jobs of a long cycle that its message names (jobs)."""


class Named(Protocol):
    """What a text needs of a job, or of a scheduler, to name it."""

    def repr_main(self) -> str:
        """Return a short text such as ``<Job `fetch`>``."""
        ...


def remade(kind: type[Exception], args: tuple[object, ...]) -> Exception:
    """Return an error with the same message, for `pickle` and `copy`."""
    return kind.__new__(kind, *args)


def by_data(self: Exception) -> tuple[Any, ...]:
    """Do what ``__reduce__()`` does; Python's own has the class called with the message."""
    return remade, (type(self), self.args), vars(self)


class RequirementError(ValueError):
    """The requirements of a scheduler are such that it can't run."""

    __reduce__ = by_data


class CycleError(RequirementError):
    """Some jobs require each other in a circle, so that none of them can be first.

    Attributes:
        cycle: the jobs in the order in which they would have to run, each one required by
            the next; the first stands at the end again, as in ``graphlib.CycleError``.
    """

    def __init__(self, cycle: Sequence[Named]) -> None:
        self.cycle = list(cycle)
        names = [job.repr_main() for job in self.cycle]
        if len(names) > SHOWN_OF_CYCLE:
            names[SHOWN_OF_CYCLE // 2 : 1 - SHOWN_OF_CYCLE // 2] = ["…"]
        super().__init__(
            f"the requirements have a cycle of {len(self.cycle) - 1} jobs, "
            f"{' → '.join(names)}: break it with requires(…, remove=True)"
        )


class MissingRequirementError(RequirementError):
    """A job requires another one that is not in its scheduler.

    Attributes:
        job: the job that requires.
        requirement: the job that is required, and is not there.
    """

    def __init__(self, job: Named, requirement: Named) -> None:
        self.job = job
        self.requirement = requirement
        super().__init__(
            f"{job.repr_main()} requires {requirement.repr_main()}, which is not in the "
            "same scheduler: add it there, require the nested scheduler that it is in, or drop "
            "the requirement with sanitize()"
        )


class ForeverRequirementError(RequirementError):
    """A regular job requires a forever job, whose end nobody waits for.

    Attributes:
        job: the job that requires.
        requirement: the forever job.
    """

    def __init__(self, job: Named, requirement: Named) -> None:
        self.job = job
        self.requirement = requirement
        super().__init__(
            f"{job.repr_main()} requires {requirement.repr_main()}, which runs forever, so "
            "it could never start: drop the requirement, or give both the same `forever`"
        )


class ArgumentRequirementError(RequirementError):
    """A job that is an argument of another one's function was to be no requirement of it.

    Attributes:
        job: the job that requires.
        requirement: the job that is its argument.
    """

    def __init__(self, job: Named, requirement: Named) -> None:
        self.job = job
        self.requirement = requirement
        super().__init__(
            f"{job.repr_main()} has {requirement.repr_main()} as an argument, so it must go "
            "on to require it: make another job with other arguments"
        )


class RequirementFailed(RuntimeError):  # noqa: N818 - it tells what has happened
    """A job did not start, since another one that was to give it an argument has raised.

    What that one raised is the cause.

    Attributes:
        job: the job that did not start.
        requirement: the job that raised.
    """

    __reduce__ = by_data

    def __init__(self, job: Named, requirement: Named) -> None:
        self.job = job
        self.requirement = requirement
        super().__init__(
            f"{job.repr_main()} did not start, since its argument {requirement.repr_main()} "
            "raised: see the cause, or let that job return what stands for a failure"
        )


class ArgumentNotDoneError(RuntimeError):
    """A job did not start, since another one that was to give it an argument is not done.

    Attributes:
        job: the job that did not start.
        requirement: the job that is not done.
    """

    __reduce__ = by_data

    def __init__(self, job: Named, requirement: Named) -> None:
        self.job = job
        self.requirement = requirement
        super().__init__(
            f"{job.repr_main()} did not start, since its argument {requirement.repr_main()} "
            "is not done: run both in one scheduler, or that one before"
        )


class NotPicklableError(TypeError):
    """A call can't be sent to another process, or what came of it can't be sent back.

    Attributes:
        job: the job whose call it is.
        part: what can't be pickled, in words.
    """

    __reduce__ = by_data

    def __init__(self, job: Named, part: str) -> None:
        self.job = job
        self.part = part
        super().__init__(
            f"{job.repr_main()} failed, since {part} can't be pickled, as all must be that "
            "goes to another process and back: take functions and classes from the top level "
            "of a module, or an executor that sends more, as loky.get_reusable_executor() does"
        )


class BrokenPoolError(BrokenExecutor):
    """The pool that a job was to be called by is dead, and so are all calls that it had.

    Attributes:
        job: the job whose call it is.
    """

    __reduce__ = by_data

    def __init__(self, job: Named, executor: str, error: BaseException) -> None:
        self.job = job
        super().__init__(
            f"{job.repr_main()} failed, since its {executor} is dead, and with it all calls "
            f"that it had ({error}): make another one for the next run, or take "
            "loky.get_reusable_executor(), which replaces a dead one"
        )


class AlreadyRunningError(RuntimeError):
    """A run was asked for something that takes part in a run already.

    Attributes:
        busy: the scheduler, or the job, that is running.
    """

    __reduce__ = by_data

    def __init__(self, busy: Named) -> None:
        self.busy = busy
        super().__init__(
            f"{busy.repr_main()} takes part in a run that is going on: wait until that one "
            "is over, or make another object"
        )


class ConsumedError(RuntimeError):
    """A job was made of a coroutine, which can run once, and that has been.

    Attributes:
        job: the job.
    """

    __reduce__ = by_data

    def __init__(self, job: Named) -> None:
        self.job = job
        super().__init__(
            f"{job.repr_main()} was made of a coroutine, which can run only once: give it a "
            "coroutine function and its arguments instead, Job(function, *args)"
        )


class MissingGraphPackageError(ImportError):
    """Drawing was asked for, and the optional package that draws is not installed."""


class MissingDaskPackageError(ImportError):
    """Calls were to run on a Dask cluster, and the package for that is not installed."""
