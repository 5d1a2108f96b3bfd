"""The clock stands still during real work. These tests take some tenths of a real second."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from asynciojobs import CallJob, Job, Scheduler
from asynciojobs_testkit import FakeClock, FakeJob, RunawayError, _selector


def test_a_thread_and_a_subprocess_take_no_time_on_the_clock():
    async def main():
        async with asyncio.timeout(60):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", "import time; time.sleep(0.5)"
            )
            code = await process.wait()
            return code, await asyncio.to_thread(lambda: time.sleep(0.3) or "slept")

    clock = FakeClock()
    assert clock.run(main()) == (0, "slept")
    assert clock.time == 0.0
    assert clock.real_elapsed >= 0.8


def test_the_clock_moves_only_after_a_thread_has_ended():
    scheduler = Scheduler(
        Job(asyncio.to_thread, time.sleep, 0.1, label="thread"), FakeJob("sleeps", takes=5)
    )
    with FakeClock().installed() as clock:
        assert scheduler.run()
    assert [job.ended_at for job in scheduler.jobs] == [0.0, 5.0]
    assert clock.time == 5.0


def test_a_pool_passed_to_run_in_executor_holds_the_time():
    async def main(pool):
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(60):
            return await loop.run_in_executor(pool, lambda: time.sleep(0.05) or 42)

    clock = FakeClock()
    with ThreadPoolExecutor() as pool:
        assert clock.run(main(pool)) == 42
    assert clock.time == 0.0


def test_an_external_block_holds_the_time():
    async def main(clock, pool):
        async with asyncio.timeout(60):
            with clock.external():
                return await asyncio.wrap_future(pool.submit(lambda: time.sleep(0.05) or 42))

    clock = FakeClock()
    with ThreadPoolExecutor() as pool:
        assert clock.run(main(clock, pool)) == 42
    assert clock.time == 0.0


def test_the_clock_moves_only_after_a_call_by_an_executor_has_ended():
    with ThreadPoolExecutor() as pool:
        call = CallJob(time.sleep, 0.05, executor=pool)
        with FakeClock().installed() as clock:
            assert Scheduler(call, FakeJob("sleeps", takes=5)).run()
    assert (call.ended_at, clock.time) == (0.0, 5.0)


def test_an_endless_call_is_a_runaway_whose_error_names_it():
    gate = threading.Event()
    clock = FakeClock(real_limit=0.1)
    with ThreadPoolExecutor() as pool, clock.installed():
        with pytest.raises(
            RunawayError,
            match=r"^at 0 s, the run takes more than 0\.1 real seconds; the time is held by 1 "
            r"executor call; still waiting:\n",
        ):
            Scheduler(CallJob(gate.wait, executor=pool)).run()
        gate.set()


def test_a_thread_whose_future_was_cancelled_does_not_hold_the_time():
    async def main():
        thread = asyncio.ensure_future(asyncio.to_thread(gate.wait))
        await asyncio.sleep(0)
        thread.cancel()
        await asyncio.sleep(60)
        gate.set()

    gate = threading.Event()
    clock = FakeClock()
    clock.run(main())
    assert clock.time == 60.0


def test_the_output_of_a_subprocess_arrives():
    async def main():
        async with asyncio.timeout(60):
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                "import time; print(1, flush=True); time.sleep(0.1); print(2)",
                stdout=asyncio.subprocess.PIPE,
            )
            return (await process.communicate())[0].split()

    clock = FakeClock()
    assert clock.run(main()) == [b"1", b"2"]
    assert clock.time == 0.0


def test_the_input_of_a_subprocess_arrives():
    async def main():
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "print(input()[::-1])",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        return await asyncio.wait_for(process.communicate(b"abc\n"), 60)

    assert FakeClock().run(main()) == (b"cba\n", None)


def test_loopback_sockets_take_no_time_on_the_clock():
    async def serve(reader, writer):
        writer.write((await reader.readline()).upper())
        await writer.drain()
        writer.close()

    async def main():
        async with asyncio.timeout(60):
            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"hello\n")
            answer = await reader.read()
            writer.close()
            server.close()
            await server.wait_closed()
            return answer

    clock = FakeClock()
    assert clock.run(main()) == b"HELLO\n"
    assert clock.time == 0.0


def test_a_socket_can_be_read_and_written_at_the_same_time():
    async def main():
        loop = asyncio.get_running_loop()
        with here, there:
            here.setblocking(False)
            there.sendall(b"hello")
            loop.add_reader(here, lambda: read.set_result(here.recv(9)))
            loop.add_writer(here, lambda: written.done() or written.set_result(here.send(b"x")))
            read, written = loop.create_future(), loop.create_future()
            answer = await read, await written
            loop.remove_writer(here)
            loop.remove_reader(here)
            return answer

    here, there = socket.socketpair()
    clock = FakeClock()
    assert clock.run(main()) == (b"hello", 1)
    assert clock.time == 0.0


def test_timers_fire_while_a_socket_is_open():
    async def main():
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        await asyncio.sleep(60)
        server.close()
        await server.wait_closed()

    clock = FakeClock()
    clock.run(main())
    assert clock.time == 60.0


# -- sockets that are open, and how long they may take to answer


async def sleep_often(count):
    for _ in range(count):
        await asyncio.sleep(1)


def open_server():
    return asyncio.start_server(lambda *_: None, "127.0.0.1", 0)


@pytest.mark.parametrize("count", [1, 3])
def test_sockets_that_are_only_open_cost_nothing(count):
    async def main():
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(count):
                await stack.enter_async_context(await open_server())
            await sleep_often(2000)

    clock = FakeClock(real_limit=5)  # ten milliseconds for each of the sleeps would be 20 s
    clock.run(main())
    assert clock.time == 2000.0


def test_a_connection_that_is_idle_costs_nothing():
    async def main():
        _, writer = await asyncio.open_connection(sock=here)
        await sleep_often(2000)
        writer.close()
        await writer.wait_closed()

    here, there = socket.socketpair()
    clock = FakeClock(real_limit=5)
    with there:
        clock.run(main())
    assert clock.time == 2000.0


def test_sockets_that_are_closed_cost_nothing():
    async def main():
        for _ in range(50):
            async with await open_server():
                pass
            await asyncio.sleep(1)

    waits = []
    FakeClock().run(noting_waits(main(), waits))
    assert waits == []


async def noting_waits(coroutine, waits):
    """Run a coroutine, and note how often its loop really waits."""
    selector = asyncio.get_running_loop()._selector
    selector._waited = waits.append
    return await coroutine


@pytest.fixture
def answer_on(monkeypatch):
    """Return a function that starts a thread, which answers on a socket.

    The clock can't see the thread. So sockets have half a minute to answer, not 10 ms.
    """

    def answer(sock):
        data, address = sock.recvfrom(100)
        text = data.upper() or b"THE END"
        if address:
            sock.sendto(text, address)
        else:
            sock.send(text)

    def start(sock):
        monkeypatch.setattr(_selector, "SOCKET_GRACE", 30)
        threads.append(threading.Thread(target=answer, args=[sock]))
        threads[-1].start()

    threads = []
    yield start
    for thread in threads:
        thread.join()


STREAMS = {
    "write": (lambda writer: writer.write(b"hello"), b"HELLO"),
    "writelines": (lambda writer: writer.writelines([b"hel", b"lo"]), b"HELLO"),
    "write_eof": (lambda writer: writer.write_eof(), b"THE END"),
}


@pytest.mark.parametrize(("send", "expected"), STREAMS.values(), ids=STREAMS)
def test_the_time_stands_still_for_an_answer_on_an_idle_connection(answer_on, send, expected):
    async def main():
        reader, writer = await asyncio.open_connection(sock=here)
        await sleep_often(3)
        answer_on(there)
        send(writer)
        async with asyncio.timeout(60):
            answer = await reader.read(100)
        writer.close()
        await writer.wait_closed()
        return answer

    here, there = socket.socketpair()
    clock = FakeClock()
    with there:
        assert clock.run(main()) == expected
    assert clock.time == 3.0


def test_the_time_stands_still_for_the_answer_to_a_datagram(answer_on):
    class Protocol(asyncio.DatagramProtocol):
        def __init__(self):
            self.answer = asyncio.get_running_loop().create_future()

        def datagram_received(self, data, _):
            self.answer.set_result(data)

    async def main():
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.create_datagram_endpoint(
            Protocol, remote_addr=there.getsockname()
        )
        await sleep_often(3)
        answer_on(there)
        transport.sendto(b"hello")
        async with asyncio.timeout(60):
            answer = await protocol.answer
        transport.close()
        return answer

    clock = FakeClock()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
        there.bind(("127.0.0.1", 0))
        assert clock.run(main()) == b"HELLO"
    assert clock.time == 3.0


def test_the_time_stands_still_for_a_socket_that_is_read_by_hand(answer_on):
    async def main():
        loop = asyncio.get_running_loop()
        here.setblocking(False)
        await sleep_often(3)
        answer_on(there)
        await loop.sock_sendall(here, b"hello")
        async with asyncio.timeout(60):
            return await loop.sock_recv(here, 100)

    here, there = socket.socketpair()
    clock = FakeClock()
    with here, there:
        assert clock.run(main()) == b"HELLO"
    assert clock.time == 3.0


def test_an_endless_external_block_is_a_runaway_whose_error_names_it():
    async def main():
        with clock.external():
            await asyncio.Event().wait()

    clock = FakeClock(real_limit=0.1)
    with pytest.raises(
        RunawayError,
        match=r"^at 0 s, the run takes more than 0\.1 real seconds; the time is held by 1 "
        r"external\(\) block; still waiting:\n",
    ):
        clock.run(main())


def test_an_endless_thread_is_a_runaway_whose_error_names_it():
    def work():
        threads.append(threading.current_thread())
        gate.wait()

    gate, threads = threading.Event(), []
    clock = FakeClock(real_limit=0.1)
    with pytest.raises(
        RunawayError,
        match=r"^at 0 s, the run takes more than 0\.1 real seconds; the time is held by 1 "
        r"thread; still waiting:\n  <Task '.*' of wait_for\(\)> running, awaits Future pending "
        r"at .*, in to_thread\Z",
    ):
        clock.run(asyncio.to_thread(work))
    gate.set()
    (thread,) = threads
    thread.join()


def test_the_error_counts_each_kind_of_real_work():
    async def main():
        loop = asyncio.get_running_loop()
        command = [sys.executable, "-c", "input()"]
        for _ in range(2):
            processes.append(
                await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE)
            )
            threads.append(loop.run_in_executor(None, go_on.wait))
        try:
            with clock.external(), clock.external():
                await asyncio.Event().wait()
        finally:
            go_on.set()
            await asyncio.gather(*threads, *(it.communicate(b"\n") for it in processes))

    go_on, threads, processes = threading.Event(), [], []
    clock = FakeClock(real_limit=0.5)
    with pytest.raises(
        RunawayError,
        match=r"; the time is held by 2 threads, 2 subprocesses, 2 external\(\) blocks; still "
        r"waiting:\n",
    ):
        clock.run(main())


def test_a_scheduler_in_a_thread_moves_the_same_clock_if_it_is_given_its_loops():
    inner = Scheduler(FakeJob(takes=5))

    async def main():
        return await asyncio.to_thread(inner.run, loop_factory=clock.loop_factory)

    clock = FakeClock()
    assert clock.run(main()) is True
    assert clock.time == 5.0
