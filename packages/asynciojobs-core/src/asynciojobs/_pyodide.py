"""Whether Python runs in Pyodide, as in JupyterLite: in a browser, or in node."""

from __future__ import annotations

import sys

__all__ = ["IN_PYODIDE"]

IN_PYODIDE: bool = sys.platform == "emscripten"
"""Then an event loop is always running, and there are neither threads nor sockets."""
