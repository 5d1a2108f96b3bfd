"""The source of functions and classes, without comments and docstrings.

It is the output of `ast.unparse()`, so spaces and line breaks don't count either.

A file may differ from the code that runs: it was edited after the import, or loaded again
(`importlib.reload`, notebooks). So a source counts only if its bytecode is that of the
function. Otherwise the bytecode and the version of Python count. They also do if there is no
source, as for the interactive prompt, ``exec()``, or a lone ``.pyc``.
"""

from __future__ import annotations

import ast
import linecache
import sys
import threading
import types
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple, TypeAlias, cast

__all__ = ["class_text", "code_text"]

Place: TypeAlias = "tuple[int, str] | str"
"""The first line and the name of a function; the qualified name of a class."""

Defined: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef"


class File(NamedTuple):
    """What a file defines.

    Attributes:
        lines: the lines of the file when it was read.
        nodes: the definitions by place; ``None`` if two of them have the same place.
        codes: the bytecode of functions.
    """

    lines: list[str]
    nodes: dict[Place, Defined | None]
    codes: dict[Place, types.CodeType]


files: dict[str, File] = {}

# Python 3.11 may raise a SystemError if two threads parse at the same time.
parsing = threading.Lock()

texts: dict[tuple[str, types.CodeType], str] = {}  # equal functions may be in two files


def code_text(code: types.CodeType) -> str:
    """Return the source of a function; its bytecode if there is no source."""
    file = code.co_filename
    if (file, code) not in texts:
        text = text_at(file, (code.co_firstlineno, code.co_name), [code])
        texts[file, code] = bytecode_text(code) if text is None else text
    return texts[file, code]


def class_text(kind: type) -> str:
    """Return the source of a class; the bytecode of its methods if there is no source."""
    functions = [it for it in vars(kind).values() if isinstance(it, types.FunctionType)]
    codes = [it.__code__ for it in functions if it.__module__ == kind.__module__]
    written = [it for it in codes if it.co_filename != "<string>"]  # not by `dataclass`
    module = sys.modules.get(kind.__module__)
    file = written[0].co_filename if written else getattr(module, "__file__", None)
    own = [it for it in written if it.co_filename == file]
    text = None if file is None else text_at(file, kind.__qualname__, own)
    return "\n".join(map(bytecode_text, codes)) if text is None else text


def text_at(file: str, place: Place, codes: Collection[types.CodeType]) -> str | None:
    """Return the source of what a file defines at a place.

    Args:
        file: the file.
        place: the place.
        codes: the functions that the source must match.

    Returns:
        ``None`` if there is no source, or it is that of something else.
    """
    with parsing:
        found = files.get(file)
        if found is None or not fits(found, codes):
            found = files[file] = read_again(file, found)
    node = found.nodes.get(place) if fits(found, codes) else None
    return None if node is None else ast.unparse(node)


def fits(file: File, codes: Collection[types.CodeType]) -> bool:
    """Return whether a file defines some functions, at their places."""
    for code in codes:
        found = file.codes.get((code.co_firstlineno, code.co_name))
        if found is None or bytecode_text(found) != bytecode_text(code):
            return False
    return True


def read_again(file: str, before: File | None) -> File:
    """Return what a file defines now.

    Args:
        file: the file.
        before: what it defined earlier; ``None`` if it was not read yet.
    """
    linecache.checkcache(file)
    lines = linecache.getlines(file)
    if before is not None and lines == before.lines:
        return before
    text = "".join(lines)
    nodes: dict[Place, Defined | None] = {}
    codes: dict[Place, types.CodeType] = {
        (it.co_firstlineno, it.co_name): it for it in codes_in(compiled(text))
    }
    for place, node in places_in(parsed(text)):
        nodes[place] = None if place in nodes else node
    return File(lines, nodes, codes)


def compiled(text: str) -> list[types.CodeType]:
    """Return the bytecode of a program; an empty list if it can't be compiled."""
    try:
        return [compile(text, "<journal>", "exec", dont_inherit=True)]
    except (SyntaxError, ValueError, RecursionError, SystemError):
        return []


def codes_in(pending: list[types.CodeType]) -> Iterator[types.CodeType]:
    """Yield some bytecode, and that of all functions inside it."""
    while pending:
        code = pending.pop()
        yield code
        pending += [it for it in code.co_consts if isinstance(it, types.CodeType)]


def parsed(text: str) -> ast.Module:
    """Return the syntax tree of a program; an empty one if it can't be parsed."""
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
    """Return the line that Python counts as a function's first."""
    return min([node.lineno, *(it.lineno for it in node.decorator_list)])


def drop_docstring(node: ast.AST) -> None:
    """Remove the docstring of a function or a class."""
    if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return
    if ast.get_docstring(node, clean=False) is not None:
        node.body = node.body[1:] or [ast.Pass()]


def bytecode_text(code: types.CodeType) -> str:
    """Return the bytecode of a function as text, with the functions inside it."""
    consts = [
        bytecode_text(const) if isinstance(const, types.CodeType) else constant_text(const)
        for const in code.co_consts
    ]
    version = ".".join(map(str, sys.version_info[:2]))
    names = code.co_names, code.co_varnames, code.co_argcount, code.co_kwonlyargcount
    return f"{version} {code.co_code.hex()} {names} {consts}"


def constant_text(constant: Any) -> str:
    """Return a constant as text. Sort frozensets: their order differs between processes."""
    if isinstance(constant, frozenset):
        return f"frozenset({sorted(map(repr, cast('frozenset[object]', constant)))})"
    return repr(constant)
