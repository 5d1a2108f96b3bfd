"""`Asked`: what a job required when it was asked, to tell later which requirements are new."""

from __future__ import annotations

from collections.abc import Collection

from ..job import AnyJob

__all__ = ["Asked"]


class Asked:
    """The requirements of a job when it was asked for them.

    Attributes:
        required: the requirements, which may change.
        count: how many there were (jobs).
        removals: how often some were taken out or moved until then; ``None`` if nobody counts
            that.
    """

    __slots__ = ("count", "removals", "required")

    def __init__(self, required: Collection[AnyJob]) -> None:
        self.required = required
        self.count = len(required)
        self.removals = removals_from(required)

    def only_grew_to(self, now: Asked) -> bool:
        """Tell whether since then requirements have come at most, each at the end."""
        return (
            self.required is now.required
            and self.removals is not None
            and self.removals == now.removals
        )


def removals_from(required: Collection[AnyJob]) -> int | None:
    """Return how often members were taken out of a set; ``None`` if nobody counts that."""
    if isinstance(required, dict | tuple):
        return 0  # of our own: users never see them
    return getattr(required, "_removals", None)
