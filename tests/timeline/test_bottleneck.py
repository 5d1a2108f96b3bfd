"""What `scheduler.bottleneck()` returns: the chain of jobs that held up a run."""

from __future__ import annotations

import asyncio
import itertools
import math
import random

import pytest

from asynciojobs import Job, Limit, LinkKind, PureScheduler, Scheduler
from asynciojobs_testkit import FakeClock, FakeJob, dag

START, REQUIREMENT, SLOT = LinkKind.START, LinkKind.REQUIREMENT, LinkKind.SLOT


def job(label, takes=1.0, **options):
    """Return a job that sleeps, and may have limits."""
    return Job(asyncio.sleep, takes, label=label, **options)


def links(scheduler):
    """Return the links of a bottleneck: the label of each, its kind and its seconds."""
    return [
        (" > ".join(link.path), str(link.kind), link.seconds) for link in scheduler.bottleneck()
    ]


def places(scheduler):
    return [(wait.place, wait.seconds) for wait in scheduler.bottleneck().waits]


# -- requirements


def test_the_requirement_that_ended_last_comes_before(run):
    scheduler = dag("a>c, b>c, c>d")
    scheduler["b"].takes = 4
    assert links(run(scheduler)) == [
        ("b", "start", 4.0),
        ("c", "requirement", 1.0),
        ("d", "requirement", 1.0),
    ]


def test_the_job_that_ends_last_comes_last(run):
    scheduler = dag("a>b, c")
    scheduler["c"].takes = 9
    assert links(run(scheduler)) == [("c", "start", 9.0)]


def test_jobs_that_take_no_time_are_links(run):
    assert links(run(dag("a>b>c", takes=0))) == [
        ("a", "start", 0.0),
        ("b", "requirement", 0.0),
        ("c", "requirement", 0.0),
    ]


def test_a_requirement_that_was_removed_since_is_not_found(run):
    scheduler = run(dag("a>b"))
    scheduler["b"].requires(scheduler["a"], remove=True)
    assert links(scheduler) == [("b", "start", 2.0)]


def test_a_requirement_that_was_cancelled_before_it_started(run):
    waiting = job("waiting", critical=False, required=(slow := job("slow", 5)))

    async def cancel():
        await asyncio.sleep(1)
        waiting.cancel()

    last = job("last", 7, required=waiting)
    assert links(run(PureScheduler(Job(cancel, label="first"), slow, waiting, last))) == [
        ("waiting", "start", 1.0),
        ("last", "requirement", 7.0),
    ]


# -- slots


def test_the_job_that_gave_its_slot_comes_before(run):
    scheduler = dag("a, b, c", jobs_window=1)
    scheduler["b"].takes = 5
    assert links(run(scheduler)) == [
        ("a", "start", 1.0),
        ("b", "slot", 5.0),
        ("c", "slot", 1.0),
    ]
    assert places(scheduler) == [("a slot of the window (jobs_window=1)", 6.0)]


def test_a_link_knows_where_and_how_long_its_job_waited(run):
    scheduler = run(dag("a, b", jobs_window=1, label="boots"))
    first, second = scheduler.bottleneck()
    assert (first.at, first.slots, first.waited) == (None, None, 0.0)
    assert (second.at, second.slots, second.waited) == (scheduler, 1, 1.0)
    assert (second.start, second.end, second.job) == (1.0, 2.0, scheduler["b"])
    assert second.waiter is second.span


def test_the_job_that_gave_a_limit_comes_before(run):
    ssh = Limit(1, "ssh")
    a, b = job("a", 3, limits=ssh), job("b", 2, limits=ssh)
    scheduler = run(PureScheduler(a, b))
    assert links(scheduler) == [("a", "start", 3.0), ("b", "limit", 2.0)]
    assert scheduler.bottleneck()[1].at is ssh
    assert places(scheduler) == [("a slot of the limit `ssh` (1 slot)", 3.0)]


def test_a_limit_without_a_label(run):
    limit = Limit(2)
    scheduler = run(PureScheduler(*(job(str(n), limits=(limit, 2)) for n in range(2))))
    assert places(scheduler) == [("a slot of a limit (2 slots)", 1.0)]


def test_the_limit_counts_that_was_given_back_last(run):
    ssh, gpu = Limit(1, "ssh"), Limit(1, "gpu")
    a, b = job("a", 3, limits=ssh), job("b", 2, limits=gpu)
    both = job("both", 1, limits=[gpu, ssh])
    assert links(run(PureScheduler(a, b, both))) == [
        ("a", "start", 3.0),
        ("both", "limit", 1.0),
    ]


def test_a_job_that_gave_both_a_slot_and_a_limit(run):
    # as in listings: a job that waits for a limit and the window is said to wait for the limit
    ssh = Limit(1, "ssh")
    jobs = job("a", 3), job("b", 2, limits=ssh), job("c", 5, limits=ssh)
    assert links(run(PureScheduler(*jobs, jobs_window=2))) == [
        ("b", "start", 2.0),
        ("c", "limit", 5.0),
    ]


def test_a_window_that_was_full_longer_than_a_limit(run):
    ssh = Limit(1, "ssh")
    jobs = job("a", 3), job("b", 2, limits=ssh), job("x", 9), job("c", 9, limits=ssh)
    assert links(run(PureScheduler(*jobs, jobs_window=2))) == [
        ("a", "start", 3.0),
        ("c", "slot", 9.0),
    ]


def test_a_limit_that_jobs_of_two_schedulers_share(run):
    ssh = Limit(1, "ssh")
    left = Scheduler(job("prepare", 1), label="left")
    (prepare,) = left.jobs
    left.add(job("copy", 4, limits=ssh, required=prepare))
    right = Scheduler(wait := job("wait", 2), label="right")
    right.add(job("paste", 3, limits=ssh, required=wait))
    assert links(run(PureScheduler(left, right))) == [
        ("left > prepare", "start", 1.0),
        ("left > copy", "requirement", 4.0),
        ("right > paste", "limit", 3.0),
    ]


def test_a_limit_that_another_run_holds():
    ssh = Limit(1, "ssh")
    first = job("first", 1)
    mine = PureScheduler(first, job("a", 2, limits=ssh, required=first))
    others = PureScheduler(job("b", 4, limits=ssh))

    async def both():
        await asyncio.gather(others.co_run(), mine.co_run())

    FakeClock().run(both())
    assert links(mine) == [("first", "start", 1.0), ("a", "limit", 5.0)]
    assert places(mine) == [("a slot of the limit `ssh` (1 slot)", 3.0)]


def test_a_window_that_was_made_larger(run):
    inner = dag("b, c", jobs_window=1, takes=10, label="inner")

    async def widen():
        await asyncio.sleep(2)
        inner.jobs_window = 2

    assert links(run(PureScheduler(inner, Job(widen, label="widen")))) == [
        ("inner > c", "slot", 12.0)
    ]
    assert places(inner) == [("a slot of `inner` (jobs_window=1)", 2.0)]


def test_a_window_that_was_made_larger_inside_of_a_scheduler_that_waited(run):
    inner = dag("b, c", jobs_window=1, takes=10, label="inner")

    def widen():
        inner.jobs_window = 2

    async def first():
        asyncio.get_running_loop().call_later(7, widen)
        await asyncio.sleep(5)

    outer = Scheduler(Job(first, label="first"), inner, jobs_window=1, label="outer")
    assert links(run(outer)) == [("first", "start", 5.0), ("inner > c", "slot", 12.0)]
    assert places(outer) == [("a slot of `inner` (jobs_window=1)", 2.0)]


def test_many_jobs_that_take_no_time_behind_one_slot(run):
    jobs = [FakeJob("first", takes=5), *(FakeJob(str(n)) for n in range(300))]
    scheduler = run(PureScheduler(*jobs, jobs_window=1))
    assert links(scheduler) == [("first", "start", 5.0), ("299", "slot", 0.0)]


def test_time_that_several_jobs_waited_counts_once(run):
    scheduler = run(
        PureScheduler(*(FakeJob(str(n), takes=1) for n in range(100)), jobs_window=2)
    )
    assert len(links(scheduler)) == 50
    assert places(scheduler) == [("a slot of the window (jobs_window=2)", 49.0)]


# -- nested schedulers


def test_the_chain_goes_through_nested_schedulers(run):
    prepare = FakeJob("prepare", takes=1)
    inner = Scheduler(
        FakeJob("h1", takes=2), FakeJob("h2", takes=3), jobs_window=1, label="boots"
    ).requires(prepare)
    scheduler = run(PureScheduler(prepare, inner, FakeJob("tidy", takes=1, required=inner)))
    assert links(scheduler) == [
        ("prepare", "start", 1.0),
        ("boots > h1", "requirement", 2.0),
        ("boots > h2", "slot", 3.0),
        ("tidy", "requirement", 1.0),
    ]


def test_a_scheduler_that_waited_for_a_slot(run):
    first, second = (Scheduler(FakeJob(it, takes=3), label=it.upper()) for it in "ab")
    scheduler = run(PureScheduler(first, second, jobs_window=1))
    assert links(scheduler) == [("A > a", "start", 3.0), ("B > b", "slot", 3.0)]
    link = scheduler.bottleneck()[1]
    assert (link.waiter.label, link.waited, link.at) == ("B", 3.0, scheduler)


def test_two_windows(run):
    inner = Scheduler(
        FakeJob("x", takes=2), FakeJob("y", takes=2), jobs_window=1, label="inner"
    )
    scheduler = Scheduler(FakeJob("a", takes=5), inner, jobs_window=1, label="outer")
    assert places(run(scheduler)) == [
        ("a slot of `outer` (jobs_window=1)", 5.0),
        ("a slot of `inner` (jobs_window=1)", 2.0),
    ]


def test_a_nested_scheduler_without_jobs_is_a_link(run):
    empty = Scheduler(label="empty")
    assert links(run(PureScheduler(empty, FakeJob("a", takes=1, required=empty)))) == [
        ("empty", "start", 0.0),
        ("a", "requirement", 1.0),
    ]


def test_the_shutdown_of_a_nested_scheduler_is_a_link(run):
    inner = Scheduler(FakeJob("a", takes=1, shutdown_takes=0.5), label="inner")
    assert links(run(PureScheduler(inner))) == [
        ("inner > a", "start", 1.0),
        ("inner", "end", 0.5),
    ]


def test_many_levels(run):
    scheduler = Scheduler(FakeJob("a", takes=1), FakeJob("b", takes=1), jobs_window=1)
    for _ in range(150):
        scheduler = Scheduler(scheduler)
    assert [link.seconds for link in run(scheduler).bottleneck()] == [1.0, 1.0]


# -- how runs end


def test_the_clean_up_of_a_forever_job_is_a_link(run):
    scheduler = dag("a, server")
    server = scheduler["server"]
    server.forever, server.takes, server.cleanup = True, 60, 2
    assert links(run(scheduler)) == [("a", "start", 1.0), ("server", "end", 2.0)]


def test_the_clean_up_of_a_nested_forever_job_is_a_link(run):
    inner = dag("a, server", label="inner")
    server = inner["server"]
    server.forever, server.takes, server.cleanup = True, 60, 2
    assert links(run(PureScheduler(inner, FakeJob("b", takes=1, required=inner)))) == [
        ("inner > a", "start", 1.0),
        ("inner > server", "end", 2.0),
        ("b", "requirement", 1.0),
    ]


def test_only_forever_jobs(run):
    scheduler = dag("a, b")
    for each in scheduler.jobs:
        each.forever = True
    scheduler["b"].takes = 3
    assert links(run(scheduler)) == [("b", "start", 3.0)]


def test_a_failure_that_ended_the_run_is_the_last_job(run):
    scheduler = dag("a>bad, slow", critical=False)
    scheduler["bad"].raises = OSError("no disk")
    scheduler["slow"].takes, scheduler["slow"].cleanup = 60, 1
    assert links(run(scheduler)) == [
        ("a", "start", 1.0),
        ("bad", "requirement", 1.0),
        ("slow", "end", 1.0),
    ]


def test_a_failure_of_a_forever_job_that_ended_the_run(run):
    scheduler = dag("server, a", critical=False)
    server = scheduler["server"]
    server.forever, server.takes, server.raises = True, 3, OSError("no route")
    scheduler["a"].takes, scheduler["a"].cleanup = 60, 1
    assert links(run(scheduler)) == [("server", "start", 3.0), ("a", "end", 1.0)]


def test_a_failure_in_a_run_that_keeps_going(run):
    scheduler = dag("bad, a>b", critical=False)
    scheduler["bad"].raises = OSError("no disk")
    scheduler.keep_going = True
    assert links(run(scheduler)) == [("a", "start", 1.0), ("b", "requirement", 1.0)]


def test_a_timeout(run):
    scheduler = dag("a>b>c, d", critical=False, takes=2)
    scheduler.timeout = 3
    assert links(run(scheduler)) == [("a", "start", 2.0), ("b", "requirement", 1.0)]


def test_a_run_that_was_stopped(run):
    scheduler = dag("a>b", takes=4)

    async def stop():
        await asyncio.sleep(6)
        scheduler.stop()

    scheduler.add(Job(stop, label="stop"))
    assert links(run(scheduler)) == [("a", "start", 4.0), ("b", "requirement", 2.0)]


def test_a_run_without_jobs(run):
    bottleneck = run(PureScheduler()).bottleneck()
    assert (len(bottleneck), bottleneck.duration) == (0, 0.0)
    assert str(bottleneck).splitlines()[-1] == "No job ran in < 1 ms."


def test_a_job_that_ignored_its_cancellation_is_a_link_too(run):
    scheduler = dag("bad, deaf", critical=False)
    scheduler["bad"].raises = OSError("no disk")
    scheduler["deaf"].takes, scheduler["deaf"].deaf = 4, 9
    assert links(run(scheduler)) == [("bad", "start", 1.0), ("deaf", "end", 3.0)]
    assert str(scheduler.timeline().spans[1].outcome) == "done"


def test_a_timeout_with_a_forever_job(run):
    scheduler = dag("a>b, server", critical=False, takes=2)
    scheduler["server"].forever, scheduler.timeout = True, 3
    scheduler["server"].takes = 60
    assert links(run(scheduler)) == [("a", "start", 2.0), ("b", "requirement", 1.0)]


def test_a_run_that_goes_on():
    scheduler = dag("a>b, server, x>c", takes=2)
    scheduler["server"].forever = True
    scheduler["server"].takes, scheduler["b"].takes = 60, 60
    scheduler["x"].takes, scheduler["c"].takes = 1, 9

    async def look():
        task = asyncio.ensure_future(scheduler.co_run())
        await asyncio.sleep(3)
        found = links(scheduler)
        await task
        return found

    assert FakeClock().run(look()) == [("x", "start", 1.0), ("c", "requirement", 2.0)]


def test_a_job_that_joined_the_run(run):
    scheduler = PureScheduler()

    async def find():
        await asyncio.sleep(2)
        scheduler.add(FakeJob("found", takes=1))

    scheduler.add(Job(find, label="find"))
    assert links(run(scheduler)) == [("found", "start", 3.0)]


# -- any run


def some_scheduler(chance, depth=0):
    """Return a scheduler of random jobs, some of them nested, with windows and limits."""
    limits = [Limit(chance.randint(1, 3), name) for name in ("ssh", "gpu")]
    return build(chance, limits, depth)


async def fail(seconds):
    await asyncio.sleep(seconds)
    raise OSError("no disk")


def build(chance, limits, depth):
    jobs = []
    for n in range(chance.randint(1, 8)):
        takes = chance.choice([0, 0, 0.5, 1, 1, 2, 3.25])
        if depth < 2 and chance.random() < 0.25:
            new = build(chance, limits, depth + 1)
        elif chance.random() < 0.05:
            new = Job(fail, takes, label="bad", critical=chance.random() < 0.5)
        else:
            needs = chance.choice([None, None, limits[0], limits[1], limits])
            new = job(f"{depth}.{n}", takes, limits=needs, forever=chance.random() < 0.1)
        new.requires(chance.sample(jobs, min(len(jobs), chance.choice([0, 1, 1, 2]))))
        jobs.append(new)
    return Scheduler(
        *jobs,
        jobs_window=chance.choice([None, 1, 2, 3]),
        timeout=chance.choice([None, None, None, 4]),
        critical=False,
        keep_going=chance.random() < 0.3,
        label=f"level {depth}",
    )


@pytest.mark.parametrize("seed", range(150))
def test_the_links_cover_the_run_without_gaps(run, seed):
    scheduler = run(some_scheduler(random.Random(seed)))
    chain = scheduler.bottleneck()
    moments = [link.start for link in chain] + [link.end for link in chain][-1:]
    assert moments[:1] + moments[-1:] == [0.0, scheduler.duration()]
    assert [link.end for link in chain][:-1] == moments[1:-1]
    assert math.isclose(sum(link.seconds for link in chain), chain.duration, abs_tol=1e-9)
    assert all(link.seconds >= 0 for link in chain)


@pytest.mark.parametrize("seed", range(150))
def test_each_link_follows_from_the_one_before(run, seed):
    chain = run(some_scheduler(random.Random(seed))).bottleneck()
    for before, link in itertools.pairwise(chain):
        if link.kind is REQUIREMENT:
            required = {it for span in up(link.span) for it in span.job.required}
            assert required & {span.job for span in up(before.span)}
        elif link.kind is not LinkKind.END and link.at is not None:
            assert link.waited > 0
            assert link.waiter in up(link.span)
        elif link.kind is START:
            pytest.fail(f"{link} is not the first")
    assert len({(id(link.job), link.kind is LinkKind.END) for link in chain}) == len(chain)


def up(span):
    """Return a span, and the spans of the schedulers around it."""
    found = []
    while span is not None:
        found.append(span)
        span = span.around
    return found


# -- as a sequence, and as text


def test_it_is_a_sequence(run):
    chain = run(dag("a>b>c")).bottleneck()
    labels = [link.job.label for link in chain]
    assert (labels, len(chain), chain[-1].job.label) == (["a", "b", "c"], 3, "c")
    assert [link.job.label for link in chain[1:]] == ["b", "c"]
    assert repr(chain) == "<Bottleneck of 3 links>"


def test_the_sentence_of_a_run_that_waited():
    # 3 h 12 min, and 41 % of that
    boots = Scheduler(
        FakeJob("h1", takes=4723), FakeJob("h2", takes=6797), jobs_window=1, label="boots"
    )
    with FakeClock().installed():
        boots.run()
    assert boots.bottleneck().sentence == (
        "41 % of 3 h 12 min was waiting for a slot of `boots` (jobs_window=1)."
    )


def test_the_sentence_of_a_run_that_waited_for_nothing(run):
    inner = Scheduler(
        FakeJob("b", takes=9), label="inner", required=(a := FakeJob("a", takes=3))
    )
    assert run(PureScheduler(a, inner)).bottleneck().sentence == (
        "No job of this chain waited for a slot; 75 % of 12.0 s was `inner > b`."
    )


def test_the_table(run):
    scheduler = dag("prepare>a b", jobs_window=1, label="lab")
    scheduler["b"].takes = 2.5
    assert str(run(scheduler).bottleneck()) == (
        "from  seconds  share  waited for   job\n"
        "   0        1   22 %  start        prepare\n"
        "   1        1   22 %  requirement  a\n"
        "   2      2.5   56 %  slot         b\n"
        "22 % of 4.5 s was waiting for a slot of `lab` (jobs_window=1)."
    )


def test_the_table_shows_the_40_longest_links(run):
    scheduler = run(
        PureScheduler(*(FakeJob(str(n), takes=n + 1) for n in range(60)), jobs_window=1)
    )
    lines = str(scheduler.bottleneck()).splitlines()
    assert (len(lines), lines[-2]) == (43, "… 20 more")
    assert [line.split()[-1] for line in lines[1:41]] == [str(n) for n in range(20, 60)]


def test_a_long_path_is_cut(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    inner = Scheduler(FakeJob("y" * 30, takes=1), label="x" * 30)
    line = str(run(PureScheduler(inner)).bottleneck()).splitlines()[1]
    assert line == f"   0        1  100 %  start       {'x' * 25}…"


def test_a_run_that_took_no_time(run):
    lines = str(run(dag("a", takes=0)).bottleneck()).splitlines()
    assert lines[1:] == [
        "   0        0    0 %  start       a",
        "No job of this chain waited for a slot; 0 % of < 1 ms was `a`.",
    ]
