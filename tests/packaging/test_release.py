"""The release command: what it changes, what it refuses, and that it does all or nothing."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest
import release

ROOT = Path(__file__).parents[2]
DAY = date(2031, 5, 17)
COPIED = [release.VERSION_FILE, release.CHANGELOG, release.CITATION]

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="a release needs git")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout with all files that a release changes, as they are in this one."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):  # set in hooks of git
        monkeypatch.delenv(name, raising=False)
    root = tmp_path / "checkout"
    for name in {*COPIED, *release.files_with_pins(ROOT)}:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes((ROOT / name).read_bytes())
    (root / ".gitignore").write_text("/dist/\n")
    set_changelog(root, "## 1.0.0 (unreleased)\n\n- It runs jobs.\n")
    run_git(root, "init", "--quiet")
    commit(root)
    return root


def run_git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", "-C", root, *identity, *arguments], check=True)


def commit(root: Path) -> None:
    run_git(root, "add", "--all")
    run_git(root, "commit", "--quiet", "--no-verify", "--message", "a change")


def set_changelog(root: Path, sections: str) -> None:
    (root / "CHANGELOG.md").write_text(f"# Changelog\n\n{sections}")


def files(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): path.read_text("utf-8")
        for path in root.rglob("*")
        if path.is_file() and not {".git", "dist"} & set(path.parts)
    }


def fake_builder(root: Path, folder: Path) -> None:
    """Make empty files with the names that a build would give them."""
    version = release.version_in(release.read(root, release.VERSION_FILE))
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("asynciojobs", "asynciojobs_graph", "asynciojobs_testkit"):
        (folder / f"{name}-{version}.tar.gz").touch()
        (folder / f"{name}-{version}-py3-none-any.whl").touch()


def run(root: Path, *arguments: str, builder: release.Builder = fake_builder) -> int:
    return release.main(arguments, root=root, today=DAY, builder=builder)


# -- what it changes


def test_the_version_is_larger_in_the_literal_in_all_pins_and_in_the_citation(checkout):
    assert run(checkout, "1.1.0") == 0
    texts = files(checkout)
    assert '__version__ = "1.1.0"' in texts[release.VERSION_FILE]
    pins = set(re.findall(r"asynciojobs[\w\[\],-]*==([\w.]*\w)", "".join(texts.values())))
    assert pins == {"1.1.0"}
    assert "\nversion: 1.1.0\ndate-released: 2031-05-17\n" in texts[release.CITATION]


def test_pins_of_others_and_other_versions_stay():
    text = "asynciojobs==1.0.0 notasynciojobs==1.0.0 build==1.0.0 asynciojobs==1.0.0rc1 1.0.0"
    assert release.pinned(text, "1.0.0", "2.0.0") == text.replace(
        "asynciojobs==1.0.0 ", "asynciojobs==2.0.0 ", 1
    )


def test_a_pin_at_the_end_of_a_sentence_is_found():
    text = "Install `asynciojobs[graph,dot]==1.0.0`, or asynciojobs-testkit==1.0.0."
    assert release.pinned(text, "1.0.0", "1.0.10") == (
        "Install `asynciojobs[graph,dot]==1.0.10`, or asynciojobs-testkit==1.0.10."
    )


def test_the_changelog_gets_a_date_and_a_new_section(checkout):
    assert run(checkout, "1.1.0") == 0
    assert files(checkout)["CHANGELOG.md"] == (
        "# Changelog\n\n## Unreleased\n\n## 1.1.0 (2031-05-17)\n\n- It runs jobs.\n"
    )


def test_two_releases_follow_each_other(checkout):
    assert run(checkout, "1.0.0") == 0
    changelog = files(checkout)["CHANGELOG.md"].removeprefix("# Changelog\n\n")
    new = changelog.replace("## Unreleased\n", "## Unreleased\n\n- It is quicker.\n")
    set_changelog(checkout, new)
    commit(checkout)
    assert run(checkout, "1.0.1") == 0
    assert files(checkout)["CHANGELOG.md"] == (
        "# Changelog\n\n## Unreleased\n\n## 1.0.1 (2031-05-17)\n\n- It is quicker.\n\n"
        "## 1.0.0 (2031-05-17)\n\n- It runs jobs.\n"
    )
    assert files(checkout)[release.CITATION].count("date-released") == 1


def test_everything_is_built_into_a_folder_of_the_version(checkout, capsys):
    assert run(checkout, "1.1.0") == 0
    assert sorted(it.name for it in (checkout / "dist/1.1.0").iterdir()) == [
        "asynciojobs-1.1.0-py3-none-any.whl",
        "asynciojobs-1.1.0.tar.gz",
        "asynciojobs_graph-1.1.0-py3-none-any.whl",
        "asynciojobs_graph-1.1.0.tar.gz",
        "asynciojobs_testkit-1.1.0-py3-none-any.whl",
        "asynciojobs_testkit-1.1.0.tar.gz",
    ]
    assert "git tag -a v1.1.0" in capsys.readouterr().out


# -- a dry run


def test_a_dry_run_shows_all_changes_and_writes_nothing(checkout, capsys):
    before = files(checkout)
    assert run(checkout, "1.1.0", "--dry-run") == 0
    shown = capsys.readouterr().out
    assert files(checkout) == before
    assert not (checkout / "dist").exists()
    assert '-__version__ = "1.0.0"\n+__version__ = "1.1.0"\n' in shown
    assert "+## 1.1.0 (2031-05-17)\n" in shown
    assert shown.endswith(" files would change; nothing was written.\n")


# -- what it refuses


def assert_refused(root: Path, capsys: pytest.CaptureFixture[str], version: str, why: str):
    before = files(root)
    assert run(root, version) == 1
    assert re.fullmatch(f"release: {why}\n", capsys.readouterr().err)
    assert files(root) == before
    assert not (root / "dist").exists()


def test_a_tree_with_changes_is_refused(checkout, capsys):
    (checkout / "notes.txt").write_text("later")
    why = r"not everything is committed \(notes\.txt\): commit or stash it first"
    assert_refused(checkout, capsys, "1.1.0", why)


@pytest.mark.parametrize("version", ["0.9", "1.0.0rc1", "0.9.12"])
def test_a_version_that_is_smaller_is_refused(checkout, capsys, version):
    why = rf"{re.escape(version)} is not larger than 1\.0\.0: give a larger version"
    assert_refused(checkout, capsys, version, why)


def test_a_version_that_was_released_is_refused(checkout, capsys):
    set_changelog(checkout, "## Unreleased\n\n- New.\n\n## 1.0.0 (2030-01-01)\n\n- Old.\n")
    commit(checkout)
    why = r"1\.0\.0 is not larger than 1\.0\.0: give a larger version"
    assert_refused(checkout, capsys, "1.0.0", why)


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("next", r"'next' is not a version: write it as in 1\.1\.0"),
        ("v1.1.0", r"'v1\.1\.0' is not in its usual form: write 1\.1\.0"),
        ("1.1-beta", r"'1\.1-beta' is not in its usual form: write 1\.1b0"),
    ],
)
def test_what_is_no_version_is_refused(checkout, capsys, version, why):
    assert_refused(checkout, capsys, version, why)


def test_an_empty_changelog_is_refused(checkout, capsys):
    set_changelog(checkout, "## Unreleased\n\n## 1.0.0 (2030-01-01)\n\n- Old.\n")
    commit(checkout)
    why = (
        r"the first section of CHANGELOG\.md has no entries: say what has changed for users, "
        r"in lines that begin with '- '"
    )
    assert_refused(checkout, capsys, "1.1.0", why)


def test_a_changelog_without_an_open_section_is_refused(checkout, capsys):
    set_changelog(checkout, "## 1.0.0 (2030-01-01)\n\n- Old.\n")
    commit(checkout)
    why = (
        r"the first section of CHANGELOG\.md is '1\.0\.0 \(2030-01-01\)': put one above it, "
        r"'## Unreleased', and say what has changed"
    )
    assert_refused(checkout, capsys, "1.1.0", why)


def test_a_folder_that_is_no_checkout_is_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert run(tmp_path, "1.1.0") == 1
    assert "git failed, so it is not known what is committed" in capsys.readouterr().err


# -- what fails


def failing_builder(root: Path, folder: Path) -> None:
    raise release.RefusedError("asynciojobs-core could not be built: the reason is above")


def stopped_builder(root: Path, folder: Path) -> None:
    raise KeyboardInterrupt


def half_a_builder(root: Path, folder: Path) -> None:
    fake_builder(root, folder)
    (folder / "asynciojobs-1.1.0.tar.gz").unlink()


def test_a_build_that_fails_leaves_the_files_as_before(checkout, capsys):
    before = files(checkout)
    assert run(checkout, "1.1.0", builder=failing_builder) == 1
    assert files(checkout) == before
    assert "all files are as before" in capsys.readouterr().err


def test_a_build_that_is_interrupted_leaves_the_files_as_before(checkout):
    before = files(checkout)
    with pytest.raises(KeyboardInterrupt):
        run(checkout, "1.1.0", builder=stopped_builder)
    assert files(checkout) == before


def test_a_build_without_one_of_the_files_fails(checkout, capsys):
    before = files(checkout)
    assert run(checkout, "1.1.0", builder=half_a_builder) == 1
    assert files(checkout) == before
    assert "(asynciojobs-1.1.0.tar.gz): empty it" in capsys.readouterr().err


# -- the real files


def test_the_citation_has_the_version_of_the_sources():
    version = release.version_in(release.read(ROOT, release.VERSION_FILE))
    assert f"\nversion: {version}\n" in release.read(ROOT, release.CITATION)


def test_the_open_section_of_the_changelog_can_be_dated():
    changelog = release.read(ROOT, release.CHANGELOG)
    first, *_ = release.HEADING.finditer(changelog)
    filled = f"{changelog[: first.end()]}\n- An entry.\n{changelog[first.end() :]}"
    assert "\n## 99.0 (2031-05-17)\n\n- An entry.\n" in release.dated(filled, "99.0", DAY)


def test_the_release_builds_every_distribution():
    assert sorted(it.name for it in (ROOT / "packages").iterdir()) == sorted(
        release.DISTRIBUTIONS
    )
