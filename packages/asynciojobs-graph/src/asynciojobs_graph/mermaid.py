"""The graph of a scheduler in the Mermaid language, never larger than Mermaid can draw."""

from __future__ import annotations

from bisect import bisect_left

from asynciojobs._dag.jobset import JobSet

from ._flowchart import Flowchart, flowchart, flowchart_of_one_box
from ._labels import label_of_whole
from ._picture import picture_of
from ._rankdir import check_rankdir

__all__ = ["MOST_ARROWS", "MOST_CHARACTERS", "mermaid_format"]

MOST_ARROWS = 500
"""How many arrows Mermaid draws by default (``maxEdges``). With more, it shows an error."""

MOST_CHARACTERS = 50_000
"""How long a text Mermaid draws by default (``maxTextSize``).

JavaScript counts in UTF-16, where an emoji is two characters.
"""

MOST_LEVELS = 200
"""How many levels of subgraphs are drawn.

A browser parses elements that are nested up to 512 deep, and each level takes two.
"""


def mermaid_format(
    job_set: JobSet, *, status: bool = False, depth: int | None = None, rankdir: str = "LR"
) -> str:
    """Return the graph of a scheduler in the Mermaid language.

    GitHub, GitLab and JupyterLab draw it if it is in a ```` ```mermaid ```` block of Markdown.

    Mermaid draws at most 500 arrows, 50,000 characters and 200 levels. If there is more, the
    innermost levels of nested schedulers are closed until Mermaid can draw the rest. If even
    the outermost level is too much, the picture is a single box. A comment at the top of the
    text says so.

    These attributes of `dot_style()` are supported: ``style`` (rounded, dashed, dotted, bold,
    filled), ``color``, ``penwidth``, ``fillcolor`` and ``fontcolor``. Colours must be
    ``#rrggbb`` or names without digits. The usual colour is left to the reader's theme.

    Args:
        job_set: the scheduler.
        status: whether to colour each job by its status, and add the status to its label.
        depth: how many levels of nested schedulers to open; ``None`` opens all.
        rankdir: see `dot_format()`.

    Returns:
        the text; it is always the same for the same scheduler.

    Raises:
        TypeError: the depth is not an int.
        ValueError: the depth is negative, `rankdir` is not a direction, or a scheduler is
            nested in itself.

    Example:
        >>> from asynciojobs import PrintJob, Scheduler, Sequence
        >>> jobs = Sequence(PrintJob("a", label="one"), PrintJob("b", label="two"))
        >>> print(mermaid_format(Scheduler(jobs)))
        flowchart LR
          j1("1: one")
          j2("2: two")
          j1 --> j2
          classDef critical stroke:#2b5c8a,stroke-width:2px
          class j1,j2 critical
        <BLANKLINE>
    """
    check_rankdir(rankdir)
    whole = flowchart(picture_of(job_set, depth=depth), status=status, rankdir=rankdir)
    if _is_drawable(whole):
        return whole.text
    return _collapsed(job_set, whole, status=status, rankdir=rankdir)


def _is_drawable(chart: Flowchart) -> bool:
    return (
        chart.arrows <= MOST_ARROWS
        and chart.size <= MOST_CHARACTERS
        and chart.levels <= MOST_LEVELS
    )


def _collapsed(job_set: JobSet, whole: Flowchart, *, status: bool, rankdir: str) -> str:
    """Return the text with as many open levels as Mermaid can draw.

    Each level makes the text longer, so bisection finds the number: O((V+E) log levels).
    """

    def opened(depth: int) -> Flowchart:
        comment = _comment(f"with {depth=}", whole)
        picture = picture_of(job_set, depth=depth)
        return flowchart(picture, status=status, rankdir=rankdir, comment=comment)

    depths = range(min(whole.levels, MOST_LEVELS + 1))
    too_deep = bisect_left(depths, True, key=lambda depth: not _is_drawable(opened(depth)))
    if too_deep:
        return opened(too_deep - 1).text
    label = label_of_whole(job_set, status=status)
    comment = _comment("as one box", whole)
    return flowchart_of_one_box(label, rankdir=rankdir, comment=comment)


def _comment(shown: str, whole: Flowchart) -> str:
    """Return the comment that explains why not everything is shown."""
    return (
        f"drawn {shown}: the most that Mermaid draws is {MOST_ARROWS} arrows, "
        f"{MOST_CHARACTERS:,} characters and {MOST_LEVELS} levels; the whole has "
        f"{whole.arrows:,}, {whole.size:,} and {whole.levels:,}"
    )
