"""The style sheets and the script, which are files in this package."""

from __future__ import annotations

from functools import cache
from importlib import resources

__all__ = ["text_of"]


@cache
def text_of(name: str) -> str:
    """Return the text of a file of this package."""
    return resources.files("asynciojobs_graph").joinpath(name).read_text("utf-8")
