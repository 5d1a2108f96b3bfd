"""Deploys a release, checks the health of each host, and rolls back if one is not healthy.

    python deploy.py 2.0 n1 n2 n3 n4     # over ssh: what is in build/2.0 goes to each host
    python deploy.py 2.0 --local         # without hosts: with folders of this machine
    python deploy.py bad --local --patience 2    # the same, but h3 does not come up

**Roll-out.** A host gets the files of the release, makes it the current one, and restarts.
Then a job asks it for its health until it answers; the `timeout` of that job says how long.
The first host is updated alone, then two hosts at a time (`jobs_window`).  If anything fails,
the roll-out ends: nothing else starts, and running jobs are cancelled.

**Roll-back.** Each host that has at least started to switch to the release (`is_running()`)
gets its previous release back, and is checked again.  If one can't be rolled back, the others
still are (`keep_going`).

**Interrupted.** Ctrl-C, SIGTERM, or closing the terminal ends the roll-out like a failure, so
the hosts are rolled back.  If an ssh is ended, its command may still run on the host.  But
systemd there does one restart after the other, so the restart of the roll-back comes last.

You need: asynciojobs-graph, which shows the run, and Linux or another Unix.

Exit status: 0 deployed; 1 not deployed, all hosts are as before; 2 wrong usage; 3 some hosts
could not be rolled back; 129, 130 or 143 interrupted.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from asynciojobs import AbstractJob, CommandJob, PureScheduler, Scheduler, Sequence

HOSTS = ["h1", "h2", "h3", "h4"]
ENDS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]

Command = tuple[str, ...]


# --- what to do on a host; replace this with your own commands


class OverSSH:
    """Releases are folders in app/releases, and app/current is a link to one of them."""

    def copy(self, host: str, release: str) -> Command:
        """Return the command that brings a release to a host."""
        there = f"{host}:app/releases/{release}/"
        return ("rsync", "--archive", "--mkpath", f"build/{release}/", there)

    def current(self, host: str) -> Command:
        """Return the command that prints which release is the current one."""
        return self.ssh(host, "basename $(readlink app/current)")

    def switch(self, host: str, release: str) -> Command:
        """Return the command that makes a release the current one."""
        link = f"ln -sfn releases/{release} app/current"
        return self.ssh(host, f"{link} && sudo -n systemctl restart app")

    def check(self, host: str) -> Command:
        """Return the command that succeeds once the host is healthy."""
        retry = ("--retry", "1000", "--retry-delay", "1", "--retry-all-errors")
        quiet = ("--fail", "--silent", "--show-error", "--max-time", "5")
        return ("curl", *quiet, *retry, f"http://{host}:8000/health")

    def ssh(self, host: str, command: str) -> Command:
        """Return the command that runs another one on a host; ssh must not need a password."""
        return ("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", "--", host, command)


class InFolders(OverSSH):
    """Replaces real hosts: each host is a folder. The release `bad` makes h3 ill."""

    def __init__(self, root: str) -> None:
        self.root = root

    def copy(self, host: str, release: str) -> Command:
        health = "ill" if (host, release) == ("h3", "bad") else "healthy"
        folder = f"app/releases/{release}"
        return self.ssh(host, f"mkdir -p {folder} && echo {health} > {folder}/health")

    def switch(self, host: str, release: str) -> Command:
        return self.ssh(host, f"ln -sfn releases/{release} app/current")

    def check(self, host: str) -> Command:
        return self.ssh(host, "until grep -q healthy app/current/health; do sleep 0.1; done")

    def ssh(self, host: str, command: str) -> Command:
        return ("sh", "-c", f'cd "$0" && {command}', f"{self.root}/{host}")


@contextmanager
def in_folders(hosts: list[str]) -> Generator[InFolders, None, None]:
    """Make hosts that have the release 1.0, for a while."""
    with tempfile.TemporaryDirectory() as root:
        for host in hosts:
            release = Path(root, host, "app/releases/1.0")
            release.mkdir(parents=True)
            Path(release, "health").write_text("healthy\n", "utf-8")
            Path(root, host, "app/current").symlink_to("releases/1.0")
        yield InFolders(root)


# --- the jobs


class Deployment:
    """Brings a release to all of some hosts, or to none.

    Args:
        release: its name.
        hosts: their names, without duplicates.
        commands: what to do on a host.
        at_once: how many hosts are updated at a time.
        patience: how long a host may take until it is healthy (seconds).
    """

    def __init__(
        self,
        release: str,
        hosts: list[str],
        commands: OverSSH,
        *,
        at_once: int = 2,
        patience: float = 60,
    ) -> None:
        self.release = release
        self.commands = commands
        self.patience = patience
        self.previous: dict[str, CommandJob[str]] = {}
        self.switch: dict[str, CommandJob[str]] = {}
        first, *others = map(self.update, hosts)
        for host in others:
            host.requires(first)
        self.roll_out = PureScheduler(first, *others, jobs_window=at_once)

    def update(self, host: str) -> Scheduler:
        """Return the jobs that update a host."""
        copy = CommandJob(*self.commands.copy(host, self.release), label="copy", timeout=600)
        previous = CommandJob(*self.commands.current(host), label="previous", timeout=60)
        switch = self.switched(host, self.release)
        self.previous[host], self.switch[host] = previous, switch
        return Scheduler(Sequence(copy, previous, switch, self.checked(host)), label=host)

    def restore(self, host: str) -> Scheduler:
        """Return the jobs that give a host its previous release back."""
        release = self.previous[host].result().stdout.strip()
        return Scheduler(Sequence(self.switched(host, release), self.checked(host)), label=host)

    def switched(self, host: str, release: str) -> CommandJob[str]:
        """Return the job that makes a release the current one."""
        return CommandJob(*self.commands.switch(host, release), label="switch", timeout=60)

    def checked(self, host: str) -> CommandJob[str]:
        """Return the job that waits until a host is healthy."""
        return CommandJob(*self.commands.check(host), label="check", timeout=self.patience)

    def roll_back(self) -> PureScheduler:
        """Return the jobs that undo what the roll-out has done."""
        # Also if the switch failed or was cut off: nobody knows how far it got.
        begun = [host for host, switch in self.switch.items() if switch.is_running()]
        return PureScheduler(*map(self.restore, begun), keep_going=True)


def deploy(deployment: Deployment) -> int:
    """Roll a release out, or back; return the exit status."""
    try:
        is_fine = deployment.roll_out.run(live=True, stop_on=ENDS)
    except BaseException:  # an interruption, too
        roll_back(deployment)
        raise
    return 0 if is_fine else roll_back(deployment)


def roll_back(deployment: Deployment) -> int:
    """Undo a roll-out, and say why; return the exit status."""
    scheduler = deployment.roll_back()
    # Act first, and print afterwards: if the terminal is gone, print() raises.
    try:
        is_back = scheduler.run(live=True, stop_on=ENDS)
    finally:
        print(f"{deployment.release} is not deployed: {deployment.roll_out.why()}")
        for host in scheduler.jobs:
            print(f"{host.label}: {outcome(host)}")
    return 1 if is_back else 3


def outcome(host: AbstractJob[object]) -> str:
    """Return how the roll-back of a host ended."""
    if host.is_done() and host.raised_exception() is None:
        return "rolled back"
    return f"NOT ROLLED BACK: {host.raised_exception() or 'interrupted'}"


# --- the program


def name(text: str) -> str:
    """Return a name of the command line; it becomes part of commands."""
    if not re.fullmatch(r"\w[\w.-]*", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"must have letters, digits and _.- only, not {text}")
    return text


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description="Deploy a release, or roll it back.")
    parser.add_argument("release", type=name)
    parser.add_argument("hosts", nargs="*", type=name, default=HOSTS, help="default: h1 to h4")
    parser.add_argument("--local", action="store_true", help="use folders, not ssh")
    parser.add_argument("--at-once", type=int, default=2, metavar="HOSTS", help="0: all")
    parser.add_argument("--patience", type=float, default=60, metavar="SECONDS")
    return parser.parse_intermixed_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return the exit status."""
    options = parsed(arguments)
    hosts = list(dict.fromkeys(options.hosts))
    with in_folders(hosts) if options.local else nullcontext(OverSSH()) as commands:
        deployment = Deployment(
            options.release,
            hosts,
            commands,
            at_once=options.at_once,
            patience=options.patience,
        )
        return deploy(deployment)


if __name__ == "__main__":
    sys.exit(main())
