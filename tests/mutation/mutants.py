"""The mutants of a module: its source with one small fault each.

Most are those of mutmut (a condition turned round, an argument left out, a text changed, ...).
It has none that leave a statement or a half of a condition out, so these are added.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import libcst as cst
from explained import Change
from libcst.metadata import ByteSpanPositionProvider, CodeSpan
from mutmut.mutation.file_mutation import Mutation, MutationVisitor
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode


@dataclass(frozen=True)
class Mutant:
    """A module with a fault."""

    change: Change
    code: str


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


OPERATORS = [
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
    """Goes through a module, and notes for each mutation in which function it is."""

    def __init__(self) -> None:
        super().__init__(OPERATORS, IgnoredCode(set(), set(), set()))
        self.functions: list[str] = []
        self._scope: list[str] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Keep to what runs: not to what is listed for others, nor to types."""
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self._scope.append(node.name.value)
        if isinstance(node, cst.Assign) and not self._scope:
            name = node.targets[0].target
            if isinstance(name, cst.Name) and (name.value == "__all__" or len(name.value) == 1):
                return False
        goes_in = super().on_visit(node)
        where = ".".join(self._scope) or "module"
        self.functions += [where] * (len(self.mutations) - len(self.functions))
        return goes_in

    def on_leave(self, original_node: cst.CSTNode) -> None:
        """Leave a function."""
        super().on_leave(original_node)
        if isinstance(original_node, cst.FunctionDef | cst.ClassDef):
            self._scope.pop()


def mutants_of(path: Path) -> list[Mutant]:
    """Return the mutants of a module, each once, in the order of its lines."""
    source = path.read_text(encoding="utf-8")
    finder = Finder()
    tree = cst.MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    tree.visit(finder)
    spans = tree.resolve(ByteSpanPositionProvider)
    seen = {ast.dump(ast.parse(source))}
    found: list[Mutant] = []
    for mutation, function in zip(finder.mutations, finder.functions, strict=True):
        code = changed(tree.module, spans, mutation)
        meaning = meaning_of(code)
        if meaning and meaning not in seen:
            seen.add(meaning)
            found.append(Mutant(change(path.stem, function, source, code), code))
    return found


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
    """Return what source means; "" if it means nothing, as `a = ` without a value."""
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return ""
    return ast.dump(ast.parse(source))


def change(module: str, function: str, before: str, after: str) -> Change:
    """Return what differs, apart from where it is and how it is indented."""
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0))[2:]
    gone, come = (
        tuple(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+"
    )
    return Change(module, function, gone, come)
