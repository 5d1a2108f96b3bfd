"""Nights of some hours, in some milliseconds: the clock and the programs are fake."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from asynciojobs import PureScheduler
from asynciojobs_testkit import FakeClock, FakeCommands, Timeline
from night_backup import backup
from night_backup.cli import main

DATABASES = ["shop", "wiki", "mail"]


@pytest.fixture
def programs(fake_commands: FakeCommands) -> FakeCommands:
    """Dumps take half an hour, copies ten minutes; removing old backups takes a minute."""
    fake_commands("pg_dump *", takes=1800)
    fake_commands("rclone copy *", takes=600)
    fake_commands("rclone delete *", takes=60)
    return fake_commands


@pytest.fixture
def night(programs: FakeCommands) -> PureScheduler:
    return backup(DATABASES, Path("dumps"), "remote:backups")


def test_two_databases_are_dumped_at_a_time(
    night: PureScheduler,
    fake_clock: FakeClock,
    timeline: Callable[[PureScheduler], Timeline],
) -> None:
    seen = timeline(night)
    assert night.run()
    seen.assert_overlap("dump shop", "dump wiki")
    seen.assert_disjoint("copy shop", "copy wiki")
    seen.assert_order({"copy shop", "copy wiki", "copy mail"}, "remove old backups")
    seen.assert_limits_respected()
    assert fake_clock.time == 2 * 1800 + 600 + 60


def test_each_dump_is_copied(night: PureScheduler, programs: FakeCommands) -> None:
    night.run()
    copied = {call.argv for call in programs.calls if "copy" in call.argv}
    assert copied == {
        ("rclone", "copy", f"dumps/{name}.dump", "remote:backups") for name in DATABASES
    }


def test_old_backups_stay_if_a_dump_fails(
    night: PureScheduler,
    programs: FakeCommands,
    fake_clock: FakeClock,
    timeline: Callable[[PureScheduler], Timeline],
) -> None:
    programs("pg_dump * wiki", status=1, stderr="no such database\n")
    seen = timeline(night)
    assert not night.run()
    seen.assert_failed("dump wiki")
    seen.assert_skipped("copy wiki")
    seen.assert_skipped("remove old backups")
    assert fake_clock.time == 1800 + 2 * 600


def test_a_dump_that_hangs_is_ended_after_an_hour(
    night: PureScheduler, programs: FakeCommands
) -> None:
    programs("pg_dump * shop", takes=math.inf)
    assert not night.run()
    [(time, argv, sent)] = programs.signals
    assert (time, argv[-1], sent) == (3600, "shop", signal.SIGTERM)


def test_the_command_names_what_failed(
    programs: FakeCommands, capsys: pytest.CaptureFixture[str]
) -> None:
    programs("rclone copy */wiki.dump *", status=9, stderr="quota exceeded\n")
    assert main(["--to", "remote:backups", *DATABASES]) == 1
    assert capsys.readouterr().err == (
        "copy wiki: <CommandJob `copy wiki`> exited with status 9; "
        "stderr ends: quota exceeded\n"
    )


def test_the_command_succeeds_if_all_went_well(programs: FakeCommands) -> None:
    assert main(["--to", "remote:backups", *DATABASES]) == 0
    assert programs.calls[-1].argv == ("rclone", "delete", "--min-age", "30d", "remote:backups")
