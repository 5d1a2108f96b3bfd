"""How long a scheduler would take, according to `what_if()`."""

from __future__ import annotations

import asyncio
import itertools
import math
import random
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

import pytest

from asynciojobs import (
    CycleError,
    Job,
    Journal,
    Limit,
    MissingRequirementError,
    PureScheduler,
    Scheduler,
)
from asynciojobs.job import needs_of
from asynciojobs_testkit import FakeClock, FakeJob, chain, dag, layers, random_dag, what_if


def job(label, takes=1.0, **options):
    """Return a job that sleeps, and may have limits."""
    return Job(asyncio.sleep, takes, label=label, **options)


def ran(scheduler):
    """Run a scheduler on a fake clock, and return it."""
    with FakeClock().installed():
        scheduler.run()
    return scheduler


def makespans(found):
    return [row.makespan for row in found]


GRAHAM = dict(zip("123456789", (3, 2, 2, 2, 4, 4, 4, 4, 9), strict=True))


def graham():
    """Return the nine jobs of Graham, "Bounds on Multiprocessing Timing Anomalies" (1969)."""
    jobs = {label: FakeJob(label, takes=takes) for label, takes in GRAHAM.items()}
    jobs["9"].requires(jobs["1"])
    for label in "5678":
        jobs[label].requires(jobs["4"])
    return PureScheduler(*jobs.values())


# -- Graham's nine jobs


def test_the_nine_jobs_of_graham_take_longer_with_a_fourth_slot():
    found = what_if(graham(), durations=GRAHAM, jobs_window=range(3, 5))
    assert makespans(found) == [12.0, 15.0]
    assert found.slower == [(found[0], found[1])]


def test_what_was_recorded_counts():
    assert makespans(what_if(ran(graham()), jobs_window=[3, 4])) == [12.0, 15.0]


def test_the_table_says_where_more_slots_are_slower():
    found = what_if(graham(), durations=GRAHAM, jobs_window=range(1, 6))
    assert str(found) == (
        "window  seconds  bound   busy\n"
        "     1       34     34  100 %\n"
        "     2       17     17  100 %\n"
        "     3       12     12   94 %  smallest good\n"
        "     4       15     12   57 %\n"
        "     5       12     12   57 %\n"
        "jobs_window=4 is slower than jobs_window=3: 15.0 s rather than 12.0 s.\n"
        "More slots can also be slower (Graham 1969): only what is in this table was tried."
    )


# -- rows


def test_a_row_for_each_window():
    found = what_if(dag("a b c d>e"), durations=dict.fromkeys("abcde", 60))
    assert [row.jobs_window for row in found] == [*range(1, 17)]
    assert makespans(found)[:5] == [300.0, 180.0, 180.0, 120.0, 120.0]


def test_no_window_at_all():
    found = what_if(
        dag("a, b", jobs_window=1), durations={"a": 1, "b": 1}, jobs_window=[1, None]
    )
    assert [(row.jobs_window, row.makespan) for row in found] == [(1, 2.0), (None, 1.0)]
    assert str(found).splitlines()[2].split()[0] == "none"


def test_a_window_of_zero_is_no_window():
    found = what_if(dag("a, b"), durations={"a": 1, "b": 1}, jobs_window=0)
    assert [(row.jobs_window, row.makespan) for row in found] == [(None, 1.0)]


@pytest.fixture
def ssh_jobs():
    """Return six jobs of one second, which need a limit of two slots."""
    ssh = Limit(2, "ssh")
    return ran(PureScheduler(*(job(str(n), limits=ssh) for n in range(6)), jobs_window=3))


def test_limits_by_label(ssh_jobs):
    found = what_if(ssh_jobs, limits={"ssh": range(1, 5)})
    assert [(row.jobs_window, row.limits, row.makespan) for row in found] == [
        (3, {"ssh": 1}, 6.0),
        (3, {"ssh": 2}, 3.0),
        (3, {"ssh": 3}, 2.0),
        (3, {"ssh": 4}, 2.0),
    ]


def test_windows_and_limits(ssh_jobs):
    found = what_if(ssh_jobs, jobs_window=[1, 6], limits={"ssh": [1, 6]})
    assert [(row.jobs_window, row.limits["ssh"], row.makespan) for row in found] == [
        (1, 1, 6.0),
        (6, 1, 6.0),
        (1, 6, 6.0),
        (6, 6, 1.0),
    ]


def test_a_limit_itself_and_one_number(ssh_jobs):
    (limit,) = needs_of(next(iter(ssh_jobs.jobs)))
    (row,) = what_if(ssh_jobs, jobs_window=None, limits={limit: 6})
    assert (row.limits, row.makespan) == ({"ssh": 6}, 2.0)


def test_a_limit_with_too_few_slots_for_a_job():
    gpu = Limit(2, "gpu")
    found = what_if(
        PureScheduler(job("a", limits=(gpu, 2))), durations={"a": 1}, limits={"gpu": [1, 2]}
    )
    assert [(row.makespan, row.fine) for row in found] == [(math.inf, False), (1.0, True)]
    assert str(found).splitlines()[1].endswith("  a job needs more slots")


def test_only_settings_that_can_not_run():
    gpu = Limit(2, "gpu")
    found = what_if(
        PureScheduler(job("a", limits=(gpu, 2))), durations={"a": 1}, limits={"gpu": 1}
    )
    assert (found.smallest_good, "never" in str(found)) == (None, True)


def test_the_lower_bound_is_the_longest_path_or_the_work():
    found = what_if(dag("a>b, c, d"), durations=dict.fromkeys("abcd", 3), jobs_window=[1, 2, 4])
    assert [row.lower_bound for row in found] == [12.0, 6.0, 6.0]


def test_the_lower_bound_by_a_limit(ssh_jobs):
    found = what_if(ssh_jobs, jobs_window=6, limits={"ssh": [1, 2]})
    assert [row.lower_bound for row in found] == [6.0, 3.0]


def test_how_busy_the_slots_are():
    found = what_if(dag("a>b, c"), durations=dict.fromkeys("abc", 1), jobs_window=[1, 2, None])
    assert [row.busy for row in found] == [1.0, 0.75, None]


def test_how_busy_a_limit_is(ssh_jobs):
    found = what_if(ssh_jobs, jobs_window=[None], limits={"ssh": [4]})
    assert [row.busy for row in found] == [0.75]


def test_a_run_that_takes_no_time():
    found = what_if(dag("a"), durations={"a": 0}, jobs_window=2)
    assert [(row.makespan, row.busy) for row in found] == [(0.0, None)]


def test_the_smallest_setting_within_5_percent():
    found = what_if(
        PureScheduler(*(FakeJob(str(n)) for n in range(100))),
        durations=lambda _: 1,
        jobs_window=[10, 34, 50, 97, 100],
    )
    assert makespans(found) == [10.0, 3.0, 2.0, 2.0, 1.0]
    assert found.smallest_good.jobs_window == 100
    assert what_if(dag("a>b"), durations=dict.fromkeys("ab", 1)).smallest_good.jobs_window == 1


def test_no_window_is_the_largest_setting():
    found = what_if(dag("a, b"), durations=dict.fromkeys("ab", 1), jobs_window=[None, 2])
    assert found.smallest_good.jobs_window == 2


def test_it_is_a_sequence():
    found = what_if(dag("a"), durations={"a": 1}, jobs_window=[1, 2, 3])
    assert (len(found), found[-1].jobs_window, len(found[:2])) == (3, 3, 2)
    assert repr(found) == "<WhatIf of 3 settings>"


# -- as in a real run


def some_scheduler(chance, depth=0, limits=None):
    """Return a scheduler of random jobs, some nested, with windows, limits and timeouts."""
    limits = limits or [Limit(chance.randint(1, 3), name) for name in ("ssh", "gpu")]
    jobs = []
    for n in range(chance.randint(1, 7)):
        if depth < 2 and chance.random() < 0.25:
            new = some_scheduler(chance, depth + 1, limits)
        else:
            needs = chance.choice([None, None, limits[0], limits[1], limits])
            new = job(f"{depth}.{n}", chance.choice([0, 0.5, 1, 2, 3.25]), limits=needs)
        new.requires(chance.sample(jobs, min(len(jobs), chance.choice([0, 1, 1, 2]))))
        jobs.append(new)
    return Scheduler(*jobs, jobs_window=chance.choice([None, 1, 2, 3]), label=f"level {depth}")


@pytest.mark.parametrize("seed", range(60))
def test_with_nothing_changed_it_takes_as_long_as_it_took(seed):
    scheduler = ran(some_scheduler(random.Random(seed)))
    (row,) = what_if(scheduler, jobs_window=[scheduler.jobs_window])
    assert row.makespan == pytest.approx(scheduler.duration(), abs=1e-5)
    assert row.lower_bound <= row.makespan + 1e-5
    assert row.busy is None or 0 <= row.busy <= 1 + 1e-9


def test_the_scheduler_is_left_as_it_is():
    scheduler = ran(dag("a>b, c", jobs_window=2))
    scheduler.list()
    before = str(scheduler.timeline()), scheduler.timeline().spans, scheduler.jobs_window
    what_if(scheduler, jobs_window=[1, 2, 3])
    assert (
        str(scheduler.timeline()),
        scheduler.timeline().spans,
        scheduler.jobs_window,
    ) == before
    assert [it.runs for it in scheduler.jobs] == [1, 1, 1]


def test_a_scheduler_that_never_ran_can_be_tried():
    scheduler = dag("a>b")
    what_if(scheduler, durations={"a": 1, "b": 1}, jobs_window=1)
    assert scheduler.stats() == "0D + 0R + 2I = 2"


def test_windows_of_nested_schedulers_stay():
    inner = Scheduler(*(FakeJob(it, takes=1) for it in "abcd"), jobs_window=2, label="inner")
    found = what_if(ran(PureScheduler(inner)), jobs_window=[1, 8])
    assert makespans(found) == [2.0, 2.0]
    assert [row.lower_bound for row in found] == [2.0, 2.0]


def test_a_timeout_that_expires_is_not_fine():
    found = what_if(
        dag("a, b, c", timeout=2.5), durations=dict.fromkeys("abc", 1), jobs_window=[1, 2, 3]
    )
    assert [(row.makespan, row.fine) for row in found] == [
        (2.5, False),
        (2.0, True),
        (1.0, True),
    ]
    assert (found.smallest_good.jobs_window, str(found).count("timed out")) == (3, 1)


def test_a_timeout_of_a_nested_scheduler_that_may_expire():
    inner = Scheduler(FakeJob("a"), timeout=2, critical=False, label="inner")
    (row,) = what_if(PureScheduler(inner), durations={"a": 5}, jobs_window=1)
    assert (row.makespan, row.lower_bound, row.fine) == (2.0, 2.0, True)


def test_a_timeout_of_a_job():
    (row,) = what_if(PureScheduler(job("a", timeout=2)), durations={"a": 5}, jobs_window=1)
    assert (row.makespan, row.fine) == (2.0, False)


def test_forever_jobs_run_until_the_end():
    scheduler = dag("a>b, server")
    scheduler["server"].forever, scheduler["server"].takes = True, math.inf
    found = what_if(ran(scheduler), jobs_window=[1, 2])
    assert [(row.makespan, row.lower_bound) for row in found] == [(2.0, 2.0), (2.0, 2.0)]


def test_a_forever_job_that_holds_a_limit():
    ssh = Limit(2, "ssh")
    scheduler = PureScheduler(
        job("server", math.inf, limits=ssh, forever=True),
        job("a", limits=ssh),
        job("b", limits=ssh),
    )
    found = what_if(ran(scheduler), limits={"ssh": [2, 3]})
    assert [(row.makespan, row.lower_bound) for row in found] == [(2.0, 1.0), (1.0, 1.0)]


def test_a_forever_job_that_ends_and_is_required():
    scheduler = dag("server>a")
    scheduler["server"].forever, scheduler["server"].takes = True, 3
    scheduler["a"].takes = 2
    (row,) = what_if(ran(scheduler), jobs_window=1)
    assert (row.makespan, row.lower_bound) == (5.0, 5.0)


def test_jobs_that_failed_take_as_long_as_they_took():
    scheduler = dag("bad>b", takes=2)
    scheduler["bad"].raises, scheduler["bad"].critical = OSError("no disk"), False
    assert makespans(what_if(ran(scheduler), jobs_window=1)) == [4.0]


def test_within_a_running_loop():
    async def ask():
        return makespans(what_if(dag("a>b"), durations={"a": 1, "b": 2}, jobs_window=1))

    assert asyncio.run(ask()) == [3.0]


def test_durations_of_many_days():
    year = 365 * 86400
    assert makespans(what_if(chain(3), durations=lambda _: year, jobs_window=1)) == [3.0 * year]


# -- durations


@dataclass
class Record:
    key: tuple[str, ...]
    seconds: float | None


def test_labels_that_are_given_replace_what_was_recorded():
    assert makespans(what_if(ran(dag("a>b")), durations={"b": 5}, jobs_window=1)) == [6.0]


def test_a_function_may_leave_jobs_out():
    found = what_if(
        ran(dag("a>b")), durations=lambda job: 9 if job.label == "a" else None, jobs_window=1
    )
    assert makespans(found) == [10.0]


def test_the_records_of_a_journal():
    inner = Scheduler(FakeJob("a"), label="inner")
    records = [
        Record((), None),
        Record(("inner", "a"), None),
        Record(("inner", "a"), 3.0),
        Record(("inner", "a"), 4.0),
        Record(("gone",), 9.0),
    ]
    assert makespans(what_if(PureScheduler(inner), durations=iter(records), jobs_window=1)) == [
        4.0
    ]


def test_a_journal_knows_jobs_by_their_keys(tmp_path):
    def scheduler():
        first = Job(asyncio.sleep, 7, key="the nap", label="nap")
        return Scheduler(first, Job(asyncio.sleep, 1, label="b", required=first))

    with Journal(tmp_path / "journal") as journal:
        with FakeClock().installed():
            scheduler().run(journal=journal)
        found = what_if(scheduler(), durations=journal, jobs_window=1)
    assert makespans(found) == [8.0]


def test_a_journal_that_has_run_a_scheduler(tmp_path):
    with Journal(tmp_path / "journal") as journal, FakeClock().installed():
        scheduler = Scheduler(
            Job(asyncio.sleep, 7, label="a"), Job(asyncio.sleep, 2, label="b")
        )
        scheduler.run(journal=journal)
        found = what_if(journal, jobs_window=[1, 2])
        given = what_if(journal, durations={"a": 1, "b": 1}, jobs_window=1)
    assert (makespans(found), makespans(given)) == ([9.0, 7.0], [2.0])


def test_a_journal_that_knows_no_scheduler(tmp_path):
    with (
        Journal(tmp_path / "journal") as journal,
        pytest.raises(ValueError, match=r"^<Journal '.*'> does not know what the jobs req"),
    ):
        what_if(journal)


def test_something_else_as_a_scheduler():
    message = (
        r"^what_if\(\) takes a scheduler, or a journal that has planned or run one, not \[\]$"
    )
    with pytest.raises(TypeError, match=message):
        what_if([])


def test_something_else_as_durations():
    with pytest.raises(TypeError, match=r"^durations must be a mapping .* with 5$"):
        what_if(dag("a"), durations=[5])


def test_jobs_without_a_duration():
    message = (
        r"3 jobs of <Dag `NOLABEL`> did not run to the end, so how long they take is not "
        r"known: 'a', 'b', 'c'; let them run to their end once, or give "
        r"durations=\{label: seconds\}"
    )
    with pytest.raises(ValueError, match=f"^{message}$"):
        what_if(dag("a, b, c"))


def test_a_job_that_was_stopped_has_no_duration():
    scheduler = dag("a>b", takes=2, critical=False)
    scheduler.timeout = 3
    with pytest.raises(ValueError, match=r"^1 job .*: 'b'; let"):
        what_if(ran(scheduler))


def test_a_job_without_a_duration_is_named_with_the_schedulers_around_it():
    with pytest.raises(ValueError, match=r"^2 jobs .*: 'h1 > boot', 'h2 > boot'; let"):
        what_if(PureScheduler(*(Scheduler(FakeJob("boot"), label=it) for it in ("h1", "h2"))))


def test_a_label_that_no_job_has():
    with pytest.raises(
        ValueError,
        match=r"^there are durations for labels that no job has: 'x'; the jobs are 'a'$",
    ):
        what_if(dag("a"), durations={"a": 1, "x": 2})


@pytest.mark.parametrize(
    ("seconds", "kind"), [(-1, ValueError), (math.nan, ValueError), ("1", TypeError)]
)
def test_a_duration_that_is_none(seconds, kind):
    with pytest.raises(kind, match=r"^the duration of 'a' must be"):
        what_if(dag("a"), durations={"a": seconds})


# -- spread


def test_a_spread_gives_a_median_and_two_limits():
    (row,) = what_if(dag("a"), durations={"a": 100}, jobs_window=1, spread=0.2, runs=21)
    assert 80 <= row.least < row.makespan < row.most <= 120
    assert row.lower_bound == pytest.approx(row.makespan, abs=1e-5)


def test_the_same_seed_gives_the_same_rows():
    def tried(seed):
        given = dict.fromkeys("abcd", 10)
        return what_if(
            dag("a b>c>d"), durations=given, jobs_window=[1, 2], spread=0.5, runs=5, seed=seed
        ).rows

    assert tried(1) == tried(1)
    assert tried(1) != tried(2)


def test_each_setting_has_the_same_durations():
    found = what_if(
        dag("a>b>c"),
        durations=dict.fromkeys("abc", 10),
        jobs_window=[1, 2, 3],
        spread=0.5,
        runs=3,
    )
    assert len({(row.makespan, row.least, row.most) for row in found}) == 1


def test_the_table_of_several_runs_has_the_least_and_the_most():
    found = what_if(dag("a"), durations={"a": 100}, jobs_window=1, spread=0.2, runs=3)
    assert str(found).splitlines()[0].split() == [
        "window",
        "seconds",
        "least",
        "most",
        "bound",
        "busy",
    ]


@pytest.mark.parametrize("spread", [-0.1, 1.1, math.nan])
def test_a_spread_out_of_range(spread):
    with pytest.raises(ValueError, match=r"^spread must be from 0 to 1, as 0.2 for 20 %, not"):
        what_if(dag("a"), durations={"a": 1}, spread=spread)


@pytest.mark.parametrize("runs", [0, 1.5, True])
def test_a_number_of_runs_out_of_range(runs):
    with pytest.raises(ValueError, match=r"^runs must be a number of runs, 1 or more, not"):
        what_if(dag("a"), durations={"a": 1}, runs=runs)


# -- settings that are refused


def test_no_windows():
    with pytest.raises(ValueError, match=r"^jobs_window has no windows to try: give some"):
        what_if(dag("a"), durations={"a": 1}, jobs_window=[])


def test_no_slots(ssh_jobs):
    with pytest.raises(ValueError, match=r"^limits has no slots to try for 'ssh': give some"):
        what_if(ssh_jobs, limits={"ssh": []})


def test_an_unknown_limit(ssh_jobs):
    message = "there is no limit with the label 'gpu': the limits of the jobs are 'ssh'"
    with pytest.raises(ValueError, match=f"^{message}$"):
        what_if(ssh_jobs, limits={"gpu": 1})


def test_two_limits_with_one_label():
    jobs = [job(it, limits=Limit(1, "ssh")) for it in "ab"]
    with pytest.raises(ValueError, match=r"^there are 2 limits with .* give the limit itself$"):
        what_if(ran(PureScheduler(*jobs)), limits={"ssh": 1})


def test_a_limit_that_no_job_has(ssh_jobs):
    with pytest.raises(ValueError, match=r"^there is no limit with the label <Limit"):
        what_if(ssh_jobs, limits={Limit(1, "ssh"): 1})


def test_a_requirement_from_elsewhere():
    with pytest.raises(MissingRequirementError):
        what_if(PureScheduler(job("a", required=job("b"))), durations={"a": 1}, jobs_window=1)


def test_a_cycle():
    scheduler = dag("a>b")
    scheduler["a"].requires(scheduler["b"])
    with pytest.raises(CycleError):
        what_if(scheduler, durations={"a": 1, "b": 1}, jobs_window=1)


# -- shapes of scientific workflows


def epigenomics(chance):
    """Return parallel chains between a first and a last job."""
    first, last = FakeJob("split"), FakeJob("merge")
    jobs = [first, last]
    for lane in range(8):
        before = first
        for step in range(4):
            before = FakeJob(f"{lane}.{step}", required=before)
            jobs.append(before)
        last.requires(before)
    return jobs


def montage(chance):
    """Return a row of jobs, pairs of them, a join, another row and a chain."""
    project = [FakeJob(f"project {n}") for n in range(10)]
    differ = [FakeJob(f"differ {n}", required=chance.sample(project, 2)) for n in range(18)]
    model = FakeJob("model", required=differ)
    correct = [FakeJob(f"correct {n}", required=[model, it]) for n, it in enumerate(project)]
    add = FakeJob("add", required=correct)
    return [*project, *differ, model, *correct, add, FakeJob("shrink", required=add)]


def cycles(chance):
    return list(layers([12, 30, 5, 30, 1], degree=3, seed=chance.randint(1, 99)).jobs)


def genome(chance):
    return list(random_dag(60, 150, seed=chance.randint(1, 99)).jobs)


@pytest.mark.parametrize("shape", [epigenomics, montage, cycles, genome])
@pytest.mark.parametrize("seed", range(5))
def test_workflows_stay_within_the_bounds_of_graham(shape, seed):
    chance = random.Random(seed)
    jobs = shape(chance)
    seconds = {it.label: round(chance.lognormvariate(3, 1), 3) for it in jobs}
    windows = [None, 1, 2, 3, 5, 8, 13]
    unlimited, *found = what_if(PureScheduler(*jobs), durations=seconds, jobs_window=windows)
    path, work = longest_path(jobs, seconds), sum(seconds.values())
    assert unlimited.makespan == pytest.approx(path, abs=1e-4)
    for row in found:
        window = row.jobs_window
        assert row.makespan <= work / window + (1 - 1 / window) * path + 1e-4
        assert row.makespan >= max(path, work / window) - 1e-4
        assert row.lower_bound == pytest.approx(max(path, work / window), abs=1e-6)


def longest_path(jobs, seconds):
    ends = {}
    for it in PureScheduler(*jobs).topological_order():
        ends[it] = seconds[it.label] + max((ends[other] for other in it.required), default=0)
    return max(ends.values())


# -- the curve


def drawing(found, tmp_path, name="curve"):
    path = found.export_as_svgfile(tmp_path / name)
    text = (tmp_path / f"{name}.svg").read_text("utf-8")
    assert path == str(tmp_path / f"{name}.svg")
    return ElementTree.fromstring(text), text


SVG = "{http://www.w3.org/2000/svg}"


def test_the_curve(tmp_path):
    found = what_if(graham(), durations=GRAHAM, jobs_window=range(1, 8))
    tree, text = drawing(found, tmp_path)
    assert len(tree.findall(f"{SVG}circle[@r='3']")) == 7
    assert len(tree.findall(f"{SVG}circle[@class='good']")) == 1
    assert [it.text for it in tree.iter(f"{SVG}title")][-1] == "7: 12 s"
    assert "prefers-color-scheme: dark" in text


def test_the_extension_is_added_only_once(tmp_path):
    found = what_if(dag("a"), durations={"a": 1}, jobs_window=1)
    assert found.export_as_svgfile(str(tmp_path / "x.svg")) == str(tmp_path / "x.svg")
    assert [it.name for it in tmp_path.iterdir()] == ["x.svg"]


def test_a_curve_for_each_number_of_slots(ssh_jobs, tmp_path):
    found = what_if(ssh_jobs, jobs_window=[1, 2, 3], limits={"ssh": [1, 2]})
    tree, _ = drawing(found, tmp_path)
    texts = [it.text for it in tree.iter(f"{SVG}text")]
    assert [it for it in texts if it.startswith("ssh=")] == ["ssh=1", "ssh=2"]


def test_a_curve_along_a_limit(ssh_jobs, tmp_path):
    tree, _ = drawing(what_if(ssh_jobs, limits={"ssh": range(1, 40)}), tmp_path)
    assert "slots of ssh" in [it.text for it in tree.iter(f"{SVG}text")]


def test_settings_that_can_not_run_have_no_point(tmp_path):
    gpu = Limit(2, "<gpu> & \x07\ud800")
    scheduler = PureScheduler(job("a", limits=(gpu, 2)))
    tree, text = drawing(what_if(scheduler, durations={"a": 1}, limits={gpu: [1, 2]}), tmp_path)
    assert len(tree.findall(f"{SVG}circle[@r='3']")) == 1
    assert "slots of &lt;gpu&gt; &amp; \ufffd\ufffd" in text


def test_a_curve_without_any_point(tmp_path):
    gpu = Limit(2, "gpu")
    scheduler = PureScheduler(job("a", limits=(gpu, 2)))
    tree, _ = drawing(what_if(scheduler, durations={"a": 1}, limits={gpu: 1}), tmp_path)
    assert tree.findall(f"{SVG}circle") == []


def test_a_file_that_can_not_be_written(tmp_path):
    found = what_if(dag("a"), durations={"a": 1}, jobs_window=1)
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(OSError, match="folder"):
        found.export_as_svgfile(tmp_path / "folder")
    assert [it.name for it in tmp_path.iterdir()] == ["folder.svg"]


def test_the_rows_of_several_settings_are_compared_in_each_direction():
    found = what_if(graham(), durations=GRAHAM, jobs_window=[None, 4, 3])
    pairs = [(less.jobs_window, row.jobs_window) for less, row in found.slower]
    assert pairs == [(3, 4)]
    assert all(less.has_at_most(row) for less, row in found.slower)
    assert not any(
        first.has_at_most(second) and second.has_at_most(first)
        for first, second in itertools.combinations(found, 2)
    )
