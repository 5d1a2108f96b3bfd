"""The list of the mutants that no test can or should kill: `docs/design/mutants.md`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
MODULES = ROOT / "packages" / "asynciojobs-core" / "src" / "asynciojobs"
LIST = ROOT / "docs" / "design" / "mutants.md"

HEADING = "## Mutants that no test kills"
"""The entries come after it."""

OPERATORS = {
    # mutmut's
    "operator_number": "number",  # 1 becomes 2
    "operator_string": "text",  # "a" becomes "XXaXX", and "A"
    "operator_name": "truth value",  # True becomes False
    "operator_assignment": "assigned value",  # a = b becomes a = None
    "operator_augmented_assignment": "augmented assignment",  # a += b becomes a = b
    "operator_remove_unary_ops": "negation left out",
    "operator_dict_arguments": "keyword of dict()",
    "operator_arg_removal": "argument",  # f(a, b) becomes f(None, b), and f(b)
    "operator_symmetric_string_methods_swap": "string method",  # lower() becomes upper()
    "operator_unsymmetrical_string_methods_swap": "string method",
    "operator_lambda": "lambda",  # its value becomes None
    "operator_keywords": "keyword swapped",  # `is` becomes `is not`, `continue` becomes `break`
    "operator_swap_op": "operator swapped",  # `and` becomes `or`, > becomes >=
    "operator_match": "case left out",
    "operator_if_exp": "choice fixed",  # a if b else c becomes a, and c
    # ours, in mutants.py
    "without_statement": "statement left out",
    "fixed_condition": "condition fixed",
    "half_of_condition": "half of a condition",
    "fewer_exceptions": "fewer exceptions",
}
"""The names of the mutation operators, by the functions that make their mutants."""

FORM = "- `module` `function`: operator 1, 3 of 4; another operator 2 of 2"
ITEM = re.compile(r"- `(\S+)` `(\S+)`: (.+)")
PART = re.compile(r"(\D+) (\d+(?:, \d+)*) of (\d+)")


class Entry(NamedTuple):
    """Names a mutant, in a way that survives renamed variables and changed comments."""

    module: str
    """Its path in the package, without ``.py``."""
    function: str
    """The qualified name; "module" is the top level."""
    operator: str
    """One of the values of `OPERATORS`."""
    number: int
    """Counts the mutants that the operator makes of the function, from 1."""
    total: int
    """How many there are. If the number has changed, nobody knows which mutant was meant."""


def explained(text: str) -> list[Entry]:
    """Return the entries of a list.

    Raises:
        ValueError: an item of the list is not in the form that `as_items()` writes.
    """
    _, _, listed = text.rpartition(HEADING)
    items = [line for line in listed.splitlines() if line.startswith("- ")]
    return [entry for item in items for entry in entries_of(item)]


def entries_of(item: str) -> Iterator[Entry]:
    """Yield the entries of an item: some mutants of one function."""
    found = ITEM.fullmatch(item)
    for each in found[3].split("; ") if found else [""]:
        part = PART.fullmatch(each)
        if not found or not part or part[1] not in OPERATORS.values():
            raise ValueError(f"{item!r} is not of the form {FORM!r}")
        total = int(part[3])
        for number in map(int, part[2].split(", ")):
            if not 1 <= number <= total:
                raise ValueError(f"{item!r}: {number} is not among 1 to {total}")
            yield Entry(found[1], found[2], part[1], number, total)


def as_items(entries: Iterable[Entry]) -> list[str]:
    """Return the items of a list that has these entries."""
    functions: dict[tuple[str, str], dict[tuple[str, int], list[int]]] = {}
    for module, function, operator, number, total in entries:
        parts = functions.setdefault((module, function), {})
        parts.setdefault((operator, total), []).append(number)
    return [
        f"- `{module}` `{function}`: "
        + "; ".join(
            f"{operator} {', '.join(map(str, sorted(numbers)))} of {total}"
            for (operator, total), numbers in parts.items()
        )
        for (module, function), parts in functions.items()
    ]


def functions_of(module: str) -> set[str]:
    """Return the qualified names of what a module defines; none if there is no such module."""
    path = MODULES / f"{module}.py"
    if not path.is_file():
        return set()
    return {"module", *definitions(ast.parse(path.read_text(encoding="utf-8")), "")}


def definitions(node: ast.AST, scope: str) -> Iterator[str]:
    """Yield the qualified names of the functions and classes inside a node."""
    for child in ast.iter_child_nodes(node):
        inside = scope
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield scope + child.name
            inside = f"{scope}{child.name}."
        yield from definitions(child, inside)
