"""The graphviz object of a scheduler: this is the one module that needs that package."""

from __future__ import annotations

from typing import Any

import graphviz

from ._programs import draw

__all__ = ["SchedulerGraph"]


class SchedulerGraph(graphviz.Digraph):  # type: ignore[misc]  # graphviz has no types
    """A ``graphviz.Digraph`` that is drawn by whichever program is there.

    That holds for `pipe()`, and so for notebooks; ``render()`` and ``view()`` are those of
    graphviz, which know the ``dot`` of the system only.
    """

    def pipe(
        self,
        format: str | None = None,  # noqa: A002 - as it is named there
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,
        quiet: bool = False,
        *,
        engine: str | None = None,
        encoding: str | None = None,
    ) -> Any:
        """Return the picture, as ``graphviz.Digraph.pipe()`` does.

        Raises:
            MissingProgramError: there is no program that draws.
            DrawingError: the program failed.
        """
        special = renderer or formatter or neato_no_op is not None
        if special or (engine or self.engine) != "dot":
            return super().pipe(
                format,
                renderer=renderer,
                formatter=formatter,
                neato_no_op=neato_no_op,
                quiet=quiet,
                engine=engine,
                encoding=encoding,
            )
        picture = draw(self.source, format or self.format)
        return picture if encoding is None else picture.decode(encoding)
