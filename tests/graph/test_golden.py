"""The DOT texts of small examples, byte for byte, with any hash seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"

# Programs, so that another Python can run them; each one defines `scheduler`.
EXAMPLES = {
    "sequence": """
from asynciojobs import AbstractJob, Scheduler, Sequence
jobs = [AbstractJob(label=label) for label in ("get", "unpack", "build")]
scheduler = Scheduler(Sequence(*jobs))
""",
    "nested": r"""
from asynciojobs import AbstractJob, Scheduler
class Check(AbstractJob):
    def graph_label(self):
        return 'check "all"\nin C:\\new & <b>'
fetch = AbstractJob(label="fetch")
compile = AbstractJob(label="compile")
link = AbstractJob(label="link", required=compile)
build = Scheduler(compile, link, label="build", required=fetch)
check = Check(required=build)
scheduler = Scheduler(fetch, build, check, label="not shown")
""",
    "kinds": """
from asynciojobs import AbstractJob, Scheduler
both = [False, True]
scheduler = Scheduler(
    *(kind(label=f"{forever=} {critical=}", forever=forever, critical=critical)
      for kind in (AbstractJob, Scheduler) for forever in both for critical in both),
)
""",
    "empty": """
from asynciojobs import AbstractJob, Scheduler
before = AbstractJob(label="before")
empty = Scheduler(label="空", required=before)
scheduler = Scheduler(before, empty, AbstractJob(label="after", required=empty))
""",
    "cycle": """
from asynciojobs import AbstractJob, Scheduler
a, b, c, elsewhere = (AbstractJob(label=label) for label in ("a", "b", "c", "elsewhere"))
a.requires(b, elsewhere); b.requires(a); c.requires(b)
nested = Scheduler(c, a, b, label="round")
nested.required.add(nested)
scheduler = Scheduler(nested)
""",
    "skipped": """
from asynciojobs import Scheduler
from asynciojobs_testkit import FakeClock, FakeJob
boot = FakeJob("boot h2", takes=2, raises=OSError("no route to host"))
probe = FakeJob("probe", forever=True, required=boot)
measure = Scheduler(FakeJob("iperf"), label="measure h2", required=boot)
compare = FakeJob("compare", required=measure)
scheduler = Scheduler(
    boot, probe, measure, compare, FakeJob("boot h1", takes=3), keep_going=True, critical=False
)
with FakeClock().installed():
    scheduler.run()
""",
}

OPTIONS = {"skipped": {"status": True}}


def scheduler_of(name):
    names = {}
    exec(EXAMPLES[name], names)
    return names["scheduler"]


def text_of(scheduler, name):
    return scheduler.dot_format(**OPTIONS.get(name, {}))


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_text_of_an_example_is_its_golden_file(name):
    assert text_of(scheduler_of(name), name) == (GOLDEN / f"{name}.dot").read_text("utf-8")


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_text_is_the_same_each_time(name):
    scheduler = scheduler_of(name)
    texts = {
        scheduler.dot_format(),
        scheduler.dot_format(),
        scheduler.graph().source,
        (scheduler.dot_format(depth=0), scheduler.dot_format())[1],
        scheduler_of(name).dot_format(),
    }
    assert len(texts) == 1


def test_each_golden_file_has_its_example():
    assert sorted(path.stem for path in GOLDEN.iterdir()) == sorted(EXAMPLES)


@pytest.mark.parametrize("seed", ["0", "1", "4242"])
def test_the_text_does_not_depend_on_the_hash_seed(seed):
    show = "import sys; sys.stdout.buffer.write(scheduler.dot_format(**{}).encode())"
    program = "\n".join(
        f"{text}\n{show.format(OPTIONS.get(name, {}))}" for name, text in EXAMPLES.items()
    )
    done = subprocess.run(
        [sys.executable, "-"],
        input=program.encode(),
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        check=True,
    )
    assert done.stdout == b"".join((GOLDEN / f"{name}.dot").read_bytes() for name in EXAMPLES)
