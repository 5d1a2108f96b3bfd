"""The jobs: `AbstractJob`, base of them all, and `Job`, made of a coroutine."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Awaitable, Callable, Collection, Iterable
from types import CoroutineType
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    TypeAlias,
    TypeVar,
    TypeVarTuple,
    Unpack,
    cast,
    overload,
)

from ._awaitables import check_runnable, close_unstarted, takes
from ._badge import badge, signs_for
from ._bridge import drawing_function
from ._errors import ConsumedError
from ._lifecycle import Failure, Phase
from ._loops import LoopFactory, run_synchronously
from ._options import JobHolder, JobOptions, check_options
from ._requirements import Distinct, Requirements, distinct, one_by_one
from ._text import attempt, one_line
from ._verdict import exception_text
from .bestset import BestSet

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

__all__ = ["AbstractJob", "Job"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Ts = TypeVarTuple("Ts")

IDLE, SCHEDULED, RUNNING, DONE = Phase

RequirementSet: TypeAlias = "BestSet[AbstractJob[object]]"
Requireds: TypeAlias = "Distinct[AbstractJob[object]] | dict[AbstractJob[object], None]"


def does_nothing(function: T) -> T:
    """Mark a `co_shutdown()` as empty: a scheduler need not make a task to run it."""
    function.does_nothing = True  # type: ignore[attr-defined]
    return function


class AbstractJob(Generic[T_co]):
    """A node of the graph: something to run, and the jobs that must be done before.

    It is generic in the result of `co_run()`, which a subclass defines.

    Args:
        forever: the job is not expected to end: its scheduler does not wait for it, and
            cancels it once all regular jobs are done.
        critical: an exception of this job ends the run of its scheduler at once.
        label: how the job is called in listings and pictures; ``str()`` of it is shown.
        required: the job's first requirements: a job, a sequence, or a collection of them.
        scheduler: where the new job is added at once; a job is in one scheduler at most.

    Attributes:
        forever: as above.
        critical: as above.
        label: as above.
        required: the jobs that must be done before this one starts, in the order in which
            they were added. It may be edited, between runs, as any set.
        started_at: when the job was started, on the clock of its event loop (seconds);
            ``None`` if it has not been.
        ended_at: when the job ended, done or cancelled; likewise.

    Example:
        >>> class Answer(AbstractJob[int]):
        ...     async def co_run(self) -> int:
        ...         return 42
        >>> Answer(label="the answer").standalone_run()
        42
    """

    # A million of them may exist: no dict.
    __slots__ = (
        "__weakref__",
        "_holds",
        "_mark",
        "_noted_end",
        "_noted_start",
        "_outcome",
        "_phase",
        "_rank",
        "_required",
        "_shown_id",
        "_shutdown_given",
        "_unmet",
        "critical",
        "forever",
        "label",
    )

    # What its task is called if it has no label; None lets asyncio find a name.
    _task_name: str | None = None

    # Slots that stay empty until then: what is not there the collector need not look at.
    _outcome: T_co | Failure | None  # what co_run() returned, or that it raised; once DONE
    _noted_start: float | None  # when it started, once it has
    _noted_end: float | None  # when it ended, likewise
    _shown_id: str  # the rank in the scheduler, once that has numbered its jobs
    _rank: int  # the place in the run, once enrolled
    _unmet: Iterable[AbstractJob[object]]  # requirements that may be still to be met; likewise

    def __init__(
        self,
        *,
        forever: bool = False,
        critical: bool = True,
        label: object = None,
        required: Requirements = None,
        scheduler: JobHolder | None = None,
    ) -> None:
        self.forever = forever
        self.critical = critical
        self.label = label
        # As long as nobody has asked for the set: None, the only one, a tuple of several that
        # came together, or a dict once more have come.
        self._required: Requireds | RequirementSet = None
        self._phase = IDLE
        self._shutdown_given = False  # co_shutdown() was called since the last run began
        # Two more notes of the run, which are here rather than in dictionaries of its own:
        # which run that is (stale once it is over), and who waits for the end of this job.
        self._mark: object = None
        self._holds: list[AbstractJob[object]] | AbstractJob[object] | tuple[()] | None = None
        if required is not None:  # nobody can have named this job in there
            self._required = distinct(required, ANY_JOB)
        if scheduler is not None:
            scheduler.add(self)

    # -- what a subclass defines

    async def co_run(self) -> T_co:
        """Do the work of the job; a subclass must define it.

        Returns:
            the result of the job.

        Raises:
            NotImplementedError: the class does not define it.
        """
        raise NotImplementedError(
            f"{type(self).__name__} does not define co_run(), so its jobs have nothing to run"
        )

    @does_nothing
    async def co_shutdown(self) -> object:
        """Tidy up, when the scheduler is shut down; a subclass may define it.

        It is called whatever the state of the job, so it has to look at that.
        """
        return None

    def text_label(self) -> str | None:
        """Return one line that describes the job, if it has no `label`.

        A subclass may define it; where it returns ``None``, ``NOLABEL`` is shown.
        """
        return None

    def graph_label(self) -> str | None:
        """Return what a picture shows in the job's box, possibly of several lines.

        A subclass may define it; where it returns ``None``, the box has the job's id and
        its label.
        """
        return None

    def details(self) -> str | None:
        """Return what ``list(details=True)`` and ``debrief(details=True)`` add, if anything.

        A subclass may define it; the text may have several lines.
        """
        return None

    # -- requirements

    @property
    def required(self) -> BestSet[AbstractJob[object]]:
        """The jobs that must be done before this one starts."""
        required = self._required
        if not isinstance(required, BestSet):
            required = self._required = BestSet(self._requirements())
        return required

    @required.setter
    def required(self, jobs: AbstractSet[AbstractJob[object]]) -> None:
        self._required = BestSet(jobs)

    def requires(self, *requirements: Requirements, remove: bool = False) -> AbstractJob[T_co]:
        """Add requirements to this job, or remove some.

        Args:
            requirements: jobs, sequences (their last job counts), ``None`` (ignored), or any
                nesting of iterables of these. The job itself is ignored.
            remove: remove these requirements rather than add them.

        Returns:
            the job.

        Raises:
            TypeError: something else is among the requirements; nothing was changed.
            KeyError: one to be removed is not there; nothing was changed.

        Example:
            >>> a, b, c = (AbstractJob(label=label) for label in "abc")
            >>> c.requires(a, [b, None]).required == {a, b}
            True
        """
        given = requirements[0] if len(requirements) == 1 else requirements
        jobs = distinct(given, ANY_JOB)
        if remove:
            self._drop_requirements(one_by_one(jobs))
        elif isinstance(jobs, AbstractJob) and self._required is None and jobs is not self:
            self._required = jobs  # the usual case
        else:
            self._add_requirements(one_by_one(jobs))
        return self

    def _add_requirements(self, jobs: Iterable[AbstractJob[object]]) -> None:
        new = dict.fromkeys(jobs)
        new.pop(self, None)
        required = self._required
        if isinstance(required, dict | BestSet):
            required.update(new)
        else:
            self._required = {**dict.fromkeys(one_by_one(required)), **new}

    def _requirements(self) -> Collection[AbstractJob[object]]:
        """Return what is in `required`, without making the set of it."""
        required = self._required
        if required is None:
            return ()
        return (required,) if isinstance(required, AbstractJob) else required

    def _drop_requirements(self, jobs: Iterable[AbstractJob[object]]) -> None:
        jobs = [job for job in jobs if job is not self]
        for job in jobs:
            if job not in self.required:
                raise KeyError(
                    f"{self.repr_main()} does not require {job.repr_main()}, so this "
                    "requirement can't be removed"
                )
        for job in jobs:
            self.required.discard(job)

    # -- where it stands

    def is_critical(self) -> bool:
        """Tell whether an exception of this job ends the run of its scheduler."""
        return bool(self.critical)

    def is_idle(self) -> bool:
        """Tell whether a requirement of the job is still to be met."""
        return self._phase is IDLE

    def is_scheduled(self) -> bool:
        """Tell whether the job's requirements are met: it waits for a slot, or is further."""
        return self._phase is not IDLE

    def is_running(self) -> bool:
        """Tell whether the job has been started: it may have ended since."""
        return self._phase is RUNNING or self._phase is DONE

    def is_done(self) -> bool:
        """Tell whether the job has ended by itself, with a result or with an exception."""
        return self._phase is DONE

    def result(self) -> T_co:
        """Return what `co_run()` returned.

        Raises:
            ValueError: the job is not done.
            BaseException: the job raised: the same exception again.
        """
        if self._phase is not DONE:
            raise ValueError(
                f"{self.repr_main()} is {self._phase.value}, and has a result only once it "
                "is done"
            )
        outcome = self._outcome
        if type(outcome) is Failure:
            del self  # this frame comes into the traceback that the job keeps: no circle
            outcome.reraise()
        return cast("T_co", outcome)

    def raised_exception(self) -> BaseException | None:
        """Return the exception that the job raised, or ``None``.

        Test it with ``is not None``: an exception may be false.
        """
        if self._phase is not DONE:
            return None
        outcome = self._outcome
        return outcome.exception if type(outcome) is Failure else None

    @property
    def started_at(self) -> float | None:
        """When the job was started, on the clock of its event loop (seconds).

        ``None`` if it has not been.
        """
        return getattr(self, "_noted_start", None)

    @property
    def ended_at(self) -> float | None:
        """When the job ended, done or cancelled; likewise."""
        return getattr(self, "_noted_end", None)

    def duration(self) -> float | None:
        """Return how long the job took, in seconds; ``None`` as long as it has not ended."""
        start, end = self.started_at, self.ended_at
        return None if start is None or end is None else end - start

    # -- how it is shown

    def __repr__(self) -> str:
        parts = (
            self.repr_short(),
            self.repr_main(),
            self.repr_result(),
            self.repr_requires(),
        )
        return " ".join(part for part in parts if part)

    def repr_id(self) -> str:
        """Return the job's rank in its scheduler, ``??`` before the scheduler set it.

        Listing, drawing and numbering set it.
        """
        return getattr(self, "_shown_id", "??")

    def repr_short(self) -> str:
        """Return the badge: four signs for critical, raised, life cycle and forever."""
        return badge(
            self._phase,
            critical=self.is_critical(),
            raised=self.raised_exception() is not None,
            forever=bool(self.forever),
            signs=signs_for(getattr(sys.stdout, "encoding", None)),
        )

    def repr_main(self) -> str:
        """Return the class and the label, as in ``<Job `fetch`>``."""
        return f"<{type(self).__name__} `{one_line(self._shown_text())}`>"

    def repr_result(self) -> str:
        """Return the result or the exception as text, or ``[not done]``."""
        if self._phase is not DONE:
            return "[not done]"
        outcome = self._outcome
        if type(outcome) is not Failure:
            return f"[[ -> {one_line(attempt(repr, outcome) or '')}]]"
        kind = "CRIT. EXC." if self.is_critical() else "exception"
        return f"!! {kind} => {one_line(exception_text(outcome.exception))}!!"

    def repr_requires(self) -> str:
        """Return the ids of the job's requirements, as in ``requires={1, 2}``."""
        ids = sorted(job.repr_id() for job in self._requirements())
        if not ids:
            return ""
        return f"requires={{{', '.join(ids)}}}"

    def _shown_text(self) -> str:
        """Return the label: the one given, else that of the class, else ``NOLABEL``."""
        label = None if self.label is None else attempt(str, self.label)
        if label is None or not label.strip():
            label = attempt(self.text_label)
        return label if label and label.strip() else "NOLABEL"

    def dot_style(self) -> Any:
        """Return the DOT attributes of the job's box, as a mapping.

        Schedulers have sharp angles, other jobs rounded ones; a critical job has a thick
        coloured border, a forever job a dashed one.

        Raises:
            ImportError: asynciojobs-graph is not installed.
        """
        return drawing_function("dot_style")(self)

    # -- running

    def standalone_run(self, *, loop_factory: LoopFactory | None = None) -> T_co:
        """Run this one job on its own, whatever it requires; handy while one writes it.

        Args:
            loop_factory: makes the event loop; by default asyncio's own.

        Returns:
            what `co_run()` returns; the job itself keeps no trace of it.

        Raises:
            RuntimeError: called inside of a running event loop.
            BaseException: what `co_run()` raises.
        """
        return run_synchronously(
            self.co_run, loop_factory=loop_factory, instead="await job.co_run()"
        )

    def _awaited(self) -> Awaitable[T_co]:
        """Return what a run awaits: `co_run()`."""
        return self.co_run()

    def _forget_run(self) -> None:
        """Forget the last run."""
        self._phase = IDLE
        self._outcome = None
        self._shutdown_given = False
        self._noted_start = self._noted_end = None

    def _keep_failure(self, exception: BaseException, now: float) -> None:
        self._outcome = Failure(exception)
        self._phase = DONE
        self._noted_end = now

    def _discard_unstarted(self) -> None:
        """Close what would warn that it was never awaited: the run is over without it."""

    def _shuts_down(self) -> bool:
        """Tell whether `co_shutdown()` does anything."""
        # All is true of an attribute of a mock, which has to be called.
        return getattr(self.co_shutdown, "does_nothing", False) is not True


ANY_JOB = cast("type[AbstractJob[object]]", AbstractJob)
"""The class, as type checkers need it: with results of whatever type."""


class Job(AbstractJob[T_co]):
    """A job made of a coroutine, or of a function that returns one.

    Args:
        corun: a coroutine, or any awaitable, which can run once; or a callable that returns
            one, which is called when the job runs, as often as it does.
        args: the arguments of the callable.
        coshutdown: the same, for when the scheduler is shut down; a callable gets ``args``
            if it takes them, else nothing.
        kwds: see `AbstractJob`.

    Raises:
        TypeError: `corun` or `coshutdown` is neither, or there are arguments for a coroutine.

    Example:
        >>> import asyncio
        >>> async def add(a, b):
        ...     await asyncio.sleep(0)
        ...     return a + b
        >>> Job(add, 1, 2).standalone_run(), Job(add(3, 4)).standalone_run()
        (3, 7)
    """

    __slots__ = ("_call_args", "_corun", "_coshutdown", "_task_name")

    @overload
    def __init__(
        self,
        corun: Awaitable[T_co],
        *,
        coshutdown: Awaitable[object] | Callable[[], Awaitable[object]] | None = None,
        **kwds: Unpack[JobOptions],
    ) -> None: ...

    @overload
    def __init__(
        self,
        corun: Callable[[*Ts], Awaitable[T_co]],
        *args: *Ts,
        coshutdown: Awaitable[object] | Callable[..., Awaitable[object]] | None = None,
        **kwds: Unpack[JobOptions],
    ) -> None: ...

    def __init__(
        self,
        corun: Awaitable[T_co] | Callable[..., Awaitable[T_co]],
        *args: object,
        coshutdown: Awaitable[object] | Callable[..., Awaitable[object]] | None = None,
        **kwds: Unpack[JobOptions],
    ) -> None:
        kind: object = type(corun)
        if kind is not CoroutineType:  # the usual case, and the quickest to tell
            check_runnable("corun", corun)
            self._call_args = args  # a coroutine has none
        if coshutdown is not None:
            check_runnable("coshutdown", coshutdown)
        if args and not callable(corun):
            raise TypeError(
                f"Job() got arguments {args!r} for {corun!r}, which is a coroutine already: "
                "give the function, Job(function, *args)"
            )
        # Awaitables are taken out when they are used, so None means "used up".
        self._corun: Awaitable[T_co] | Callable[..., Awaitable[T_co]] | None = corun
        self._coshutdown = coshutdown
        self._task_name = getattr(corun, "__qualname__", "")
        required = kwds.get("required") if kwds else None
        if type(self) is not Job or (kwds and len(kwds) > (required is not None)):
            try:
                super().__init__(**kwds)
            except TypeError:
                if type(self) is Job:
                    check_options("Job", kwds, ("coshutdown",), _FOR_THE_FUNCTION)
                raise
            return
        # The usual case, again: what AbstractJob.__init__() does. A million calls cost.
        self.forever = False
        self.critical = True
        self.label = None
        self._mark = self._holds = None
        self._phase = IDLE
        self._shutdown_given = False
        self._required = None if required is None else distinct(required, ANY_JOB)

    async def co_run(self) -> T_co:
        """Await the coroutine, or what the function returns.

        Raises:
            ConsumedError: the coroutine has been awaited in an earlier run (a RuntimeError).
            TypeError: the function returned something that can't be awaited.
        """
        return await self._take_awaitable()

    def _take_awaitable(self) -> Awaitable[T_co]:
        corun = self._corun
        if corun is None:
            raise ConsumedError(self)
        if callable(corun):
            return self._awaitable_of(corun, self._call_args)
        self._corun = None
        return corun

    def _awaited(self) -> Awaitable[T_co]:
        # One coroutine less for each job, unless a subclass has its own co_run().
        if type(self) is not Job or type(self).co_run is not _CO_RUN_OF_JOB:
            return self.co_run()
        corun = self._corun
        kind: object = type(corun)
        if kind is not CoroutineType:
            return self._take_awaitable()
        self._corun = None  # the usual case, without the call that a cast() is
        return corun  # type: ignore[return-value] # pyright: ignore[reportReturnType]

    async def co_shutdown(self) -> object:
        """Await the `coshutdown` coroutine, or what that function returns, if there is one."""
        coshutdown = self._coshutdown
        if coshutdown is None:
            return None
        if callable(coshutdown):
            given = getattr(self, "_call_args", ())
            args = given if takes(coshutdown, given) else ()
            return await self._awaitable_of(coshutdown, args)
        self._coshutdown = None
        return await coshutdown

    def _awaitable_of(
        self, function: Callable[..., Awaitable[T]], args: tuple[object, ...]
    ) -> Awaitable[T]:
        awaitable = function(*args)
        if not inspect.isawaitable(awaitable):
            raise TypeError(
                f"{self.repr_main()} called {function!r}, which must return an awaitable, and "
                f"returned {awaitable!r}: make it an `async def`"
                + (", or take CallJob(function, *args)" if function is self._corun else "")
            )
        return awaitable

    def text_label(self) -> str | None:
        """Return the name of the coroutine function, as in ``fetch()``."""
        name = (self._task_name or "").rpartition("<locals>.")[2]
        return f"{name}()" if name else None

    def close(self) -> None:
        """Close the coroutines of this job that have not been started, if any.

        That is for a job that will not run: Python warns of coroutines that nobody awaited.
        """
        self._discard_unstarted()
        if close_unstarted(self._coshutdown):
            self._coshutdown = None

    def _discard_unstarted(self) -> None:
        if close_unstarted(self._corun):
            self._corun = None

    def _shuts_down(self) -> bool:
        if self._coshutdown is not None:
            return True
        if type(self) is Job:  # the usual case, without a method bound for each
            return type(self).co_shutdown is not _CO_SHUTDOWN_OF_JOB
        # A subclass may have its own co_shutdown(), and so may an object of one.
        return getattr(self.co_shutdown, "__func__", None) is not _CO_SHUTDOWN_OF_JOB


_FOR_THE_FUNCTION = (
    ": what is meant for the function goes to functools.partial(function, {name}=…)"
)
_CO_RUN_OF_JOB = cast("type[Job[Any]]", Job).co_run
_CO_SHUTDOWN_OF_JOB = cast("type[Job[Any]]", Job).co_shutdown
