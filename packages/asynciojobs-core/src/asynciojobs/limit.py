"""`Limit`: named slots that jobs share, even across schedulers.

`Terms` are what a job needs besides its requirements: limits, and its own time limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from ._checks import checked_seconds, whole_number
from ._text import counted, one_line

if TYPE_CHECKING:
    from ._identity import Identity

__all__ = ["Limit"]

Limits: TypeAlias = "Limit | tuple[Limit, int] | Iterable[Limit | tuple[Limit, int]] | None"
"""The values a user may pass as ``limits=``: limits, or pairs of a limit and a number."""

Needs: TypeAlias = "Mapping[Limit, int]"
"""How many slots a job needs, by limit."""

Change: TypeAlias = Callable[[Callable[[], None]], None]


class Desk:
    """Where a limit hands out its slots. The engine uses it; see `_run.limits`.

    Attributes:
        slots: how many there are.
        free: how many are not taken. Below 0 if `slots` was reduced in the meantime.
        loop: the event loop in which the limit is used; ``None`` if no run uses it.
        users: the runs that use it, each with the largest number of slots that one of its jobs
            needs, and with that job.
        lines: the jobs that wait for slots. The engine keeps one line for each group of runs.
        holders: the nested schedulers that hold slots, or may need some while they run.
        change: calls a function in the loop's thread, then starts the jobs that can now have
            slots. Without a loop, it only calls the function.
        is_safe: returns whether all holders can end.
        alone: the terms of jobs that need one slot and nothing else, once there are any.
    """

    __slots__ = (
        "alone",
        "change",
        "free",
        "holders",
        "is_safe",
        "lines",
        "loop",
        "slots",
        "users",
    )

    def __init__(self, slots: int) -> None:
        self.slots: int = slots
        self.free: int = slots
        self.loop: asyncio.AbstractEventLoop | None = None
        self.users: dict[object, tuple[int, Any]] = {}
        self.lines: dict[Any, Any] = {}
        self.holders: dict[Any, None] = {}
        self.change: Change = call
        self.is_safe: Callable[[Desk], bool] = has_no_holders
        self.alone: Terms | None = None

    def open(
        self, loop: asyncio.AbstractEventLoop, change: Change, is_safe: Callable[[Desk], bool]
    ) -> None:
        """Begin to hand out slots in an event loop. Slots lost with an old loop are free."""
        self.close()
        self.loop = loop
        self.change = change
        self.is_safe = is_safe

    def close(self) -> None:
        """Take all slots back; no run uses the limit any more."""
        self.free = self.slots
        self.loop = None
        self.change = call
        self.is_safe = has_no_holders
        self.users.clear()
        self.lines.clear()
        self.holders.clear()

    def resize(self, slots: int, limit: Limit) -> None:
        """Change the number of slots of the limit that this desk belongs to.

        Raises:
            ValueError: a job of a current run could then never start.
        """

        def resize() -> None:
            self._check_users(slots, limit)
            before = self.slots
            self._set(slots)
            if slots < before and not self.is_safe(self):
                self._set(before)
                raise ValueError(
                    f"{limit!r} can't have {counted(slots, 'slot')} now, since schedulers that "
                    "hold slots might wait for each other forever: wait until one of them ends"
                )

        self.change(resize)

    def _check_users(self, slots: int, limit: Limit) -> None:
        for most, job in self.users.values():
            if most > slots:
                raise ValueError(
                    f"{limit!r} can't have {counted(slots, 'slot')} now, since "
                    f"{job.repr_main()} needs {most} at once, together with the schedulers "
                    "around it: wait until its run is over"
                )

    def _set(self, slots: int) -> None:
        self.free += slots - self.slots
        self.slots = slots


def call(function: Callable[[], None]) -> None:
    """Call a function."""
    function()


def has_no_holders(desk: Desk) -> bool:
    """Return whether a desk has no holders, since no run uses it."""
    return not desk.holders


class Limit:
    """Slots that jobs share. A job with a limit starts only when it gets its slots.

    A job that needs several limits, or a slot of its window, takes all of them in one step. It
    gives them back when it ends, in whatever way. First come, first served. The jobs of several
    schedulers, nested or not, can share a limit if they run in the same event loop.

    Args:
        slots: how many slots there are.
        label: the name of the limit in messages and listings, shown as ``str(label)``.

    Raises:
        TypeError: `slots` is not an int.
        ValueError: `slots` is less than 1.

    Example:
        >>> import asyncio
        >>> from asynciojobs import Job, Limit, Scheduler
        >>> ssh = Limit(2, "ssh")
        >>> async def reboot(host):
        ...     print(host, ssh)
        >>> Scheduler(*(Job(reboot, host, limits=ssh) for host in ("h1", "h2"))).run()
        h1 <Limit `ssh` 0 of 2 free>
        h2 <Limit `ssh` 1 of 2 free>
        True
        >>> ssh
        <Limit `ssh` 2 of 2 free>
    """

    __slots__ = ("__weakref__", "_desk", "label")

    def __init__(self, slots: int, label: object = None) -> None:
        self._desk = Desk(_checked_slots(slots))
        self.label: object = label

    @property
    def slots(self) -> int:
        """How many slots there are.

        It can be set at any time. A larger number starts jobs at once. A smaller one takes
        effect as jobs end. If it is less than a job of a current run needs, that job could
        never start: this raises a ValueError.
        """
        return self._desk.slots

    @slots.setter
    def slots(self, slots: int) -> None:
        self._desk.resize(_checked_slots(slots), self)

    @property
    def free(self) -> int:
        """How many slots are free now."""
        return max(0, self._desk.free)

    def __repr__(self) -> str:
        return f"<{name_of(self)} {self.free} of {self.slots} free>"

    # A copy of a job shares the job's limits. A pickle has limits of its own.

    def __copy__(self) -> Limit:
        return self

    def __deepcopy__(self, memo: object) -> Limit:
        return self

    def __reduce__(self) -> tuple[type[Limit], tuple[int, object]]:
        return Limit, (self.slots, self.label)


def name_of(limit: Limit) -> str:
    """Return the name of a limit in messages, as in ``Limit `ssh```."""
    return "Limit" if limit.label is None else f"Limit `{one_line(str(limit.label))}`"


def desk_of(limit: Limit) -> Desk:
    """Return the desk of a limit, where it hands out its slots."""
    return limit._desk


def _checked_slots(slots: int) -> int:
    rule = f"a Limit must have a number of slots, 1 or more, not {slots!r}"
    return whole_number(slots, rule, least=1)


def checked_needs(limits: Limits) -> Needs:
    """Return how many slots of each limit a job needs; empty if it needs none.

    Args:
        limits: what the user gave. Slots of a limit that is named twice are added up.

    Raises:
        TypeError: it is neither a limit nor a collection of limits.
        ValueError: a limit does not have that many slots.
    """
    needs: dict[Limit, int] = {}
    for item in _as_items(limits):
        limit, count = item if _is_pair(item) else (item, 1)
        if not isinstance(limit, Limit):
            raise TypeError(
                "limits must be a Limit, or a list of limits and pairs such as (limit, 2), "
                f"not {limits!r}"
            )
        named = name_of(limit)
        rule = f"a job must need a number of slots of {named}, 1 or more, not {count!r}"
        needs[limit] = needs.get(limit, 0) + whole_number(count, rule, least=1)
    for limit, count in needs.items():
        if count > limit.slots:
            raise ValueError(
                f"a job can't have {count} slots of {limit!r}: it could never start"
            )
    return needs


def _as_items(limits: Any) -> Iterable[Any]:
    if limits is None:
        return ()
    if isinstance(limits, Limit) or _is_pair(limits):
        return (limits,)
    if isinstance(limits, Mapping):
        return tuple(limits.items())  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(limits, Iterable) and not isinstance(limits, str | bytes):
        return tuple(limits)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return (limits,)


def _is_pair(item: Any) -> bool:
    """Return whether something is a limit and a number, as in ``(gpu, 2)``."""
    return isinstance(item, tuple) and len(item) == 2 and not isinstance(item[1], Limit | tuple)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


class Terms:
    """What a job needs. Most jobs need nothing, and have no terms.

    Args:
        needs: how many slots of each limit it needs.
        timeout: how long it may run (seconds); ``None`` means no limit.
        identity: what a journal needs to know about it besides its label, if anything.

    Attributes:
        desks: the needs, by the desk that hands them out.
        asks: whether the job needs anything that concerns a run.
        in_use: whether this program has ever made such terms.
    """

    __slots__ = ("asks", "desks", "identity", "needs", "timeout")

    in_use: ClassVar[bool] = False

    def __init__(
        self, needs: Needs, timeout: float | None, identity: Identity | None = None
    ) -> None:
        self.needs: Needs = needs
        self.timeout: float | None = timeout
        self.identity: Identity | None = identity
        self.desks: dict[Desk, int] = {desk_of(limit): count for limit, count in needs.items()}
        self.asks: bool = bool(needs) or timeout is not None
        if self.asks:
            Terms.in_use = True

    def __reduce__(
        self,
    ) -> tuple[Callable[..., Any], tuple[Needs, float | None, Identity | None]]:
        return Terms, (self.needs, self.timeout, self.identity)


def checked_terms(limits: Limits, timeout: float | None) -> Terms | None:
    """Return the terms of a job, or ``None`` if it needs nothing.

    Raises:
        TypeError: see `checked_needs()` and `checked_seconds()`.
        ValueError: see there.
    """
    if timeout is None and isinstance(limits, Limit):
        return alone(limits)
    needs = checked_needs(limits)
    seconds = checked_seconds("timeout", timeout)
    return Terms(needs, seconds) if needs or seconds is not None else None


def with_identity(terms: Terms | None, identity: Identity) -> Terms:
    """Return the terms of a job, with what a journal needs to know about it."""
    if terms is None:
        return Terms({}, None, identity)
    return Terms(terms.needs, terms.timeout, identity)


def alone(limit: Limit) -> Terms:
    """Return the terms shared by all jobs that need one slot of this limit and nothing else."""
    desk = desk_of(limit)
    desk.alone = desk.alone or Terms({limit: 1}, None)
    return desk.alone
