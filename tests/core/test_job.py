"""`Job` and `AbstractJob`: their arguments, their labels and texts, and their results."""

from __future__ import annotations

import asyncio
import inspect
import re
import traceback
from unittest import mock

import pytest

from asynciojobs import AbstractJob, ConsumedError, Job, PureScheduler, Scheduler


async def add(a, b=0):
    await asyncio.sleep(0)
    return a + b


async def three():
    return 3


async def fail(exception):
    raise exception


class Ready:
    """An awaitable that is not a coroutine."""

    def __await__(self):
        yield from ()
        return "ready"


class FalsyError(Exception):
    def __bool__(self) -> bool:
        return False


class Unspeakable:
    def __str__(self) -> str:
        raise LookupError("no words")

    __repr__ = __str__


@pytest.fixture
def run_critical(fake_time):
    """Return a function that runs one job in a scheduler, as critical, and returns it."""

    def run(job):
        PureScheduler(job).run()
        return job

    return run


@pytest.fixture
def run(fake_time):
    """Return a function that runs one job in a scheduler, as not critical, and returns it."""

    def run(job):
        job.critical = False
        Scheduler(job).run()
        return job

    return run


def shutdown(job):
    with asyncio.Runner() as runner:
        return runner.run(job.co_shutdown())


# -- the arguments of a job


def test_a_coroutine_is_awaited(run):
    assert run(Job(three())).result() == 3


def test_an_awaitable_is_awaited(run):
    assert run(Job(Ready())).result() == "ready"


def test_a_coroutine_function_is_called(run):
    assert run(Job(three)).result() == 3


def test_arguments_are_passed_to_the_function(run):
    assert run(Job(add, 1, 2)).result() == 3


def test_a_function_that_returns_an_awaitable_is_called(run):
    assert run(Job(lambda: add(1, 2))).result() == 3


def test_a_function_that_returns_an_awaitable_object_is_called(run):
    assert run(Job(Ready)).result() == "ready"


def test_a_function_is_called_only_when_the_job_runs(run):
    calls = []

    async def note():
        calls.append("run")

    job = Job(note)
    before = list(calls)
    run(job)
    assert (before, calls) == ([], ["run"])


def test_a_future_of_the_running_loop_is_awaited(fake_time):
    async def main():
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(1, future.set_result, 7)
        job = Job(future)
        await Scheduler(job).co_run()
        return job.result()

    with asyncio.Runner(loop_factory=fake_time) as runner:
        assert runner.run(main()) == 7


@pytest.mark.parametrize(
    "thing", [3, "text", None, [], object()], ids=lambda thing: type(thing).__name__
)
def test_an_invalid_corun_is_a_type_error_at_once(thing):
    rule = (
        f"corun must be a coroutine, or a callable that returns one, not {thing!r}: give the "
        "function itself, without calling it"
    )
    with pytest.raises(TypeError, match=f"^{re.escape(rule)}$"):
        Job(thing)


@pytest.mark.parametrize("thing", [3, "text", False, []], ids=repr)
def test_an_invalid_coshutdown_is_a_type_error_at_once(thing):
    rule = (
        f"coshutdown must be a coroutine, or a callable that returns one, not {thing!r}: give "
        "the function itself, without calling it"
    )
    with pytest.raises(TypeError, match=f"^{re.escape(rule)}$"):
        Job(three, coshutdown=thing)


def test_arguments_for_a_coroutine_are_a_type_error_at_once():
    corun = three()
    rule = (
        f"Job() got arguments (1, 2) for {corun!r}, which is a coroutine already: give "
        "the function, Job(function, *args)"
    )
    with pytest.raises(TypeError, match=f"^{re.escape(rule)}$"):
        Job(corun, 1, 2)
    corun.close()


def test_a_function_that_returns_no_awaitable_fails_the_job(run):
    def answer():
        return 42

    error = run(Job(answer, label="j")).raised_exception()
    assert (type(error), str(error)) == (
        TypeError,
        (
            f"<Job `j`> called {answer!r}, which must return an awaitable, but returned 42: "
            "make it an `async def`, or take CallJob(function, *args)"
        ),
    )


def test_an_asynchronous_generator_fails_the_job(run):
    async def generate():
        yield 1

    assert type(run(Job(generate)).raised_exception()) is TypeError


def test_wrong_arguments_fail_the_job(run):
    error = run(Job(add)).raised_exception()
    assert (type(error), str(error)) == (
        TypeError,
        "add() missing 1 required positional argument: 'a'",
    )


def test_an_unknown_keyword_is_a_type_error_at_once():
    rule = (
        "Job() has no option 'colour', only coshutdown, forever, critical, label, required, "
        "scheduler, limits, key, journaled, version, timeout: to pass it to the function, "
        "write functools.partial(function, colour=…)"
    )
    with pytest.raises(TypeError, match=f"^{re.escape(rule)}$"):
        Job(three, label="j", colour="red")


def test_the_error_for_an_option_of_a_wrong_type_is_about_the_option():
    rule = "a requirement must be a job or a sequence, not 3"
    with pytest.raises(TypeError, match=f"^{rule}$"):
        Job(three, label="j", required=3)


def test_a_keyword_that_a_subclass_does_not_know_is_a_type_error_at_once():
    class Mine(Job):
        pass

    rule = r"AbstractJob\.__init__\(\) got an unexpected keyword argument 'colour'"
    with pytest.raises(TypeError, match=f"^{rule}$"):
        Mine(three, colour="red")


# -- running twice


def test_a_function_runs_as_often_as_the_job_does(run):
    job = Job(add, 1, 2)
    assert [run(job).result(), run(job).result()] == [3, 3]


def test_a_coroutine_fails_the_job_in_a_second_run(run):
    job = Job(three(), label="j")
    run(job)
    error = run(job).raised_exception()
    assert (type(error), str(error)) == (
        ConsumedError,
        (
            "<Job `j`> was made of a coroutine, which can run only once: give it a "
            "coroutine function and its arguments instead, Job(function, *args)"
        ),
    )


def test_a_critical_scheduler_raises_a_consumed_error(fake_time):
    job = Job(three())
    Scheduler(job).run()
    with pytest.raises(ConsumedError) as caught:
        Scheduler(job).run()
    assert caught.value.job is job


# -- coshutdown


def test_co_shutdown_without_coshutdown_does_nothing():
    assert shutdown(Job(three)) is None


def test_a_coshutdown_coroutine_is_awaited():
    assert shutdown(Job(three, coshutdown=add(1, 2))) == 3


def test_a_coshutdown_coroutine_is_awaited_once():
    job = Job(three, coshutdown=add(1, 2))
    assert [shutdown(job), shutdown(job)] == [3, None]


def test_a_coshutdown_function_is_called_each_time():
    job = Job(three, coshutdown=three)
    assert [shutdown(job), shutdown(job)] == [3, 3]


def test_a_coshutdown_function_gets_the_arguments_if_it_accepts_them():
    assert shutdown(Job(add, 1, 2, coshutdown=add)) == 3


def test_a_coshutdown_function_that_takes_no_arguments_gets_none():
    assert shutdown(Job(add, 1, 2, coshutdown=three)) == 3


def test_a_coshutdown_function_that_returns_no_awaitable_is_a_type_error():
    job = Job(three, label="j", coshutdown=dict)
    rule = (
        "<Job `j`> called <class 'dict'>, which must return an awaitable, but returned "
        "{}: make it an `async def`"
    )
    with pytest.raises(TypeError, match=f"^{re.escape(rule)}$"):
        shutdown(job)


# -- methods that a subclass does not define


class Unfinished(AbstractJob):
    pass


def test_co_run_that_is_not_defined_is_an_error_that_names_the_class():
    rule = "Unfinished does not define co_run(), so its jobs have nothing to run"
    with pytest.raises(NotImplementedError, match=f"^{re.escape(rule)}$"):
        Unfinished().standalone_run()


def test_co_run_that_is_not_defined_fails_the_job(run):
    assert type(run(Unfinished()).raised_exception()) is NotImplementedError


def test_co_shutdown_that_is_not_defined_does_nothing():
    assert shutdown(Unfinished()) is None


def test_a_subclass_of_job_may_have_its_own_co_run(run):
    class Twice(Job):
        async def co_run(self):
            return 2 * await super().co_run()

    assert run(Twice(three())).result() == 6


def test_an_object_of_a_subclass_of_job_may_have_its_own_co_run(run):
    class Named(Job):
        pass

    job = Named(three)
    job.co_run = mock.AsyncMock(return_value=4)
    assert run(job).result() == 4


def test_flags_have_their_defaults():
    job = AbstractJob()
    found = (job.forever, job.critical, job.label, list(job.required))
    assert found == (False, True, None, [])


@pytest.mark.parametrize("critical", [False, True])
def test_is_critical_follows_the_flag(critical):
    assert AbstractJob(critical=critical).is_critical() is critical


def test_is_critical_returns_a_bool():
    assert AbstractJob(critical=1).is_critical() is True


def test_the_option_scheduler_adds_the_new_job():
    scheduler = Scheduler()
    job = AbstractJob(scheduler=scheduler)
    assert list(scheduler.jobs) == [job]


def test_positional_parameters_are_refused():
    rule = "AbstractJob.__init__() takes 1 positional argument but 2 were given"
    with pytest.raises(TypeError, match=f"^{re.escape(rule)}$"):
        AbstractJob(True)


def test_a_subclass_may_have_attributes_of_its_own():
    job = Unfinished()
    job.color = "red"
    assert job.color == "red"


# -- the life cycle


def phases(job):
    return (job.is_idle(), job.is_scheduled(), job.is_running(), job.is_done())


def test_a_new_job_is_idle():
    assert phases(AbstractJob()) == (True, False, False, False)


def test_a_job_is_running_during_its_co_run(run):
    async def look():
        return phases(job)

    job = Job(look)
    assert run(job).result() == (False, True, True, False)


def test_a_job_that_returned_is_done(run):
    assert phases(run(Job(three))) == (False, True, True, True)


def test_a_job_that_raised_is_done(run):
    assert phases(run(Job(fail, OSError()))) == (False, True, True, True)


def test_times_are_on_the_clock_of_the_loop(run):
    job = run(Job(asyncio.sleep, 2.5))
    assert (job.started_at, job.ended_at, job.duration()) == (0.0, 2.5, 2.5)


def test_a_job_that_has_not_run_has_no_times():
    job = AbstractJob()
    assert (job.started_at, job.ended_at, job.duration()) == (None, None, None)


# -- labels


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("fetch", "fetch"),
        (0, "0"),
        (False, "False"),
        ((1, "a"), "(1, 'a')"),
        (3.5, "3.5"),
        ("two\nlines", "two lines"),
        (Unspeakable(), "(str raised LookupError)"),
        (None, "NOLABEL"),
        ("", "NOLABEL"),
    ],
)
def test_a_label_may_be_any_object(label, shown):
    assert AbstractJob(label=label).repr_main() == f"<AbstractJob `{shown}`>"


class Labelled(AbstractJob):
    def text_label(self):
        return "from the class"


def test_text_label_is_shown_if_there_is_no_label():
    assert Labelled().repr_main() == "<Labelled `from the class`>"


def test_label_takes_precedence_over_text_label():
    assert Labelled(label="mine").repr_main() == "<Labelled `mine`>"


def test_a_label_can_be_changed():
    job = AbstractJob(label="before")
    job.label = "after"
    assert job.repr_main() == "<AbstractJob `after`>"


@pytest.mark.parametrize("text", [None, ""])
def test_an_empty_text_label_is_shown_as_nolabel(text):
    job = Labelled()
    job.text_label = lambda: text
    assert job.repr_main() == "<Labelled `NOLABEL`>"


def test_a_text_label_that_raises_does_not_break_the_repr():
    class Broken(AbstractJob):
        def text_label(self):
            raise OSError

    assert Broken().repr_main() == "<Broken `(text_label raised OSError)`>"


def test_a_long_label_is_shortened_in_its_middle():
    shown = AbstractJob(label="a" * 300 + "b" * 300).repr_main()
    assert shown == f"<AbstractJob `{'a' * 200} … {'b' * 200}`>"


@pytest.mark.parametrize("method", ["text_label", "graph_label", "details"])
def test_the_texts_of_an_abstract_job_are_none(method):
    assert getattr(AbstractJob(), method)() is None


def test_a_job_is_labelled_by_its_function():
    assert Job(add, 1, 2).repr_main() == "<Job `add()`>"


def test_a_job_is_labelled_by_its_coroutine():
    job = Job(add(1, 2))
    job.close()
    assert job.repr_main() == "<Job `add()`>"


def test_a_local_function_is_shown_without_the_function_around():
    async def local():
        pass

    assert Job(local).text_label() == "local()"


def test_an_awaitable_without_a_name_has_no_text_label():
    assert Job(Ready()).text_label() is None


def test_a_job_keeps_the_name_of_its_coroutine_after_the_run(run):
    assert run(Job(three())).text_label() == "three()"


# -- how it is shown


def test_repr_id_is_unknown_at_first():
    assert AbstractJob().repr_id() == "??"


def test_repr_id_is_set_by_listing(capsys):
    job = AbstractJob()
    Scheduler(job).list()
    assert job.repr_id() == "1"


def test_repr_requires_is_empty_without_requirements():
    assert AbstractJob().repr_requires() == ""


def test_repr_requires_has_the_ids(capsys):
    a, b = AbstractJob(), AbstractJob()
    c = AbstractJob(required=[b, a])
    Scheduler(a, b, c).list()
    assert c.repr_requires() == "requires={1, 2}"


def test_repr_result_of_a_job_that_is_not_done():
    assert AbstractJob().repr_result() == "[not done]"


def test_repr_result_of_a_value(run):
    assert run(Job(add, "a", "b")).repr_result() == "[[ -> 'ab']]"


def test_repr_result_of_an_exception(run):
    assert run(Job(fail, OSError("x"))).repr_result() == "!! exception => OSError:x!!"


def test_repr_result_of_a_critical_exception(run):
    job = run(Job(fail, OSError("x")))
    job.critical = True
    assert job.repr_result() == "!! CRIT. EXC. => OSError:x!!"


def test_repr_result_of_a_value_that_can_not_be_shown(run):
    job = run(Job(lambda: give(Unspeakable())))
    assert job.repr_result() == "[[ -> (repr raised LookupError)]]"


def test_repr_result_is_on_one_line(run):
    shown = run(Job(fail, OSError("x\ny"))).repr_result()
    assert shown == "!! exception => OSError:x y!!"


async def give(thing):
    return thing


def test_repr_of_an_idle_job():
    assert repr(AbstractJob(label="a")) == "!   ·   <AbstractJob `a`> [not done]"


def test_repr_has_the_requirements():
    job = AbstractJob(label="a", required=AbstractJob())
    expected = "!   ·   <AbstractJob `a`> [not done] requires={??}"
    assert repr(job) == expected


# -- result() and raised_exception()


def test_result_of_an_idle_job_is_a_value_error():
    rule = "<AbstractJob `a`> is idle, and has a result only once it is done"
    with pytest.raises(ValueError, match=f"^{rule}$"):
        AbstractJob(label="a").result()


def test_result_of_a_running_job_is_a_value_error(run):
    async def look():
        return job.result()

    job = Job(look, label="a")
    error = run(job).raised_exception()
    assert (type(error), str(error)) == (
        ValueError,
        "<Job `a`> is running, and has a result only once it is done",
    )


@pytest.mark.parametrize("value", [None, 0, "", [], OSError("a value")], ids=repr)
def test_result_returns_the_same_object(run, value):
    assert run(Job(give, value)).result() is value


def test_result_of_a_critical_job_that_raised_raises_that_exception(run_critical):
    error = OSError("x")
    job = run_critical(Job(fail, error))
    with pytest.raises(OSError, match=r"^x$") as caught:
        job.result()
    assert caught.value is error


@pytest.mark.parametrize("exception", [OSError("x"), asyncio.CancelledError()])
def test_result_of_a_job_that_is_not_critical_and_raised_is_none(run, exception):
    job = run(Job(fail, exception))
    assert (job.result(), job.raised_exception()) == (None, exception)


def test_what_a_job_is_when_it_is_asked_decides_what_its_result_is(run):
    job = run(Job(fail, OSError("x")))
    job.critical = True
    with pytest.raises(OSError, match=r"^x$"):
        job.result()


def test_result_asks_is_critical(run_critical):
    class Strict(Job):
        def is_critical(self):
            return True

    job = run_critical(Strict(fail, OSError("x"), critical=False))
    with pytest.raises(OSError, match=r"^x$"):
        job.result()


def test_result_raises_with_a_traceback_that_does_not_grow(run_critical):
    job = run_critical(Job(fail, OSError("x")))
    depths = []
    for _ in range(3):
        with pytest.raises(OSError, match=r"^x$") as caught:
            job.result()
        depths.append(len(traceback.extract_tb(caught.value.__traceback__)))
    assert depths == [depths[0]] * 3


@pytest.mark.parametrize("value", [None, 3])
def test_raised_exception_of_a_job_that_returned_is_none(run, value):
    assert run(Job(give, value)).raised_exception() is None


def test_raised_exception_of_an_idle_job_is_none():
    assert AbstractJob().raised_exception() is None


def test_raised_exception_returns_the_same_exception(run):
    error = OSError("x")
    assert run(Job(fail, error)).raised_exception() is error


def test_a_falsy_exception_is_a_raised_exception(run):
    error = FalsyError()
    assert run(Job(fail, error)).raised_exception() is error


def test_a_falsy_exception_shows_in_the_badge(run):
    assert run(Job(fail, FalsyError())).repr_short() == "  ✗ ●  "


def test_result_of_a_job_that_is_not_critical_and_raised_a_falsy_exception_is_none(run):
    assert run(Job(fail, FalsyError("x"))).result() is None


def test_result_raises_a_falsy_exception(run_critical):
    job = run_critical(Job(fail, FalsyError("x")))
    with pytest.raises(FalsyError, match=r"^x$"):
        job.result()


def test_a_falsy_exception_of_a_critical_job_ends_the_run(fake_time):
    scheduler = Scheduler(Job(fail, FalsyError()), critical=False)
    assert (scheduler.run(), scheduler.failed_critical()) == (False, True)


# -- close()


def test_python_warns_about_a_job_that_never_ran():
    jobs = [Job(three())]
    with pytest.warns(RuntimeWarning, match="^coroutine 'three' was never awaited$"):
        jobs.clear()


def test_close_closes_both_coroutines():
    corun, coshutdown = three(), three()
    Job(corun, coshutdown=coshutdown).close()
    assert (corun.cr_frame, coshutdown.cr_frame) == (None, None)


def test_close_of_a_function_changes_nothing(run):
    job = Job(three, coshutdown=three)
    job.close()
    assert (run(job).result(), shutdown(job)) == (3, 3)


def test_close_twice_is_fine():
    job = Job(three())
    job.close()
    job.close()


def test_close_after_the_run_is_fine(run):
    job = run(Job(three()))
    job.close()
    assert job.result() == 3


def test_a_closed_job_fails_when_it_runs(run):
    job = Job(three())
    job.close()
    assert type(run(job).raised_exception()) is ConsumedError


def test_close_does_not_touch_a_coroutine_that_has_started(run):
    async def close_me():
        job.close()
        await asyncio.sleep(1)
        return "to the end"

    job = Job(close_me())
    assert run(job).result() == "to the end"


def test_close_does_not_touch_coroutines_that_someone_else_has_started():
    corun, coshutdown = add(1), add(2)
    for coroutine in (corun, coshutdown):
        coroutine.send(None)
    Job(corun, coshutdown=coshutdown).close()
    assert [inspect.getcoroutinestate(it) for it in (corun, coshutdown)] == [
        inspect.CORO_SUSPENDED,
        inspect.CORO_SUSPENDED,
    ]


# -- standalone_run()


def test_standalone_run_returns_the_result():
    assert Job(add, 1, 2).standalone_run() == 3


def test_standalone_run_raises_what_the_job_raises():
    with pytest.raises(OSError, match=r"^x$"):
        Job(fail, OSError("x")).standalone_run()


def test_standalone_run_does_not_change_the_job():
    job = Job(three)
    job.standalone_run()
    assert phases(job) == (True, False, False, False)


def test_standalone_run_ignores_requirements():
    assert Job(three, required=Job(fail, OSError())).standalone_run() == 3


def test_standalone_run_takes_a_loop_factory(fake_time):
    async def which():
        return type(asyncio.get_running_loop())

    job = Job(which)
    assert job.standalone_run(loop_factory=asyncio.SelectorEventLoop) is (
        asyncio.SelectorEventLoop
    )


def test_standalone_run_follows_use_loop_factory(fake_time):
    async def time_after_an_hour():
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    assert Job(time_after_an_hour).standalone_run() == 3600.0


def test_the_error_of_standalone_run_inside_a_running_loop_says_what_to_write():
    async def main():
        Job(three).standalone_run()

    rule = (
        "this call makes an event loop of its own, and can't be made inside a running "
        "one: write `await job.co_run()` there"
    )
    with pytest.raises(RuntimeError, match=f"^{re.escape(rule)}$"):
        Job(main).standalone_run()


def test_standalone_run_inside_a_running_loop_leaves_the_job_usable():
    job = Job(three())

    async def main():
        with pytest.raises(RuntimeError):
            job.standalone_run()
        return await job.co_run()

    assert asyncio.run(main()) == 3


# -- a job without options, which has a shorter constructor


def test_a_job_without_options_has_the_same_state_as_any_other():
    class Other(Job):
        __slots__ = ()

    names = [name for kind in (AbstractJob, Job) for name in kind.__slots__]
    short, long, other = Job(three), Job(three, critical=True), Other(three)
    states = [
        {name: getattr(job, name) for name in names if hasattr(job, name)}
        for job in (short, long, other)
    ]
    assert states == [states[0]] * 3


def test_a_subclass_may_use_common_private_names(every_loop):
    class Step(Job):
        def __init__(self, name):
            super().__init__(self._run, 1, required=Job(asyncio.sleep, 1))
            self._id, self._name, self._args, self._kwargs = 12, name, [name], {}

        async def _run(self, seconds):
            await asyncio.sleep(seconds)
            return self._call() + self._text()

        def _call(self):
            return self._id

        _text = _work = _reset = _fail = _call

    step = Step("first")
    scheduler = Scheduler(step, *step.required)
    assert [scheduler.run(), scheduler.run()] == [True, True]
    assert (step.result(), step._name, step._args) == (24, "first", ["first"])
    assert step.repr_main() == "<Step `Step._run()`>"
