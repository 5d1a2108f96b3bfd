"""Makes a table of many files, and never does the same work twice, even after a crash.

    python pipeline.py readings --sample    # writes six files first, one of them with a mistake
    python pipeline.py readings             # again, after you have fixed readings/oslo.csv

Each file `*.csv` in the folder has the temperatures of a station, with a day and a number on
each line.  The table, `stations.csv`, has one line for each station.

**Jobs.** One `CallJob` for each file summarises the file, in a thread.  The results are the
arguments of the next job, which makes the table.  The last job writes it.

**Journal.** `pipeline.journal` records which jobs are done.  If you start the program again,
after a crash, a failure or Ctrl-C, it restores these jobs, and runs the rest.  A job runs again
if its arguments have changed.  So the argument for a file is a `File`, with its size and time.
A job also runs again if its function has changed; the functions that it calls don't count.

**Always run.** The job that writes the table is not journaled.  It is cheap, and the table must
exist at the end, even if somebody has removed it.  The job can safely run twice, because it
replaces the whole table.

**Failures.** If a file has a mistake, all others are still summarised (`keep_going`).  However
the run ends, `report.html` shows what happened.

You need: asynciojobs-graph, which makes the report.

Exit status: 0 the table was written; 1 it was not; 2 wrong usage; 130 or 143 interrupted.
"""

from __future__ import annotations

import argparse
import csv
import random
import signal
import sys
from pathlib import Path
from typing import Any, NamedTuple

from asynciojobs import CallJob, Journal, JournalError, PureScheduler

TABLE = "stations.csv"
STATIONS = ["lyon", "oslo", "porto", "riga", "rome", "wien"]
AT_ONCE = 4


# --- the work; this part knows nothing about jobs


class File(NamedTuple):
    """A file as it is now. If it changes, it becomes a different `File`."""

    path: str
    size: int
    changed: int  # when it was written (ns)

    @classmethod
    def of(cls, path: Path) -> File:
        """Return a file as it is now."""
        status = path.stat()
        return cls(str(path), status.st_size, status.st_mtime_ns)


def files_of(folder: Path) -> list[Path]:
    """Return the files that the table is made of."""
    return [path for path in sorted(folder.glob("*.csv")) if path.name != TABLE]


def summarise(file: File) -> dict[str, Any]:
    """Return what the table says about a station."""
    degrees: list[float] = []
    with Path(file.path).open(encoding="utf-8", newline="") as lines:
        for number, line in enumerate(csv.reader(lines), 1):
            try:
                _day, value = line
                degrees.append(float(value))
            except ValueError as error:
                raise ValueError(f"{file.path}, line {number}: {error}") from None
    if not degrees:
        raise ValueError(f"{file.path} is empty")
    return {
        "station": Path(file.path).stem,
        "days": len(degrees),
        "coldest": min(degrees),
        "mean": round(sum(degrees) / len(degrees), 1),
        "warmest": max(degrees),
    }


def warmest_first(stations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines of the table."""
    return sorted(stations, key=lambda station: -station["mean"])


def write(rows: list[dict[str, Any]], path: str) -> str:
    """Write the table as a whole, or not at all."""
    new = Path(f"{path}.new")
    with new.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    new.replace(path)
    return path


# --- the jobs


def pipeline(folder: Path) -> PureScheduler:
    """Return the jobs that make the table of a folder."""
    # The journal recognizes a job by its label.
    stations = [CallJob(summarise, File.of(it), label=it.name) for it in files_of(folder)]
    rows = CallJob(warmest_first, stations, label="rows")
    written = CallJob(write, rows, str(folder / TABLE), label="table", journaled=False)
    return PureScheduler(*stations, rows, written, jobs_window=AT_ONCE, keep_going=True)


def run(folder: Path) -> bool:
    """Make the table of a folder, and a report; return whether all went well."""
    scheduler = pipeline(folder)
    with Journal(folder / "pipeline.journal") as journal:
        actions = [action for _, action, _ in journal.plan(scheduler)]
        print(f"{actions.count('restore')} of {len(actions)} jobs are done")
        try:
            is_fine = scheduler.run(journal=journal, stop_on=[signal.SIGINT, signal.SIGTERM])
        finally:
            print("report:", scheduler.export_as_htmlfile(folder / "report"))
    for job, error in scheduler.failures().items():
        print(f"{job.label} failed: {error}", file=sys.stderr)
    return is_fine


# --- the program


def write_sample(folder: Path) -> None:
    """Write a file for each station; the one of oslo has a mistake."""
    folder.mkdir(parents=True, exist_ok=True)
    for place, station in enumerate(STATIONS):
        chance = random.Random(station)
        days = [f"2026-01-{day:02},{chance.gauss(place):.1f}\n" for day in range(1, 32)]
        if station == "oslo":
            days[4] = "2026-01-05,cold\n"
        Path(folder, f"{station}.csv").write_text("".join(days), "utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return the exit status."""
    parser = argparse.ArgumentParser(description="Make a table of many files.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sample", action="store_true", help="write files to begin with")
    options = parser.parse_args(arguments)
    if options.sample:
        write_sample(options.folder)
    if not files_of(options.folder):
        parser.error(f"{options.folder} has no *.csv; --sample writes some")
    try:
        return 0 if run(options.folder) else 1
    except JournalError as error:  # another process has it open, for example
        print(f"pipeline.py: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
