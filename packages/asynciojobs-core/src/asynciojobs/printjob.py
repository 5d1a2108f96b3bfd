"""`PrintJob`, which prints and sleeps: for tutorials, tests and debugging."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ._checks import checked_seconds
from ._lazy import OnDemand
from ._requirements import Requirements
from .job import AbstractJob

if TYPE_CHECKING:
    from . import _identity
    from ._options import JobHolder
else:
    _identity = OnDemand("_identity")

__all__ = ["PrintJob"]


class PrintJob(AbstractJob[None]):
    """A job that prints messages, and then may sleep.

    Args:
        messages: printed as by ``print(*messages)``.
        sleep: how long to sleep afterwards, in seconds; ``None`` means not at all.
        banner: printed before the messages, on a line of its own.
        scheduler: see `AbstractJob`.
        label: see `AbstractJob`; by default the messages.
        required: see `AbstractJob`.
        key: see `AbstractJob`.
        journaled: see `AbstractJob`.
        version: see `AbstractJob`.

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
        key: str | None = None,
        journaled: bool = True,
        version: object = None,
    ) -> None:
        self.messages: tuple[object, ...] = messages
        self.sleep: float | None = checked_seconds("sleep", sleep)
        self.banner: object = banner
        super().__init__(
            scheduler=scheduler,
            label=label,
            required=required,
            key=key,
            journaled=journaled,
            version=version,
        )

    async def co_run(self) -> None:
        """Print the banner and the messages, then sleep. Exceptions of ``print`` propagate."""
        if self.banner is not None:
            print(self.banner)
        print(*self.messages)
        if self.sleep is not None:
            await asyncio.sleep(self.sleep)

    def _work(self) -> _identity.Work:
        return _identity.Work(
            None, {**_identity.numbered(self.messages), "banner": self.banner}
        )

    def text_label(self) -> str | None:
        """Return the messages."""
        return self.details()

    def details(self) -> str | None:
        """Return the messages as text; ``None`` if there are none."""
        return " ".join(map(str, self.messages)) if self.messages else None
