"""Functions that are called in other processes; the module needs only Python.

The caller and the called function communicate through files in a folder.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

PATIENCE = 30.0
"""How long a call waits for anything before it fails (seconds)."""


def wait_for(path: Path) -> None:
    """Wait until a file exists.

    Raises:
        TimeoutError: it does not appear in time.
    """
    end = time.monotonic() + PATIENCE
    while not path.exists():
        if time.monotonic() > end:
            raise TimeoutError(f"{path} has not come")
        time.sleep(0.002)


def hold(folder: Path, name: str) -> str:
    """Write that the call has begun, wait for the file "go", and write that it has ended."""
    (folder / f"{name} begun").write_text(str(os.getpid()))
    wait_for(folder / "go")
    (folder / f"{name} ended").touch()
    return name


def hold_once(folder: Path) -> str:
    """Wait until the process is killed; if called again, return at once."""
    begun = folder / "begun"
    if begun.exists():
        return "called again"
    (folder / "pid").write_text(str(os.getpid()))
    (folder / "pid").rename(begun)  # so that a file that exists is complete
    wait_for(folder / "never")
    return "was not killed"


def beside(folder: Path, name: int) -> int:
    """Return how many calls run at once, including this one."""
    (folder / str(name)).touch()
    count = len(list(folder.iterdir()))
    time.sleep(0.002)
    count = max(count, len(list(folder.iterdir())))
    (folder / str(name)).unlink()
    return count


def meet(folder: Path, name: int) -> bool:
    """Wait until a second call runs."""
    (folder / str(name)).touch()
    wait_for(folder / str(1 - name))
    return True


def add(a: int, b: int = 0) -> int:
    """Return a sum."""
    return a + b


def fail(message: str) -> None:
    """Raise a ValueError, one call deeper."""
    raise_from_the_depth(message)


def raise_from_the_depth(message: str) -> None:
    """Raise a ValueError."""
    raise ValueError(message)


def stop_iteration() -> None:
    """Raise a StopIteration, which futures of asyncio refuse."""
    raise StopIteration


def give_lock() -> object:
    """Return a lock, which can't be pickled."""
    return threading.Lock()


def payload(size: int) -> bytes:
    """Return many bytes."""
    return b"x" * size


class TwoWords(Exception):
    """Can be pickled, but not unpickled: that would call it with one argument."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


class Unreadable:
    """Can be pickled, but not unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return refuse, ()


def refuse() -> None:
    """Raise when something is unpickled."""
    raise ValueError("can't be read")


def give_unreadable() -> object:
    """Return something that can't be unpickled."""
    return Unreadable()


def fail_for_two() -> None:
    """Raise an exception that kills a ProcessPoolExecutor of the standard library."""
    raise TwoWords("no", "way")


def fail_at_first(folder: Path) -> str:
    """Raise when called for the first time."""
    if not (folder / "called").exists():
        (folder / "called").touch()
        raise ValueError("at first")
    return "then not"


def called_again(folder: Path) -> tuple[int, int]:
    """Return how often this was called, and in which process."""
    count = 1 + len(list(folder.iterdir()))
    (folder / str(count)).touch()
    return count, os.getpid()


def options(**named: object) -> dict[str, object]:
    """Return the arguments."""
    return named
