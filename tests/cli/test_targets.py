"""What a target may be, and what is reported if it can't be loaded."""

from __future__ import annotations

import re
import sys

import pytest

NEEDS = """
    from asynciojobs import PrintJob, PureScheduler, Scheduler
"""


def without_carets(text):
    """Return a traceback as Python 3.11 shows it: later versions mark more lines."""
    return re.sub(r"^ *[~^]+\n", "", text, flags=re.MULTILINE)


def checked(folder, target, *words):
    """Check a target; return its name and how many jobs it has."""
    ended = folder.call("check", target, *words)
    assert (ended.status, ended.err) == (0, "")
    return ended.out


# -- where it is


def test_a_script_is_named_by_its_path(folder):
    assert checked(folder, "lab.py") == "fine: <Scheduler `lab`> can run, with 3 jobs in all\n"


@pytest.mark.parametrize("target", ["lab", "lab:scheduler", "lab.py:scheduler", "./lab.py"])
def test_a_script_may_be_named_as_a_module_too(folder, target):
    assert "<Scheduler `lab`>" in checked(folder, target)


def test_a_file_needs_no_extension(folder):
    folder.write("tools/lab", NEEDS + "    scheduler = PureScheduler()")
    folder.write("scenario", NEEDS + "    scheduler = PureScheduler()")
    assert "of 0 jobs" in checked(folder, "tools/lab")
    assert "of 0 jobs" in checked(folder, "scenario")


def test_a_module_of_a_package_may_import_from_it(folder):
    folder.write("site/__init__.py", "")
    folder.write("site2/__init__.py", "")
    folder.write("site2/names.py", "NAME = 'night'")
    folder.write(
        "site2/steps.py",
        NEEDS + "    from .names import NAME\n    it = Scheduler(PrintJob(1), label=NAME)",
    )
    assert "<Scheduler `night`>" in checked(folder, "site2.steps")
    assert "<Scheduler `night`>" in checked(folder, "site2.steps:it")


def test_a_script_finds_its_neighbours_from_any_folder(folder):
    folder.write("there/neighbour.py", "NAME = 'next door'")
    folder.write(
        "there/main.py",
        NEEDS + "    from neighbour import NAME\n    it = Scheduler(label=NAME)",
    )
    assert "<Scheduler `next door`>" in checked(folder, "there/main.py")


def test_python_can_be_kept_from_adding_folders_to_its_path(folder):
    folder.write("path.py", NEEDS + "    import sys; it = Scheduler(label=sys.path[0])")
    assert f"`{folder.path}`" in checked(folder, "path.py")
    safe = folder.spawn("check", "path.py", PYTHONSAFEPATH="1")
    assert (safe.status, safe.err) == (0, "")
    assert f"`{folder.path}`" not in safe.out


def test_the_folder_of_the_command_itself_is_not_on_the_path(folder):
    folder.write("there/path.py", NEEDS + "    import sys; it = Scheduler(label=sys.path[:2])")
    ended = folder.spawn("check", "there/path.py")
    assert ended.out.startswith(f"fine: <Scheduler `['{folder.path / 'there'}', '")
    assert f"'{folder.path}'" not in ended.out


def test_sys_argv_is_that_of_the_script(folder):
    folder.write("args.py", NEEDS + "    import sys\n    it = Scheduler(label=sys.argv)")
    assert "`['args.py', '--hosts', '3', '--']`" in checked(
        folder, "args.py", "--", "--hosts", "3", "--"
    )
    folder.write("module.py", NEEDS + "    import sys\n    it = Scheduler(label=sys.argv)")
    assert f"`['{folder.path / 'module.py'}', '1']`" in checked(folder, "module", "--", "1")


def test_the_script_is_not_the_main_program(folder):
    folder.write("name.py", NEEDS + "    it = Scheduler(label=[__name__, __file__])")
    assert f"`['name', '{folder.path / 'name.py'}']`" in checked(folder, "name.py")


def test_the_module_of_a_script_can_be_imported_and_hides_no_other(folder):
    folder.write("queue.py", NEEDS + "    it = Scheduler(label=__name__)")
    folder.write("v1.2.py", NEEDS + "    it = Scheduler(label=__name__)")
    queue = sys.modules["queue"]
    assert "`queue_`" in checked(folder, "queue.py")
    assert "`v1_2`" in checked(folder, "v1.2.py")
    assert sys.modules["queue"] is queue


def test_functions_of_a_script_can_be_pickled(folder):
    folder.write(
        "pickled.py",
        NEEDS
        + """
    import pickle
    def function(): pass
    def build(): return Scheduler(label=pickle.loads(pickle.dumps(function)) is function)
    """,
    )
    assert "`True`" in checked(folder, "pickled.py:build")


# -- what kind of object it is


FACTORIES = (
    NEEDS
    + """
    import asyncio
    def build(n=2): return PureScheduler(*map(PrintJob, range(n)))
    async def build_async(*names, **options):
        await asyncio.sleep(0)
        return build(5)
    class Mine(PureScheduler):
        pass
    class Space:
        inner = Scheduler(label="inner")
    def _hidden(): pass
    def main() -> int: return 0
    def needs(host, port=1, *, user): pass
    def builds_a_pair(): return build(), 3
    async def builds_nothing(): pass
    def typed() -> "PureScheduler": return build()
    seven = 7
    def runs_it(): return build().run()
    c_code = iter([build()]).__next__
    c_class = dict
"""
)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("build", "<PureScheduler of 2 jobs>"),
        ("build_async", "<PureScheduler of 5 jobs>"),
        ("Mine", "<Mine of 0 jobs>"),
        ("Space.inner", "<Scheduler `inner`>"),
        ("c_code", "<PureScheduler of 2 jobs>"),
    ],
)
def test_a_target_is_a_scheduler_or_returns_one(folder, name, shown):
    folder.write("many.py", FACTORIES)
    assert shown in checked(folder, f"many.py:{name}")


def test_the_name_may_be_left_out_if_there_is_only_one_that_is_not_nested(folder):
    folder.write("one.py", NEEDS + "    a = Scheduler(label='a'); b = c = PureScheduler(a)")
    assert "<PureScheduler of 1 job>" in checked(folder, "one.py")


def test_the_name_scheduler_may_be_left_out(folder):
    folder.write("two.py", NEEDS + "    a = PureScheduler(); scheduler = Scheduler(label='s')")
    assert "<Scheduler `s`>" in checked(folder, "two.py")


@pytest.mark.parametrize(
    ("name", "error"),
    [
        (
            ":needs",
            (
                "many.py:needs needs 'host', 'user', and is called without arguments: give its "
                "parameters defaults, or name a function without parameters"
            ),
        ),
        (
            ":builds_a_pair",
            (
                "many.py:builds_a_pair returned a tuple, not a scheduler: let it "
                "return the "
                "scheduler itself"
            ),
        ),
        (
            ":builds_nothing",
            (
                "many.py:builds_nothing returned None, not a scheduler: let it return the "
                "scheduler itself"
            ),
        ),
        (
            ":seven",
            (
                "many.py:seven is a int, neither a scheduler nor a function that "
                "returns one: "
                "name one of these"
            ),
        ),
        (
            ":c_class",
            (
                "many.py:c_class returned a dict, not a scheduler: let it return the "
                "scheduler itself"
            ),
        ),
        (":bild", "many.py has no 'bild'; did you mean 'build'?"),
        (
            ":xxxxx",
            (
                "many.py has no 'xxxxx': name one of 'build', 'build_async', 'builds_a_pair', "
                "'builds_nothing', 'typed', 'runs_it', as in many.py:build"
            ),
        ),
        (
            "",
            (
                "many.py has no scheduler at its top level: name one of 'build', "
                "'build_async', 'builds_a_pair', 'builds_nothing', 'typed', 'runs_it', as in "
                "many.py:build"
            ),
        ),
    ],
)
def test_a_name_that_will_not_do_is_refused(folder, told, name, error):
    folder.write("many.py", FACTORIES)
    assert told("check", f"many.py{name}") == error


def test_among_schedulers_only_functions_that_say_so_are_named(folder, told):
    """Other functions of a script with schedulers are most often what its jobs run."""
    folder.write(
        "night.py",
        NEEDS
        + """
    from asynciojobs import Job
    async def boot(): pass
    def build() -> PureScheduler: pass
    a, b = PureScheduler(Job(boot)), PureScheduler()
    """,
    )
    assert told("list", "night.py") == (
        "night.py has 2 schedulers at its top level: name one of 'a', 'b', 'build', as in "
        "night.py:a"
    )


def test_of_several_schedulers_one_must_be_named(folder, told):
    folder.write("two.py", NEEDS + "    a = PureScheduler(); b = PureScheduler()")
    assert told("list", "two.py") == (
        "two.py has 2 schedulers at its top level: name one of 'a', 'b', as in two.py:a"
    )


def test_a_single_function_is_named_in_the_advice(folder, told):
    folder.write("one.py", NEEDS + "    def night(): return PureScheduler()")
    assert told("list", "one.py") == (
        "one.py has no scheduler at its top level: name 'night', as in one.py:night"
    )


def test_a_script_without_any_gets_advice(folder, told):
    folder.write("empty.py", "")
    assert told("list", "empty.py") == (
        "empty.py has no scheduler at its top level: write a function that returns one, and "
        "name it, as in script.py:function"
    )


# -- what does not exist


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("labb.py", "there is no file 'labb.py'; did you mean 'lab.py'?"),
        (
            "far/away.py",
            "there is no file 'far/away.py': give its path from here, or a module's name",
        ),
        ("labb", "there is no module 'labb' here, nor on sys.path; did you mean 'lab'?"),
        (
            "xyzzy.steps:it",
            (
                "there is no module 'xyzzy' here, nor on sys.path: is it installed in this "
                "environment, and are you in the right folder?"
            ),
        ),
        (
            "lab.scheduler",
            "'lab.scheduler' is not a module, but a name in one: write lab:scheduler",
        ),
        (
            "lab-1",
            (
                "'lab-1' is neither a file nor the name of a module: write script.py:name or "
                "package.module:name"
            ),
        ),
        (
            "pkg/tools",
            "'pkg/tools' is a folder: name a script in it, or a module, as in pkg.tools",
        ),
    ],
)
def test_a_target_that_is_not_there_is_refused(folder, told, target, error):
    folder.write("pkg/tools/__init__.py", "")
    assert told("check", target) == error


def test_a_file_that_can_not_be_read_is_refused(folder, told):
    (folder.path / "loop.py").symlink_to("loop.py")
    assert told("check", "loop.py") == (
        "'loop.py' can't be read (Too many levels of symbolic links): name another file"
    )


# -- errors while it is loaded


def test_what_a_script_raises_is_shown_without_our_frames(folder):
    folder.write("bad.py", NEEDS + "    from asynciojobs import Job\n    Job(3)")
    ended = folder.call("check", "bad.py")
    assert (ended.status, ended.out) == (2, "")
    assert without_carets(ended.err) == (
        "Traceback (most recent call last):\n"
        f'  File "{folder.path / "bad.py"}", line 4, in <module>\n'
        "    Job(3)\n"
        "TypeError: corun must be a coroutine, or a callable that returns one, not 3: give the "
        "function itself, without calling it\n"
        "asynciojobs: bad.py can't be loaded, since it raised TypeError:corun must be a "
        "coroutine, or a callable that returns one, not 3: give the function itself, without "
        "calling it\n"
    )


def test_a_mistake_of_syntax_is_shown(folder):
    folder.write("bad.py", "x = = 1")
    ended = folder.call("check", "bad.py")
    assert ended.status == 2
    assert f'File "{folder.path / "bad.py"}", line 1\n    x = = 1\n' in ended.err
    assert "SyntaxError: invalid syntax\n" in ended.err


@pytest.mark.parametrize("target", ["bad", "bad.py"])
def test_an_import_that_fails_in_the_target_is_its_own_error(folder, target):
    folder.write("bad.py", "import no_such_thing")
    ended = folder.call("check", target)
    assert ended.err == (
        "Traceback (most recent call last):\n"
        f'  File "{folder.path / "bad.py"}", line 1, in <module>\n'
        "    import no_such_thing\n"
        "ModuleNotFoundError: No module named 'no_such_thing'\n"
        f"asynciojobs: {target} can't be loaded, since it raised ModuleNotFoundError:No module "
        "named 'no_such_thing'\n"
    )


def test_what_a_function_raises_is_shown_too(folder):
    folder.write("bad.py", "async def build():\n    raise OSError('no disk')")
    ended = folder.call("check", "bad.py:build")
    assert ended.status == 2
    assert "asynciojobs" not in ended.err.partition("asynciojobs: ")[0]
    assert ended.err.endswith(
        "asynciojobs: bad.py can't be loaded, since it raised OSError:no disk\n"
    )


def test_a_script_that_ends_the_program_is_refused(folder, told):
    folder.write("exits.py", "import sys; sys.exit(3)")
    assert told("check", "exits.py") == (
        "exits.py called sys.exit(3) while it was loaded: put what ends the program under "
        'if __name__ == "__main__":, and arguments for it after --'
    )


@pytest.mark.parametrize("target", ["half.py", "half"])
def test_jobs_of_a_script_that_raises_leave_no_warning(folder, target):
    folder.write(
        "half.py",
        """
        from asynciojobs import Job
        async def work(): pass
        job, alone = Job(work()), work()
        raise OSError("no disk")
        """,
    )
    assert folder.call("check", target).status == 2


def test_ctrl_c_while_a_script_is_loaded_ends_the_command(folder):
    folder.write("slow.py", "raise KeyboardInterrupt")
    assert folder.call("check", "slow.py") == (130, "", "")


# -- code that runs while it is loaded


def test_a_script_may_have_an_event_loop_of_its_own(folder):
    folder.write(
        "loop.py",
        NEEDS
        + """
    import asyncio
    async def hosts():
        return ["h1", "h2"]
    it = PureScheduler(*map(PrintJob, asyncio.run(hosts())))
    """,
    )
    assert "of 2 jobs" in checked(folder, "loop.py")


@pytest.mark.parametrize(
    "call",
    ["it.run()", "it.run(resume=True)", "asyncio.run(it.co_run())", "asyncio.run(main())"],
)
@pytest.mark.parametrize("command", ["check", "list", "graph", "run"])
def test_a_script_can_not_run_a_scheduler_while_it_is_loaded(folder, told, call, command):
    folder.write(
        "runs.py",
        NEEDS
        + f"""
    import asyncio
    it = PureScheduler(PrintJob("started"))
    async def main():
        await it.co_run()
    {call}
    """,
    )
    line = 7 if "main" in call else 8
    assert told(command, "runs.py") == (
        f"runs.py runs <PureScheduler of 1 job> while it is loaded (runs.py, line {line}), and "
        "a command runs only the scheduler that it is for: put that call in a function, or "
        'under if __name__ == "__main__":'
    )


def test_a_function_can_not_run_it_either(folder, told):
    folder.write("many.py", FACTORIES)
    assert told("run", "many.py:runs_it").startswith("many.py runs <PureScheduler of 2 jobs>")
