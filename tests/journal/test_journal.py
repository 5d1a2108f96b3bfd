"""`Journal`: what a run with a journal restores and records, and what it refuses."""

from __future__ import annotations

import asyncio
import copy
import gc
import os
import pickle
import threading
import time

import pytest

from asynciojobs import (
    CallJob,
    CommandJob,
    DuplicateKeyError,
    Job,
    Journal,
    JournalError,
    Limit,
    PureScheduler,
    Scheduler,
    Sequence,
)
from asynciojobs._run import inspect
from asynciojobs.journal import JSONCodec, PickleCodec, use_store
from asynciojobs_testkit import Crash, crash_at


class Lab:
    """Jobs that can be made again, as in a new process, and a record of what they have done."""

    def __init__(self):
        self.ran = []
        self.broken = set()
        self.values = {}

    async def work(self, label):
        self.ran.append(label)
        await asyncio.sleep(1)
        if label in self.broken:
            raise OSError(f"{label} is broken")
        return self.values.get(label, label.upper())

    def job(self, label, **options):
        return Job(self.work, label, label=label, **options)

    def chain(self, *labels, **options):
        jobs = [self.job(label, **options) for label in labels]
        Sequence(*jobs)
        return Scheduler(*jobs, label="night", critical=False)


@pytest.fixture
def lab():
    return Lab()


@pytest.fixture(autouse=True)
def in_fake_time(fake_time):
    return fake_time


@pytest.fixture
def run(path):
    """Return a function that runs a scheduler with the journal, opened for this run alone."""

    def run(scheduler, **options):
        with Journal(path, **options) as journal:
            return scheduler.run(journal=journal)

    return run


@pytest.fixture
def plan(path):
    def plan(scheduler, **options):
        with Journal(path, **options) as journal:
            return [(job.label, *rest) for job, *rest in journal.plan(scheduler)]

    return plan


def results(scheduler):
    return [job.result() for job in scheduler.jobs]


def kinds(path):
    return [(record.kind, *record.key) for record in Journal.read(path)]


# -- what is restored, and what is recorded


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("scheduler_class", [PureScheduler, Scheduler])
def test_a_path_is_no_journal(lab, scheduler_class, live):
    message = (
        "^journal must be a Journal, as in run\\(journal=Journal\\('night.journal'\\)\\), "
        "not 'lab.journal'$"
    )
    with pytest.raises(TypeError, match=message):
        scheduler_class(lab.job("a")).run(journal="lab.journal", live=live)
    assert lab.ran == []


def test_what_is_recorded_does_not_run_again(lab, run):
    lab.broken = {"b"}
    assert run(lab.chain("a", "b", "c")) is False
    lab.broken = set()
    again = lab.chain("a", "b", "c")
    assert run(again) is True
    assert lab.ran == ["a", "b", "b", "c"]
    assert results(again) == ["A", "B", "C"]
    assert {job.label for job in inspect.restored_jobs(again)} == {"a"}


def test_the_records_say_what_happened(lab, run, path):
    lab.broken = {"b"}
    run(lab.chain("a", "b", "c"))
    assert kinds(path) == [
        ("run",),
        ("started", "a"),
        ("done", "a"),
        ("started", "b"),
        ("failed", "b"),
        ("end",),
    ]
    done, failed, end = (list(Journal.read(path))[place] for place in (2, 4, 5))
    assert (done.result, done.seconds, failed.error) == (b'"A"', 1.0, "OSError:b is broken")
    assert end.error == "CRITICAL FAILURE: <Job `b`> raised OSError:b is broken"


def test_a_run_that_was_fine_says_so_and_restores_all(lab, run, path):
    run(lab.chain("a", "b"))
    assert run(lab.chain("a", "b")) is True
    assert lab.ran == ["a", "b"]
    *_, begin, end = Journal.read(path)
    assert (begin.kind, begin.run, end.kind, end.error) == ("run", 2, "end", None)


def test_one_journal_serves_one_run_after_the_other(lab, path):
    lab.broken = {"b"}
    scheduler = lab.chain("a", "b")
    with Journal(path) as journal:
        assert scheduler.run(journal=journal) is False
        lab.broken = set()
        assert scheduler.run(journal=journal) is True
        assert scheduler.run(journal=journal) is True
    assert (lab.ran, results(scheduler)) == (["a", "b", "b"], ["A", "B"])


def test_the_plan_says_why(lab, run, plan, path):
    lab.broken = {"b"}
    assert {step[2] for step in plan(lab.chain("a", "b", "c"))} == {"is not in the journal"}
    run(lab.chain("a", "b", "c"))
    assert plan(lab.chain("a", "b", "c")) == [
        ("a", "restore", "is done; not compared: self"),
        ("b", "run", "raised OSError:b is broken"),
        ("c", "run", "is not in the journal"),
    ]
    changed = lab.chain("a", "b", version=2)
    assert plan(changed)[0][2] == "is not as it was: code and version have changed"
    other = lab.job("other", key="a")
    assert plan(Scheduler(other, label="night"))[0][2] == (
        "is not as it was: argument 1 has changed"
    )


def test_what_was_cut_off_is_named(lab, run, plan):
    scheduler = lab.chain("a", "b")
    scheduler.timeout = 1.5
    run(scheduler)
    assert plan(lab.chain("a", "b"))[1:] == [("b", "run", "was started, and did not end")]


def test_renamed_added_and_removed_jobs_are_named(lab, path, run):
    run(lab.chain("a", "b"))
    renamed = Job(lab.work, "b", label="new")
    with Journal(path) as journal:
        steps = journal.plan(Scheduler(lab.job("a"), renamed, label="night"))
    assert steps[1][2] == "is not in the journal; if it was `b`, give it that key"
    assert steps.removed == [("b",)]


def test_all_behind_a_job_that_runs_again_does_so_too(lab, run):
    run(lab.chain("a", "b", "c"))
    changed = Scheduler(label="night")
    Sequence(lab.job("a"), lab.job("b", version=1), lab.job("c"), scheduler=changed)
    run(changed)
    assert lab.ran == ["a", "b", "c", "b", "c"]


# If a job was done again, results made from its old result are outdated, in any run.


def test_a_job_is_not_restored_if_a_run_was_killed_after_what_it_requires(lab, run, plan):
    run(lab.chain("a", "b", "c"))
    with pytest.raises(Crash), crash_at(3):
        run(chain_with_new(lab, "a"))  # until a is done
    lab.ran.clear()
    assert plan(chain_with_new(lab, "a")) == [
        ("a", "restore", "is done; not compared: self"),
        ("b", "run", "ran before `a` was last done, which it requires"),
        ("c", "run", "requires `b`, which runs again"),
    ]
    run(chain_with_new(lab, "a"))
    assert lab.ran == ["b", "c"]
    assert {it[1] for it in plan(chain_with_new(lab, "a"))} == {"restore"}


def chain_with_new(lab, new):
    """Return three jobs in a row, of which one has changed."""
    jobs = [lab.job(it, version=2 if it == new else None) for it in ("a", "b", "c")]
    Sequence(*jobs)
    return Scheduler(*jobs, label="night")


def test_a_job_is_not_restored_if_a_run_without_it_did_again_what_it_requires(lab, run, plan):
    run(lab.chain("a", "b", "c"))
    run(Scheduler(lab.job("a", version=2), label="night"))
    assert [it[:2] for it in plan(chain_with_new(lab, "a"))] == [
        ("a", "restore"),
        ("b", "run"),
        ("c", "run"),
    ]


def test_a_job_is_not_restored_if_it_did_not_wait_for_what_it_requires_now(lab, run, plan):
    run(Scheduler(lab.job("a"), lab.job("b"), label="night"))
    assert plan(lab.chain("a", "b")) == [
        ("a", "restore", "is done; not compared: self"),
        ("b", "run", "ran before `a` was last done, which it requires"),
    ]


def test_a_job_is_not_restored_if_what_its_scheduler_requires_was_done_again(lab, run, plan):
    def night(version, *inner):
        load = lab.job("load", version=version)
        jobs = [lab.job(it) for it in inner]
        phase = Scheduler(*jobs, label="phase", jobs_window=1, required=load)
        return Scheduler(load, phase, label="night")

    run(night(1, "x", "y"))
    with pytest.raises(Crash), crash_at(6):
        run(night(2, "x", "y"))  # until x is done again
    assert plan(night(2, "x", "y")) == [
        ("load", "restore", "is done; not compared: self"),
        ("phase", "run", "was started, and did not end"),
        ("x", "restore", "is done; not compared: self"),
        ("y", "run", "ran before `load` was last done, which it requires"),
    ]


def test_jobs_that_are_not_journaled_run_each_time(lab, run, path, plan):
    def make():
        handle = lab.job("handle", journaled=False)
        inside = Scheduler(lab.job("x"), label="in", journaled=False)
        return Scheduler(lab.job("a"), handle, inside, label="night")

    run(make())
    run(make())
    assert sorted(lab.ran) == ["a", "handle", "handle", "x", "x"]
    assert ("handle", "run", "is not journaled") in plan(make())
    assert {record.key for record in Journal.read(path)} == {(), ("a",)}


def test_forever_jobs_and_handles_of_engines_are_not_recorded(lab, run, path):
    class Shelf:
        async def start(self, function, args, kwargs):
            return "handle"

        async def fetch(self, handle):
            return 3

    forever = lab.job("forever", forever=True)
    call = CallJob(int, executor=Shelf(), label="call")
    run(Scheduler(forever, call, lab.job("a"), label="night"))
    assert {record.key for record in Journal.read(path)} == {(), ("a",)}


def nested(lab):
    inner = Scheduler(Sequence(lab.job("a"), lab.job("b")), label="inner")
    return Scheduler(Sequence(inner, lab.job("c")), label="night", critical=False)


def test_nested_schedulers_are_entered(lab, run, path):
    lab.broken = {"b"}
    run(nested(lab))
    lab.broken = set()
    again = nested(lab)
    assert run(again) is True
    assert (lab.ran, results(again)) == (["a", "b", "b", "c"], [True, "C"])
    assert ("done", "inner", "a") in kinds(path)
    lab.ran.clear()
    assert (run(nested(lab)), lab.ran) == (True, [])


def test_a_nested_scheduler_that_was_not_fine_is_recorded_as_failed(lab, run, path, plan):
    lab.broken = {"a"}
    inner = Scheduler(lab.job("a"), label="inner", critical=False)
    night = Scheduler(inner, label="night")
    run(night)
    assert plan(night) == [
        ("inner", "run", "failed: CRITICAL FAILURE: <Job `a`> raised OSError:a is broken"),
        ("a", "run", "raised OSError:a is broken"),
    ]
    failed = [record.error for record in Journal.read(path) if record.kind == "failed"]
    assert failed == [
        "OSError:a is broken",
        "CRITICAL FAILURE: <Job `a`> raised OSError:a is broken",
    ]


def test_restored_jobs_have_their_times_and_results(lab, run):
    first = lab.chain("a")
    run(first)
    again = lab.chain("a")
    run(again)
    (job,) = again.jobs
    assert job.duration() == pytest.approx(1)
    assert job.ended_at <= 0
    assert (job.repr_result(), again.stats()) == ("[[ -> 'A']]", "1D + 0R + 0I = 1")


def test_a_clock_that_was_set_back_changes_nothing(lab, run, monkeypatch):
    run(lab.chain("a", "b"))
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 86_400)
    again = lab.chain("a", "b")
    assert run(again)
    assert lab.ran == ["a", "b"]
    assert [job.ended_at <= 0 for job in again.jobs] == [True, True]
    monkeypatch.setattr(time, "time", lambda: now + 86_400)
    run(lab.chain("a", "b", version=2))
    monkeypatch.setattr(time, "time", lambda: now)
    run(lab.chain("a", "b", version=2))
    assert lab.ran == ["a", "b"] * 2


@pytest.mark.parametrize("duplicate", [copy.copy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_copy_of_a_restored_job_has_the_result(run, duplicate):
    run(Scheduler(CallJob(int, "3", label="x"), label="night"))
    job = CallJob(int, "3", label="x")
    run(Scheduler(job, label="night"))
    assert duplicate(job).result() == 3


def test_coroutines_are_compared_by_their_arguments_and_closed_if_restored(lab, run, plan):
    async def double(x):
        return 2 * x

    def make(x):
        return Scheduler(Job(double(x), label="d"), label="night")

    run(make(2))
    again = make(2)
    run(again)
    assert results(again) == [4]
    other = make(3)
    assert plan(other)[0][2] == "is not as it was: argument `x` has changed"
    other.close_all_jobs()


def test_a_job_among_the_arguments_stands_for_its_key(run, plan):
    def make(key):
        first = CallJob(int, "3", label="first", key=key)
        return Scheduler(first, CallJob(float, first, label="second"), label="night")

    run(make("a"))
    assert [step[1] for step in plan(make("a"))] == ["restore", "restore"]
    assert plan(make("b"))[1][2] == "is not as it was: argument 1 has changed"


def test_a_job_is_compared_as_it_was_before_it_ran(lab, run):
    """This also holds if an earlier run recorded that it failed."""
    ran = []

    async def work(x):
        ran.append(x)
        if len(ran) == 1:
            raise OSError
        return x

    class Counting(Job):
        count = 0

        async def co_run(self):
            self.count += 1
            return await super().co_run()

    def make():
        jobs = Job(work(1), label="coroutine"), Counting(asyncio.sleep, 0, label="counting")
        return Scheduler(Sequence(*jobs), label="night", critical=False)

    assert [run(make()) for _ in range(3)] == [False, True, True]
    assert ran == [1, 1]


def test_a_coroutine_that_was_awaited_is_remembered(lab, path):
    async def answer(x):
        return x

    with Journal(path) as journal:
        scheduler = Scheduler(Job(answer(42), label="x"), label="night")
        assert [scheduler.run(journal=journal) for _ in range(2)] == [True, True]
        assert results(scheduler) == [42]


def test_commands_have_their_results_back(run, path):
    def make():
        return Scheduler(CommandJob("printf", "a b", label="p"), label="night")

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        for _ in range(2):
            scheduler = make()
            with Journal(path) as journal:
                runner.run(scheduler.co_run(journal=journal))
    (result,) = results(scheduler)
    assert (result.stdout, result.argv, result.handed_on()) == ("a b", ("printf", "a b"), "a b")
    assert len(inspect.restored_jobs(scheduler)) == 1


# -- results


@pytest.mark.parametrize("codec", [JSONCodec(), PickleCodec()], ids=["json", "pickle"])
def test_output_with_a_secret_in_it_is_not_recorded(path, caplog, codec):
    secret = CommandJob.hide("hunter2")
    quiet = CommandJob("true", secret, label="quiet")
    loud = CommandJob("echo", secret, label="loud")
    scheduler = Scheduler(quiet, loud, label="night")
    with (
        asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner,
        Journal(path, codec=codec) as journal,
    ):
        assert runner.run(scheduler.co_run(journal=journal))
    records = {it.key: it.result for it in Journal.read(path) if it.kind == "done"}
    assert records[("quiet",)] is not None
    assert records[("loud",)] is None
    assert b"hunter2" not in path.read_bytes()
    assert "the output of its command contains a secret" in caplog.text


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ((1, 2), "its result is a tuple, which JSON gives back as a list"),
        (
            {"asynciojobs.CommandResult": []},
            (
                "its result is a dict with the key 'asynciojobs.CommandResult', which has a "
                "meaning of its own"
            ),
        ),
    ],
)
def test_what_can_not_be_recorded_is_logged_and_runs_again(
    lab, run, plan, caplog, value, reason
):
    lab.values["a"] = value
    assert run(lab.chain("a", "b")) is True
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage() == (
        f"<Job `a`> can't be recorded, so it will run again when this run is resumed: {reason}"
    )
    assert plan(lab.chain("a", "b"))[0][1:] == (
        "run",
        "has no result in the journal, or it was altered",
    )


def test_pickle_is_a_choice(lab, run):
    lab.values["a"] = (1, {2})
    run(lab.chain("a"), codec=PickleCodec())
    again = lab.chain("a")
    run(again, codec=PickleCodec())
    assert (lab.ran, results(again)) == (["a"], [(1, {2})])


def test_large_results_are_beside_it_and_a_missing_one_makes_the_job_run_again(lab, path, run):
    lab.values["a"] = "x" * 100
    run(lab.chain("a"), inline=10)
    again = lab.chain("a")
    run(again)
    assert (results(again), lab.ran) == (["x" * 100], ["a"])
    (blob,) = (path.parent / f"{path.name}.d").iterdir()
    blob.unlink()
    run(lab.chain("a"))
    assert lab.ran == ["a", "a"]


def test_results_are_loaded_when_they_are_asked_for(lab, path, run):
    class Counting(PickleCodec):
        loads_of = 0

        def loads(self, data):
            type(self).loads_of += 1
            return super().loads(data)

    run(lab.chain("a", "b"), codec=Counting())
    again = lab.chain("a", "b")
    run(again, codec=Counting())
    assert Counting.loads_of == 0
    assert (results(again), results(again), Counting.loads_of) == (["A", "B"], ["A", "B"], 2)


def test_a_result_that_is_gone_when_it_is_asked_for_is_an_error(lab, path, run):
    run(lab.chain("a"))
    again = lab.chain("a")
    run(again)
    path.unlink()
    with pytest.raises(
        JournalError, match=r"has a result of `a` that is gone, or was altered: "
    ):
        results(again)


def test_a_result_that_can_not_be_loaded_is_an_error(lab, run):
    class Broken(PickleCodec):
        def loads(self, data):
            raise AttributeError("no class Point")

    run(lab.chain("a"), codec=PickleCodec())
    again = lab.chain("a")
    run(again, codec=Broken())
    with pytest.raises(
        JournalError, match=r"can't be loaded \(AttributeError: no class Point\)"
    ):
        results(again)


# -- followers, slots and the end


class Slow:
    """A store whose syncs take until they are released."""

    def __init__(self, store, gate):
        self.store, self.gate = store, gate

    def write(self, data):
        self.store.write(data)

    def sync(self):
        self.gate.wait(10)
        self.store.sync()


@pytest.fixture
def gate():
    gate = threading.Event()
    with use_store(lambda store: Slow(store, gate)):
        yield gate
    gate.set()


@pytest.mark.parametrize("limited", [False, True])
def test_followers_wait_for_the_disk_and_others_have_the_slot_at_once(path, gate, limited):
    order = []
    limit = Limit(1) if limited else None

    async def work(name):
        order.append(name)
        if name == "other":
            assert a.is_done()
            assert not follower.is_running()
            gate.set()

    a = Job(work, "a", label="a", limits=limit)
    other = Job(work, "other", label="other", limits=limit)
    follower = Job(work, "follower", label="follower", required=a)
    scheduler = PureScheduler(a, other, follower, jobs_window=None if limited else 1)
    with Journal(path) as journal:
        scheduler.run(journal=journal, loop_factory=asyncio.new_event_loop)
    assert order == ["a", "other", "follower"]


@pytest.mark.parametrize("how", ["timeout", "stop", "cancel", "failure"])
def test_a_run_that_ends_during_a_write_waits_for_it(path, gate, how):
    async def done():
        return 1

    async def end():
        await asyncio.sleep(0.01)
        asyncio.get_running_loop().call_later(0.02, gate.set)
        if how == "stop":
            scheduler.stop()
        elif how == "cancel":
            main.cancel()
        elif how == "failure":
            raise OSError
        await asyncio.sleep(0.005 if how == "cancel" else 5)

    async def co_main():
        nonlocal main
        main = asyncio.current_task()
        with Journal(path) as journal:
            return await scheduler.co_run(journal=journal)

    main = None
    a = Job(done, label="a")
    scheduler = PureScheduler(
        a,
        Job(end, label="end", journaled=False),
        Job(done, label="behind", required=a),
        timeout=0.03 if how == "timeout" else None,
    )
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        if how == "cancel":
            with pytest.raises(asyncio.CancelledError):
                runner.run(co_main())
        else:
            assert runner.run(co_main()) is (how == "stop")
    assert kinds(path) == [("run",), ("started", "a"), ("done", "a"), ("end",)]


class Cancelling:
    """A store that cancels the run as it writes the last record."""

    def __init__(self, store):
        self.store = store
        self.task = asyncio.current_task()
        self.loop = asyncio.get_running_loop()
        self.is_last = False

    def write(self, data):
        self.is_last = b'"end"' in data
        self.store.write(data)

    def sync(self):
        if self.is_last:
            self.loop.call_soon_threadsafe(self.task.cancel)
        self.store.sync()


def test_a_run_that_is_cancelled_with_its_last_record_waits_for_it(lab, path):
    async def main():
        with Journal(path) as journal, use_store(Cancelling):
            await scheduler.co_run(journal=journal)

    scheduler = PureScheduler(Job(asyncio.sleep, 0, label="a"))
    with (
        asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner,
        pytest.raises(asyncio.CancelledError),
    ):
        runner.run(main())
    assert (scheduler.why(), kinds(path)[-1]) == ("CANCELLED", ("end",))


class Full:
    """A store on a disk that is full when a record of some kind comes."""

    def __init__(self, store, path, kind="done"):
        self.store, self.path, self.kind = store, path, kind

    def write(self, data):
        if f'"{self.kind}"'.encode() in data:
            raise JournalError(self.path, "can't be written (no space)", "make room")
        self.store.write(data)

    def sync(self):
        self.store.sync()


def test_a_journal_that_can_not_be_written_ends_the_run(lab, path, run):
    scheduler = lab.chain("a", "b")
    with (
        use_store(lambda store: Full(store, path)),
        pytest.raises(JournalError, match="no space"),
    ):
        run(scheduler)
    assert (lab.ran, scheduler.why()[:23]) == (["a"], "BROKEN OFF: JournalErro")
    assert kinds(path) == [("run",), ("started", "a")]
    run(lab.chain("a", "b"))
    assert lab.ran == ["a", "a", "b"]


def test_a_disk_that_is_full_for_the_last_record_ends_the_run_too(lab, path, run):
    def full(store):
        return Full(store, path, "end")

    with use_store(full), pytest.raises(JournalError, match="no space"):
        run(lab.chain("a"), sync=False)
    with (
        use_store(full),
        Journal(path) as journal,
        pytest.raises(JournalError, match="no space"),
    ):
        lab.chain("a").run(journal=journal, loop_factory=asyncio.new_event_loop)
    assert (run(lab.chain("a")), lab.ran) == (True, ["a"])


def test_a_journal_that_is_closed_during_the_run_ends_it(lab, path):
    with Journal(path) as journal:
        scheduler = PureScheduler(lab.job("a"), Job(lambda: asyncio.sleep(0, journal.close())))
        with pytest.raises(JournalError, match="is closed: open it again"):
            scheduler.run(journal=journal)


def test_a_run_that_is_refused_leaves_the_journal_free(lab, path):
    scheduler = lab.chain("a", "b")
    a, b = scheduler.jobs
    a.requires(b)
    with Journal(path) as journal:
        with pytest.raises(ValueError, match="cycle"):
            scheduler.run(journal=journal)
        a.requires(b, remove=True)
        assert scheduler.run(journal=journal) is True


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_loop_that_is_closed_in_mid_run_leaves_the_journal_free(lab, path, by_hand):
    scheduler = lab.chain("a", "b")
    with Journal(path) as journal:
        loop = asyncio.new_event_loop()
        run = scheduler.co_run(journal=journal)
        task = loop.create_task(run)
        loop.call_later(0.01, loop.stop)
        loop.run_forever()
        for each in asyncio.all_tasks(loop):
            each._log_destroy_pending = False
        loop.close()
        if by_hand:
            run.close()
        del task, run
        gc.collect()
        assert scheduler.run(journal=journal) is True
    assert lab.ran == ["a", "a", "b"]


def test_keep_going_and_skipped_jobs(lab, run, path):
    def make():
        first = lab.job("a")
        return Scheduler(
            first, lab.job("b", required=first), lab.job("c"),
            label="night", critical=False, keep_going=True,
        )  # fmt: skip

    lab.broken = {"a"}
    assert run(make()) is False
    lab.broken = set()
    assert run(make()) is True
    assert sorted(lab.ran) == ["a", "a", "b", "c"]


# -- jobs that join


def growing(lab, **options):
    async def grow():
        lab.ran.append("grow")
        last = scheduler.add(lab.job("last", **options))
        return last.label

    scheduler = Scheduler(Job(grow, label="grow"), lab.job("a"), label="night", critical=False)
    return scheduler


def test_jobs_that_have_joined_are_restored_and_their_adder_runs_again(lab, run, plan):
    run(growing(lab))
    again = growing(lab)
    assert ("grow", "run", "added jobs to its run") in plan(again)
    assert run(again) is True
    assert lab.ran == ["grow", "a", "last", "grow"]
    assert results(again) == ["last", "A", "LAST"]


def test_jobs_that_join_nested_schedulers_are_restored(lab, run):
    def make():
        inner = growing(lab)
        inner.add(Scheduler(lab.job("deep"), label="s"))
        return Scheduler(inner, label="root")

    run(make())
    run(make())
    assert sorted(lab.ran) == ["a", "deep", "grow", "grow", "last"]


def test_a_scheduler_that_joins_is_restored_with_all_in_it(lab, run):
    def make():
        async def grow():
            scheduler.add(Scheduler(lab.job("x"), label="inner"))

        scheduler = Scheduler(Job(grow, label="grow"), label="night")
        return scheduler

    run(make())
    again, seen = make(), []
    again.observe(lambda event: seen.append((event.job.label, str(event.kind))))
    run(again)
    assert lab.ran == ["x"]
    assert [it for it in seen if it[0] != "grow"] == [("inner", "restored"), ("x", "restored")]
    assert len(inspect.restored_jobs(again)) == 2


def test_a_job_that_joins_and_requires_one_that_runs_again_does_so_too(lab, run):
    def make():
        async def grow():
            scheduler.add(lab.job("last", required=job))

        job = Job(grow, label="grow")
        scheduler = Scheduler(job, label="night")
        return scheduler

    run(make())
    run(make())
    assert lab.ran == ["last", "last"]


def test_if_nobody_knows_who_adds_a_job_all_that_run_are_under_suspicion(lab, run, plan):
    def make():
        def add():
            if lab.job("late") not in scheduler:
                scheduler.add(lab.job("late"))

        async def later():
            asyncio.get_running_loop().call_soon(add)
            await asyncio.sleep(1)

        scheduler = Scheduler(Job(later, label="later"), lab.job("early"), label="night")
        return scheduler

    run(make())
    assert {step[2] for step in plan(make())} == {"added jobs to its run"}


def test_jobs_that_join_what_is_not_journaled_are_not(lab, run):
    def make():
        inner = growing(lab)
        return Scheduler(Scheduler(inner, label="x", journaled=False), label="root")

    run(make())
    run(make())
    assert sorted(lab.ran) == ["a", "a", "grow", "grow", "last", "last"]


def test_two_jobs_with_one_key_are_refused_when_one_joins(lab, run):
    async def grow():
        scheduler.add(lab.job("a"))

    scheduler = Scheduler(lab.job("a"), Job(grow, label="grow"), label="night")
    with pytest.raises(DuplicateKeyError):
        run(scheduler)


# -- what is refused


def test_two_jobs_with_one_key_are_refused_before_anything_starts(lab, run, plan):
    twins = Scheduler(lab.job("a"), lab.job("x", key="a"), label="night")
    for function in (run, plan):
        with pytest.raises(
            DuplicateKeyError, match=r"^<Job `a`> and <Job `x`> have the same key"
        ):
            function(twins)
    assert lab.ran == []


def test_another_root_is_refused(lab, run):
    run(lab.chain("a"))
    with pytest.raises(JournalError, match=r"belongs to `night`, not to `day`: give that "):
        run(Scheduler(lab.job("a"), label="day"))
    with pytest.raises(JournalError, match=r"belongs to `night`, not to `PureScheduler`"):
        run(PureScheduler(lab.job("a")))


def test_no_job_in_common_is_refused_unless_all_are_to_run(lab, run):
    run(lab.chain("a"))
    with pytest.raises(JournalError, match=r"has no job in common with `night`: use another"):
        run(lab.chain("x"))
    assert run(lab.chain("x"), resume=False) is True


def test_resume_false_runs_all_and_later_runs_take_that_up(lab, run):
    run(lab.chain("a", "b"))
    lab.broken = {"b"}
    run(lab.chain("a", "b"), resume=False)
    lab.broken = set()
    run(lab.chain("a", "b"))
    assert lab.ran == ["a", "b", "a", "b", "b"]


def test_resume_true_needs_a_file(path, lab, run):
    with pytest.raises(JournalError, match=r"does not exist: check the path"):
        Journal(path, resume=True)
    run(lab.chain("a"), resume=None)
    assert run(lab.chain("a"), resume=True) is True


def test_another_codec_is_refused_and_the_lock_given_up(lab, run, path):
    run(lab.chain("a"))
    with pytest.raises(JournalError, match=r"has results in 'json', not in 'pickle': open it"):
        Journal(path, codec=PickleCodec())
    Journal(path).close()


def test_a_label_does_not_count_if_there_is_a_key(lab, run, plan):
    def night(label, key):
        load = Job(lab.work, "load", label=label, key=key)
        return Scheduler(load, CallJob(len, load, label="count"), label="night")

    run(night("load", None))
    run(night("fetch", "load"))
    assert lab.ran == ["load"]
    assert plan(night("fetch", None))[1] == (
        "count",
        "run",
        "is not as it was: argument 1 has changed",
    )


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        (PickleCodec, "codec takes an object, not a class: write PickleCodec()"),
        ("pickle", "codec takes a codec, such as PickleCodec(), not 'pickle'"),
    ],
)
def test_what_is_no_codec_is_refused_before_there_is_a_file(path, codec, text):
    with pytest.raises(TypeError) as caught:
        Journal(path, codec=codec)
    assert (str(caught.value), path.exists()) == (text, False)


def test_it_can_be_open_once(path):
    with Journal(path) as journal:
        assert repr(journal) == f"<Journal {str(path)!r}>"
        with pytest.raises(JournalError, match=r"is open in this program already"):
            Journal(path)


def test_it_serves_one_run_at_a_time(lab, path):
    async def again():
        with pytest.raises(JournalError, match=r"is in use by a run that goes on: wait until"):
            await PureScheduler(lab.job("b")).co_run(journal=journal)
        with pytest.raises(JournalError, match=r"is in use by a run that goes on"):
            journal.forget(lab.job("b"))
        return "fine"

    with Journal(path) as journal:
        job = Job(again, label="again")
        assert PureScheduler(job).run(journal=journal) is True
        assert job.result() == "fine"


def test_two_threads_may_have_one_each(lab, tmp_path):
    def work(number):
        with Journal(tmp_path / f"{number}") as journal:
            done.append(
                PureScheduler(Job(asyncio.sleep, 0, number, label="x")).run(
                    journal=journal, loop_factory=asyncio.new_event_loop
                )
            )

    done = []
    threads = [threading.Thread(target=work, args=[number]) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [True, True]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_a_forked_child_may_not_go_on(lab, path):
    with Journal(path) as journal:
        pid = os.fork()
        if not pid:  # pragma: no cover - in the child
            try:
                PureScheduler(lab.job("a")).run(journal=journal)
            except JournalError:
                os._exit(0)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


# -- forget


@pytest.mark.parametrize(
    ("label", "downstream", "expected"),
    [("a", True, "abc"), ("b", True, "bc"), ("c", True, "c"), ("inner", True, "abc")],
)
def test_what_is_forgotten_runs_again_with_all_behind_it(
    lab, path, run, label, downstream, expected
):
    run(nested(lab))
    lab.ran.clear()
    with Journal(path) as journal:
        scheduler = nested(lab)
        journal.plan(scheduler)
        (job,) = (
            it for it in scheduler.iterate_jobs(scan_schedulers=True) if it.label == label
        )
        journal.forget(job, downstream=downstream)
    assert (run(nested(lab)), "".join(lab.ran)) == (True, expected)


def test_only_the_job_itself_may_be_forgotten(lab, path, run, plan):
    run(lab.chain("a", "b"))
    with Journal(path) as journal:
        scheduler = lab.chain("a", "b")
        journal.plan(scheduler)
        journal.forget(next(iter(scheduler.jobs)), downstream=False)
    assert kinds(path)[-1] == ("forget", "a")
    assert plan(lab.chain("a", "b"))[0][1:] == ("run", "was forgotten")


def test_a_job_that_is_unknown_can_not_be_forgotten(lab, path):
    with Journal(path) as journal:
        with pytest.raises(JournalError, match=r"knows nothing of `a`: call plan\(scheduler\)"):
            journal.forget(lab.job("a"))
        journal.plan(lab.chain("b"))
        with pytest.raises(JournalError, match=r"knows nothing of `a`"):
            journal.forget(lab.job("a"))


def test_a_used_coroutine_without_a_memory_runs_again_with_a_clear_error(lab, path, run):
    async def answer():
        return 1

    job = Job(answer(), label="x")
    scheduler = Scheduler(job, label="night", critical=False)
    run(scheduler)
    assert run(scheduler) is False
    assert type(job.raised_exception()).__name__ == "ConsumedError"
