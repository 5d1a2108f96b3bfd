"""Whether Python runs in Pyodide: in a browser, as in JupyterLite, or in Node.js."""

from __future__ import annotations

import sys

__all__ = ["IN_PYODIDE"]

IN_PYODIDE: bool = sys.platform == "emscripten"
"""In Pyodide, an event loop is always running, and there are no threads or sockets."""
