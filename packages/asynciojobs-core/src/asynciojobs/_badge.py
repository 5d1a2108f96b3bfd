"""Four signs that summarize a job: critical, raised, how far it has come, forever."""

from __future__ import annotations

from typing import NamedTuple

from ._lifecycle import Phase

__all__ = ["ASCII", "UNICODE", "Signs", "badge", "signs_for"]


class Signs(NamedTuple):
    """One way to write the badge; blanks fill the signs of one column to one width."""

    critical: str
    raised: str
    fine: str
    forever: str
    phases: dict[Phase, str]


UNICODE = Signs(
    critical="⚠",
    raised="★",
    fine="☉",
    forever="∞",
    phases={Phase.IDLE: "⚐", Phase.SCHEDULED: "⚑", Phase.RUNNING: "↺", Phase.DONE: "☓"},
)

ASCII = Signs(
    critical="!",
    raised=":(",
    fine=":)",
    forever="8",
    phases={Phase.IDLE: ">", Phase.SCHEDULED: ".", Phase.RUNNING: "o", Phase.DONE: "x"},
)


def signs_for(encoding: str | None) -> Signs:
    """Return the signs that text in this encoding can have."""
    every = "".join(UNICODE[:4]) + "".join(UNICODE.phases.values())
    try:
        every.encode(encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return ASCII
    return UNICODE


def badge(
    phase: Phase, *, critical: bool, raised: bool, forever: bool, signs: Signs = UNICODE
) -> str:
    """Return the four signs, joined by single spaces; what does not hold is blank.

    Example:
        >>> badge(Phase.DONE, critical=True, raised=False, forever=False, signs=ASCII)
        '! :) x  '
    """
    started = phase in (Phase.RUNNING, Phase.DONE)
    outcome = signs.raised if raised else signs.fine
    return " ".join(
        (
            signs.critical if critical else " ",
            outcome if started else " " * len(outcome),
            signs.phases[phase],
            signs.forever if forever else " ",
        )
    )
