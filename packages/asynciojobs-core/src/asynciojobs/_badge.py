"""The badge of a job: four signs for critical, raised or fine, life cycle, forever."""

from __future__ import annotations

import sys
from typing import NamedTuple

from ._outcomes import Phase

__all__ = ["ASCII", "UNICODE", "Signs", "badge", "current_signs", "signs_for"]


class Signs(NamedTuple):
    """One way to write the badge; each sign is one character."""

    critical: str
    raised: str
    fine: str
    forever: str
    phases: dict[Phase, str]


UNICODE = Signs(
    critical="!",
    raised="✗",
    fine="✓",
    forever="∞",
    phases=dict(zip(Phase, "·○▸■●↷", strict=True)),
)

ASCII = Signs(
    critical="!",
    raised="x",
    fine="+",
    forever="8",
    phases=dict(zip(Phase, ".o>#*-", strict=True)),
)


def signs_for(encoding: str | None) -> Signs:
    """Return the signs that an encoding can represent; ``None`` means that it has them all."""
    if not encoding:
        return UNICODE
    every = "".join(UNICODE[:4]) + "".join(UNICODE.phases.values())
    try:
        every.encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return ASCII
    return UNICODE


def current_signs() -> Signs:
    """Return the signs that stdout can show now."""
    if sys.stdout is None:  # under pythonw, for example
        return ASCII
    return signs_for(getattr(sys.stdout, "encoding", None))


def badge(
    phase: Phase, *, critical: bool, raised: bool, forever: bool, signs: Signs = UNICODE
) -> str:
    """Return the four signs, joined by single spaces. A sign that does not apply is blank.

    Example:
        >>> badge(Phase.DONE, critical=True, raised=False, forever=False, signs=ASCII)
        '! + *  '
    """
    outcome = signs.raised if raised else signs.fine
    return " ".join(
        (
            signs.critical if critical else " ",
            outcome if phase is Phase.DONE else " ",
            signs.phases[phase],
            signs.forever if forever else " ",
        )
    )
