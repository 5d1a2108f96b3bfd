"""Text from users, made safe to show: on one line, even if their functions raise."""

from __future__ import annotations

from collections.abc import Callable, Iterable

__all__ = ["NOLABEL", "attempt", "call_label", "counted", "duration_text", "listed", "one_line"]

NOLABEL = "NOLABEL"
"""What is shown for a job that has no label."""


def one_line(text: str, limit: int = 400) -> str:
    """Return text on one line, shortened in the middle if it is longer than the limit."""
    if len(text) > limit:
        text = f"{text[: limit // 2]} … {text[-limit // 2 :]}"
    return " ".join(text.splitlines()) if text.splitlines() != [text] else text


def attempt(function: Callable[..., str | None], *args: object) -> str | None:
    """Return the text that a user's function returns, or text that says what it raised."""
    try:
        text = function(*args)
        return None if text is None else str(text)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - showing a job must not break a run
        return f"({getattr(function, '__name__', 'it')} raised {type(error).__name__})"


def call_label(qualname: str | None) -> str | None:
    """Return the label of a job that calls a function; ``None`` if the function has no name.

    Args:
        qualname: the function's ``__qualname__``.

    Example:
        >>> call_label("main.<locals>.fetch")
        'fetch()'
    """
    name = (qualname or "").rpartition("<locals>.")[2]
    return f"{name}()" if name else None


def duration_text(seconds: float) -> str:
    """Return a duration in the units that are easiest to read.

    Example:
        >>> [duration_text(seconds) for seconds in (0.0204, 1.5, 75, 7260)]
        ['20 ms', '1.5 s', '1 min 15 s', '2 h 1 min']
    """
    if seconds < 0.001:
        return "< 1 ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def counted(number: int, noun: str) -> str:
    """Return a number of things, in the singular or the plural.

    Example:
        >>> counted(0, "job"), counted(1, "job"), counted(1_000, "job")
        ('0 jobs', '1 job', '1000 jobs')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(texts: Iterable[str], limit: int = 20) -> str:
    """Return texts as a list in words, each once; if there are many, only the first few.

    Example:
        >>> listed(["b", "a", "b"]), listed("abc", limit=2), listed([])
        ("'b', 'a'", "'a', 'b' and 1 more", 'none')
    """
    distinct = [*dict.fromkeys(texts)]
    shown = ", ".join(map(repr, distinct[:limit])) or "none"
    more = len(distinct) - limit
    return f"{shown} and {more} more" if more > 0 else shown
