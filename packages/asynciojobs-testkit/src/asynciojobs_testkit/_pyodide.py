"""What the testkit says in Pyodide, where `FakeClock` can't work."""

from __future__ import annotations

from asynciojobs import _pyodide

__all__ = ["__getattr__", "refuse_pyodide"]

NO_SOCKETS = (
    "FakeClock can't work in Pyodide, since its event loop needs sockets: run tests that use "
    "it in another Python. FakeJob, Timeline and the shapes work in Pyodide too"
)


def refuse_pyodide() -> None:
    """Check that this is not Pyodide.

    Raises:
        RuntimeError: it is.
    """
    if _pyodide.IN_PYODIDE:
        raise RuntimeError(NO_SOCKETS)


def __getattr__(name: str) -> object:
    """Explain why the package has no `FakeClock` in Pyodide.

    Raises:
        ImportError: the name is `FakeClock`, or one that needs it.
        AttributeError: the name is unknown.
    """
    if name in ("FakeClock", "WhatIf", "WhatIfRow", "what_if"):
        raise ImportError(NO_SOCKETS)
    raise AttributeError(f"module 'asynciojobs_testkit' has no attribute {name!r}")
