"""What a run does, according to the reference: slow, and meant to be obviously right.

Time is a number, and an agenda says what is due when. Each event is handled, with all its
consequences, before the next one. There are no tasks, no callbacks and no count-downs here:
after each step, all jobs are asked again ("have all ended?", "which may start?").

Events that are due at the same moment may happen in any order. The model chooses one order,
and notes that there was a `tie`; an exact comparison would then prove nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .cases import Add, Case, Group, Leaf, Member, Poke

__all__ = ["Record", "simulate"]

CANCELLED = "cancelled"
"""The end of a job that its run has cancelled; any other end is a pair (how, what)."""
FINE = ("fine", "")

End = str | tuple[str, object]
Verdict = tuple[str, str]


@dataclass
class Record:
    """Everything about a case that can be seen from outside."""

    events: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    """By job, in order: the events for observers, and what the job itself saw (`*`)."""
    ends: list[object] = field(default_factory=list)
    """What each call returned or raised, and when."""
    states: list[dict[str, object]] = field(default_factory=list)
    """What the methods of each job and group returned after each run."""
    deaf: set[str] = field(default_factory=set)
    """Jobs that the log must name, since they went on for a second after cancellation."""
    tie: bool = False

    def note(self, time: int, name: str, what: str) -> None:
        """Take note of an event."""
        self.events.setdefault(name, []).append((time, what))


class Timer:
    """An event that is due at some time, unless it is dropped."""

    def __init__(self, action: Callable[[], None]) -> None:
        self.action: Callable[[], None] | None = action

    def drop(self) -> None:
        self.action = None


class World:
    """The time, the agenda, and the lives of all jobs."""

    def __init__(self) -> None:
        self.now = 0
        self.record = Record()
        self.lives: dict[str, Life] = {}
        self._agenda: list[tuple[int, int, Timer]] = []
        self._serial = 0

    def after(self, delay: int, action: Callable[[], None]) -> Timer:
        """Schedule an event."""
        timer = Timer(action)
        self._serial += 1
        heapq.heappush(self._agenda, (self.now + delay, self._serial, timer))
        return timer

    def go_on_until(self, over: Callable[[], bool]) -> None:
        """Handle the events that are due, one after the other."""
        while not over():
            self.now, _, timer = heapq.heappop(self._agenda)
            if timer.action is not None:
                self.record.tie |= self._something_else_is_due()
                timer.action()

    def _something_else_is_due(self) -> bool:
        return any(when == self.now and timer.action for when, _, timer in self._agenda)

    def life_of(self, member: Member) -> Life:
        """Return the life of a job; it is made on the first call."""
        if member.name not in self.lives:
            kind = LeafLife if isinstance(member, Leaf) else GroupLife
            self.lives[member.name] = kind(self, member)  # type: ignore[arg-type]
        return self.lives[member.name]


class Life:
    """The common base of leaves and groups: their part in a run of the group around."""

    spec: Leaf | Group

    def __init__(self, world: World) -> None:
        self.world = world
        self.around: GroupLife | None = None
        self.requires = set(self.spec.requires)
        self.shutdown_given = False
        self.forget()

    def forget(self) -> None:
        """Return to the state before the first run."""
        self.phase = "idle"
        self.outcome: tuple[str, object] | None = None
        self.started: int | None = None
        self.ended: int | None = None
        self.shutdown_given = False

    @property
    def alive(self) -> bool:
        return self.started is not None and self.ended is None

    def note(self, what: str) -> None:
        self.world.record.note(self.world.now, self.spec.name, what)

    def start(self) -> None:
        self.phase = "running"
        self.started = self.world.now
        self.note("started")
        self.begin()

    def end(self, end: End) -> None:
        """End; if its run has not cancelled it, it is done."""
        assert self.around is not None
        self.ended = self.world.now
        if isinstance(end, tuple):
            self.phase = "done"
            self.outcome = end
            self.note("done" if end[0] == "returns" else "failed")
        else:
            self.note("cancelled")
        self.around.member_ended(self)

    def begin(self) -> None:
        raise NotImplementedError

    def cancel(self) -> None:
        """Be cancelled by its run, which happens only once."""
        raise NotImplementedError

    def shut_down(self, then: Callable[[End], None]) -> Service:
        """Begin its `co_shutdown()`, and call `then` when that has ended."""
        raise NotImplementedError

    def is_served(self) -> bool:
        """Tell whether it and all its present members have had their `co_shutdown()`."""
        return self.shutdown_given

    def state(self) -> tuple[object, ...]:
        """Return what its methods return after a run."""
        return (self.phase, self.outcome, self.started, self.ended)


@dataclass
class Service:
    """A `co_shutdown()` that is going on."""

    cancel: Callable[[], None]


class LeafLife(Life):
    """A job with a script."""

    def __init__(self, world: World, spec: Leaf) -> None:
        self.spec: Leaf = spec
        super().__init__(world)

    # -- its co_run()

    def begin(self) -> None:
        self.note("*begins")
        self.begun = self.world.now
        self.cleaning = False
        self.cancelled_at: int | None = None
        after = self.world.after
        self.timers = [after(self.spec.takes, lambda: self.stop(self.spec.ends))]
        self.timers += [
            after(act.after, lambda act=act: self.act(act)) for act in self.spec.acts
        ]

    def act(self, act: Poke | Add) -> None:
        life = self.world.lives.get(act.target if isinstance(act, Poke) else act.group)
        if isinstance(act, Poke) and isinstance(life, LeafLife) and life.alive:
            life.hear_cancellation()
        if isinstance(act, Add) and isinstance(life, GroupLife):
            for name in act.before:
                self.world.lives[name].requires.add(act.members[0].name)
            life.add(act.members)

    def cancel(self) -> None:
        self.cancelled_at = self.world.now
        self.hear_cancellation()
        self.cancel_again_later()

    def cancel_again_later(self) -> None:
        """A deaf job is cancelled again each second."""
        if self.alive and not self.cleaning:
            self.timers.append(self.world.after(1000, self.cancel_again))

    def cancel_again(self) -> None:
        self.note("*is cancelled")
        self.cancel_again_later()

    def hear_cancellation(self) -> None:
        """Receive a cancellation, from its run or from another job.

        If it comes at the moment when the job was started, it may precede the first step.
        """
        self.world.record.tie |= self.begun == self.world.now
        self.note("*is cancelled")
        if self.cleaning:
            self.stop("heeds")
        elif self.spec.when_cancelled != "is deaf":
            self.clean_up()

    def clean_up(self) -> None:
        self.drop_timers()
        self.cleaning = True
        reaction = self.spec.when_cancelled
        if reaction == "heeds" and not self.spec.cleanup:
            self.stop(reaction)
        else:
            self.timers = [self.world.after(self.spec.cleanup, lambda: self.stop(reaction))]

    def drop_timers(self) -> None:
        for timer in self.timers:
            timer.drop()

    def stop(self, how: str) -> None:
        self.drop_timers()
        self.note("*ends")
        if self.cancelled_at is not None and self.world.now >= self.cancelled_at + 1000:
            self.world.record.deaf.add(self.spec.name)
        self.end(self._end_by(how))

    def _end_by(self, how: str) -> End:
        name = self.spec.name
        if how in ("heeds", "cancels itself"):
            # Cancelled by itself or by another job, it has failed; cancelled by its run, it
            # has not. Once the run has cancelled it, the two can't be distinguished.
            return ("raises", "CancelledError") if self.cancelled_at is None else CANCELLED
        return (how, f"{name} {how}")

    # -- its co_shutdown()

    def shut_down(self, then: Callable[[End], None]) -> Service:
        spec = self.spec
        self.note("*co_shutdown")

        def over(how: str) -> None:
            timer.drop()
            self.note("*co_shutdown ends")
            then(CANCELLED if how == CANCELLED else (how, f"{spec.name} shutdown {how}"))

        def cancel() -> None:
            if timer.action and not spec.shutdown_deaf:
                over(CANCELLED)

        timer = Timer(lambda: over(spec.shutdown_ends))
        if spec.shutdown_takes:
            timer = self.world.after(spec.shutdown_takes, lambda: over(spec.shutdown_ends))
        else:
            over(spec.shutdown_ends)
        return Service(cancel)


class GroupLife(Life):
    """A scheduler; after each step, it looks at all its members again."""

    def __init__(self, world: World, spec: Group) -> None:
        self.spec: Group = spec
        self.raises = spec.critical  # if it fails, its co_run() raises; else it returns False
        self.members: list[Life] = []
        self.verdict: Verdict | None = None  # how its last run ended; None while it goes on
        self.failure: object = None  # what a failed or broken run raises
        self.running = False
        self.calls: list[ShutdownCall] = []  # the first one is active
        super().__init__(world)
        self.take(spec.members)

    def forget(self) -> None:
        super().forget()
        self.forget_members()

    def forget_members(self) -> None:
        """Forget the last run, when a new run of this group or one around it begins."""
        self.verdict = None
        self.failures: dict[str, object] = {}
        self.answer = True
        for member in self.members:
            member.forget()

    def is_served(self) -> bool:
        return self.shutdown_given and all(member.is_served() for member in self.members)

    def state(self) -> tuple[object, ...]:
        return (*super().state(), self.verdict or FINE, self.failures_at_all_depths())

    def failures_at_all_depths(self) -> dict[str, object]:
        failures = dict(self.failures)
        for member in self.members:
            if isinstance(member, GroupLife):
                failures |= member.failures_at_all_depths()
        return failures

    def take(self, specs: Iterable[Member]) -> None:
        for spec in specs:
            member = self.world.life_of(spec)
            if member not in self.members:
                member.around = self
                self.members.append(member)

    # -- its run

    def begin(self) -> None:
        """Its `co_run()`."""
        self.forget_members()
        self.failure = None
        self.cancelled = False  # by the user, or by the run around
        self.running = True
        self.queue: list[Life] = []
        self.deadline = Timer(lambda: None)
        self.schedule()
        if not self.members:
            self.world.after(0, lambda: self.settle(FINE))
            return
        if self.spec.timeout is not None:
            self.deadline = self.world.after(
                self.spec.timeout, lambda: self.settle(("timeout", ""))
            )
        if self.spec.timeout != 0:
            self.start_ready()

    def add(self, specs: Iterable[Member]) -> None:
        """Add jobs; if the run goes on, they take part."""
        self.take(specs)
        if self.running and self.verdict is None:
            self.go_on()

    def member_ended(self, member: Life) -> None:
        if member.outcome is not None and member.outcome[0] == "exits":
            self.settle(("broken", ""), member.outcome[1])
        elif member.outcome and member.outcome[0] == "raises" and member.spec.critical:
            self.settle(("critical", member.spec.name), member.outcome[1])
        if self.verdict is None:
            self.go_on()
        else:
            self.finish_if_all_ended()

    def go_on(self) -> None:
        """Schedule jobs; then end if all jobs that count are done, and start jobs otherwise."""
        self.schedule()
        if all(member.phase == "done" for member in self._waited_for()):
            self.settle(FINE)
        else:
            self.start_ready()

    def schedule(self) -> None:
        """Put the jobs in the queue whose requirements are all done."""
        for member in self.members:
            if member.phase == "idle" and self._requirements_are_done(member):
                member.phase = "scheduled"
                member.note("scheduled")
                self.queue.append(member)

    def start_ready(self) -> None:
        """Start jobs of the queue as long as there are slots."""
        while self.verdict is None and (member := self._next_to_start()):
            self.queue.remove(member)
            member.start()

    def _requirements_are_done(self, member: Life) -> bool:
        done = {other.spec.name for other in self.members if other.phase == "done"}
        return done.issuperset(member.requires)

    def _waited_for(self) -> list[Life]:
        return [member for member in self.members if not member.spec.forever] or self.members

    def _next_to_start(self) -> Life | None:
        """Return the next job to start: any forever job, or another if there is a slot."""
        running = [m for m in self.members if m.alive and not m.spec.forever]
        for member in self.queue:
            if member.spec.forever:
                return member
        if self.queue and not (self.spec.window and len(running) >= self.spec.window):
            return self.queue[0]
        return None

    def settle(self, verdict: Verdict, failure: object = None) -> None:
        """Decide how the run ends: the first verdict counts.

        There are two exceptions: a fine run whose clean-up fails, and a run that is broken off.
        """
        first = self.verdict is None
        if first or self.verdict == FINE or verdict[0] == "broken":
            self.verdict, self.failure = verdict, failure
        if first:
            self.deadline.drop()
            for member in self.members:
                if member.alive:
                    member.cancel()
            self.finish_if_all_ended()

    def cancel(self) -> None:
        """Be cancelled from outside: nothing is cut short, and it is raised at the end."""
        self.cancelled = True
        if self.running:
            self.settle(("cancelled", ""))

    def finish_if_all_ended(self) -> None:
        if self.running and not any(member.alive for member in self.members):
            self.running = False
            self.run_is_over()

    def run_is_over(self) -> None:
        """A nested group is shut down, and only then ends in the run around."""
        self.shutdown_given = True
        self.note("shutdown")
        self.shut_down(self._end_in_the_run_around)

    def _end_in_the_run_around(self, answer: End) -> None:
        assert self.around is not None
        if answer != ("returns", True):
            self.around.answer = False
        end = self.answer_of_run()
        if answer[0] == "exits":
            self.around.failures[self.spec.name] = answer[1]
            end = end if end[0] == "exits" else answer
        self.end(end)

    def answer_of_run(self) -> End:
        """Return what `co_run()` returns or raises."""
        assert self.verdict is not None
        kind = self.verdict[0]
        if kind == "broken":
            return ("exits", self.failure)
        if self.cancelled:
            return CANCELLED
        if kind == "critical" and self.raises:
            return ("raises", self.failure)
        if kind == "timeout" and self.raises:
            return ("raises", "TimeoutError")
        return ("returns", kind == "fine")

    # -- its co_shutdown()

    def shut_down(self, then: Callable[[End], None]) -> Service:
        """Shut down all members that were not yet, at once; calls come one after the other."""
        call = ShutdownCall(self, then)
        self.calls.append(call)
        if len(self.calls) == 1:
            call.begin()
        return Service(call.cancel)


class ShutdownCall:
    """One call of the `co_shutdown()` of a group."""

    def __init__(self, group: GroupLife, then: Callable[[End], None]) -> None:
        self.group = group
        self.then = then
        self.begun = False
        self.pending: dict[Life, Service | None] = {}  # called, but not ended
        self.answer = True
        self.cancelled = False
        self.exits: dict[Life, End] = {}
        self.limit = Timer(lambda: None)

    def begin(self) -> None:
        """Begin, when it is the turn of this call."""
        self.begun = True
        self.answer = self.group.answer
        turns = [member for member in self.group.members if not member.is_served()]
        for member in turns:
            member.shutdown_given = True
            member.note("shutdown")
        if turns and self.group.spec.shutdown_timeout is not None:
            limit = self.group.spec.shutdown_timeout
            self.limit = self.group.world.after(limit, self.time_is_over)
        self.pending = dict.fromkeys(turns)
        for member in turns:
            service = member.shut_down(lambda end, member=member: self.ended(member, end))
            if member in self.pending:
                self.pending[member] = service
        if not turns:
            self.finish()

    def ended(self, member: Life, end: End) -> None:
        """Take note that the `co_shutdown()` of a member has ended."""
        del self.pending[member]
        if end == CANCELLED:
            self.group.failures.setdefault(member.spec.name, "CancelledError")
        elif end[0] != "returns":
            self.group.failures[member.spec.name] = end[1]
        if end[0] == "exits":
            self.exits[member] = end
        if end[0] != "returns" or end == ("returns", False):
            self.answer = self.group.answer = False
        if not self.pending:
            self.finish()

    def time_is_over(self) -> None:
        self.answer = self.group.answer = False
        for member in self.pending:
            self.group.failures[member.spec.name] = "TimeoutError"
        self.cancel_all()

    def cancel(self) -> None:
        """Be cancelled by the caller; the limit no longer applies."""
        self.cancelled = True
        self.limit.drop()
        if self.begun:
            self.cancel_all()
        else:
            self.finish()

    def cancel_all(self) -> None:
        for service in list(self.pending.values()):
            if service is not None:
                service.cancel()

    def finish(self) -> None:
        """Return the answer after all have ended, and let the next call begin."""
        self.limit.drop()
        calls = self.group.calls
        calls.remove(self)
        if calls and not calls[0].begun:
            calls[0].begin()
        for member in self.group.members:
            if member in self.exits:
                self.then(self.exits[member])
                return
        self.then(CANCELLED if self.cancelled else ("returns", self.answer))


class Root(GroupLife):
    """The outermost scheduler, with the user around it."""

    def begin(self) -> None:
        """Its `co_run()`: it has the times of its run, like a job."""
        self.started, self.ended = self.world.now, None
        super().begin()

    def run_is_over(self) -> None:
        """The user shuts it down, not the run."""
        self.ended = self.world.now

    # -- the user

    def play(self, case: Case) -> None:
        """Run it, and shut it down, as often as the case says."""
        for number in range(case.runs):
            first = number == 0
            self.run(case.cancels if first else (), case.shutdown_at if first else None)
            self.note_states()
            self.shut_down_and_wait("shutdown")
            self.shut_down_and_wait("second shutdown")
            self.note_states()

    def run(self, cancels: Iterable[int], shutdown_at: int | None) -> None:
        """Run it once, with the events from outside."""
        timers = [self.world.after(moment, self.cancel) for moment in cancels]
        calls: list[End | None] = []
        if shutdown_at is not None:
            timers.append(self.world.after(shutdown_at, lambda: self.call_early(calls)))
        self.begin()
        self.world.go_on_until(lambda: not self.running)
        for timer in timers:
            timer.drop()
        self.note_end("run", self.answer_of_run())
        self.world.go_on_until(lambda: None not in calls)
        for answer in calls:
            self.note_end("early shutdown", answer)

    def call_early(self, calls: list[End | None]) -> None:
        calls.append(None)
        self.shut_down(lambda answer: calls.__setitem__(0, answer))

    def shut_down_and_wait(self, name: str) -> None:
        answers: list[End] = []
        self.shut_down(answers.append)
        self.world.go_on_until(lambda: bool(answers))
        self.note_end(name, answers[0])

    # -- what can be seen afterwards

    def note_end(self, name: str, end: End | None) -> None:
        self.world.record.ends.append((name, self.world.now, end))

    def note_states(self) -> None:
        self.world.record.states.append(
            {name: life.state() for name, life in self.world.lives.items()}
        )


def simulate(case: Case) -> Record:
    """Return the record of a case."""
    world = World()
    root = Root(world, case.root)
    world.lives[case.root.name] = root
    root.raises = case.root.critical and not case.pure
    root.play(case)
    return world.record
