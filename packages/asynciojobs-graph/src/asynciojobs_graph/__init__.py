"""Pictures of asynciojobs schedulers and their runs: texts, graphviz objects, files."""

from asynciojobs.version import __version__

from ._errors import DrawingError, MissingProgramError
from .digraph import graph
from .dot import dot_format
from .export import export_as_dotfile, export_as_graphic
from .liveview import live
from .mermaid import mermaid_format
from .notebook import mime_bundle
from .report import export_as_htmlfile
from .style import DotStyle, dot_cluster_name, dot_style
from .timeline import export_as_timeline, timeline_bundle
from .tracefile import export_as_tracefile

__all__ = [
    "DotStyle",
    "DrawingError",
    "MissingProgramError",
    "__version__",
    "dot_cluster_name",
    "dot_format",
    "dot_style",
    "export_as_dotfile",
    "export_as_graphic",
    "export_as_htmlfile",
    "export_as_timeline",
    "export_as_tracefile",
    "graph",
    "live",
    "mermaid_format",
    "mime_bundle",
    "timeline_bundle",
]

# Tracebacks and pickles show the module of a class: make it this one, not the private one.
for _name in __all__:
    if getattr(globals()[_name], "__module__", "").startswith(f"{__name__}._"):
        globals()[_name].__module__ = __name__
