"""Names of jobs with the schedulers around them, as in ``<Job `boots > host3`>``.

A job does not know its scheduler. But a run leaves its mark on each of its jobs, and the mark
knows the job set. So a run pays only for the mark, and the names are made on demand.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import Any, Protocol, TypeGuard

from ._outcomes import Named
from ._text import NOLABEL, one_line

__all__ = ["NOTHING", "Mark", "Placed", "name_in_run", "path_name", "run_of"]

DEEPEST = 100
"""How many schedulers around a job are looked at; a text has room for fewer (schedulers)."""


class Labelled(Named, Protocol):
    """The part of a job that its name is made of."""

    _run_mark: object

    def _shown_text(self) -> str: ...


NOTHING: frozenset[Any] = frozenset()


def no_run() -> None:
    """Stand for the run of a mark, once it is over."""


class Mark:
    """The mark of a run on its jobs. It is an object of its own for each run.

    Args:
        job_set: the job set of the run.
        run: the run.
        is_nested: the run is part of another one.

    Attributes:
        is_nested: as above.
        restored: the jobs that stay done in this run, at all depths; only the mark of an
            outermost run has any.
        recorder: writes what happens into a journal; only that mark has one.
    """

    __slots__ = ("_job_set", "_run", "is_nested", "recorder", "restored")

    def __init__(self, job_set: object, run: Any, *, is_nested: bool) -> None:
        # One job must keep alive neither all the others, nor a run that is lost.
        self._job_set = weakref.ref(job_set)
        self._run: Callable[[], Any] = weakref.ref(run)
        self.is_nested = is_nested
        self.restored: AbstractSet[Any] = NOTHING
        self.recorder: Any = None

    def job_set(self) -> object:
        """Return the job set, or ``None`` if it is gone."""
        return self._job_set()

    def run(self) -> Any:
        """Return the run, as long as it goes on; then ``None``."""
        return self._run()

    def end(self) -> None:
        """Note that the run is over."""
        self._run = no_run
        self.recorder = None
        self.restored = NOTHING  # one job must not keep alive the others


class Placed(Named):
    """A job that is named with the schedulers around it.

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
        """Return the job, and those inside of it, the innermost last."""
        path: list[Labelled] = []
        step: Named | None = self
        while isinstance(step, Placed):
            path.append(step.job)
            step = step.inside
        return path

    def repr_main(self) -> str:
        """Return the name of the innermost job, with those around it."""
        return path_name(self.path())


def path_name(path: Iterable[Labelled]) -> str:
    """Return the name of a job with the schedulers around it, which come first.

    Schedulers without a label are left out.
    """
    *around, job = path
    if not around:
        return job.repr_main()
    *outer, own = [each._shown_text() for each in (*around, job)]
    labels = [label for label in outer if label != NOLABEL]
    if not labels:
        return job.repr_main()
    return f"<{type(job).__name__} `{one_line(' > '.join([*labels, own]))}`>"


def name_in_run(job: Named) -> str:
    """Return the name of a job, with the schedulers around it in its last run."""
    if not _is_labelled(job):
        return job.repr_main()
    path: list[Labelled] = [job]
    while len(path) < DEEPEST and isinstance(mark := path[-1]._run_mark, Mark):
        around = mark.job_set() if mark.is_nested else None
        if not _is_labelled(around):
            break
        path.append(around)
    return path_name(reversed(path))


def run_of(job: object) -> Any:
    """Return the run that a job takes part in; ``None`` if there is none now."""
    mark = getattr(job, "_run_mark", None)
    return mark.run() if isinstance(mark, Mark) else None


def _is_labelled(thing: object) -> TypeGuard[Labelled]:
    return hasattr(thing, "_run_mark")
