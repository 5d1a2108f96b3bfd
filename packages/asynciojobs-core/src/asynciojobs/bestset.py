"""`BestSet`, a set that keeps the order in which its members were added.

Requirements and jobs are sets: their order does not matter to a run. It does matter to people,
who want listings, pictures and ids in the order in which they wrote the jobs.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, MutableSet
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, TypeVar

__all__ = ["BestSet", "InsertionSet"]

T = TypeVar("T", bound=Hashable)


class InsertionSet(MutableSet[T]):
    """A set that iterates in the order of insertion. It uses a ``dict``, so each step is O(1).

    It has the operators and methods of the built-in ``set``. It equals any set with the same
    members, in any order.

    Args:
        members: the initial members.

    Example:
        >>> s = InsertionSet("banana")
        >>> s.add("c"), "".join(s)
        (None, 'banc')
        >>> s == {"a", "b", "c", "n"}
        True
    """

    __slots__ = ("_members", "_removals")

    def __init__(self, members: Iterable[T] = ()) -> None:
        self._members: dict[T, None] = dict.fromkeys(members)
        # How often members were, or may have been, removed. While it stays the same, new
        # members have only come at the end, so a run need not check the others again.
        self._removals = 0

    def __contains__(self, member: object) -> bool:
        return member in self._members

    def __iter__(self) -> Iterator[T]:
        return iter(self._members)

    def __reversed__(self) -> Iterator[T]:
        return reversed(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __repr__(self) -> str:
        return f"BestSet({list(self._members)!r})"

    def __and__(self, other: AbstractSet[object]) -> InsertionSet[T]:
        # The inherited operator iterates over `other`, but the order here must be ours.
        if not isinstance(other, AbstractSet):
            return NotImplemented
        return InsertionSet(member for member in self._members if member in other)

    __rand__ = __and__

    def add(self, value: T) -> None:
        """Add a member at the end. If it is there already, it keeps its place."""
        self._members[value] = None

    def discard(self, value: T) -> None:
        """Remove a member if it is there."""
        self._removals += 1
        self._members.pop(value, None)

    def remove(self, value: T) -> None:
        """Remove a member.

        Raises:
            KeyError: it is not there.
        """
        self._removals += 1
        del self._members[value]

    def pop(self) -> T:
        """Remove the member that was added last, and return it.

        Raises:
            KeyError: the set is empty.
        """
        self._removals += 1
        return self._members.popitem()[0]

    def clear(self) -> None:
        """Remove all members."""
        self._removals += 1
        self._members.clear()

    def copy(self) -> InsertionSet[T]:
        """Return a new set of the same members, in the same order."""
        return InsertionSet(self._members)

    __copy__ = copy  # copy.copy() would give both objects the same dict

    def update(self, *others: Iterable[T]) -> None:
        """Add the members of all the others, in their order."""
        for other in others:
            new = dict.fromkeys(other)  # all of them, or none if that raises
            if self._members:
                self._members.update(new)
            else:
                self._members = new

    def union(self, *others: Iterable[T]) -> InsertionSet[T]:
        """Return a new set of the members of this set and of all the others."""
        result = self.copy()
        result.update(*others)
        return result

    def intersection(self, *others: Iterable[object]) -> InsertionSet[T]:
        """Return a new set of the members that are in all the others too."""
        wanted = set(self._members).intersection(*others)
        return InsertionSet(member for member in self._members if member in wanted)

    def difference(self, *others: Iterable[object]) -> InsertionSet[T]:
        """Return a new set of the members that are in none of the others."""
        unwanted = {member for other in others for member in other}
        return InsertionSet(member for member in self._members if member not in unwanted)

    def symmetric_difference(self, other: Iterable[T]) -> InsertionSet[T]:
        """Return a new set of the members of either this set or the other, but not of both."""
        theirs = InsertionSet(other)
        return self.difference(theirs).union(theirs.difference(self))

    def intersection_update(self, *others: Iterable[object]) -> None:
        """Keep only the members that are in all the others."""
        self._removals += 1
        self._members = dict.fromkeys(self.intersection(*others))

    def difference_update(self, *others: Iterable[object]) -> None:
        """Remove the members of all the others."""
        self._removals += 1
        self._members = dict.fromkeys(self.difference(*others))

    def symmetric_difference_update(self, other: Iterable[T]) -> None:
        """Keep the members of either this set or the other, but not of both."""
        self._removals += 1
        self._members = dict.fromkeys(self.symmetric_difference(other))

    def issubset(self, other: Iterable[object]) -> bool:
        """Return whether the other has all members of this set."""
        return set(self._members).issubset(other)

    def issuperset(self, other: Iterable[object]) -> bool:
        """Return whether this set has all members of the other."""
        return set(self._members).issuperset(other)


# This set is built in. If `orderedset` is installed, its set is used instead.
if TYPE_CHECKING:
    BestSet = InsertionSet
else:
    try:
        from orderedset import OrderedSet as BestSet
    except ImportError:
        BestSet = InsertionSet
