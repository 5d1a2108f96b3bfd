"""`Limit`: named slots that jobs share, whatever scheduler they are in.

`Terms` are what a job asks for besides its requirements: limits, and a time limit of its own.
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
"""What a user may give as ``limits=``: each limit, with a number of slots if it is not one."""

Needs: TypeAlias = "Mapping[Limit, int]"
"""How many slots of which limits."""

Change: TypeAlias = Callable[[Callable[[], None]], None]


class Desk:
    """Where a limit hands out its slots. The engine uses it; see `_run.limits`.

    Attributes:
        slots: how many there are.
        free: how many are not taken. Less than 0 if `slots` was made smaller meanwhile.
        loop: the event loop in which the limit is used; ``None`` if no run uses it.
        users: the runs that use it, each with the most slots that one of its jobs needs, and
            with that job.
        lines: the jobs that wait for slots. The engine keeps one line for each group of runs.
        holders: the nested schedulers that hold slots, or may ask for some while they run.
        change: calls a function in the thread of the loop, and starts jobs that can have slots
            then. Without a loop, it only calls the function.
        is_safe: tells whether all holders can end.
        alone: the terms of jobs that need one slot, and nothing else, once there are any.
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
        """Begin to hand out slots in an event loop. What an earlier loop has lost is back."""
        self.close()
        self.loop = loop
        self.change = change
        self.is_safe = is_safe

    def close(self) -> None:
        """Take all slots back, since no run uses the limit."""
        self.free = self.slots
        self.loop = None
        self.change = call
        self.is_safe = has_no_holders
        self.users.clear()
        self.lines.clear()
        self.holders.clear()

    def resize(self, slots: int, limit: Limit) -> None:
        """Change the number of slots of a limit, whose desk this is.

        Raises:
            ValueError: a job of a current run could never start.
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
    """Tell whether no holder is at a desk, since no run uses it."""
    return not desk.holders


class Limit:
    """Slots that jobs share. A job that has a limit starts only when it gets its slots.

    A job that needs several limits, or a slot of its window, takes all of them in one step. It
    gives them back at its end, however it ends. First come, first served. A limit can be
    shared by the jobs of several schedulers, nested or not, that run in one event loop.

    Args:
        slots: how many slots there are (jobs).
        label: the name of the limit in messages and listings; ``str()`` of it is shown.

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
        effect as jobs end. It can't be less than what a job of a current run needs, since
        that job could never start: that is a ValueError.
        """
        return self._desk.slots

    @slots.setter
    def slots(self, slots: int) -> None:
        self._desk.resize(_checked_slots(slots), self)

    @property
    def free(self) -> int:
        """How many slots are not taken now."""
        return max(0, self._desk.free)

    def __repr__(self) -> str:
        return f"<{name_of(self)} {self.free} of {self.slots} free>"

    # A copy of a job shares the limits of the job. A pickle has limits of its own.

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
    """Return where a limit hands out its slots."""
    return limit._desk


def _checked_slots(slots: int) -> int:
    rule = f"a Limit must have a number of slots, 1 or more, not {slots!r}"
    return whole_number(slots, rule, least=1)


def checked_needs(limits: Limits) -> Needs:
    """Return what a job needs of which limits; empty if it needs none.

    Args:
        limits: what the user gave. A limit that is named twice counts twice.

    Raises:
        TypeError: this is neither a limit nor a collection of limits.
        ValueError: a limit does not have as many slots.
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
    """Tell whether something is a limit and a number, as in ``(gpu, 2)``."""
    return isinstance(item, tuple) and len(item) == 2 and not isinstance(item[1], Limit | tuple)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


class Terms:
    """What a job asks for. Most jobs ask for nothing, and have none.

    Args:
        needs: how many slots of which limits it needs.
        timeout: how long it may run (seconds); ``None`` means no limit.
        identity: what a journal needs to know of it; ``None`` if that is its label only.

    Attributes:
        desks: the needs, by where the engine gets them.
        asks: whether it asks for anything that concerns a run.
        in_use: whether there have been any such terms at all in this program.
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
    """Return the terms of a job, or ``None`` if it asks for nothing.

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
    """Return the terms of a job, with what a journal needs to know of it."""
    if terms is None:
        return Terms({}, None, identity)
    return Terms(terms.needs, terms.timeout, identity)


def alone(limit: Limit) -> Terms:
    """Return the terms of all jobs that need one slot of this limit, and nothing else."""
    desk = desk_of(limit)
    desk.alone = desk.alone or Terms({limit: 1}, None)
    return desk.alone
