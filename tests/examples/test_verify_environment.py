"""The demo `examples/verify_environment.py`, on small made-up environments."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from programs import EXAMPLES, load

import asynciojobs

PROGRAM = EXAMPLES / "verify_environment.py"


demo = load("verify_environment")


def hash_of(content: bytes, algorithm: str = "sha256") -> str:
    digest = hashlib.new(algorithm, content).digest()
    return f"{algorithm}={base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


class Site:
    """A site-packages folder, filled by a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)

    def write(self, path: str, content: str) -> str:
        """Write a file; returns its line for a RECORD."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
        data = content.encode()
        return f'"{path}",{hash_of(data)},{len(data)}'

    def install(
        self,
        name: str,
        *requires: str,
        record: Iterable[str] | None = (),
        version: str = "1.0",
    ) -> Path:
        """Install a distribution of one module; returns the module."""
        info = f"{name}-{version}.dist-info"
        head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        needs = "".join(f"Requires-Dist: {each}\n" for each in requires)
        lines = [
            self.write(f"{name}.py", f"# {name} {version}\n"),
            self.write(f"{info}/METADATA", head + needs),
            f"{info}/RECORD,,",
        ]
        if record is not None:
            self.write(f"{info}/RECORD", "\n".join([*lines, *record, ""]))
        return self.folder / f"{name}.py"

    def verify(self, *options: str) -> int:
        """Run the program on this folder; returns its status."""
        return demo.main(["--path", str(self.folder), *options])


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "lib" / "site-packages")


Output = Callable[[], str]


@pytest.fixture
def output(capsys: pytest.CaptureFixture[str]) -> Output:
    return lambda: capsys.readouterr().out


@pytest.fixture
def digested(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the hashed Python files, in order."""
    names: list[str] = []
    digest_of = demo.digest_of

    def noting(path: Path, algorithm: str) -> str:
        if path.suffix == ".py":
            names.append(path.stem)
        return digest_of(path, algorithm)

    monkeypatch.setattr(demo, "digest_of", noting)
    return names


# --- verdicts


def test_an_intact_environment_has_status_0(site: Site, output: Output) -> None:
    site.install("a")
    site.install("b", "a")
    assert site.verify() == 0
    assert output() == (
        "1   ✓ ●   <Scheduler `with b`> [[ -> True]] -> entries={2}\n"
        "2   ✓ ●   > <VerifyJob `a 1.0`> [[ -> 3 files, 0.2 kB]]\n"
        "3   ✓ ●   > <VerifyJob `b 1.0`> [[ -> 3 files, 0.2 kB]] requires={2}\n"
        "1 --end-- < <Scheduler `with b`> exits={3}\n"
        "4     ■ ∞ <Job `show_progress()`> [not done]\n"
        "Intact: 2 distributions, 6 files, 0.5 kB.\n"
    )


def test_the_jobs_are_shown_while_they_run(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.install("a")
    assert site.verify("--live") == 0
    printed = capsys.readouterr()
    assert "▸ started   a 1.0\n" in printed.err
    assert "FINE · 1/1 done · " in printed.err
    assert "show_progress" not in printed.out


def test_a_changed_file_has_status_1(site: Site) -> None:
    site.install("a").write_text("# something else\n")
    assert site.verify() == 1


def test_a_changed_file_is_named_at_the_end(site: Site, output: Output) -> None:
    file = site.install("a")
    file.write_text("# A 1.0\n")  # of the same size
    site.verify()
    assert output().endswith(f"Damaged: 1 of 1 distribution, in 1 file.\n  a: {file} changed\n")


def test_a_missing_file_has_status_1(site: Site) -> None:
    site.install("a").unlink()
    assert site.verify() == 1


def test_a_missing_file_is_named_at_the_end(site: Site, output: Output) -> None:
    file = site.install("a")
    file.unlink()
    site.verify()
    assert output().endswith(f"  a: {file} missing\n")


def test_damage_shows_in_the_list(site: Site, output: Output) -> None:
    site.install("a").unlink()
    site.verify()
    assert "!! exception => DamageError:1 of 3 files: a.py missing!!" in output()


def test_the_list_names_three_files_and_the_end_names_all(site: Site, output: Output) -> None:
    site.install("a", record=[f"gone{n}.py,," for n in range(5)])
    site.verify()
    listed, _, ending = output().partition("Damaged: 1")
    assert "gone0.py missing, gone1.py missing, gone2.py missing and 2 more!!" in listed
    assert [line[-16:] for line in ending.splitlines()[1:]] == [
        f"gone{n}.py missing" for n in range(5)
    ]


def test_a_distribution_that_requires_a_damaged_one_is_still_verified(
    site: Site, digested: list[str]
) -> None:
    site.install("a").write_text("")
    site.install("b", "a")
    site.verify()
    assert digested == ["a", "b"]


def test_a_timeout_is_not_finished(site: Site, output: Output) -> None:
    site.install("a")
    assert site.verify("--timeout", "0") == 2
    assert output().endswith(
        "Not finished (TIMED OUT after 0s; waiting: 1): "
        "0 of 1 distribution looked at, 0 damaged.\n"
    )


def test_an_interrupt_is_not_finished(
    site: Site, output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def interrupted(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "run_in_threads", interrupted)
    site.install("a")
    assert site.verify("--quiet") == 2
    assert output().startswith("Not finished (interrupted): 0 of 1 distribution")


def test_a_crash_is_not_finished(
    site: Site, output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crashing(*_: object) -> str:
        raise RuntimeError("no memory left")

    monkeypatch.setattr(demo, "digest_of", crashing)
    site.install("a")
    assert site.verify() == 2
    assert "Not finished (see the list): 0 of 1 distribution looked at" in output()


@pytest.mark.parametrize(
    "options", [["--timeout", "-1"], ["--jobs-window", "-1"], ["--jobs-window", "x"]]
)
def test_wrong_options_have_status_2(site: Site, options: list[str]) -> None:
    site.install("a")
    with pytest.raises(SystemExit) as caught:
        site.verify(*options)
    assert caught.value.code == 2


def test_a_folder_with_no_distributions_has_status_2(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        site.verify()
    assert caught.value.code == 2
    assert f"no distributions in {site.folder}" in capsys.readouterr().err


def test_quiet_prints_the_verdict_only(site: Site, output: Output) -> None:
    site.install("a")
    site.verify("--quiet")
    assert output().startswith("Intact: 1 distribution, 3 files, ")


def test_details_show_where_a_distribution_is(site: Site, output: Output) -> None:
    site.install("a")
    site.verify("--details")
    assert f"a 1.0 in {site.folder.resolve()}" in output()


def test_a_picture_shows_the_status_of_each_job(
    site: Site, output: Output, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")  # as on a machine without Graphviz
    site.install("a")
    site.install("b", "a").write_text("# something else\n")
    assert site.verify("--picture", "verified") == 1
    assert "Drawn: verified.svg\nDamaged: 1 of 2 distributions, in 1 file.\n" in output()
    picture = Path("verified.svg").read_text("utf-8")
    assert re.findall(r">(\d: [^<]*|[✗✓■] \w+)", picture) == [
        "1: with b",
        "✓ done",
        "2: a 1.0",
        "✓ done",
        "3: b 1.0",
        "✗ raised",
        "4: show_progress()",
        "■ stopped",
    ]


def test_a_picture_that_cannot_be_drawn_does_not_change_the_verdict(
    site: Site, output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASYNCIOJOBS_DOT", "no-such-program")
    site.install("a")
    assert site.verify("--quiet", "--picture", "verified") == 0
    assert output() == (
        "Not drawn: the environment variable ASYNCIOJOBS_DOT names 'no-such-program', which is "
        "not a program that can be run: correct it, or unset it\n"
        "Intact: 1 distribution, 3 files, 0.2 kB.\n"
    )


def test_a_report_shows_what_was_damaged(
    site: Site, output: Output, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASYNCIOJOBS_DOT", "no-such-program")
    site.install("a").write_text("# something else\n")
    assert site.verify("--report", "verified") == 1
    assert "Reported: verified.html\nDamaged: 1 of 1 distribution, in 1 file.\n" in output()
    page = Path("verified.html").read_text("utf-8")
    assert "2 jobs: 1 failed, 1 stopped" in page
    assert "DamageError" in page


def test_a_report_that_cannot_be_written_does_not_change_the_verdict(
    site: Site, output: Output, tmp_path: Path
) -> None:
    site.install("a")
    name = tmp_path / "missing" / "verified"
    assert site.verify("--quiet", "--report", str(name)) == 0
    assert output() == (
        f"Not reported: [Errno 2] No such file or directory: '{name}.html'\n"
        "Intact: 1 distribution, 3 files, 0.2 kB.\n"
    )


def test_it_runs_as_a_program_on_another_environment(site: Site) -> None:
    file = site.install("a")
    file.unlink()
    done = subprocess.run(
        [sys.executable, "-W", "error", PROGRAM, "--path", site.folder, "--quiet"],
        env=os.environ | {"PYTHONPATH": str(Path(asynciojobs.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[1:] == [f"  a: {file} missing"]
    assert done.returncode == 1


def test_a_closed_pipe_is_status_2_without_a_traceback(site: Site) -> None:
    site.install("a")
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, PROGRAM, "--path", site.folder],
        env=os.environ | {"PYTHONPATH": str(Path(asynciojobs.__file__).parents[1])},
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (2, b"")


# --- the order


def test_dependencies_come_first(site: Site, digested: list[str]) -> None:
    site.install("a", "b (>=1)", "d; python_version > '3'")
    site.install("b", "C.c[fast]>=2,<3")
    site.install("c-c")
    site.install("d", "b", "absent")
    assert site.verify() == 0
    assert digested == ["c-c", "b", "d", "a"]


def test_a_cycle_is_cut_where_the_walk_closes_it(site: Site, output: Output) -> None:
    site.install("a", "b")
    site.install("b", "c")
    site.install("c", "a")
    assert site.verify() == 0
    assert output().startswith("Requirement dropped, to cut a cycle: c on a.\n")


def test_a_long_chain_needs_no_recursion() -> None:
    links = {str(n): [str(n + 1)] for n in range(5000)} | {"5000": ["0"]}
    assert demo.drop_cycles(links) == [("5000", "0")]


def test_a_distribution_that_requires_itself_is_no_cycle(site: Site, output: Output) -> None:
    site.install("a", "a[all]")
    assert site.verify() == 0
    assert "cycle" not in output()


def links_of(site: Site) -> dict[str, list[str]]:
    jobs, _ = demo.find_distributions([str(site.folder)])
    return demo.find_links(jobs)


def test_a_requested_extra_makes_a_link(site: Site) -> None:
    site.install("app", "lib[other, Some_Extra]")
    site.install("lib", 'zz; extra == "some-extra"')
    site.install("zz")
    assert links_of(site) == {"app": ["lib"], "lib": ["zz"], "zz": []}


def test_an_extra_that_requests_another_makes_a_link(site: Site) -> None:
    site.install("app", "lib[all]")
    site.install("lib", 'lib[fast]; extra == "all"', 'zz; extra == "fast"')
    site.install("zz")
    assert links_of(site) == {"app": ["lib"], "lib": ["zz"], "zz": []}


def test_an_extra_that_nobody_requests_makes_no_link(site: Site) -> None:
    site.install("lib", 'tests; extra == "test"')
    site.install("tests", "lib")
    assert links_of(site) == {"lib": [], "tests": ["lib"]}


# --- nesting and window


def test_a_distribution_that_only_one_requires_is_nested_with_it(
    site: Site, output: Output
) -> None:
    site.install("app", "own", "shared")
    site.install("own", "shared")
    site.install("other", "shared")
    site.install("shared")
    assert site.verify() == 0
    names = [line.split("`")[1] for line in output().splitlines() if "> <V" in line]
    assert names == ["own 1.0", "app 1.0"]


def test_a_nested_scheduler_waits_for_shared_distributions(
    site: Site, digested: list[str]
) -> None:
    site.install("app", "own")
    site.install("own", "shared")
    site.install("other", "shared")
    site.install("shared")
    site.verify("--jobs-window", "1")
    assert digested[0] == "shared"


def test_a_window_of_one_verifies_one_at_a_time(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = threading.Lock()
    digest_of = demo.digest_of

    def alone(path: Path, algorithm: str) -> str:
        assert busy.acquire(blocking=False)
        try:
            return digest_of(path, algorithm)
        finally:
            busy.release()

    monkeypatch.setattr(demo, "digest_of", alone)
    for name in "abcdefgh":
        site.install(name, *(["a"] if name > "d" else []))
    assert site.verify("--jobs-window", "1") == 0


def test_a_window_of_two_verifies_two_at_a_time(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = threading.Barrier(2, timeout=60)
    digest_of = demo.digest_of

    def together(path: Path, algorithm: str) -> str:
        if path.suffix == ".py":
            both.wait()
        return digest_of(path, algorithm)

    monkeypatch.setattr(demo, "digest_of", together)
    site.install("a")
    site.install("b")
    assert site.verify("--jobs-window", "2") == 0


def test_a_window_limits_the_threads_of_all_nested_schedulers(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[int] = set()
    digest_of = demo.digest_of

    def noting(path: Path, algorithm: str) -> str:
        threads.add(threading.get_ident())
        return digest_of(path, algorithm)

    monkeypatch.setattr(demo, "digest_of", noting)
    for top in "abcd":
        site.install(top, *(f"{top}{n}" for n in range(4)))
        for n in range(4):
            site.install(f"{top}{n}")
    assert site.verify("--jobs-window", "2") == 0
    assert len(threads) <= 2


# --- odd RECORDs


def test_a_file_without_hash_must_exist(site: Site) -> None:
    site.install("a", record=["free.txt,,"])
    assert site.verify() == 1


def test_a_file_without_hash_is_reported(site: Site, output: Output) -> None:
    site.write("free.txt", "anything")
    site.install("a", record=["free.txt,,"])
    assert site.verify() == 0
    assert ", 1 not hashed (no hash)]]" in output()


def test_without_a_hash_the_size_is_compared(site: Site) -> None:
    site.write("free.txt", "anything")
    site.install("a", record=["free.txt,,7"])
    assert site.verify() == 1


def test_an_unknown_algorithm_is_reported(site: Site, output: Output) -> None:
    site.write("old.txt", "anything")
    site.install("a", record=["old.txt,md5=xyz,8"])
    assert site.verify() == 0
    assert ", 1 not hashed (md5)]]" in output()


def test_an_unknown_algorithm_fails_with_strict(site: Site, output: Output) -> None:
    site.write("old.txt", "anything")
    site.install("a", record=["old.txt,md5=xyz,8"])
    assert site.verify("--strict") == 1
    assert output().endswith(
        "Not intact by --strict: 1 of 1 distribution verified in part only.\n"
    )


@pytest.mark.parametrize("algorithm", ["sha384", "sha512"])
@pytest.mark.parametrize(("content", "status"), [(b"same", 0), (b"else", 1)])
def test_longer_hashes_are_compared(
    site: Site, algorithm: str, content: bytes, status: int
) -> None:
    site.write("data.txt", "same")
    site.install("a", record=[f"data.txt,{hash_of(content, algorithm)},4"])
    assert site.verify() == status


def test_padding_of_the_hash_does_not_matter(site: Site) -> None:
    site.write("data.txt", "same")
    site.install("a", record=[f"data.txt,{hash_of(b'same')}=,4"])
    assert site.verify() == 0


@pytest.mark.parametrize(
    "line",
    ["__pycache__/a.cpython-311.pyc,,", "a.cpython-311.pyc,,", "__pycache__,,", "", ",,"],
)
def test_lines_without_information_are_ignored(site: Site, line: str) -> None:
    site.install("a", record=[line])
    assert site.verify() == 0


def test_a_compiled_file_may_be_rewritten(site: Site) -> None:
    line = site.write("__pycache__/a.cpython-311.pyc", "old")
    site.write("__pycache__/a.cpython-311.pyc", "new")
    site.install("a", record=[line])
    assert site.verify() == 0


def test_a_compiled_file_without_source_is_verified(site: Site) -> None:
    site.install("a", record=["only.pyc,sha256=abc,3"])
    assert site.verify() == 1


@pytest.mark.parametrize("name", ["with, comma.txt", "naïve\u2028.txt", "x y/z.txt"])
def test_quoted_names_are_read(site: Site, name: str) -> None:
    site.install("a", record=[site.write(name, "data")])
    assert site.verify() == 0


def test_a_line_with_only_a_name_is_read(site: Site, output: Output) -> None:
    site.install("a", record=["gone.txt"])
    site.verify()
    assert output().endswith(f"  a: {site.folder / 'gone.txt'} missing\n")


def test_files_outside_of_the_folder_are_verified(site: Site, output: Output) -> None:
    line = site.write("../../bin/tool", "run")
    site.write("../../bin/tool", "other")
    site.install("a", record=[line])
    assert site.verify() == 1
    assert f"  a: {site.folder.parent.parent / 'bin' / 'tool'} changed\n" in output()


def test_a_repeated_line_counts_once(site: Site, output: Output) -> None:
    site.install("a", record=["gone.txt,,", "gone.txt,,"])
    site.verify()
    assert "in 1 file.\n" in output()


def test_a_broken_link_is_missing(site: Site, output: Output) -> None:
    file = site.install("a")
    file.unlink()
    file.symlink_to("nowhere")
    assert site.verify() == 1
    assert f"{file} missing" in output()


def test_a_file_that_cannot_be_read_is_named(site: Site, output: Output) -> None:
    file = site.install("a")
    file.unlink()
    file.symlink_to(file)
    assert site.verify() == 1
    assert f"{file} unreadable (" in output()


def test_a_folder_in_place_of_a_file_is_named(site: Site, output: Output) -> None:
    file = site.install("a")
    file.unlink()
    file.mkdir()
    assert site.verify() == 1
    assert f"{file} is not a file" in output()


def test_a_file_that_vanishes_meanwhile_is_missing(
    site: Site, output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest_of = demo.digest_of

    def vanishing(path: Path, algorithm: str) -> str:
        path.unlink()
        return digest_of(path, algorithm)

    monkeypatch.setattr(demo, "digest_of", vanishing)
    file = site.install("a")
    assert site.verify() == 1
    assert f"{file} missing" in output()


def test_a_record_that_is_not_utf_8_is_damaged(site: Site, output: Output) -> None:
    site.install("a")
    (site.folder / "a-1.0.dist-info" / "RECORD").write_bytes(b"na\xefve.py,,\n")
    assert site.verify() == 1
    assert "RECORD unreadable ('utf-8' codec can't decode" in output()


def test_an_unprintable_name_is_quoted(site: Site, output: Output) -> None:
    site.install("a", record=["\x1b[31m.txt,,"])
    site.verify()
    assert "\x1b" not in output()


# --- odd distributions


def test_a_missing_record_is_reported(site: Site, output: Output) -> None:
    site.install("a", record=None)
    site.install("b")
    assert site.verify() == 0
    text = output()
    assert "`a 1.0`> [[ -> not verifiable: no RECORD, or in an archive]]" in text
    assert "\nIntact: 1 of 2 distributions, 3 files, " in text


def test_a_missing_record_fails_with_strict(site: Site) -> None:
    site.install("a", record=None)
    site.install("b")
    assert site.verify("--strict") == 1


def test_nothing_verifiable_has_status_2(site: Site) -> None:
    site.install("a", record=None)
    assert site.verify() == 2


def test_an_egg_info_file_is_not_verifiable(site: Site, output: Output) -> None:
    site.write("old-2.0.egg-info", "Metadata-Version: 1.1\nName: old\nVersion: 2.0\n")
    site.verify()
    assert "`old 2.0`> [[ -> not verifiable: " in output()


def test_an_archive_is_not_verifiable(tmp_path: Path, output: Output) -> None:
    wheel = tmp_path / "a-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("a-1.0.dist-info/METADATA", "Name: a\nVersion: 1.0\n")
        archive.writestr("a-1.0.dist-info/RECORD", "a.py,,\n")
    assert demo.main(["--path", str(wheel)]) == 2
    assert "not verifiable: no RECORD, or in an archive" in output()


def test_an_editable_install_is_reported(site: Site, output: Output) -> None:
    origin = '{"dir_info": {"editable": true}, "url": "file:///src"}'
    line = site.write("a-1.0.dist-info/direct_url.json", origin)
    site.install("a", record=[line])
    assert site.verify() == 0
    assert ", editable: its sources are elsewhere]]" in output()


def test_missing_metadata_is_named(site: Site, output: Output) -> None:
    site.install("a")
    metadata = site.folder / "a-1.0.dist-info" / "METADATA"
    metadata.unlink()
    assert site.verify() == 1
    assert output().endswith(f"  a: {metadata} missing\n")


def test_of_two_distributions_of_one_name_the_hidden_one_is_reported(
    site: Site, tmp_path: Path, output: Output
) -> None:
    second = Site(tmp_path / "second")
    site.install("a-b")
    second.install("A_b", version="0.9").unlink()
    assert site.verify("--path", str(second.folder)) == 0
    assert output().startswith(
        f"Not verified: A_b 0.9 in {second.folder.resolve()}, "
        f"hidden by a-b 1.0 in {site.folder.resolve()}.\n"
    )


# --- progress


def test_progress_is_shown_on_a_terminal_and_erased(
    site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    site.install("a")
    site.verify()
    assert capsys.readouterr().err.endswith("\r\033[K")


def test_without_a_terminal_a_short_run_shows_no_progress(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.install("a")
    site.verify()
    assert capsys.readouterr().err == ""


def test_progress_counts_verified_distributions(site: Site) -> None:
    site.install("a")
    site.install("b")
    jobs, _ = demo.find_distributions([str(site.folder)])
    assert demo.progress_line([*jobs.values()]) == "0 of 2 distributions, now none"
