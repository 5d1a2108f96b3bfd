"""The list of the mutants that no test can or should tell: `docs/design/mutants.md`."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = ROOT / "packages" / "asynciojobs-core" / "src" / "asynciojobs"
LIST = ROOT / "docs" / "design" / "mutants.md"


@dataclass(frozen=True)
class Change:
    """What a mutant changes; lines moved or indented otherwise make no difference.

    Attributes:
        module: its name.
        function: its qualified name; "module" is the top level.
        before: the lines that are gone, stripped.
        after: those in their place.
    """

    module: str
    function: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"@ {self.module} {self.function}"]
        lines += [f"- {line}" for line in self.before]
        lines += [f"+ {line}" for line in self.after]
        return "\n".join(lines)


def explained(text: str) -> list[Change]:
    """Return the changes of the ``diff`` blocks of a list.

    A change opens with a line ``@ module function``; a further one in the same function need
    not repeat it, but for one behind a change that puts nothing in the place of what is gone.
    """
    found: list[Change] = []
    for block in re.findall(r"^```diff\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        where = ("", "")
        before: list[str] = []
        after: list[str] = []
        for line in [*block.splitlines(), "@"]:
            if before and (line.startswith("@") or (after and line.startswith("-"))):
                found.append(Change(*where, tuple(before), tuple(after)))
                before, after = [], []
            match line[:1], line[1:].strip():
                case "@", place:
                    module, _, function = place.partition(" ")
                    where = (module, function)
                case "-", code:
                    before.append(code)
                case "+", code:
                    after.append(code)
                case _:
                    raise ValueError(f"{line!r} is neither @, - nor +")
    return found


def lines_of(module: str, function: str) -> list[str]:
    """Return the lines of a function, stripped; none if there is no such function."""
    source = (MODULES / f"{module}.py").read_text(encoding="utf-8")
    node: ast.AST = ast.parse(source)
    for name in [] if function == "module" else function.split("."):
        inside = (each for each in ast.walk(node) if getattr(each, "name", None) == name)
        found = next(inside, None)
        if found is None:
            return []
        node = found
    lines = source.splitlines()
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        lines = lines[node.lineno - 1 : node.end_lineno]
    return [line.strip() for line in lines]


def is_there(change: Change) -> bool:
    """Tell whether the lines that a change replaces are in its function still."""
    lines = lines_of(change.module, change.function)
    size = len(change.before)
    return any(
        tuple(lines[start : start + size]) == change.before for start in range(len(lines))
    )
