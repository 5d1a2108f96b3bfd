"""Run the tests in many worlds: other Pythons, orders, seeds, modes, and parts left out.

    ./hatchw run worlds                  # all that this machine can run; the rest is listed
    ./hatchw run worlds shaken ordered   # some of them
    ./hatchw run worlds --ci             # those that .ci/run runs
    ./hatchw run worlds --list

Eager tasks, uvloop and asyncio's debug mode need no world: the tests themselves use them.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]

OWN = "{}.{}".format(*sys.version_info)
VERSIONS = ("3.11", "3.12", "3.13", "3.14")

ENGINE = ("core", "journal", "timeline", "commands", "testkit")
"""The folders of tests that depend most on the version of Python."""

# Variables set by the hatch that runs this program. The hatch that it starts must not see them.
OURS = re.compile("HATCH_.*|VIRTUAL_ENV|PYTHONPATH")


@dataclass(frozen=True)
class World:
    """A way to run the tests."""

    name: str
    what: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    lacking: Callable[[], str] = lambda: ""
    """Why it can't be run here; empty if it can."""
    part_of: str = ""
    """The world that has all of its tests, and more. It then runs only if it is named."""


def python(version: str) -> World:
    def lacking() -> str:
        return "" if pythons().get(version) else f"Python {version} is not on this machine"

    command = ["test", "--python", version]
    return World(f"python{version}", f"all tests on Python {version}", command, lacking=lacking)


def engine(version: str) -> World:
    """Return what CI runs on a Python that is neither its own nor the one for coverage."""
    whole = python(version)
    what = f"the tests in which Pythons differ most, on Python {version}"
    command = [*whole.command, *(f"tests/{folder}" for folder in ENGINE)]
    name = f"engine{version}"
    return World(name, what, command, lacking=whole.lacking, part_of=whole.name)


def pythons() -> dict[str, str]:
    """Return the Pythons of this machine by version, including those of pyenv."""
    found = {OWN: OWN}
    if pyenv := shutil.which("pyenv"):
        kept = subprocess.run(
            [pyenv, "versions", "--bare"], capture_output=True, text=True, check=False
        )
        releases = [it for it in kept.stdout.split() if re.fullmatch(r"\d+\.\d+\.\d+", it)]
        ours = {it.rpartition(".")[0]: it for it in releases}
        found |= {version: full for version, full in ours.items() if version in VERSIONS}
    for version in VERSIONS:
        if shutil.which(f"python{version}"):
            found.setdefault(version, version)
    return found


def covered() -> str:
    """Return the Python for measuring coverage: one that CI runs anyway."""
    return max(set(pythons()) - {OWN}, default=OWN, key=VERSIONS.index)


def no_compiler() -> str:
    if not shutil.which("cc"):
        return "orderedset is built from C, and there is no cc"
    header = Path(sysconfig.get_path("include"), "Python.h")
    return "" if header.exists() else "orderedset is built from C, and there is no Python.h"


def no_dot() -> str:
    return "" if shutil.which("dot") else "there is no Graphviz to be hidden"


def path_without(left_out: Callable[[Path], bool]) -> str:
    folders = os.environ.get("PATH", "").split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if not left_out(Path(folder)))


COVERED = covered()
# They take half a minute in a browser, and cover nothing that other tests don't.
WITHOUT_VIEWERS = {"PYTEST_ADDOPTS": "--ignore=tests/graph/test_trace_in_viewers.py"}
SHAKEN = {"PYTHONDEVMODE": "1", "PYTHONHASHSEED": "20261"}

WORLDS = [
    *(python(version) for version in VERSIONS),
    *(engine(version) for version in VERSIONS),
    World(
        "cover",
        f"all tests on Python {COVERED}, and a branch coverage of 100 %",
        ["test", "--cover", "--python", COVERED],
        WITHOUT_VIEWERS,
    ),
    World(
        "shaken",
        "the core in random order, with another hash seed, in Python's development mode",
        ["test", "--randomize", "tests/core"],
        SHAKEN,
    ),
    World("seed", "a hash seed of 0", ["test"], {"PYTHONHASHSEED": "0"}),
    World("single", "one process, in order", ["test", "-n", "0"]),
    World("ordered", "the core on orderedset", ["run", "ordered:test"], lacking=no_compiler),
    World(
        "coreonly",
        "the core without asynciojobs-graph, its docstrings without the testkit too; not the "
        "other tests, which need both",
        ["run", "coreonly:test"],
    ),
    World(
        "nodot",
        "pictures without Graphviz",
        ["test", "tests/graph", "tests/docs", "tests/examples"],
        {"PATH": path_without(lambda folder: (folder / "dot").exists())},
        no_dot,
    ),
]


def for_ci() -> set[str]:
    """Return the worlds for CI, without the Python of this run, which is CI's last step."""
    others = set(VERSIONS) - {OWN, COVERED}
    return {*(f"engine{version}" for version in others), "cover", "shaken", "ordered"}


def surroundings(world: World) -> dict[str, str]:
    """Return the environment variables of a world."""
    env = {name: it for name, it in os.environ.items() if not OURS.fullmatch(name)}
    env["PATH"] = path_without(lambda folder: folder == Path(sys.executable).parent)
    if shutil.which("pyenv"):  # pyenv shows only the Pythons that are named here
        env["PYENV_VERSION"] = ":".join(sorted(pythons().values()))
    return env | world.env


def result_of(world: World) -> str:
    """Run the tests in a world; return "passed", "FAILED", or why it was left out."""
    reason = world.lacking()
    if reason:
        return f"LEFT OUT: {reason}"
    print(f"\n== {world.name}: {world.what}", flush=True)
    began = time.monotonic()
    command = [str(ROOT / "hatchw"), *world.command]
    done = subprocess.run(command, cwd=ROOT, env=surroundings(world), check=False)
    verdict = "FAILED" if done.returncode else "passed"
    return f"{verdict} ({time.monotonic() - began:.0f} s)"


def main() -> int:
    """Run the chosen worlds, print the results, and return the exit status."""
    parser = argparse.ArgumentParser(description="Run the tests in many worlds.")
    parser.add_argument("--list", action="store_true", help="list the worlds, run nothing")
    parser.add_argument("--ci", action="store_true", help="run those that .ci/run looks at")
    parser.add_argument("names", nargs="*", metavar="NAME", help="all, if none is given")
    options = parser.parse_args()
    if unknown := set(options.names) - {world.name for world in WORLDS}:
        parser.error(f"there is no world {', '.join(sorted(unknown))}: see --list")
    wanted = set(options.names) | (for_ci() if options.ci else set())
    chosen = [it for it in WORLDS if it.name in wanted or not (wanted or it.part_of)]
    if options.list:
        print(*(f"{world.name:12}{world.what}" for world in chosen), sep="\n")
        return 0
    results = {world.name: result_of(world) for world in chosen}
    results |= {it.name: "NOT ASKED FOR" for it in WORLDS if it.name not in results}
    print("\n== worlds", *(f"{name:12}{result}" for name, result in results.items()), sep="\n")
    return int(any(result.startswith("FAILED") for result in results.values()))


if __name__ == "__main__":
    sys.exit(main())
