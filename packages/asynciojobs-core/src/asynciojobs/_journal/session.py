"""`Session`: one run with a journal, from its plan to its last record."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, cast

from .. import _log
from .._dag.jobset import JobSet, record_of
from .._dag.queries import in_order
from .._errors import JournalError
from .._failures import Later
from .._lazy import OnDemand
from .._names import name_in_run
from .._outcomes import (
    Broken,
    CriticalFailure,
    Fine,
    Stopped,
    TimedOut,
    Verdict,
    exception_text,
)
from .._run.resuming import planned, planned_among, stays_done
from ..job import AnyJob, note_restored
from .codecs import Codec
from .file import JournalFile
from .memory import Ledger, Views, with_additions
from .records import JournalRecord
from .results import dumped, loaded
from .writer import Writer

__all__ = ["Session"]

inspect = OnDemand("_run.inspect")

if TYPE_CHECKING:

    class OpenJournal(Protocol):
        """The part of a `Journal` that is used here."""

        file: JournalFile
        ledger: Ledger
        codec: Codec
        sync: bool
        inline: int

        def views(self, job_set: JobSet) -> Views: ...
        def check_fits(self, job_set: JobSet, views: Views) -> None: ...
        def write_header(self, job_set: JobSet) -> list[JournalRecord]: ...
        def leave(self, session: Session) -> None: ...


class Session:
    """One run with a journal.

    Args:
        journal: the journal.
    """

    def __init__(self, journal: OpenJournal) -> None:
        self._journal = journal
        self._number = journal.ledger.runs + 1
        self._views: Views | None = None  # from the plan on
        self._writer: Writer | None = None  # from the beginning of the run on
        self._run: Any = None
        self._began: dict[AnyJob, float] = {}  # running jobs, and when they started (seconds)
        self._adders: set[AnyJob] = set()  # jobs that added others
        self._error: BaseException | None = None  # why nothing more is written

    # -- before the start

    def restored_in(self, job_set: JobSet) -> set[AnyJob]:
        """Return the jobs that stay done, at all depths.

        Raises:
            JournalError: the journal belongs to another scheduler.
            DuplicateKeyError: two jobs of a scheduler have the same key.
        """
        views = self._views = self._journal.views(job_set)
        self._journal.check_fits(job_set, views)
        return stays_done(planned(job_set, views))

    def begin(self, run: Any) -> Session:
        """Give results to the jobs that stay done, and record that a run has begun."""
        self._run = run
        journal = self._journal
        first = journal.write_header(run.job_set)
        self._writer = Writer(
            journal.file, self._fail, sync=journal.sync, inline=journal.inline
        )
        for job in run.mark.restored:
            self._restore(job)
        for record in (*first, self._about("run")):
            self._append(record)
        return self

    def _restore(self, job: AnyJob) -> None:
        """Give a job that stays done the result and the times that it had."""
        assert self._views is not None
        record = self._views.record(job)
        assert record is not None
        journal, now = self._journal, self._run.tasks.time()
        ended = now - max(0.0, time.time() - record.time)
        load = partial(loaded, journal.codec, journal.file, record)
        note_restored(job, Later(load), ended - (record.seconds or 0.0), ended)

    # -- records

    def takes(self, job: AnyJob) -> bool:
        """Return whether a job is recorded."""
        assert self._views is not None
        return job in self._views.paths and job not in self._run.mark.restored

    def started(self, job: AnyJob) -> None:
        """Record that a job has started."""
        self._began[job] = self._run.tasks.time()
        self._append(self._about("started", job))

    def done(self, job: AnyJob, when_safe: Callable[[], object]) -> None:
        """Record the result of a job; call a function once the record is safe."""
        record = record_of(job)
        if record is not None and isinstance(record.verdict, CriticalFailure | TimedOut):
            self._append(self._about("failed", job, error=str(record.verdict)), when_safe)
            return
        result = self._dumped(job)
        assert self._views is not None
        parts = self._views.fingerprint(job)
        if job in self._adders:
            parts = with_additions(parts)
        self._append(self._about("done", job, result=result, fingerprint=parts), when_safe)

    def _dumped(self, job: AnyJob) -> bytes | None:
        """Return the result of a job as bytes; ``None``, with a warning, if that fails."""
        result = dumped(self._journal.codec, job.result())
        if isinstance(result, bytes):
            return result
        _log.warn(
            "%s can't be recorded, so it will run again when this run is resumed: %s",
            name_in_run(job),
            result,
        )
        return None

    def failed(self, job: AnyJob, error: BaseException) -> None:
        """Record that a job has failed."""
        self._append(self._about("failed", job, error=exception_text(error)))

    def _about(self, kind: str, job: AnyJob | None = None, **fields: Any) -> JournalRecord:
        """Return a record about a job, or about the run."""
        if job is not None:
            assert self._views is not None
            fields["key"] = self._views.paths[job]
            if kind != "started":
                now = self._run.tasks.time()
                fields["seconds"] = now - self._began.pop(job, now)
        return JournalRecord(kind, time=time.time(), run=self._number, **fields)

    def _append(
        self, record: JournalRecord, when_safe: Callable[[], object] | None = None
    ) -> None:
        assert self._writer is not None
        note: Callable[[], object] | None = partial(self._note_safe, record, when_safe)
        if record.kind == "started":
            self._journal.ledger.note(record)
            note = None
        try:
            self._writer.append(record, note)
        except JournalError as error:  # it was closed, or this is a forked child
            self._fail(error)

    def _note_safe(self, record: JournalRecord, when_safe: Callable[[], object] | None) -> None:
        """Note that a record is safe. Keep its result: its place in the file is unknown."""
        self._journal.ledger.note(record)
        if when_safe is not None:
            when_safe()

    def _fail(self, error: BaseException) -> None:
        """End the run, since its records can't be written."""
        if self._error is None:
            self._error = error
            self._run.end(Broken(error))

    # -- jobs that join

    def note_adder(self) -> None:
        """Take note of the job that is adding others; if it is unknown, of all running jobs."""
        task = asyncio.current_task()
        job = None if task is None else inspect.job_of(task)
        self._adders.update(self._began if job is None else {job})

    def join(self, job_set: JobSet, jobs: Collection[AnyJob]) -> list[AnyJob]:
        """Take note of jobs that join a run; return those that stay done.

        Raises:
            DuplicateKeyError: two jobs of a scheduler have the same key.
        """
        views, restored = self._views, self._run.mark.restored
        assert views is not None
        is_root = job_set is self._run.job_set
        around = () if is_root else views.paths.get(cast("AnyJob", job_set))
        if around is None:
            return []  # nothing in this scheduler is recorded
        views.learn(job_set, jobs, around)
        done = stays_done(planned_among(in_order(jobs), views, restored))
        if done and not restored:
            self._run.mark.restored = self._run.state.record.restored = done
        elif done:
            restored.update(done)
        for job in done:
            self._restore(job)
        return [job for job in jobs if job in done]

    # -- the end

    def is_lost(self) -> bool:
        """Return whether the event loop of the run was closed during the run."""
        return self._run is not None and bool(self._run.loop.is_closed())

    async def finish(self, verdict: Verdict | None, cancel: Callable[[], object]) -> None:
        """Wait until all records are safe; if the caller is cancelled, cancel the run.

        Raises:
            CancelledError: the caller was cancelled, and all records are safe.
        """
        writer = self._writer
        if writer is None:
            return
        fine = isinstance(verdict, Fine | Stopped)
        self._append(self._about("end", error=None if fine else str(verdict)))
        cancelled: asyncio.CancelledError | None = None
        while writer.error is None:
            try:
                await writer.drain()
                break
            except asyncio.CancelledError as error:
                cancelled = error
                cancel()
            except BaseException:  # noqa: BLE001 - _fail() already has it
                break
        self.close()
        if cancelled is not None:
            raise cancelled

    def close(self) -> None:
        """Write the remaining records, and leave the journal to the next run."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
        self._journal.leave(self)
