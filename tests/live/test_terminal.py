"""`live()` in a real terminal: a program runs on a pty, and pyte reads the screen back."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import textwrap

import pytest

pyte = pytest.importorskip("pyte", reason="pyte, which emulates a terminal, is missing")
pytest.importorskip("rich", reason="rich, which draws the rows, is missing")

HEAD = """
import asyncio, logging, os, signal, sys
from asynciojobs import *
from asynciojobs_graph import live
from asynciojobs_testkit import FakeClock

# The times jump, and the rows are drawn for real.
use_loop_factory(FakeClock().loop_factory).__enter__()
STEPS = int(sys.argv[1])

async def work(seconds=0.0, error=None):
    await asyncio.sleep(seconds)
    if error is not None:
        raise error

async def frame():
    await asyncio.sleep(5)  # more than enough for the next frame

async def step():
    await frame()
    os.write(1, b"\\x1b]0;step\\x07")  # sets the title of the window
    os.read(STEPS, 1)  # the test looks at the screen now

"""

TIME = re.compile(r" +(< 1 ms|\d+ ms|\d+\.\d s|1[^ ]*…)(?=  |$)")
STEP = b"\x1b]0;step\x07"


class Terminal:
    """A terminal with a program in it.

    Args:
        program: the text of the program.
        width: the width of the terminal (columns).
        height: the height of the terminal (rows).
        variables: more environment variables.
    """

    def __init__(self, program, width=80, height=24, **variables):
        self.screen = pyte.HistoryScreen(width, height, history=10_000)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self._seen = 0  # how many steps were seen
        self.master, slave = pty.openpty()
        self.resize(width, height)
        steps, self._steps = os.pipe()
        self.child = subprocess.Popen(
            [sys.executable, "-c", HEAD + textwrap.dedent(program), str(steps)],
            pass_fds=[steps],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=os.environ | {"PYTHONUTF8": "1"} | variables,
            start_new_session=True,
        )
        os.close(slave)
        os.close(steps)

    def step(self):
        """Let the job that waits for a step go on."""
        os.write(self._steps, b".")

    def resize(self, width, height):
        """Give the terminal another size."""
        self.screen.resize(height, width)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def at_step(self):
        """Read until a job is at its next step; return the rows."""
        self._seen += 1
        while self.raw.count(STEP) < self._seen:
            assert self._read(), self.raw.decode()
        return self.rows()

    def wait(self):
        """Read until the program has ended; return all rows, even those that scrolled away."""
        while self._read():
            pass
        self.child.wait()
        return self.rows()

    def close(self):
        """End the program, if it has not ended."""
        self.child.kill()
        self.child.wait()
        os.close(self.master)
        os.close(self._steps)

    def _read(self):
        try:
            data = os.read(self.master, 65536)
        except OSError:  # the program has ended, and so has its terminal
            data = b""
        self.raw += data
        self.stream.feed(data)
        return data

    def rows(self):
        """Return what is on the screen and above it, without empty rows at the end.

        Each time is replaced by T, since the moment of a frame depends on how long the last one
        took to draw.
        """
        width = self.screen.columns
        history = [
            "".join(row[x].data for x in range(width)) for row in self.screen.history.top
        ]
        rows = [row.rstrip() for row in [*history, *self.screen.display]]
        while rows and not rows[-1]:
            rows.pop()
        return [TIME.sub(" T", row) for row in rows]


@pytest.fixture
def terminal():
    with contextlib.ExitStack() as stack:

        def start(program, *args, **options):
            started = Terminal(program, *args, **options)
            stack.callback(started.close)
            return started

        yield start


def test_the_last_frame_stays_with_prints_and_log_records_above_it(terminal):
    rows = terminal("""
        logging.basicConfig(format="LOG %(message)s")
        async def talk():
            print("printed")
            await frame()
            logging.warning("logged")
            print("no line end", end="")
            await frame()
        failing = Job(work, 0, OSError("no disk"), critical=False)
        s = PureScheduler(Job(talk, label="talk"), failing)
        with live(s):
            s.run()
        print("after")
    """).wait()
    assert rows == [
        "printed",
        "LOG logged",
        "no line end",
        "FINE ━━━━━━━━━━━━━━━━━━━━ 2/2 done · 1 failed · T",
        "✗ work()  OSError:no disk",
        "after",
    ]


def test_nested_schedulers_and_commands_have_rows(terminal):
    screen = terminal("""
        async def look():
            await step()
        boot = Job(work, 1, label="boot")
        h1 = Scheduler(boot, Job(look, required=boot, label="look"), label="h1")
        h2 = Scheduler(Job(work, 3, OSError("no route"), label="boot"), label="h2")
        late = [Job(work, 9, label=f"late {n}") for n in range(3)]
        s = PureScheduler(h1, h2, Scheduler(*late, jobs_window=1, label="h3"), keep_going=True)
        with live(s):
            s.run()
    """)
    rows = screen.at_step()
    assert rows == [
        "━━━━━━────────────── 2/6 done · 1 failed · 2 waiting · T",
        "✗ h2 > boot  OSError:no route",
        "▸ T  h1  1/2",
        "▸ T    look",
        "▸ T  h3  0/3",
        "▸ T    late 0",
    ]
    screen.step()
    screen.wait()


def test_three_hundred_jobs_are_cropped_to_the_screen(terminal):
    screen = terminal(
        """
        jobs = [Job(work, 9, label=f"job {n}") for n in range(300)]
        s = PureScheduler(*jobs, Job(step, label="step"))
        print("before")
        with live(s):
            s.run()
    """,
        40,
        10,
    )
    rows = screen.at_step()
    assert rows == [
        "before",
        "──────────────────── 0/301 done · T",
        *(f"▸ T  job {n}" for n in range(7)),
        "… 294 more",
    ]
    screen.step()
    assert screen.wait() == ["before", "FINE ━━━━━━━━━━━━━━━━━━━━ 301/301 done…"]


def test_failures_stay_in_view(terminal):
    screen = terminal(
        """
        bad = [Job(work, 1, OSError(n), label=f"bad {n}", critical=False) for n in range(9)]
        jobs = [Job(work, 9, label=f"job {n}") for n in range(9)]
        s = PureScheduler(*bad, *jobs, Job(step, label="step"))
        with live(s):
            s.run()
    """,
        40,
        10,
    )
    rows = screen.at_step()
    assert rows == [
        "━━━━━━━━━─────────── 9/19 done · 9 fai…",
        "✗ bad 0  OSError:0",
        "✗ bad 1  OSError:1",
        "✗ bad 2  OSError:2",
        "… 6 more failed",
        "▸ T  job 0",
        "▸ T  job 1",
        "▸ T  job 2",
        "… 7 more",
    ]
    screen.step()
    screen.wait()


def test_wide_characters_fit(terminal):
    screen = terminal(
        """
        wide, combined = Job(step, label="測定" * 30), Job(step, label="e\u0301" * 50)
        s = PureScheduler(wide, combined)
        with live(s):
            s.run()
    """,
        40,
        10,
    )
    rows = screen.at_step()
    assert [row[:7] for row in rows] == ["───────", "▸ T  測定", "▸ T  éé"]
    screen.step()
    screen.step()
    assert screen.wait() == ["FINE ━━━━━━━━━━━━━━━━━━━━ 2/2 done · 5…"]


def test_control_codes_that_a_job_prints_move_nothing(terminal):
    rows = terminal("""
        async def paint():
            print("one")
            print("\\x1b[2J\\x1b[H\\x1b[5Atwo\\rthree\\x07")
            print("\\x1b[31mred\\x1b[0m")
            await frame()
        s = PureScheduler(Job(paint, label="paint"))
        print("before")
        with live(s):
            s.run()
    """).wait()
    assert rows == [
        "before",
        "one",
        "three",
        "red",
        "FINE ━━━━━━━━━━━━━━━━━━━━ 1/1 done · T",
    ]


def test_prints_of_other_threads_come_above(terminal):
    rows = terminal("""
        def talk(n):
            for line in range(20):
                print(f"thread {n} line {line}")
        s = PureScheduler(*(CallJob(talk, n) for n in range(4)), Job(frame))
        with live(s):
            s.run()
    """).wait()
    printed = [f"thread {n} line {line}" for n in range(4) for line in range(20)]
    assert sorted(row for row in rows if "thread" in row) == sorted(printed)
    assert rows[80].startswith("FINE ━━━━━━━━━━━━━━━━━━━━ 5/5 done")
    assert len(rows) == 81


def test_a_flood_of_prints_is_written_in_few_frames(terminal):
    screen = terminal("""
        async def talk():
            for n in range(5000):
                print(f"line {n}")
                await asyncio.sleep(0)
        s = PureScheduler(Job(talk, label="talk"))
        with live(s):
            s.run()
    """)
    rows = screen.wait()
    assert rows[:5000] == [f"line {n}" for n in range(5000)]
    assert screen.raw.count(b" done") < 500


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, -2), (signal.SIGTERM, 143)])
def test_a_signal_leaves_the_terminal_as_it_was(terminal, number, status):
    screen = terminal("""
        s = PureScheduler(Job(step, label="step"), Job(work, 3600, label="long"))
        with live(s):
            s.run(stop_on=signal.SIGTERM)
    """)
    before = termios.tcgetattr(screen.master)
    screen.at_step()
    os.kill(screen.child.pid, number)
    screen.step()
    rows = screen.wait()
    assert termios.tcgetattr(screen.master) == before
    assert screen.child.returncode == status
    assert rows[0].startswith("CANCELLED ")
    assert not any("▸" in row for row in rows)
    assert pyte.modes.DECTCEM in screen.screen.mode  # the cursor can be seen
    assert b"\x1b[?" not in screen.raw  # and no mode was ever changed


def test_a_display_that_fails_does_not_change_the_run(terminal):
    rows = terminal("""
        logging.basicConfig(format="LOG %(message)s")
        from asynciojobs_graph._live import terminal
        def fail(*args):
            raise RuntimeError("broken")
        terminal.rows = fail
        print("before")
        async def talk():
            print("no line end", end=", ")
            await frame()
        s = PureScheduler(Job(talk), Job(frame))
        with live(s):
            print(s.run())
        print("after")
    """).wait()
    assert rows[0] == "before"
    assert rows[1] == "no line end, LOG the live view failed; the run goes on without it"
    assert rows[-3:] == ["RuntimeError: broken", "True", "after"]


@pytest.mark.parametrize("width", [45, 100])
def test_a_terminal_that_changes_its_size(terminal, width):
    screen = terminal(
        """
        async def twice():
            await step()
            await step()
        s = PureScheduler(Job(twice, label="twice"), Job(work, 20, label="short"))
        print("before")
        with live(s):
            s.run()
    """,
        60,
        12,
    )
    screen.at_step()
    screen.resize(width, 12)
    screen.step()
    rows = screen.at_step()
    total = "──────────────────── 0/2 done · T"
    assert rows == ["before", total, "▸ T  twice", "▸ T  short"]
    screen.step()
    assert len(screen.wait()) == 2


def test_modes(terminal):
    rows = terminal("""
        s = PureScheduler(Job(work, label="job"))
        for mode in ("lines", "off"):
            with live(s, mode=mode):
                s.run()
        os.environ["CI"] = "true"
        with live(s):
            s.run()
        del os.environ["CI"]
        os.environ["TERM"] = "dumb"
        with live(s):
            s.run()
    """).wait()
    assert len(rows) == 9
    assert sum(row.endswith("done      job (< 1 ms)") for row in rows) == 3


def test_no_colours(terminal):
    program = """
        s = PureScheduler(Job(work, label="job"))
        s.run(live=True)
    """
    coloured, plain = terminal(program), terminal(program, NO_COLOR="1")
    assert coloured.wait() == plain.wait() == ["FINE ━━━━━━━━━━━━━━━━━━━━ 1/1 done · T"]
    assert b"\x1b[1;32mFINE" in coloured.raw
    assert b"32m" not in plain.raw


def test_a_terminal_view_without_rich_names_the_command_that_installs_it(terminal):
    rows = terminal(
        """
        sys.modules["rich"] = sys.modules["rich.console"] = None
        s = PureScheduler(Job(work, label="job"))
        with live(s):  # auto: lines
            s.run()
        try:
            with live(s, mode="terminal"):
                s.run()
        except ImportError as error:
            print(error)
    """,
        width=120,
    ).wait()
    assert rows[2] == "FINE · 1/1 done · T"
    assert re.fullmatch(
        r'the live view in a terminal needs rich: pip install "asynciojobs\[live\]==[\d.]+"',
        rows[3],
    )
