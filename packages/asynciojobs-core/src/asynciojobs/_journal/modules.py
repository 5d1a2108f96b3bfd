"""The names of modules in fingerprints."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["module_name"]


def module_name(name: str) -> str:
    """Return the name of a module, the same whether it was imported or run as a program.

    ``python lab.py`` and ``python -m lab`` call the module ``__main__``, and `asynciojobs run
    lab.py` calls it ``lab``.

    Args:
        name: the module's ``__name__``.
    """
    if name != "__main__":
        return name
    main = sys.modules[name]
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        return str(spec.name).removesuffix(".__main__")
    file = getattr(main, "__file__", None)
    return name if file is None else Path(file).stem
