"""What copies, deep copies and pickles of jobs, schedulers and sequences have in common.

A job refers to the jobs that it requires, and a scheduler to its jobs. Python follows each
reference as soon as it meets it, so a chain of two thousand jobs would recurse two thousand
deep. So the first object that is copied takes along all objects that can be reached from it, as
two flat lists: first empty objects of the right classes, then the state of each. When a state
is restored, all objects that it refers to exist already.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar

__all__ = ["Copyable", "Shared", "fields_of"]

Fields: TypeAlias = dict[str, Any]

State: TypeAlias = tuple[Fields | None, Any]
"""The fields of our own classes, if a class overrides how it is pickled; and its state."""

if TYPE_CHECKING:
    C = TypeVar("C", bound="Copyable")

OWN_PACKAGES = "asynciojobs"
"""The common beginning of the names of our own modules."""


class Copyable:
    """An object that can be copied and pickled. A copy is in no run.

    A subclass with attributes that can't be copied may define ``__getstate__()``. There,
    ``super().__getstate__()`` returns a new dict of all attributes. ``__setstate__()`` takes
    such a dict.
    """

    __slots__ = ()

    # Each of our classes does its own part, without `super()`:
    # - `_begin_copy(self)` sets the attributes that are not copied, on an empty object;
    # - `_prepare_copy(self, fields)` changes the dict of attributes for a copy, since a copy is
    #   in no run;
    # - `_finish_copy(self, fields)` sets some attributes, and removes them from the dict;
    # - `_copied_along(self)` returns the objects that this one refers to.

    def __getstate__(self) -> Any:
        fields = fields_of(self)
        for prepare in parts(type(self), "_prepare_copy"):
            prepare(self, fields)
        return fields

    def __setstate__(self, state: Any) -> None:
        set_fields(self, joined(state))

    def __copy__(self) -> Self:
        made = empty(type(self))
        restore(made, state_of(self))
        return made

    def __reduce_ex__(self, _: object) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        if Shells.include(self):
            return empty, (type(self),)
        shells = Shells(reached_from(self))
        return last_restored, (shells, States(shells))


def parts(kind: type[Copyable], name: str) -> list[Callable[..., Any]]:
    """Return the functions of this name that a class and its bases define, nearest first."""
    return [vars(base)[name] for base in kind.__mro__ if name in vars(base)]


def fields_of(thing: Copyable) -> Fields:
    """Return all attributes of an object, including those in slots."""
    return joined(object.__getstate__(thing))


def joined(state: Any) -> Fields:
    """Return a state as a single dict. Python's is a dict, or two if there are slots."""
    dicts: list[Any] = [*state] if isinstance(state, tuple) else [state]
    return {name: value for part in dicts if part for name, value in part.items()}


def empty(kind: type[C]) -> C:
    """Return an object without its attributes."""
    made = object.__new__(kind)
    for begin in parts(kind, "_begin_copy"):
        begin(made)
    return made


def set_fields(made: Copyable, fields: Fields) -> None:
    """Set the attributes of a copy. This uses up the dict."""
    for finish in parts(type(made), "_finish_copy"):
        finish(made, fields)
    for name, value in fields.items():
        object.__setattr__(made, name, value.thing if isinstance(value, Shared) else value)


def state_of(thing: Copyable) -> State:
    """Return what `restore` needs to make a copy of an object."""
    state = thing.__getstate__()
    kind = type(thing)
    if kind.__getstate__ is GETSTATE and kind.__setstate__ is SETSTATE:
        return None, state
    # The user's class may have left out our attributes, as `return self.__dict__.copy()` does,
    # or added attributes that must not be copied.
    ours, names = GETSTATE(thing), own_names(kind)
    if kind.__setstate__ is SETSTATE or isinstance(state, dict):
        state = {name: value for name, value in joined(state).items() if name not in names}
    return {name: value for name, value in ours.items() if name in names}, state


def own_names(kind: type) -> set[str]:
    """Return the names of the attributes that belong to our own classes."""
    return {
        name
        for base in kind.__mro__
        if base.__module__.startswith(OWN_PACKAGES)
        for name in (*vars(base).get("__slots__", ()), *vars(base).get("_own_fields", ()))
    }


def restore(made: Copyable, state: State) -> None:
    """Give an empty object its attributes."""
    ours, rest = state
    if ours is None:
        made.__setstate__(rest)
        return
    set_fields(made, dict(ours))
    made.__setstate__(rest)


def reached_from(start: Copyable) -> list[Copyable]:
    """Return an object and all that it can reach, each after the objects that it refers to.

    This is a depth-first search without recursion; O(V+E). On a cycle, there is no such order.
    """
    order: list[Copyable] = []
    seen = {id(start)}
    path = [(start, copied_along(start))]
    while path:
        for other in path[-1][1]:
            if id(other) not in seen:
                seen.add(id(other))
                path.append((other, copied_along(other)))
                break
        else:
            order.append(path.pop()[0])
    return order


def copied_along(thing: Copyable) -> Iterator[Copyable]:
    """Yield the objects that an object refers to."""
    for along in parts(type(thing), "_copied_along"):
        yield from along(thing)


class UnderWay(threading.local):
    """The empty objects that are being copied in this thread.

    It is a weak reference, so nothing is kept if pickling fails.
    """

    shells: weakref.ref[Shells] | None = None


under_way = UnderWay()


class Shells:
    """Represents some objects. A copy or pickle of it becomes a list of empty objects.

    Args:
        things: the objects.
    """

    __slots__ = ("__weakref__", "_before", "_pending", "_things")

    def __init__(self, things: Collection[Copyable]) -> None:
        self._things = things
        self._pending = set(map(id, things))
        self._before: weakref.ref[Shells] | None = None

    @staticmethod
    def include(thing: Copyable) -> bool:
        """Return whether to copy an object without its state, which follows; true only once."""
        shells = None if under_way.shells is None else under_way.shells()
        return shells is not None and shells.take(thing)

    def take(self, thing: Copyable) -> bool:
        """Note that an object is being copied; return whether it still had to be."""
        if id(thing) not in self._pending:
            return False
        self._pending.remove(id(thing))
        return True

    def __reduce__(self) -> tuple[Any, ...]:
        self._before = under_way.shells
        under_way.shells = weakref.ref(self)
        return list, (), None, iter(self._things)

    def complete(self) -> Iterator[Copyable]:
        """Note that all empty objects exist; return the objects that were copied for this."""
        under_way.shells = self._before
        return (thing for thing in self._things if id(thing) not in self._pending)


class States:
    """Represents the states. A copy or pickle of it becomes a list of objects and states.

    Args:
        shells: the empty objects.
    """

    __slots__ = ("_shells",)

    def __init__(self, shells: Shells) -> None:
        self._shells = shells

    def __reduce__(self) -> tuple[Any, ...]:
        new = self._shells.complete()
        return list, (), None, ((thing, state_of(thing)) for thing in new)


def last_restored(things: list[Copyable], states: Iterable[tuple[Copyable, State]]) -> Copyable:
    """Give objects their attributes; return the last one, which leads to all of them."""
    for thing, state in states:
        restore(thing, state)
    return things[-1]


class Shared:
    """Something that a copy shares with its original, such as an executor.

    Args:
        thing: the shared object.
        refuse: returns the error to raise on pickling; ``None`` if the thing can be pickled.
    """

    __slots__ = ("_refuse", "thing")

    def __init__(self, thing: object, refuse: Callable[[], Exception] | None) -> None:
        self.thing = thing
        self._refuse = refuse

    def __deepcopy__(self, memo: object) -> Shared:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        if self._refuse is not None:
            raise self._refuse()
        return Shared, (self.thing, None)


GETSTATE = Copyable.__getstate__
SETSTATE = Copyable.__setstate__
