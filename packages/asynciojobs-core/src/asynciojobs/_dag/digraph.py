"""Algorithms on directed graphs. The nodes may be any hashable objects.

A graph is a mapping from each node to its predecessors. A predecessor that is not a key is
not in the graph, and is skipped. Nothing here recurses, so a chain of a million nodes works
like any other graph. Each function is O(V+E).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import TypeVar

__all__ = ["closure", "depth_first", "find_cycle", "reverse", "topological_order"]

N = TypeVar("N", bound=Hashable)


def reverse(graph: Mapping[N, Iterable[N]]) -> dict[N, list[N]]:
    """Return the graph with each edge reversed: from each node to its successors.

    Example:
        >>> reverse({1: [], 2: [1], 3: [1, 2]})
        {1: [2, 3], 2: [3], 3: []}
    """
    successors: dict[N, list[N]] = {node: [] for node in graph}
    for node, predecessors in graph.items():
        for predecessor in predecessors:
            if predecessor in successors:
                successors[predecessor].append(node)
    return successors


def topological_order(graph: Mapping[N, Iterable[N]]) -> Iterator[N]:
    """Yield the nodes, each after its predecessors. Skip nodes on a cycle or after one.

    This is Kahn's algorithm (1962) with a queue. The order is that of an execution without
    limits, and ties keep the order of the mapping.

    Example:
        >>> list(topological_order({3: [1, 2], 1: [], 2: [1]}))
        [1, 2, 3]
    """
    successors = reverse(graph)
    missing = dict.fromkeys(graph, 0)
    for followers in successors.values():
        for node in followers:
            missing[node] += 1
    ready = [node for node, count in missing.items() if not count]
    for node in ready:  # it grows during the loop, so it is a queue
        yield node
        for successor in successors[node]:
            missing[successor] -= 1
            if not missing[successor]:
                ready.append(successor)


def find_cycle(graph: Mapping[N, Iterable[N]]) -> list[N] | None:
    """Return the nodes of a cycle along its edges, with the first node repeated at the end.

    Returns:
        the cycle; ``None`` if the graph has none.

    Example:
        >>> find_cycle({1: [3], 2: [1], 3: [2], 4: [1]})
        [1, 2, 3, 1]
    """
    left = dict.fromkeys(graph)
    for node in topological_order(graph):
        del left[node]
    if not left:
        return None
    # Each remaining node has a predecessor that also remains, so walking up ends in a cycle.
    path: dict[N, None] = {}
    node = next(iter(left))
    while node not in path:
        path[node] = None
        node = next(above for above in graph[node] if above in left)
    upwards = list(path)
    cycle = upwards[upwards.index(node) :]
    return [node, *reversed(cycle)]


def closure(neighbours: Callable[[N], Iterable[N]], starts: Iterable[N]) -> set[N]:
    """Return the nodes that can be reached from the starts by at least one edge.

    A start is included only if it can be reached itself.

    Args:
        neighbours: returns the nodes that can be reached from a node by one edge.
        starts: the nodes to start from.

    Example:
        >>> sorted(closure({1: [], 2: [1], 3: [2], 4: []}.__getitem__, [3]))
        [1, 2]
    """
    reached: set[N] = set()
    pending = list(starts)
    while pending:
        for neighbour in neighbours(pending.pop()):
            if neighbour not in reached:
                reached.add(neighbour)
                pending.append(neighbour)
    return reached


def depth_first(neighbours: Callable[[N], Iterable[N]], starts: Iterable[N]) -> list[N]:
    """Return the starts and all nodes that can be reached, each after those that it reaches.

    On a cycle, there is no such order: one of its nodes comes before the next one.

    Args:
        neighbours: returns the nodes that can be reached from a node by one edge.
        starts: the nodes to start from.

    Example:
        >>> depth_first({1: [], 2: [1], 3: [4, 2], 4: []}.__getitem__, [3])
        [4, 1, 2, 3]
    """
    order: list[N] = []
    entered: set[N] = set()
    for start in starts:
        path = [(start, iter(neighbours(start)))] if start not in entered else []
        entered.add(start)
        while path:
            node, rest = path[-1]
            for neighbour in rest:
                if neighbour not in entered:
                    entered.add(neighbour)
                    path.append((neighbour, iter(neighbours(neighbour))))
                    break
            else:
                order.append(node)
                path.pop()
    return order
