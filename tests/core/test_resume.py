"""`run(resume=True)`: done jobs stay done, and the rest runs again."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import weakref

import pytest

from asynciojobs import (
    AbstractJob,
    AlreadyRunningError,
    CallJob,
    ConsumedError,
    CycleError,
    EventKind,
    Job,
    Limit,
    MissingRequirementError,
    PureScheduler,
    Scheduler,
    Sequence,
)
from asynciojobs._run import inspect


class Fake(AbstractJob[int]):
    """A job that counts its runs, and fails in the first `failures` of them."""

    def __init__(self, label, failures=0, seconds=1.0, **options):
        super().__init__(label=label, **options)
        self.seconds, self.failures = seconds, failures
        self.runs = self.shutdowns = 0

    async def co_run(self):
        self.runs += 1
        await asyncio.sleep(self.seconds)
        if self.runs <= self.failures:
            raise OSError(f"{self.label} {self.runs}")
        return self.runs

    async def co_shutdown(self):
        self.shutdowns += 1


def chain(*labels, failing=None, failures=1):
    jobs = [Fake(label, failures * (label == failing)) for label in labels]
    Sequence(*jobs)
    return jobs


def steps(scheduler, **options):
    return [
        (job.label, action, reason)
        for job, action, reason in scheduler.plan(**{"resume": True, **options})
    ]


def runs(*jobs):
    return [job.runs for job in jobs]


def restored(scheduler):
    return {job.label for job in inspect.restored_jobs(scheduler)}


# -- what stays done, and what runs again


def test_what_raised_and_all_behind_it_run_again(every_loop):
    a, b, c = chain("a", "b", "c", failing="b")
    other = Fake("d", seconds=0)
    scheduler = PureScheduler(a, b, c, other)
    assert scheduler.run() is False
    assert scheduler.run(resume=True) is True
    assert runs(a, b, c, other) == [1, 2, 1, 1]
    assert [job.result() for job in (a, b, c, other)] == [1, 2, 1, 1]
    assert restored(scheduler) == {"a", "d"}
    assert scheduler.why() == "FINE"


def test_without_it_all_jobs_run_again(every_loop):
    a, b = chain("a", "b")
    scheduler = PureScheduler(a, b)
    assert (scheduler.run(), scheduler.run(resume=False)) == (True, True)
    assert runs(a, b) == [2, 2]
    assert restored(scheduler) == set()


@pytest.mark.parametrize("method", ["run", "orchestrate"])
def test_the_aliases_take_it_too(every_loop, method):
    a, b = chain("a", "b", failing="b")
    scheduler = Scheduler(a, b, critical=False)
    getattr(scheduler, method)()
    assert getattr(scheduler, method)(resume=True) is True
    assert runs(a, b) == [1, 2]


def test_co_run_takes_it(in_loop):
    a, b = chain("a", "b", failing="b")
    scheduler = PureScheduler(a, b)

    async def main():
        return await scheduler.co_run(), await scheduler.co_run(resume=True)

    assert in_loop(main()) == (False, True)
    assert runs(a, b) == [1, 2]


def test_a_run_that_was_fine_has_nothing_left_to_do(every_loop):
    a, b = chain("a", "b")
    scheduler = PureScheduler(a, b)
    scheduler.run()
    assert (scheduler.run(resume=True), runs(a, b)) == (True, [1, 1])
    assert scheduler.duration() == 0


def test_the_first_run_may_take_up_nothing(every_loop):
    a, b = chain("a", "b")
    assert (PureScheduler(a, b).run(resume=True), runs(a, b)) == (True, [1, 1])


def test_it_may_be_taken_up_as_often_as_needed(every_loop):
    a, b, c = chain("a", "b", "c", failing="b", failures=3)
    scheduler = PureScheduler(a, b, c)
    assert scheduler.run() is False
    assert [scheduler.run(resume=True) for _ in range(4)] == [False, False, True, True]
    assert runs(a, b, c) == [1, 4, 1]


def test_what_is_not_critical_and_raised_runs_again_with_all_behind_it(every_loop):
    a, b, c = chain("a", "b", "c")
    b.failures, b.critical = 1, False
    scheduler = PureScheduler(a, b, c)
    assert scheduler.run() is True
    assert steps(scheduler) == [
        ("a", "restore", "is done"),
        ("b", "run", "raised OSError:b 1"),
        ("c", "run", "requires `b`, which runs again"),
    ]
    assert (scheduler.run(resume=True), runs(a, b, c)) == (True, [1, 2, 2])


def test_what_was_stopped_skipped_or_idle_runs_again(every_loop):
    stopped, waits = chain("slow", "idle")
    failing, skipped = chain("fails", "skipped", failing="fails")
    stopped.seconds = 5
    scheduler = PureScheduler(stopped, waits, failing, skipped, keep_going=True, timeout=3)
    assert scheduler.run() is False
    assert sorted(steps(scheduler)) == [
        ("fails", "run", "raised OSError:fails 1"),
        ("idle", "run", "was not started"),
        ("skipped", "run", "was skipped"),
        ("slow", "run", "was stopped"),
    ]
    scheduler.timeout = None
    assert scheduler.run(resume=True) is True
    assert runs(stopped, waits, failing, skipped) == [2, 1, 2, 1]


def test_a_job_waits_for_those_of_its_requirements_that_run_again(every_loop):
    done, again, other = Fake("done"), Fake("again", 1, seconds=2), Fake("other", 1, seconds=3)
    last = Fake("last", required=[again, done, other])
    scheduler = PureScheduler(last, done, other, again, keep_going=True)
    scheduler.run()
    assert scheduler.run(resume=True) is True
    assert (last.started_at, runs(done, again, other, last)) == (3, [1, 2, 2, 1])


def test_new_jobs_run_and_what_requires_them_too(every_loop):
    a, b = chain("a", "b")
    scheduler = PureScheduler(a, b)
    scheduler.run()
    b.requires(scheduler.add(Fake("new")))
    assert scheduler.run(resume=True) is True
    assert runs(a, b) == [1, 2]


def test_jobs_may_be_taken_out(every_loop):
    a, b, c = chain("a", "b", "c", failing="c")
    scheduler = PureScheduler(a, b, c)
    scheduler.run()
    scheduler.bypass_and_remove(b)
    assert (scheduler.run(resume=True), runs(a, c)) == (True, [1, 2])


def test_a_refused_run_changes_nothing(every_loop):
    a, b, c = chain("a", "b", "c", failing="c")
    scheduler = PureScheduler(a, b, c)
    scheduler.run()
    a.requires(c)
    with pytest.raises(CycleError):
        scheduler.run(resume=True)
    a.requires(c, remove=True)
    assert (scheduler.run(resume=True), runs(a, b, c)) == (True, [1, 1, 2])


def test_a_limit_that_is_too_small_leaves_all_jobs_free(every_loop):
    limit = Limit(2)
    a, b = Fake("a"), Fake("b", 1, limits=(limit, 2))
    scheduler = PureScheduler(a, b)
    scheduler.run()
    limit.slots = 1
    with pytest.raises(ValueError, match="could never start"):
        scheduler.run(resume=True)
    limit.slots = 2
    assert (scheduler.run(resume=True), runs(a, b)) == (True, [1, 2])


def test_a_coroutine_that_is_done_stays_so_and_one_that_was_awaited_is_an_error(every_loop):
    async def fail():
        raise OSError

    async def answer():
        return 42

    done = Job(answer())
    gone = Job(fail(), required=done)
    scheduler = PureScheduler(done, gone)
    assert (scheduler.run(), scheduler.run(resume=True)) == (False, False)
    assert isinstance(gone.raised_exception(), ConsumedError)
    assert done.result() == 42


# -- times, results, listings


def test_a_restored_job_keeps_its_times_and_result(fake_time):
    a, b = chain("a", "b", failing="b")
    scheduler = PureScheduler(a, b)

    async def main():
        await scheduler.co_run()
        await asyncio.sleep(5)
        await scheduler.co_run(resume=True)

    with asyncio.Runner(loop_factory=fake_time) as runner:
        runner.run(main())
    assert (a.started_at, a.ended_at, b.started_at, b.ended_at) == (0, 1, 7, 8)
    assert (scheduler.started_at, scheduler.duration()) == (7, 1)
    assert scheduler.stats() == "2D + 0R + 0I = 2"


def test_listings_show_restored_jobs_as_done(every_loop, capsys):
    a, b = chain("a", "b", failing="b")
    scheduler = PureScheduler(a, b)
    scheduler.run()
    b.failures = 2
    scheduler.run(resume=True)
    scheduler.list_safe()
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("<Fake `a`> [[ -> 1]]")
    assert second.endswith("!! CRIT. EXC. => OSError:b 2!!")


# -- events


def events(scheduler, **options):
    seen = []
    with scheduler.observe(lambda event: seen.append((event.job.label, str(event.kind)))):
        scheduler.run(**options)
    return seen


def test_observers_are_told_first_which_jobs_are_restored(every_loop):
    a, b, c = chain("a", "b", "c", failing="c")
    scheduler = PureScheduler(a, b, c)
    scheduler.run()
    assert events(scheduler, resume=True) == [
        ("a", "restored"),
        ("b", "restored"),
        ("c", "scheduled"),
        ("c", "started"),
        ("c", "done"),
    ]


def test_the_jobs_of_a_restored_scheduler_are_told_to_observers_at_all_depths(every_loop):
    a, b = chain("a", "b")
    inner = Scheduler(a, b, Fake("f", forever=True), label="inner")
    last = Fake("last", 1, required=inner)
    scheduler = PureScheduler(inner, last)
    scheduler.run()
    seen = []
    inner.observe(lambda event: seen.append((event.job.label, str(event.kind))))
    outer = events(scheduler, resume=True)
    assert outer[:3] == [("inner", "restored"), ("a", "restored"), ("b", "restored")]
    assert seen == [("a", "restored"), ("b", "restored")]


@pytest.mark.parametrize("act", ["stop", "cancel"])
def test_an_observer_may_end_the_run_before_anything_starts(every_loop, act):
    inner = Scheduler(Fake("a"), label="inner")
    last = Fake("last", 1, required=inner)
    scheduler = PureScheduler(inner, last)
    scheduler.run()

    def end(event):
        if event.kind is EventKind.RESTORED:
            scheduler.stop() if act == "stop" else last.cancel()

    inner.observe(end)
    assert scheduler.run(resume=True) is (act == "stop")
    assert last.runs == 1


def test_a_verbose_run_prints_them(every_loop, capsys):
    a, b = chain("a", "b", failing="b")
    scheduler = PureScheduler(a, b, verbose=True)
    scheduler.run()
    capsys.readouterr()
    scheduler.run(resume=True)
    assert " restored <Fake `a`>" in capsys.readouterr().out


# -- nested schedulers


def nest(failing="d", **options):
    """Return a run of four jobs in two nested schedulers, one after another, and all jobs."""
    a, b, c, d = (Fake(label, int(label == failing)) for label in "abcd")
    first = Scheduler(Sequence(a, b), label="first", **options)
    second = Scheduler(Sequence(c, d), label="second", required=first)
    scheduler = PureScheduler(first, second)
    return scheduler, (a, b, c, d)


def test_nested_schedulers_are_entered(every_loop):
    scheduler, jobs = nest()
    assert scheduler.run() is False
    assert steps(scheduler) == [
        ("first", "restore", "is done"),
        ("a", "restore", "is done"),
        ("b", "restore", "is done"),
        ("second", "run", "raised OSError:d 1"),
        ("c", "restore", "is done"),
        ("d", "run", "raised OSError:d 1"),
    ]
    assert scheduler.run(resume=True) is True
    assert (runs(*jobs), restored(scheduler)) == ([1, 1, 1, 2], {"first", "a", "b", "c"})


def test_all_in_a_nested_scheduler_runs_again_behind_a_job_that_does(every_loop):
    scheduler, jobs = nest(failing="b", critical=False)
    assert scheduler.run() is True
    assert steps(scheduler) == [
        ("first", "run", "has `b` in it, which runs again"),
        ("a", "restore", "is done"),
        ("b", "run", "raised OSError:b 1"),
        ("second", "run", "requires `first`, which runs again"),
        ("c", "run", "is inside `second`, which runs again"),
        ("d", "run", "is inside `second`, which runs again"),
    ]
    assert scheduler.run(resume=True) is True
    assert runs(*jobs) == [1, 2, 2, 2]


def test_a_new_job_in_a_nested_scheduler_makes_it_run_again(every_loop):
    scheduler, jobs = nest(failing=None)
    scheduler.run()
    new = Fake("new")
    next(iter(scheduler.jobs)).add(new)
    assert scheduler.run(resume=True) is True
    assert runs(*jobs, new) == [1, 1, 2, 2, 1]


def test_nested_schedulers_may_be_nested_deeply(every_loop):
    job = inner = Fake("x", 1)
    done = []
    for depth in range(50):
        done.append(Fake(f"done {depth}", seconds=0.1))
        inner = Scheduler(inner, done[-1], label=depth)
    scheduler = PureScheduler(inner)
    with pytest.raises(OSError, match="x 1"):
        inner.run()
    assert scheduler.run(resume=True) is True
    assert (runs(job), runs(*done)) == ([2], [1] * 50)


def test_a_forever_job_runs_again_but_does_not_make_others_do_so(every_loop):
    forever = Fake("f", forever=True, seconds=60)
    inner = Scheduler(Fake("a"), forever, label="inner")
    last = Fake("last", 1, required=inner)
    scheduler = PureScheduler(inner, last)
    scheduler.run()
    assert steps(scheduler) == [
        ("inner", "restore", "is done"),
        ("a", "restore", "is done"),
        ("f", "run", "is a forever job, which runs as long as others do"),
        ("last", "run", "raised OSError:last 1"),
    ]
    assert (scheduler.run(resume=True), forever.runs) == (True, 1)
    inner.add(Fake("b"))
    assert (scheduler.run(resume=True), forever.runs) == (True, 2)


def test_a_forever_job_alone_does_not_keep_a_run_alive(every_loop):
    forever = Fake("f", forever=True, seconds=60)
    scheduler = PureScheduler(Fake("a"), forever)
    scheduler.run()
    assert (scheduler.run(resume=True), scheduler.duration()) == (True, 0)


def test_a_scheduler_of_forever_jobs_runs_again(every_loop):
    inner = Scheduler(Fake("f", forever=True), label="inner")
    scheduler = PureScheduler(inner)
    scheduler.run()
    assert steps(scheduler)[0] == ("inner", "run", "has `f` in it, which runs again")
    assert scheduler.run(resume=True) is True
    assert restored(scheduler) == set()


def test_all_jobs_of_a_forever_scheduler_run_again(every_loop):
    a = Fake("a", seconds=0)
    inner = Scheduler(a, label="inner", forever=True)
    scheduler = PureScheduler(inner, Fake("b", 1))
    scheduler.run()
    assert (scheduler.run(resume=True), a.runs) == (True, 2)


def test_a_job_may_edit_a_nested_scheduler_that_has_not_started(every_loop):
    a, b, c = chain("a", "b", "c")
    deep = Scheduler(b, label="deep", required=a)
    b.requires(a, remove=True)
    c.requires(b, remove=True)
    last = Fake("last", 1, seconds=5)
    later = Scheduler(a, deep, c, last, label="later", critical=False)
    edits = iter([None, lambda: a.requires(later.add(Fake("new")))])

    async def change():  # it fails each time, so it runs again
        edit = next(edits)
        if edit:
            edit()
        raise OSError

    scheduler = PureScheduler(Job(change, critical=False), later, jobs_window=1)
    assert (scheduler.run(), scheduler.run(resume=True)) == (True, True)
    assert (runs(a, b, c, last), restored(scheduler)) == ([2, 2, 1, 2], {"c"})


# -- shutdown


def test_restored_jobs_are_shut_down_once_more(every_loop):
    scheduler, jobs = nest()
    scheduler.run()
    scheduler.shutdown()
    assert [job.shutdowns for job in jobs] == [1, 1, 1, 1]
    scheduler.run(resume=True)
    assert [job.shutdowns for job in jobs] == [1, 1, 2, 2]  # the second one has just ended
    scheduler.shutdown()
    assert [job.shutdowns for job in jobs] == [2, 2, 2, 2]


# -- together with other features


@pytest.mark.parametrize("window", [None, 1, 2])
def test_restored_jobs_take_no_slots(every_loop, window):
    limit = Limit(1)
    jobs = [Fake(str(i), int(i == 2), limits=limit, timeout=10) for i in range(5)]
    scheduler = PureScheduler(*jobs, jobs_window=window, keep_going=True)
    assert (scheduler.run(), scheduler.run(resume=True)) == (False, True)
    assert (runs(*jobs), limit.free) == ([1, 1, 2, 1, 1], 1)


def test_keep_going_skips_what_fails_again(every_loop):
    a, b, c = chain("a", "b", "c", failing="b", failures=2)
    scheduler = PureScheduler(a, b, c, Fake("d", 1), keep_going=True)
    assert (scheduler.run(), scheduler.run(resume=True)) == (False, False)
    assert (c.skipped_by(), scheduler.stats()) == (b, "3D + 0R + 1K + 0I = 4")


def test_a_job_that_joins_may_require_a_restored_one(every_loop):
    a, b = chain("a", "b", failing="b")
    scheduler = PureScheduler(a, b)
    scheduler.run()
    new = Fake("new", required=a)
    add = scheduler.add(Job(lambda: asyncio.sleep(0, scheduler.add(new))))
    assert scheduler.run(resume=True) is True
    assert (runs(a, b, new), add.is_done()) == ([1, 2, 1], True)


def test_a_job_that_joined_the_last_run_stays_done(every_loop):
    new, failing = Fake("new"), Fake("last", 1, seconds=3)
    scheduler = PureScheduler(failing)
    scheduler.add(Job(lambda: asyncio.sleep(0, scheduler.add(new))))
    assert (scheduler.run(), scheduler.run(resume=True)) == (False, True)
    assert runs(new, failing) == [1, 2]


def test_a_timeout_of_zero_is_fine_if_nothing_is_left_to_do(every_loop):
    scheduler = PureScheduler(Fake("a"))
    scheduler.run()
    scheduler.timeout = 0
    assert (scheduler.run(resume=True), scheduler.run()) == (True, False)


def test_the_last_of_many_is_taken_up_in_no_time(fast_loop):
    jobs = [Fake(str(number), seconds=0) for number in range(5000)]
    Sequence(*jobs)
    jobs[-1].failures = 1
    scheduler = PureScheduler(*jobs)
    assert (scheduler.run(), scheduler.run(resume=True)) == (False, True)
    assert sum(runs(*jobs)) == 5001


def test_it_does_not_keep_jobs_alive(every_loop):
    a, b = chain("a", "b", failing="b")
    scheduler = PureScheduler(a, b)
    scheduler.run()
    scheduler.run(resume=True)
    ref = weakref.ref(b)
    b.requires(a, remove=True)
    scheduler.remove(b)
    del scheduler, b
    gc.collect()
    assert ref() is None


@pytest.mark.parametrize("duplicate", [copy.copy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_copy_can_be_taken_up(every_loop, duplicate):
    done = CallJob(int, "3", label="done")
    scheduler = PureScheduler(done, CallJob(int, "x", required=done, label="fails"))
    scheduler.run()
    other = duplicate(scheduler)
    assert [step[1] for step in steps(other)] == ["restore", "run"]
    assert (other.run(resume=True), restored(other)) == (False, {"done"})
    assert inspect.restored_jobs(duplicate(other)) == frozenset()


# -- the plan


def test_a_plan_without_resume_runs_all(every_loop):
    scheduler = PureScheduler(Fake("a"))
    scheduler.run()
    assert steps(scheduler, resume=False) == [("a", "run", "runs, since resume is False")]


def test_a_plan_changes_nothing(every_loop):
    scheduler, jobs = nest()
    scheduler.run()
    first, stats = scheduler.plan(resume=True), scheduler.stats()
    assert (scheduler.plan(resume=True), scheduler.stats()) == (first, stats)
    assert runs(*jobs) == [1, 1, 1, 1]


def test_what_can_not_run_has_no_plan(every_loop):
    a, b = chain("a", "b")
    with pytest.raises(MissingRequirementError):
        PureScheduler(b).plan(resume=True)
    a.requires(b)
    with pytest.raises(CycleError):
        PureScheduler(a, b).plan(resume=True)


def test_a_running_scheduler_has_no_plan(every_loop):
    async def ask():
        with pytest.raises(AlreadyRunningError):
            scheduler.plan(resume=True)

    scheduler = PureScheduler(Job(ask))
    assert scheduler.run() is True
