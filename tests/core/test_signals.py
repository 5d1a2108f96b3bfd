"""`stop_on`: a signal ends a run as Ctrl-C does, and nothing of the run outlives that."""

from __future__ import annotations

import asyncio
import gc
import re
import signal
import subprocess
import sys
import threading

import pytest

from asynciojobs import CycleError, Job, PureScheduler, Scheduler, use_loop_factory

TERM, HUP, INT = signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGINT), signal.SIGINT

posix = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows can't send these signals to a process"
)


@pytest.fixture(autouse=True)
def as_before():
    """Check that each test leaves the handlers as they were."""
    before = [signal.getsignal(number) for number in (TERM, HUP, INT)]
    yield
    assert [signal.getsignal(number) for number in (TERM, HUP, INT)] == before


@pytest.fixture
def handlers():
    """Put the handler of SIGTERM back, which a test may change."""
    before = signal.getsignal(TERM)
    yield
    signal.signal(TERM, before)


class Note:
    """Makes jobs, and notes what becomes of them."""

    def __init__(self):
        self.alive = []
        self.cleaned = []

    def job(self, *, clean_up=1.0, **options):
        async def work():
            self.alive.append(job)
            try:
                await asyncio.sleep(9)
            finally:
                await asyncio.sleep(clean_up)
                self.cleaned.append(now())
                self.alive.remove(job)

        job = Job(work, **options)
        return job


def now():
    return asyncio.get_running_loop().time()


async def send(*numbers, after=1.0, then=9.0):
    """Send signals to this process, a second between them, and go on for a while."""
    for number in numbers:
        asyncio.get_running_loop().call_later(after, signal.raise_signal, number)
        after += 1
    await asyncio.sleep(then)


async def send_at_once(number):
    signal.raise_signal(number)
    await asyncio.sleep(60)


async def deaf(seconds=9.0, first=None):
    """Ignore cancellations; perhaps send signals first."""
    end = now() + seconds
    for number in first or ():
        signal.raise_signal(number)
    while now() < end:
        try:
            await asyncio.sleep(end - now())
        except asyncio.CancelledError:
            pass


def exits(number):
    return pytest.raises(SystemExit, match=f"^{128 + number}$")


# -- what a signal does


@pytest.mark.parametrize("depth", [0, 2])
@pytest.mark.parametrize("kind", [PureScheduler, Scheduler])
def test_a_signal_ends_a_run_and_all_its_jobs(every_loop, kind, depth):
    note = Note()
    scheduler = kind(Job(send, TERM), note.job())
    if depth:
        scheduler = kind(Scheduler(Scheduler(Job(send, TERM), note.job()), note.job()))
    with exits(TERM):
        scheduler.run(stop_on=[TERM, HUP])
    assert (note.alive, set(note.cleaned)) == ([], {2})
    assert (scheduler.why(), scheduler.ended_at) == ("CANCELLED", 2)


def test_the_status_tells_the_signal_that_came(every_loop):
    with exits(HUP):
        PureScheduler(Job(send, HUP)).run(stop_on=[TERM, HUP])


def test_the_code_of_the_exit_is_an_int(every_loop):
    with exits(TERM) as caught:
        PureScheduler(Job(send, TERM)).run(stop_on=[TERM])
    assert type(caught.value.code) is int


def test_the_jobs_of_a_nested_scheduler_are_shut_down(every_loop):
    async def serve():
        served.append(now())

    served = []
    nested = Scheduler(Job(send, TERM, coshutdown=serve))
    with exits(TERM):
        PureScheduler(nested).run(stop_on=[TERM])
    assert served == [1]


def test_a_stopped_scheduler_can_run_again(every_loop):
    async def send_once():
        if numbers:
            await send(numbers.pop())

    numbers = [TERM]
    scheduler = PureScheduler(Job(send_once))
    with exits(TERM):
        scheduler.run(stop_on=[TERM])
    assert (scheduler.run(stop_on=[TERM]), scheduler.why()) == (True, "FINE")


def run_job(**options):
    return PureScheduler(Job(send, TERM)).run(**options)


def orchestrate_job(**options):
    return Scheduler(Job(send, TERM)).orchestrate(**options)


def shut_down_job(**options):
    job = Job(send, coshutdown=lambda: send(TERM))
    return PureScheduler(job, shutdown_timeout=None).shutdown(**options)


def run_alone(**options):
    return Job(send, TERM).standalone_run(**options)


def run_scheduler_alone(**options):
    return Scheduler(Job(send, TERM)).standalone_run(**options)


ENTRIES = [run_job, orchestrate_job, shut_down_job, run_alone, run_scheduler_alone]


@pytest.mark.parametrize("entry", ENTRIES)
def test_all_synchronous_calls_can_be_stopped(every_loop, entry):
    with exits(TERM):
        entry(stop_on=[TERM])


def test_a_job_subclass_with_a_co_run_of_its_own_can_be_stopped(every_loop):
    class Mine(Job):
        async def co_run(self):
            await super().co_run()

    with exits(TERM):
        Mine(send, TERM).standalone_run(stop_on=TERM)


def test_without_a_signal_the_result_is_as_always(every_loop):
    assert PureScheduler(Job(asyncio.sleep, 1)).run(stop_on=[TERM]) is True
    assert PureScheduler(Job(asyncio.sleep, 1)).shutdown(stop_on=[TERM]) is True
    assert Job(asyncio.sleep, 1, "value").standalone_run(stop_on=[TERM]) == "value"
    assert PureScheduler(Job(asyncio.sleep, 2), timeout=1).run(stop_on=[TERM]) is False


def test_arguments_still_go_to_co_run():
    class Mine(PureScheduler):
        async def co_run(self, *args, **kwds):
            return args, kwds

    assert Mine().orchestrate(1, two=2, stop_on=[TERM]) == ((1,), {"two": 2})


def test_an_exception_of_the_run_comes_out_as_always(every_loop):
    async def fail():
        raise error

    error = ValueError("no")
    with pytest.raises(ValueError, match="^no$") as caught:
        Job(fail).standalone_run(stop_on=[TERM])
    assert caught.value is error


# -- a second and a third signal


@pytest.mark.parametrize("second", [TERM, HUP])
def test_a_second_signal_changes_nothing(every_loop, second):
    note = Note()
    with exits(TERM):
        PureScheduler(Job(send, TERM, second), note.job(clean_up=5)).run(stop_on=[TERM, HUP])
    assert note.cleaned == [6]


def test_a_deaf_job_is_waited_for(every_loop):
    job = Job(deaf, 5, [TERM])
    with exits(TERM):
        PureScheduler(job).run(stop_on=[TERM])
    assert (job.is_done(), job.ended_at) == (True, 5)


GIVEN_UP = "SIGTERM came, and at the third signal the rest was given up"


def records(caplog):
    """Return the messages about what was given up, with their levels."""
    return [each[1:] for each in caplog.record_tuples if "given up" in each[2]]


@pytest.fixture(params=["plain", "eager"])
def lost_loop(request):
    """Like `every_loop`, for runs that are given up: their loop does not look for leftovers."""
    if request.param == "eager" and not hasattr(asyncio, "eager_task_factory"):
        pytest.skip("this Python has no eager tasks")

    def make():
        loop = asyncio.SelectorEventLoop()
        if request.param == "eager":
            loop.set_task_factory(asyncio.eager_task_factory)
        return loop

    with use_loop_factory(make):
        yield


async def hold(*numbers):
    """Send signals, and then hold the run up."""
    while True:
        try:
            if numbers:
                number, *numbers = numbers
                signal.raise_signal(number)
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass


def test_a_third_signal_gives_up_and_names_who_is_left(lost_loop, caplog):
    inner = Scheduler(Job(hold, label="deep"), label="inner")
    holding = Job(deaf_until_third, TERM, label="holding")
    scheduler = PureScheduler(holding, inner, Job(asyncio.sleep, 60, label="obeys"))
    with exits(TERM):
        scheduler.run(stop_on=[TERM, HUP])
    assert records(caplog) == [
        (30, f"{GIVEN_UP}; still running: <Job `holding`>, <Job `inner > deep`>")
    ]
    assert scheduler.why() == "CANCELLED"


async def deaf_until_third(first, second=HUP, third=HUP):
    """Send three signals, each one when the one before has been dealt with."""
    loop = asyncio.get_running_loop()
    signal.raise_signal(first)
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            # in the loop, and not in this task, as a signal from outside
            loop.call_soon(signal.raise_signal, second)
            loop.call_soon(loop.call_soon, signal.raise_signal, third)


def test_many_jobs_that_are_left_are_counted(lost_loop, caplog):
    jobs = [Job(hold, label=f"job {number}") for number in range(10, 22)]
    with exits(TERM):
        PureScheduler(*jobs, Job(deaf_until_third, TERM, label="a")).run(stop_on=[TERM, HUP])
    names = ", ".join(f"<Job `job {number}`>" for number in range(10, 19))
    assert records(caplog) == [
        (30, f"{GIVEN_UP}; still running: <Job `a`>, {names} and 3 more")
    ]


def test_a_shutdown_that_is_given_up_names_who_is_left(lost_loop, caplog):
    job = Job(hold, coshutdown=lambda: deaf_until_third(TERM), label="tidies")
    with exits(TERM):
        PureScheduler(job).shutdown(stop_on=[TERM, HUP])
    assert records(caplog) == [(30, f"{GIVEN_UP}; still running: <Job `tidies`>")]


def test_a_job_alone_that_is_given_up_is_named(lost_loop, caplog):
    with exits(TERM):
        Job(deaf_until_third, TERM, label="alone").standalone_run(stop_on=[TERM, HUP])
    assert records(caplog) == [(30, f"{GIVEN_UP}; still running: <Job `alone`>")]


def test_after_giving_up_the_scheduler_can_run_again(lost_loop):
    async def hold_once():
        if numbers:
            await deaf_until_third(numbers.pop())

    numbers = [TERM]
    scheduler = PureScheduler(Job(hold_once), Scheduler(Job(asyncio.sleep, 0)))
    with exits(TERM):
        scheduler.run(stop_on=[TERM, HUP])
    assert scheduler.run() is True


def test_a_job_that_computes_is_given_up_as_well(lost_loop, caplog):
    async def compute():
        for number in (TERM, HUP, TERM):
            signal.raise_signal(number)
        pytest.fail("it goes on")

    with exits(TERM):
        PureScheduler(Job(compute, label="computes")).run(stop_on=[TERM, HUP])
    assert records(caplog) == [(30, f"{GIVEN_UP}; still running: <Job `computes`>")]


def test_a_job_can_not_hold_up_giving_up_by_catching_all(lost_loop):
    async def catch():
        for number in (TERM, HUP, TERM):
            try:
                signal.raise_signal(number)
            except BaseException:
                caught.append(number)
        await hold()

    caught = []
    with exits(TERM):
        PureScheduler(Job(catch)).run(stop_on=[TERM, HUP])
    assert caught == [TERM]


def test_the_co_run_of_a_class_may_refuse_to_be_closed(lost_loop):
    class Mine(PureScheduler):
        async def co_run(self):
            try:
                return await super().co_run()
            finally:
                await asyncio.sleep(60)

    with exits(TERM):
        Mine(Job(deaf_until_third, TERM)).run(stop_on=[TERM, HUP])


@pytest.mark.filterwarnings("error")
def test_asyncio_says_nothing_of_what_was_given_up(lost_loop, caplog, capsys):
    async def leave_a_task():
        tasks.append(asyncio.ensure_future(asyncio.sleep(60)))
        await deaf_until_third(TERM)

    tasks = []
    with exits(TERM):
        PureScheduler(Job(leave_a_task), Scheduler(Job(hold))).run(stop_on=[TERM, HUP])
    tasks.clear()
    gc.collect()
    assert [each for each in caplog.record_tuples if each[0] == "asyncio"] == []
    assert capsys.readouterr().err == ""


def test_an_exception_that_nobody_saw_is_still_reported_after_giving_up(lost_loop, caplog):
    async def leave_an_exception():
        future = asyncio.get_running_loop().create_future()
        future.set_exception(ValueError("unseen"))
        futures.append(future)
        await deaf_until_third(TERM)

    futures = []
    with exits(TERM):
        PureScheduler(Job(leave_an_exception)).run(stop_on=[TERM, HUP])
    futures.clear()
    gc.collect()
    told = [each[2] for each in caplog.record_tuples if each[0] == "asyncio"]
    assert [text.splitlines()[0] for text in told] == ["Future exception was never retrieved"]


def test_giving_up_while_the_loop_is_closed_names_nobody(lost_loop, caplog):
    async def last_words():
        try:
            yield
        finally:
            for number in (TERM, HUP, TERM):
                signal.raise_signal(number)
            pytest.fail("it goes on")

    async def begin():
        words.append(last_words())
        await anext(words[0])

    words = []
    with exits(TERM):
        PureScheduler(Job(begin)).run(stop_on=[TERM, HUP])
    assert records(caplog) == [(30, f"{GIVEN_UP}; no job was running")]


# -- other ends at the same time


def test_a_signal_that_comes_as_the_last_job_ends_still_counts(every_loop):
    async def last():
        await asyncio.sleep(1)
        signal.raise_signal(TERM)

    scheduler = PureScheduler(Job(last))
    with exits(TERM):
        scheduler.run(stop_on=[TERM])
    assert scheduler.why() == "CANCELLED"


def test_a_signal_that_comes_when_the_run_is_over_still_counts(every_loop):
    class Mine(PureScheduler):
        async def co_run(self):
            fine = await super().co_run()
            signal.raise_signal(TERM)
            return fine

    scheduler = Mine(Job(asyncio.sleep, 1))
    with exits(TERM):
        scheduler.run(stop_on=[TERM])
    assert (scheduler.why(), scheduler.ended_at) == ("FINE", 1)


def test_a_signal_that_comes_while_the_loop_is_closed_still_counts():
    class Mine(asyncio.SelectorEventLoop):
        def close(self):
            signal.raise_signal(TERM)
            super().close()
            signal.raise_signal(HUP)

    scheduler = PureScheduler(Job(asyncio.sleep, 0))
    with exits(TERM):
        scheduler.run(stop_on=[TERM, HUP], loop_factory=Mine)
    assert scheduler.why() == "FINE"


@pytest.mark.parametrize("kind", [PureScheduler, Scheduler])
def test_a_signal_that_comes_with_a_critical_failure(every_loop, kind, caplog):
    async def fail():
        signal.raise_signal(TERM)
        raise ValueError("no")

    job = Job(fail, label="fails")
    scheduler = kind(job, Job(asyncio.sleep, 9))
    with exits(TERM):
        scheduler.run(stop_on=[TERM])
    assert scheduler.why() == "CRITICAL FAILURE: <Job `fails`> raised ValueError:no"
    assert repr(job.raised_exception()) == "ValueError('no')"


def test_an_exception_that_the_exit_takes_the_place_of_is_logged(every_loop, caplog):
    async def fail():
        signal.raise_signal(TERM)
        raise error

    error = ValueError("no")
    with exits(TERM) as caught:
        Job(fail).standalone_run(stop_on=[TERM])
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert record.getMessage() == "SIGTERM came, so SystemExit is raised instead of this"
    assert record.exc_info[1] is caught.value.__context__ is error


def test_a_failure_in_the_clean_up_is_kept_on_the_job(every_loop):
    async def fail():
        try:
            await send(TERM)
        finally:
            raise ValueError("no")

    job = Job(fail)
    scheduler = Scheduler(job)
    with exits(TERM):
        scheduler.run(stop_on=[TERM])
    assert (scheduler.why(), str(job.raised_exception())) == ("CANCELLED", "no")


def test_a_timeout_that_came_before_is_reported(every_loop):
    async def slow():
        try:
            await asyncio.sleep(9)
        finally:
            await send(TERM, then=3)

    scheduler = Scheduler(Job(slow, label="slow"), timeout=1)
    with exits(TERM):
        scheduler.run(stop_on=[TERM])
    assert scheduler.why() == "TIMED OUT after 1s; running: <Job `slow`>"


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_exit_of_a_job_takes_precedence(every_loop, error):
    async def leave():
        try:
            await send(TERM)
        finally:
            raise error(3)

    with pytest.raises(error, match="^3$"):
        PureScheduler(Job(leave)).run(stop_on=[TERM])


def test_the_shutdown_after_the_run_can_be_stopped_too(every_loop):
    async def tidy():
        tidied.append("begun")
        try:
            await send(HUP)
        finally:
            await asyncio.sleep(1)
            tidied.append(now())

    tidied = []
    scheduler = PureScheduler(Job(send, TERM, coshutdown=lambda *_: tidy()))
    with exits(HUP) as caught:
        try:
            scheduler.run(stop_on=[TERM, HUP])
        finally:
            scheduler.shutdown(stop_on=[TERM, HUP])
    assert tidied == ["begun", 2]
    assert caught.value.__context__.__context__.code == 128 + TERM


# -- before anything has started


def early(make):
    """Return a loop factory during which the signal comes."""

    def factory():
        signal.raise_signal(TERM)
        return make()

    return factory


def test_after_a_signal_before_the_run_nothing_starts(every_loop):
    job = Job(asyncio.sleep, 1)
    scheduler = PureScheduler(job, Scheduler(Job(asyncio.sleep, 1)))
    with exits(TERM):
        scheduler.run(stop_on=[TERM], loop_factory=early(every_loop))
    assert (scheduler.stats(), scheduler.why()) == ("0D + 0R + 2I = 2", "FINE")


def test_a_third_signal_before_there_is_a_loop_gives_up(every_loop):
    def make():
        for number in (TERM, HUP, TERM):
            signal.raise_signal(number)
        pytest.fail("it goes on")

    with exits(TERM):
        PureScheduler().run(stop_on=[TERM, HUP], loop_factory=make)


def test_a_signal_at_the_first_event(every_loop):
    def observe(event):
        events.append((event.job.label, event.kind))
        if len(events) == 1:
            signal.raise_signal(TERM)

    async def work(label):
        worked.append(label)
        await asyncio.sleep(9)

    events, worked = [], []
    scheduler = PureScheduler(*(Job(work, label, label=label) for label in "ab"))
    with scheduler.observe(observe), exits(TERM):
        scheduler.run(stop_on=[TERM])
    assert worked == ["a", "b"]
    assert {kind for _, kind in events} == {"scheduled", "started", "cancelled"}
    assert scheduler.why() == "CANCELLED"


# -- the handlers


def own_handler(number, frame):
    pytest.fail("this handler is not in force")


def fine():
    assert PureScheduler(Job(asyncio.sleep, 0)).run(stop_on=[TERM]) is True


def failing():
    async def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match="^no\n"):
        Scheduler(Job(fail)).run(stop_on=[TERM])


def refused():
    a, b = Job(asyncio.sleep, 0), Job(asyncio.sleep, 0)
    a.requires(b)
    b.requires(a)
    with pytest.raises(CycleError):
        Scheduler(a, b).run(stop_on=[TERM])


def without_a_loop():
    def factory():
        raise OSError("no loop")

    with pytest.raises(OSError, match="^no loop$"):
        Scheduler().run(stop_on=[TERM], loop_factory=factory)


def inside_a_loop():
    async def main():
        with pytest.raises(RuntimeError, match=r"write `await scheduler.co_run\(\)` there$"):
            Scheduler().run(stop_on=[TERM])

    asyncio.run(main())


def stopped():
    with exits(TERM):
        Scheduler(Job(send_at_once, TERM)).run(stop_on=[TERM])


def given_up():
    with exits(TERM):
        Scheduler(Job(deaf_until_third, TERM, TERM, TERM)).run(stop_on=[TERM])


def interrupted():
    async def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Scheduler(Job(interrupt)).run(stop_on=[TERM])


def changed_by_a_job():
    async def change():
        signal.signal(TERM, signal.SIG_IGN)

    assert Scheduler(Job(change)).run(stop_on=[TERM]) is True


@posix
def changed_by_the_loop():
    async def change():
        asyncio.get_running_loop().add_signal_handler(TERM, print)

    assert Scheduler(Job(change)).run(stop_on=[TERM]) is True


@pytest.mark.parametrize("before", [own_handler, signal.SIG_IGN, signal.SIG_DFL])
@pytest.mark.parametrize(
    "ending",
    [
        fine,
        failing,
        refused,
        without_a_loop,
        inside_a_loop,
        stopped,
        given_up,
        interrupted,
        changed_by_a_job,
        pytest.param(changed_by_the_loop, marks=posix),
    ],
)
def test_the_handlers_are_put_back(handlers, before, ending):
    signal.signal(TERM, before)
    ending()
    assert signal.getsignal(TERM) is before


def test_other_handlers_are_left_alone(every_loop, handlers):
    def hear(number, frame):
        heard.append(number)

    heard = []
    signal.signal(TERM, hear)
    assert PureScheduler(Job(send, TERM)).run(stop_on=[HUP]) is True
    assert heard == [TERM]


def test_in_a_child_process_the_former_handler_is_called(every_loop, handlers, monkeypatch):
    def hear(number, frame):
        heard.append(number)

    async def be_a_child():
        with monkeypatch.context() as patch:
            patch.setattr("os.getpid", lambda: -1)
            signal.raise_signal(TERM)

    heard = []
    signal.signal(TERM, hear)
    assert PureScheduler(Job(be_a_child)).run(stop_on=[TERM]) is True
    assert heard == [TERM]


@pytest.mark.parametrize("also", ["", "or put back"])
def test_if_a_handler_can_not_be_installed_all_are_put_back(handlers, monkeypatch, also):
    def install(number, handler):
        if number == HUP and (also or handler is not before):
            raise OSError("no")
        return real(number, handler)

    real, before = signal.signal, signal.getsignal(HUP)
    signal.signal(TERM, own_handler)
    with monkeypatch.context() as patch:
        patch.setattr(signal, "signal", install)
        with pytest.raises(OSError, match="^no$"):
            PureScheduler().run(stop_on=[TERM, HUP])
    assert signal.getsignal(TERM) is own_handler


def test_signals_that_come_while_the_handlers_are_put_back_still_count(handlers, monkeypatch):
    def put_back(number, handler):
        if handler is own_handler:
            for _ in range(3):
                signal.raise_signal(TERM)
        return real(number, handler)

    real = signal.signal
    signal.signal(TERM, own_handler)
    with monkeypatch.context() as patch, exits(TERM):
        patch.setattr(signal, "signal", put_back)
        PureScheduler().run(stop_on=[TERM])
    assert signal.getsignal(TERM) is own_handler


def test_a_handler_that_python_does_not_know_is_refused(monkeypatch):
    """Python can't put it back. It is there if a program in C has embedded Python."""
    job = Job(asyncio.sleep, 0)
    rule = (
        "SIGTERM has a handler that was not installed from Python, so a run can't put it back: "
        "leave this signal out of stop_on, or, if that handler is not needed, call "
        "signal.signal(signal.SIGTERM, signal.SIG_DFL) first"
    )
    real = signal.getsignal
    with monkeypatch.context() as patch:
        patch.setattr(signal, "getsignal", lambda it: None if it == TERM else real(it))
        with pytest.raises(ValueError, match=f"^{re.escape(rule)}$"):
            PureScheduler(job).run(stop_on=[HUP, TERM])
    assert job.is_idle()


def test_in_another_thread_it_is_refused():
    def run():
        for stop_on in ([], None, [TERM]):
            try:
                answers.append(PureScheduler(Job(asyncio.sleep, 0)).run(stop_on=stop_on))
            except ValueError as error:
                answers.append(str(error))

    answers = []
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert answers == [
        True,
        True,
        (
            "stop_on is for the main thread, which is the only one that can handle signals: "
            "leave it out here, and call run() in the main thread, or cancel the task that "
            "awaits co_run(), by loop.call_soon_threadsafe(task.cancel)"
        ),
    ]


# -- what is accepted


@pytest.mark.parametrize(
    "stop_on",
    [
        TERM,
        int(TERM),
        [TERM],
        (HUP, TERM),
        frozenset([TERM]),
        [TERM, TERM],
        [int(TERM), TERM],
        "an iterator",
    ],
    ids=repr,
)
def test_one_signal_and_all_kinds_of_several_are_accepted(every_loop, stop_on):
    if stop_on == "an iterator":
        stop_on = iter([TERM])
    with exits(TERM):
        PureScheduler(Job(send, TERM)).run(stop_on=stop_on)


@pytest.mark.parametrize("nothing", [None, [], (), set()])
def test_nothing_is_accepted_too(every_loop, handlers, nothing):
    def hear(number, frame):
        heard.append(number)

    heard = []
    signal.signal(TERM, hear)
    assert PureScheduler(Job(send, TERM)).run(stop_on=nothing) is True
    assert heard == [TERM]


@pytest.mark.skipif(not hasattr(signal, "SIGRTMIN"), reason="there are no such signals")
def test_a_signal_without_a_name_is_accepted(lost_loop, caplog):
    number = int(signal.SIGRTMIN) + 1
    with exits(number):
        scheduler = PureScheduler(Job(deaf_until_third, number, number, number, label="a"))
        scheduler.run(stop_on=number)
    text = GIVEN_UP.replace("SIGTERM", f"signal {number}")
    assert records(caplog) == [(30, f"{text}; still running: <Job `a`>")]


RULE = "stop_on takes signals, such as [signal.SIGTERM, signal.SIGINT], not "
UNKNOWN = "stop_on takes signals, and this system has no signal {}: see signal.valid_signals()"


@pytest.mark.parametrize(
    ("stop_on", "kind", "text"),
    [
        ("SIGTERM", TypeError, f"{RULE}'SIGTERM'"),
        (["SIGTERM"], TypeError, f"{RULE}'SIGTERM'"),
        (True, TypeError, f"{RULE}True"),
        ([True], TypeError, f"{RULE}True"),
        (1.5, TypeError, f"{RULE}1.5"),
        ([None], TypeError, f"{RULE}None"),
        (b"\x0f", TypeError, f"{RULE}b'\\x0f'"),
        ([[TERM]], TypeError, f"{RULE}[<Signals.SIGTERM: 15>]"),
        (0, ValueError, UNKNOWN.format(0)),
        (-15, ValueError, UNKNOWN.format(-15)),
        ([TERM, 4096], ValueError, UNKNOWN.format(4096)),
    ],
)
def test_what_is_no_signal_is_refused(stop_on, kind, text):
    job = Job(asyncio.sleep, 0)
    for call in (PureScheduler(job).run, PureScheduler(job).shutdown, job.standalone_run):
        with pytest.raises(kind, match=f"^{re.escape(text)}$"):
            call(stop_on=stop_on)
    assert job.is_idle()


@posix
@pytest.mark.parametrize("name", ["SIGKILL", "SIGSTOP"])
def test_signals_that_end_a_program_at_once_are_refused(name):
    rule = f"stop_on has {name}, which no program can handle: leave it out"
    with pytest.raises(ValueError, match=f"^{rule}$"):
        PureScheduler().run(stop_on=[TERM, getattr(signal, name)])


# -- Ctrl-C


def test_sigint_among_the_signals_is_one_of_them(every_loop):
    note = Note()
    with exits(INT):
        PureScheduler(Job(send, INT, INT), note.job(clean_up=5)).run(stop_on=[INT, TERM])
    assert note.cleaned == [6]


def test_without_it_ctrl_c_raises_keyboard_interrupt(every_loop):
    with pytest.raises(KeyboardInterrupt):
        PureScheduler(Job(send, INT)).run(stop_on=[TERM])


@pytest.mark.parametrize("order", [(TERM, INT), (INT, TERM)], ids=repr)
def test_a_signal_and_one_ctrl_c(every_loop, order):
    note = Note()
    with exits(TERM):
        PureScheduler(Job(send, *order), note.job(clean_up=5)).run(stop_on=[TERM])
    assert note.cleaned == [6]


# -- other event loops, real time


def uvloop_loop():
    return pytest.importorskip("uvloop").new_event_loop()


def debugging_loop():
    loop = asyncio.new_event_loop()
    loop.set_debug(True)
    return loop


class WithoutHandlers(asyncio.SelectorEventLoop):
    """A loop that knows nothing of signals, as on Windows."""

    def add_signal_handler(self, *_):
        raise NotImplementedError


REAL = [None, debugging_loop, WithoutHandlers, uvloop_loop]
real_loops = pytest.mark.parametrize("loop_factory", REAL)


@real_loops
def test_a_signal_in_a_real_loop(loop_factory):
    note = Note()
    scheduler = Scheduler(Job(send_at_once, TERM), note.job(clean_up=0))
    with exits(TERM):
        scheduler.run(stop_on=[TERM], loop_factory=loop_factory)
    assert (note.alive, scheduler.why()) == ([], "CANCELLED")


@real_loops
def test_giving_up_in_a_real_loop(loop_factory, caplog):
    scheduler = Scheduler(Job(deaf_until_third, TERM, label="a"), Job(hold, label="b"))
    with exits(TERM):
        scheduler.run(stop_on=[TERM, HUP], loop_factory=loop_factory)
    assert records(caplog) == [(30, f"{GIVEN_UP}; still running: <Job `a`>, <Job `b`>")]


# -- real processes

PRELUDE = """
import asyncio, os, signal, sys, time
from asynciojobs import Job, PureScheduler, Scheduler, CallJob

def say(text):
    print(text, flush=True)

async def stdin():
    return await asyncio.to_thread(sys.stdin.readline)

def loop():
    kind = sys.argv[1]
    if kind == "uvloop":
        import uvloop
        return uvloop.new_event_loop()
    new = asyncio.new_event_loop()
    if kind == "eager":
        new.set_task_factory(asyncio.eager_task_factory)
    return new

SIGNALS = [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1]
"""


class Program:
    """A process that runs some code; it is killed at the end of the block."""

    def __init__(self, code, kind="plain"):
        if kind == "uvloop":
            pytest.importorskip("uvloop")
        if kind == "eager" and not hasattr(asyncio, "eager_task_factory"):
            pytest.skip("this Python has no eager tasks")
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-W",
                "ignore:.*fork:DeprecationWarning",
                "-c",
                PRELUDE + code,
                kind,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def reads(self, *lines):
        for line in lines:
            assert self.process.stdout.readline() == f"{line}\n"

    def send(self, *numbers):
        for number in numbers:
            self.process.send_signal(number)

    def end(self, line=None):
        """Wait for the end; return the exit status, the output, and the lines of stderr."""
        out, err = self.process.communicate(line, timeout=120)
        lines = [each for each in err.splitlines() if "is still running, so" not in each]
        return self.process.returncode, out, lines


real_processes = pytest.mark.parametrize("kind", ["plain", "eager", "uvloop"])

TIDY = """
async def tidy():
    try:
        say("up")
        await asyncio.sleep(600)
    finally:
        say("cleans up")
        await stdin()
        say("clean")

async def shut():
    say("shut")

scheduler = PureScheduler(Scheduler(Job(tidy, coshutdown=shut)))
try:
    scheduler.run(stop_on=SIGNALS, loop_factory=loop)
finally:
    say(scheduler.why())
"""


@posix
@real_processes
def test_a_process_that_is_terminated_cleans_up(kind):
    with Program(TIDY, kind) as program:
        program.reads("up")
        program.send(TERM)
        program.reads("cleans up")
        assert program.end("go on\n") == (128 + TERM, "clean\nshut\nCANCELLED\n", [])


@posix
@real_processes
def test_a_process_that_is_terminated_twice_cleans_up_all_the_same(kind):
    with Program(TIDY, kind) as program:
        program.reads("up")
        program.send(HUP)
        program.reads("cleans up")
        program.send(TERM)
        assert program.end("go on\n") == (128 + HUP, "clean\nshut\nCANCELLED\n", [])


DEAF = """
async def deaf():
    say("up")
    while True:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            say("deaf")

nested = Scheduler(Job(deaf, label="b"), label="s")
scheduler = PureScheduler(Job(deaf, label="a"), Job(asyncio.sleep, 600), nested)
scheduler.run(stop_on=SIGNALS, loop_factory=loop)
"""


@posix
@real_processes
def test_a_process_that_is_terminated_three_times_gives_up(kind):
    with Program(DEAF, kind) as program:
        program.reads("up", "up")
        program.send(TERM)
        program.reads("deaf", "deaf")
        program.send(HUP, signal.SIGUSR1)
        status, _, told = program.end()
    assert (status, told) == (
        128 + TERM,
        [f"{GIVEN_UP}; still running: <Job `a`>, <Job `s > b`>"],
    )


COMPUTING = """
async def compute():
    say("up")
    while True:  # not a system call: a signal that comes just before one does not end it
        pass

PureScheduler(Job(compute, label="a")).run(stop_on=SIGNALS, loop_factory=loop)
"""


@posix
@real_processes
def test_a_process_whose_loop_is_blocked_can_be_given_up(kind):
    numbers = (TERM, HUP, signal.SIGUSR1)
    with Program(COMPUTING, kind) as program:
        program.reads("up")
        program.send(*numbers)
        status, _, (told,) = program.end()
    assert status in {128 + number for number in numbers}  # any of them may be handled first
    assert told.endswith("given up; still running: <Job `a`>")


SHUTDOWN = """
async def tidy():
    say("begins")
    try:
        await asyncio.sleep(600)
    finally:
        say("ends")

job = Job(asyncio.sleep, 0, coshutdown=lambda *_: tidy())
scheduler = PureScheduler(job, shutdown_timeout=None)
scheduler.run(stop_on=SIGNALS, loop_factory=loop)
scheduler.shutdown(stop_on=SIGNALS, loop_factory=loop)
"""


@posix
@real_processes
def test_a_process_that_is_terminated_in_its_shutdown_cleans_up(kind):
    with Program(SHUTDOWN, kind) as program:
        program.reads("begins")
        program.send(TERM)
        status, out, told = program.end()
    assert (status, out) == (128 + TERM, "ends\n")
    assert told[0] == "co_shutdown() of <Job `sleep()`> raised"


AFTERWARDS = """
PureScheduler(Job(asyncio.sleep, 0)).run(stop_on=SIGNALS, loop_factory=loop)
say("ran")
sys.stdin.readline()
"""


@posix
@real_processes
def test_after_the_run_a_signal_does_what_it_did_before(kind):
    with Program(AFTERWARDS, kind) as program:
        program.reads("ran")
        program.send(TERM)
        assert program.end() == (-TERM, "", [])


IGNORED = """
signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
async def work():
    signal.raise_signal(signal.SIGHUP)
    await asyncio.sleep(600)
try:
    PureScheduler(Job(work)).run(stop_on=SIGNALS, loop_factory=loop)
finally:
    signal.raise_signal(signal.SIGHUP)
    say("alive")
"""


@posix
def test_a_signal_that_was_ignored_is_handled_during_the_run_only():
    with Program(IGNORED) as program:
        assert program.end() == (128 + HUP, "alive\n", [])


FORKING = """
async def fork():
    child = os.fork()
    if not child:
        os.kill(os.getpid(), signal.SIGTERM)
        os._exit(0)
    say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

say(PureScheduler(Job(fork)).run(stop_on=SIGNALS, loop_factory=loop))
"""


@posix
@real_processes
def test_a_child_that_was_forked_during_the_run_ends_by_the_signal_as_before(kind):
    with Program(FORKING, kind) as program:
        assert program.end() == (0, f"{-TERM}\nTrue\n", [])


CHILD = """
async def call():
    code = "import signal; print('ready', flush=True); signal.pause()"
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=-1)
    try:
        await child.stdout.readline()
        say("up")
        await child.wait()
    finally:
        child.terminate()
        say(await child.wait())

PureScheduler(Job(call)).run(stop_on=SIGNALS, loop_factory=loop)
"""


@posix
@real_processes
def test_a_job_ends_its_child_process_when_its_own_process_is_terminated(kind):
    with Program(CHILD, kind) as program:
        program.reads("up")
        program.send(TERM)
        assert program.end() == (128 + TERM, f"{-TERM}\n", [])


THREAD = """
def work():
    say("up")
    sys.stdin.readline()
    say("end")

PureScheduler(CallJob(work)).run(stop_on=SIGNALS, loop_factory=loop)
"""


@posix
@real_processes
def test_a_thread_of_a_call_is_waited_for(kind):
    with Program(THREAD, kind) as program:
        program.reads("up")
        program.send(TERM)
        assert program.end("go on\n") == (128 + TERM, "end\n", [])


@posix
@real_processes
def test_a_thread_that_holds_up_the_exit_ends_by_one_more_signal(kind):
    with Program(THREAD.replace("CallJob(work)", "CallJob(work, label='a')"), kind) as program:
        program.reads("up")
        program.send(TERM, HUP, signal.SIGUSR1)
        while not (told := program.process.stderr.readline()).startswith("SIG"):
            assert "is still running, so" in told
        assert told.endswith("given up; still running: <CallJob `a`>\n")
        program.send(TERM)  # Python waits for the thread now, and the handlers are put back
        assert program.end()[0] == -TERM


KILLED = """
import threading

async def work():
    threading.Thread(target=lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
    await asyncio.sleep(600)

PureScheduler(Job(work)).run(stop_on=SIGNALS, loop_factory=loop)
"""


@posix
@real_processes
def test_a_signal_that_a_thread_sends(kind):
    with Program(KILLED, kind) as program:
        assert program.end() == (128 + TERM, "", [])
