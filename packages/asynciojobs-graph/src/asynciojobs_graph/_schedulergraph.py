"""The graphviz object of a scheduler; no other module imports the graphviz package."""

from __future__ import annotations

from typing import Any

import graphviz

from ._programs import draw

__all__ = ["SchedulerGraph"]


class SchedulerGraph(graphviz.Digraph):  # type: ignore[misc]  # graphviz has no types
    """A ``graphviz.Digraph`` that is drawn by the same program as files are.

    This is so for `pipe()`, and so for notebooks. ``render()`` and ``view()`` are inherited,
    and run only the system's ``dot``.
    """

    def pipe(
        self,
        format: str | None = None,  # noqa: A002 - the name in graphviz
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,
        quiet: bool = False,
        *,
        engine: str | None = None,
        encoding: str | None = None,
    ) -> Any:
        """Return the picture, like ``graphviz.Digraph.pipe()``.

        Raises:
            MissingProgramError: there is no drawing program.
            DrawingError: the program failed.
        """
        needs_graphviz = renderer or formatter or neato_no_op is not None
        if needs_graphviz or (engine or self.engine) != "dot":
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
