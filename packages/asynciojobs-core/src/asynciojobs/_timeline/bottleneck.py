"""`Bottleneck`: the jobs that held up a run, and what they waited for."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable, Iterator, Sequence
from heapq import nlargest
from typing import NamedTuple, overload

from .._dag.jobset import JobSet
from .._names import label_of
from .._text import NOLABEL, counted, duration_text, one_line
from ..job import AbstractJob
from ..limit import Limit
from .columns import cut
from .gantt import Number, rounding
from .links import Link
from .spans import LinkKind

__all__ = ["Bottleneck", "Wait"]

SHOWN = 40
"""How many links the text shows at most."""

NARROW = 20
"""The smallest width for the names of jobs (columns)."""

HEAD = ("from", "seconds", "share", "waited for", "job")


class Wait(NamedTuple):
    """How long the jobs of a bottleneck waited in one place.

    Example:
        >>> import asyncio
        >>> from asynciojobs import Job, Scheduler
        >>> s = Scheduler(*(Job(asyncio.sleep, 0.01) for _ in range(3)), jobs_window=1)
        >>> s.run()
        True
        >>> wait = s.bottleneck().waits[0]
        >>> wait.kind, f"{wait.seconds:.2f} s"
        (<LinkKind.SLOT: 'slot'>, '0.02 s')
    """

    at: Limit | JobSet
    """The scheduler with the window, or the limit."""
    kind: LinkKind
    """`SLOT` or `LIMIT`."""
    seconds: float
    """For how long at least one job of the chain waited there (seconds)."""
    place: str
    """A text, such as ``a slot of `boots` (jobs_window=2)``."""


class Bottleneck(Sequence[Link]):
    """The chain of jobs that held up a run: a sequence of links, in chronological order.

    ``str()`` returns a table of the links, followed by `sentence`.

    Args:
        links: the links.
        duration: how long the run took (seconds): the sum of the `seconds` of all links.

    Both are attributes, too.

    Attributes:
        waits: where the jobs of the chain waited for slots, the longest wait first.

    Example:
        >>> import asyncio
        >>> from asynciojobs import Job, Scheduler
        >>> boots = (Job(asyncio.sleep, 0.01, label=f"host{n}") for n in range(3))
        >>> s = Scheduler(*boots, label="boots", jobs_window=1)
        >>> s.run()
        True
        >>> [(link.job.label, str(link.kind)) for link in s.bottleneck()]
        [('host0', 'start'), ('host1', 'slot'), ('host2', 'slot')]
        >>> s.bottleneck().waits[0].place
        'a slot of `boots` (jobs_window=1)'
    """

    def __init__(self, links: Sequence[Link], duration: float) -> None:
        self.links: tuple[Link, ...] = tuple(links)
        self.duration: float = duration
        self.waits: tuple[Wait, ...] = waits_of(self.links)

    @overload
    def __getitem__(self, index: int) -> Link: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Link, ...]: ...

    def __getitem__(self, index: int | slice) -> Link | tuple[Link, ...]:
        return self.links[index]

    def __len__(self) -> int:
        return len(self.links)

    def __repr__(self) -> str:
        return f"<Bottleneck of {counted(len(self.links), 'link')}>"

    def __str__(self) -> str:
        return "\n".join([*self._table(), self.sentence])

    @property
    def sentence(self) -> str:
        """What held up the run, as one sentence."""
        whole = duration_text(self.duration)
        if self.waits:
            wait = self.waits[0]
            return f"{self._share(wait.seconds)} of {whole} was waiting for {wait.place}."
        if not self.links:
            return f"No job ran in {whole}."
        longest = max(self.links, key=lambda link: link.seconds)
        return (
            f"No job of this chain waited for a slot; {self._share(longest.seconds)} of "
            f"{whole} was `{one_line(' > '.join(longest.path))}`."
        )

    def _table(self) -> list[str]:
        number = rounding(self.duration)
        columns = shutil.get_terminal_size().columns
        rows = [HEAD]
        rows += [self._row(link, number) for link in longest_links(self.links)]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        room = max(NARROW, columns - sum(widths) - 8)
        lines = [
            f"{begin:>{widths[0]}}  {seconds:>{widths[1]}}  {share:>{widths[2]}}  "
            f"{kind:{widths[3]}}  {cut(name, room)}"
            for begin, seconds, share, kind, name in rows
        ]
        hidden = len(self.links) + 1 - len(rows)
        return [*lines, f"… {hidden} more"] if hidden else lines

    def _row(self, link: Link, number: Number) -> tuple[str, str, str, str, str]:
        return (
            number(link.start),
            number(link.seconds),
            self._share(link.seconds),
            str(link.kind),
            " > ".join(link.path),
        )

    def _share(self, seconds: float) -> str:
        return f"{100 * seconds / self.duration:.0f} %" if self.duration else "0 %"


def longest_links(links: Sequence[Link]) -> Iterator[Link]:
    """Yield the links that a text shows, in chronological order."""
    if len(links) <= SHOWN:
        return iter(links)
    places = nlargest(SHOWN, range(len(links)), key=lambda at: links[at].seconds)
    return (links[place] for place in sorted(places))


# -- the waits


def waits_of(links: Iterable[Link]) -> tuple[Wait, ...]:
    """Return where the jobs of a chain waited, the longest wait first."""
    times: dict[Limit | JobSet, list[tuple[float, float]]] = {}
    kinds: dict[Limit | JobSet, Link] = {}
    for link in links:
        start = link.waiter.start
        if link.at is not None and start is not None:
            times.setdefault(link.at, []).append((start - link.waited, start))
            kinds[link.at] = link
    waits = (
        Wait(at, kinds[at].kind, covered(its), place_of(at, kinds[at]))
        for at, its in times.items()
    )
    return tuple(sorted(waits, key=lambda wait: -wait.seconds))


def covered(times: Iterable[tuple[float, float]]) -> float:
    """Return how much time a list of (start, end) covers; overlaps count once (seconds).

    Example:
        >>> covered([(5, 6), (0, 2), (1, 3)])
        4.0
    """
    total, until = 0.0, -math.inf
    for start, end in sorted(times):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


def place_of(at: Limit | JobSet, link: Link) -> str:
    """Return a text for the place where a job waited for its slot."""
    if isinstance(at, Limit):
        name = "a limit" if at.label is None else f"the limit `{one_line(str(at.label))}`"
        return f"a slot of {name} ({counted(link.slots or at.slots, 'slot')})"
    label = label_of(at) if isinstance(at, AbstractJob) else NOLABEL
    name = "the window" if label == NOLABEL else f"`{one_line(label)}`"
    return f"a slot of {name} (jobs_window={link.slots})"
