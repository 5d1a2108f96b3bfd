"""Names of jobs with the schedulers around them, as in ``<Job `boots > host3`>``.

A job does not know its scheduler. But a run leaves a mark on each of its jobs, and the mark
knows the job set. So a run only pays for the mark, and names are made on demand.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard

from ._outcomes import Named
from ._text import NOLABEL, one_line

__all__ = [
    "NOTHING",
    "Mark",
    "Placed",
    "Plan",
    "label_of",
    "name_in_run",
    "note_plan",
    "path_in_run",
    "path_name",
    "path_text",
    "plan_of",
    "run_of",
]

DEEPEST = 100
"""How many schedulers around a job are considered. A message has room for fewer."""


if TYPE_CHECKING:

    class Labelled(Named, Protocol):
        """The part of a job that its name is made from."""

        _run_mark: object

        def _shown_text(self) -> str: ...


NOTHING: frozenset[Any] = frozenset()


def no_run() -> None:
    """Replace the run of a mark when the run is over."""


class Mark:
    """The mark of a run on its jobs. Each run has its own mark.

    Args:
        job_set: the job set of the run.
        run: the run.
        is_nested: whether the run is part of another one.

    Attributes:
        is_nested: as above.
        restored: the jobs that stay done in this run, at all depths; only the mark of an
            outermost run has any.
        recorder: records what happens in a journal; only the mark of an outermost run has one.
    """

    __slots__ = ("_job_set", "_run", "is_nested", "recorder", "restored")

    def __init__(self, job_set: object, run: Any, *, is_nested: bool) -> None:
        # A job must keep alive neither all the other jobs, nor a run that is lost.
        self._job_set = weakref.ref(job_set)
        self._run: Callable[[], Any] = weakref.ref(run)
        self.is_nested = is_nested
        self.restored: AbstractSet[Any] = NOTHING
        self.recorder: Any = None

    def job_set(self) -> object:
        """Return the job set, or ``None`` if it is gone."""
        return self._job_set()

    def run(self) -> Any:
        """Return the run while it is in progress; then ``None``."""
        return self._run()

    def end(self) -> None:
        """Note that the run is over."""
        self._run = no_run
        self.recorder = None
        self.restored = NOTHING  # a job must not keep the others alive


def label_of(job: Labelled) -> str:
    """Return the label of a job as listings show it; it may have several lines."""
    return job._shown_text()


class Plan:
    """The mark on the jobs of a nested job set whose run has not begun.

    Args:
        job_set: the job set.

    Attributes:
        cancelled: the jobs that were cancelled in the meantime, each with a message. They count
            as having raised when the run begins.
    """

    __slots__ = ("_job_set", "cancelled")

    def __init__(self, job_set: object) -> None:
        self._job_set = weakref.ref(job_set)
        self.cancelled: dict[Any, object] = {}

    def job_set(self) -> object:
        """Return the job set, or ``None`` if it is gone."""
        return self._job_set()

    def begun_by(self) -> object:
        """Return the job in the innermost current run that will start this set.

        That is the job set itself, or one around it; ``None`` if it is gone.
        """
        outer = self.job_set()
        seen: set[int] = set()  # marks of an earlier run may form a cycle
        while (plan := plan_of(outer)) is not None and id(plan) not in seen:
            seen.add(id(plan))
            outer = plan.job_set()
        return outer


class Placed(Named):
    """A job that is named together with the schedulers around it.

    Args:
        job: the outermost of these schedulers, or the job itself if there are none.
        inside: the rest, from that scheduler to the job; ``None`` if `job` is the job itself.
    """

    __slots__ = ("inside", "job")

    def __init__(self, job: Labelled, inside: Named | None) -> None:
        self.job = job
        self.inside = inside

    def __reduce__(self) -> tuple[type[Placed], tuple[Labelled, Named | None]]:
        return Placed, (self.job, self.inside)

    def path(self) -> list[Labelled]:
        """Return the schedulers and the job, outermost first."""
        path: list[Labelled] = []
        step: Named | None = self
        while isinstance(step, Placed):
            path.append(step.job)
            step = step.inside
        return path

    def repr_main(self) -> str:
        """Return the name of the innermost job, with the schedulers around it."""
        return path_name(self.path())


def path_text(path: Iterable[Labelled]) -> str:
    """Return the labels of a job and of the schedulers around it, as in ``boots > host3``.

    Schedulers without a label are left out.

    Args:
        path: the schedulers, outermost first, and then the job.
    """
    *outer, own = map(label_of, path)
    return one_line(" > ".join([*(label for label in outer if label != NOLABEL), own]))


def path_name(path: Iterable[Labelled]) -> str:
    """Return the name of a job, after the labels of the schedulers around it.

    Schedulers without a label are left out.
    """
    *around, job = path
    if all(label_of(each) == NOLABEL for each in around):
        return job.repr_main()
    return f"<{type(job).__name__} `{path_text([*around, job])}`>"


def path_in_run(job: Labelled) -> list[Labelled]:
    """Return the schedulers around a job in its last run, outermost first, and the job."""
    path = [job]
    while len(path) < DEEPEST and isinstance(mark := path[-1]._run_mark, Mark):
        around = mark.job_set() if mark.is_nested else None
        if not _is_labelled(around):
            break
        path.append(around)
    return path[::-1]


def name_in_run(job: Named) -> str:
    """Return the name of a job, with the schedulers around it in its last run."""
    return path_name(path_in_run(job)) if _is_labelled(job) else job.repr_main()


def run_of(job: object) -> Any:
    """Return the run that a job takes part in; ``None`` if there is none."""
    mark = getattr(job, "_run_mark", None)
    return mark.run() if isinstance(mark, Mark) else None


def plan_of(job: object) -> Plan | None:
    """Return the mark of a job whose scheduler's run has not begun; ``None`` for others."""
    mark = getattr(job, "_run_mark", None)
    return mark if isinstance(mark, Plan) else None


def note_plan(job: Any, plan: Plan) -> None:
    """Mark a new job of a set whose run has not begun, unless it takes part in a run."""
    if job._waiters is None:
        job._run_mark = plan


def _is_labelled(thing: object) -> TypeGuard[Labelled]:
    return hasattr(thing, "_run_mark")
