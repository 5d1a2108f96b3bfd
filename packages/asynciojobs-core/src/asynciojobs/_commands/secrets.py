"""`Hidden`: text that only the program gets, and how it is hidden everywhere else."""

from __future__ import annotations

import os
from collections.abc import Iterable

__all__ = ["MASK", "Hidden", "masked", "secrets_among"]

MASK = "***"
"""What is shown instead of a secret."""


class Hidden:
    """Text that is shown as ``***``.

    Args:
        value: the text itself.

    Raises:
        TypeError: it is neither a str nor bytes.
    """

    __slots__ = ("value",)

    def __init__(self, value: str | bytes) -> None:
        if not isinstance(value, (str, bytes)):
            raise TypeError(f"hide() takes a str or bytes, not {type(value).__name__}")
        self.value: str | bytes = value

    def __repr__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        # f"--password={CommandJob.hide(word)}" would give the program the stars.
        raise TypeError(
            "hide() makes a whole argument, not a part of one: write hide(f'--password={word}')"
        )


def secrets_among(things: Iterable[object]) -> tuple[bytes, ...]:
    """Return the secrets among some things as programs print them, longest first."""
    found = {os.fsencode(it.value) for it in things if isinstance(it, Hidden)}
    return tuple(sorted(found - {b""}, key=lambda it: (-len(it), it)))


def masked(data: bytes, secrets: tuple[bytes, ...], *, is_cut: bool) -> bytes:
    """Return output with ``***`` in place of secrets.

    Args:
        data: the output.
        secrets: what to hide.
        is_cut: whether the output's beginning is missing, so it may begin inside a secret.
    """
    mask = MASK.encode()
    if is_cut and (half := max((rest_of(it, data) for it in secrets), default=0)):
        data = mask + data[half:]
    for secret in secrets:
        data = data.replace(secret, mask)
    return data


def rest_of(secret: bytes, data: bytes) -> int:
    """Return how many bytes at the beginning of some data are the end of a secret."""
    sizes = range(min(len(secret) - 1, len(data)), 0, -1)
    return next((size for size in sizes if data.startswith(secret[-size:])), 0)
