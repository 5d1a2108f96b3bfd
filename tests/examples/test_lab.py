"""The example `examples/lab.py`: under the fake clock, and with programs of this machine."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from programs import EXAMPLES, load

from asynciojobs import CommandJob, PureScheduler
from asynciojobs._cli.main import main
from asynciojobs_testkit import FakeClock, FakeCommands, Timeline

PROGRAM = EXAMPLES / "lab.py"
HOSTS = ["h1", "h2", "h3", "h4", "h5", "h6"]


lab = load("lab")


Started = Callable[[PureScheduler], Timeline]


@pytest.fixture
def hosts(fake_commands: FakeCommands) -> FakeCommands:
    """Hosts that need 90 s to come up again, and measure for 60 s."""
    fake_commands("ssh * */boot_id", stdout="old\n")
    fake_commands("ssh * reboot", status=255, stderr="the connection is closed\n")
    fake_commands("sh -c * */boot_id", takes=90)
    for host in HOSTS:
        fake_commands(f"ssh * {host} load", stdout=f"load of {host}\n", takes=60)
    return fake_commands


def measured(jobs: dict[str, CommandJob[str]]) -> dict[str, str]:
    return {host: job.result().stdout for host, job in jobs.items() if job.is_done()}


def peak(timeline: Timeline, label: str) -> int:
    """Return how many jobs with this label ran at the same time."""
    jobs = {event.job for event in timeline.events if event.job.label == label}
    times = {event.time for event in timeline.events}
    return max(len(timeline.running_at(time) & jobs) for time in times)


def test_all_hosts_are_measured_and_the_limits_are_kept(
    hosts: FakeCommands, fake_clock: FakeClock, timeline: Started
) -> None:
    scheduler, jobs = lab.lab(HOSTS, measure="load")
    seen = timeline(scheduler)
    assert scheduler.run() is True
    assert measured(jobs) == {host: f"load of {host}\n" for host in HOSTS}
    seen.assert_limits_respected()
    assert (peak(seen, "reboot"), peak(seen, "measure")) == (2, 2)
    assert fake_clock.time == 330.0  # three times two reboots, then the last measurement
    assert hosts.signals == []


def test_a_host_is_asked_for_its_boot_id_before_and_after_it_reboots(
    hosts: FakeCommands,
) -> None:
    scheduler, _ = lab.lab(["h1"], measure="load", pause=7)
    scheduler.run()
    on_host = (*lab.SSH, "--", "h1")
    boot_id = (*on_host, lab.BOOT_ID)
    assert [(call.time, call.argv) for call in hosts.calls] == [
        (0.0, boot_id),
        (0.0, (*on_host, lab.REBOOT)),
        (0.0, ("sh", "-c", lab.UNTIL_CHANGED, "sh", "old", "7", *boot_id)),
        (90.0, (*on_host, "load")),
    ]


@pytest.mark.parametrize(
    ("connections", "reboots", "together", "seconds"),
    [(1, 1, 1, 900.0), (3, 3, 3, 300.0), (12, 6, 6, 150.0), (1, 6, 1, 900.0)],
)
def test_the_limits_can_be_set(
    hosts: FakeCommands,
    fake_clock: FakeClock,
    timeline: Started,
    connections: int,
    reboots: int,
    together: int,
    seconds: float,
) -> None:
    scheduler, _ = lab.lab(HOSTS, measure="load", connections=connections, reboots=reboots)
    seen = timeline(scheduler)
    assert scheduler.run() is True
    seen.assert_limits_respected()
    assert (peak(seen, "come up"), fake_clock.time) == (together, seconds)


def test_a_measurement_need_not_wait_for_the_reboots_of_others(
    hosts: FakeCommands, timeline: Started
) -> None:
    scheduler, jobs = lab.lab(HOSTS, measure="load")
    seen = timeline(scheduler)
    scheduler.run()
    assert (seen.start(jobs["h1"]), seen.end(jobs["h1"])) == (90.0, 150.0)


def test_a_host_that_does_not_come_up_again_does_not_stop_the_others(
    hosts: FakeCommands, timeline: Started, capsys: pytest.CaptureFixture[str]
) -> None:
    hosts("sh -c * h2 *", stderr="connect to host h2: No route to host\n", takes=math.inf)
    scheduler, jobs = lab.lab(HOSTS, measure="load")
    seen = timeline(scheduler)
    assert scheduler.run() is False
    assert measured(jobs) == {host: f"load of {host}\n" for host in HOSTS if host != "h2"}
    assert {name(job): type(error) for job, error in scheduler.failures().items()} == {
        "come up": TimeoutError,
        "reboot": TimeoutError,
        "h2": TimeoutError,
    }
    ((time, argv, number),) = hosts.signals
    assert (time, argv[:2], number) == (300.0, ("sh", "-c"), signal.SIGTERM)
    seen.assert_skipped(jobs["h2"])
    assert str(scheduler.why()).startswith(
        "CRITICAL FAILURE: <CommandJob `h2 > reboot > come up`>"
    )
    scheduler.debrief()
    assert "[skipped: <Scheduler `reboot`> failed]" in capsys.readouterr().out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_after_an_interruption_it_prints_what_was_measured(
    hosts: FakeCommands, capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    def interrupt(argv: tuple[str, ...]) -> bool:
        if argv[-2:] == ("h2", "load"):
            signal.raise_signal(number)
        return False

    hosts("sh -c * h2 *", takes=200)
    hosts(interrupt)
    with pytest.raises(SystemExit, match=f"^{128 + number}$"):
        lab.main(["h1", "h2", "--measure", "load"])
    assert capsys.readouterr().out.startswith(
        "h1: load of h1\n===== <PureScheduler of 2 jobs>: CANCELLED"
    )
    assert [argv[-2:] for _, argv, _ in hosts.signals] == [("h2", "load")]


def name(job: object) -> str:
    return str(getattr(job, "label", None))


# -- with real processes


def test_the_program_runs_with_local_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert lab.main(["--local", "--pause", "0.001"]) == 1
    printed = capsys.readouterr().out
    *measurements, verdict = printed.splitlines()[:6]
    assert measurements == [f"{host}: 42 Mb/s" for host in HOSTS if host != "h4"]
    reason = (
        "<CommandJob `h4 > reboot > boot id`> exited with status 255; "
        "stderr ends: connect to host h4: No route to host"
    )
    assert verdict == (
        "===== <PureScheduler of 6 jobs>: CRITICAL FAILURE: "
        f"<CommandJob `h4 > reboot > boot id`> raised CommandFailed:{reason}"
    )
    assert printed.endswith(f"CommandFailed: {reason}\n")


def test_the_program_succeeds_if_all_hosts_can_be_reached(
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["--local", "h1", "h2", "--pause", "0", "--measure", 'echo "load of $0"']
    assert lab.main(arguments) == 0
    assert capsys.readouterr().out.startswith("h1: load of h1\nh2: load of h2\n===== ")


def test_a_host_is_asked_again_until_it_has_another_boot_id(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    script = f"""
        echo again >> {asked}
        case $(grep -c again {asked}) in  # before; not yet down; down; up
            1 | 2) echo old ;;
            3) echo old; exit 255 ;;
            4) exit 255 ;;
            *) echo new ;;
        esac
    """

    def shell(host: str, command: str) -> tuple[str, ...]:
        return ("sh", "-c", script if command == lab.BOOT_ID else "exit 0", host)

    scheduler, _ = lab.lab(["h1"], shell, pause=0)
    assert scheduler.run() is True
    assert asked.read_text("utf-8") == "again\n" * 5


def test_a_program_is_ended_if_the_run_is_cancelled(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    command = f"echo $$ > {note}.new; mv {note}.new {note}; exec sleep 600"
    scheduler, _ = lab.lab(["h1"], lab.local, measure=command, pause=0)

    async def cancel_it() -> None:
        run = asyncio.create_task(scheduler.co_run())
        while not note.exists():  # noqa: ASYNC110 - the shell can't tell
            await asyncio.sleep(0.001)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run

    asyncio.run(cancel_it())
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text("utf-8")), 0)


def test_a_measurement_that_fails_silently_is_reported_with_its_status(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert lab.main(["--local", "h1", "--measure", "exit 3"]) == 1
    printed = capsys.readouterr().out
    assert printed.startswith("===== ")
    assert printed.endswith(
        "CommandFailed: <CommandJob `h1 > measure`> exited with status 3; it printed nothing\n"
    )


def test_commands_go_to_the_host_over_ssh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "ssh"
    program.write_text(
        '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\necho $$ on "$2: $3"\n', "utf-8"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    scheduler, jobs = lab.lab(["h1"], measure="uname -a", pause=0)
    assert scheduler.run() is True
    assert jobs["h1"].result().stdout.endswith(" on h1: uname -a\n")


@pytest.mark.parametrize("arguments", [["--connections", "0"], ["--reboots", "no"]])
def test_a_wrong_number_is_wrong_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        lab.main(arguments)
    assert caught.value.code == 2
    assert f"argument {arguments[0]}: " in capsys.readouterr().err


def test_the_command_line_takes_the_lab(
    fake_time: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [])
    monkeypatch.setattr(sys, "path", [*sys.path])
    target = f"{PROGRAM}:scenario"
    assert main(["check", target, "--", "n1", "n2"]) == 0
    assert (
        capsys.readouterr().out
        == "fine: <PureScheduler of 2 jobs> can run, with 8 jobs in all\n"
    )
