"""Reboots the hosts of a lab, and measures something on each of them, over ssh.

    python lab.py n1 n2 n3 n4 n5 n6 --measure "iperf3 --client server --json"
    python lab.py --local               # without a lab: with programs of this machine
    asynciojobs run lab.py:scenario -- --local    # the same, from the command line

**Limits.** At most four ssh connections are open at a time, and at most two hosts reboot at
a time.  All hosts share these limits, although each host has its own scheduler.  The reboot
of a host is a nested scheduler.  It holds its slot of the limit `rebooting` during its whole
run, and the jobs inside ask for a connection only then.  So hosts that wait to reboot are
not in the queue for connections, and don't hold up measurements.

**Failures.** If a host fails, the others go on (`keep_going`).  A command that takes too long
is a failure (`timeout`), and its `ssh` is ended.  At the end, the program prints the
measurements, and a debrief with the reason of each failure.

**What a reboot is.** Linux has a new boot_id after each boot.  The last job of a reboot asks
for it until it has changed.  While a host is down, ssh fails, and the job asks again.

**Interrupted.** Ctrl-C, SIGTERM, or closing the terminal ends all running programs.  Then the
program prints what was measured so far.

Exit status: 0 all hosts were measured; 1 some failed; 2 wrong usage; 129, 130 or 143
interrupted.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from typing import Any, TypeAlias

from asynciojobs import CommandJob, Limit, PureScheduler, Scheduler, Sequence

HOSTS = ["h1", "h2", "h3", "h4", "h5", "h6"]
BOOT_ID = "cat /proc/sys/kernel/random/boot_id"
REBOOT = "sudo -n systemctl reboot"
MEASURE = "uptime"
ENDS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]

SSH = (
    *("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5"),
    *("-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"),
)

# Runs a command until it succeeds and prints something other than $1.
UNTIL_CHANGED = """
before=$1 pause=$2
shift 2
until now=$("$@") && [ "$now" != "$before" ]; do sleep "$pause"; done
"""

Shell: TypeAlias = Callable[[str, str], tuple[str, ...]]
"""Returns the program, with its arguments, that runs a command on a host."""


def ssh(host: str, command: str) -> tuple[str, ...]:
    """Run a command on a host; ssh must not need a password."""
    return (*SSH, "--", host, command)


# --- the jobs


def lab(
    hosts: list[str],
    shell: Shell = ssh,
    *,
    measure: str = MEASURE,
    connections: int = 4,
    reboots: int = 2,
    patience: float = 300,
    pause: float = 5,
) -> tuple[PureScheduler, dict[str, CommandJob[str]]]:
    """Reboot all hosts, and measure on each of them.

    Args:
        hosts: their names.
        shell: returns the program that runs a command on a host.
        measure: the command that measures.
        connections: how many hosts are used at a time.
        reboots: how many hosts reboot at a time.
        patience: how long each command, and each boot, may take (seconds).
        pause: how long to wait before a host is asked again (seconds).

    Returns:
        a scheduler with a scheduler for each host, and the job that measures on each host.
    """
    rebooting = Limit(reboots, "rebooting")
    options: dict[str, Any] = {"limits": Limit(connections, "connection"), "timeout": patience}

    def rebooted(host: str) -> Scheduler:
        boot_id = shell(host, BOOT_ID)
        before = CommandJob(*boot_id, label="boot id", **options)
        # Its status does not matter: the connection may break.
        reboot = CommandJob(*shell(host, REBOOT), label="go down", check=False, **options)
        wait = ("sh", "-c", UNTIL_CHANGED, "sh", before, pause)
        up = CommandJob(*wait, *boot_id, label="come up", **options)
        return Scheduler(Sequence(before, reboot, up), label="reboot", limits=rebooting)

    measurements = {
        host: CommandJob(*shell(host, measure), label="measure", **options) for host in hosts
    }
    scheduler = PureScheduler(keep_going=True)
    for host, job in measurements.items():
        steps = Sequence(rebooted(host), job)
        scheduler.add(Scheduler(steps, label=host, keep_going=True))
    return scheduler, measurements


# --- without a lab

STAND_INS = {
    BOOT_ID: "echo $$",  # the number of this process, which is different each time
    REBOOT: "exit 255",  # as ssh does if the connection breaks
    MEASURE: "echo 42 Mb/s",
}
NOBODY_HOME = 'echo "connect to host $0: No route to host" >&2; exit 255'


def local(host: str, command: str) -> tuple[str, ...]:
    """Replace ssh with real processes. The host h4 can't be reached."""
    script = NOBODY_HOME if host == "h4" else STAND_INS.get(command, command)
    return ("sh", "-c", script, host)


# --- the program


def at_least_one(text: str) -> int:
    """Return a number of the command line."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {text}")
    return number


def parsed(arguments: list[str] | None) -> argparse.Namespace:
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


def lab_of(options: argparse.Namespace) -> tuple[PureScheduler, dict[str, CommandJob[str]]]:
    """Return the result of `lab()` for the options of the command line."""
    return lab(
        options.hosts,
        local if options.local else ssh,
        measure=options.measure,
        connections=options.connections,
        reboots=options.reboots,
        patience=options.patience,
        pause=options.pause,
    )


def scenario() -> PureScheduler:
    """Return the scheduler for ``asynciojobs run lab.py:scenario -- OPTIONS``."""
    return lab_of(parsed(None))[0]


def report(scheduler: PureScheduler, measurements: dict[str, CommandJob[str]]) -> None:
    """Print what was measured, and what failed."""
    for host, job in measurements.items():
        if job.is_done() and job.raised_exception() is None:
            print(f"{host}: {job.result().stdout.rstrip()}")
    scheduler.debrief()


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return the exit status."""
    scheduler, measurements = lab_of(parsed(arguments))
    try:
        is_fine = scheduler.run(stop_on=ENDS)
    finally:
        report(scheduler, measurements)
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(main())
