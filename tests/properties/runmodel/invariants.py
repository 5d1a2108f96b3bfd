"""Invariants of every run, in whatever order simultaneous events happen."""

from __future__ import annotations

import re
from collections.abc import Iterator

from asynciojobs import PureScheduler

from .cases import Group, Leaf
from .play import BEGINS, OVER, Stage

__all__ = ["complaints"]

Log = list[tuple[int, str, str]]

ENDS = ("done", "failed", "cancelled")
A_LIFE = re.compile(
    r"(scheduled (started (\*begins (\*is cancelled )*\*ends )?(done|failed|cancelled) )?)?"
    r"|(scheduled )?failed |skipped "
)
SHUTDOWN = ("shutdown", "*co_shutdown", "*co_shutdown ends")


def complaints(stage: Stage) -> list[str]:
    """Return a line for each broken invariant in the log and the states."""
    found: list[str] = []
    for number, log in enumerate(each_run(stage.log)):
        run = OneRun(stage, log, stage.record.states[2 * number], number)
        found += [f"run {number}: {line}" for line in run.complaints()]
    return found


def each_run(log: Log) -> list[Log]:
    """Return the log in parts: one for each run, with the shutdown after it."""
    starts = [index for index, (_, _, what) in enumerate(log) if what == BEGINS]
    return [log[i:j] for i, j in zip(starts, [*starts[1:], len(log)], strict=True)]


class OneRun:
    """The log of one run, and questions to it."""

    def __init__(
        self, stage: Stage, log: Log, states: dict[str, tuple[object, ...]], number: int
    ) -> None:
        self.stage = stage
        self.log = log
        self.states = states
        before = stage.record.states[2 * number - 1] if number else None
        self.slots = {
            limit: int(before[f"limit {limit}"][0]) if before else slots  # type: ignore[call-overload]
            for limit, slots in stage.case.limits
        }
        self.ends = stage.record.ends
        self.early = stage.case.shutdown_at is not None and number == 0
        self.run_end = [end for end in self.ends if end[0] == "run"][number]  # type: ignore[index]
        self.groups = {n: s for n, s in stage.specs.items() if isinstance(s, Group)}
        self.leaves = {n: s for n, s in stage.specs.items() if isinstance(s, Leaf)}

    def complaints(self) -> Iterator[str]:
        yield from self.lives()
        yield from self.after_the_end()
        yield from self.requirements()
        yield from self.windows()
        yield from self.limits()
        yield from self.skipped_jobs()
        yield from self.outcomes()
        yield from self.verdicts()
        yield from self.shutdowns()
        yield from self.answer()

    # -- questions to the log

    def of(self, name: str) -> list[str]:
        return [what for _, who, what in self.log if who == name]

    def place(self, name: str, *kinds: str) -> int | None:
        """Return the place in the log where one of these first happened."""
        for index, (_, who, what) in enumerate(self.log):
            if who == name and what in kinds:
                return index
        return None

    def members(self, group: str) -> list[str]:
        scheduler: PureScheduler = self.stage.things[group]
        return [str(job.label) for job in scheduler.jobs]

    # -- what must hold

    def lives(self) -> Iterator[str]:
        for name in self.states:
            told = [w for w in self.of(name) if w not in (*SHUTDOWN, BEGINS, OVER)]
            if not A_LIFE.fullmatch("".join(f"{what} " for what in told)):
                yield f"{name} can't live like that: {told}"

    def after_the_end(self) -> Iterator[str]:
        over = self.place(self.stage.case.root.name, OVER)
        assert over is not None
        for time, who, what in self.log[over + 1 :]:
            if what not in SHUTDOWN and who in self.stage.specs:
                yield f"{who} is {what} at {time}, after the end"

    def requirements(self) -> Iterator[str]:
        for name in self.states:
            started = self.place(name, "started")
            if started is None or name == self.stage.case.root.name:
                continue
            for required in self.stage.specs[name].requires:
                done = self.place(required, "done", "failed")
                if done is None or done > started:
                    yield f"{name} starts before {required} is done"

    def windows(self) -> Iterator[str]:
        for group, spec in self.groups.items():
            taking = {n for n in self.members(group) if not self.stage.specs[n].forever}
            for time, running in self.running():
                count = len(running & taking)
                if spec.window and count > spec.window:
                    yield f"{count} jobs run in {group} at {time}"

    def running(self) -> Iterator[tuple[int, set[str]]]:
        """Yield the jobs that run, whenever one has started."""
        running: set[str] = set()
        for time, who, what in self.log:
            if what == "started":
                running.add(who)
                yield time, running
            elif what in ENDS:
                running.discard(who)

    def limits(self) -> Iterator[str]:
        """No job starts without its slots, and all slots are given back."""
        for limit, at_first in self.slots.items():
            needs = {name: dict(s.limits).get(limit, 0) for name, s in self.stage.specs.items()}
            told = self.log[: self.place(self.stage.case.root.name, OVER)]
            changes = [what for _, who, what in told if who == f"resize {limit}"]
            sizes = [at_first, *(int(what.split()[1]) for what in changes if "fits" in what)]
            for time, running in self.running():
                held = sum(needs[name] for name in running)
                if held > max(sizes):
                    yield f"{held} slots of {limit} are held at {time}"
            if (left := self.states[f"limit {limit}"]) != (sizes[-1], sizes[-1]):
                yield f"{limit} has {left} slots after the run, not {sizes[-1]}"

    def skipped_jobs(self) -> Iterator[str]:
        """A job is skipped if one that it requires has failed, or was skipped itself."""
        things = {name: state for name, state in self.states.items() if len(state) > 2}
        outcomes = {name: state[1] or ("",) for name, state in things.items()}
        skipped = [n for n, outcome in outcomes.items() if outcome[0] == "skipped"]  # type: ignore[index]
        for name in skipped:
            culprit = outcomes[name][1]  # type: ignore[index]
            required = self.stage.things[name].required
            reasons = {str(job.label) for job in required}
            if culprit not in reasons and not reasons & set(skipped):
                yield f"{name} was skipped for {culprit}, which it does not depend on"
            if "failed" not in self.of(culprit) or not self.stage.specs[culprit].critical:
                yield f"{name} was skipped for {culprit}, which has not failed"

    def outcomes(self) -> Iterator[str]:
        for name in self.leaves:
            outcome = self.states.get(name, (None, None))[1]
            end = next((what for what in self.of(name) if what in ENDS), None)
            fits = {
                "done": outcome == ("returns", f"{name} returns"),
                "failed": outcome
                in [
                    ("raises", f"{name} raises"),
                    ("exits", f"{name} exits"),
                    ("raises", "CancelledError"),
                    ("raises", "TimeoutError"),
                ],
            }
            is_skipped = "skipped" in self.of(name)
            if not fits.get(end or "", (outcome is not None) == is_skipped):
                yield f"{name} was {end} with {outcome}"

    def verdicts(self) -> Iterator[str]:
        for group in self.groups:
            if group != self.stage.case.root.name and self.place(group, "started") is None:
                continue
            if group in self.states:
                kind, culprit = self.states[group][4]  # type: ignore[misc]
                yield from self.verdict(group, str(kind), str(culprit))

    def verdict(self, group: str, kind: str, culprit: str) -> Iterator[str]:
        members = {n: self.stage.specs[n] for n in self.members(group) if n in self.states}
        outcomes = {n: (self.states[n][1] or ("",))[0] for n in members}  # type: ignore[index]
        failed = {n for n, o in outcomes.items() if o == "raises" and members[n].critical}
        if kind == "fine" and failed:
            yield f"{group} is fine, but {failed} have failed"
        if kind == "critical" and culprit not in failed:
            yield f"{group} failed by {culprit}, but {failed} have failed"
        if ("exits" in outcomes.values()) and kind != "broken":
            yield f"{group} is {kind}, but a job wants to leave"
        if kind == "fine":
            yield from self.forever_jobs_end_last(group)

    def forever_jobs_end_last(self, group: str) -> Iterator[str]:
        members = {name: self.stage.specs[name] for name in self.members(group)}
        cancelled = [n for n in members if "cancelled" in self.of(n)]
        regular = [n for n in members if not members[n].forever and "started" in self.of(n)]
        yield from (
            f"{group} is fine, but {n} was cancelled"
            for n in cancelled
            if not members[n].forever
        )
        for forever in cancelled:
            for name in regular:
                if (self.place(name, *ENDS) or 0) > (self.place(forever, "cancelled") or 0):
                    yield f"{forever} was cancelled before {name} has ended"

    def shutdowns(self) -> Iterator[str]:
        for name in self.leaves:
            if name in self.stage.things and name in self.states:
                count = self.of(name).count("*co_shutdown")
                if count != 1 and not (self.early and count == 2):
                    yield f"{name} was shut down {count} times"
        for group in self.groups:
            end = self.place(group, *ENDS)
            if end is not None and "started" in self.of(group):
                for name in (member.name for member in self.groups[group].members):
                    served = self.place(name, "shutdown")
                    if served is None or served > end:
                        yield f"{name} was not shut down before {group} had ended"

    def answer(self) -> Iterator[str]:
        root = self.stage.case.root
        kind = self.states[root.name][4][0]  # type: ignore[index]
        raises = root.critical and not self.stage.case.pure
        how, what = (
            ("cancelled", "")
            if self.run_end[2] == "cancelled"  # type: ignore[index]
            else self.run_end[2]  # type: ignore[index]
        )
        fits = {
            "fine": (how, what) == ("returns", True),
            "stopped": (how, what) == ("returns", True) or how == "cancelled",
            "cancelled": how == "cancelled",
            "broken": how == "exits",
        }.get(kind, how == "cancelled" or (how == "raises" if raises else what is False))
        if not fits:
            yield f"the run is {kind}, and ends with {self.run_end}"
