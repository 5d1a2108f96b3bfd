"""The graph of a scheduler as text in the Mermaid language: the one place that writes it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping

from asynciojobs._dag.jobset import JobSet
from asynciojobs.job import AbstractJob, AnyJob

from ._labels import contents, label_of, presentable
from ._picture import Box, Cluster, Node, Picture, picture_of
from ._status import status_of, status_text
from .style import COLOR

__all__ = ["MOST_ARROWS", "MOST_CHARACTERS", "mermaid_format"]

MOST_ARROWS = 500
"""What Mermaid draws unless it is told otherwise (``maxEdges``); beyond, it shows an error."""

MOST_CHARACTERS = 50_000
"""Likewise (``maxTextSize``), counted in UTF-16 as JavaScript does: an emoji is two."""

MOST_LEVELS = 200
"""Of subgraphs in subgraphs: a browser parses 512 elements inside of each other, two each."""

HEAD = "flowchart LR\n"
# The title of a subgraph has room for one line, and what is inside is drawn over the others.
ROOM = '%%{{init: {{"flowchart": {{"subGraphTitleMargin": {{"bottom": {}}}}}}}}}%%\n'
LINE_HEIGHT = 24  # pixels
ARROW_COLOR = "#808080"  # seen on fills and on the page, be it light or dark
INDENT = "  "
DEEPEST_INDENT = 8  # levels; where thousands are nested, the text would be little but spaces

# Spaces and empty lines that HTML would not show. What is written for them is not U+00A0: a
# browser calls that `&nbsp;` in the SVG, which is no XML then, and JupyterLab shows a broken
# image.
HIDDEN_SPACES = re.compile("^ |(?<= ) | $|^$|\xa0", re.MULTILINE)
SPACE = "\u2005"  # a quarter of an em, as wide as the space of most fonts

# What Mermaid 10 and 11 take for something else, even between quotes. In some versions a
# label is Markdown: emphasis, code and strikethrough are drawn as such, lists, headings,
# rules, quotes and links are replaced by "Unsupported markdown: list". Line ends are written
# as such: where there is `<br/>`, Mermaid 11 reads the label again when it has put in what
# the entity codes stand for.
SPECIAL = re.compile(
    rf"""
    ["{SPACE}]
    | [&<>\\$]                    # HTML, `\n`, formulas such as $$x$$
    | [*`~\[@] | (?<![^\W_])_ | _(?![^\W_])
    | ^[-+=|:\#] | ^\d(?=\d*[.)](?:\s|$))
    | \#(?=\w+;)                  # an entity code
    | :(?=//|fa-)                 # an address, an icon of Font Awesome
    | (?<=[wW]{{3}})\.
    | %(?=[%{{])                  # a comment, a directive
    | (?<=direction)\s            # such as `direction TB`, anywhere in a line
    | \ufb02(?=\xb0) | \xb6(?=\xdf)  # what stands for # and ; inside of Mermaid
    """,
    re.MULTILINE | re.VERBOSE,
)
CODES = {
    '"': "#quot;",
    "&": "#amp;",
    "<": "#lt;",
    ">": "#gt;",
    # Entities of these are decoded twice. A word joiner is not seen.
    "\ufb02": "\ufb02\u2060",
    "\xb6": "\xb6\u2060",
}
# Mermaid drops the last semicolon of such a line, wherever the word is.
LOSES_SEMICOLON = re.compile(r"(?:style|classDef).*:\S*#.*;")

COLOR_VALUE = re.compile("[A-Za-z]+|#[0-9A-Fa-f]{6}(?:[0-9A-Fa-f]{2})?")
WIDTH = re.compile(r"\d+(?:\.\d+)?")
DASHES = {"dashed": "6 4", "dotted": "2 3"}


def mermaid_format(job_set: JobSet, *, status: bool = False, depth: int | None = None) -> str:
    """Return the graph of a scheduler in the Mermaid language.

    GitHub, GitLab and JupyterLab draw it by themselves, in a ```` ```mermaid ```` block of
    Markdown.

    Where there are more than 500 arrows, 50,000 characters or 200 levels, which Mermaid does
    not draw, as few levels of nested schedulers are closed as will do; if the outermost level
    alone is too much, the picture is one box. A comment at the top of the text says so.

    Of what `dot_style()` returns, these attributes are shown: ``style`` (rounded, dashed,
    dotted, bold, filled), ``color``, ``penwidth``, ``fillcolor`` and ``fontcolor``, if colours
    are names without digits, or ``#rrggbb``. The usual colour is left to the reader's theme.

    Args:
        job_set: the scheduler.
        status: colour the jobs by how they stand, and say it in a line of their labels.
        depth: how many levels of nested schedulers are opened; ``None`` is all of them.

    Returns:
        the text; it is the same each time, for the same scheduler.

    Raises:
        TypeError: the depth is not an int.
        ValueError: the depth is negative, or a scheduler is nested in itself.

    Example:
        >>> from asynciojobs import PrintJob, Scheduler, Sequence
        >>> jobs = Sequence(PrintJob("a", label="one"), PrintJob("b", label="two"))
        >>> print(mermaid_format(Scheduler(jobs)))
        flowchart LR
          j1("1: one")
          j2("2: two")
          j1 --> j2
          classDef critical stroke:#a4243b,stroke-width:2px
          class j1,j2 critical
        <BLANKLINE>
    """
    drawing = _Drawing(picture_of(job_set, depth=depth), status=status)
    if drawing.fits():
        return drawing.text
    return _collapsed(job_set, drawing, status=status)


def _collapsed(job_set: JobSet, whole: _Drawing, *, status: bool) -> str:
    """Return the text with as many levels as Mermaid draws.

    Fewer levels make less text, so the number is found by bisection: O((V+E) log levels).
    """

    def attempt(depth: int) -> _Drawing:
        picture = picture_of(job_set, depth=depth)
        return _Drawing(picture, status=status, comment=whole.excuse(depth))

    depths = range(min(whole.levels, MOST_LEVELS + 1))
    too_many = bisect_left(depths, True, key=lambda depth: not attempt(depth).fits())
    if too_many:
        return attempt(too_many - 1).text
    return (
        f"{HEAD}{INDENT}%% {whole.excuse(None)}\n{INDENT}{_only_box(job_set, status=status)}\n"
    )


def _only_box(job_set: JobSet, *, status: bool) -> str:
    name = type(job_set).__name__
    state = []
    if isinstance(job_set, AbstractJob):
        name = job_set._shown_text() if job_set.label is not None else name
        state = [status_text(job_set)] if status else []
    label = "\n".join([presentable(name), contents(job_set), *state])
    return f"s0[{quoted(label)}]"


class _Drawing:
    """A picture that is written, whether or not Mermaid would draw it.

    Attributes:
        levels: how many levels of nested schedulers are open.
        size: the length of the text in JavaScript.
    """

    def __init__(self, picture: Picture, *, status: bool, comment: str = "") -> None:
        self.status = status
        self.levels = 0
        self.title_lines = 1
        self.looks = _Looks()
        arrows = picture.arrows
        lines = [f"%% {comment}"] if comment else []
        lines.extend(self.nodes(picture))
        lines.extend(f"{_id(tail)} --> {_id(head)}" for tail, head in arrows)
        lines.extend(self.looks.lines())
        if status and arrows:
            lines.append(f"linkStyle default stroke:{ARROW_COLOR}")
        self.text = "".join([self.head(), *(f"{INDENT}{line}\n" for line in lines)])
        self.size = len(self.text.encode("utf-16-le")) // 2
        self.arrows = len(arrows)

    def head(self) -> str:
        if self.title_lines == 1:
            return HEAD
        return f"{ROOM.format(LINE_HEIGHT * (self.title_lines - 1))}{HEAD}"

    def fits(self) -> bool:
        """Tell whether Mermaid draws it."""
        return (
            self.arrows <= MOST_ARROWS
            and self.size <= MOST_CHARACTERS
            and self.levels <= MOST_LEVELS
        )

    def excuse(self, depth: int | None) -> str:
        """Return why not all of this drawing is shown, but some of its levels or none."""
        shown = "as one box" if depth is None else f"with depth={depth}"
        return (
            f"drawn {shown}: the most that Mermaid draws is {MOST_ARROWS} arrows, "
            f"{MOST_CHARACTERS:,} characters and {MOST_LEVELS} levels; the whole has "
            f"{self.arrows:,}, {self.size:,} and {self.levels:,}"
        )

    def nodes(self, picture: Picture) -> Iterator[str]:
        """Yield a line for each box, and some for each cluster."""
        level = 0
        for step in picture.steps:
            level -= step[0] == "close"
            indent = INDENT * min(level, DEEPEST_INDENT)
            match step:
                case "box", box:
                    yield f"{indent}{self.box(box)}"
                case "open", cluster:
                    yield from (f"{indent}{line}" for line in self.begin_of(cluster))
                    level += 1
                    self.levels = max(self.levels, level)
                case _:
                    yield f"{indent}end"

    def box(self, box: Box) -> str:
        is_round = "rounded" in _styles(self.look(box))
        lines = [contents(box.job)] if isinstance(box.job, JobSet) else []
        label = quoted(self.label(box, *lines))
        return f"{_id(box)}({label})" if is_round else f"{_id(box)}[{label}]"

    def begin_of(self, cluster: Cluster) -> Iterator[str]:
        self.look(cluster)
        label = self.label(cluster)
        yield f"subgraph {_id(cluster)} [{quoted(label)}]"
        if not cluster.is_empty:  # Mermaid draws it as a box
            self.title_lines = max(self.title_lines, label.count("\n") + 1)
            yield f"{INDENT}direction LR"  # it would be TB in each second level

    def label(self, node: Node, *lines: str) -> str:
        state = [status_text(node.job)] if self.status else []
        return "\n".join([label_of(node.job, node.rank), *lines, *state])

    def look(self, node: Node) -> Mapping[str, object]:
        """Take note of a node's look; return the attributes that its job gives."""
        attributes: dict[str, object] = dict(node.job.dot_style())
        kinds = [kind for kind, holds in _kinds(node.job).items() if holds]
        if self.status:
            state = status_of(node.job).value
            attributes["style"] = f"{attributes.get('style', '')},filled"
            attributes["fillcolor"] = state.fill
            kinds.append(state.word)
        self.looks.add(_id(node), css_of(attributes), "_".join(kinds) or "other")
        return attributes


class _Looks:
    """The classes of a text: one for each look, but for the usual one."""

    def __init__(self) -> None:
        self.names: dict[tuple[str, str], str] = {}  # by the name that was wished, and the CSS
        self.members: dict[str, list[str]] = {}  # the ids of the nodes, by the name
        self.css: dict[str, str] = {}

    def add(self, identifier: str, css: str, wish: str) -> None:
        """Take in a node, with its look as CSS, and what this would best be called."""
        if not css:
            return
        name = self.names.get((wish, css))
        if name is None:
            name = f"{wish}{len(self.css)}" if wish in self.css else wish
            self.names[wish, css] = name
            self.css[name] = css
            self.members[name] = []
        self.members[name].append(identifier)

    def lines(self) -> Iterator[str]:
        for name, css in self.css.items():
            yield f"classDef {name} {css}"
            yield f"class {','.join(self.members[name])} {name}"


def quoted(label: str) -> str:
    r"""Return a label as a Mermaid string, which is drawn as just that text.

    What most labels have is left as it is.

    Example:
        >>> print(quoted('04: say "hello" (twice)\n50% of <b>'))
        "04: say #quot;hello#quot; (twice)
        50% of #lt;b#gt;"
    """
    text = SPECIAL.sub(_code, HIDDEN_SPACES.sub(SPACE, label))
    if LOSES_SEMICOLON.search(text):
        text = text.replace(":", "#58;")
    return f'"{text}"'


def _code(match: re.Match[str]) -> str:
    sign = match[0]
    return CODES.get(sign) or f"#{ord(sign)};"


def css_of(attributes: Mapping[str, object]) -> str:
    """Return DOT attributes as the CSS of a Mermaid class, without what is usual.

    Example:
        >>> css_of({"style": "rounded,dashed", "color": "red", "penwidth": 2})
        'stroke:red,stroke-width:2px,stroke-dasharray:6 4'
    """
    styles = _styles(attributes)
    filled = _color(attributes.get("fillcolor")) if "filled" in styles else None
    width = str(attributes.get("penwidth", 2 if "bold" in styles else 1))
    color = _color(attributes.get("color"))
    found = {
        "stroke": color if color != COLOR else None,
        "stroke-width": f"{width}px" if WIDTH.fullmatch(width) and float(width) != 1 else None,
        "stroke-dasharray": next((DASHES[name] for name in styles if name in DASHES), None),
        "fill": filled,
        # a fill that is told apart from black text is not so from the white one of a theme
        "color": _color(attributes.get("fontcolor")) or ("#000000" if filled else None),
    }
    return ",".join(f"{name}:{value}" for name, value in found.items() if value)


def _color(value: object) -> str | None:
    text = str(value)
    return text if value is not None and COLOR_VALUE.fullmatch(text) else None


def _styles(attributes: Mapping[str, object]) -> list[str]:
    return [name.strip() for name in str(attributes.get("style", "")).split(",")]


def _kinds(job: AnyJob) -> dict[str, bool]:
    return {"critical": job.is_critical(), "forever": job.forever}


def _id(node: Node) -> str:
    return f"{'s' if isinstance(node.job, JobSet) else 'j'}{node.rank}"
