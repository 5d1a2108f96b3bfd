"""The project in `examples/downstream`, installed from wheels into its own venv."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import sysconfig
import venv
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PACKAGES = [ROOT / "packages" / name for name in ("asynciojobs-core", "asynciojobs-testkit")]
MISSING = [name for name in ("hatchling", "pip") if importlib.util.find_spec(name) is None]

# In one process, which is quicker than three.
BUILD = """
import os, sys
from hatchling.build import build_wheel
wheels, *folders = sys.argv[1:]
for folder in folders:
    os.chdir(folder)
    build_wheel(wheels)
"""


def run(*command: object, folder: Path = ROOT) -> str:
    """Run a command; return what it printed.

    Python gets `-I`: PYTHONPATH may have the sources, which would hide the wheels.
    """
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def with_requirements(name: str) -> set[str]:
    """Return a distribution, and all that it requires here."""
    needed = map(Requirement, distribution(name).requires or [])
    chosen = [it.name for it in needed if not it.marker or it.marker.evaluate({"extra": ""})]
    return {name}.union(*map(with_requirements, chosen))


def lend(name: str, site: Path) -> None:
    """Let a venv have what is installed here, so that it needs no network."""
    found = distribution(name)
    for top in {file.parts[0] for file in found.files or []} - {"..", "__pycache__"}:
        (site / top).symlink_to(str(found.locate_file(top)))


def new_venv(path: Path) -> Path:
    """Make a venv with pytest; return its Python."""
    venv.create(path, symlinks=True)
    places = {"base": str(path), "platbase": str(path)}
    for name in with_requirements("pytest"):
        lend(name, Path(sysconfig.get_path("purelib", "venv", places)))
    return Path(sysconfig.get_path("scripts", "venv", places), "python")


@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not let everybody link files")
def test_the_tests_of_a_project_with_the_testkit_pass_in_a_venv_of_wheels(
    tmp_path: Path,
) -> None:
    project, wheels = tmp_path / "project", tmp_path / "wheels"
    shutil.copytree(ROOT / "examples/downstream", project)
    run(sys.executable, "-I", "-c", BUILD, wheels, *PACKAGES, project)
    shutil.rmtree(project / "src")  # the wheels have it
    python = new_venv(tmp_path / "venv")
    pip = [sys.executable, "-I", "-m", "pip", "--python", python, "--quiet"]
    run(*pip, "install", "--no-index", "--find-links", wheels, "night-backup[test]")
    run(python.with_name("night-backup"), "--help", folder=tmp_path)
    passed = run(python, "-I", "-m", "pytest", "-p", "no:cacheprovider", folder=project)
    assert " passed in " in passed
