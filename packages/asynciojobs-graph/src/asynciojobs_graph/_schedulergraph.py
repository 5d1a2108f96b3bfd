"""The graphviz object of a scheduler; no other module imports the graphviz package."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Self

import graphviz

from ._errors import DrawingError, MissingProgramError
from ._programs import draw
from .notebook import MERMAID, note_failure

__all__ = ["SchedulerGraph"]


if TYPE_CHECKING:

    class Digraph:
        """What type checkers know about ``graphviz.Digraph``, which has no types."""

        source: str

        def __init__(self, name: str, **options: Any) -> None: ...
        def copy(self) -> Self: ...
        def pipe(self, *args: Any, **options: Any) -> Any: ...
        def __getattr__(self, name: str) -> Any: ...
else:
    Digraph = graphviz.Digraph


class SchedulerGraph(Digraph):
    """A ``graphviz.Digraph`` drawn by the same program as files are.

    This applies to `pipe()`, and so to notebooks. ``render()`` and ``view()`` are inherited,
    and only run the system's ``dot``.

    Attributes:
        as_mermaid: returns the text that a notebook shows if it can't be drawn; ``None``
            raises.
    """

    as_mermaid: Callable[[], str] | None = None

    def copy(self) -> Self:
        """Return a copy, to which more can be added."""
        other: Self = super().copy()
        other.as_mermaid = self.as_mermaid
        return other

    def _repr_mimebundle_(
        self,
        include: Iterable[str] | None = None,
        exclude: Iterable[str] | None = None,
        **_: Any,
    ) -> dict[str, Any]:
        """Return what a notebook shows: a picture, or Mermaid if it can't be drawn."""
        inherited: Any = super()
        wanted = None if include is None else set(include)
        try:
            bundle: dict[str, Any] = inherited._repr_mimebundle_(wanted, exclude)
        except (MissingProgramError, DrawingError) as error:
            if self.as_mermaid is None:
                raise
            note_failure(error)
            shown = {MERMAID} if wanted is None else {MERMAID} & wanted
            return {kind: self.as_mermaid() for kind in shown.difference(exclude or ())}
        return bundle

    def pipe(
        self,
        format: str | None = None,  # noqa: A002 - its name in graphviz
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
