"""`run`: its options, its exit statuses, what it says, and what ends it."""

from __future__ import annotations

import gc
import re
import signal
import sys

import pytest

import asynciojobs._bridge as bridge
from asynciojobs._cli.run import signals_to_hear

posix = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows can't send these signals to a process"
)

JOBS = """
    import asyncio, sys
    from asynciojobs import AbstractJob, Job, PureScheduler, Scheduler
    class Work(AbstractJob):
        def __init__(self, label, seconds=1, **options):
            super().__init__(label=label, **options)
            self.seconds = seconds
        async def co_run(self):
            print("begin", self.label, flush=True)
            await asyncio.sleep(self.seconds)
            print("end", self.label, flush=True)
        async def co_shutdown(self):
            print("shutdown", self.label, flush=True)
    class Bad(Work):
        async def co_run(self):
            raise OSError("no disk")
"""


@pytest.fixture(autouse=True)
def no_live(monkeypatch):
    """Hide the package of the live view; `test_views` covers that."""
    monkeypatch.setattr(bridge, "GRAPH_PACKAGE", "asynciojobs_no_graph")


@pytest.fixture
def scenario(folder):
    """Write a script that makes a scheduler named `it`."""

    def scenario(text):
        folder.write("it.py", f"{JOBS}\n    {text}\n")
        return "it.py:it"

    return scenario


def without_times(text):
    return re.sub(r"^\d\d:\d\d:\d\d\.\d{3}", "TIME", text, flags=re.MULTILINE)


# -- how it ends


def test_a_run_that_is_fine(folder, scenario, fake_time):
    target = scenario("it = PureScheduler(Work('a'), Scheduler(Work('b'), label='s'))")
    ended = folder.call("run", target)
    assert (ended.status, ended.out.split("\n")) == (
        0,
        [
            *("begin a", "begin b", "end a", "end b", "shutdown b", "shutdown a"),
            "",
        ],
    )
    assert without_times(ended.err).splitlines() == [
        "TIME   started <Work `a`>",
        "TIME   started <Scheduler `s`>",
        "TIME   started <Work `s > b`>",
        "TIME      done <Work `a`>",
        "TIME      done <Work `s > b`>",
        "TIME      done <Scheduler `s`>",
        "<PureScheduler of 2 jobs> 2D + 0R + 0I = 2, FINE after 1.0 s",
    ]


@pytest.mark.parametrize("kind", ["PureScheduler", "Scheduler"])
def test_a_critical_failure(folder, scenario, fake_time, kind):
    target = scenario(f"it = {kind}(Bad('bad'), Work('w'))")
    ended = folder.call("run", target)
    assert (ended.status, ended.out) == (1, "shutdown bad\nshutdown w\n")
    note = "raised by <Bad `bad`>\n" if kind == "Scheduler" else ""
    assert ended.err.endswith(
        "===== <Bad `bad`> !! CRIT. EXC. => OSError:no disk!!\n"
        "Traceback (most recent call last):\n"
        f'  File "{folder.path / "it.py"}", line 16, in co_run\n'
        '    raise OSError("no disk")\n'
        f"OSError: no disk\n{note}"
    )
    assert "CRITICAL FAILURE: <Bad `bad`> raised OSError:no disk\n" in ended.err


@pytest.mark.parametrize("kind", ["PureScheduler", "Scheduler"])
def test_a_timeout(folder, scenario, fake_time, kind):
    ended = folder.call("run", scenario(f"it = {kind}(Work('a'))"), "--timeout", "0.5")
    assert (ended.status, ended.out) == (3, "begin a\nshutdown a\n")
    assert ": TIMED OUT after 0.5s; running: <Work `a`>\n" in ended.err


@pytest.mark.parametrize(
    ("graph", "error"),
    [
        (
            "it = PureScheduler(Work('a', required=Work('b')))",
            "^<Work `a`> requires <Work `b`>",
        ),
        (
            (
                "it = PureScheduler(Work('a')); it.jobs.pop().required.add(1); "
                "it = PureScheduler(Scheduler(Job(3 if 0 else asyncio.sleep(9)), label='s')); "
                "list(it.jobs)[0].required.add(1)"
            ),
            "^<Scheduler `s`> requires 1, which is not a job",
        ),
    ],
)
def test_a_graph_that_can_not_run(folder, told, scenario, graph, error):
    assert re.match(error, told("run", scenario(graph), status=4))


def test_a_job_that_raises_an_error_of_ours_has_failed_like_any_other(
    folder, scenario, fake_time
):
    target = scenario(
        """
    from asynciojobs import CycleError
    async def look():
        raise CycleError(())
    it = Scheduler(Job(look, label="look"))"""
    )
    assert folder.call("run", target, "--quiet").status == 1


def test_a_scheduler_that_is_nested_in_itself_can_not_run(told, scenario):
    target = scenario("it = Scheduler(label='s'); it.jobs.add(it)")
    assert told("run", target, status=4) == "<Scheduler `s`> is nested in itself"


def test_jobs_that_join_into_a_cycle(folder, scenario, fake_time):
    ended = folder.call(
        "run",
        scenario(
            """
    class Joins(Work):
        async def co_run(self):
            a, b = Work("a", required=self), Work("b")
            it.update([a.requires(b), b.requires(a)])
    it = PureScheduler(Joins("joins"))"""
        ),
    )
    assert (ended.status, ended.out) == (4, "shutdown joins\nshutdown a\nshutdown b\n")
    assert ended.err.splitlines()[-1].startswith("asynciojobs: the requirements have a cycle")


def test_a_co_run_of_the_user_that_raises(folder, scenario, fake_time):
    ended = folder.call(
        "run",
        scenario(
            """
    class Mine(PureScheduler):
        async def co_run(self):
            await super().co_run()
            raise ValueError("not good enough")
    it = Mine(Work("a"))"""
        ),
        "--quiet",
    )
    assert (ended.status, ended.out) == (1, "begin a\nend a\nshutdown a\n")
    assert ended.err.startswith("Traceback")
    assert ended.err.endswith("ValueError: not good enough\n")


def test_a_co_run_that_is_not_content(folder, scenario, fake_time):
    target = scenario(
        """
    class Mine(PureScheduler):
        async def co_run(self):
            return False
    it = Mine()"""
    )
    assert folder.call("run", target, "--quiet").status == 1


def test_a_job_that_ends_the_program(folder, scenario, fake_time):
    target = scenario(
        """
    async def leave():
        sys.exit(7)
    it = PureScheduler(Job(leave), Work("a"))"""
    )
    with pytest.raises(SystemExit, match="^7$"):
        folder.call("run", target)


def test_a_shutdown_that_fails_is_shown(folder, scenario, fake_time):
    target = scenario(
        """
    class Untidy(Work):
        async def co_shutdown(self):
            raise OSError("still there")
    it = PureScheduler(Untidy("a"))"""
    )
    ended = folder.call("run", target)
    assert ended.status == 0
    assert "===== co_shutdown() of <Untidy `a`> failed\n" in ended.err


# -- what it says


def test_quiet_says_nothing_if_all_is_fine(folder, fake_time):
    assert folder.call("run", "lab.py", "--quiet") == (0, "boot\nmeasure\nin\n", "")


def test_a_run_that_is_stopped_is_fine(folder, scenario, fake_time):
    target = scenario(
        """
    async def stop():
        it.stop("enough")
        await asyncio.sleep(9)
    it = PureScheduler(Job(stop))"""
    )
    ended = folder.call("run", target)
    assert ended.status == 0
    assert ended.err.endswith("STOPPED after < 1 ms\n")


def test_quiet_says_in_a_line_why_a_run_failed(folder, scenario, fake_time):
    ended = folder.call("run", scenario("it = PureScheduler(Bad('bad'))"), "--quiet")
    assert ended.err == "asynciojobs: CRITICAL FAILURE: <Bad `bad`> raised OSError:no disk\n"


# -- options of the scheduler


def test_a_window(folder, scenario, fake_time):
    target = scenario("it = PureScheduler(*map(Work, 'abc'))")
    ended = folder.call("run", target, "--jobs-window", "1", "--quiet")
    assert ended.out.splitlines()[:4] == ["begin a", "end a", "begin b", "end b"]


def test_keep_going(folder, scenario, fake_time):
    target = scenario(
        "bad = Bad('bad'); it = PureScheduler(bad, Work('a'), Work('b', required=bad))"
    )
    ended = folder.call("run", target, "--keep-going", "--quiet")
    assert (ended.status, "end a" in ended.out, "begin b" in ended.out) == (1, True, False)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (
            ["--timeout", "soon"],
            "--timeout: must be a number of seconds, such as 60, not 'soon'",
        ),
        (["--timeout", "-1"], "--timeout: must be a number of seconds, such as 60, not '-1'"),
        (["--timeout", "nan"], "--timeout: must be a number of seconds, such as 60, not 'nan'"),
        (
            ["--jobs-window", "1.5"],
            "--jobs-window: must be a number of jobs, such as 4, not '1.5'",
        ),
    ],
)
def test_a_number_that_will_not_do_is_refused(told, words, error):
    assert told("run", "lab.py", *words) == f"argument {error}: see asynciojobs run --help"


def test_an_endless_time_is_a_timeout_too(folder, fake_time):
    assert folder.call("run", "lab.py", "--timeout", "inf", "--quiet").status == 0


# -- a part of it


@pytest.mark.parametrize(
    ("words", "out"),
    [
        (["--only", "measure"], "measure"),
        (["--only", "2"], "measure"),
        (["--only", "inner", "1"], "boot in"),
        (["--only", "boot", "--only", "inner"], "boot in"),
        (["--from", "measure"], "measure in"),
        (["--to", "measure"], "boot measure"),
        (["--from", "02", "--to", "measure"], "measure"),
    ],
)
def test_a_part_can_be_run(folder, fake_time, words, out):
    ended = folder.call("run", "lab.py", "--quiet", *words)
    assert (ended.status, sorted(ended.out.split())) == (0, sorted(out.split()))


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (
            ["--only", "mesure"],
            (
                "--only 'mesure' is neither the label nor the id of a job of this "
                "scheduler; did "
                "you mean 'measure'?"
            ),
        ),
        (
            ["--from", "9"],
            (
                "--from '9' is neither the label nor the id of a job of this "
                "scheduler: there are "
                "'boot', 'measure', 'inner'"
            ),
        ),
        (
            ["--to", "in"],
            (
                "--to 'in' is <Job `inner > in`>, inside a nested scheduler, which "
                "runs as a "
                "whole: name that one, 'inner' or 3"
            ),
        ),
        (
            ["--only", "inner > in"],
            (
                "--only 'inner > in' is <Job `inner > in`>, inside a nested scheduler, "
                "which runs as a whole: name that one, 'inner' or 3"
            ),
        ),
        (
            ["--only", "1", "--to", "2"],
            "--only goes neither with --from nor with --to: leave one out",
        ),
        (
            ["--from", "measure", "--to", "boot"],
            "no job lies between --from and --to: `asynciojobs list` shows them",
        ),
    ],
)
def test_a_part_that_is_not_clear_is_refused(told, words, error):
    assert told("run", "lab.py", *words) == error


def test_a_label_of_several_jobs_is_refused(folder, told, scenario):
    target = scenario("it = PureScheduler(*map(Work, 'abbcdefghij'))")
    assert told("run", target, "--only", "b") == (
        "--only 'b' is the label of 2 jobs: name one by its id, 02, 03"
    )


def test_a_part_of_a_graph_with_a_cycle_is_refused(told, scenario):
    target = scenario(
        "a, b = map(Work, 'ab'); it = PureScheduler(a.requires(b), b.requires(a))"
    )
    assert told("run", target, "--only", "a", status=4).startswith(
        "the requirements have a cycle"
    )


# -- signals


def test_all_happens_in_one_event_loop(folder, scenario, fake_time):
    target = scenario(
        """
    seen = set()
    class Here(AbstractJob):
        async def co_run(self):
            seen.add(id(asyncio.get_running_loop()))
        async def co_shutdown(self):
            await self.co_run()
            print(len(seen))
    async def it():
        seen.add(id(asyncio.get_running_loop()))
        return PureScheduler(Here())"""
    )
    assert folder.call("run", target, "--quiet").out == "1\n"


NAP = "it = PureScheduler(Work('nap', 100), jobs_window=1)"


@posix
@pytest.mark.parametrize(
    ("name", "status"), [("SIGTERM", 143), ("SIGHUP", 129), ("SIGINT", 130)]
)
def test_a_signal_ends_the_run_and_the_jobs_are_shut_down(folder, scenario, name, status):
    program = folder.start("run", scenario(NAP))
    with program:
        assert program.stdout.readline() == "begin nap\n"
        program.send_signal(getattr(signal, name))
        out, err = program.communicate(timeout=100)
    assert (program.returncode, out) == (status, "shutdown nap\n")
    assert "===== <PureScheduler of 1 job>: CANCELLED\n" in err
    assert "Traceback" not in err


@posix
def test_a_signal_that_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as under nohup
    try:
        assert signals_to_hear() == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGHUP, before)
    assert signals_to_hear() == [signal.SIGTERM, signal.SIGHUP]


def test_the_third_signal_gives_up(folder, scenario, fake_time):
    target = scenario(
        """
    import signal
    class Deaf(Work):
        async def co_run(self):
            for number in range(9):
                loop = asyncio.get_running_loop()
                loop.call_later(0.5, signal.raise_signal, signal.SIGTERM)
                try:
                    await asyncio.sleep(1)
                except asyncio.CancelledError:
                    print("deaf", number)
    it = PureScheduler(Deaf("deaf"))"""
    )
    with pytest.raises(SystemExit, match="^143$"):
        folder.call("run", target)
    gc.collect()


def test_a_signal_while_the_scheduler_is_made_ends_the_command(folder, scenario, fake_time):
    target = scenario(
        """
    import signal
    async def it():
        signal.raise_signal(signal.SIGTERM)
        await asyncio.sleep(100)"""
    )
    with pytest.raises(SystemExit, match="^143$"):
        folder.call("run", target)
