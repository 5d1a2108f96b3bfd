"""asynciojobs.dask without distributed: one error, with the pip command."""

from __future__ import annotations

import importlib
import sys
import types

import pytest

from asynciojobs import MissingDaskPackageError, __version__


@pytest.fixture
def importing(monkeypatch):
    """Return a function that imports asynciojobs.dask anew, with some modules replaced."""

    def import_with(**modules):
        for name, module in modules.items():
            monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.delitem(sys.modules, "asynciojobs.dask", raising=False)
        return importlib.import_module("asynciojobs.dask")

    return import_with


@pytest.mark.parametrize("missing", ["dask", "distributed"])
def test_importing_says_how_to_install_it(importing, missing):
    here = types.ModuleType("dask")
    here.__path__ = []
    here.utils = types.ModuleType("dask.utils")
    modules = {"dask": here, "dask.utils": here.utils, "distributed": None} | {missing: None}
    with pytest.raises(MissingDaskPackageError) as caught:
        importing(**modules)
    assert caught.value.name == missing
    assert str(caught.value) == (
        f"asynciojobs.dask needs the package distributed, and {missing} is not installed: "
        f'pip install "asynciojobs[dask]=={__version__}"'
    )


def test_an_error_inside_of_the_package_passes_through(importing, monkeypatch, tmp_path):
    (tmp_path / "dask.py").write_text("import tornado_is_gone")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("dask", "dask.utils"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(ModuleNotFoundError, match="^No module named 'tornado_is_gone'$"):
        importing()
