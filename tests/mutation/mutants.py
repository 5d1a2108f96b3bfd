"""The mutants of a module: its source with one small fault each.

mutmut makes most of them: it inverts a condition, leaves an argument out, changes a text. It
never leaves out a statement, or half of a condition, so we add these. We drop its mutants that
only replace one of `False`, `None` and `()` by another. Nearly all our code only tests whether
such a value is true, so these mutants say nothing about the tests.
"""

from __future__ import annotations

import ast
import difflib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import libcst as cst
from explained import MODULES, OPERATORS, Entry, as_items
from libcst.metadata import ByteSpanPositionProvider, CodeSpan
from mutmut.mutation.file_mutation import Mutation, MutationVisitor
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode


@dataclass(frozen=True)
class Mutant:
    """A module with a fault."""

    entry: Entry
    """Its name in the list."""
    before: tuple[str, ...]
    """The lines that are gone, without their indentation."""
    after: tuple[str, ...]
    """The lines that replace them."""
    code: str
    """The whole module."""

    def __str__(self) -> str:
        lines = as_items([self.entry])
        lines += [f"    - {line}" for line in self.before]
        lines += [f"    + {line}" for line in self.after]
        return "\n".join(lines)


Operator = Callable[[Any], Iterable[cst.CSTNode]]


def without_statement(node: cst.BaseSmallStatement) -> Iterator[cst.CSTNode]:
    """`self._close()` is left out, and so are `raise`, `continue` and `return`."""
    if isinstance(node, cst.Expr) and isinstance(node.value, cst.BaseString | cst.Ellipsis):
        return
    if isinstance(node, cst.Return) and node.value is not None:
        if not (isinstance(node.value, cst.Name) and node.value.value in ("True", "False")):
            yield node.with_changes(value=cst.Name("None"))
        return
    yield cst.Pass()


def fixed_condition(node: cst.If | cst.CompIf) -> Iterator[cst.CSTNode]:
    """`if missing:` is `if True:`, and `if False:`."""
    yield node.with_changes(test=cst.Name("True"))
    if isinstance(node, cst.If):
        yield node.with_changes(test=cst.Name("False"))


def half_of_condition(node: cst.BooleanOperation) -> Iterator[cst.CSTNode]:
    """`a and b` is `a`, and `b`."""
    for half in (node.left, node.right):
        yield half.with_changes(
            lpar=[cst.LeftParen(), *half.lpar], rpar=[*half.rpar, cst.RightParen()]
        )


def fewer_exceptions(node: cst.ExceptHandler) -> Iterator[cst.CSTNode]:
    """`except BaseException` is `except Exception`, of several each is left out."""
    if isinstance(node.type, cst.Name) and node.type.value == "BaseException":
        yield node.with_changes(type=cst.Name("Exception"))
    if isinstance(node.type, cst.Tuple):
        for left_out in node.type.elements:
            yield node.with_deep_changes(
                node.type,
                elements=[each for each in node.type.elements if each is not left_out],
            )


BY_NODE: list[tuple[type, Operator]] = [
    *mutation_operators,
    *((kind, without_statement) for kind in (cst.Expr, cst.Raise, cst.Del, cst.Return)),
    (cst.Continue, without_statement),
    (cst.If, fixed_condition),
    (cst.CompIf, fixed_condition),
    (cst.BooleanOperation, half_of_condition),
    (cst.ExceptHandler, fewer_exceptions),
]


COMPOUND = cst.BaseCompoundStatement | cst.ExceptHandler


class Finder(MutationVisitor):
    """Goes through a module, and notes where each mutation is and which operator made it."""

    def __init__(self) -> None:
        operators = [(kind, self._noting(operator)) for kind, operator in BY_NODE]
        super().__init__(operators, IgnoredCode(set(), set(), set()))
        self.places: list[tuple[str, str]] = []  # function and operator of each mutation
        self._scope: list[str] = []

    def _noting(self, operator: Operator) -> Operator:
        name = OPERATORS[operator.__name__]

        def noting(node: Any) -> Iterator[cst.CSTNode]:
            for mutated in operator(node):
                self.places.append((".".join(self._scope) or "module", name))
                yield mutated

        return noting

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Visit only running code: leave out `__all__`, type variables, `if TYPE_CHECKING`."""
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self._scope.append(node.name.value)
        if isinstance(node, cst.Assign) and not self._scope:
            name = node.targets[0].target
            if isinstance(name, cst.Name) and (name.value == "__all__" or len(name.value) == 1):
                return False
        if isinstance(node, cst.If) and node.test.deep_equals(cst.Name("TYPE_CHECKING")):
            return False
        return super().on_visit(node)

    def on_leave(self, original_node: cst.CSTNode) -> None:
        """Leave a function."""
        super().on_leave(original_node)
        if isinstance(original_node, cst.FunctionDef | cst.ClassDef):
            self._scope.pop()


def mutants_of(module: str) -> list[Mutant]:
    """Return the mutants of a module, each once, in the order of its lines."""
    source = (MODULES / f"{module}.py").read_text(encoding="utf-8")
    made = list(mutations_of(source))
    totals = Counter(place for place, _ in made)
    numbers: Counter[tuple[str, str]] = Counter()
    found: list[Mutant] = []
    for place, code in made:
        numbers[place] += 1
        entry = Entry(module, *place, numbers[place], totals[place])
        found.append(Mutant(entry, *difference(source, code), code))
    return found


def mutations_of(source: str) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield each mutation of a source: its function and operator, and what it makes of it."""
    finder = Finder()
    tree = cst.MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    tree.visit(finder)
    spans = tree.resolve(ByteSpanPositionProvider)
    unchanged = truth_of(meaning_of(source))
    seen = {""}  # a source without meaning is not a mutant
    for mutation, place in zip(finder.mutations, finder.places, strict=True):
        code = changed(tree.module, spans, mutation)
        meaning = meaning_of(code)
        if meaning not in seen and truth_of(meaning) != unchanged:
            seen.add(meaning)
            yield place, code


def changed(
    module: cst.Module, spans: Mapping[cst.CSTNode, CodeSpan], mutation: Mutation
) -> str:
    """Return the source with a mutation."""
    old, new = mutation.original_node, mutation.mutated_node
    if old not in spans or isinstance(old, COMPOUND):  # which has lines of its own to indent
        mutated = module.deep_replace(old, new)
        assert isinstance(mutated, cst.Module)
        return mutated.code
    source, span = module.bytes, spans[old]
    before, after = source[: span.start], source[span.start + span.length :]
    return (before + module.code_for_node(new).strip().encode() + after).decode()


def meaning_of(source: str) -> str:
    """Return what source means; "" if it means nothing, such as `a = ` without a value."""
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return ""
    return ast.dump(ast.parse(source))


EMPTY = [ast.dump(ast.parse(code, mode="eval").body) for code in ("False", "None", "()")]


def truth_of(meaning: str) -> str:
    """Return a meaning in which `False`, `None` and `()` are the same."""
    for each in EMPTY:
        meaning = meaning.replace(each, "EMPTY")
    return meaning


def difference(before: str, after: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the lines that differ, apart from their places and indentation."""
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0))[2:]
    gone, come = (
        tuple(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+"
    )
    return gone, come
