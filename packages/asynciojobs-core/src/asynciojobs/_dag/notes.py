"""`Notes`: what a run notes at its beginning, for its timeline."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["Notes"]


class Notes:
    """What the timeline of a run needs to know besides the times of the jobs.

    Args:
        began: the time of day when the run began (seconds since the epoch).
        window: how many regular jobs may run at once; ``None`` means no limit (jobs).

    Attributes:
        began: as above.
        window: as above; if it was changed during the run, the smallest one.
        joined: when jobs joined the run, by their `id()` (seconds); ``None`` if none did.
    """

    __slots__ = ("began", "joined", "window")

    def __init__(self, began: float, window: int | None) -> None:
        self.began = began
        self.window = window
        # By id(), since a record must not keep jobs alive. If another job gets the same id
        # later, it has not started in this run, or has joined it too.
        self.joined: dict[int, float] | None = None

    def resize(self, window: int | None) -> None:
        """Take note that the window was changed during the run."""
        if window:
            self.window = min(window, self.window or window)

    def join(self, jobs: Iterable[object], now: float) -> None:
        """Take note that jobs joined the run, at a time on its loop's clock (seconds)."""
        if self.joined is None:
            self.joined = {}
        self.joined.update((id(job), now) for job in jobs)

    def joined_at(self, job: object) -> float | None:
        """Return when a job joined the run (seconds); ``None`` if it did not."""
        return None if self.joined is None else self.joined.get(id(job))

    def __getstate__(self) -> tuple[float, int | None]:
        return self.began, self.window

    def __setstate__(self, state: tuple[float, int | None]) -> None:
        self.began, self.window = state
        self.joined = None
