"""The algorithms on graphs, with integers as nodes; they know nothing about jobs."""

from __future__ import annotations

import graphlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynciojobs._dag.digraph import (
    closure,
    depth_first,
    find_cycle,
    reverse,
    topological_order,
)

CHAIN = 100_000

NODES = st.integers(0, 9)
GRAPHS = st.dictionaries(NODES, st.lists(NODES, max_size=4, unique=True), max_size=10)
"""From nodes to predecessors, some of which are not in the graph; with cycles."""


@st.composite
def acyclic_graphs(draw):
    nodes = draw(st.permutations(range(draw(st.integers(0, 9)))))
    return {
        node: draw(st.lists(st.integers(0, node - 1), unique=True)) if node else []
        for node in nodes
    }


def within(graph):
    return {
        node: [above for above in predecessors if above in graph]
        for node, predecessors in graph.items()
    }


def edges(graph):
    return sorted((below, node) for node, lower in graph.items() for below in lower)


def is_acyclic(graph):
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError:
        return False
    return True


def depths(graph):
    """Return how long the longest way to each node is; the graph has no cycle."""
    depth = {}
    for node in graphlib.TopologicalSorter(graph).static_order():
        depth[node] = 1 + max((depth[above] for above in graph[node]), default=-1)
    return depth


@pytest.fixture(scope="module")
def chain():
    """Each number comes after its successor, so creation order is no help."""
    return {n: [n + 1] if n + 1 < CHAIN else [] for n in range(CHAIN)}


# -- reverse


@given(GRAPHS)
def test_reverse_has_each_edge_between_nodes_turned_round(graph):
    turned = [(node, above) for above, node in edges(within(graph))]
    assert edges(reverse(graph)) == sorted(turned)


@given(GRAPHS)
def test_reverse_has_the_same_nodes_in_the_same_order(graph):
    assert list(reverse(graph)) == list(graph)


def test_reverse_passes_over_what_is_not_in_the_graph():
    assert reverse({1: [2, 3], 2: []}) == {1: [], 2: [1]}


def test_reverse_lists_successors_in_the_order_of_the_graph():
    assert reverse({3: [1], 1: [], 2: [1]})[1] == [3, 2]


# -- topological_order


@given(acyclic_graphs())
def test_order_has_each_node_once(graph):
    assert sorted(topological_order(graph)) == sorted(graph)


@given(acyclic_graphs())
def test_order_has_each_node_behind_its_predecessors(graph):
    rank = {node: n for n, node in enumerate(topological_order(graph))}
    assert [edge for edge in edges(graph) if rank[edge[0]] > rank[edge[1]]] == []


@given(acyclic_graphs())
def test_order_goes_in_the_waves_of_an_execution_without_limits(graph):
    depth = depths(graph)
    waves = [depth[node] for node in topological_order(graph)]
    assert waves == sorted(waves)


@given(acyclic_graphs())
def test_order_starts_with_the_nodes_without_predecessors_in_their_order(graph):
    first = [node for node, predecessors in graph.items() if not predecessors]
    assert list(topological_order(graph))[: len(first)] == first


@given(GRAPHS)
def test_order_is_complete_iff_graphlib_finds_no_cycle(graph):
    inner = within(graph)
    complete = len(list(topological_order(graph))) == len(graph)
    assert complete is is_acyclic(inner)


@given(GRAPHS)
def test_order_leaves_out_what_is_on_or_behind_a_cycle(graph):
    inner = within(graph)
    above = {node: closure(inner.__getitem__, [node]) for node in inner}
    on_cycle = {node for node in inner if node in above[node]}
    fine = {node for node in inner if not on_cycle & (above[node] | {node})}
    assert set(topological_order(graph)) == fine


def test_order_passes_over_predecessors_that_are_not_in_the_graph():
    assert list(topological_order({1: [7], 2: [1, 8]})) == [1, 2]


def test_order_of_no_nodes_is_empty():
    assert list(topological_order({})) == []


def test_order_takes_a_predecessor_that_is_named_twice():
    assert list(topological_order({2: [1, 1], 1: []})) == [1, 2]


def test_order_of_a_long_chain_needs_no_recursion(chain):
    assert list(topological_order(chain)) == list(range(CHAIN))[::-1]


# -- find_cycle


@given(GRAPHS)
def test_finds_a_cycle_iff_graphlib_does(graph):
    assert (find_cycle(graph) is None) is is_acyclic(within(graph))


@given(GRAPHS)
def test_a_cycle_goes_along_edges(graph):
    cycle = find_cycle(graph) or []
    assert [pair for pair in pairwise(cycle) if pair not in edges(graph)] == []


@given(GRAPHS)
def test_a_cycle_names_no_node_twice_but_the_first_at_its_end(graph):
    cycle = find_cycle(graph) or [0, 0]
    assert (cycle[0], len(set(cycle))) == (cycle[-1], len(cycle) - 1)


def test_a_node_that_precedes_itself_is_a_cycle():
    assert find_cycle({1: [], 2: [2]}) == [2, 2]


def test_what_hangs_behind_a_cycle_is_not_in_it():
    assert find_cycle({1: [2], 2: [3], 3: [2]}) == [2, 3, 2]


def test_there_is_no_cycle_through_what_is_not_in_the_graph():
    assert find_cycle({1: [2]}) is None


def test_finds_a_long_cycle_without_recursion(chain):
    cycle = find_cycle({**chain, CHAIN - 1: [0]})
    assert cycle is not None
    assert len(cycle) == CHAIN + 1


# -- closure


def naive_closure(graph, starts):
    reached = set()
    for _ in graph:
        for node in {*starts, *reached}:
            reached |= set(graph[node])
    return reached


@given(GRAPHS, st.data())
def test_closure_is_what_steps_without_end_reach(graph, data):
    inner = within(graph)
    starts = data.draw(st.lists(st.sampled_from(sorted(inner)))) if inner else []
    assert closure(inner.__getitem__, starts) == naive_closure(inner, starts)


def test_closure_has_a_start_only_if_it_is_reached():
    assert closure({1: [2], 2: [], 3: [3]}.__getitem__, [1, 3]) == {2, 3}


def test_closure_of_no_starts_is_empty():
    assert closure({1: [1]}.__getitem__, []) == set()


def test_closure_over_a_long_chain_needs_no_recursion(chain):
    assert closure(chain.__getitem__, [0]) == set(range(1, CHAIN))


# -- depth first


@given(GRAPHS, st.data())
def test_depth_first_has_the_starts_and_what_is_reached_once_each(graph, data):
    inner = within(graph)
    starts = data.draw(st.lists(st.sampled_from(sorted(inner)))) if inner else []
    order = depth_first(inner.__getitem__, starts)
    assert sorted(order) == sorted(naive_closure(inner, starts) | set(starts))


@given(acyclic_graphs())
def test_depth_first_has_each_node_behind_its_neighbours(graph):
    order = depth_first(graph.__getitem__, graph)
    assert all(order.index(below) < order.index(node) for below, node in edges(graph))


def test_depth_first_keeps_the_order_of_the_neighbours():
    graph = {0: [3, 1, 2], 1: [], 2: [1], 3: []}
    assert depth_first(graph.__getitem__, [2, 0]) == [1, 2, 3, 0]


def test_depth_first_goes_round_a_cycle_once():
    assert depth_first({1: [2], 2: [3], 3: [1]}.__getitem__, [1]) == [3, 2, 1]


def test_depth_first_over_a_long_chain_needs_no_recursion(chain):
    assert depth_first(chain.__getitem__, [0]) == list(reversed(range(CHAIN)))
