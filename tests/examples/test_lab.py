"""The example `examples/lab.py`: under the fake clock, and with programs of this machine."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from asynciojobs import PureScheduler
from asynciojobs_testkit import FakeClock, Timeline

PROGRAM = Path(__file__).parents[2] / "examples" / "lab.py"
HOSTS = ["h1", "h2", "h3", "h4", "h5", "h6"]


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lab", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


lab = load()


class FakeHosts:
    """Hosts that are down for 90 s when they reboot, and measure for 60 s.

    Args:
        dead: the hosts that do not come up again.
    """

    def __init__(self, *dead: str) -> None:
        self.dead = dead
        self.boots = dict.fromkeys(HOSTS, 0)
        self.up_at = dict.fromkeys(HOSTS, 0.0)

    async def shell(self, host: str, command: str) -> str:
        now = asyncio.get_running_loop().time()
        if now < self.up_at[host]:
            raise lab.CommandError(f"connect to host {host}: No route to host")
        if command == lab.BOOT_ID:
            return str(self.boots[host])
        if command == lab.REBOOT:
            self.boots[host] += 1
            self.up_at[host] = float("inf") if host in self.dead else now + 90
            raise lab.CommandError("the connection is closed")
        await asyncio.sleep(60)
        return f"{host}: {command}"


Started = Callable[[PureScheduler], Timeline]


def measured(scheduler: PureScheduler) -> list[object]:
    jobs = [job for job in scheduler.iterate_jobs() if job.label == "measure"]
    return [job.result() for job in jobs if job.is_done()]


def peak(timeline: Timeline, label: str) -> int:
    """Return how many jobs with this label ran at the same time."""
    jobs = {event.job for event in timeline.events if event.job.label == label}
    times = {event.time for event in timeline.events}
    return max(len(timeline.running_at(time) & jobs) for time in times)


def test_all_hosts_are_measured_and_the_limits_are_kept(
    fake_clock: FakeClock, timeline: Started
) -> None:
    scheduler = lab.lab(HOSTS, FakeHosts().shell, measure="load")
    seen = timeline(scheduler)
    assert scheduler.run() is True
    assert measured(scheduler) == [f"{host}: load" for host in HOSTS]
    seen.assert_limits_respected()
    assert (peak(seen, "boot"), peak(seen, "measure")) == (2, 2)
    assert fake_clock.time == 330.0  # three times two reboots, then the last measurement


@pytest.mark.parametrize(
    ("connections", "reboots", "together", "seconds"),
    [(1, 1, 1, 900.0), (3, 3, 3, 300.0), (12, 6, 6, 150.0), (1, 6, 1, 900.0)],
)
def test_the_limits_can_be_set(
    fake_clock: FakeClock,
    timeline: Started,
    connections: int,
    reboots: int,
    together: int,
    seconds: float,
) -> None:
    scheduler = lab.lab(HOSTS, FakeHosts().shell, connections=connections, reboots=reboots)
    seen = timeline(scheduler)
    assert scheduler.run() is True
    seen.assert_limits_respected()
    assert (peak(seen, "boot"), fake_clock.time) == (together, seconds)


def test_a_measurement_need_not_wait_for_the_reboots_of_others(
    fake_clock: FakeClock, timeline: Started
) -> None:
    scheduler = lab.lab(HOSTS, FakeHosts().shell)
    seen = timeline(scheduler)
    scheduler.run()
    first, *_ = [job for job in scheduler.iterate_jobs() if job.label == "measure"]
    assert (seen.start(first), seen.end(first)) == (90.0, 150.0)


def test_a_host_that_does_not_come_up_again_does_not_stop_the_others(
    fake_clock: FakeClock, timeline: Started, capsys: pytest.CaptureFixture[str]
) -> None:
    scheduler = lab.lab(HOSTS, FakeHosts("h2").shell, measure="load")
    seen = timeline(scheduler)
    assert scheduler.run() is False
    assert measured(scheduler) == [f"{host}: load" for host in HOSTS if host != "h2"]
    assert {name(job): type(error) for job, error in scheduler.failures().items()} == {
        "boot": TimeoutError,
        "reboot": TimeoutError,
        "h2": TimeoutError,
    }
    (skipped,) = [job for job in scheduler.iterate_jobs() if job.is_skipped()]
    seen.assert_skipped(skipped)
    assert str(scheduler.why()).startswith("CRITICAL FAILURE: <Job `h2 > reboot > boot`>")
    scheduler.debrief()
    assert "[skipped: <Scheduler `reboot`> failed]" in capsys.readouterr().out


def name(job: object) -> str:
    return str(getattr(job, "label", None))


# -- with real processes


def test_the_program_runs_with_local_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert lab.main(["--local", "--pause", "0.001"]) == 1
    printed = capsys.readouterr().out
    *measurements, verdict = printed.splitlines()[:6]
    assert measurements == [f"{host}: 42 Mb/s" for host in HOSTS if host != "h4"]
    reason = "connect to host h4: No route to host"
    assert verdict == (
        "===== <PureScheduler of 6 jobs>: CRITICAL FAILURE: <Job `h4 > reboot > boot`> raised "
        f"CommandError:{reason}"
    )
    assert printed.endswith(f"CommandError: {reason}\n")


def test_the_program_succeeds_if_all_hosts_can_be_reached(
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["--local", "h1", "h2", "--pause", "0", "--measure", 'echo "load of $0"']
    assert lab.main(arguments) == 0
    assert capsys.readouterr().out.startswith("load of h1\nload of h2\n===== ")


def test_a_program_is_killed_if_its_job_is_cancelled(tmp_path: Path) -> None:
    note = tmp_path / "pid"

    async def cancel_it() -> None:
        job = asyncio.create_task(
            lab.local("h1", f"echo $$ > {note}.new; mv {note}.new {note}; exec sleep 600")
        )
        while not note.exists():  # noqa: ASYNC110 - the shell can't tell
            await asyncio.sleep(0.001)
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job

    asyncio.run(cancel_it())
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_a_command_that_says_nothing_fails_with_its_exit_status() -> None:
    with pytest.raises(lab.CommandError, match=r"^exit status 3$"):
        asyncio.run(lab.local("h1", "exit 3"))


def test_commands_go_to_the_host_over_ssh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "ssh"
    program.write_text('#!/bin/sh\nshift 7\necho "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert asyncio.run(lab.ssh("h1", "uname -a")) == "h1 uname -a"


@pytest.mark.parametrize("arguments", [["--connections", "0"], ["--reboots", "no"]])
def test_a_wrong_number_is_wrong_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        lab.main(arguments)
    assert caught.value.code == 2
    assert f"argument {arguments[0]}: " in capsys.readouterr().err
