"""The command ``night-backup``."""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from .scenario import backup


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="night-backup", description="Back up databases.")
    parser.add_argument("databases", nargs="+", metavar="DATABASE")
    parser.add_argument("--to", required=True, metavar="REMOTE", help="remote:folder of rclone")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return the exit status: 0 all is well, 1 something has failed."""
    options = parsed(arguments)
    with tempfile.TemporaryDirectory() as folder:
        scheduler = backup(dict.fromkeys(options.databases), Path(folder), options.to)
        is_fine = scheduler.run(stop_on=[signal.SIGINT, signal.SIGTERM])
    for job, error in scheduler.failures().items():
        print(f"{job.label}: {error}", file=sys.stderr)
    return 0 if is_fine else 1
