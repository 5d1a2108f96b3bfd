"""The source of functions and classes, without comments and docstrings.

It is what `ast.unparse()` makes of it, so spaces and line breaks don't count either. Each file
is read once in a process: whoever edits it while the program runs does not change what runs.

If there is no source (the interactive prompt, ``exec()``, a ``.pyc`` alone), the bytecode
counts, with the version of Python.
"""

from __future__ import annotations

import ast
import linecache
import sys
import threading
import types
from collections.abc import Iterator
from typing import Any, TypeAlias, cast

__all__ = ["class_text", "code_text"]

Place: TypeAlias = "tuple[int, str] | str"
"""The first line and the name of a function; the qualified name of a class."""

Defined: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef"

files: dict[str, dict[Place, Defined | None]] = {}
"""What each file defines; ``None`` if two definitions have the same place."""

# Python 3.11 may raise a SystemError if two threads parse at the same time.
parsing = threading.Lock()

texts: dict[tuple[str, Place], str] = {}


def code_text(code: types.CodeType) -> str:
    """Return the source of a function; its bytecode if there is no source."""
    text = text_at(code.co_filename, (code.co_firstlineno, code.co_name))
    return bytecode_text(code) if text is None else text


def class_text(kind: type) -> str:
    """Return the source of a class; the bytecode of its methods if there is no source."""
    functions = [it for it in vars(kind).values() if isinstance(it, types.FunctionType)]
    codes = [it.__code__ for it in functions if it.__module__ == kind.__module__]
    module = sys.modules.get(kind.__module__)
    file = codes[0].co_filename if codes else getattr(module, "__file__", None)
    text = None if file is None else text_at(file, kind.__qualname__)
    return "\n".join(map(bytecode_text, codes)) if text is None else text


def text_at(file: str, place: Place) -> str | None:
    """Return the source of what a file defines at a place; ``None`` if there is none."""
    if (file, place) not in texts:
        node = definitions(file).get(place)
        if node is None:
            return None
        texts[file, place] = ast.unparse(node)
    return texts[file, place]


def definitions(file: str) -> dict[Place, Defined | None]:
    """Return what a file defines, by place."""
    with parsing:
        if file not in files:
            found: dict[Place, Defined | None] = {}
            for place, node in places_in(parsed("".join(linecache.getlines(file)))):
                found[place] = None if place in found else node
            files[file] = found
        return files[file]


def parsed(text: str) -> ast.Module:
    """Return a program; an empty one if it can't be parsed."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, SystemError):
        return ast.Module([], [])


def places_in(tree: ast.Module) -> Iterator[tuple[Place, Defined]]:
    """Yield all functions and classes of a file, without docstrings, each with its place."""
    pending: list[tuple[ast.AST, str]] = [(tree, "")]
    while pending:
        node, scope = pending.pop()
        inner = scope
        if isinstance(node, ast.ClassDef):
            yield scope + node.name, node
            inner = f"{scope}{node.name}."
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield (first_line(node), node.name), node
            inner = f"{scope}{node.name}.<locals>."
        elif isinstance(node, ast.Lambda):
            yield (node.lineno, "<lambda>"), node
        drop_docstring(node)
        pending += [(child, inner) for child in ast.iter_child_nodes(node)]


def first_line(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the line that Python counts as the first one of a function."""
    return min([node.lineno, *(it.lineno for it in node.decorator_list)])


def drop_docstring(node: ast.AST) -> None:
    """Take the docstring off a function or a class."""
    if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return
    if ast.get_docstring(node, clean=False) is not None:
        node.body = node.body[1:] or [ast.Pass()]


def bytecode_text(code: types.CodeType) -> str:
    """Return the bytecode of a function as text, with that of the functions inside of it."""
    consts = [
        bytecode_text(const) if isinstance(const, types.CodeType) else constant_text(const)
        for const in code.co_consts
    ]
    version = ".".join(map(str, sys.version_info[:2]))
    names = code.co_names, code.co_varnames, code.co_argcount, code.co_kwonlyargcount
    return f"{version} {code.co_code.hex()} {names} {consts}"


def constant_text(constant: Any) -> str:
    """Return a constant as text. The order of a frozenset is another one in each process."""
    if isinstance(constant, frozenset):
        return f"frozenset({sorted(map(repr, cast('frozenset[object]', constant)))})"
    return repr(constant)
