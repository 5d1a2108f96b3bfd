"""Queries and changes of a scheduler's graph have the same results as in networkx.

The graphs are random, and larger than those of `tests/core`. They have sequences, and
requirements that are not in the scheduler. Each definition is written again with networkx.
"""

from __future__ import annotations

import asyncio
import graphlib
import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asynciojobs import AbstractJob, CycleError, Job, PureScheduler, Scheduler, Sequence

nx = pytest.importorskip("networkx", reason="networkx is what it is compared with")

same_each_time = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class Drawn:
    """A scheduler, and its networkx graph: from each requirement to the jobs that require it.

    Attributes:
        jobs: the jobs of the scheduler.
        outsiders: required jobs that are not in it.
        inside: the graph of the jobs.
        whole: the graph with the outsiders.
    """

    def __init__(self, jobs, outsiders, pairs):
        self.jobs = jobs
        self.outsiders = outsiders
        for job, requirement in pairs:
            job.requires(requirement)
        self.scheduler = PureScheduler(*jobs)
        self.whole = graph_of([*jobs, *outsiders])
        self.inside = self.whole.subgraph(jobs).copy()


def graph_of(jobs):
    graph = nx.DiGraph()
    graph.add_nodes_from(jobs)
    graph.add_edges_from((requirement, job) for job in jobs for requirement in job.required)
    return graph


@st.composite
def drawn(draw, *, cyclic=False, outside=False):
    """Return a random scheduler, whose jobs were added in any order."""
    size = draw(st.integers(1, 14))
    jobs = [AbstractJob(label=n, forever=draw(st.integers(0, 4)) == 4) for n in range(size)]
    outsiders = [AbstractJob(label=f"outsider {n}") for n in range(2 * outside)]
    numbers = st.integers(0, size - 1)
    pairs = draw(st.lists(st.tuples(numbers, numbers), max_size=3 * size))
    named = [(jobs[n], jobs[m]) for n, m in pairs if cyclic or n > m]
    if outside:
        strangers = draw(st.lists(st.tuples(numbers, st.integers(0, 1)), max_size=4))
        named += [(jobs[n], outsiders[m]) for n, m in strangers]
    return Drawn(draw(st.permutations(jobs)), outsiders, named)


@st.composite
def some_of(draw, jobs, *, least=0):
    """Return some jobs, and the same jobs as arguments: single jobs, and sequences.

    A sequence adds requirements, so it is made of jobs that already have these requirements.
    """
    chosen = draw(st.lists(st.sampled_from(jobs), unique=True, min_size=least, max_size=3))
    things, named = [], []
    for job in chosen:
        above = [other for other in job.required if other in jobs]
        if above and draw(st.booleans()):
            things.append(Sequence(above[0], job))
            named += [above[0], job]
        else:
            things.append(job)
            named.append(job)
    return set(named), things


def reached(graph, starts):
    """Return what can be reached from the starts by one edge or more."""
    beyond = {other for start in starts if start in graph for other in graph.successors(start)}
    return beyond.union(*(nx.descendants(graph, job) for job in beyond))


def dependencies(graph, jobs):
    """Return the pairs of jobs where one depends on the other, directly or not."""
    closed = nx.transitive_closure(graph, reflexive=False)
    return {(a, b) for a, b in closed.edges if a in jobs and b in jobs}


# -- order, and cycles


@same_each_time
@given(drawn(outside=True))
def test_the_order_is_topological(made):
    order = list(made.scheduler.topological_order())
    rank = {job: n for n, job in enumerate(order)}
    assert sorted(order, key=id) == sorted(made.inside, key=id)
    assert [(a, b) for a, b in made.inside.edges if rank[a] >= rank[b]] == []


@same_each_time
@given(drawn())
def test_the_order_goes_in_the_generations_of_networkx(made):
    """Without limits, a job starts after all jobs of the generation before."""
    rank = {job: n for n, job in enumerate(made.scheduler.topological_order())}
    ranks = [[rank[job] for job in jobs] for jobs in nx.topological_generations(made.inside)]
    assert [(a, b) for a, b in itertools.pairwise(ranks) if max(a) > min(b)] == []


@same_each_time
@given(drawn(cyclic=True))
def test_a_cycle_is_found_if_networkx_and_graphlib_find_one(made):
    found = not made.scheduler.check_cycles()
    sorter = graphlib.TopologicalSorter({job: job.required for job in made.jobs})
    try:
        sorter.prepare()
    except graphlib.CycleError:
        assert found
    else:
        assert not found
    assert found is not nx.is_directed_acyclic_graph(made.inside)


@same_each_time
@given(drawn(cyclic=True))
def test_the_cycle_in_the_error_is_a_cycle(made):
    try:
        list(made.scheduler.topological_order())
    except CycleError as error:
        cycle = error.cycle
        assert cycle[0] is cycle[-1]
        assert nx.is_path(made.inside, cycle)
        assert sorted(cycle[1:], key=id) in [
            sorted(c, key=id) for c in nx.simple_cycles(made.inside)
        ]
    else:
        assert nx.is_directed_acyclic_graph(made.inside)


@same_each_time
@given(drawn(cyclic=True), st.integers(1, 3))
def test_a_cycle_in_a_nested_scheduler_is_found(made, depth):
    nested = Scheduler(*made.jobs)
    for _ in range(depth):
        nested = Scheduler(nested)
    assert nested.check_cycles() is nx.is_directed_acyclic_graph(made.inside)


# -- neighbours, near and far


@same_each_time
@given(drawn(cyclic=True, outside=True), st.data())
def test_neighbours_are_those_of_networkx(made, data):
    jobs, things = data.draw(some_of([*made.jobs, *made.outsiders]))
    last = {job for thing in things for job in jobs_of(thing)}
    assert last == jobs
    inside = set(made.jobs)
    back = made.whole.reverse()
    ask = made.scheduler
    assert (
        ask.successors(*things) == {b for a in jobs for b in made.whole.successors(a)} & inside
    )
    assert ask.predecessors(*things) == {b for a in jobs for b in back.successors(a)} & inside
    assert ask.successors_downstream(*things) == reached(made.whole, jobs) & inside
    assert ask.predecessors_upstream(*things) == reached(back, jobs) & inside


def jobs_of(thing):
    return list(thing.jobs) if isinstance(thing, Sequence) else [thing]


@same_each_time
@given(drawn(cyclic=True))
def test_entries_and_exits_are_the_jobs_without_incoming_or_outgoing_edges(made):
    ask, graph = made.scheduler, made.inside
    exits = {job for job, degree in graph.out_degree if not degree}
    assert set(ask.entry_jobs()) == {job for job, degree in graph.in_degree if not degree}
    assert set(ask.exit_jobs(discard_forever=False)) == exits
    assert set(ask.exit_jobs()) == {job for job in exits if not job.forever}


# -- changes


@same_each_time
@given(drawn(cyclic=True, outside=True))
def test_sanitize_does_not_change_the_graph_of_the_jobs(made):
    outside = made.whole.number_of_edges() - made.inside.number_of_edges()
    assert made.scheduler.sanitize() is (outside == 0)
    assert nx.utils.graphs_equal(graph_of(made.jobs), made.inside)


@same_each_time
@given(drawn(), st.data())
def test_bypass_and_remove_keeps_all_dependencies(made, data):
    jobs, things = data.draw(some_of(made.jobs))
    for thing in things:
        if all(job in made.scheduler.jobs for job in jobs_of(thing)):
            made.scheduler.bypass_and_remove(thing)
            jobs -= set(jobs_of(thing))
    left = set(made.scheduler.jobs)
    assert dependencies(graph_of(made.scheduler.jobs), left) == dependencies(made.inside, left)
    assert made.scheduler.sanitize() is True


@same_each_time
@given(drawn(cyclic=True), st.data())
def test_keep_only_leaves_the_induced_graph(made, data):
    jobs, things = data.draw(some_of(made.jobs))
    made.scheduler.keep_only(things)
    assert nx.utils.graphs_equal(graph_of(made.scheduler.jobs), made.inside.subgraph(jobs))


@same_each_time
@given(drawn(cyclic=True), st.data(), st.booleans(), st.booleans())
def test_keep_only_between_keeps_what_its_definition_says(made, data, keep_starts, keep_ends):
    starts, first = data.draw(some_of(made.jobs))
    ends, last = data.draw(some_of(made.jobs))
    graph, kept = made.inside, set(made.jobs)
    if starts:
        kept &= starts.union(*(nx.descendants(graph, job) for job in starts))
    if ends:
        kept &= ends.union(*(nx.ancestors(graph, job) for job in ends))
    kept -= set() if keep_starts else starts
    kept -= set() if keep_ends else ends
    made.scheduler.keep_only_between(
        starts=first, ends=last, keep_starts=keep_starts, keep_ends=keep_ends
    )
    assert nx.utils.graphs_equal(graph_of(made.scheduler.jobs), graph.subgraph(kept))


# -- a run


@same_each_time
@given(made=drawn())
def test_a_run_without_limits_takes_as_long_as_the_longest_path(fake_time, made):
    """Each job takes a second, so that is the number of jobs on the path."""
    jobs = {job: Job(asyncio.sleep, 1, label=job.label) for job in made.jobs}
    for a, b in made.inside.edges:
        jobs[b].requires(jobs[a])
    assert PureScheduler(*jobs.values()).run() is True
    assert max(job.ended_at for job in jobs.values()) == len(nx.dag_longest_path(made.inside))
