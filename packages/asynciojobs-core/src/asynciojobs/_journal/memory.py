"""What a journal says about the jobs of a scheduler: which may stay done, and why."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Collection, Iterable
from operator import itemgetter
from typing import cast

from .._dag.jobset import JobSet
from ..job import AnyJob, Job, quoted, requirements_of, work_of
from .file import JournalFile
from .fingerprint import Fingerprints, Parts, differences, not_compared
from .keys import Path, key_of, path_text, with_keys
from .records import Header, JournalRecord

__all__ = ["Ledger", "Views", "are_known", "with_additions"]


class Ledger:
    """The latest record of each key.

    Attributes:
        latest: the latest record of each key.
        ended: when the latest record of each key came, as a number that grows.
        began: the same, for its latest ``started`` record.
        lacking: the keys whose latest record has a result that could not be recorded.
        seconds: how long the job of each key took when it was last done (seconds), even if it
            was forgotten since.
        runs: the number of the last run.
    """

    def __init__(self) -> None:
        self.latest: dict[Path, JournalRecord] = {}
        self.ended: dict[Path, int] = {}
        self.began: dict[Path, int] = {}
        self._count = 0  # of records with a key
        self.lacking: set[Path] = set()
        self.seconds: dict[Path, float] = {}
        self.runs: int = 0

    def take(self, record: JournalRecord) -> None:
        """Take note of a record just read. Its result is not kept, but is known to be whole."""
        self.note(record.light())
        if record.kind == "done" and record.result is None and record.blob is None:
            self.lacking.add(record.key)

    def note(self, record: JournalRecord) -> None:
        """Take note of a record that follows those noted before."""
        if record.kind == "run":
            self.runs = max(self.runs, record.run)
        elif record.kind == "forget" and not record.key:
            self.latest.clear()
        elif record.key:
            self._count += 1
            self.lacking.discard(record.key)
            self.latest[record.key] = record
            if record.kind == "done" and record.seconds is not None:
                self.seconds[record.key] = record.seconds
            order = self.began if record.kind == "started" else self.ended
            order[record.key] = self._count


class Views:
    """What a journal says about the jobs of one scheduler.

    Args:
        ledger: the records.
        file: has the results.
        header: has the salt of the fingerprints.
        remembered: fingerprints of jobs made of coroutines, taken before these ran.

    Attributes:
        paths: the jobs that the journal records, each with its path.
    """

    def __init__(
        self,
        ledger: Ledger,
        file: JournalFile,
        header: Header,
        remembered: weakref.WeakKeyDictionary[AnyJob, Parts],
    ) -> None:
        self.paths: dict[AnyJob, Path] = {}
        self._ledger = ledger
        self._file = file
        self._fingerprints = Fingerprints(header.id, self._key_as_argument)
        self._remembered = remembered
        self._parts: dict[AnyJob, Parts] = {}
        self._siblings: dict[int, dict[str, AnyJob]] = {}  # by id() of their set, and key
        self._outer: dict[AnyJob, AnyJob] = {}  # the nested scheduler that each job is in
        self._newest: dict[AnyJob, tuple[int, AnyJob] | None] = {}  # see _newest_before()
        self._gone: dict[tuple[tuple[str, str], ...], Path] | None = None

    def learn(self, job_set: JobSet, jobs: Collection[AnyJob], around: Path = ()) -> None:
        """Take note of some jobs of a scheduler, and of all jobs nested in them, in O(V).

        Args:
            job_set: the scheduler. It must not be nested in itself.
            jobs: the jobs.
            around: the path of the scheduler.

        Raises:
            DuplicateKeyError: two jobs of a scheduler have the same key.
        """
        pending = [(job_set, jobs, around)]
        while pending:
            outer, jobs, path = pending.pop()
            for job, key in with_keys(jobs, self._siblings.setdefault(id(outer), {})):
                self.paths[job] = (*path, key)
                if path:
                    self._outer[job] = cast("AnyJob", outer)
                if isinstance(job, JobSet):
                    pending.append((job, tuple(job.jobs), self.paths[job]))

    def _key_as_argument(self, job: AnyJob) -> str:
        return path_text(self.paths.get(job) or (key_of(job),))

    def fingerprint(self, job: AnyJob) -> Parts:
        """Return the fingerprint of a job, as it was when first asked for."""
        parts = self._parts.get(job)
        if parts is None:
            work = work_of(job)
            if work.function is None and isinstance(job, Job):  # its coroutine has run
                parts = self._remembered.get(job)
            elif inspect.iscoroutine(work.function):
                self._remembered[job] = parts = self._fingerprints.of(job, work)
            self._parts[job] = parts = parts or self._fingerprints.of(job, work)
        return parts

    def record(self, job: AnyJob) -> JournalRecord | None:
        """Return the latest record of a job."""
        path = self.paths.get(job)
        return None if path is None else self._ledger.latest.get(path)

    def missing(self) -> list[Path]:
        """Return the paths in the records that match none of the jobs."""
        known = set(self.paths.values())
        return [path for path in self._ledger.latest if path not in known]

    def why_run(self, job: AnyJob) -> str | None:
        """Return why a job must run, in words; ``None`` if it may stay done."""
        if job not in self.paths:
            return "is not journaled"
        self.fingerprint(job)  # before it runs, since that may change its attributes
        record = self.record(job)
        if record is None:
            return self._why_new(job)
        match record.kind:
            case "done":
                return self._why_again(job, record)
            case "started":
                return "was started, and did not end"
            case "failed":
                verb = "failed:" if isinstance(job, JobSet) else "raised"
                return f"{verb} {record.error}"
            case _:
                return "was forgotten"

    def _why_new(self, job: AnyJob) -> str:
        """Return why a job has no record; perhaps it had another name."""
        if self._gone is None:
            self._gone = {
                tuple(sorted(record.fingerprint.items())): path
                for path in self.missing()
                if (record := self._ledger.latest[path]).kind == "done"
            }
        parts = tuple(sorted(self.fingerprint(job).items())) if self._gone else ()
        old = self._gone.get(parts)
        if not old:
            return "is not in the journal"
        return f"is not in the journal; if it was {path_text(old)}, give it that key"

    def _why_again(self, job: AnyJob, record: JournalRecord) -> str | None:
        changed = differences(record.fingerprint, self.fingerprint(job))
        if ADDS in changed:
            return "added jobs to its run"
        if changed:
            verb = "has" if len(changed) == 1 else "have"
            return f"is not as it was: {' and '.join(changed)} {verb} changed"
        newest = self._newest_before(job)
        if newest is not None and newest[0] > self._ledger.began.get(record.key, 0):
            return f"ran before {quoted(newest[1])} was last done, which it requires"
        was_read = record.place >= 0 and record.blob is None  # and was whole when it was read
        if record.key in self._ledger.lacking or not (
            was_read or self._file.has_result(record)
        ):
            return "has no result in the journal, or it was altered"
        return None

    def _newest_before(self, job: AnyJob) -> tuple[int, AnyJob] | None:
        """Return the last of a job's predecessors to end, and when it did.

        Another run may have run the predecessor again, but not this job: that run was killed
        before, or did not have this job.
        """
        ended, paths = self._ledger.ended, self.paths
        found = [(ended.get(paths.get(it, ()), 0), it) for it in requirements_of(job)]
        outer = self._outer.get(job)
        if outer is not None:
            if outer not in self._newest:
                self._newest[outer] = self._newest_before(outer)
            if (before := self._newest[outer]) is not None:
                found.append(before)
        return max(found, key=itemgetter(0), default=None)

    def why_restore(self, job: AnyJob) -> str:
        """Return why a job may stay done, in words."""
        opaque = not_compared(self.fingerprint(job))
        return f"is done; not compared: {', '.join(opaque)}" if opaque else "is done"


ADDS = "added jobs"
"""The part of a fingerprint that says that the job added others to its run."""


def with_additions(parts: Parts) -> Parts:
    """Return the fingerprint of a job that added others to its run."""
    return {**parts, ADDS: "yes"}


def are_known(paths: Iterable[Path], ledger: Ledger) -> bool:
    """Return whether there is a record of any of these paths, or no record at all."""
    return not ledger.latest or any(path in ledger.latest for path in paths)
