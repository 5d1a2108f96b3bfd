"""The jobs of a backup."""

from collections.abc import Iterable
from pathlib import Path

from asynciojobs import CommandJob, Limit, PureScheduler


def backup(
    databases: Iterable[str], folder: Path, remote: str, *, dumps: int = 2, hours: float = 1
) -> PureScheduler:
    """Return a scheduler that backs up databases.

    If a database can't be backed up, the others are. Then old backups stay where they are.

    Args:
        databases: their names.
        folder: where the dumps are kept until they are copied.
        remote: where they are copied to, as rclone names it: ``remote:backups``.
        dumps: how many databases are dumped at a time.
        hours: how long a dump, or a copy, may take.
    """
    server, line = Limit(dumps, "server"), Limit(1, "line")
    patience = hours * 3600
    scheduler = PureScheduler(keep_going=True)
    copies: list[CommandJob[str]] = []
    for name in databases:
        file = folder / f"{name}.dump"
        dump = CommandJob(
            *("pg_dump", "--format=custom", "--file", file, name),
            label=f"dump {name}",
            limits=server,
            timeout=patience,
        )
        copy = CommandJob(
            *("rclone", "copy", file, remote),
            label=f"copy {name}",
            limits=line,
            timeout=patience,
            required=dump,
        )
        scheduler.update([dump, copy])
        copies.append(copy)
    remove = CommandJob(
        *("rclone", "delete", "--min-age", "30d", remote),
        label="remove old backups",
        timeout=patience,
        required=copies,
    )
    scheduler.add(remove)
    return scheduler
