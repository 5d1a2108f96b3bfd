"""``--journal``, and ``journal show`` and ``journal forget``, which need no scheduler."""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

from .._errors import JournalError
from .._feedback import say
from .._lazy import OnDemand
from .._text import duration_text, one_line
from .parser import Commands, Options, add_command, loaded
from .status import CommandError, Status
from .target import Target, nearest

__all__ = ["add_journal", "add_to", "open_journal", "refusals"]

journals = OnDemand("journal")
records = OnDemand("_journal.records")


def add_journal(parser: argparse.ArgumentParser, text: str) -> None:
    """Add the option ``--journal``.

    Args:
        parser: the command that gets it.
        text: what it is for.
    """
    parser.add_argument("--journal", metavar="FILE", type=Path, help=text)


@contextlib.contextmanager
def open_journal(path: Path, *, must_exist: bool = False) -> Generator[Any, None, None]:
    """Open a journal in a block.

    Args:
        path: the file.
        must_exist: whether to refuse a file that does not exist.

    Raises:
        CommandError: it can't be used.
    """
    with contextlib.ExitStack() as stack:
        with refusals():
            journal = journals.Journal(path, resume=True if must_exist else None)
            stack.enter_context(journal)
        yield journal


@contextlib.contextmanager
def refusals() -> Generator[None, None, None]:
    """Turn errors of journals in a block into errors of the command."""
    try:
        yield
    except JournalError as error:
        raise CommandError(str(error)) from None


def add_to(commands: Commands) -> None:
    """Add the command, which has two commands of its own."""
    journal = commands.add_parser("journal", help="look into a journal, or forget jobs in it")
    commands = journal.add_subparsers(metavar="COMMAND", required=True)
    parser = add_command(
        commands,
        "show",
        show,
        summary="print what a journal says about each job, or about some",
        examples=[
            "asynciojobs journal show night.journal",
            "asynciojobs journal show night.journal 'boots > host3' --all",
        ],
    )
    _add_arguments(parser, keys="*")
    parser.add_argument("--all", action="store_true", help="print earlier records, too")
    parser = add_command(
        commands,
        "forget",
        forget,
        summary="let jobs run again, whatever is recorded of them",
        examples=[
            "asynciojobs journal forget night.journal measure --target lab.py",
            "asynciojobs journal forget night.journal 'boots > host3' measure",
        ],
    )
    _add_arguments(parser, keys="+")
    parser.add_argument(
        "--target",
        type=Target.parse,
        metavar="TARGET",
        help="the scheduler: then all jobs that depend on these are forgotten, too",
    )


def _add_arguments(parser: argparse.ArgumentParser, *, keys: str) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="the journal")
    parser.add_argument(
        "keys",
        metavar="KEY",
        nargs=keys,
        help="a job, with the schedulers around it, as in 'boots > host3'; a scheduler stands "
        "for all jobs in it",
    )


# -- show


def show(options: Options) -> Status:
    """Print the latest record of each job, or all of them."""
    with refusals():
        records = [it for it in journals.Journal.read(options.file) if it.key]
    latest: dict[tuple[str, ...], Any] = {}
    for record in records:
        latest.pop(record.key, None)
        latest[record.key] = record
    wanted = set(_wanted(latest, options.keys))
    shown = records if options.all else latest.values()
    say(map(_line, (record for record in shown if record.key in wanted)))
    return Status.FINE


def _line(record: Any) -> str:
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.time))
    took = "" if record.seconds is None else f" ({duration_text(record.seconds)})"
    why = "" if record.error is None else f": {one_line(record.error)}"
    return f"{moment} {record.kind:>7} {_text(record.key)}{took}{why}"


def _text(key: Iterable[str]) -> str:
    return one_line(" > ".join(key))


def _wanted(known: Iterable[tuple[str, ...]], texts: list[str]) -> Iterator[tuple[str, ...]]:
    """Yield the keys that texts name, and all keys inside these; without texts, all keys.

    Raises:
        CommandError: a text names no key.
    """
    known = [*known]
    if not texts:
        yield from known
    for text in texts:
        found = [key for key in known if f"{_text(key)} > ".startswith(f"{text} > ")]
        if not found:
            hint = nearest(text, map(_text, known)) or ": `asynciojobs journal show` has them"
            raise CommandError(f"the journal has no {text!r}{hint}")
        yield from found


# -- forget


def forget(options: Options) -> Status:
    """Record that earlier records of some jobs no longer count."""
    with open_journal(options.file, must_exist=True) as journal, refusals():
        wanted = [*dict.fromkeys(_wanted(journal.ledger.latest, options.keys))]
        if options.target is None:
            _forget_these(journal, wanted)
        else:
            wanted = _forget_downstream(journal, wanted, options)
    say(f"{_text(key)} will run again" for key in wanted)
    return Status.FINE


def _forget_these(journal: Any, keys: Iterable[tuple[str, ...]]) -> None:
    lines = [records.encode(records.JournalRecord("forget", key)) for key in keys]
    journal.file.write(b"".join(lines))
    journal.file.sync()


def _forget_downstream(
    journal: Any, keys: Iterable[tuple[str, ...]], options: Options
) -> list[tuple[str, ...]]:
    """Forget jobs, and all that depend on them; return the keys of all forgotten jobs.

    Raises:
        CommandError: the scheduler can't run, or has none of these jobs any more.
    """
    options.arguments = []
    with loaded(options) as scenario:
        scheduler = scenario.scheduler()
        try:
            journal.plan(scheduler)
        except ValueError as error:
            raise CommandError(str(error), Status.CANNOT_RUN) from None
        jobs = {path: job for job, path in journal.views(scheduler).paths.items()}
        missing = [key for key in keys if key not in jobs]
        if missing:
            raise CommandError(
                f"{options.target} has no {_text(missing[0])!r} any more: leave out --target"
            )
        for key in keys:
            journal.forget(jobs[key])
        latest = journal.ledger.latest
        return [key for key in latest if latest[key].kind == "forget"]
