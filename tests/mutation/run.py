"""Mutation testing: does a test fail for each small fault that is put into the core?

    ./hatchw run mutation:run                     # all modules
    ./hatchw run mutation:run _edits _digraph     # some of them
    ./hatchw run mutation:run _edits -k sanitize  # some functions
    ./hatchw run mutation:run _edits --list       # what would be changed; nothing is run

A mutant that no test tells from the module is printed as it would stand in
`docs/design/mutants.md`, which has those that no test can or should tell. The exit status is 1
if one is not in there, or is though a test tells it by now. It needs a system that forks.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from explained import LIST, MODULES, Change, explained
from mutants import Mutant, mutants_of
from trial import Trial, Workplace, get_ready

CORE = "tests/core/test_{}.py"
RUNS = [
    *map(CORE.format, ["critical", "timeout", "forever", "nested", "observers", "window"]),
    *map(CORE.format, ["shutdown", "refusals", "requirements", "life_cycle", "contexts"]),
    *map(CORE.format, ["joining", "cancellation", "order", "loop_factory", "real_clock"]),
    *map(CORE.format, ["memory", "scale", "wrapped_tasks", "promises"]),
    *map("tests/faults/test_{}.py".format, ["hooks", "lost_loop", "lost_run"]),
]
"""Tests of runs, those first that tell many mutants and are quick."""

TOPICS = {
    "_edits": ["edits"],
    "_digraph": ["digraph"],
    "_waiting": ["cancellation", "shutdown"],
    "_jobset": ["jobset", "joining", "shutdown"],
    "_shutdown": ["shutdown", "nested"],
    "_admission": ["refusals", "order", "requirements"],
    "_driver": [],
    "_engine": [],
}
"""The modules, and the tests of the core that tell most of their mutants."""

OF_GRAPHS = [CORE.format("queries"), CORE.format("scale"), "tests/properties/test_oracles.py"]
OF_RUNS = [
    "tests/faults/test_recursion.py",
    "tests/faults/test_every_turn.py",
    CORE.format("no_warnings"),
]
"""What mutants have to survive at last, since it takes longer."""

QUICK = ["-k", "not hundred_thousand and not 100_000"]
"""Leave out what takes a second and more."""


@dataclass
class Task:
    """A mutant, and the tests that it has to survive yet."""

    mutant: Mutant
    stages: deque[list[str]]


def stages_of(module: str) -> list[list[str]]:
    """Return what mutants of a module have to survive, one after the other."""
    topics = [CORE.format(topic) for topic in TOPICS[module]]
    if module in ("_edits", "_digraph"):
        stages = [topics, OF_GRAPHS]
    else:
        stages = [[*topics, *(path for path in RUNS if path not in topics)], OF_RUNS]
    return [[*stage, *QUICK] for stage in stages]


def try_all(tasks: Sequence[Task], workers: int) -> Iterator[tuple[Mutant, str]]:
    """Try mutants, several at a time; yield each with what killed it, "" if nothing did."""
    pending = deque(tasks)
    running: list[tuple[Task, Trial]] = []
    with tempfile.TemporaryDirectory() as folder:
        idle = [Workplace(Path(folder, str(number))) for number in range(workers)]
        try:
            while pending or running:
                while pending and idle:
                    running.append(begin(pending.popleft(), idle.pop()))
                time.sleep(0.02)
                for task, trial in [each for each in running if each[1].ended()]:
                    running.remove((task, trial))
                    idle.append(trial.place)
                    if trial.killed_by or not task.stages:
                        yield task.mutant, trial.killed_by
                    else:
                        pending.appendleft(task)
        finally:
            for _, trial in running:
                trial.give_up()


def begin(task: Task, place: Workplace) -> tuple[Task, Trial]:
    """Begin the next stage of a task."""
    change = task.mutant.change
    return task, place.start(change.module, task.mutant.code, task.stages.popleft())


def check_unchanged(modules: Sequence[str]) -> None:
    """See that all tests pass on the modules as they are."""
    unchanged: list[Task] = []
    for module in modules:
        code = (MODULES / f"{module}.py").read_text(encoding="utf-8")
        stages = stages_of(module)[: 1 if unchanged else None]  # the others are much the same
        unchanged.append(Task(Mutant(Change(module, "", (), ()), code), deque(stages)))
    for mutant, killed_by in try_all(unchanged, 1):
        if killed_by:
            sys.exit(f"{mutant.change.module} as it is does not pass {killed_by}")


def report(mutants: Sequence[Mutant], workers: int, *, verbose: bool) -> int:
    """Try mutants, print what is not as the list says, and a table; return the exit status."""
    known = set(explained(LIST.read_text(encoding="utf-8")))
    counts: dict[str, Counter[str]] = {}
    survived: set[Change] = set()
    tasks = [Task(each, deque(stages_of(each.change.module))) for each in mutants]
    for mutant, killed_by in try_all(tasks, workers):
        change = mutant.change
        what = "killed" if killed_by else "explained" if change in known else "left"
        counts.setdefault(change.module, Counter())[what] += 1
        if not killed_by:
            survived.add(change)
        if verbose or what == "left":
            print(change, f"# {what} {killed_by}", sep="\n", flush=True)
    tried = {each.change for each in mutants}
    stale = sorted(str(change) for change in known & tried - survived)
    print(*(f"{change}\n# explained, but a test tells it" for change in stale), sep="\n")
    print(f"{'module':12}{'mutants':>10}{'killed':>10}{'explained':>11}{'left':>6}")
    for module, count in counts.items():
        numbers = count.total(), count["killed"], count["explained"], count["left"]
        print("{:12}{:10}{:10}{:11}{:6}".format(module, *numbers))
    return int(bool(stale or survived - known))


def main() -> int:
    """Try what is asked for."""
    parser = argparse.ArgumentParser(description="Put small faults into the core.")
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(TOPICS)}")
    parser.add_argument("-k", default="", metavar="NAME", help="only in functions named so")
    parser.add_argument("-n", type=int, default=os.cpu_count(), help="how many at a time")
    parser.add_argument("--only", type=Path, metavar="FILE", help="only those in its blocks")
    parser.add_argument("--list", action="store_true", help="list the mutants, run nothing")
    parser.add_argument("-v", "--verbose", action="store_true", help="tell what killed each")
    options = parser.parse_args()
    modules = options.modules or list(TOPICS)
    if unknown := set(modules) - set(TOPICS):
        parser.error(f"there is no module {', '.join(sorted(unknown))} here: see --help")
    mutants = [
        mutant
        for module in modules
        for mutant in mutants_of(MODULES / f"{module}.py")
        if options.k in mutant.change.function
    ]
    if options.only:
        wanted = explained(options.only.read_text(encoding="utf-8"))
        mutants = [mutant for mutant in mutants if mutant.change in wanted]
    if options.list:
        print(*(mutant.change for mutant in mutants), f"{len(mutants)} mutants", sep="\n")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    os.nice(19)
    get_ready()
    check_unchanged(modules)
    return report(mutants, options.n, verbose=options.verbose)


if __name__ == "__main__":
    sys.exit(main())
