"""The example `examples/corpus.py` in threads; tests/engines runs it on the other engines."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from programs import load

from asynciojobs import __version__

corpus = load("corpus")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Texts of ten words, in files of several sizes and folders."""
    for number in range(10):
        folder = tmp_path / f"folder{number % 3}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.txt").write_text("one two Two " + "three " * number, "utf-8")
    (tmp_path / "other.md").write_text("one")
    (tmp_path / "site-packages").mkdir()
    (tmp_path / "site-packages" / "installed.txt").write_text("one")
    return tmp_path


ANSWER = "Most frequent: three 45, two 20, one 10\n"


@pytest.mark.parametrize(
    ("parts", "jobs"), [(1, 3), (2, 5), (4, 7), (5, 10), (16, 23), (17, 27)]
)
def test_the_words_are_counted_in_any_number_of_parts(
    tree: Path, capsys: pytest.CaptureFixture[str], parts: int, jobs: int
) -> None:
    status = corpus.main([str(tree), "--suffix", ".txt", "--parts", str(parts)])
    assert (status, re.sub(r"\d+\.\d\d ", "0.00 ", capsys.readouterr().out)) == (
        0,
        (
            "engine       seconds  jobs   MB through the driver\n"
            f"threads         0.00{jobs:6}                    0.00\n" + ANSWER
        ),
    )


def test_parts_are_about_equally_large(tree: Path) -> None:
    shares = corpus.split(str(tree), ".txt", 3)
    sizes = [sum(Path(path).stat().st_size for path in share) for share in shares]
    assert (sum(map(len, shares)), max(sizes) - min(sizes) <= 6) == (10, True)


def test_equally_frequent_words_are_listed_in_alphabetical_order() -> None:
    assert corpus.frequent(corpus.Words(["b", "a", "c", "c"]), 2) == [("c", 2), ("a", 1)]


def test_a_result_is_counted_once_as_returned_and_once_for_each_call_that_needs_it() -> None:
    async def none() -> None: ...

    class Done(corpus.CallJob):  # type: ignore[misc, name-defined]
        def result(self) -> str:
            return "x"

    size = corpus.size_of("x")
    shared = Done(none)
    jobs = [shared, Done(none, required=shared), Done(none, required=shared)]
    assert corpus.to_and_fro(jobs) == (3 + 1 + 1) * size


def test_a_file_that_can_not_be_read_is_reported(
    tree: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "split", lambda *_: [[str(tree / "gone.txt")]])
    status = corpus.main([str(tree), "--suffix", ".txt", "--parts", "1"])
    assert (status, capsys.readouterr().err) == (
        1,
        f"corpus.py: [Errno 2] No such file or directory: '{tree / 'gone.txt'}'\n",
    )


def test_without_distributed_it_says_what_to_install(
    tree: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "dask", None)
    monkeypatch.delitem(sys.modules, "asynciojobs.dask", raising=False)
    status = corpus.main([str(tree), "--suffix", ".txt", "--engine", "dask"])
    assert status == 1
    assert capsys.readouterr().err == (
        "corpus.py: asynciojobs.dask needs the package distributed, and dask is not installed: "
        f'pip install "asynciojobs[dask]=={__version__}"\n'
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{tree}/none"], "{tree}/none is no folder"),
        (["{tree}", "--suffix", ".c"], "{tree} has no files that end with .c"),
        (["{tree}", "--address", "tcp://h:1"], "--address is for --engine dask"),
        (["{tree}", "--parts", "0"], "argument --parts: invalid positive value: '0'"),
        (["{tree}", "--top", "a"], "argument --top: invalid positive value: 'a'"),
    ],
)
def test_wrong_usage_is_reported(
    tree: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        corpus.main([it.format(tree=tree) for it in arguments])
    assert capsys.readouterr().err.endswith(f"corpus.py: error: {message.format(tree=tree)}\n")
