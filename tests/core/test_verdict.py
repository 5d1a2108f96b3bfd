"""How a run ended, and the words for it."""

from __future__ import annotations

import pytest

from asynciojobs import AbstractJob
from asynciojobs._outcomes import (
    FINE,
    Broken,
    Cancelled,
    CriticalFailure,
    Fine,
    Refused,
    TimedOut,
    exception_text,
)


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise LookupError("no words")


@pytest.mark.parametrize(
    ("verdict", "text"),
    [
        (FINE, "FINE"),
        (Fine(), "FINE"),
        (TimedOut(3), "TIMED OUT after 3s"),
        (TimedOut(0.25), "TIMED OUT after 0.25s"),
        (TimedOut(0), "TIMED OUT after 0s"),
        (Cancelled(), "CANCELLED"),
        (
            CriticalFailure(AbstractJob(label="a"), OSError("no disk")),
            "CRITICAL FAILURE: <AbstractJob `a`> raised OSError:no disk",
        ),
        (Broken(KeyboardInterrupt()), "BROKEN OFF: KeyboardInterrupt:"),
        (Refused("CycleError:a → a"), "REFUSED: CycleError:a → a"),
    ],
)
def test_a_verdict_in_words(verdict, text):
    assert str(verdict) == text


@pytest.mark.parametrize(
    ("exception", "text"),
    [
        (ValueError("bad"), "ValueError:bad"),
        (ValueError(), "ValueError:"),
        (KeyError("k"), "KeyError:'k'"),
        (UnspeakableError(), "UnspeakableError:(its __str__ raised LookupError)"),
    ],
)
def test_an_exception_in_words(exception, text):
    assert exception_text(exception) == text
