"""`CommandJob`: a program as a job. It runs without a shell, and is never left behind."""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import Callable
from functools import partial
from typing import IO, TYPE_CHECKING, Any, AnyStr, Literal, TypeAlias, Unpack, overload

from ._blocks import Block, SharedSetting
from ._calls.taking import TakesResults, with_givers
from ._commands.arguments import (
    Argument,
    Command,
    Variables,
    check_argv,
    check_input,
    check_job_options,
    check_on_line,
    checked_env,
    checked_grace,
    checked_keep,
    checked_path,
    checked_target,
    environment,
    jobs_among,
    shown_line,
    shown_texts,
)
from ._commands.child import start
from ._commands.filling import filled_argv, filled_input, values_of
from ._commands.output import STDERR, STDOUT, Output
from ._commands.process import Process, Start, end_of
from ._commands.result import CommandFailed as CommandFailed  # noqa: PLC0414 - it is public
from ._commands.result import CommandResult as CommandResult  # noqa: PLC0414
from ._commands.result import last_words, result_of
from ._commands.secrets import Hidden, secrets_among
from ._copies import Shared
from ._errors import NotPicklableError
from ._identity import Work, numbered
from .job import AbstractJob

if TYPE_CHECKING:
    from ._options import JobOptions

__all__ = ["CommandJob", "use_commands"]

Path: TypeAlias = "str | bytes | os.PathLike[str] | os.PathLike[bytes]"
OnLine: TypeAlias = Callable[[str, AnyStr], object]


_start = SharedSetting[Start]("asynciojobs start of commands", start)


def use_commands(start: Start) -> Block[None]:
    """Start the commands of jobs in a block with `start`, instead of the system.

    The testkit uses this for its fake commands. While the block is open, it also applies to
    all other threads and tasks, unless they enter a block of their own. So no thread of a test
    can reboot a machine by accident.

    Args:
        start: called in the event loop of the job, with the command and a function to call
            with its output. It returns a process.

    Example:
        >>> def refuse(command, feed):
        ...     raise OSError(f"no commands here, and not {command.argv}")
        >>> with use_commands(refuse):
        ...     CommandJob("reboot").standalone_run()
        Traceback (most recent call last):
        OSError: no commands here, and not ('reboot',)
    """
    return _start.block(start)


class CommandJob(TakesResults[CommandResult[AnyStr]]):
    r"""A job that runs a program, and waits for its end. Its result is a `CommandResult`.

    The program is started directly, without a shell. A job among the arguments, or as `input`,
    becomes a requirement, and is replaced by its result. For a `CommandJob`, that is its stdout
    without the last newline.

    However the job ends, nothing is left of the command. The program leads its own process
    group, without a terminal. If the job is cancelled, the group gets SIGTERM, and SIGKILL if
    it has not ended within `grace` seconds; the run waits for it. If the program ends but
    leaves processes in its group, they are ended in the same way. Windows has no groups: only
    the program itself is ended there, by ``terminate()``.

    Args:
        argv: the program and its arguments: str, bytes, paths, numbers and jobs. Use `hide()`
            for an argument that must not be shown.
        input: what the program reads from its stdin. With ``None``, there is nothing to read.
        cwd: the folder in which the program runs; ``None`` means the current one.
        env: variables to add to the environment; ``None`` as a value removes a variable.
        check: whether a status other than 0 raises `CommandFailed`.
        text: whether the output is str, decoded as UTF-8 with ``U+FFFD`` for invalid bytes.
            Otherwise it is bytes.
        keep: how much of the end of stdout, and of stderr, is kept (bytes).
        on_line: called with ``"stdout"`` or ``"stderr"`` and each line as it comes, without
            its line end, if that stream is kept. Lines longer than 64 KiB come in pieces.
            Exceptions are logged.
        grace: how long the program has to end after SIGTERM (seconds).
        stdout: a path or an open file to write to. Then nothing of stdout is kept.
        stderr: the same for stderr; or `subprocess.STDOUT`, to merge it with stdout.
        job_options: see `AbstractJob`.

    Raises:
        TypeError: an argument is of another type.
        ValueError: there is no program, an argument contains a NUL character, or `grace` or
            `keep` is negative.

    Example:
        >>> from asynciojobs import CommandJob, Scheduler
        >>> user = CommandJob("printf", "root")
        >>> hello = CommandJob("echo", "hello", user)
        >>> Scheduler(user, hello).run(), hello.result().stdout
        (True, 'hello root\n')
        >>> hello.repr_main()
        '<CommandJob `echo hello $(printf root)`>'
    """

    __slots__ = (
        "_argv",
        "_check",
        "_cwd",
        "_env",
        "_grace",
        "_input",
        "_keep",
        "_on_line",
        "_output",
        "_process",
        "_stderr",
        "_stdout",
        "_task_name",
        "_text",
    )

    @overload
    def __init__(
        self: CommandJob[str],
        *argv: Argument | AbstractJob[Any],
        input: str | bytes | Hidden | AbstractJob[Any] | None = None,
        cwd: Path | None = None,
        env: Variables | None = None,
        check: bool = True,
        text: Literal[True] = True,
        keep: int = 1_048_576,
        on_line: OnLine[str] | None = None,
        grace: float = 5.0,
        stdout: Path | IO[Any] | int | None = None,
        stderr: Path | IO[Any] | int | None = None,
        **job_options: Unpack[JobOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: CommandJob[bytes],
        *argv: Argument | AbstractJob[Any],
        input: str | bytes | Hidden | AbstractJob[Any] | None = None,
        cwd: Path | None = None,
        env: Variables | None = None,
        check: bool = True,
        text: Literal[False],
        keep: int = 1_048_576,
        on_line: OnLine[bytes] | None = None,
        grace: float = 5.0,
        stdout: Path | IO[Any] | int | None = None,
        stderr: Path | IO[Any] | int | None = None,
        **job_options: Unpack[JobOptions],
    ) -> None: ...

    def __init__(
        self,
        *argv: Argument | AbstractJob[Any],
        input: str | bytes | Hidden | AbstractJob[Any] | None = None,  # noqa: A002 - as subprocess.run()
        cwd: Path | None = None,
        env: Variables | None = None,
        check: bool = True,
        text: bool = True,
        keep: int = 1_048_576,
        on_line: Callable[[str, Any], object] | None = None,
        grace: float = 5.0,
        stdout: Path | IO[Any] | int | None = None,
        stderr: Path | IO[Any] | int | None = None,
        **job_options: Unpack[JobOptions],
    ) -> None:
        check_job_options(job_options)
        check_argv(argv)
        check_input(input)
        check_on_line(on_line)
        self._argv = argv
        self._input = input
        self._cwd = checked_path("cwd", cwd)
        self._env = checked_env(env)
        self._check = bool(check)
        self._text = bool(text)
        self._keep = checked_keep(keep)
        self._on_line = on_line
        self._grace = checked_grace(grace)
        self._stdout = checked_target(STDOUT, stdout)
        self._stderr = checked_target(STDERR, stderr)
        self._task_name = shown_line(argv)
        self._givers = jobs_among((*argv, input))
        self._output: Output | None = None  # of the last run
        # While it runs. It is weak, so that only a running loop keeps the process alive.
        self._process: weakref.ref[Process] | None = None
        super().__init__(**with_givers(job_options, self._givers))

    @staticmethod
    def hide(text: str | bytes) -> Hidden:
        """Return an argument that labels, logs, errors and reports show as ``***``.

        The program gets the real text. Other users of the machine can still see it in the list
        of processes, so prefer a variable in `env`, the input, or a file. Variables and the
        input can be hidden too, and a job may return a hidden text. If the program prints it,
        reports and errors show ``***``. But stdout and stderr of the result contain it, and so
        does a pickle of the job.

        Args:
            text: a whole argument, the value of a variable, or the input.

        Raises:
            TypeError: it is neither a str nor bytes.

        Example:
            >>> CommandJob("login", CommandJob.hide("secret")).text_label()
            'login ***'
        """
        return Hidden(text)

    @property
    def pid(self) -> int | None:
        """The number of the process while the program runs; otherwise ``None``."""
        process = self._running()
        return None if process is None or process.has_ended() else process.pid

    def _running(self) -> Process | None:
        return None if self._process is None else self._process()

    # -- running

    async def co_run(self) -> CommandResult[AnyStr]:
        """Run the program, and wait for it to end.

        Returns:
            how it ended, and what it printed.

        Raises:
            CommandFailed: its status is not 0, or a signal ended it (a RuntimeError).
            FileNotFoundError: the program or its working folder is missing.
            OSError: the system can't start it.
            RequirementFailed: a job among the arguments raised (a RuntimeError).
            ArgumentNotDoneError: a job among the arguments is not done (a RuntimeError).
        """
        try:
            result = await self._co_start(await self._command())
            if self._check and result.status:
                assert self._output is not None
                printed = last_words(self._output, self._stdout, self._stderr)
                raise CommandFailed(self, result, printed)
            return result
        finally:
            del self  # the job keeps the traceback, which holds this frame

    async def _co_start(self, command: Command) -> CommandResult[AnyStr]:
        time = asyncio.get_running_loop().time
        output = self._output = Output(
            self,
            keep=self._keep,
            on_line=self._on_line,
            text=self._text,
            secrets=command.secrets,
        )
        begun, process = time(), None
        try:
            process = self._started(command)
            self._process = weakref.ref(process)
            try:
                status = await end_of(process)
            except asyncio.CancelledError:
                output.end()
                raise
            seconds = time() - begun
            output.end()
            is_kept = self._stdout is None
            return result_of(command.shown, output, status, seconds, stdout_is_kept=is_kept)
        finally:
            self._process = None
            output.close()
            del self, output, command, process  # the same for this frame

    def _started(self, command: Command) -> Process:
        try:
            return _start.get()(command, self._take)
        except Exception as error:  # noqa: BLE001 - it is re-raised
            raise error.with_traceback(None)  # noqa: B904 - its frames would keep the job
        finally:
            del self, command

    def _take(self, stream: str, data: bytes) -> None:
        """Take output of the program."""
        output, process = self._output, self._running()
        assert output is not None
        output.add(stream, data)
        if output.leaving is not None and process is not None:
            process.stop()

    async def _command(self) -> Command:
        """Return the command, with jobs replaced by their results."""
        self._check_givers()
        values = await values_of(self, self._givers)
        given = (*self._argv, self._input)
        *argv, data = (values[it] if isinstance(it, AbstractJob) else it for it in given)
        return Command(
            self,
            filled_argv(self, self._argv, argv),
            shown_texts(argv),
            filled_input(self, self._input, data),
            self._cwd,
            environment(self._env),
            self._stdout,
            self._stderr,
            self._grace,
            secrets_among((*argv, data, *self._env.values())),
        )

    def _work(self) -> Work:
        arguments = {
            **numbered(self._argv),
            "input": self._input,
            "cwd": self._cwd,
            "text": self._text,
            "stdout": self._stdout,
            "stderr": self._stderr,
        }
        variables = {f"variable `{name}`": value for name, value in self._env.items()}
        return Work(None, {**arguments, **variables})

    # -- copies

    def _begin_copy(self) -> None:
        self._output = self._process = None

    def _prepare_copy(self, fields: dict[str, Any]) -> None:
        for name in ("_output", "_process"):
            fields.pop(name, None)
        for name in (STDOUT, STDERR):
            target = fields.get(f"_{name}")
            if target is not None and not isinstance(target, (str, int)):
                refuse = partial(NotPicklableError, self, f"its {name}, an open file,")
                fields[f"_{name}"] = Shared(target, refuse)

    # -- how it is shown

    def text_label(self) -> str | None:
        """Return the command line as one would type it, shortened, with ``***`` for secrets.

        A job among the arguments is shown as ``$(label)``.
        """
        return shown_line(self._argv)

    def details(self) -> str | None:
        """Return the last ten lines that the program wrote to stdout and to stderr."""
        if self._output is None or not self.is_running():  # it belongs to the last run
            return None
        return "\n".join(self._output.details()) or None
