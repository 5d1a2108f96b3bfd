"""`list`: for people, and as JSON."""

from __future__ import annotations

import json

import pytest

GROUPS = """
    print("loading")
    import subprocess, sys
    subprocess.run([sys.executable, "-I", "-S", "-c", "print('by a program')"])
    from asynciojobs import Job, Limit, PureScheduler, Scheduler
    async def work(): pass
    class Detailed(Job):
        def details(self):
            return "two\\nlines"
    inside = Detailed(work(), label="inside", timeout=3, critical=False)
    group = Scheduler(inside, label="group", jobs_window=2, limits=(Limit(3), 2))
    last = Job(work, required=group, forever=True, limits=Limit(1, "gpu"))
    it = PureScheduler(group, last, keep_going=True, timeout=60)
"""

COMMON = {"critical": True, "forever": False, "limits": [], "requires": []}


def test_the_jobs_are_listed(folder):
    assert folder.call("list", "lab.py") == (
        0,
        (
            "1 !   ·   <Job `boot`> [not done]\n"
            "2 !   ·   <Job `measure`> [not done] requires={1}\n"
            "3 !   ·   <Scheduler `inner`> [not done] requires={2} -> entries={4}\n"
            "4 !   ·   > <Job `in`> [not done]\n"
            "3 --end-- < <Scheduler `inner`> exits={4}\n"
        ),
        "",
    )


def test_details_are_added(folder):
    folder.write("groups.py", GROUPS)
    out = folder.call("list", "groups.py", "--details").out
    assert "> <Detailed `inside`> [not done]\n            two\n            lines\n" in out


def test_json_has_everything_and_nothing_else_is_on_stdout(folder):
    folder.write("groups.py", GROUPS)
    ended = folder.spawn("list", "groups.py", "--json")
    assert sorted(ended.err.splitlines()) == ["by a program", "loading"]
    assert json.loads(ended.out) == {
        "scheduler": "<PureScheduler of 2 jobs>",
        "timeout": 60,
        "jobs_window": None,
        "keep_going": True,
        "jobs": [
            {
                **COMMON,
                "id": "1",
                "label": "group",
                "class": "Scheduler",
                "path": ["group"],
                "scheduler": None,
                "limits": [{"limit": None, "slots": 2}],
                "timeout": None,
                "jobs_window": 2,
                "keep_going": False,
            },
            {
                **COMMON,
                "id": "2",
                "label": "inside",
                "class": "Detailed",
                "path": ["group", "inside"],
                "scheduler": "1",
                "critical": False,
                "timeout": 3,
            },
            {
                **COMMON,
                "id": "3",
                "label": "work()",
                "class": "Job",
                "path": ["work()"],
                "scheduler": None,
                "requires": ["1"],
                "forever": True,
                "limits": [{"limit": "gpu", "slots": 1}],
                "timeout": None,
            },
        ],
    }


def test_json_has_details_if_asked_to(folder):
    folder.write("groups.py", GROUPS)
    jobs = json.loads(folder.call("list", "groups.py", "--json", "--details").out)["jobs"]
    assert [job["details"] for job in jobs] == [None, "two\nlines", None]


CYCLE = (
    "asynciojobs: the requirements have a cycle of 2 jobs, <AbstractJob `a`> → "
    "<AbstractJob `b`> → <AbstractJob `a`>: break it with requires(…, remove=True)\n"
)


@pytest.mark.parametrize(
    ("option", "out"),
    [
        (
            "--details",
            "!   ·   <AbstractJob `a`> [not done]\n!   ·   <AbstractJob `b`> [not done]\n",
        ),
        ("--json", ""),
    ],
)
def test_with_a_cycle_there_is_no_order(folder, option, out):
    folder.write(
        "cycle.py",
        """
        from asynciojobs import AbstractJob, PureScheduler
        a, b = AbstractJob(label="a"), AbstractJob(label="b")
        it = PureScheduler(a.requires(b), b.requires(a))
        """,
    )
    assert folder.call("list", "cycle.py", option) == (4, out, CYCLE)


def test_what_is_nested_in_itself_can_not_be_listed(folder, told):
    folder.write(
        "self.py",
        """
        from asynciojobs import Scheduler
        s = Scheduler(label="s"); s.jobs.add(s)
        """,
    )
    assert told("list", "self.py:s", status=4) == "<Scheduler `s`> is nested in itself"
