"""`Journal`: a file that records what a run has done, so that the next one can continue."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Self

from ._dag.digraph import closure
from ._dag.jobset import JobSet, nesting
from ._dag.queries import followers_within
from ._errors import JournalError
from ._journal.codecs import Codec as Codec  # noqa: PLC0414 - it is public
from ._journal.codecs import JSONCodec as JSONCodec  # noqa: PLC0414
from ._journal.codecs import PickleCodec as PickleCodec  # noqa: PLC0414
from ._journal.file import JournalFile, open_journal
from ._journal.fingerprint import Parts
from ._journal.keys import Path, path_text, root_key
from ._journal.memory import Ledger, Views, are_known
from ._journal.reading import read_records
from ._journal.records import Header, encode
from ._journal.records import JournalRecord as JournalRecord  # noqa: PLC0414
from ._journal.session import Session
from ._journal.writer import INLINE
from ._journal.writer import Store as Store  # noqa: PLC0414
from ._journal.writer import use_store as use_store  # noqa: PLC0414
from ._run.admission import check_all
from ._run.resuming import PlannedJob, planned
from .job import AnyJob, quoted

__all__ = ["Journal", "JournalPlan"]


class JournalPlan(list[Any]):
    """What a run with a journal would do: a list of ``(job, "restore" | "run", reason)``.

    Attributes:
        removed: the jobs that are in the journal, but not in the scheduler: their keys, from
            the outermost scheduler down.

    Example:
        >>> import tempfile
        >>> from asynciojobs import Job, PureScheduler
        >>> async def load():
        ...     return 42
        >>> job = Job(load, label="load")
        >>> s = PureScheduler(job)
        >>> with (
        ...     tempfile.TemporaryDirectory() as folder,
        ...     Journal(f"{folder}/journal") as journal,
        ... ):
        ...     journal.plan(s), journal.plan(s).removed
        ([(!   ·   <Job `load`> [not done], 'run', 'is not in the journal')], [])
    """

    def __init__(self, steps: Iterable[PlannedJob], removed: Iterable[Path]) -> None:
        super().__init__(steps)
        self.removed: list[Path] = list(removed)


class Journal:
    """A file that records what a run has done, so that the next run can continue from there.

    A run with a journal restores what the journal has, and records what it does. A job stays
    done if its latest record says so, its fingerprint is the same, and all that it requires
    stays done. A job is recognized by its key: its label, or the option `key`.

    A journal is open from the moment it is made, and locked against other programs.

    Args:
        path: the file. It is made if there is none.
        resume: ``True`` refuses a file that does not exist. ``False`` ignores the records in
            it, so all jobs run. By default, an existing file is resumed.
        codec: writes and reads the results.
        sync: whether records survive a power loss, not only a crash.
        inline: longer results are written to files of their own, in ``<path>.d`` (bytes).

    Raises:
        JournalError: it can't be used; the message says why.
        TypeError: `codec` is not a codec.

    Example:
        >>> import tempfile
        >>> from asynciojobs import Job, PureScheduler
        >>> async def load():
        ...     print("loading")
        ...     return 42
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for _ in range(2):
        ...         job = Job(load, label="load")
        ...         with Journal(f"{folder}/night.journal") as journal:
        ...             print(PureScheduler(job).run(journal=journal), job.result())
        loading
        True 42
        True 42
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        resume: bool | None = None,
        codec: Codec | None = None,
        sync: bool = True,
        inline: int = INLINE,
    ) -> None:
        self.codec: Codec = checked_codec(codec)
        self.sync = sync
        self.inline = inline
        self.ledger: Ledger = Ledger()
        self.file: JournalFile = open_journal(
            path, self.ledger.take, create=resume is not True, sync=sync
        )
        self._session: Session | None = None  # while a run is in progress
        self._scheduler: JobSet | None = None  # of the last run or plan
        self._views: Views | None = None  # of that scheduler
        self._remembered: weakref.WeakKeyDictionary[AnyJob, Parts] = weakref.WeakKeyDictionary()
        self._starts_anew = resume is False and self.file.header is not None
        if self._starts_anew:
            self.ledger.latest.clear()
        self._header = self.file.header or Header.new("", self.codec.name)
        if self._header.codec != self.codec.name:
            self.file.close()
            raise JournalError(
                path,
                f"has results in {self._header.codec!r}, not in {self.codec.name!r}",
                "open it with the codec that it was begun with",
            )

    # -- a block

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Journal {str(self.file.path)!r}>"

    def close(self) -> None:
        """Close the file, and give up the lock. Results can still be asked for.

        Example:
            >>> import tempfile
            >>> from asynciojobs import Job, PureScheduler
            >>> async def load():
            ...     return 42
            >>> job = Job(load, label="load")
            >>> s = PureScheduler(job)
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     journal = Journal(f"{folder}/journal")
            ...     fine = s.run(journal=journal)
            ...     journal.close()
            >>> fine, job.result()
            (True, 42)
        """
        self._scheduler = None
        self.file.close()

    # -- what it says

    def plan(self, scheduler: JobSet) -> JournalPlan:
        """Return which jobs a run with this journal would restore, and which it would run.

        Args:
            scheduler: the scheduler.

        Returns:
            a list of ``(job, "restore" | "run", reason)``, as from `PureScheduler.plan()`. Its
            attribute `removed` has the keys of jobs that are only in the journal.

        Raises:
            ValueError: the jobs can't run, or two of them have the same key.
            JournalError: the journal belongs to another scheduler.

        Example:
            >>> import tempfile
            >>> from asynciojobs import Job, PureScheduler
            >>> async def load():
            ...     return 42
            >>> job = Job(load, label="load")
            >>> s = PureScheduler(job)
            >>> with (
            ...     tempfile.TemporaryDirectory() as folder,
            ...     Journal(f"{folder}/journal") as journal,
            ... ):
            ...     before = journal.plan(s)
            ...     s.run(journal=journal)
            ...     after = journal.plan(s)
            True
            >>> [step[1:] for step in before + after]
            [('run', 'is not in the journal'), ('restore', 'is done')]
        """
        check_all(nesting(scheduler))
        views = self.views(scheduler)
        self.check_fits(scheduler, views)
        return JournalPlan(planned(scheduler, views), views.missing())

    def forget(self, job: AnyJob, *, downstream: bool = True) -> None:
        """Make a job run again, whatever the journal has about it.

        Args:
            job: a job of the scheduler of the last `plan()` or run with this journal. If it is
                a scheduler, all jobs in it are forgotten.
            downstream: whether to forget all jobs that depend on it, too.

        Raises:
            JournalError: it is not such a job, or a run is in progress.

        Example:
            >>> import tempfile
            >>> from asynciojobs import Job, PureScheduler
            >>> async def load():
            ...     return 42
            >>> job = Job(load, label="load")
            >>> s = PureScheduler(job)
            >>> with (
            ...     tempfile.TemporaryDirectory() as folder,
            ...     Journal(f"{folder}/journal") as journal,
            ... ):
            ...     s.run(journal=journal)
            ...     journal.forget(job)
            ...     [step[1:] for step in journal.plan(s)]
            True
            [('run', 'was forgotten')]
        """
        self._check_idle()
        views = self._views
        if views is None or self._scheduler is None or job not in views.paths:
            raise JournalError(
                self.file.path,
                f"knows nothing of {quoted(job)}",
                "call plan(scheduler) with the scheduler that it is in first",
            )
        paths = sorted(views.paths[it] for it in self._to_forget(job, views, downstream))
        records = [JournalRecord("forget", path) for path in paths]
        self.file.write(b"".join(map(encode, records)))
        self.file.sync()
        for record in records:
            self.ledger.take(record)

    def _to_forget(self, job: AnyJob, views: Views, downstream: bool) -> set[AnyJob]:
        """Return a job, all jobs inside it, and all that depend on them, at all depths."""
        assert self._scheduler is not None
        found = {job}
        if downstream:
            around = {it: outer for outer, jobs, _ in nesting(self._scheduler) for it in jobs}
            step: Any = job
            while step in around:
                found |= closure(followers_within(around[step]), [step])
                step = around[step]
        for outer in [it for it in found if isinstance(it, JobSet)]:
            found.update(it for _, jobs, _ in nesting(outer) for it in jobs)
        return found & views.paths.keys()

    @property
    def scheduler(self) -> JobSet | None:
        """The scheduler of the last run or plan; ``None`` if there was none or it is closed.

        Example:
            >>> import tempfile
            >>> from asynciojobs import PrintJob, Scheduler
            >>> night = Scheduler(PrintJob("hello"))
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     with Journal(f"{folder}/night.journal") as journal:
            ...         steps = journal.plan(night)
            ...         print(journal.scheduler is night)
            True
        """
        return self._scheduler

    def durations(self) -> dict[tuple[str, ...], float]:
        """Return how long each job took when it was last done, by its keys (seconds).

        The keys lead from the outermost scheduler down to the job. Jobs forgotten since then
        are included. So are jobs of an earlier run, even if this run started over.

        Example:
            >>> import tempfile
            >>> from asynciojobs import Job, PureScheduler
            >>> async def load():
            ...     return 42
            >>> job = Job(load, label="load")
            >>> s = PureScheduler(job)
            >>> with (
            ...     tempfile.TemporaryDirectory() as folder,
            ...     Journal(f"{folder}/journal") as journal,
            ... ):
            ...     s.run(journal=journal)
            ...     list(journal.durations())
            True
            [('load',)]
        """
        return dict(self.ledger.seconds)

    @staticmethod
    def read(path: str | os.PathLike[str]) -> Iterator[JournalRecord]:
        """Yield the records of a journal. This needs neither its program nor its lock.

        Args:
            path: the file. It may be in use or damaged: all whole records are yielded.

        Raises:
            JournalError: it is not a journal, or can't be read.

        Example:
            >>> import tempfile
            >>> from asynciojobs import Job, PureScheduler
            >>> async def load():
            ...     return 42
            >>> job = Job(load, label="load")
            >>> s = PureScheduler(job)
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     with Journal(f"{folder}/journal") as journal:
            ...         fine = s.run(journal=journal)
            ...     [record.kind for record in Journal.read(f"{folder}/journal")]
            ['run', 'started', 'done', 'end']
        """
        return read_records(path)

    # -- for runs

    def begin_session(self) -> Session:
        """Return the object that a run needs; the engine calls this.

        Raises:
            JournalError: another run uses the journal, or it is closed.
        """
        self._check_idle()
        self._session = Session(self)
        return self._session

    def leave(self, session: Session) -> None:
        """Let another run use the journal; the engine calls this."""
        if self._session is session:
            self._session = None

    def _check_idle(self) -> None:
        self.file.check_usable()
        if self._session is not None and self._session.is_lost():
            self._session.close()
        if self._session is not None:
            raise JournalError(
                self.file.path,
                "is in use by a run that goes on",
                "wait until that one is over, or use another journal",
            )

    def views(self, job_set: JobSet) -> Views:
        """Return what the journal says about the jobs of a scheduler."""
        views = Views(self.ledger, self.file, self._header, self._remembered)
        views.learn(job_set, tuple(job_set.jobs))
        self._scheduler, self._views = job_set, views
        return views

    def check_fits(self, job_set: JobSet, views: Views) -> None:
        """Check that this is the journal of a scheduler.

        Raises:
            JournalError: it belongs to another one.
        """
        root = root_key(job_set)
        if self.file.header is not None and self.file.header.root != root:
            raise JournalError(
                self.file.path,
                f"belongs to {path_text([self.file.header.root])}, not to {path_text([root])}",
                "give that scheduler the key of the other one, or use another journal",
            )
        if not are_known(views.paths.values(), self.ledger):
            raise JournalError(
                self.file.path,
                f"has no job in common with {path_text([root])}",
                "use another journal, or let all jobs run, with Journal(…, resume=False)",
            )

    def write_header(self, job_set: JobSet) -> list[JournalRecord]:
        """Begin a new journal; return the records that must be written before a run."""
        if self.file.header is None:
            self._header = Header(self._header.id, root_key(job_set), self.codec.name)
            self.file.begin(self._header)
        starts_anew, self._starts_anew = self._starts_anew, False
        return [JournalRecord("forget")] if starts_anew else []


def checked_codec(codec: Codec | None) -> Codec:
    """Return a codec; the default one if ``None`` is given.

    Raises:
        TypeError: it is something else, such as a class.
    """
    if codec is None:
        return JSONCodec()
    if isinstance(codec, type):
        raise TypeError(f"codec takes an object, not a class: write {codec.__name__}()")
    if not isinstance(getattr(codec, "name", None), str):
        raise TypeError(f"codec takes a codec, such as PickleCodec(), not {codec!r}")
    return codec
