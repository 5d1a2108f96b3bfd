"""The errors of the package. Each carries its data, and states the rule and the remedy."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import BrokenExecutor
from typing import Any, ClassVar

from ._outcomes import Named
from ._text import counted

__all__ = [
    "AlreadyRunningError",
    "ArgumentNotDoneError",
    "ArgumentRequirementError",
    "BrokenPoolError",
    "ConsumedError",
    "CycleError",
    "DuplicateKeyError",
    "JournalError",
    "LimitError",
    "MissingDaskPackageError",
    "MissingRequirementError",
    "NotPicklableError",
    "RequirementError",
    "RequirementFailed",
    "by_data",
]

SHOWN_OF_CYCLE = 8
"""How many jobs of a long cycle the message names (jobs)."""


def remade(kind: type[Exception], args: tuple[object, ...]) -> Exception:
    """Return an error with the same message, for `pickle` and `copy`."""
    return kind.__new__(kind, *args)


def by_data(error: Exception) -> tuple[Any, ...]:
    """Return the value for ``__reduce__()`` of an error, so that it keeps its attributes.

    The class is not called, since it takes data, not the message.
    """
    return remade, (type(error), error.args), vars(error)


class ExplainedError(Exception):
    """An error whose message is made from its data: first the rule, then the remedy.

    Args:
        data: the values of the attributes named by `fields`, in order.
    """

    fields: ClassVar[tuple[str, ...]] = ("job", "requirement")
    rule: ClassVar[str]
    remedy: ClassVar[str]

    def __reduce__(self) -> tuple[Any, ...]:
        return by_data(self)

    def __init__(self, *data: Any) -> None:
        vars(self).update(zip(self.fields, data, strict=True))
        shown = {
            name: value.repr_main() if hasattr(value, "repr_main") else value
            for name, value in zip(self.fields, data, strict=True)
        }
        super().__init__(f"{self.rule}: {self.remedy}".format(**shown))


class RequirementError(ValueError):
    """A scheduler can't run because of its requirements."""

    def __reduce__(self) -> tuple[Any, ...]:
        return by_data(self)


class CycleError(RequirementError):
    """Some jobs require each other in a cycle, so none of them can be the first.

    Attributes:
        cycle: the jobs in the order in which they would have to run. Each is required by the
            next. The first job is repeated at the end, as in ``graphlib.CycleError``.
    """

    def __init__(self, cycle: Sequence[Named]) -> None:
        self.cycle: list[Named] = list(cycle)
        names = [job.repr_main() for job in self.cycle]
        if len(names) > SHOWN_OF_CYCLE:
            names[SHOWN_OF_CYCLE // 2 : 1 - SHOWN_OF_CYCLE // 2] = ["…"]
        super().__init__(
            f"the requirements have a cycle of {counted(len(self.cycle) - 1, 'job')}, "
            f"{' → '.join(names)}: break it with requires(…, remove=True)"
        )


class MissingRequirementError(ExplainedError, RequirementError):
    """A job requires another one that is not in its scheduler.

    Attributes:
        job: the job that has the requirement.
        requirement: the job that is missing.
    """

    job: Named
    requirement: Named
    rule = "{job} requires {requirement}, which is not in the same scheduler"
    remedy = (
        "add it there, require the nested scheduler that it is in, or drop the requirement "
        "with sanitize()"
    )


class ArgumentRequirementError(ExplainedError, RequirementError):
    """A requirement can't be removed, since the required job is an argument of the function.

    Attributes:
        job: the job that has the requirement.
        requirement: the job that is its argument.
    """

    job: Named
    requirement: Named
    rule = "{job} has {requirement} as an argument, so it must keep requiring it"
    remedy = "make another job with other arguments"


class RequirementFailed(ExplainedError, RuntimeError):  # noqa: N818 - it says what happened
    """A job did not start, since a job among its arguments raised.

    The exception of that job is the cause.

    Attributes:
        job: the job that did not start.
        requirement: the job that raised.
    """

    job: Named
    requirement: Named
    rule = "{job} did not start, since its argument {requirement} raised"
    remedy = (
        "see the cause above, or make that job return a value such as None instead of raising"
    )


class ArgumentNotDoneError(ExplainedError, RuntimeError):
    """A job did not start, since a job among its arguments is not done.

    Attributes:
        job: the job that did not start.
        requirement: the job that is not done.
    """

    job: Named
    requirement: Named
    rule = "{job} did not start, since its argument {requirement} is not done"
    remedy = "run both in one scheduler, or run that one first"


class NotPicklableError(ExplainedError, TypeError):
    """A call can't be sent to another process, or its outcome can't be sent back.

    Attributes:
        job: the job that makes the call.
        part: what can't be pickled, in words.
    """

    job: Named
    part: str
    fields: ClassVar[tuple[str, ...]] = ("job", "part")
    rule = (
        "{job} failed, since {part} can't be pickled, and everything that is sent to or from "
        "another process must be"
    )
    remedy = (
        "use functions and classes from the top level of a module, or an executor that can "
        "send more, such as loky.get_reusable_executor()"
    )


ANOTHER_POOL = (
    "make another one for the next run, or use loky.get_reusable_executor(), which replaces a "
    "dead one"
)


class BrokenPoolError(ExplainedError, BrokenExecutor):
    """The pool in which a job calls its function is broken, so all its calls are lost.

    Attributes:
        job: the job that makes the call.
        executor: the class of the pool.
        reason: what the pool says; or what could not be unpickled, if that broke it.
        advice: what to do about it.
    """

    job: Named
    executor: str
    reason: str
    advice: str
    fields: ClassVar[tuple[str, ...]] = ("job", "executor", "reason", "advice")
    rule = "{job} failed, since its {executor} is dead, and all calls in it are lost ({reason})"
    remedy = "{advice}"

    def __init__(
        self, job: Named, executor: str, reason: str, advice: str = ANOTHER_POOL
    ) -> None:
        super().__init__(job, executor, reason, advice)


class AlreadyRunningError(ExplainedError, RuntimeError):
    """A run can't start, since the scheduler or one of its jobs is in a run already.

    Attributes:
        busy: the running scheduler or job.
    """

    busy: Named
    fields: ClassVar[tuple[str, ...]] = ("busy",)
    rule = "{busy} takes part in a run that is going on"
    remedy = "wait until that one is over, or make another object"


class ConsumedError(ExplainedError, RuntimeError):
    """A job was made of a coroutine, which can run only once, and has run already.

    Attributes:
        job: the job.
    """

    job: Named
    fields: ClassVar[tuple[str, ...]] = ("job",)
    rule = "{job} was made of a coroutine, which can run only once"
    remedy = "give it a coroutine function and its arguments instead, Job(function, *args)"


class DuplicateKeyError(ExplainedError, ValueError):
    """Two jobs of a scheduler have the same key, so a journal can't tell them apart.

    Attributes:
        job: one of the jobs.
        other: the other one.
        key: their key.
    """

    job: Named
    other: Named
    key: str
    fields: ClassVar[tuple[str, ...]] = ("job", "other", "key")
    rule = "{job} and {other} have the same key {key!r}, so a journal can't tell them apart"
    remedy = "give one of them another key, as in Job(…, key='second')"


class LimitError(ValueError):
    """A job could never start, since it needs more slots of a limit than it can get.

    Attributes:
        holder: the scheduler that holds slots while the job waits; or the job itself.
        job: the job.
        limit: the limit.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return by_data(self)

    def __init__(self, holder: Named, job: Named, limit: Any, held: int, needed: int) -> None:
        self.holder: Named = holder
        self.job: Named = job
        self.limit: Any = limit
        if needed:
            rule = (
                f"{holder.repr_main()} holds {counted(held, 'slot')} of {limit!r} while it "
                f"runs, and {job.repr_main()} inside it needs {needed} more"
            )
        else:
            rule = f"{job.repr_main()} needs {counted(held, 'slot')} of {limit!r}"
        super().__init__(
            f"{rule}, so that job could never start: give the limit more slots, or let one of "
            "them need fewer"
        )


class JournalError(ExplainedError, RuntimeError):
    """A journal can't be used, or could not be written.

    Attributes:
        path: the file, as the caller gave it.
        problem: what is wrong with it.
        advice: what to do about it.
        offset: where the file is damaged (bytes from its beginning); ``None`` if it is not.
    """

    path: str
    problem: str
    advice: str
    offset: int | None
    fields: ClassVar[tuple[str, ...]] = ("path", "problem", "advice", "offset")
    rule = "the journal {path!r} {problem}"
    remedy = "{advice}"

    def __init__(
        self, path: object, problem: str, advice: str, *, offset: int | None = None
    ) -> None:
        super().__init__(str(path), problem, advice, offset)


class MissingDaskPackageError(ImportError):
    """Calls on a Dask cluster need the optional package distributed, which is not installed."""


for _name in __all__:  # tracebacks and pickles show errors under their public names
    globals()[_name].__module__ = __package__
