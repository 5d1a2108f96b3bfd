"""Jobs among the arguments of a `CallJob`, also inside lists, tuples, dicts and sets.

Containers are searched once, when the `CallJob` is made. A container with jobs in it, at any
depth, becomes a `Template`. Each call gets a new container, with results in place of the jobs.
All other containers are passed as they are.

The search is O(items), and does not recurse, since users may nest containers to any depth. For
items that are neither jobs nor containers, only the type is checked, once for each container.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeAlias, cast

from .._outcomes import Named
from .._requirements import Group, unique
from ..job import AbstractJob, AnyJob

__all__ = [
    "Template",
    "filled",
    "find_jobs",
    "have_hashed",
    "jobs_inside",
    "with_results",
]

CONTAINERS = frozenset((list, tuple, dict, set))
"""The types that are searched. Subclasses are not: we may not know how to make one."""

Kwargs: TypeAlias = dict[str, object]
Results: TypeAlias = Mapping[Any, object]
Found: TypeAlias = "tuple[tuple[AnyJob, ...], tuple[Template, ...], tuple[object, ...], Kwargs]"
"""What a search returns.

- the jobs, each once, in the order of the arguments
- templates of the containers that have jobs, inner ones first
- the arguments by position, with templates in place of these containers
- the arguments by name, in the same way
"""


class Template:
    """A list, tuple, dict or set with jobs in it, as it was when its `CallJob` was made.

    Args:
        kind: its type.
        parts: its items; for a dict, its keys and then its values. Inner containers that have
            jobs are replaced by templates.
    """

    __slots__ = ("kind", "parts")

    def __init__(self, kind: type[Any], parts: list[Any]) -> None:
        self.kind = kind
        self.parts = parts

    def fill(self, results: Results) -> object:
        """Return a container, with results in place of jobs and templates.

        Raises:
            TypeError: a result would be a set item or a key, but is not hashable.
        """
        items = with_results(self.parts, results)
        if self.kind is not dict:
            return self.kind(items)
        half = len(items) // 2
        return dict(zip(items[:half], items[half:], strict=True))

    def hashed(self) -> list[Any]:
        """Return the jobs and templates whose results must be hashable."""
        if self.kind is not dict and self.kind is not set:
            return []
        count = len(self.parts) // 2 if self.kind is dict else len(self.parts)
        return [it for it in self.parts[:count] if isinstance(it, (AbstractJob, Template))]


class Visit:
    """A container that a search has entered, but not left yet."""

    __slots__ = ("contains_itself", "has_jobs", "key", "kind", "parts", "rest")

    def __init__(self, container: object, parts: list[Any], kinds: set[type]) -> None:
        self.key = id(container)
        self.kind = type(container)
        self.parts = parts
        self.rest = iter([part for part in parts if type(part) in kinds])  # not yet looked at
        self.has_jobs = False  # at any depth, as far as we know
        self.contains_itself = False


class Search:
    """A search of arguments for jobs, depth first. It enters each container once."""

    def __init__(self) -> None:
        self.place: int | str = 0  # the argument being searched: its position or name
        self.jobs: list[AnyJob] = []
        # By the id of the container, which its argument keeps alive; inner containers first.
        self.templates: dict[int, Template] = {}
        self._seen: set[int] = set()  # the ids of all containers seen so far
        self._path: dict[int, Visit] = {}  # the containers around the current item, by id

    def go_through(self, place: int | str, argument: object) -> None:
        """Search an argument.

        Raises:
            TypeError: it contains a sequence.
            ValueError: a container has jobs in it and contains itself.
        """
        self.place = place
        self._look_at(argument)
        while self._path:
            depth = len(self._path)
            visit = self._innermost()
            for part in visit.rest:
                self._look_at(part)
                if len(self._path) > depth:
                    break
            else:
                self._leave(visit)

    def _innermost(self) -> Visit:
        return self._path[next(reversed(self._path))]

    def _look_at(self, part: Any) -> None:
        """Take note of a job, or enter a container that may contain jobs."""
        if type(part) in CONTAINERS:
            key = id(part)
            if key in self._path:
                self._path[key].contains_itself = True
            elif key in self.templates:
                self._note_jobs()
            elif key not in self._seen:
                self._seen.add(key)
                parts = contents_of(part)
                if kinds := kinds_of(parts):
                    self._path[key] = Visit(part, parts, kinds)
        elif isinstance(part, AbstractJob):
            self.jobs.append(cast("AnyJob", part))
            self._note_jobs()
        elif isinstance(part, Group):
            where = f"in argument {self.place!r}" if self._path else "an argument"
            raise TypeError(
                f"{part!r} is {where}, and has no result: give the job whose result is meant, "
                "such as sequence.jobs[-1]"
            )

    def _note_jobs(self) -> None:
        if self._path:
            self._innermost().has_jobs = True

    def _leave(self, visit: Visit) -> None:
        """Make a template of a container if it contains jobs."""
        self._path.popitem()
        if not visit.has_jobs:
            return
        if visit.contains_itself:
            raise ValueError(
                f"argument {self.place!r}: a {visit.kind.__name__} with jobs in it contains "
                "itself, so it can't be made anew with their results: give these jobs as "
                "arguments of their own"
            )
        self._note_jobs()
        self.templates[visit.key] = Template(visit.kind, self.with_templates(visit.parts))

    def with_templates(self, things: Iterable[object]) -> list[object]:
        """Return things, with templates in place of the containers that have jobs."""
        templates = self.templates
        return [templates.get(id(it), it) if type(it) in CONTAINERS else it for it in things]


def find_jobs(args: tuple[object, ...], kwargs: Kwargs) -> Found:
    """Search arguments for jobs.

    Raises:
        TypeError: one of them contains a sequence.
        ValueError: a container has jobs in it and contains itself.
    """
    arguments = (*args, *kwargs.values())
    for argument in arguments:
        if type(argument) in CONTAINERS or isinstance(argument, Group):
            return search_all(args, kwargs)
    # Fast path: saves 1.5 of the 5.4 µs to make a CallJob with three arguments. Without it,
    # search_all() would do the same.
    jobs: list[AnyJob] = [it for it in arguments if isinstance(it, AbstractJob)]
    return tuple(unique(jobs)), (), args, kwargs


def search_all(args: tuple[object, ...], kwargs: Kwargs) -> Found:
    """Search arguments, and the containers among them."""
    search = Search()
    places: list[tuple[int | str, object]] = [*enumerate(args, 1), *kwargs.items()]
    for place, argument in places:
        search.go_through(place, argument)
    return (
        tuple(unique(search.jobs)),
        tuple(search.templates.values()),
        tuple(search.with_templates(args)),
        dict(zip(kwargs, search.with_templates(kwargs.values()), strict=True)),
    )


def kinds_of(things: Iterable[object]) -> set[type]:
    """Return the types of the jobs, sequences and containers among some things."""
    return {
        kind
        for kind in set(map(type, things))
        if kind in CONTAINERS or issubclass(kind, (AbstractJob, Group))
    }


def contents_of(container: Any) -> list[Any]:
    """Return the items of a container; for a dict, its keys and then its values."""
    return [*container, *container.values()] if type(container) is dict else [*container]


# -- for a call


def with_results(things: Iterable[object], results: Results) -> list[object]:
    """Return things with results in place of jobs and templates."""
    return [results[it] if isinstance(it, (AbstractJob, Template)) else it for it in things]


def jobs_inside(templates: Iterable[Template]) -> dict[AnyJob, None]:
    """Return the jobs inside containers, those of inner containers first."""
    parts = (part for template in templates for part in template.parts)
    return {part: None for part in parts if isinstance(part, AbstractJob)}


def have_hashed(templates: Iterable[Template]) -> bool:
    """Return whether a job is in a set, or in a key of a dict."""
    return any(template.hashed() for template in templates)


def filled(
    job: Named, templates: Collection[Template], results: Results
) -> dict[Template, object]:
    """Return the containers of a call.

    Args:
        job: the job that makes the call.
        templates: the templates of the containers, inner ones first.
        results: the result of each job in them.

    Raises:
        TypeError: a result would be a set item or a key, but is not hashable.
    """
    known: dict[Any, object] = {**results} if templates else {}
    for template in templates:
        try:
            known[template] = template.fill(known)
        except TypeError as error:
            raise unhashable(job, template, known) or error from None
    return {template: known[template] for template in templates}


def unhashable(job: Named, template: Template, results: Results) -> TypeError | None:
    """Return an error that names a job of a template whose result is not hashable."""
    for part in template.hashed():
        try:
            hash(results[part])
        except TypeError as error:
            what = f"{part.repr_main()}" if isinstance(part, AbstractJob) else "a tuple of jobs"
            return TypeError(
                f"{job.repr_main()} did not start, since {what} is in a set, or is a key of a "
                f"dict, and its result can't be hashed ({error}): give jobs in a list, or have "
                "that job return something that can be hashed, such as a tuple"
            )
    return None
