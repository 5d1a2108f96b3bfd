"""The jobs of the fixture `print_jobs`, which record what they print and when."""

from __future__ import annotations

import asyncio
from typing import Any

import asynciojobs

__all__ = ["PrintJobs"]


class PrintJob(asynciojobs.PrintJob):
    """A `PrintJob` that also adds what it prints to a list.

    Args:
        printed: the list, of ``(time, text)``.
        messages: see `asynciojobs.PrintJob`.
        options: see `asynciojobs.PrintJob`.
    """

    __slots__ = ("printed",)

    def __init__(
        self, printed: list[tuple[float, str]], *messages: object, **options: Any
    ) -> None:
        super().__init__(*messages, **options)
        self.printed = printed

    async def co_run(self) -> None:
        """Record what a `PrintJob` would print, then print it."""
        loop = asyncio.get_running_loop()
        for text in (self.banner, self.details()):
            if text is not None:
                self.printed.append((loop.time(), str(text)))
        await super().co_run()


class PrintJobs:
    """Makes print jobs.

    Attributes:
        printed: what the jobs printed so far, as ``(time, text)``; the time is in seconds, on
            the clock of the loop.
    """

    def __init__(self) -> None:
        self.printed: list[tuple[float, str]] = []

    def __call__(self, labels: str, **options: Any) -> list[asynciojobs.PrintJob]:
        """Return a print job for each label; it prints its label.

        Args:
            labels: the labels, separated by blanks.
            options: see `asynciojobs.PrintJob`: sleep, banner, scheduler, required.

        Example:
            >>> jobs = PrintJobs()("a b c", sleep=1)
            >>> [job.label for job in jobs]
            ['a', 'b', 'c']
        """
        return [
            PrintJob(self.printed, label, label=label, **options) for label in labels.split()
        ]
