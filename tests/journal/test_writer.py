"""Records on their way to the disk: when they are safe, in what order, and what can fail."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import errno
import gc
import os
import threading
import weakref

import pytest

from asynciojobs._errors import JournalError
from asynciojobs._journal import worker, writer
from asynciojobs._journal.reading import read_records
from asynciojobs._journal.records import Header, JournalRecord
from asynciojobs._journal.worker import Worker
from asynciojobs._journal.writer import Writer, use_store
from asynciojobs_testkit import FakeClock

HEADER = Header("0123456789abcdef", "night", "json")


def done(number, **options):
    return JournalRecord("done", (str(number),), **options)


def started(number):
    return JournalRecord("started", (str(number),))


@pytest.fixture
def file(opening):
    file, _ = opening()
    file.begin(HEADER)
    return file


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    names = [thread.name for thread in threading.enumerate()]
    assert "asynciojobs journal" not in names


class Gate:
    """A store that records what it is asked for, and whose `sync()` can be held up."""

    def __init__(self, store):
        self.store = store
        self.calls = []
        self.threads = set()
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()

    def write(self, data):
        self.threads.add(threading.current_thread())
        self.calls.append(data.count(b"\n"))
        self.store.write(data)

    def sync(self):
        self.calls.append("sync")
        self.entered.set()
        self.open.wait()
        self.store.sync()


@pytest.fixture
def gate(file):
    gate = Gate(file)
    with use_store(lambda store: gate):
        yield gate


@pytest.fixture(params=["thread", "fake clock"])
def run(request):
    """Run a coroutine on a real loop, whose journal has a thread; or on a fake clock."""

    def run_one(main):
        if request.param == "thread":
            return asyncio.run(main)
        with FakeClock().installed() as clock:
            result = asyncio.run(main)
            assert clock.time == 0
        return result

    return run_one


class Ends:
    """What a writer reports: which records are safe, and what failed."""

    def __init__(self, file, **options):
        self.safe = []
        self.errors = []
        self.writer = Writer(file, self.errors.append, **options)

    def append(self, record):
        self.writer.append(record, lambda: self.safe.append(record))


# -- what is safe


def test_each_record_is_safe_in_the_order_of_append(run, path, file):
    records = [done(n) for n in range(10)]

    async def main():
        ends = Ends(file)
        for record in records:
            ends.append(record)
        assert ends.safe == []
        await ends.writer.drain()
        ends.writer.close()
        return ends.safe, ends.errors, list(read_records(path))

    assert run(main()) == (records, [], records)


def test_records_of_one_turn_share_a_write_and_a_sync(run, file, gate):
    async def main():
        ends = Ends(file)
        for number in range(5):
            ends.append(done(number))
        await ends.writer.drain()
        ends.writer.close()

    run(main())
    assert gate.calls == [5, "sync"]


def test_records_that_come_during_a_sync_share_the_next_one(file, gate):
    async def main():
        ends = Ends(file)
        gate.open.clear()
        ends.append(done(0))
        await asyncio.to_thread(gate.entered.wait)
        for number in range(1, 6):
            ends.append(done(number))
            await asyncio.sleep(0)
        assert ends.safe == []  # and the loop was never blocked
        gate.open.set()
        await ends.writer.drain()
        ends.writer.close()
        return len(ends.safe)

    assert asyncio.run(main()) == 6
    assert gate.calls == [1, "sync", 5, "sync"]


def test_all_writes_are_in_one_thread_that_is_not_that_of_the_loop(file, gate):
    async def main():
        ends = Ends(file)
        for number in range(3):
            ends.append(done(number))
            await ends.writer.drain()
        ends.writer.close()

    asyncio.run(main())
    assert (len(gate.threads), threading.current_thread() in gate.threads) == (1, False)


def test_on_the_fake_clock_no_thread_is_started(file, gate):
    async def main():
        ends = Ends(file)
        ends.append(done(0))
        await ends.writer.drain()

    with FakeClock().installed():
        asyncio.run(main())
    assert gate.threads == {threading.current_thread()}


def test_a_started_record_is_written_and_not_synced(run, file, gate, path):
    async def main():
        ends = Ends(file)
        ends.append(started(0))
        await ends.writer.drain()
        ends.writer.close()
        return ends.safe

    assert run(main()) == [started(0)]
    assert (gate.calls, list(read_records(path))) == ([1], [started(0)])


@pytest.mark.parametrize("kind", ["run", "done", "failed", "end", "forget"])
def test_every_other_record_is_synced(run, file, gate, kind):
    async def main():
        ends = Ends(file)
        ends.append(started(0))
        ends.append(JournalRecord(kind))
        await ends.writer.drain()
        ends.writer.close()

    run(main())
    assert gate.calls == [2, "sync"]


def test_without_sync_records_are_only_written(run, file, gate):
    async def main():
        ends = Ends(file, sync=False)
        ends.append(done(0))
        await ends.writer.drain()
        ends.writer.close()
        return ends.safe

    assert (run(main()), gate.calls) == ([done(0)], [1])


def test_a_record_without_callback_is_written(run, file, path):
    async def main():
        journal = Writer(file, print)
        journal.append(done(0))
        await journal.drain()
        journal.close()

    run(main())
    assert list(read_records(path)) == [done(0)]


def test_callbacks_of_one_sync_are_one_callback_of_the_loop(file):
    calls = []

    class Loop(asyncio.SelectorEventLoop):
        def call_soon_threadsafe(self, *args, **options):
            calls.append(args)
            return super().call_soon_threadsafe(*args, **options)

    async def main():
        ends = Ends(file)
        for number in range(100):
            ends.append(done(number))
        await ends.writer.drain()
        ends.writer.close()
        return len(ends.safe)

    with asyncio.Runner(loop_factory=Loop) as runner:
        assert runner.run(main()) == 100
        assert len(calls) == 1


def test_a_callback_that_raises_does_not_keep_the_others(run, file):
    async def main():
        said = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: said.append(str(context["exception"])))
        journal = Writer(file, print)
        journal.append(done(0), lambda: 1 / 0)
        journal.append(done(1), lambda: said.append(1))
        await journal.drain()
        journal.close()
        return said

    assert run(main()) == ["division by zero", 1]


def test_callbacks_see_the_context_of_the_writer(run, file):
    variable = contextvars.ContextVar("variable")

    async def main():
        seen = []
        variable.set("run")
        journal = Writer(file, print)
        variable.set("job")
        journal.append(done(0), lambda: seen.append(variable.get()))
        await journal.drain()
        journal.close()
        return seen

    assert run(main()) == ["run"]


# -- large results


def test_a_large_result_goes_to_a_file_of_its_own_first(run, file, path):
    async def main():
        ends = Ends(file, inline=10)
        ends.append(done(0, result=b"x" * 11))
        ends.append(done(1, result=b"x" * 10))
        await ends.writer.drain()
        ends.writer.close()

    run(main())
    large, small = read_records(path)
    assert (large.result, file.result_of(large), small.result) == (None, b"x" * 11, b"x" * 10)


def test_a_large_result_that_can_t_be_stored_ends_the_run(run, file, path):
    path.with_name("night.journal.d").touch()

    async def main():
        ends = Ends(file, inline=10)
        ends.append(done(0, result=b"x" * 11))
        with pytest.raises(
            JournalError, match=f"^the journal '{path}' can't store a result of 11"
        ):
            await ends.writer.drain()
        ends.writer.close()
        return ends.errors == [ends.writer.error], ends.safe

    assert run(main()) == (True, [])


# -- failures


def test_a_failure_is_told_once_and_then_nothing_is_written(run, file, path, monkeypatch):
    def full(descriptor, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async def main():
        ends = Ends(file)
        ends.append(done(0))
        await ends.writer.drain()
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            ends.append(done(1))
            with pytest.raises(JournalError, match="no space left"):
                await ends.writer.drain()
        ends.append(done(2))
        with pytest.raises(JournalError, match="no space left"):
            await ends.writer.drain()
        ends.writer.close()
        return ends.safe, ends.errors == [ends.writer.error]

    assert run(main()) == ([done(0)], True)
    assert list(read_records(path)) == [done(0)]


def test_records_that_wait_for_a_failing_sync_are_not_written(file, gate, path, monkeypatch):
    def refuse():
        raise OSError(errno.EIO, "Input/output error")

    async def main():
        ends = Ends(file)
        gate.open.clear()
        ends.append(done(0))
        await asyncio.to_thread(gate.entered.wait)
        ends.append(done(1))
        await asyncio.sleep(0)
        monkeypatch.setattr(file, "sync", refuse)
        gate.open.set()
        with pytest.raises(OSError, match="Input/output error"):
            await ends.writer.drain()
        ends.writer.close()
        return ends.safe, len(ends.errors)

    assert asyncio.run(main()) == ([], 1)
    assert (gate.calls, list(read_records(path))) == ([1, "sync"], [done(0)])


class Crash(BaseException):
    pass


def test_a_store_of_a_test_can_crash_in_the_middle_of_a_write(run, file, path, opening):
    class Crashing:
        def __init__(self, store):
            self.store = store

        def write(self, data):
            self.store.write(data[:-5])
            raise Crash

        def sync(self):
            self.store.sync()

    async def main():
        ends = Ends(file)
        for number in range(3):
            ends.append(done(number))
        with pytest.raises(Crash):
            await ends.writer.drain()
        ends.writer.close()
        return ends.safe, [type(error) for error in ends.errors]

    with use_store(Crashing):
        assert run(main()) == ([], [Crash])
    file.close()
    assert opening()[1] == [done(0), done(1)]


def test_a_number_that_can_t_be_written_is_a_failure(run, file):
    async def main():
        ends = Ends(file)
        ends.append(done(0, time=float("nan")))
        with pytest.raises(ValueError, match="Out of range float values"):
            await ends.writer.drain()
        ends.writer.close()
        return len(ends.errors)

    assert run(main()) == 1


def test_a_closed_journal_takes_no_record(run, file):
    async def main():
        ends = Ends(file)
        file.close()
        with pytest.raises(JournalError, match="is closed"):
            ends.append(done(0))
        ends.writer.close()

    run(main())


# -- ends of all kinds


def test_closing_writes_what_is_left(run, file, path):
    async def main():
        ends = Ends(file)
        ends.append(done(0))
        ends.writer.close()
        ends.writer.close()
        return list(read_records(path))

    assert run(main()) == [done(0)]


def test_a_cancelled_drain_loses_nothing(file, gate, path):
    async def main():
        ends = Ends(file)
        gate.open.clear()
        ends.append(done(0))
        draining = asyncio.create_task(ends.writer.drain())
        await asyncio.to_thread(gate.entered.wait)
        draining.cancel()
        with pytest.raises(asyncio.CancelledError):
            await draining
        gate.open.set()
        await ends.writer.drain()
        ends.writer.close()
        return ends.safe

    assert asyncio.run(main()) == [done(0)]
    assert list(read_records(path)) == [done(0)]


def test_a_loop_that_is_closed_meanwhile_loses_nothing(file, gate, path):
    async def main():
        ends = Ends(file)
        gate.open.clear()
        ends.append(done(0))
        await asyncio.to_thread(gate.entered.wait)
        ends.append(done(1))
        await asyncio.sleep(0)
        ends.append(done(2))
        return ends

    ends = asyncio.run(main())
    gate.open.set()
    ends.writer.close()
    assert (ends.safe, list(read_records(path))) == ([], [done(0), done(1), done(2)])


def test_a_writer_of_a_forked_child_does_nothing(run, file, path):
    async def main():
        ends = Ends(file)
        ends.append(done(0))
        file.abandon()
        ends.writer.close()
        with pytest.raises(
            JournalError, match="belongs to the process that this one was forked"
        ):
            ends.append(done(1))
        ends.writer._turn.clear()

    run(main())
    assert list(read_records(path)) == []


def test_where_no_thread_can_be_started_the_loop_writes(file, gate, monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    async def main():
        monkeypatch.setattr(threading.Thread, "start", refuse)
        ends = Ends(file)
        for number in range(2):
            ends.append(done(number))
            await ends.writer.drain()
        ends.writer.close()
        return ends.safe

    assert asyncio.run(main()) == [done(0), done(1)]
    assert gate.threads == {threading.current_thread()}


def test_a_writer_needs_a_running_loop(file):
    with pytest.raises(RuntimeError, match="no running event loop"):
        Writer(file, print)


def test_a_writer_that_is_done_is_not_kept_alive(file):
    async def main():
        ends = Ends(file)
        ends.append(done(0))
        await ends.writer.drain()
        ends.writer.close()
        return weakref.ref(ends.writer)

    writer_ = asyncio.run(main())
    gc.collect()
    assert writer_() is None


EXIT = """
import asyncio, sys
from asynciojobs._journal.file import open_journal
from asynciojobs._journal.records import Header, JournalRecord
from asynciojobs._journal.writer import Writer
file = open_journal(sys.argv[1], repr)
file.begin(Header("i", "night", "json"))

async def main():
    writer = Writer(file, print)
    for number in range(1000):
        writer.append(JournalRecord("done", (str(number),)))
    await asyncio.sleep(0)

asyncio.run(main())
"""


def test_the_end_of_the_program_loses_nothing(program, path):
    process = program(EXIT, path)
    assert process.communicate() == ("", None)
    assert process.returncode == 0
    assert [int(record.key[0]) for record in read_records(path)] == list(range(1000))
    assert list(path.parent.iterdir()) == [path]


# -- the thread


def test_the_thread_ends_when_there_is_nothing_to_do(monkeypatch):
    monkeypatch.setattr(worker, "LINGER", 0)
    seen = []
    over = threading.Event()

    def work(items):
        seen.extend(items)
        over.set()

    worker_ = Worker(work)
    for number in range(3):
        over.clear()
        worker_.put([number])
        over.wait()
        for thread in threading.enumerate():
            if thread.name == "asynciojobs journal":
                thread.join()
    assert seen == [0, 1, 2]


def test_a_closed_worker_still_works():
    seen = []
    worker_ = Worker(seen.extend)
    worker_.close()
    worker_.put([1])
    worker_.close()
    assert seen == [1]


def test_two_journals_have_a_thread_each(opening, path):
    records = [done(n) for n in range(50)]

    def record_all(where):
        file, _ = opening(where)
        file.begin(HEADER)

        async def main():
            ends = Ends(file)
            for record in records:
                ends.append(record)
                await ends.writer.drain()
            ends.writer.close()

        asyncio.run(main())

    paths = [path.with_name(name) for name in ("a", "b")]
    threads = [threading.Thread(target=record_all, args=[where]) for where in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [list(read_records(where)) for where in paths] == [records, records]


def test_the_seam_is_for_the_block_alone(file):
    async def main():
        return Writer(file, print)._store

    with contextlib.ExitStack() as stack:
        stack.enter_context(use_store(lambda store: [store]))
        assert asyncio.run(main()) == [file]
    assert asyncio.run(main()) is file
    assert writer.INLINE == 2**20
