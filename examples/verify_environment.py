"""Verifies that the files of each installed distribution are as pip installed them.

    python verify_environment.py                       # the environment that runs it
    python verify_environment.py --path SITE_PACKAGES --jobs-window 4 --timeout 60
    python verify_environment.py --picture verified    # draws verified.svg
    python verify_environment.py --report verified     # writes verified.html

**Jobs.** Each distribution has a job, which compares the files of the distribution with its
RECORD.  If a distribution depends on others, its job requires their jobs.  So reinstall the
first damaged distribution of the list first.  The jobs are not critical: a job that finds
damage raises `DamageError`, `list()` shows it, and the other jobs go on.

**Nesting.** If no distribution requires a distribution, somebody installed it for its own
sake.  It makes a nested scheduler, together with the dependencies that only it has.  Shared
dependencies stay outside, and so do distributions without dependencies of their own.  The
list then reads as "what I installed, and what came with it".  A requirement can only link
jobs of the same scheduler.  So when a job inside needs one outside, the whole nested
scheduler requires it.  This makes no cycle, because the requirements of a shared
distribution are shared too.  The result of a nested scheduler is True when all its jobs
ran, whatever they found.

**Window.** A window applies to one scheduler, and a nested scheduler takes a single slot of
the window around it.  So all schedulers have the same window, and the thread pool has the
same size: at most N threads read files at a time.

**Requirements.** An extra counts if an installed distribution asks for it, as in `x[extra]`.
Other extras are mostly tools for tests and docs, and links to them would only make cycles.
Other markers are not evaluated.  Distributions that are not installed get no link, and for
installed ones a link only sets the order.  Cycles are cut where a depth-first walk, in the
order of names, comes back to a distribution on its path.  The program says so.

**What is verified.** The program compares hashes.  If there is no hash, or its algorithm is
unknown, it compares the size, if that is recorded, and says for how many files it did so.
It skips compiled files, because Python may write them and anybody may delete them, unless
they came with a hash, outside of `__pycache__`.  A distribution without a RECORD (Debian's
packages, old eggs) can't be verified.  The program says so, and counts it as a failure only
with --strict.  It also reports files that were changed on purpose, such as certificates that
a distributor replaced.  It does not find attackers, who would change the RECORD too.

Exit status: 0 intact, 1 damaged, 2 wrong usage or not finished (out of time, interrupted,
nothing to verify, or nobody reading the output).
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import hashlib
import io
import os
import re
import shutil
import stat
import sys
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import NamedTuple

from asynciojobs import AbstractJob, Job, PureScheduler, Scheduler

ALGORITHMS = ("sha256", "sha384", "sha512")
NEVER_HASHED = ("RECORD", "RECORD.jws", "RECORD.p7s")
BATCH = 50  # files for one call of a thread: few enough to stop soon, many enough to be cheap
NAMED = 3  # files named in the text of an exception; the report at the end has all of them
SHARED = ""  # the owner of the distributions that several others brought in
CLEAR = "\033[K"  # makes a terminal clear the rest of the line

Links = dict[str, list[str]]


# --- files against a RECORD


class Recorded(NamedTuple):
    """A line of a RECORD: a file, and what it was when it was installed."""

    path: str
    algorithm: str
    digest: str
    size: str


class Problem(NamedTuple):
    """A file that differs from its record."""

    path: str
    what: str

    def __str__(self) -> str:
        return f"{printable(self.path)} {self.what}"


class DamageError(Exception):
    """A distribution has files that differ from their records; `problems` lists them all."""

    def __init__(self, problems: Sequence[Problem], files: int) -> None:
        named = ", ".join(map(str, problems[:NAMED]))
        more = f" and {len(problems) - NAMED} more" if len(problems) > NAMED else ""
        super().__init__(f"{len(problems)} of {count(files, 'file')}: {named}{more}")
        self.problems = tuple(problems)


@dataclass(frozen=True, repr=False)
class Verified:
    """An intact distribution; `list()` shows its text as the result of the job."""

    files: int
    size: int
    unhashed: str = ""
    editable: bool = False

    def __repr__(self) -> str:
        remark = ", editable: its sources are elsewhere" if self.editable else ""
        extent = f"{count(self.files, 'file')}, {megabytes(self.size)}"
        return f"{extent}{self.unhashed}{remark}"


@dataclass(frozen=True, repr=False)
class NotVerifiable:
    """A distribution without records of its files."""

    reason: str

    def __repr__(self) -> str:
        return f"not verifiable: {self.reason}"


@dataclass
class Inspection:
    """What is known so far about the files of a distribution; used by one thread."""

    root: Path
    files: int = 0
    size: int = 0
    unhashed: Counter[str] = field(default_factory=Counter[str])  # by the reason
    problems: list[Problem] = field(default_factory=list[Problem])

    def look_at(self, lines: Iterable[Recorded]) -> None:
        """Compare these files with their records."""
        for line in lines:
            self.files += 1
            what = self.difference(line)
            if what:
                self.problems.append(Problem(line.path, what))

    def difference(self, line: Recorded) -> str:
        """What is wrong with a file, or "" if nothing; the file may vanish meanwhile."""
        path = self.root / line.path
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                return "is not a file"
            return "" if self.is_same(path, line, status.st_size) else "changed"
        except (FileNotFoundError, NotADirectoryError):
            return "missing"
        except (OSError, ValueError) as error:
            return f"unreadable ({getattr(error, 'strerror', None) or error})"

    def is_same(self, path: Path, line: Recorded, size: int) -> bool:
        """Whether the content is as recorded, as far as the line says."""
        self.size += size
        if line.algorithm in ALGORITHMS:
            return digest_of(path, line.algorithm) == line.digest
        if path.name not in NEVER_HASHED:
            self.unhashed[line.algorithm or "no hash"] += 1
        return not line.size.isdecimal() or int(line.size) == size

    def conclude(self, *, editable: bool) -> Verified:
        """The result of the whole; raises `DamageError`."""
        if self.problems:
            raise DamageError(self.problems, self.files)
        reasons = sorted(self.unhashed.items())
        unhashed = [f", {number} not hashed ({why})" for why, number in reasons]
        return Verified(self.files, self.size, "".join(unhashed), editable)


def digest_of(path: Path, algorithm: str) -> str:
    """The digest of a file, written as a RECORD writes it."""
    with path.open("rb", buffering=0) as file:
        digest = hashlib.file_digest(file, algorithm).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def recorded_files(record: str) -> list[Recorded]:
    """The lines of a RECORD, each one once, without those of compiled files.

    `Distribution.files` is no help: on Python 3.12 it leaves out missing files.
    """
    rows = [[*row, "", ""] for row in csv.reader(io.StringIO(record)) if row and row[0]]
    lines = [recorded(path, spec, size) for path, spec, size, *_ in rows]
    return [line for line in dict.fromkeys(lines) if not is_cache(line)]


def recorded(path: str, spec: str, size: str) -> Recorded:
    """A line of a RECORD from its columns."""
    algorithm, _, digest = spec.partition("=")
    return Recorded(path, algorithm.lower(), digest.rstrip("="), size)


def is_cache(line: Recorded) -> bool:
    """Whether Python made that file from a source, and would make it again."""
    # virtualenv lists folders, and `pip/main.cpython-311.pyc,,`, which never exists.
    is_compiled = line.path.endswith(".pyc") and not line.digest
    return is_compiled or "__pycache__" in line.path.split("/")


# --- the distributions, and which requires which


class Requirement(NamedTuple):
    """A requirement: the parts of it that links need."""

    name: str
    extras: frozenset[str]  # what it asks for: `name[these]`
    only_for: frozenset[str]  # the extras that bring it in; {""} means always


def normalised(name: str) -> str:
    """The normalised spelling of the name of a distribution or an extra."""
    return re.sub(r"[-_.]+", "-", name).lower()


def name_and_version(distribution: Distribution) -> tuple[str, str]:
    """From the metadata, or from the name of its folder if they can't be read."""
    try:
        metadata = distribution.metadata
        if "Name" in metadata and "Version" in metadata:
            return metadata["Name"], metadata["Version"]
    except (OSError, ValueError):
        pass
    name, _, version = Path(str(getattr(distribution, "_path", "unknown"))).stem.partition("-")
    return name, version or "?"


def find_distributions(
    paths: Sequence[str] | None,
) -> tuple[dict[str, VerifyJob], list[str]]:
    """A job for each distribution, by normalised name, and remarks on the hidden ones.

    If two have the same name, the first on the path hides the other, as it does on import.
    """
    jobs: dict[str, VerifyJob] = {}
    remarks: list[str] = []
    for distribution in distributions(path=list(paths)) if paths else distributions():
        job = VerifyJob(distribution)
        first = jobs.setdefault(normalised(job.name), job)
        if first is not job and first.details() != job.details():
            remarks.append(f"Not verified: {job.details()}, hidden by {first.details()}.")
    return jobs, remarks


def requirements(distribution: Distribution) -> list[Requirement]:
    """What a distribution requires; nothing if its metadata can't be read."""
    try:
        texts = distribution.requires or []
    except (OSError, ValueError):
        return []
    found = ((re.match(r"\s*([\w.-]+)\s*(?:\[([^]]*)\])?", text), text) for text in texts)
    return [requirement(match[1], match[2] or "", text) for match, text in found if match]


def requirement(name: str, extras: str, text: str) -> Requirement:
    """A requirement from its parts; of the markers, only extras count."""
    only_for = re.findall(r"\bextra\s*==\s*['\"]([^'\"]+)['\"]", text)
    asked = (extra.strip() for extra in extras.split(","))
    return Requirement(
        normalised(name),
        frozenset(normalised(extra) for extra in asked if extra),
        frozenset(map(normalised, only_for or [""])),
    )


def find_links(jobs: dict[str, VerifyJob]) -> Links:
    """Which other distributions each one requires, also for the extras that others ask for."""
    required = {name: requirements(job.distribution) for name, job in jobs.items()}
    links: dict[str, set[str]] = {name: set() for name in jobs}
    todo = [(name, "") for name in jobs]
    seen = set(todo)
    while todo:
        name, extra = todo.pop()
        for needed in required[name]:
            if extra in needed.only_for and needed.name in jobs:
                links[name].add(needed.name)
                asked = {(needed.name, other) for other in needed.extras} - seen
                seen |= asked
                todo += asked
    return {name: sorted(needed - {name}) for name, needed in links.items()}


def drop_cycles(links: Links) -> list[tuple[str, str]]:
    """Take out the links that lead back into a depth-first walk, and return them.

    O(V+E), and no recursion.
    """
    dropped: list[tuple[str, str]] = []
    seen: set[str] = set()
    way_here: set[str] = set()
    todo: list[tuple[str, str | None]] = [("", name) for name in sorted(links, reverse=True)]
    while todo:
        requirer, name = todo.pop()
        if name is None:
            way_here.remove(requirer)
        elif name in way_here:
            dropped.append((requirer, name))
        elif name not in seen:
            seen.add(name)
            way_here.add(name)
            todo.append((name, None))
            todo += [(name, needed) for needed in reversed(links[name])]
    for requirer, name in dropped:
        links[requirer].remove(name)
    return dropped


def find_owners(links: Links) -> dict[str, str]:
    """For each distribution, the only one that brought it in, or SHARED; O(V+E).

    A distribution that nobody requires owns itself.  The others have the common owner of
    the distributions that require them.  A requirer comes first in the result.
    """
    owners_of_requirers: dict[str, set[str]] = {name: set() for name in links}
    owners: dict[str, str] = {}
    for name in reversed([*TopologicalSorter(links).static_order()]):
        candidates = owners_of_requirers[name] or {name}
        owners[name] = candidates.pop() if len(candidates) == 1 else SHARED
        for needed in links[name]:
            owners_of_requirers[needed].add(owners[name])
    return owners


# --- jobs and schedulers


class VerifyJob(AbstractJob[Verified | NotVerifiable]):
    """Verifies one distribution."""

    def __init__(self, distribution: Distribution) -> None:
        self.distribution = distribution
        self.root = Path(str(distribution.locate_file("")))
        self.name, self.version = name_and_version(distribution)
        super().__init__(critical=False, label=f"{self.name} {self.version}")

    def details(self) -> str:
        """Shown by `list(details=True)`."""
        return f"{self.name} {self.version} in {self.root.resolve()}"

    async def co_run(self) -> Verified | NotVerifiable:
        """Reads the RECORD, then the files, in threads; raises `DamageError`."""
        lines = await asyncio.to_thread(self.lines)
        if not lines:
            return NotVerifiable("no RECORD, or in an archive")
        inspection = Inspection(self.root)
        for start in range(0, len(lines), BATCH):
            await asyncio.to_thread(inspection.look_at, lines[start : start + BATCH])
        return inspection.conclude(editable=self.is_editable())

    def lines(self) -> list[Recorded]:
        """The lines of the RECORD; none if there is none."""
        if not self.root.is_dir():
            return []
        try:
            return recorded_files(self.distribution.read_text("RECORD") or "")
        except (OSError, ValueError, csv.Error) as error:
            raise DamageError([Problem("RECORD", f"unreadable ({error})")], 1) from error

    def is_editable(self) -> bool:
        """Whether it was installed as links to its sources."""
        origin = self.distribution.read_text("direct_url.json") or ""
        return re.search(r'"editable":\s*true', origin) is not None

    def crashed(self) -> bool:
        """Whether it raised anything other than `DamageError`; that would be our mistake."""
        return not isinstance(self.raised_exception(), DamageError | None)

    def problems(self) -> list[Problem]:
        """The damage found, with paths from the root."""
        error = self.raised_exception()
        if not isinstance(error, DamageError):
            return []
        return [
            Problem(os.path.normpath(self.root / path), what) for path, what in error.problems
        ]


def build_scheduler(
    jobs: dict[str, VerifyJob], links: Links, window: int | None, timeout: float | None
) -> PureScheduler:
    """One scheduler of all jobs, with a nested one for each owner of several."""
    owners = find_owners(links)
    nested = {
        owner: Scheduler(jobs_window=window, label=f"with {owner}", critical=False)
        for owner, members in Counter(owners.values()).items()
        if owner != SHARED and members > 1
    }
    whole = PureScheduler(*nested.values(), jobs_window=window, timeout=timeout)
    for name, owner in owners.items():
        nested.get(owner, whole).add(jobs[name])
        for needed in links[name]:
            inside = owners[needed] == owner
            waiting = jobs[name] if inside else nested.get(owner, jobs[name])
            waiting.requires(jobs[needed])
    return whole


async def show_progress(jobs: Sequence[VerifyJob]) -> None:
    """Print the progress on stderr, until cancelled.

    On a terminal one line is rewritten; elsewhere a line is added now and then.
    """
    terminal = sys.stderr.isatty()
    try:
        while True:
            await asyncio.sleep(0.1 if terminal else 10)
            line = progress_line(jobs)
            if terminal:
                width = shutil.get_terminal_size().columns - 1
                print(end=f"\r{line[:width]}{CLEAR}", file=sys.stderr, flush=True)
            else:
                print(line, file=sys.stderr, flush=True)
    finally:
        if terminal:
            print(end=f"\r{CLEAR}", file=sys.stderr, flush=True)


def progress_line(jobs: Sequence[VerifyJob]) -> str:
    """How many are done, and which are being verified now."""
    done = sum(job.is_done() for job in jobs)
    running = [job.name for job in jobs if job.is_running() and not job.is_done()]
    now = ", ".join(running) or "none"
    return f"{done} of {count(len(jobs), 'distribution')}, now {now}"


async def run_in_threads(scheduler: PureScheduler, threads: int | None, live: bool) -> bool:
    """Run the scheduler; its jobs use at most that many threads."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(threads or None))
    return await scheduler.co_run(live=live)


def run(scheduler: PureScheduler, window: int | None, *, live: bool = False) -> str:
    """Run the scheduler; returns why it did not finish, or "".

    A thread that is reading files when the time is out first finishes its batch.
    """
    try:
        return "" if asyncio.run(run_in_threads(scheduler, window, live)) else scheduler.why()
    except KeyboardInterrupt:
        return "interrupted"


# --- what people read


def count(number: int, noun: str) -> str:
    """A number and its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def megabytes(size: int) -> str:
    """A size in bytes, for people."""
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"


def printable(path: str) -> str:
    """A path as it is, or quoted if it would break a line or a terminal."""
    return path if path.isprintable() else repr(path)


def say(lines: Iterable[str]) -> None:
    """Print lines, whatever stdout can encode."""
    encoding = sys.stdout.encoding or "utf-8"
    for line in lines:
        print(line.encode(encoding, "backslashreplace").decode(encoding))


def verdict(jobs: Sequence[VerifyJob], obstacle: str, *, strict: bool) -> tuple[int, str]:
    """The exit status, and the sentence that goes with it."""
    total = count(len(jobs), "distribution")
    ended = [job for job in jobs if job.is_done() and not job.crashed()]
    damaged = [job for job in ended if job.problems()]
    results = [job.result() for job in ended if not job.problems()]
    verified = [result for result in results if isinstance(result, Verified)]
    in_part = len(results) - sum(not result.unhashed for result in verified)
    if len(ended) < len(jobs):
        seen = f"{len(ended)} of {total} looked at, {len(damaged)} damaged"
        return 2, f"Not finished ({obstacle or 'see the list'}): {seen}."
    if damaged:
        files = count(sum(len(job.problems()) for job in damaged), "file")
        return 1, f"Damaged: {len(damaged)} of {total}, in {files}."
    if not verified:
        return 2, f"Not verifiable: none of {total} has a RECORD."
    if strict and in_part:
        return 1, f"Not intact by --strict: {in_part} of {total} verified in part only."
    some = f"{len(verified)} of " if len(verified) < len(jobs) else ""
    return 0, f"Intact: {some}{total}, {sum_of(verified)}."


def sum_of(results: Sequence[Verified]) -> Verified:
    """All of these as if they were one."""
    files = sum(result.files for result in results)
    return Verified(files, sum(result.size for result in results))


def draw(scheduler: PureScheduler, name: str) -> str:
    """Draw the jobs in their states, to a file of that name; returns a line that says so."""
    try:
        return f"Drawn: {printable(scheduler.export_as_svgfile(name, status=True))}"
    except (ImportError, RuntimeError, OSError, ValueError) as error:
        return f"Not drawn: {error}"


def report(scheduler: PureScheduler, name: str) -> str:
    """Write a report on the run to a file of that name; returns a line that says so."""
    try:
        return f"Reported: {printable(scheduler.export_as_htmlfile(name))}"
    except (ImportError, RuntimeError, OSError, ValueError) as error:
        return f"Not reported: {error}"


def arguments_parser() -> argparse.ArgumentParser:
    """The options of the command."""
    parser = argparse.ArgumentParser(
        description="Verify the distributions of an environment by their RECORDs.",
        epilog="Exit status: 0 intact, 1 damaged, 2 wrong usage or not finished.",
    )
    add = parser.add_argument
    add("--path", metavar="SITE_PACKAGES", action="append", help="not this environment")
    add("--jobs-window", metavar="N", type=int, help="verify no more than N at once")
    add("--timeout", metavar="SECONDS", type=float, help="stop after that time")
    add("--strict", action="store_true", help="fail too if some can't be verified")
    add("--details", action="store_true", help="list where each distribution is")
    add("--picture", metavar="NAME", help="draw the jobs as they ended, to NAME.svg")
    add("--report", metavar="NAME", help="write a report on the run, to NAME.html")
    add("--live", action="store_true", help="show the jobs that run, on stderr")
    add("--quiet", action="store_true", help="print only the verdict and the damage")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify an environment, print what was found, and return the exit status."""
    parser = arguments_parser()
    options = parser.parse_args(arguments)
    jobs, remarks = find_distributions(options.path)
    if not jobs:
        parser.error(f"no distributions in {', '.join(options.path or sys.path)}")
    links = find_links(jobs)
    for requirer, name in drop_cycles(links):
        remarks.append(f"Requirement dropped, to cut a cycle: {requirer} on {name}.")
    try:
        scheduler = build_scheduler(jobs, links, options.jobs_window, options.timeout)
    except (TypeError, ValueError) as error:
        parser.error(str(error))
    verifications = list(jobs.values())
    if not options.quiet:
        say(remarks)
    if not (options.quiet or options.live):
        progress = Job(show_progress, verifications, forever=True, critical=False)
        scheduler.add(progress)
    obstacle = run(scheduler, options.jobs_window, live=options.live)
    if not options.quiet:
        scheduler.list(details=options.details)
    if options.picture:
        say([draw(scheduler, options.picture)])
    if options.report:
        say([report(scheduler, options.report)])
    status, sentence = verdict(verifications, obstacle, strict=options.strict)
    damage = [f"  {job.name}: {it}" for job in verifications for it in job.problems()]
    say([sentence, *damage])
    return status


if __name__ == "__main__":
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:  # verify_environment.py | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 2
    sys.exit(status)
