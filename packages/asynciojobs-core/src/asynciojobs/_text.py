"""Text of users, as it is shown: on one line, and whatever their functions raise."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["attempt", "one_line"]


def one_line(text: str, limit: int = 400) -> str:
    """Return the text on one line, shortened in its middle if it is longer than the limit."""
    if len(text) > limit:
        text = f"{text[: limit // 2]} … {text[-limit // 2 :]}"
    return " ".join(text.splitlines()) if text.splitlines() != [text] else text


def attempt(function: Callable[..., str | None], *args: object) -> str | None:
    """Return the text of a user's function, or one that says what the function raised."""
    try:
        text = function(*args)
        return None if text is None else str(text)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - showing a job must not break a run
        return f"({getattr(function, '__name__', 'it')} raised {type(error).__name__})"
