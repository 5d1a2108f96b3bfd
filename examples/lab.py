"""Reboots the hosts of a lab, and measures something on each of them, over ssh.

    python lab.py n1 n2 n3 n4 n5 n6 --measure "iperf3 --client server --json"
    python lab.py --local               # no lab at hand: with programs of this machine

**Limits.** At most four ssh connections are open at a time, and at most two hosts reboot at
a time.  These limits are shared by all hosts, although each host is a scheduler of its own.
The reboot of a host is a nested scheduler.  It holds its slot of the limit `rebooting` for
its whole run, and the job inside asks for a connection only then.  So hosts that wait for
their turn to reboot are not in the line for connections, and hold up no measurement there.

**Failures.** If a host fails, the others go on (`keep_going`).  A reboot that takes too long
is a failure (`timeout`).  At the end the program prints what was measured, and a debrief with
the reason of each failure.

**What a reboot is.** Linux has another boot_id after each boot.  The job asks for it until it
has changed.  While a host is down, ssh fails, and the job asks again.

Exit status: 0 all hosts were measured; 1 some failed; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

from asynciojobs import Job, Limit, PureScheduler, Scheduler
from asynciojobs import Sequence as Chain

HOSTS = ["h1", "h2", "h3", "h4", "h5", "h6"]
BOOT_ID = "cat /proc/sys/kernel/random/boot_id"
REBOOT = "sudo systemctl reboot"
MEASURE = "uptime"

Shell: TypeAlias = Callable[[str, str], Awaitable[str]]
"""Runs a command on a host, and returns what it printed."""


class CommandError(Exception):
    """A program failed; the text is what it complained of."""


async def output_of(*words: str) -> str:
    """Run a program, and return what it printed. It is killed if the job is cancelled."""
    process = await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, complaint = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        reason = complaint.decode(errors="replace").strip()
        raise CommandError(reason or f"exit status {process.returncode}")
    return output.decode(errors="replace").strip()


async def ssh(host: str, command: str) -> str:
    """Run a command on a host; ssh must not need a password."""
    return await output_of(
        "ssh",
        *("-o", "BatchMode=yes", "-o", "ConnectTimeout=5", "-o", "ServerAliveInterval=5"),
        *("--", host, command),
    )


# --- the jobs


async def reboot(shell: Shell, host: str, pause: float) -> None:
    """Reboot a host, and wait until it is up again."""
    before = await shell(host, BOOT_ID)
    with contextlib.suppress(CommandError):  # the connection may break
        await shell(host, REBOOT)
    while True:
        await asyncio.sleep(pause)
        with contextlib.suppress(CommandError):  # the host is still down
            if await shell(host, BOOT_ID) != before:
                return


def lab(
    hosts: Sequence[str],
    shell: Shell = ssh,
    *,
    measure: str = MEASURE,
    connections: int = 4,
    reboots: int = 2,
    patience: float = 300,
    pause: float = 5,
) -> PureScheduler:
    """Reboot all hosts, and measure on each of them.

    Args:
        hosts: their names.
        shell: runs a command on a host.
        measure: the command that measures.
        connections: how many hosts are used at a time.
        reboots: how many hosts reboot at a time.
        patience: how long a reboot, or a measurement, may take (seconds).
        pause: how long to wait before a host is asked again (seconds).

    Returns:
        a scheduler with a scheduler for each host.
    """
    connection = Limit(connections, "connection")
    rebooting = Limit(reboots, "rebooting")
    scheduler = PureScheduler(keep_going=True)
    for host in hosts:
        options: dict[str, Any] = {"limits": connection, "timeout": patience}
        boot = Job(reboot, shell, host, pause, label="boot", **options)
        steps = Chain(
            Scheduler(boot, label="reboot", limits=rebooting),
            Job(shell, host, measure, label="measure", **options),
        )
        scheduler.add(Scheduler(steps, label=host, keep_going=True))
    return scheduler


# --- without a lab

STAND_INS = {
    BOOT_ID: "echo $$",  # the number of this process: it is another one each time
    REBOOT: "exit 255",  # as ssh does if the connection breaks
    MEASURE: 'echo "$0: 42 Mb/s"',
}
NOBODY_HOME = 'echo "connect to host $0: No route to host" >&2; exit 255'


async def local(host: str, command: str) -> str:
    """Stand in for ssh, with real processes. The host h4 can't be reached."""
    script = NOBODY_HOME if host == "h4" else STAND_INS.get(command, command)
    return await output_of("sh", "-c", script, host)


# --- the program


def at_least_one(text: str) -> int:
    """Return a number of the command line."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {text}")
    return number


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description="Reboot the hosts of a lab, and measure.")
    parser.add_argument("hosts", nargs="*", default=HOSTS, help="default: h1 to h6")
    parser.add_argument("--local", action="store_true", help="run local programs, not ssh")
    parser.add_argument("--measure", default=MEASURE, metavar="COMMAND")
    parser.add_argument("--connections", type=at_least_one, default=4, metavar="N")
    parser.add_argument("--reboots", type=at_least_one, default=2, metavar="N")
    parser.add_argument("--patience", type=float, default=300, metavar="SECONDS")
    parser.add_argument("--pause", type=float, default=5, metavar="SECONDS")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status."""
    options = parsed(arguments)
    scheduler = lab(
        options.hosts,
        local if options.local else ssh,
        measure=options.measure,
        connections=options.connections,
        reboots=options.reboots,
        patience=options.patience,
        pause=options.pause,
    )
    is_fine = scheduler.run()
    for job in scheduler.iterate_jobs():
        if job.label == "measure" and job.is_done() and not job.raised_exception():
            print(job.result())
    scheduler.debrief()
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(main())
