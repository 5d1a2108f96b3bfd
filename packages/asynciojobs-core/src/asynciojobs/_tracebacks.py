"""Tracebacks for people: each shown once, and only with frames of the user's code."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator
from typing import cast

from ._outcomes import exception_text

__all__ = ["OURS", "Tracebacks"]

OURS = ("asyncio", "asynciojobs", "asynciojobs_graph", "asynciojobs_testkit")
"""The packages whose frames say nothing about what went wrong."""


class Tracebacks:
    """Formats the tracebacks of one report.

    Args:
        reported: the exceptions that the report shows under headings of their own. If one of
            them is also the cause of another, its traceback is not repeated there.
        whole: whether to leave nothing out.
    """

    def __init__(self, reported: Iterable[BaseException], *, whole: bool) -> None:
        self._reported = {id(exception) for exception in reported}
        self._whole = whole
        self._shown: set[int] = set()

    def lines(self, exception: BaseException) -> Iterator[str]:
        """Yield the lines of a traceback; none if it was shown before."""
        if id(exception) in self._shown:
            return
        self._shown.add(id(exception))
        for text in self._formatted(exception):
            yield from text.splitlines()

    def _formatted(self, exception: BaseException) -> list[str]:
        try:
            chain = traceback.TracebackException.from_exception(exception)
            if not self._whole:
                self._shorten(chain, exception)
            return list(chain.format())
        except Exception:  # noqa: BLE001 - Python calls its __bool__, which may raise
            origin = traceback.format_tb(exception.__traceback__)
            return ["Traceback (most recent call last):", *origin, exception_text(exception)]

    def _shorten(self, chain: traceback.TracebackException, exception: BaseException) -> None:
        """Drop uninteresting frames from an exception, and from the exceptions behind it."""
        links: list[tuple[traceback.TracebackException, BaseException]] = []
        links.append((chain, exception))
        while links:
            link, raised = links.pop()
            if raised is not exception and self._has_its_place(raised):
                _drop_origin(link)
                continue
            self._shown.add(id(raised))
            _drop_frames(link, raised)
            links.extend(_links_of(link, raised))

    def _has_its_place(self, exception: BaseException) -> bool:
        return id(exception) in self._reported or id(exception) in self._shown


def _links_of(
    link: traceback.TracebackException, exception: BaseException
) -> Iterator[tuple[traceback.TracebackException, BaseException]]:
    """Yield the causes, contexts and members of an exception that a traceback shows."""
    for shown, raised in (
        (link.__cause__, exception.__cause__),
        (link.__context__, exception.__context__),
    ):
        if shown is not None and raised is not None:
            yield shown, raised
    if isinstance(exception, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", exception)
        yield from zip(link.exceptions or (), group.exceptions, strict=False)


def _drop_origin(link: traceback.TracebackException) -> None:
    """Leave only the exception itself."""
    link.stack = None  # type: ignore[assignment] # no "Traceback (most recent call last):"
    link.__cause__ = link.__context__ = None


def _drop_frames(link: traceback.TracebackException, exception: BaseException) -> None:
    frames = traceback.walk_tb(exception.__traceback__)
    kept = [
        summary
        for (frame, _), summary in zip(frames, link.stack, strict=False)
        if frame.f_globals.get("__name__", "").partition(".")[0] not in OURS
    ]
    link.stack = traceback.StackSummary.from_list(kept) if kept else None  # type: ignore[assignment]
