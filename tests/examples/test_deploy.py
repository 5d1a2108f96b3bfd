"""The example `examples/deploy.py`: under the fake clock, and with folders of this machine."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from programs import load

from asynciojobs import PureScheduler
from asynciojobs_testkit import FakeClock, FakeCommands, Timeline

HOSTS = ["h1", "h2", "h3", "h4"]


deploy = load("deploy")

Started = Callable[[PureScheduler], Timeline]


@pytest.fixture
def hosts(fake_commands: FakeCommands) -> FakeCommands:
    """Hosts with the release 1.0. A copy takes 10 s, a switch 5 s, a check 15 s."""
    fake_commands("rsync *", takes=10)
    fake_commands("ssh *readlink*", stdout="1.0\n")
    fake_commands("ssh * restart app", takes=5)
    fake_commands("curl * http://*:8000/health", takes=15)
    return fake_commands


def switches(commands: FakeCommands) -> list[tuple[float, str, str]]:
    """Return which host got which release, and when."""
    found = [
        (call.time, *call.argv[-2:]) for call in commands.calls if "restart" in call.argv[-1]
    ]
    return [(time, host, command.split()[2]) for time, host, command in found]


def test_hosts_get_the_release_two_at_a_time_after_the_first_one(
    hosts: FakeCommands, fake_clock: FakeClock
) -> None:
    assert deploy.main(["2.0", *HOSTS]) == 0
    assert switches(hosts) == [
        (10.0, "h1", "releases/2.0"),
        (40.0, "h2", "releases/2.0"),
        (40.0, "h3", "releases/2.0"),
        (70.0, "h4", "releases/2.0"),
    ]
    assert fake_clock.time == 90.0


def test_a_host_is_updated_step_by_step(hosts: FakeCommands, fake_clock: FakeClock) -> None:
    deploy.main(["2.0", "h1", "h1"])
    ssh = ("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", "--", "h1")
    copy, current, switch, check = [call.argv for call in hosts.calls]
    assert copy[-2:] == ("build/2.0/", "h1:app/releases/2.0/")
    assert current == (*ssh, "basename $(readlink app/current)")
    restart = "sudo -n systemctl restart app"
    assert switch == (*ssh, f"ln -sfn releases/2.0 app/current && {restart}")
    assert (check[0], check[-1]) == ("curl", "http://h1:8000/health")


@pytest.mark.parametrize(("at_once", "seconds"), [(1, 120.0), (3, 60.0), (0, 60.0)])
def test_more_hosts_can_be_updated_at_a_time(
    hosts: FakeCommands, fake_clock: FakeClock, at_once: int, seconds: float
) -> None:
    assert deploy.main(["2.0", "--at-once", str(at_once)]) == 0
    assert fake_clock.time == seconds


def test_a_host_that_is_not_healthy_brings_all_back_that_were_begun(
    hosts: FakeCommands, fake_clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    hosts("curl * http://h2:8000/health", takes=math.inf)
    assert deploy.main(["2.0", *HOSTS, "--patience", "17"]) == 3
    assert switches(hosts) == [
        (10.0, "h1", "releases/2.0"),
        (40.0, "h2", "releases/2.0"),
        (40.0, "h3", "releases/2.0"),
        (62.0, "h1", "releases/1.0"),
        (62.0, "h2", "releases/1.0"),
        (62.0, "h3", "releases/1.0"),
    ]


class Ill:
    """Makes hosts healthy only if they have the release 1.0."""

    def __init__(self, commands: FakeCommands, *hosts: str) -> None:
        self.commands = commands
        self.hosts = hosts

    def __call__(self, argv: tuple[str, ...]) -> bool:
        host = argv[-1].removeprefix("http://").removesuffix(":8000/health")
        latest = [release for _, it, release in switches(self.commands) if it == host]
        return argv[0] == "curl" and host in self.hosts and latest[-1] != "releases/1.0"


def test_hosts_that_were_not_begun_are_left_alone(
    hosts: FakeCommands, fake_clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    hosts(Ill(hosts, "h1"), status=22, stderr="curl: (22) 500\n")
    assert deploy.main(["2.0", *HOSTS]) == 1
    assert switches(hosts) == [(10.0, "h1", "releases/2.0"), (15.0, "h1", "releases/1.0")]
    assert capsys.readouterr().out == (
        "2.0 is not deployed: CRITICAL FAILURE: <CommandJob `h1 > check`> raised CommandFailed:"
        "<CommandJob `h1 > check`> exited with status 22; stderr ends: curl: (22) 500\n"
        "h1: rolled back\n"
    )


def test_a_switch_that_was_cut_off_is_undone(
    hosts: FakeCommands, fake_clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    hosts("ssh * h3 *releases/2.0*", takes=20)
    hosts(Ill(hosts, "h2"), status=22)
    assert deploy.main(["2.0", *HOSTS]) == 1
    assert [(time, argv[-2], number) for time, argv, number in hosts.signals] == [
        (45.0, "h3", signal.SIGTERM)
    ]
    assert switches(hosts)[3:] == [(45.0, host, "releases/1.0") for host in ("h1", "h2", "h3")]


def test_a_host_with_a_copy_only_is_left_alone(
    hosts: FakeCommands, fake_clock: FakeClock
) -> None:
    hosts("rsync * h3:*", takes=100)
    hosts(Ill(hosts, "h2"), status=22)
    assert deploy.main(["2.0", *HOSTS]) == 1
    assert [host for _, host, release in switches(hosts) if release == "releases/1.0"] == [
        "h1",
        "h2",
    ]


def test_a_host_that_can_not_be_rolled_back_does_not_hold_up_the_others(
    hosts: FakeCommands, fake_clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    hosts(Ill(hosts, "h3"), status=22)
    hosts("ssh * h1 *releases/1.0*", status=255, stderr="no route to host\n")
    assert deploy.main(["2.0", *HOSTS]) == 3
    assert capsys.readouterr().out.partition("\n")[2] == (
        "h1: NOT ROLLED BACK: <CommandJob `h1 > switch`> exited with status 255; "
        "stderr ends: no route to host\n"
        "h2: rolled back\n"
        "h3: rolled back\n"
    )


def test_a_first_release_can_not_be_rolled_back_so_it_is_not_begun(
    hosts: FakeCommands, fake_clock: FakeClock
) -> None:
    hosts("ssh *readlink*", status=1)
    assert deploy.main(["2.0", *HOSTS]) == 1
    assert switches(hosts) == []


def interrupt_at(
    commands: FakeCommands, command: str, number: signal.Signals, host: str
) -> None:
    """Send a signal as a host gets a command."""

    def interrupted(argv: tuple[str, ...]) -> bool:
        if argv[-2] == host and command in argv[-1]:
            signal.raise_signal(number)
        return False

    commands(interrupted)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interruption_rolls_back(
    hosts: FakeCommands,
    fake_clock: FakeClock,
    capsys: pytest.CaptureFixture[str],
    number: signal.Signals,
) -> None:
    interrupt_at(hosts, "releases/2.0", number, "h2")
    with pytest.raises(SystemExit, match=f"^{128 + number}$"):
        deploy.main(["2.0", *HOSTS])
    assert capsys.readouterr().out == (
        "2.0 is not deployed: CANCELLED\nh1: rolled back\nh2: rolled back\nh3: rolled back\n"
    )


def test_an_interrupted_roll_back_names_the_hosts_that_it_left(
    hosts: FakeCommands, fake_clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    hosts(Ill(hosts, "h1"), status=22)
    interrupt_at(hosts, "releases/1.0", signal.SIGTERM, "h1")
    with pytest.raises(SystemExit, match=r"^143$"):
        deploy.main(["2.0", *HOSTS])
    assert capsys.readouterr().out.endswith("\nh1: NOT ROLLED BACK: interrupted\n")


# -- with real processes


def test_the_program_deploys_to_folders(capsys: pytest.CaptureFixture[str]) -> None:
    with deploy.in_folders(["h1", "h2"]) as commands:
        assert deploy.deploy(deploy.Deployment("2.0", ["h1", "h2"], commands)) == 0
        links = [Path(commands.root, host, "app/current") for host in ("h1", "h2")]
        assert [str(link.readlink()) for link in links] == ["releases/2.0"] * 2
    assert capsys.readouterr().out == ""


def test_the_program_rolls_back_in_folders(capsys: pytest.CaptureFixture[str]) -> None:
    with deploy.in_folders(["h3"]) as commands:
        assert deploy.deploy(deploy.Deployment("bad", ["h3"], commands, patience=0.2)) == 1
        assert str(Path(commands.root, "h3/app/current").readlink()) == "releases/1.0"
    assert capsys.readouterr().out == (
        "bad is not deployed: CRITICAL FAILURE: <CommandJob `h3 > check`> raised "
        "TimeoutError:<CommandJob `check`> took more than 0.2s\n"
        "h3: rolled back\n"
    )


def test_the_program_runs_without_hosts() -> None:
    assert deploy.main(["2.0", "--local", "h1"]) == 0


@pytest.mark.parametrize("arguments", [["2.0", "-oProxyCommand=x"], ["2.0;x"], ["../2.0"]])
def test_names_that_would_be_more_than_names_are_wrong_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        deploy.main(arguments)
