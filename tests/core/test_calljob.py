"""`CallJob` in this process: the function, where it is called, its arguments and results."""

from __future__ import annotations

import asyncio
import functools
import inspect
import re
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import pytest

from asynciojobs import (
    AbstractJob,
    ArgumentNotDoneError,
    ArgumentRequirementError,
    BrokenPoolError,
    CallJob,
    Job,
    MissingRequirementError,
    PureScheduler,
    RequirementFailed,
    Scheduler,
    Sequence,
)

variable = ContextVar("variable", default="unset")


def add(a, b=0):
    return a + b


def fail(exception):
    raise exception


def where():
    return threading.current_thread()


async def double(number):
    await asyncio.sleep(1)
    return 2 * number


class Doubler:
    async def __call__(self, number):
        return await double(number)

    async def method(self, number):
        return await double(number)


class Adder:
    def __call__(self, a, b):
        return a + b


@pytest.fixture
def run(every_loop):
    """Return a function that runs jobs as not critical, and returns the last one."""

    def run(*jobs):
        for job in jobs:
            job.critical = False
        Scheduler(*jobs).run()
        return jobs[-1]

    return run


@pytest.fixture
def threads():
    with ThreadPoolExecutor(1, thread_name_prefix="ours") as pool:
        yield pool


def raises(kind, message):
    return pytest.raises(kind, match=f"^{re.escape(message)}$")


# -- a function


def test_the_result_is_what_the_function_returns(run):
    assert run(CallJob(add, 1, 2)).result() == 3


def test_keyword_arguments_are_passed_to_the_function(run):
    assert run(CallJob(add, 1, kwargs={"b": 5})).result() == 6


def test_kwargs_are_copied_at_the_construction(run):
    kwargs = {"b": 5}
    job = CallJob(add, 1, kwargs=kwargs)
    kwargs["b"] = 7
    assert run(job).result() == 6


def test_a_parameter_of_a_function_may_be_named_like_an_option(run):
    def echo(label, executor):
        return label, executor

    assert run(CallJob(echo, kwargs={"label": 1, "executor": 2})).result() == (1, 2)


def test_a_plain_function_is_called_in_another_thread(run):
    assert run(CallJob(where)).result() is not threading.current_thread()


def test_an_object_that_can_be_called_is_called_in_another_thread(run):
    assert run(CallJob(Adder(), 1, 2)).result() == 3


def test_a_class_is_called_in_another_thread_whatever_its_objects_are(run):
    assert type(run(CallJob(Doubler)).result()) is Doubler


def test_the_function_sees_the_context_of_the_run(every_loop):
    token = variable.set("by the caller")
    try:
        job = CallJob(variable.get)
        Scheduler(job).run()
    finally:
        variable.reset(token)
    assert job.result() == "by the caller"


def test_context_variables_set_by_the_function_do_not_leave_it(run):
    first = CallJob(variable.set, "by a thread")
    second = CallJob(variable.get)
    second.requires(first)
    assert run(first, second).result() == "unset"


def test_a_job_runs_as_often_as_its_scheduler_does(every_loop):
    calls = []
    scheduler = Scheduler(CallJob(calls.append, "called"))
    assert [scheduler.run(), scheduler.run(), calls] == [True, True, ["called", "called"]]


def test_a_job_can_be_run_by_itself(every_loop):
    assert CallJob(add, 1, 2).standalone_run() == 3


def test_a_subclass_may_have_its_own_co_run(run):
    class Half(CallJob):
        async def co_run(self):
            return await super().co_run() / 2

    assert run(Half(add, 1, 2)).result() == 1.5


def test_a_job_that_calls_a_function_has_nothing_to_shut_down():
    assert CallJob(add)._has_shutdown() is False


# -- a coroutine function


@pytest.mark.parametrize(
    "function",
    [
        double,
        functools.partial(double),
        Doubler(),
        functools.partial(Doubler()),
        Doubler().method,
    ],
    ids=["function", "partial", "object", "partial of an object", "method"],
)
def test_a_coroutine_function_is_awaited_in_the_loop(run, function):
    job = run(CallJob(function, 21))
    assert (job.result(), job.duration()) == (42, 1.0)


def test_a_coroutine_function_gets_results_of_jobs(run):
    number = CallJob(add, 20, 1)
    assert run(number, CallJob(double, kwargs={"number": number})).result() == 42


def test_a_coroutine_returned_by_a_thread_is_an_error_and_is_closed(run):
    returned = []

    def call():
        returned.append(double(1))
        return returned[0]

    error = run(CallJob(call, label="j")).raised_exception()
    assert (type(error), str(error), inspect.getcoroutinestate(returned[0])) == (
        TypeError,
        (
            f"<CallJob `j`> called {call!r} in a thread, and got a coroutine: make it an "
            "`async def`, or use Job(function, *args)"
        ),
        inspect.CORO_CLOSED,
    )


# -- an executor


def test_an_executor_calls_the_function(run, threads):
    assert run(CallJob(where, executor=threads)).result().name == "ours_0"


def test_an_executor_gets_keyword_arguments(run, threads):
    assert run(CallJob(add, 1, kwargs={"b": 5}, executor=threads)).result() == 6


def test_arguments_may_be_named_like_options_of_the_executor(run):
    class Peculiar(ThreadPoolExecutor):
        def submit(self, function, *args, key=None):
            return super().submit(function, *args)

    def echo(key):
        return key

    with Peculiar(1) as pool:
        assert run(CallJob(echo, kwargs={"key": "k"}, executor=pool)).result() == "k"


def test_the_error_for_an_executor_that_was_shut_down_names_it(run, threads):
    threads.shutdown()
    error = run(CallJob(add, 1, executor=threads, label="j")).raised_exception()
    assert (type(error), str(error), type(error.__cause__)) == (
        RuntimeError,
        (
            "<CallJob `j`> can't start, since its ThreadPoolExecutor takes no more calls "
            "(cannot schedule new futures after shutdown): shut an executor down after the "
            "runs that use it"
        ),
        RuntimeError,
    )


def test_the_error_for_a_loop_without_threads_names_them(in_loop):
    async def main():
        await asyncio.get_running_loop().shutdown_default_executor()
        await CallJob(add, 1, label="j").co_run()

    with raises(
        RuntimeError,
        "<CallJob `j`> can't start, since the executor of its loop takes no more calls "
        "(Executor shutdown has been called): shut an executor down after the runs that use it",
    ):
        in_loop(main())


def test_a_dead_pool_fails_the_job_and_names_a_remedy(run):
    with ThreadPoolExecutor(1, initializer=fail, initargs=(OSError("no"),)) as pool:
        job = run(CallJob(add, 1, executor=pool, label="j"))
    error = job.raised_exception()
    assert (type(error), str(error)) == (
        BrokenPoolError,
        (
            "<CallJob `j`> failed, since its ThreadPoolExecutor is dead, and all calls in it "
            f"are lost ({error.__cause__}): make another one for the next run, or use "
            "loky.get_reusable_executor(), which replaces a dead one"
        ),
    )


# -- errors of the constructor


def test_a_function_that_can_not_be_called_is_a_type_error():
    rule = "CallJob() calls a function, not 3: give the function itself, without calling it"
    with raises(TypeError, rule):
        CallJob(3)


def test_a_coroutine_is_a_type_error():
    coroutine = double(1)
    with raises(
        TypeError,
        f"CallJob() calls a function, and {coroutine!r} is a coroutine already: take "
        "Job(coroutine), or give the function, CallJob(function, *args)",
    ):
        CallJob(coroutine)
    coroutine.close()


def numbers():
    yield 1


async def pages():
    yield 1


class Yielding:
    def __call__(self):
        yield 1

    def method(self):
        yield 1


@pytest.mark.parametrize(
    "function",
    [
        numbers,
        functools.partial(functools.partial(numbers)),
        Yielding(),
        functools.partial(Yielding()),
        Yielding().method,
    ],
    ids=["function", "partial", "object", "partial of an object", "method"],
)
def test_a_generator_function_is_a_type_error(function):
    with raises(
        TypeError,
        f"{function!r} is a generator function, and a call of it runs nothing: give a function "
        "that returns what it yields, such as list(function(*args))",
    ):
        CallJob(function)


@pytest.mark.parametrize("function", [pages, functools.partial(pages)])
def test_an_async_generator_function_is_a_type_error(function):
    with raises(
        TypeError,
        f"{function!r} is an async generator function, and a call of it runs nothing: give a "
        "function that returns what it yields, such as [it async for it in function(*args)]",
    ):
        CallJob(function)


@pytest.mark.parametrize("executor", [3, "threads", ThreadPoolExecutor], ids=str)
def test_an_object_that_is_no_executor_is_a_type_error(executor):
    with raises(
        TypeError,
        "executor must be None for a thread, an instance of concurrent.futures.Executor, or an "
        f"engine, which has start() and fetch(), not {executor!r}",
    ):
        CallJob(add, executor=executor)


def test_the_error_for_a_client_says_how_to_get_its_executor():
    class Client:
        def get_executor(self):
            raise NotImplementedError

        def __repr__(self):
            return "Client"

    with raises(
        TypeError,
        "executor must be None for a thread, an instance of concurrent.futures.Executor, or an "
        "engine, which has start() and fetch(), not Client, whose get_executor() returns one",
    ):
        CallJob(add, executor=Client())


def test_a_coroutine_function_for_an_executor_is_a_type_error(threads):
    with raises(
        TypeError,
        f"{double!r} is a coroutine function, which is awaited in the event loop: leave "
        "`executor` out, or give a plain function",
    ):
        CallJob(double, 1, executor=threads)


def test_a_keyword_that_is_no_option_is_a_type_error_that_names_kwargs():
    with raises(
        TypeError,
        "CallJob() has no option 'b', only kwargs, executor, forever, critical, label, "
        "required, scheduler, limits, key, journaled, version, timeout: to pass it to "
        "the function, write kwargs={'b': …}",
    ):
        CallJob(add, 1, b=2)


def test_a_sequence_as_argument_is_a_type_error():
    sequence = Sequence(CallJob(add, 1, label="j"))
    with raises(
        TypeError,
        "<Sequence of <CallJob `j`>> is an argument, and has no result: give the job "
        "whose result is meant, such as sequence.jobs[-1]",
    ):
        CallJob(add, sequence)


# -- a job as an argument


def test_a_job_among_the_arguments_is_required():
    a, b = CallJob(add, 1), CallJob(add, 2)
    assert list(CallJob(add, a, kwargs={"b": b}).required) == [a, b]


def test_a_job_among_the_arguments_is_required_beside_others():
    a, b = CallJob(add, 1), CallJob(add, 2)
    assert list(CallJob(add, a, required=b).required) == [a, b]


def test_a_job_among_the_arguments_is_replaced_by_its_result(run):
    a, b = CallJob(add, 1), CallJob(add, 10)
    assert run(a, b, CallJob(add, a, kwargs={"b": b})).result() == 11


def test_a_job_may_be_more_than_one_argument(run):
    one = CallJob(add, 1)
    assert run(one, CallJob(add, one, one)).result() == 2


def test_any_kind_of_job_passes_its_result_on(run):
    number = Job(double, 1)
    assert run(number, CallJob(add, number, 1)).result() == 3


def test_a_nested_scheduler_passes_its_boolean_on(run):
    nested = Scheduler(Job(double, 1))
    assert run(nested, CallJob(repr, nested)).result() == "True"


def test_a_result_of_none_is_passed_on(run):
    nothing = Job(asyncio.sleep, 0)
    assert run(nothing, CallJob(repr, nothing)).result() == "None"


def test_each_run_passes_on_its_own_results(every_loop):
    numbers = iter([1, 2])
    number = CallJob(next, numbers)
    job = CallJob(add, number, 10)
    scheduler = Scheduler(number, job)
    results = []
    for _ in range(2):
        scheduler.run()
        results.append(job.result())
    assert results == [11, 12]


def test_a_job_that_joins_a_run_gets_its_arguments(every_loop):
    async def grow():
        number = CallJob(add, 1, scheduler=scheduler)
        return CallJob(add, number, 10, scheduler=scheduler)

    grower = Job(grow)
    scheduler = Scheduler(grower)
    scheduler.run()
    assert grower.result().result() == 11


def test_a_job_whose_argument_raised_does_not_start(run):
    calls = []
    error = ValueError("no number")
    giver = CallJob(fail, error, label="giver")
    job = run(giver, CallJob(calls.append, giver, label="taker"))
    failure = job.raised_exception()
    assert (type(failure), str(failure), failure.__cause__, calls) == (
        RequirementFailed,
        (
            "<CallJob `taker`> did not start, since its argument <CallJob `giver`> raised: see "
            "the cause above, or make that job return a value such as None instead of raising"
        ),
        error,
        [],
    )


def test_a_requirement_that_failed_is_in_the_error(run):
    giver = CallJob(fail, ValueError())
    taker = CallJob(add, giver)
    error = run(giver, taker).raised_exception()
    assert (error.job, error.requirement) == (taker, giver)


def test_a_requirement_that_is_not_an_argument_may_have_raised(run):
    first = CallJob(fail, ValueError())
    assert run(first, CallJob(add, 1, required=first)).result() == 1


def test_a_failure_is_passed_on_from_job_to_job(run):
    first = CallJob(fail, ValueError())
    second = CallJob(add, first)
    third = run(first, second, CallJob(add, second))
    assert third.raised_exception().__cause__ is second.raised_exception()


def test_a_critical_job_whose_argument_raised_ends_the_run(every_loop):
    giver = CallJob(fail, ValueError(), critical=False)
    scheduler = Scheduler(giver, CallJob(add, giver), critical=False)
    assert (scheduler.run(), scheduler.failed_critical()) == (False, True)


def test_a_forever_job_may_be_an_argument_of_a_regular_one(every_loop):
    giver = CallJob(str.upper, "a", forever=True)
    taker = CallJob(len, giver)
    assert (Scheduler(giver, taker).run(), taker.result()) == (True, 1)


def test_an_argument_outside_the_scheduler_is_a_missing_requirement(every_loop):
    with pytest.raises(MissingRequirementError):
        Scheduler(CallJob(add, CallJob(add, 1))).run()


def test_an_argument_can_not_be_removed_from_the_requirements():
    giver = CallJob(add, 1, label="giver")
    taker = CallJob(add, giver, label="taker")
    with raises(
        ArgumentRequirementError,
        "<CallJob `taker`> has <CallJob `giver`> as an argument, so it must keep requiring it: "
        "make another job with other arguments",
    ) as caught:
        taker.requires([None, [giver]], remove=True)
    assert (caught.value.job, caught.value.requirement, taker.required) == (
        taker,
        giver,
        {giver},
    )


def test_other_requirements_can_be_removed():
    giver, other = CallJob(add, 1), CallJob(add, 2)
    taker = CallJob(add, giver, required=other)
    assert taker.requires((job for job in [other]), remove=True).required == {giver}


def test_removing_a_job_that_was_not_required_is_a_key_error():
    with pytest.raises(KeyError):
        CallJob(add, 1).requires(CallJob(add, 2), remove=True)


def test_requirements_can_be_added():
    other = CallJob(add, 2)
    job = CallJob(add, 1)
    assert (job.requires(other), list(job.required)) == (job, [other])


def test_an_argument_that_is_not_done_is_an_error_that_names_both(run):
    giver = CallJob(add, 1, label="giver")
    taker = CallJob(add, giver, label="taker")
    taker.required.clear()
    error = run(taker).raised_exception()
    assert (type(error), str(error), error.job, error.requirement) == (
        ArgumentNotDoneError,
        (
            "<CallJob `taker`> did not start, since its argument <CallJob `giver`> is not "
            "done: run both in one scheduler, or run that one first"
        ),
        taker,
        giver,
    )


def edited_by_keep_only(scheduler, giver, taker):
    scheduler.keep_only(taker)


def edited_by_bypass(scheduler, giver, taker):
    scheduler.bypass_and_remove(giver)


def edited_by_sanitize(scheduler, giver, taker):
    scheduler.remove(giver)
    scheduler.sanitize(verbose=False)


@pytest.mark.parametrize("edit", [edited_by_keep_only, edited_by_bypass, edited_by_sanitize])
def test_part_of_a_graph_runs_again_with_the_results_of_the_last_run(every_loop, edit):
    giver = CallJob(add, 1)
    taker = CallJob(add, giver, 10)
    scheduler = Scheduler(giver, taker)
    scheduler.run()
    edit(scheduler, giver, taker)
    assert (scheduler.run(), taker.result(), list(taker.required)) == (True, 11, [])


def test_a_job_in_a_nested_scheduler_gets_the_result_of_one_outside(every_loop):
    giver = CallJob(add, 1)
    taker = CallJob(add, giver, 10)
    nested = Scheduler(taker, required=giver)
    scheduler = Scheduler(giver, nested)
    scheduler.sanitize(verbose=False)
    assert (scheduler.run(), taker.result()) == (True, 11)


# -- names


def local(): ...


@pytest.mark.parametrize(
    ("function", "label"),
    [
        (add, "add()"),
        (functools.partial(functools.partial(add), 1), "add()"),
        (local, "local()"),
        (lambda: 1, "<lambda>()"),
        (str.split, "str.split()"),
        (len, "len()"),
        (Doubler().method, "Doubler.method()"),
        (Adder(), "Adder"),
        (double, "double()"),
    ],
)
def test_the_label_is_the_name_of_the_function(function, label):
    assert CallJob(function).text_label() == label


def test_the_task_of_a_job_has_the_name_of_the_function(every_loop):
    async def name():
        await asyncio.sleep(0)  # an eager task has its name after its first step
        return asyncio.current_task().get_name()

    job = CallJob(name)
    Scheduler(job).run()
    assert job.result() == name.__qualname__


# -- errors


@pytest.mark.parametrize("error", [ValueError("no"), asyncio.CancelledError("by itself")])
def test_a_job_raises_what_its_function_raises(run, error):
    assert run(CallJob(fail, error)).raised_exception() is error


def test_an_exception_from_a_thread_has_its_frames(run):
    frames = traceback.extract_tb(
        run(CallJob(fail, OSError())).raised_exception().__traceback__
    )
    assert frames[-1].name == "fail"


def test_debrief_shows_where_the_function_raised(every_loop, capsys):
    scheduler = Scheduler(CallJob(fail, OSError("no"), critical=False))
    scheduler.run()
    scheduler.debrief()
    *_, frame, last = capsys.readouterr().out.splitlines()
    assert (frame.strip(), last) == ("raise exception", "OSError: no")


@pytest.mark.parametrize("pool", [None, "threads"])
def test_stop_iteration_is_a_runtime_error_like_in_any_coroutine(run, threads, pool):
    executor = None if pool is None else threads
    error = run(CallJob(next, iter([]), executor=executor)).raised_exception()
    assert (type(error), str(error), type(error.__cause__)) == (
        RuntimeError,
        "coroutine raised StopIteration",
        StopIteration,
    )


@pytest.mark.parametrize("leaving", [KeyboardInterrupt, SystemExit])
def test_an_exit_in_a_thread_leaves_the_run(every_loop, leaving):
    with pytest.raises(leaving):
        Scheduler(CallJob(fail, leaving())).run()


# -- fetch()


def test_fetch_returns_the_result_if_there_is_no_engine(in_loop):
    async def main():
        job = CallJob(add, 1, 2)
        await Scheduler(job).co_run()
        return await job.fetch()

    assert in_loop(main()) == 3


def test_fetch_of_a_job_that_is_not_done_is_a_value_error(in_loop):
    with raises(ValueError, "<CallJob `j`> is idle, and has a result only once it is done"):
        in_loop(CallJob(add, 1, label="j").fetch())


@pytest.mark.parametrize("critical", [False, True])
def test_fetch_raises_the_exception_of_a_job_critical_or_not(in_loop, critical):
    def fail():
        raise error

    async def main():
        job = CallJob(fail, critical=critical)
        await PureScheduler(job).co_run()
        await job.fetch()

    error = OSError("x")
    with pytest.raises(OSError, match=r"^x$") as caught:
        in_loop(main())
    assert caught.value is error


def test_a_calljob_is_an_abstract_job():
    assert issubclass(CallJob, AbstractJob)
