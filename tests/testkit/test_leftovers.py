"""What a run must not leave behind, and how it is reported."""

from __future__ import annotations

import _thread
import asyncio
import contextlib
import gc
import pickle
import re
import sys
import threading
import warnings

import pytest

from asynciojobs import Job, Scheduler
from asynciojobs_testkit import FakeClock, FakeJob, LeftoverError
from asynciojobs_testkit._known import place_of_shield
from asynciojobs_testkit._leftovers import Leftovers


async def fail():
    raise ZeroDivisionError("by zero")


async def forgets_a_task():
    asyncio.create_task(asyncio.sleep(100), name="stray")  # noqa: RUF006
    await asyncio.sleep(1)


async def forgets_an_exception():
    asyncio.create_task(fail(), name="stray")  # noqa: RUF006
    await asyncio.sleep(1)


async def forgets_to_await():
    asyncio.sleep(1)


def leftovers_of(function):
    with pytest.raises(LeftoverError) as caught, FakeClock().installed():
        Scheduler(Job(function, label="fetch")).run()
    return caught.value.leftovers


def test_a_task_that_is_still_alive_is_reported_with_its_job():
    assert leftovers_of(forgets_a_task) == [
        "<Task 'stray' of sleep()> is still alive: it was made in <Job `fetch`>"
    ]


def test_an_exception_that_was_never_retrieved_is_reported_with_its_job():
    (line,) = leftovers_of(forgets_an_exception)
    assert line == (
        "<Task 'stray' of fail()> raised ZeroDivisionError(by zero), which was never retrieved"
        ": it was made in <Job `fetch`>"
    )


def test_a_coroutine_that_was_never_awaited_is_reported_with_its_job():
    assert leftovers_of(forgets_to_await) == [
        "coroutine sleep() was never awaited: it was made in <Job `fetch`>"
    ]


def test_a_task_created_by_a_task_of_a_job_is_reported_with_that_job():
    async def outer():
        await asyncio.create_task(forgets_a_task())

    assert leftovers_of(outer) == [
        "<Task 'stray' of sleep()> is still alive: it was made in <Job `fetch`>"
    ]


def test_a_task_without_a_job_is_reported_without_one():
    with pytest.raises(LeftoverError) as caught:
        FakeClock().run(forgets_a_task())
    assert str(caught.value) == (
        "the run has left something behind:\n  <Task 'stray' of sleep()> is still alive"
    )


def test_the_exception_of_a_future_is_reported():
    async def main():
        asyncio.get_running_loop().create_future().set_exception(ZeroDivisionError("by zero"))

    with pytest.raises(LeftoverError) as caught:
        FakeClock().run(main())
    assert caught.value.leftovers == [
        "a future raised ZeroDivisionError(by zero), which was never retrieved"
    ]


def test_an_exception_text_of_several_lines_is_reported_on_one_line():
    async def main():
        asyncio.get_running_loop().create_future().set_exception(ValueError("one\ntwo"))

    with pytest.raises(LeftoverError) as caught:
        FakeClock().run(main())
    assert caught.value.leftovers == [
        "a future raised ValueError(one two), which was never retrieved"
    ]


def test_an_exception_whose_str_raises_is_reported():
    class Mute(Exception):
        def __str__(self):
            raise ZeroDivisionError

    async def main():
        kept.append(asyncio.get_running_loop().create_task(fails(), name="kept"))
        await asyncio.sleep(1)

    async def fails():
        raise Mute

    kept = []
    with pytest.raises(LeftoverError) as caught:
        FakeClock().run(main())
    (line,) = caught.value.leftovers
    assert line.endswith(
        " raised Mute((str raised ZeroDivisionError)), which was never retrieved"
    )


def test_the_exception_of_a_task_that_still_exists_is_reported():
    async def forgets_an_exception():
        kept.append(asyncio.create_task(fail(), name="kept"))
        await asyncio.sleep(1)

    kept = []
    (line,) = leftovers_of(forgets_an_exception)
    assert line == (
        "<Task 'kept' of fail()> raised ZeroDivisionError(by zero), which was never retrieved"
        ": it was made in <Job `fetch`>"
    )


def test_an_exception_that_is_retrieved_before_the_end_of_the_block_is_fine():
    async def main():
        tasks.append(asyncio.create_task(fail()))
        await asyncio.sleep(1)

    tasks = []
    with FakeClock().installed():
        asyncio.run(main())
        assert isinstance(tasks[0].exception(), ZeroDivisionError)


def test_a_task_that_ends_in_a_later_run_of_the_loop_is_fine():
    async def main():
        return asyncio.create_task(asyncio.sleep(5))

    async def wait(task):
        await task

    with FakeClock().installed() as clock, asyncio.Runner() as runner:
        runner.run(wait(runner.run(main())))
    assert clock.time == 5.0


def test_an_error_of_the_block_is_raised_instead_of_the_leftovers():
    def block():
        with FakeClock().installed():
            Scheduler(Job(forgets_a_task)).run()
            raise KeyError

    with pytest.raises(KeyError):
        block()


def test_a_leftover_is_reported_only_once():
    clock = FakeClock()
    with pytest.raises(LeftoverError):
        clock.run(forgets_a_task())
    clock.run(asyncio.sleep(1))


def test_a_scheduler_leaves_nothing_behind():
    scheduler = Scheduler(
        FakeJob("a", raises=ZeroDivisionError),
        FakeJob("b", takes=10, cleanup=5),
        FakeJob("c", takes=10, deaf=1),
        Scheduler(FakeJob("d", takes=20), label="inner"),
        critical=False,
    )
    with FakeClock().installed():
        assert not scheduler.run()
        assert scheduler.shutdown()


def test_python_warns_of_coroutines_again_after_the_block():
    with FakeClock().installed():
        pass
    with pytest.warns(RuntimeWarning, match=re.escape("coroutine 'sleep' was never awaited")):
        asyncio.run(forgets_to_await())


def test_an_error_survives_pickling():
    error = LeftoverError(["one", "two"])
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.leftovers) == (str(error), ["one", "two"])


# -- asynchronous generators: asyncio closes those that are left early


async def pages():
    for number in range(10):
        await asyncio.sleep(1)
        yield number


async def first_page():
    async for page in pages():
        return page
    return None


async def next_page():
    return await anext(pages())


async def cleans_up():
    try:
        yield 0
    finally:
        await asyncio.sleep(60)


async def leaves_one_that_cleans_up():
    async for number in cleans_up():
        return number
    return None


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("function", [first_page, next_page, leaves_one_that_cleans_up])
def test_a_generator_that_is_left_early_is_no_leftover(function):
    assert FakeClock().run(function()) == 0


def test_a_generator_that_a_job_leaves_early_is_no_leftover():
    job = Job(leaves_one_that_cleans_up)
    with FakeClock().installed():
        assert Scheduler(job).run()
    assert job.result() == 0


def test_the_error_of_a_generator_that_is_left_early_is_reported():
    async def fails():
        try:
            yield 0
        finally:
            raise ZeroDivisionError("by zero")

    async def main():
        async for _ in fails():
            break
        await asyncio.sleep(1)

    with pytest.raises(LeftoverError) as caught:
        FakeClock().run(main())
    (line,) = caught.value.leftovers
    assert line.endswith(" raised ZeroDivisionError(by zero), which was never retrieved")


# -- errors that asyncio can only log


def divide(number):
    return number / 0


def leftovers_of_run(coroutine):
    with pytest.raises(LeftoverError) as caught:
        FakeClock().run(coroutine)
    return caught.value.leftovers


def test_the_error_of_a_callback_is_reported():
    async def main():
        asyncio.get_running_loop().call_later(1, divide, 1)
        await asyncio.sleep(2)

    (line,) = leftovers_of_run(main())
    number = divide.__code__.co_firstlineno
    assert re.fullmatch(
        rf"Exception in callback divide\(1?\) at .*test_leftovers\.py:{number}: it raised "
        r"ZeroDivisionError\(division by zero\)",
        line,
    )


def test_the_error_of_a_server_is_reported():
    async def serve(reader, writer):
        with contextlib.closing(writer):
            raise ZeroDivisionError("by zero")

    async def main():
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            with contextlib.closing(writer):
                await reader.read()

    (line,) = leftovers_of_run(main())
    assert line.endswith(": it raised ZeroDivisionError(by zero)") or "never retrieved" in line


def test_an_error_that_an_exception_handler_deals_with_is_fine():
    async def main():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: handled.append(context["exception"]))
        loop.call_soon(divide, 1)
        await asyncio.sleep(1)

    handled = []
    FakeClock().run(main())
    assert [type(error) for error in handled] == [ZeroDivisionError]


def test_a_message_without_an_exception_is_fine():
    async def main():
        asyncio.get_running_loop().call_exception_handler({"message": "hello there"})

    FakeClock().run(main())


# -- who is blamed for a coroutine


class Cycle:
    """Something that only the garbage collector frees."""

    def __init__(self, kept):
        self.kept = kept
        self.me = self


async def lost():
    pass


def python_warns():
    """Return a block in which Python has to warn about coroutines: no filter ignores them."""
    return pytest.warns(RuntimeWarning, match="^coroutine 'lost' was never awaited")


def test_a_coroutine_that_was_made_before_the_block_is_not_reported():
    Cycle(lost())
    with python_warns(), FakeClock().installed():
        gc.collect()


def test_the_old_garbage_of_another_block_is_not_reported():
    with FakeClock().installed():
        cycle = Cycle(lost())
    with python_warns(), FakeClock().installed():
        del cycle
        gc.collect()


def test_young_garbage_is_reported():
    with pytest.raises(LeftoverError), FakeClock().installed():
        Cycle(lost())


def test_a_coroutine_of_another_thread_is_not_reported():
    with python_warns(), FakeClock().installed():
        thread = threading.Thread(target=lost)
        thread.start()
        thread.join()


def test_a_coroutine_of_another_thread_with_a_clock_is_reported_to_that_clock():
    def lose_one():
        with FakeClock().installed():
            begun.set()
            is_open.wait()
            lost()

    def use_clock():
        with pytest.raises(LeftoverError):
            lose_one()
        ended.append(True)

    begun, is_open, ended = threading.Event(), threading.Event(), []
    thread = threading.Thread(target=use_clock)
    thread.start()
    begun.wait()
    with FakeClock().installed():
        is_open.set()
        thread.join()
    assert ended == [True]


def test_a_full_collection_in_another_thread_hides_no_coroutine():
    class Cycle:
        def __init__(self):
            self.me = self

        def __del__(self):
            collecting.set()
            dropped.wait(30)

    def collect():
        Cycle()
        gc.collect()

    collecting, dropped = threading.Event(), threading.Event()
    clock = FakeClock()
    with clock.installed():
        thread = threading.Thread(target=collect)
        thread.start()
        collecting.wait(30)
        lost()
        dropped.set()
        thread.join()
        with pytest.raises(LeftoverError, match=r"coroutine lost\(\) was never awaited"):
            clock.check_leftovers()


def test_a_coroutine_that_is_closed_is_fine():
    with FakeClock().installed():
        lost().close()


def test_python_warns_as_it_does_of_a_coroutine_of_another_thread():
    with warnings.catch_warnings(record=True) as seen, FakeClock().installed():
        warnings.simplefilter("always")
        thread = threading.Thread(target=lost)
        thread.start()
        thread.join()
    assert [str(it.message).splitlines()[0] for it in seen] == [
        "coroutine 'lost' was never awaited"
    ]


def test_python_notes_origins_as_before_after_overlapping_blocks():
    before = (sys.get_coroutine_origin_tracking_depth(), list(gc.callbacks))
    blocks = [Leftovers().watching_coroutines(), Leftovers().watching_coroutines()]
    for block in blocks:
        block.__enter__()
    during = sys.get_coroutine_origin_tracking_depth()
    for block in blocks:
        block.__exit__(None, None, None)
    assert during == max(1, before[0])
    assert (sys.get_coroutine_origin_tracking_depth(), list(gc.callbacks)) == before


def test_callbacks_of_the_collector_may_be_cleared(monkeypatch):
    monkeypatch.setattr(gc, "callbacks", [])
    with FakeClock().installed():
        gc.callbacks.clear()


def test_a_scheduler_that_was_only_drawn_is_told_what_to_call():
    with pytest.raises(LeftoverError) as caught, FakeClock().installed():
        Scheduler(Job(lost(), label="fetch")).stats()
    (line,) = caught.value.leftovers
    assert re.fullmatch(
        r"coroutine lost\(\) was never awaited: it was made at .*test_leftovers\.py:\d+, in "
        r"test_a_scheduler_that_was_only_drawn_is_told_what_to_call; if it is for a job that "
        r"will not run, call close_all_jobs\(\) of its scheduler",
        line,
    )


def test_a_scheduler_whose_jobs_are_closed_leaves_nothing_behind():
    with FakeClock().installed():
        scheduler = Scheduler(Job(lost(), label="fetch"))
        scheduler.close_all_jobs()


# -- what the test says it knows about


def lose(*filters, category=RuntimeWarning, message=""):
    """Lose a coroutine while Python's warning filters have these actions, the first last."""
    with warnings.catch_warnings():
        warnings.resetwarnings()
        for action in filters:
            warnings.filterwarnings(action, message, category)
        lost()


@pytest.mark.parametrize(
    ("filters", "options"),
    [
        (["ignore"], {}),
        (["error", "ignore"], {}),
        (["ignore"], {"category": Warning}),
        (["ignore"], {"message": "COROUTINE 'lost' was never"}),
    ],
)
def test_a_coroutine_whose_warning_is_ignored_is_no_leftover(filters, options):
    with FakeClock().installed():
        lose(*filters, **options)


@pytest.mark.parametrize(
    ("filters", "options"),
    [
        ([], {}),
        (["default"], {}),
        (["ignore", "error"], {}),
        (["ignore", "always"], {}),
        (["ignore"], {"category": DeprecationWarning}),
        (["ignore"], {"message": "coroutine 'found' was never"}),
    ],
)
def test_a_coroutine_whose_warning_is_not_ignored_is_a_leftover(filters, options):
    with pytest.raises(LeftoverError, match=r"lost\(\) was never"), FakeClock().installed():
        lose(*filters, **options)


def test_a_filter_for_one_module_hides_no_leftover():
    def lose_one():
        with warnings.catch_warnings():
            warnings.resetwarnings()
            warnings.filterwarnings("ignore", module="elsewhere")
            lost()

    with pytest.raises(LeftoverError), FakeClock().installed():
        lose_one()


def test_filters_of_the_context_count_where_python_has_them(monkeypatch):
    ignore = ("ignore", None, RuntimeWarning, None, 0)
    monkeypatch.setattr(warnings, "_get_filters", lambda: [ignore], raising=False)
    with FakeClock().installed():
        lose()


def test_without_filters_of_the_context_those_of_the_module_count(monkeypatch):
    monkeypatch.delattr(warnings, "_get_filters", raising=False)
    with FakeClock().installed():
        lose("ignore")


def test_the_coroutine_of_a_job_is_ignored_too():
    async def main():
        lose("ignore")

    with FakeClock().installed():
        assert Scheduler(Job(main)).run()


# -- what asyncio.shield() protects may outlive the task that awaits it


async def times_out(awaitable):
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(awaitable), 1)


async def shields_a_coroutine():
    await times_out(asyncio.sleep(100))


def warning_of(function):
    with pytest.warns(RuntimeWarning) as caught, FakeClock().installed():
        function()
    (warning,) = caught
    return str(warning.message)


SHIELDED = (
    r"<Task 'Task-\d+' of sleep\(\)> is still alive%s\. asyncio\.shield\(\) made it at "
    r".*test_leftovers\.py:%d, in times_out\. The end of the event loop cancels it "
    r"anyway: if it must finish its work, make the task yourself, and await it before the end"
)
LINE = times_out.__code__.co_firstlineno + 2


def test_a_task_of_shield_that_is_still_alive_is_warned_of():
    text = warning_of(lambda: asyncio.run(shields_a_coroutine()))
    assert re.fullmatch(SHIELDED % ("", LINE), text)


def test_the_job_that_shields_is_named():
    text = warning_of(Scheduler(Job(shields_a_coroutine, label="fetch")).run)
    assert re.fullmatch(SHIELDED % (": it was made in <Job `fetch`>", LINE), text)


@pytest.mark.filterwarnings("error")
def test_a_task_of_shield_that_ends_is_fine():
    async def main():
        await shields_a_coroutine()
        await asyncio.sleep(1000)

    FakeClock().run(main())


def test_a_task_of_the_program_that_is_shielded_is_a_leftover():
    async def main():
        await times_out(asyncio.create_task(asyncio.sleep(100), name="stray"))

    assert leftovers_of_run(main()) == ["<Task 'stray' of sleep()> is still alive"]


def test_the_tasks_that_a_shielded_one_makes_are_leftovers():
    async def main():
        await times_out(forgets_a_task())

    assert leftovers_of_run(main()) == ["<Task 'stray' of sleep()> is still alive"]


def test_the_exception_of_a_task_of_shield_is_a_leftover():
    async def fails_later():
        await asyncio.sleep(5)
        raise ZeroDivisionError("by zero")

    async def main():
        await times_out(fails_later())
        await asyncio.sleep(10)

    (line,) = leftovers_of_run(main())
    assert line.endswith("raised ZeroDivisionError(by zero), which was never retrieved")


def test_a_task_may_be_made_where_nothing_else_is_on_the_stack():
    def look():
        found.append(place_of_shield())
        looked.set()

    found, looked = [], threading.Event()
    _thread.start_new_thread(look, ())
    assert looked.wait(30)
    assert found == [None]


def test_a_more_important_error_hides_the_warning_of_a_shielded_task(recwarn):
    def block():
        with FakeClock().installed():
            asyncio.run(shields_a_coroutine())
            raise KeyError

    with pytest.raises(KeyError):
        block()
    assert not list(recwarn)


def test_other_leftovers_go_with_the_warning_of_a_shielded_task():
    async def main():
        await shields_a_coroutine()
        await forgets_a_task()

    with pytest.warns(RuntimeWarning, match=r"^<Task .* is still alive\. asyncio\.shield"):
        assert leftovers_of_run(main()) == ["<Task 'stray' of sleep()> is still alive"]
