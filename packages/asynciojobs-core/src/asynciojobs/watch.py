"""`Watch`: prints and computes elapsed time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ._blocks import Block, Setting

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Watch", "use_clocks"]


class Clocks:
    """The clocks that a watch reads.

    Args:
        monotonic: returns seconds since some moment, and never goes back.
        wall: returns the time of day; ``None`` means the machine's clock.
    """

    def __init__(
        self, monotonic: Callable[[], float], wall: Callable[[], datetime] | None
    ) -> None:
        self.monotonic = monotonic
        self.wall = wall


_clocks = Setting("asynciojobs watch clocks", Clocks(time.monotonic, None))


def use_clocks(
    monotonic: Callable[[], float], wall: Callable[[], datetime] | None = None
) -> Block[None]:
    """Make watches that are made or reset in a block read other clocks.

    A fake clock uses this, so that all watches of a test follow it. Other threads are not
    affected, not even those that the block starts.

    Args:
        monotonic: returns seconds.
        wall: returns the time of day; ``None`` means the machine's clock.

    Example:
        >>> with use_clocks(lambda: 5.0):
        ...     Watch("hello there")
        000.000  hello there
        <Watch 000.000>
    """
    return _clocks.block(Clocks(monotonic, wall))


class Watch:
    """Remembers a starting point, and measures the time since then.

    It reads a monotonic clock, so a change of the machine's time does not matter.

    Args:
        message: printed when the watch is made.
        show_elapsed: whether to print the elapsed time, which is 0, when the watch is made.
        show_wall_clock: whether to print the time of day when the watch is made.

    Example:
        >>> watch = Watch("hello there")
        000.000  hello there
    """

    def __init__(
        self,
        message: str | None = None,
        *,
        show_elapsed: bool = True,
        show_wall_clock: bool = False,
    ) -> None:
        self.reset()
        if show_wall_clock:
            self.print_wall_clock()
        if show_elapsed:
            self.print_elapsed()
        if message is not None or show_wall_clock or show_elapsed:
            print("" if message is None else message)

    def __repr__(self) -> str:
        return f"<Watch {self.elapsed()}>"

    def reset(self) -> None:
        """Make the present moment the starting point.

        Example:
            >>> with use_clocks(iter([0.0, 60.0, 61.5]).__next__):
            ...     watch = Watch(show_elapsed=False)
            ...     watch.reset()
            ...     watch.seconds()
            1.5
        """
        self._clock = _clocks.get().monotonic
        self._start = self._clock()

    def seconds(self) -> float:
        """Return the time since the starting point, in seconds.

        Example:
            >>> with use_clocks(iter([0.0, 61.5]).__next__):
            ...     Watch(show_elapsed=False).seconds()
            61.5
        """
        return self._clock() - self._start

    def elapsed(self) -> str:
        """Return the time since the starting point as ``SSS.MMM``, in seconds.

        The text has 7 characters; more from 1,000 seconds on.

        Example:
            >>> with use_clocks(iter([0.0, 61.5]).__next__):
            ...     Watch(show_elapsed=False).elapsed()
            '061.500'
        """
        return f"{self.seconds():07.3f}"

    def print_elapsed(self, suffix: str = "  ") -> None:
        """Print the time since the starting point as ``SSS.MMM``, then the suffix.

        Args:
            suffix: printed after it; by default, two blanks without a newline.

        Example:
            >>> with use_clocks(iter([0.0, 61.5]).__next__):
            ...     Watch(show_elapsed=False).print_elapsed(" seconds")
            061.500 seconds
        """
        print(self.elapsed(), end=suffix)

    @staticmethod
    def print_wall_clock(suffix: str = " ") -> None:
        """Print the time of day as ``HH:MM:SS.MMM``, then the suffix.

        Args:
            suffix: printed after it; by default, one blank without a newline.

        Example:
            >>> from datetime import datetime
            >>> with use_clocks(float, lambda: datetime(2030, 1, 31, 9, 0, 30)):
            ...     Watch.print_wall_clock(suffix=" o'clock")
            09:00:30.000 o'clock
        """
        print(wall_clock_text(), end=suffix)


def wall_clock_text() -> str:
    """Return the time of day as ``HH:MM:SS.MMM``."""
    wall = _clocks.get().wall
    if wall is not None:
        return wall().strftime("%H:%M:%S.%f")[:-3]
    # Without `datetime`, since its import would cost every user a millisecond.
    seconds, milliseconds = divmod(time.time_ns() // 1_000_000, 1000)
    return f"{time.strftime('%H:%M:%S', time.localtime(seconds))}.{milliseconds:03}"


def wall_time() -> float:
    """Return the time of day, in seconds since the epoch."""
    wall = _clocks.get().wall
    return time.time() if wall is None else wall().timestamp()
