"""The example `examples/pipeline.py`: what it makes, and what it does not do twice."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from programs import load

from asynciojobs import Journal
from asynciojobs_testkit import Crash, crash_at

pipeline = load("pipeline")

READINGS = {"a": "1,1\n2,2\n3,3.4\n", "b": "1,10\n", "c": "1,-5\n2,-6\n"}
TABLE = """\
station,days,coldest,mean,warmest
b,1,10.0,10.0,10.0
a,3,1.0,2.1,3.4
c,2,-6.0,-5.5,-5.0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three stations."""
    for station, readings in READINGS.items():
        (tmp_path / f"{station}.csv").write_text(readings, "utf-8")
    return tmp_path


def table(folder: Path) -> str:
    return (folder / "stations.csv").read_text("utf-8")


def change(path: Path, readings: str) -> None:
    """Write a file with a later time, however coarse the file system's clock is."""
    path.write_text(readings, "utf-8")
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 10**9))


class Program:
    """Runs the program on a folder; returns how many jobs it found done."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.capsys = capsys

    def __call__(self, *options: str, status: int = 0) -> str:
        assert pipeline.main([str(self.folder), *options]) == status
        printed = self.capsys.readouterr()
        self.errors = printed.err
        first, report = printed.out.splitlines()
        assert report == f"report: {self.folder / 'report.html'}"
        return str(first.removesuffix(" jobs are done"))


@pytest.fixture
def program(folder: Path, capsys: pytest.CaptureFixture[str]) -> Program:
    return Program(folder, capsys)


def test_the_table_has_a_line_for_each_station(program: Program, folder: Path) -> None:
    assert (program(), table(folder)) == ("0 of 5", TABLE)
    assert "a.csv" in (folder / "report.html").read_text("utf-8")


def test_nothing_but_the_table_is_made_twice(program: Program, folder: Path) -> None:
    program()
    (folder / "stations.csv").unlink()
    assert (program(), table(folder)) == ("4 of 5", TABLE)


def test_a_file_with_a_mistake_does_not_hold_up_the_others(
    program: Program, folder: Path
) -> None:
    change(folder / "b.csv", "1,10\n2,cold\n")
    assert (program(status=1), program.errors) == (
        "0 of 5",
        f"b.csv failed: {folder}/b.csv, line 2: could not convert string to float: 'cold'\n",
    )
    assert "could not convert" in (folder / "report.html").read_text("utf-8")
    change(folder / "b.csv", READINGS["b"])
    assert (program(), table(folder)) == ("2 of 5", TABLE)


@pytest.mark.parametrize(
    ("readings", "error"),
    [("", " is empty"), ("1,2,3\n", ", line 1: too many values to unpack (expected 2")],
)
def test_mistakes_are_named_with_their_place(folder: Path, readings: str, error: str) -> None:
    path = folder / "b.csv"
    change(path, readings)
    with pytest.raises(ValueError, match="b.csv") as caught:
        pipeline.summarise(pipeline.File.of(path))
    assert str(caught.value).startswith(f"{path}{error}")


def test_only_a_file_that_has_changed_is_summarised_again(
    program: Program, folder: Path
) -> None:
    program()
    change(folder / "b.csv", "1,20\n")
    assert program() == "2 of 5"
    assert table(folder).splitlines()[1] == "b,1,20.0,20.0,20.0"


def test_files_that_come_and_go_change_the_table_only(program: Program, folder: Path) -> None:
    program()
    (folder / "a.csv").rename(folder / "d.csv")
    assert program() == "2 of 5"
    (folder / "d.csv").unlink()
    assert program() == "2 of 4"
    assert [line[0] for line in table(folder).splitlines()] == ["s", "b", "c"]


def test_a_run_can_be_taken_up_wherever_it_was_cut_off(
    program: Program, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    number = 0
    happened = True
    while happened:
        for left in ("pipeline.journal", "stations.csv"):
            (folder / left).unlink(missing_ok=True)
        with crash_at(number) as crash:
            try:
                pipeline.run(folder)
            except Crash:
                pass
        capsys.readouterr()
        program()
        assert table(folder) == TABLE
        happened, number = crash.happened, number + 1
    assert number > 4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_a_report_and_a_journal(
    program: Program,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
) -> None:
    class Interrupted(pipeline.CallJob):  # type: ignore[misc, name-defined]
        async def co_run(self) -> Any:
            if self.label == "rows":
                signal.raise_signal(number)
            return await super().co_run()

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "CallJob", Interrupted)
        with pytest.raises(SystemExit, match=f"^{128 + number}$"):
            pipeline.main([str(folder)])
    assert "CANCELLED" in (folder / "report.html").read_text("utf-8")
    assert not (folder / "stations.csv").exists()
    program.capsys.readouterr()
    program()
    assert table(folder) == TABLE


def test_the_sample_has_one_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = Program(tmp_path / "sample", capsys)
    assert program("--sample", status=1) == "0 of 8"
    path = tmp_path / "sample/oslo.csv"
    assert program.errors.startswith(f"oslo.csv failed: {path}, line 5: ")
    change(path, path.read_text("utf-8").replace("cold", "-3"))
    assert program() == "5 of 8"
    assert len(table(tmp_path / "sample").splitlines()) == 7


def test_a_second_program_at_the_same_time_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Journal(folder / "pipeline.journal"):
        assert pipeline.main([str(folder)]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"pipeline.py: the journal '{folder}/pipeline.journal' is open in ")


def test_a_folder_without_files_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "stations.csv").touch()
    with pytest.raises(SystemExit, match=r"^2$"):
        pipeline.main([str(tmp_path)])
    assert capsys.readouterr().err.endswith(f"{tmp_path} has no *.csv; --sample writes some\n")
