"""`Asked`: the requirements of a job at some moment, to find out later which are new."""

from __future__ import annotations

from collections.abc import Collection

from ..job import AnyJob

__all__ = ["Asked"]


class Asked:
    """The requirements of a job, as they were at some moment.

    Attributes:
        required: the requirements, which may change later.
        count: how many there were (jobs).
        removals: how often some had been removed or moved by then; ``None`` if unknown.
    """

    __slots__ = ("count", "removals", "required")

    def __init__(self, required: Collection[AnyJob]) -> None:
        self.required = required
        self.count = len(required)
        self.removals = removals_from(required)

    def only_grew_to(self, now: Asked) -> bool:
        """Return whether requirements have only been added since then, each at the end."""
        return (
            self.required is now.required
            and self.removals is not None
            and self.removals == now.removals
        )


def removals_from(required: Collection[AnyJob]) -> int | None:
    """Return how often members were removed from a set; ``None`` if nobody counts that."""
    if isinstance(required, dict | tuple):
        return 0  # one of our own sets, which users never see
    return getattr(required, "_removals", None)
