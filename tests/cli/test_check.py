"""`check`: what keeps a scheduler from running, and what may surprise."""

from __future__ import annotations

import pytest

JOBS = """
    from asynciojobs import AbstractJob, Job, Limit, PureScheduler, Scheduler
    class Work(AbstractJob):
        async def co_run(self):
            print("it runs")
    def work(label, *required, **options):
        return Work(label=label, required=required, **options)
    a, b = work("a"), work("b")
    x = work("x", a)
    limit = Limit(2, "ssh")
"""


@pytest.mark.parametrize(
    ("graph", "errors"),
    [
        (
            "a.requires(b); b.requires(a); it = PureScheduler(a, b)",
            [
                (
                    "the requirements have a cycle of 2 jobs, <Work `a`> → <Work `b`> → "
                    "<Work `a`>: break it with requires(…, remove=True)"
                )
            ],
        ),
        (
            "it = PureScheduler(x)",
            [
                (
                    "<Work `x`> requires <Work `a`>, which is not in the same "
                    "scheduler: add it "
                    "there, require the nested scheduler that it is in, or drop the "
                    "requirement "
                    "with sanitize()"
                )
            ],
        ),
        (
            "it = PureScheduler(work('greedy', limits=[(limit, 2)])); limit.slots = 1",
            [
                (
                    "<Work `greedy`> needs 2 slots of <Limit `ssh` 1 of 1 free>, so "
                    "that job could "
                    "never start: give the limit more slots, or let one of them need fewer"
                )
            ],
        ),
        (
            (
                "it = PureScheduler(Scheduler(work('inside', limits=[(limit, 2)]), "
                "label='around', limits=limit))"
            ),
            [
                (
                    "<Scheduler `around`> holds 1 slot of <Limit `ssh` 2 of 2 free> "
                    "while it runs, "
                    "and <Work `inside`> inside it needs 2 more, so that job could "
                    "never start: "
                    "give the limit more slots, or let one of them need fewer"
                )
            ],
        ),
        (
            "s = Scheduler(label='s'); s.jobs.add(s); it = s",
            ["<Scheduler `s`> is nested in itself"],
        ),
        (
            "a.required.add(3); it = PureScheduler(a)",
            [
                (
                    "<Work `a`> requires 3, which is not a job: add requirements with "
                    "requires(), "
                    "which takes sequences and lists, too"
                )
            ],
        ),
        (
            "a.requires(b); b.requires(a); it = PureScheduler(Scheduler(a, b), Scheduler(x))",
            [
                (
                    "the requirements have a cycle of 2 jobs, <Work `a`> → <Work `b`> → "
                    "<Work `a`>: break it with requires(…, remove=True)"
                ),
                (
                    "<Work `x`> requires <Work `a`>, which is not in the same "
                    "scheduler: add it "
                    "there, require the nested scheduler that it is in, or drop the "
                    "requirement "
                    "with sanitize()"
                ),
            ],
        ),
    ],
)
def test_each_problem_is_named(folder, graph, errors):
    folder.write("bad.py", f"{JOBS}\n    {graph}\n")
    ended = folder.call("check", "bad.py:it")
    assert ended.out.splitlines() == [f"error: {error}" for error in errors]
    assert (ended.status, ended.err) == (4, "")


def test_a_required_forever_job_is_a_surprise(folder):
    folder.write(
        "monitor.py",
        JOBS
        + """
    monitor = work("monitor", forever=True)
    also = work("also", monitor, forever=True)
    inner = Scheduler(monitor, also, work("measure", monitor), label="inner")
    it = PureScheduler(inner, work("after", inner))
    """,
    )
    ended = folder.call("check", "monitor.py:it")
    assert ended.out.splitlines() == [
        (
            "warning: <Work `measure`> in <Scheduler `inner`> requires <Work "
            "`monitor`>, which is a "
            "forever job: it starts only once that one has ended by itself"
        ),
        "fine: <PureScheduler of 2 jobs> can run, with 4 jobs in all",
    ]
    assert (ended.status, ended.err) == (0, "")
