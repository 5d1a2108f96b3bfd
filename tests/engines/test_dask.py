"""The engine for Dask: keys, options, lost calls, and clients."""

from __future__ import annotations

import asyncio
import contextlib
import doctest
import gc
import importlib
import os
import re
import signal
import time
from pathlib import Path

import pytest
from kinds import EVERYTHING, LOCAL
from remotework import add, called_again, fail, fail_at_first, options, wait_for

from asynciojobs import CallJob, Job, Scheduler

if not EVERYTHING:
    pytest.importorskip("distributed", reason="./hatchw run engines:test has distributed")

dask = importlib.import_module("asynciojobs.dask")
distributed = importlib.import_module("distributed")
DaskEngine = dask.DaskEngine

IN_PROCESS = {**LOCAL, "processes": False, "host": None}
"""A cluster in threads of this process, for clients that come and go."""


@pytest.fixture(scope="module")
def in_loop():
    """Run a coroutine in the loop of the client."""
    with asyncio.Runner() as runner:
        yield runner.run


@contextlib.contextmanager
def client_of(in_loop, **options):
    """A client of two workers that pretend to have a GPU each."""

    async def start():
        cluster = await distributed.LocalCluster(
            **options, resources={"GPU": 1}, asynchronous=True
        )
        return cluster, await distributed.Client(cluster, asynchronous=True)

    async def end():
        await client.close()
        await cluster.close()

    cluster, client = in_loop(start())
    yield client
    in_loop(end())


@pytest.fixture(scope="module")
def client(in_loop):
    with client_of(in_loop, **LOCAL) as client:
        yield client


@pytest.fixture
def idle(in_loop):
    """A client of its own cluster, where other tests leave nothing behind."""
    with client_of(in_loop, **IN_PROCESS) as client:
        yield client


@pytest.fixture
def engine(client):
    return DaskEngine(client)


@pytest.fixture
def pids(in_loop, client):
    """The processes of the two workers, by their addresses."""
    return in_loop(client.run(os.getpid))


def result_of(in_loop, job):
    """Run one job; return its value."""

    async def main():
        assert await Scheduler(job).co_run()
        return await job.fetch()

    return in_loop(main())


async def there(path: Path) -> None:
    """Wait until a file exists."""
    await asyncio.to_thread(wait_for, path)


async def scheduler_has(client, condition):
    """Wait until the scheduler of Dask meets a condition."""
    end = time.monotonic() + 30
    while not await client.run_on_scheduler(condition):
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


def no_tasks(dask_scheduler):
    return not dask_scheduler.tasks


# -- the module


def test_these_names_are_public():
    assert dask.__all__ == ["CallLostError", "DaskEngine"]


@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning")  # from modules that Dask imports
def test_the_examples_run():
    found = doctest.testmod(dask)
    assert (found.failed, found.attempted > 4) == (0, True)


# -- engines


def test_engines_of_one_client_are_equal(client):
    one, two = DaskEngine(client), DaskEngine(client, retries=2)
    assert (one == two, hash(one) == hash(two)) == (True, True)


def test_an_engine_is_equal_to_nothing_else(engine, client):
    assert engine != client


def test_the_repr_of_an_engine_shows_its_client(engine, client):
    assert repr(engine) == f"DaskEngine({client!r})"


@pytest.mark.parametrize("kind", ["client", "cluster"])
def test_anything_but_an_asynchronous_client_is_refused(kind):
    with (
        distributed.LocalCluster(**IN_PROCESS) as cluster,
        distributed.Client(cluster) as client,
    ):
        wrong = {"client": client, "cluster": cluster}[kind]
        message = (
            "DaskEngine() takes an asynchronous client of this event loop, made by `await "
            f"Client(…, asynchronous=True)`, not {wrong!r}: make one, or give "
            "CallJob() the executor of a synchronous one, client.get_executor(pure=False)"
        )
        with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
            DaskEngine(wrong)


# -- calls


def test_the_result_is_a_future_whose_value_is_on_the_cluster(in_loop, engine):
    job = CallJob(add, 1, executor=engine)
    in_loop(Scheduler(job).co_run())
    assert (type(job.result()), job.result().status) == (distributed.Future, "finished")


@pytest.mark.parametrize("wrap", [lambda it: [it], lambda it: (it,), lambda it: {"x": [it]}])
def test_values_inside_containers_stay_on_the_cluster(in_loop, engine, wrap, monkeypatch):
    async def fetch(self, handle):
        raise AssertionError("it was fetched")

    one = CallJob(add, 1, executor=engine)
    job = CallJob(repr, wrap(one), executor=engine)
    with monkeypatch.context() as patch:
        patch.setattr(type(engine), "fetch", fetch)
        in_loop(Scheduler(one, job).co_run())
    assert in_loop(job.fetch()) == repr(wrap(1))


def test_other_jobs_get_values(in_loop, engine):
    async def double(number):
        return 2 * number

    one = CallJob(add, 1, executor=engine)
    job = CallJob(double, one)
    in_loop(Scheduler(one, job).co_run())
    assert job.result() == 2


@pytest.mark.parametrize(
    ("label", "beginning"), [("my label", "my label-"), (None, "add-"), (3, "add-")]
)
def test_the_key_of_a_call_begins_with_the_label_or_the_function(
    in_loop, engine, label, beginning
):
    job = CallJob(add, 1, executor=engine, label=label)
    in_loop(Scheduler(job).co_run())
    assert re.fullmatch(f"{beginning}[0-9a-f]{{32}}", job.result().key)


def test_arguments_may_be_named_like_options_of_dask(in_loop, engine):
    named = {"key": 1, "workers": "w", "retries": 3, "pure": None}
    giver = CallJob(add, 4, executor=engine)
    job = CallJob(options, kwargs={**named, "resources": giver}, executor=engine)
    in_loop(Scheduler(giver, job).co_run())
    assert in_loop(job.fetch()) == {**named, "resources": 4}


def test_a_value_is_freed_when_no_job_has_it_any_more(in_loop, idle):
    async def main():
        jobs = [CallJob(add, number, executor=DaskEngine(idle)) for number in range(3)]
        await Scheduler(*jobs).co_run()
        held = await idle.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))
        jobs.clear()
        await scheduler_has(idle, no_tasks)
        return held

    gc.disable()  # reference counting is enough
    try:
        assert in_loop(main()) == 3
    finally:
        gc.enable()


def test_nothing_is_kept_of_a_call_that_raised(in_loop, idle):
    async def main():
        job = CallJob(fail, "no", executor=DaskEngine(idle), critical=False)
        await Scheduler(job).co_run()
        del job
        await scheduler_has(idle, no_tasks)
        return len(idle.futures)

    gc.disable()
    try:
        assert in_loop(main()) == 0
    finally:
        gc.enable()


# -- options


def test_a_call_that_raises_is_not_retried(in_loop, engine, tmp_path):
    job = CallJob(fail_at_first, tmp_path, executor=engine, critical=False)
    in_loop(Scheduler(job).co_run())
    assert repr(job.raised_exception()) == "ValueError('at first')"


def test_with_retries_a_call_that_raises_is_retried(in_loop, client, tmp_path):
    job = CallJob(fail_at_first, tmp_path, executor=DaskEngine(client, retries=1))
    assert result_of(in_loop, job) == "then not"


def test_a_call_runs_on_the_worker_that_is_named(in_loop, client, pids):
    engines = [DaskEngine(client, workers=address) for address in pids]
    jobs = [CallJob(os.getpid, executor=engine) for engine in 3 * engines]
    in_loop(Scheduler(*jobs).co_run())
    assert [in_loop(job.fetch()) for job in jobs] == 3 * [*pids.values()]


def test_several_workers_may_be_named(in_loop, client, pids):
    job = CallJob(os.getpid, executor=DaskEngine(client, workers=pids))
    assert result_of(in_loop, job) in pids.values()


def test_a_call_takes_the_resources_of_a_worker(in_loop, idle, tmp_path):
    def on_one_gpu(dask_scheduler):
        tasks = dask_scheduler.tasks.values()
        return [task.resource_restrictions for task in tasks] == [{"GPU": 1}]

    async def main():
        job = CallJob(
            wait_for, tmp_path / "go", executor=DaskEngine(idle, resources={"GPU": 1})
        )
        run = asyncio.ensure_future(Scheduler(job).co_run())
        await scheduler_has(idle, on_one_gpu)
        (tmp_path / "go").touch()
        return await run

    assert in_loop(main())


# -- lost calls and values


def test_a_call_that_dask_abandons_fails_its_job_and_cancels_nothing(in_loop, idle, tmp_path):
    engine = DaskEngine(idle)

    async def main():
        job = CallJob(wait_for, tmp_path / "go", executor=engine, critical=False, label="j")
        after = Job(asyncio.sleep, 0, "after", required=job)
        run = asyncio.ensure_future(Scheduler(job, after).co_run())
        await scheduler_has(idle, lambda dask_scheduler: len(dask_scheduler.tasks))
        [key] = idle.futures
        await idle.cancel([distributed.Future(key, idle)], reason="whim")
        return await run, key, job.raised_exception(), after.result()

    result, key, error, after = in_loop(main())
    (tmp_path / "go").touch()
    assert (result, type(error), error.key, after) == (True, dask.CallLostError, key, "after")
    assert str(error) == (
        f"the Dask cluster gave up the call {key!r} ({key} cancelled for reason: whim.): keep "
        "the client and its cluster open until all is done and fetched, and run it again"
    )


def test_a_value_that_dask_abandoned_can_not_be_fetched(in_loop, client, engine):
    async def main():
        job = CallJob(add, 1, executor=engine)
        await Scheduler(job).co_run()
        await client.cancel([job.result()])
        await job.fetch()

    with pytest.raises(dask.CallLostError, match="^the Dask cluster gave up the call 'add-"):
        in_loop(main())


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_a_value_that_was_lost_with_its_worker_is_computed_again(in_loop, engine, tmp_path):
    async def kill():
        _, pid = await one.fetch()
        os.kill(pid, signal.SIGKILL)
        await there(tmp_path / "2")

    one = CallJob(called_again, tmp_path, executor=engine)
    killer = Job(kill, required=one)
    two = CallJob(add, one, (), executor=engine, required=killer)
    in_loop(Scheduler(one, killer, two).co_run())
    assert in_loop(two.fetch())[0] == 2


# -- clients that are gone


def test_a_loop_other_than_that_of_the_client_is_refused(engine):
    job = CallJob(add, 1, executor=engine, critical=False)
    Scheduler(job).run()
    assert repr(job.raised_exception()) == repr(
        RuntimeError(
            f"{engine!r} is used in another event loop than that of its client: make the "
            "client in the coroutine that awaits co_run(), rather than call run()"
        )
    )


def test_a_client_that_is_closed_is_refused(in_loop):
    async def main():
        async with distributed.LocalCluster(**IN_PROCESS, asynchronous=True) as cluster:
            async with distributed.Client(cluster, asynchronous=True) as client:
                job = CallJob(add, 1, executor=DaskEngine(client), critical=False)
            await Scheduler(job).co_run()
            return job.raised_exception()

    assert re.sub("<.*>", "", str(in_loop(main()))) == (
        "DaskEngine() can't be used, since its client is closed: keep it open, "
        "`async with Client(…, asynchronous=True) as client`, until all is fetched"
    )


def test_a_client_that_is_not_yet_open_is_waited_for(in_loop):
    async def main():
        async with distributed.LocalCluster(**IN_PROCESS, asynchronous=True) as cluster:
            client = distributed.Client(cluster, asynchronous=True)
            job = CallJob(add, 1, executor=DaskEngine(client))
            await Scheduler(job).co_run()
            return await job.fetch(), await client.close()

    assert in_loop(main()) == (1, None)


@pytest.mark.parametrize("what", ["client", "cluster"])
def test_closing_the_client_or_the_cluster_during_a_call_fails_the_job(in_loop, tmp_path, what):
    async def main():
        async with (
            distributed.LocalCluster(**IN_PROCESS, asynchronous=True) as cluster,
            distributed.Client(cluster, asynchronous=True) as client,
        ):
            job = CallJob(
                wait_for, tmp_path / "go", executor=DaskEngine(client), critical=False
            )
            run = asyncio.ensure_future(Scheduler(job).co_run())
            await scheduler_has(client, lambda dask_scheduler: len(dask_scheduler.tasks))
            asyncio.get_running_loop().call_later(0.2, (tmp_path / "go").touch)
            await {"client": client, "cluster": cluster}[what].close()
            assert await run
            return job.raised_exception()

    assert type(in_loop(main())) is dask.CallLostError


def test_a_call_that_kills_its_workers_is_abandoned(in_loop):
    async def main():
        with importlib.import_module("dask").config.set(
            {"distributed.scheduler.allowed-failures": 0}
        ):
            async with (
                distributed.LocalCluster(**LOCAL, asynchronous=True) as cluster,
                distributed.Client(cluster, asynchronous=True) as client,
            ):
                job = CallJob(os._exit, 1, executor=DaskEngine(client), critical=False)
                await Scheduler(job).co_run()
                return job.raised_exception()

    assert type(in_loop(main())) is distributed.KilledWorker
