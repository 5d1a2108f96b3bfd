"""Prepares a release: ./hatchw run build:release 1.1.0; add --dry-run to look first.

It sets the version where it is defined and in all pins, dates the changelog's first section,
opens a new section, and builds the three sdists and wheels into dist/1.1.0. If anything fails,
all files are as before. It commits nothing and uploads nothing; at the end, it says what to do
next.
"""

from __future__ import annotations

import argparse
import difflib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).parents[1]
DISTRIBUTIONS = ("asynciojobs-core", "asynciojobs-graph", "asynciojobs-testkit")

VERSION_FILE = "packages/asynciojobs-core/src/asynciojobs/version.py"
CHANGELOG = "CHANGELOG.md"
CITATION = "CITATION.cff"
WITH_PINS = ("packages/*/pyproject.toml", "README.md", "packages/*/README.md", "docs/**/*.md")

LITERAL = re.compile(r'^__version__ = "(?P<version>[^"]+)"$', re.MULTILINE)
HEADING = re.compile(r"^## (?P<title>.+)\n", re.MULTILINE)
RELEASED = re.compile(r"(?P<version>\S+) \(\d{4}-\d\d-\d\d\)")
OPEN_TITLE = "Unreleased"

Builder = Callable[[Path, Path], None]
"""Builds all distributions of a checkout into a folder."""


class RefusedError(Exception):
    """The release can't be made; the message says why, and what to do."""


def main(
    arguments: Sequence[str] | None = None,
    *,
    root: Path = ROOT,
    today: date | None = None,
    builder: Builder | None = None,
) -> int:
    """Prepare a release, and return the exit status."""
    options = parsed(arguments)
    try:
        texts = planned(root, options.version, today or date.today())
        if options.dry_run:
            print_difference(root, texts)
        else:
            release(root, options.version, texts, builder or build)
    except RefusedError as refusal:
        print(f"release: {refusal}", file=sys.stderr)
        return 1
    return 0


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(prog="release", description="Prepare a release.")
    parser.add_argument("version", help="the new version, such as 1.1.0")
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would change, and change nothing"
    )
    return parser.parse_args(arguments)


# -- what changes


def planned(root: Path, version: str, today: date) -> dict[str, str]:
    """Return the new texts of all files that change, by their names.

    Raises:
        RefusedError: the release can't be made.
    """
    check_tree(root)
    changelog = read(root, CHANGELOG)
    before = version_in(read(root, VERSION_FILE))
    check_version(version, before, released_in(changelog))
    new = {CHANGELOG: dated(changelog, version, today)}
    new[VERSION_FILE] = LITERAL.sub(f'__version__ = "{version}"', read(root, VERSION_FILE))
    new[CITATION] = cited(read(root, CITATION), version, today)
    for name in files_with_pins(root):
        new[name] = pinned(read(root, name), before, version)
    return {name: text for name, text in new.items() if text != read(root, name)}


def check_tree(root: Path) -> None:
    """Check that everything is committed, so that the release's changes can be seen.

    Raises:
        RefusedError: something is not.
    """
    changes = git(root, "status", "--porcelain").splitlines()
    if changes:
        names = ", ".join(line[3:] for line in changes[:5])
        raise RefusedError(f"not everything is committed ({names}): commit or stash it first")


def check_version(version: str, before: str, released: Sequence[Version]) -> None:
    """Check that a version is larger than all released versions.

    Args:
        version: the new version.
        before: the one in the sources. It may be the new one, if it is not released yet.
        released: the versions with a date in the changelog.

    Raises:
        RefusedError: it is not.
    """
    try:
        new = Version(version)
    except InvalidVersion:
        raise RefusedError(f"{version!r} is not a version: write it as in 1.1.0") from None
    if str(new) != version:
        raise RefusedError(f"{version!r} is not in its usual form: write {new}")
    last = max([Version(before), *released])
    if new < last or new in released:
        raise RefusedError(f"{version} is not larger than {last}: give a larger version")


def version_in(text: str) -> str:
    """Return the version in the text of version.py."""
    found = LITERAL.search(text)
    if found is None:
        raise RefusedError(f'{VERSION_FILE} has no line __version__ = "…": write it again')
    return found["version"]


def released_in(changelog: str) -> list[Version]:
    """Return the versions that have a date in the changelog."""
    titles = [found["title"] for found in HEADING.finditer(changelog)]
    return [Version(found["version"]) for it in titles if (found := RELEASED.fullmatch(it))]


def dated(changelog: str, version: str, today: date) -> str:
    """Return the changelog with its first section dated, and a new section above it.

    Raises:
        RefusedError: the first section is empty, or has a date already.
    """
    first, *others = HEADING.finditer(changelog)
    title = first["title"].lower()
    if OPEN_TITLE.lower() not in title:
        raise RefusedError(
            f"the first section of {CHANGELOG} is {first['title']!r}: put one above it, "
            f"'## {OPEN_TITLE}', and say what has changed"
        )
    end = others[0].start() if others else len(changelog)
    section = changelog[first.end() : end]
    if not re.search(r"^- ", section, re.MULTILINE):
        raise RefusedError(
            f"the first section of {CHANGELOG} has no entries: say what has changed for users, "
            "in lines that begin with '- '"
        )
    headings = f"## {OPEN_TITLE}\n\n## {version} ({today.isoformat()})\n"
    return changelog[: first.start()] + headings + changelog[first.end() :]


def cited(text: str, version: str, today: date) -> str:
    """Return the text of CITATION.cff with a version and its date."""
    text = re.sub(r"^date-released: .*\n", "", text, flags=re.MULTILINE)
    new = f"version: {version}\ndate-released: {today.isoformat()}"
    return re.sub(r"^version: .*$", new, text, flags=re.MULTILINE)


def files_with_pins(root: Path) -> Iterator[str]:
    """Yield the names of the files that may pin our distributions to the version."""
    for pattern in WITH_PINS:
        for path in sorted(root.glob(pattern)):
            yield path.relative_to(root).as_posix()


def pinned(text: str, before: str, version: str) -> str:
    """Return a text with pins of our distributions to another version."""
    ours = r"(?<![\w-])(asynciojobs(?:-graph|-testkit)?(?:\[[\w,]+\])?==)"
    return re.sub(rf"{ours}{re.escape(before)}(?!\w|\.\d)", rf"\g<1>{version}", text)


# -- how it is done


def release(root: Path, version: str, texts: Mapping[str, str], builder: Builder) -> None:
    """Write the new texts, and build; if that fails, restore the old texts."""
    old = {name: read(root, name) for name in texts}
    folder = root / "dist" / version
    try:
        write(root, texts)
        builder(root, folder)
        check_built(folder, version)
    except BaseException:  # Ctrl-C, too
        write(root, old)
        print("release: all files are as before", file=sys.stderr)
        raise
    print(advice(version))


def build(root: Path, folder: Path) -> None:
    """Build the sdists and wheels of all distributions.

    Raises:
        RefusedError: one of them can't be built.
    """
    for name in DISTRIBUTIONS:
        command = [sys.executable, "-m", "build", "--outdir", str(folder), f"packages/{name}"]
        if subprocess.run(command, cwd=root, check=False).returncode:
            raise RefusedError(f"{name} could not be built: the reason is above")


def check_built(folder: Path, version: str) -> None:
    """Check that the files of a release are there, and no others.

    Raises:
        RefusedError: they are not.
    """
    stems = [f"{name}-{version}" for name in ("asynciojobs", "asynciojobs_graph")]
    stems.append(f"asynciojobs_testkit-{version}")
    expected = {f"{it}{end}" for it in stems for end in (".tar.gz", "-py3-none-any.whl")}
    found = {path.name for path in folder.iterdir()} if folder.exists() else set[str]()
    if found != expected:
        names = ", ".join(sorted(found ^ expected))
        raise RefusedError(f"{folder} has not exactly what belongs there ({names}): empty it")


def advice(version: str) -> str:
    """Return what to do next."""
    return f"""
{version} is in dist/{version}. Nothing is committed or uploaded yet. Next:
  git diff                                 look at it
  git commit -am "Release {version}"
  .ci/run                                  from a clean clone of that commit
  git tag -a v{version} -m "asynciojobs {version}"
  git push --follow-tags
  python -m twine upload dist/{version}/*"""


def print_difference(root: Path, texts: Mapping[str, str]) -> None:
    """Print what would change."""
    for name, text in texts.items():
        before, after = read(root, name).splitlines(True), text.splitlines(True)
        print("".join(difflib.unified_diff(before, after, name, name, n=0)), end="")
    print(f"\n{len(texts)} files would change; nothing was written.")


def git(root: Path, *arguments: str) -> str:
    """Return the output of git."""
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RefusedError(f"git failed, so it is not known what is committed: {done.stderr}")
    return done.stdout


def read(root: Path, name: str) -> str:
    """Return the text of a file."""
    return (root / name).read_text("utf-8")


def write(root: Path, texts: Mapping[str, str]) -> None:
    """Write files."""
    for name, text in texts.items():
        (root / name).write_text(text, "utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(main())
