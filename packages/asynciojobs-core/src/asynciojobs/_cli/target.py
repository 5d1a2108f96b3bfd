"""The target of a command: which script or module, and what in it."""

from __future__ import annotations

import contextlib
import difflib
import inspect
import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from ..job import Job
from ..purescheduler import PureScheduler
from .status import CommandError

__all__ = ["Target", "close_unstarted", "import_target", "nearest"]


class Target(NamedTuple):
    """What a user names as ``script.py``, ``script.py:name`` or ``package.module:name``."""

    source: str
    """The path of a script, or the name of a module."""
    name: str | None
    """A name in it, perhaps with dots; ``None`` means: the only scheduler there."""

    def __str__(self) -> str:
        return self.source if self.name is None else f"{self.source}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> Target:
        """Return the target that a text names.

        Example:
            >>> Target.parse("lab.py:night")
            Target(source='lab.py', name='night')
            >>> Target.parse("C:/lab.py")
            Target(source='C:/lab.py', name=None)
        """
        source, _, name = text.rpartition(":")
        if source and is_dotted_name(name):
            return cls(source, name)
        return cls(text, None)

    def is_script(self) -> bool:
        """Return whether it is a file, not a module."""
        is_path = self.source.endswith(".py") or Path(self.source).name != self.source
        return is_path or Path(self.source).is_file()


def is_dotted_name(text: str) -> bool:
    """Return whether a text is a name, or several names separated by dots."""
    return all(part.isidentifier() for part in text.split("."))


def nearest(wanted: str, known: Iterable[str]) -> str:
    """Return the part of a sentence that suggests a name; empty if none is similar.

    Example:
        >>> nearest("mesure", ["measure", "boot"])
        "; did you mean 'measure'?"
    """
    found = difflib.get_close_matches(wanted, [*known], n=1)
    return f"; did you mean {found[0]!r}?" if found else ""


def import_target(target: Target, arguments: Sequence[str]) -> ModuleType:
    """Import the script or module of a target as Python would run it, but not as a program.

    ``__name__`` is not ``"__main__"``, so code under ``if __name__ == "__main__"`` is not
    run. `sys.argv` and `sys.path` are as in ``python script.py`` or ``python -m module``.

    Args:
        target: the target.
        arguments: the rest of ``sys.argv``.

    Raises:
        CommandError: there is no such script or module.
        BaseException: what it raised.
    """
    if target.is_script():
        return _import_script(Path(target.source), arguments)
    return _import_module(target.source, arguments)


def _import_script(path: Path, arguments: Sequence[str]) -> ModuleType:
    source = _source_of(path)
    file = str(path.absolute())
    _prepend(str(path.resolve().parent))
    sys.argv = [str(path), *arguments]
    name = _free_name(path.stem)
    spec = spec_from_loader(name, SourceFileLoader(name, file))
    assert spec is not None
    module = sys.modules[name] = module_from_spec(spec)
    # Other processes can import it by its name too, since they get the same sys.path.
    exec(compile(source, file, "exec", dont_inherit=True), vars(module))
    return module


def close_unstarted(things: Iterable[object]) -> None:
    """Close the coroutines among these, and those of jobs, that never started."""
    for thing in things:
        if isinstance(thing, PureScheduler):
            with contextlib.suppress(ValueError):  # it is nested in itself
                thing.close_all_jobs()
        elif isinstance(thing, Job) or inspect.iscoroutine(thing):
            thing.close()


def _source_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        beside = [each.name for each in path.parent.glob("*.py")]
        hint = nearest(path.name, beside) or ": give its path from here, or a module's name"
        raise CommandError(f"there is no file {str(path)!r}{hint}") from None
    except IsADirectoryError:
        raise CommandError(
            f"{str(path)!r} is a folder: name a script in it, or a module, as in "
            f"{'.'.join(path.parts)}"
        ) from None
    except OSError as error:
        raise CommandError(
            f"{str(path)!r} can't be read ({error.strerror}): name another file"
        ) from None


def _free_name(stem: str) -> str:
    """Return the name for the module of a script, which must not hide one that is in use."""
    name = stem.replace(".", "_")  # other processes would take a dot for a package
    while name in sys.modules:
        name += "_"
    return name


def _import_module(name: str, arguments: Sequence[str]) -> ModuleType:
    _prepend(os.getcwd())  # noqa: PTH109 - sys.path has texts
    if not is_dotted_name(name):
        raise CommandError(
            f"{name!r} is neither a file nor the name of a module: write script.py:name or "
            "package.module:name"
        )
    sys.argv = [name, *arguments]
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        raise CommandError(_no_module(name, error.name)) from None
    sys.argv[0] = getattr(module, "__file__", None) or name
    return module


def _no_module(name: str, missing: str) -> str:
    """Return what is missing: the module itself, or a package around it."""
    around, _, last = name.rpartition(".")
    if missing == name and around in sys.modules and hasattr(sys.modules[around], last):
        close_unstarted(vars(sys.modules[around]).values())
        return f"{name!r} is not a module, but a name in one: write {around}:{last}"
    hint = nearest(missing, (path.stem for path in Path().glob("*.py")))
    return (
        f"there is no module {missing!r} here, nor on sys.path"
        f"{hint or ': is it installed in this environment, and are you in the right folder?'}"
    )


def _prepend(folder: str) -> None:
    if not sys.flags.safe_path:
        sys.path.insert(0, folder)
