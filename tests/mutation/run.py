"""Mutation testing: does a test fail for each small fault that we put into the core?

    ./hatchw run mutation:run                         # all modules
    ./hatchw run mutation:run _dag _run/stall         # some of them, or all of a folder
    ./hatchw run mutation:run _dag/edits -k sanitize  # some functions
    ./hatchw run mutation:run _dag/edits --list       # list the mutants; run nothing
    ./hatchw run mutation:run --list --only docs/design/mutants.md  # show those that it lists

`docs/design/mutants.md` lists the mutants that no test can or should kill. The run prints the
other survivors, in the form of that list. The exit status is 1 if there are any, if a test now
kills a mutant of the list, or if an entry must be looked at again, because its function now has
more or fewer such mutants. It needs a system that forks.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from explained import LIST, MODULES, Entry, as_items, explained
from mutants import Mutant, mutants_of
from trial import Trial, Workplace, get_ready

CORE = "tests/core/test_{}.py"
RUNS = [
    *map(CORE.format, ["critical", "timeout", "forever", "nested", "observers", "window"]),
    *map(CORE.format, ["shutdown", "refusals", "requirements", "life_cycle", "contexts"]),
    *map(CORE.format, ["joining", "cancellation", "order", "loop_factory", "real_clock"]),
    *map(CORE.format, ["memory", "scale", "wrapped_tasks", "promises"]),
    *map(CORE.format, ["limits", "keep_going", "job_timeout", "cancel", "stop", "signals"]),
    *map("tests/faults/test_{}.py".format, ["hooks", "lost_loop", "lost_run"]),
]
"""Tests of runs. Those that kill many mutants and are quick come first."""

TOPICS: dict[str, list[str]] = {
    "_dag/edits": ["edits"],
    "_dag/digraph": ["digraph"],
    "_dag/jobset": ["jobset", "joining", "shutdown"],
    "_names": ["paths", "copies"],
    "_run/asked": ["joining"],
    "_run/claims": ["limits"],
    "_run/deadlines": ["job_timeout", "cancel"],
    "_run/extras": ["limits", "keep_going", "job_timeout", "forever", "joining"],
    "_run/holders": ["limits"],
    "_run/limits": ["limits"],
    "_run/lines": ["limits"],
    "_run/opening": ["refusals", "order", "life_cycle", "limits", "joining", "nested"],
    "_run/queue": ["window", "limits"],
    "_run/skipping": ["keep_going", "joining"],
    "_run/starting": ["window", "order", "limits"],
    "_run/stopping": ["cancel", "stop", "keep_going", "limits"],
    "_run/roster": ["forever", "joining"],
    "_run/stall": ["forever", "joining"],
    "_run/verdicts": ["timeout", "critical", "paths"],
    "_run/waiting": ["cancellation", "shutdown"],
    "_run/waitlist": ["requirements", "order", "refusals"],
    "_run/joining": ["joining", "forever", "contexts"],
    "_run/admission": ["refusals", "order", "requirements"],
    "_run/shutdown": ["shutdown", "nested"],
    "_run/tasks": [],
    "_run/run": [],
    "_signals": ["signals"],
    "limit": ["limits"],
}
"""The modules, and the tests of the core that kill most of their mutants."""

GRAPHS = {"_dag/edits", "_dag/digraph"}
"""The tests of modules that have to do with graphs rather than with runs."""

OF_GRAPHS = [CORE.format("queries"), CORE.format("scale"), "tests/properties/test_oracles.py"]
OF_RUNS = [
    "tests/faults/test_recursion.py",
    "tests/faults/test_every_turn.py",
    CORE.format("no_warnings"),
]
"""The last tests that mutants have to survive, since they take longest."""

QUICK = ["-k", "not hundred_thousand and not 100_000"]
"""Leave out tests that take a second or more."""


@dataclass
class Task:
    """A mutant, and the tests that it still has to survive."""

    mutant: Mutant
    stages: deque[list[str]]


def stages_of(module: str) -> list[list[str]]:
    """Return what mutants of a module have to survive, one after another."""
    topics = [CORE.format(topic) for topic in TOPICS[module]]
    if module in GRAPHS:
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
    mutant = task.mutant
    return task, place.start(mutant.entry.module, mutant.code, task.stages.popleft())


def check_unchanged(modules: Sequence[str]) -> None:
    """Check that all tests pass on the unchanged modules."""
    unchanged: list[Task] = []
    for module in modules:
        code = (MODULES / f"{module}.py").read_text(encoding="utf-8")
        stages = stages_of(module)[: 1 if unchanged else None]  # the others are much the same
        unchanged.append(Task(Mutant(Entry(module, "", "", 0, 0), (), (), code), deque(stages)))
    for mutant, killed_by in try_all(unchanged, 1):
        if killed_by:
            sys.exit(f"{mutant.entry.module} as it is does not pass {killed_by}")


def report(
    mutants: Sequence[Mutant], known: Collection[Entry], workers: int, *, verbose: bool
) -> bool:
    """Try mutants, print deviations from the list, and a table; return whether all is well."""
    counts: dict[str, Counter[str]] = {}
    left: set[Entry] = set()
    stale: set[Entry] = set()
    tasks = [Task(each, deque(stages_of(each.entry.module))) for each in mutants]
    for mutant, killed_by in try_all(tasks, workers):
        entry = mutant.entry
        what = "killed" if killed_by else "explained" if entry in known else "left"
        counts.setdefault(entry.module, Counter())[what] += 1
        if what == "left":
            left.add(entry)
        elif killed_by and entry in known:
            stale.add(entry)
        if verbose or entry in left | stale:
            print(mutant, f"    {what} {killed_by}", sep="\n", flush=True)
    show("These survive, and are not in the list:", left)
    show("These are in the list, but a test kills them:", stale)
    print(f"{'module':18}{'mutants':>10}{'killed':>10}{'explained':>11}{'left':>6}")
    for module, count in counts.items():
        numbers = count.total(), count["killed"], count["explained"], count["left"]
        print("{:18}{:10}{:10}{:11}{:6}".format(module, *numbers))
    return not left | stale


def show(title: str, entries: Iterable[Entry]) -> None:
    """Print entries in the form of the list, under a title; nothing if there are none."""
    if items := as_items(sorted(entries)):
        print(title, *items, sep="\n", flush=True)


def is_asked_for(module: str, names: Sequence[str]) -> bool:
    """Return whether a module, or a folder around it, has one of these names."""
    return not names or any(f"{module}/".startswith(f"{name}/") for name in names)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Put small faults into the core.")
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(TOPICS)}")
    parser.add_argument("-k", default="", metavar="NAME", help="only in functions named so")
    parser.add_argument("-n", type=int, default=os.cpu_count(), help="how many at a time")
    parser.add_argument("--only", type=Path, metavar="FILE", help="only those that it lists")
    parser.add_argument("--list", action="store_true", help="list the mutants, run nothing")
    parser.add_argument("-v", "--verbose", action="store_true", help="say what killed each")
    options = parser.parse_args()
    for name in options.modules:
        if not any(is_asked_for(module, [name]) for module in TOPICS):
            parser.error(f"there is no module {name} here: see --help")
    return options


def main() -> int:
    """Try what is asked for."""
    options = arguments()
    modules = [module for module in TOPICS if is_asked_for(module, options.modules)]
    made = [
        mutant
        for module in modules
        for mutant in mutants_of(module)
        if options.k in mutant.entry.function
    ]
    known = {
        entry
        for entry in explained(LIST.read_text(encoding="utf-8"))
        if is_asked_for(entry.module, options.modules) and options.k in entry.function
    }
    wanted = set(explained(options.only.read_text(encoding="utf-8"))) if options.only else None
    mutants = [mutant for mutant in made if wanted is None or mutant.entry in wanted]
    if options.list:
        print(*mutants, f"{len(mutants)} mutants", sep="\n")
    unmade = known - {mutant.entry for mutant in made}
    show("Look at these again, there are more such mutants now, or fewer:", unmade)
    if options.list:
        return int(bool(unmade))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    os.nice(19)
    get_ready()
    check_unchanged(modules)
    fine = report(mutants, known, options.n, verbose=options.verbose)
    return int(not fine or bool(unmade))


if __name__ == "__main__":
    sys.exit(main())
