"""`NotebookDisplay`: the counts and the status picture of a run, in the output of a cell."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from asynciojobs._dag.jobset import JobSet

from .._errors import DrawingError, MissingProgramError
from .._programs import draw
from ..dot import dot_format
from .progress import News, Progress
from .view import total_text

__all__ = ["NotebookDisplay"]

HEIGHT = 420
"""How high the picture may be; a larger one can be scrolled (pixels)."""

PATIENCE = 2.0
"""If drawing the picture takes longer, only the counts are shown from then on (seconds)."""


class NotebookDisplay:
    """Shows the counts and the status picture, with a display handle of its own.

    The height of the picture never changes, so that the page below does not move.

    Args:
        job_set: the scheduler.
        display: IPython's ``display()``.
    """

    frame = 0.2
    """How long to wait for more events (seconds)."""

    idle = 1.0
    """How long to wait if there are none (seconds)."""

    hears = 0
    """How many events it needs to see (events)."""

    def __init__(self, job_set: JobSet, display: Any) -> None:
        self._job_set = job_set
        self._display = display
        self._handle: Any = None
        self._picture = ""
        self._height = 0  # of the first picture (pixels)
        self._draws = True  # until drawing fails

    def draw(
        self,
        progress: Progress,
        news: News,
        began: float,
        now: float,
        end: str | None,
    ) -> None:
        """Show how far the run is. The picture is drawn again only if something happened."""
        text = total_text(progress, now - began, ascii_only=False, end=end)
        if self._draws and (news.counts or end is not None):
            self._draw_picture()
        bundle = {"text/plain": text, "text/html": self._page(text)}
        if self._handle is None:
            self._handle = self._display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)
        if end is not None:
            self._handle = None  # another run gets a display of its own

    def close(self) -> None:
        """Do nothing: the last picture stays."""

    def _draw_picture(self) -> None:
        try:
            text = dot_format(self._job_set, status=True)
            self._picture = draw(text, "svg", seconds=PATIENCE).decode()
        except (MissingProgramError, DrawingError):
            self._draws = False
            return
        points = re.findall(r'<svg width="\d+pt" height="(\d+)pt"', self._picture)
        self._height = self._height or min([int(it) * 4 // 3 + 20 for it in points] + [HEIGHT])

    def _page(self, text: str) -> str:
        counts = f"<p><code>{escape(text)}</code></p>"
        if not self._picture:
            return counts
        picture = self._picture[self._picture.find("<svg") :]
        return f'{counts}<div style="height: {self._height}px; overflow: auto">{picture}</div>'
