"""`PrintJob`, which prints and sleeps: for tutorials, tests and debugging."""

from __future__ import annotations

import asyncio

from ._numbers import checked_seconds
from ._options import JobHolder
from ._requirements import Requirements
from .job import AbstractJob, does_nothing

__all__ = ["PrintJob"]


class PrintJob(AbstractJob[None]):
    """A job that prints messages, and then sleeps if told so.

    Args:
        messages: printed as ``print(*messages)`` does.
        sleep: how long to sleep after that, in seconds; ``None`` is not at all.
        banner: printed on a line of its own before the messages.
        scheduler: see `AbstractJob`.
        label: see `AbstractJob`; by default the messages.
        required: see `AbstractJob`.

    Raises:
        TypeError: `sleep` is not a number.
        ValueError: it is negative.

    Example:
        >>> PrintJob("hello", "world", banner="=====").standalone_run()
        =====
        hello world
    """

    __slots__ = ("banner", "messages", "sleep")

    def __init__(
        self,
        *messages: object,
        sleep: float | None = None,
        banner: object = None,
        scheduler: JobHolder | None = None,
        label: object = None,
        required: Requirements = None,
    ) -> None:
        self.messages = messages
        self.sleep = checked_seconds("sleep", sleep)
        self.banner = banner
        super().__init__(scheduler=scheduler, label=label, required=required)

    async def co_run(self) -> None:
        """Print the banner and the messages, then sleep; what ``print`` raises comes out."""
        if self.banner is not None:
            print(self.banner)
        print(*self.messages)
        if self.sleep is not None:
            await asyncio.sleep(self.sleep)

    @does_nothing
    async def co_shutdown(self) -> None:
        """Do nothing."""

    def text_label(self) -> str | None:
        """Return the messages."""
        return self.details()

    def details(self) -> str | None:
        """Return the messages as text; ``None`` if there are none."""
        return " ".join(map(str, self.messages)) if self.messages else None
