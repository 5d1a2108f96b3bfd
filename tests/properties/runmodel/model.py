"""What a run does, according to the reference: slow, and meant to be obviously right.

Time is a number, and an agenda says what is due when. Each event is handled, with all its
consequences, before the next one. There are no tasks, no callbacks and no count-downs here:
after each step, all jobs are asked again ("have all ended?", "which may start?").

Events that are due at the same moment may happen in any order. The model chooses one order, and
notes that there was a `tie`; an exact comparison would then prove nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .cases import Act, Add, Cancel, Case, Group, Leaf, Member, Poke, Resize, Stop

__all__ = ["Record", "simulate"]

CANCELLED = "cancelled"
"""The end of a job that its run has cancelled; any other end is a pair (how, what)."""
MOST_EVENTS = 10_000
"""A case never has more; so the model can't hang."""
FINE = ("fine", "")
STOPPED = ("stopped", "")

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
    """The time, the agenda, the lives of all jobs, and what they share."""

    def __init__(self, slots: dict[str, int] | None = None) -> None:
        self.now = 0
        self.record = Record()
        self.lives: dict[str, Life] = {}
        self.limits = Limits(self, slots or {})
        self.failed: list[Life] = []  # all jobs that raised, in this order
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
        for _ in range(MOST_EVENTS):
            if over():
                return
            self.now, _, timer = heapq.heappop(self._agenda)
            if timer.action is not None:
                self.record.tie |= self._something_else_is_due()
                timer.action()
        raise AssertionError(f"the model takes more than {MOST_EVENTS} events")

    def _something_else_is_due(self) -> bool:
        return any(when == self.now and timer.action for when, _, timer in self._agenda)

    def life_of(self, member: Member) -> Life:
        """Return the life of a job; it is made on the first call."""
        if member.name not in self.lives:
            kind = LeafLife if isinstance(member, Leaf) else GroupLife
            self.lives[member.name] = kind(self, member)  # type: ignore[arg-type]
        return self.lives[member.name]

    # -- what jobs and users do to others

    def do(self, act: Act) -> None:
        life = self.lives.get(act.group if isinstance(act, Add) else act.target)
        if isinstance(act, Poke) and isinstance(life, LeafLife) and life.poke_reaches():
            life.hear_cancellation()
        if isinstance(act, Cancel) and life is not None:
            self.say(f"cancel {act.target}", str(life.cancel_job()))
        if isinstance(act, Stop) and isinstance(life, GroupLife):
            self.say(f"stop {act.target}", "stops" if life.running else "is refused")
            if life.running and life.verdict is None:
                life.settle(STOPPED)
        if isinstance(act, Resize):
            most = self.most_needed(act.target)
            fits = f"fits {act.slots}"
            self.say(f"resize {act.target}", fits if most <= act.slots else "is refused")
            if most <= act.slots:
                self.limits.resize(act.target, act.slots)
        if isinstance(act, Add) and isinstance(life, GroupLife):
            for name in act.before:
                self.lives[name].requires.add(act.members[0].name)
            life.add(act.members)

    def say(self, name: str, what: str) -> None:
        self.record.note(self.now, name, what)

    def most_needed(self, limit: str) -> int:
        """Return how many slots a single job may need, with the schedulers around it."""
        roots = [life for life in self.lives.values() if isinstance(life, Root)]
        return max(claim(root).get(limit, 0) if root.running else 0 for root in roots)


class Limits:
    """The slots that jobs share, and the jobs that wait for them; first come, first served."""

    def __init__(self, world: World, slots: dict[str, int]) -> None:
        self.world = world
        self.slots = slots
        self.holders: list[Life] = []
        self.waiting: list[Life] = []
        self.asks: list[tuple[int, Life]] = []  # in a run, with their times
        self.had_to_wait: set[Life] = set()
        # Who gave back slots, when, and whether somebody could start with them.
        self.given_back: list[tuple[int, Life, bool]] = []

    def free(self, limit: str) -> int:
        return self.slots[limit] - sum(life.needs.get(limit, 0) for life in self.holders)

    def ask(self, life: Life) -> None:
        self.asks.append((self.world.now, life))
        self.waiting.append(life)
        self.serve()
        if life in self.waiting:
            self.had_to_wait.add(life)

    def give_back(self, life: Life) -> None:
        if life in self.holders:
            self.holders.remove(life)
            could_serve = self.next_to_start() is not None
            self.given_back.append((self.world.now, life, could_serve))

    def resize(self, limit: str, slots: int) -> None:
        self.slots[limit] = slots
        self.serve()

    def serve(self) -> None:
        """Start the jobs that can have all their slots, the first one first."""
        while life := self.next_to_start():
            self.waiting.remove(life)
            self.holders.append(life)
            if life.spec.timeout == 0:  # it ends at once, perhaps before the rest of this
                self.world.record.tie |= (self.world.now, life) not in self.asks
            life.start()

    def next_to_start(self) -> Life | None:
        candidates = [life for life in self.waiting if life.could_start()]
        for number, life in enumerate(candidates):
            earlier = candidates[:number]
            if any(self.must_wait_behind(life, other) for other in earlier):
                continue
            if self.has_slots(life) and self.all_can_end(life):
                return life
        return None

    def has_slots(self, life: Life) -> bool:
        return all(self.free(limit) >= n for limit, n in life.needs.items())

    def must_wait_behind(self, life: Life, other: Life) -> bool:
        """Return whether a job must wait for one that came earlier, and waits as well.

        A job inside a scheduler that holds slots need not wait behind jobs outside it.
        """
        holder = next((group for group in life.groups_around() if group in self.holders), None)
        if holder is not None and holder not in other.groups_around():
            return False
        return not life.needs.keys().isdisjoint(other.needs)

    def all_can_end(self, new: Life) -> bool:
        """Return whether all schedulers that hold slots can end, if this one gets its slots.

        A scheduler can end if each job inside it can get what it needs, after the schedulers
        inside it that hold slots. Other jobs just end.
        """
        groups = [life for life in [*self.holders, new] if isinstance(life, GroupLife)]
        while groups and isinstance(new, GroupLife):
            free = dict(self.slots)
            for group in groups:
                for limit, n in group.needs.items():
                    free[limit] -= n
            around = {outer for group in groups for outer in group.groups_around()}
            able = [
                group
                for group in groups
                if group not in around
                and all(free[limit] >= n for limit, n in claim(group).items())
            ]
            if not able:
                return False
            groups.remove(able[0])
        return True

    # -- ties

    def note_ties(self) -> None:
        """Note a tie if jobs of different groups asked at the same moment, and one had to wait.

        The order in which they asked is then up to the engine.
        """
        for now, life in self.asks:
            for then, other in self.asks:
                if now == then and life.around is not other.around:
                    shared = not life.needs.keys().isdisjoint(other.needs)
                    shared |= isinstance(life, GroupLife)  # it may wait for other groups to end
                    self.world.record.tie |= shared and life in self.had_to_wait
        self.asks.clear()
        self.had_to_wait.clear()

    def note_tie_of(self, life: Life) -> None:
        """Note a tie if others gave back slots at the moment when a job ends.

        Which came first is then up to the engine. If one is inside the other, that is certain;
        but it is up to the engine whether others start in between.
        """
        for then, other, could_serve in self.given_back if self.waiting else ():
            if then == self.world.now and other is not life:
                is_sure = life in other.groups_around() and not could_serve
                self.world.record.tie |= not is_sure or self.has_waiting_sibling(life)

    def note_tie_of_end(self, group: GroupLife) -> None:
        """Note a tie if a run ends at the moment when a job further inside gave back slots.

        A job may wait for them, and it is up to the engine which comes first.
        """
        inside = any(group in life.groups_around() for life in self.waiting)
        for then, life, _ in self.given_back:
            if then == self.world.now and life.around is not group:
                self.world.record.tie |= inside

    def has_waiting_sibling(self, life: Life) -> bool:
        """Return whether a job waits that may have missed a slot for the window only."""
        assert life.around is not None
        waits = any(other.around is life.around for other in self.waiting)
        return waits and bool(life.around.spec.window)


def claim(group: GroupLife) -> dict[str, int]:
    """Return the most slots that one job inside a group needs, with those around it."""
    most: dict[str, int] = {}
    for member in group.members:
        inside = claim(member) if isinstance(member, GroupLife) else {}
        for limit in {*inside, *member.needs}:
            need = inside.get(limit, 0) + member.needs.get(limit, 0)
            most[limit] = max(most.get(limit, 0), need)
    return most


class Life:
    """The common base of leaves and groups: their part in a run of the group around."""

    spec: Leaf | Group

    def __init__(self, world: World) -> None:
        self.world = world
        self.around: GroupLife | None = None
        self.requires = set(self.spec.requires)
        self.needs = dict(self.spec.limits)
        self.shutdown_given = False
        self.forget()

    def forget(self) -> None:
        """Return to the state before the first run."""
        self.phase = "idle"
        self.outcome: tuple[str, object] | None = None
        self.started: int | None = None
        self.ended: int | None = None
        self.culprit: Life | None = None  # why it was skipped
        self.shutdown_given = False

    @property
    def alive(self) -> bool:
        return self.started is not None and self.ended is None

    def groups_around(self) -> list[GroupLife]:
        """Return the groups around it, the innermost one first."""
        return [] if self.around is None else [self.around, *self.around.groups_around()]

    def could_start(self) -> bool:
        """Return whether its window has a slot, and no run around it is over."""
        if any(group.verdict is not None for group in self.groups_around()):
            return False
        assert self.around is not None
        return bool(self.spec.forever) or self.around.has_slot()

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
            if end[0] != "returns":
                self.world.failed.append(self)
        else:
            self.note("cancelled")
        self.world.limits.give_back(self)
        self.world.limits.note_tie_of(self)
        self.around.member_ended(self)
        self.world.limits.serve()

    def skip(self, culprit: Life) -> None:
        """Never start, since a job that it depends on has failed."""
        self.phase = "skipped"
        self.culprit = culprit
        self.note("skipped")

    def cancel_job(self) -> bool:
        """Its `cancel()`: a running job gets it; a waiting job counts as having raised."""
        group = self.around
        if group is not None and group.will_begin():
            group.cancelled_early.append(self)
            return True
        if group is None or not group.running or self not in group.roster:
            return False
        if self.phase in ("done", "skipped") or self.ended is not None:
            return False
        if self.alive:
            self.hear_cancellation()
        elif group.verdict is None:
            group.forget_waiting(self)
            self.end(("raises", "CancelledError"))
        return True

    def hear_cancellation(self) -> None:
        """Receive a cancellation, from its run or from elsewhere."""
        raise NotImplementedError

    def begin(self) -> None:
        raise NotImplementedError

    def cancel(self) -> None:
        """Be cancelled by its run, which happens only once."""
        raise NotImplementedError

    def shut_down(self, then: Callable[[End], None]) -> Service:
        """Begin its `co_shutdown()`, and call `then` when that has ended."""
        raise NotImplementedError

    def is_served(self) -> bool:
        """Return whether it and all its present members have had their `co_shutdown()`."""
        return self.shutdown_given

    def state(self) -> tuple[object, ...]:
        """Return what its methods return after a run."""
        outcome = self.outcome
        if self.culprit is not None:
            outcome = ("skipped", self.culprit.spec.name)
        return (self.phase, outcome, self.started, self.ended)


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
        self.begun = self.world.now
        self.cleaning = False
        self.poked = False  # others have cancelled it
        self.cancelled_at: int | None = None  # by its run
        self.expired_at: int | None = None
        self.out_of_time = False  # its time was over, and that is why it ends
        self.timers: list[Timer] = []
        self.again = self.deadline = Timer(lambda: None)
        after = self.world.after
        if self.spec.timeout == 0:
            after(0, lambda: self.end(("raises", "TimeoutError")))
            return
        self.note("*begins")
        self.timers = [after(self.spec.takes, lambda: self.stop(self.spec.ends))]
        self.timers += [
            after(act.after, lambda act=act: self.world.do(act)) for act in self.spec.acts
        ]
        if self.spec.timeout is not None:
            self.deadline = after(self.spec.timeout, self.expire)

    def expire(self) -> None:
        """Be cancelled since its time is over. The first cancellation is the cause."""
        self.expired_at = self.world.now
        self.out_of_time = not self.poked or self.cleaning
        self.receive()
        self.cancel_again_later()

    def cancel(self) -> None:
        self.deadline.drop()
        self.cancelled_at = self.world.now
        self.receive()
        self.cancel_again_later()

    def cancel_again_later(self) -> None:
        """A deaf job is cancelled again each second."""
        self.again.drop()
        if self.alive and not self.cleaning:
            self.again = self.world.after(1000, self.cancel_again)

    def cancel_again(self) -> None:
        self.note("*is cancelled")
        self.cancel_again_later()

    def poke_reaches(self) -> bool:
        return self.alive and self.spec.timeout != 0

    def hear_cancellation(self) -> None:
        self.poked = True
        self.receive()

    def receive(self) -> None:
        """Be cancelled, by its run, by its timeout, or by another job.

        If that comes at the moment when the job was started, it may precede the first step.
        """
        self.world.record.tie |= self.begun == self.world.now
        self.note("*is cancelled")
        if self.cleaning:
            self.stop("heeds")
        elif self.spec.when_cancelled != "is deaf":
            self.clean_up()

    def clean_up(self) -> None:
        self.drop_timers()
        self.again.drop()
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
        self.again.drop()
        self.deadline.drop()
        self.note("*ends")
        self.look_whether_deaf(how)
        self.end(self._end_by(how))

    def look_whether_deaf(self, how: str) -> None:
        """The log names a job that went on for a second, or returned after its time."""
        then = self.expired_at if self.cancelled_at is None else self.cancelled_at
        late = then is not None and self.world.now >= then + 1000
        if late or (self.expired_at is not None and how == "returns"):
            self.world.record.deaf.add(self.spec.name)

    def _end_by(self, how: str) -> End:
        name = self.spec.name
        if how in ("heeds", "cancels itself"):
            if self.out_of_time:
                return ("raises", "TimeoutError")
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
        self.roster: list[Life] = []  # the members that take part in its run
        self.cancelled_early: list[Life] = []  # members, before its run has begun
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
        self.failures: dict[str, object] = {}  # of shutdowns
        self.culprits: list[Life] = []  # the critical jobs that failed, while the run goes on
        self.answer = True
        for member in self.members:
            member.forget()

    def is_served(self) -> bool:
        return self.shutdown_given and all(member.is_served() for member in self.members)

    def state(self) -> tuple[object, ...]:
        raised = [life for life in self.world.failed if self in life.groups_around()]
        return (
            *super().state(),
            self.verdict or FINE,
            self.failures_at_all_depths(),
            sorted(
                (life.ended, life.spec.name, life.outcome[1]) for life in raised if life.outcome
            ),
        )

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

    def will_begin(self) -> bool:
        """Return whether its run may begin later: it waits in a run, at any depth."""
        group = self.around
        if group is None or self.phase not in ("idle", "scheduled"):
            return False
        return group.will_begin() or (group.running and self in group.roster)

    def begin(self) -> None:
        """Its `co_run()`."""
        self.forget_members()
        self.failure = None
        self.cancelled = False  # by the user, or by the run around
        self.poked = False  # by others, with cancel()
        self.begun = self.world.now
        self.running = True
        self.roster = list(self.members)
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
            early, self.cancelled_early = self.cancelled_early, []
            for member in early:
                member.cancel_job()
            if self.verdict is None:
                self.start_ready()

    def add(self, specs: Iterable[Member]) -> None:
        """Add jobs; if the run goes on, they take part."""
        known = list(self.members)
        self.take(specs)
        if self.running and self.verdict is None:
            self.roster += [member for member in self.members if member not in known]
            self.skip_those_behind()
            self.go_on()

    def member_ended(self, member: Life) -> None:
        if member.outcome is not None and member.outcome[0] == "exits":
            self.settle(("broken", ""), member.outcome[1])
        elif member.outcome and member.outcome[0] == "raises" and member.spec.critical:
            self.member_failed(member, member.outcome[1])
        if self.verdict is None:
            self.go_on()
        else:
            self.finish_if_all_ended()

    def member_failed(self, member: Life, failure: object) -> None:
        """End the run; or, if it keeps going, skip the jobs that depend on the failed one."""
        if self.verdict is None and self.spec.keep_going:
            self.culprits.append(member)
            self.skip_those_behind()
        else:
            self.settle(("critical", member.spec.name), failure)

    def skip_those_behind(self) -> None:
        """Skip all jobs that depend on one that failed; the first failure is the culprit."""
        reasons = {life.spec.name: life for life in self.culprits}
        reasons |= {m.spec.name: m.culprit for m in self.roster if m.culprit is not None}
        for member in self.roster:
            found = [reasons[name] for name in member.requires if name in reasons]
            if found and member.phase == "idle":
                member.skip(min(found, key=self.culprits.index))
                self.skip_those_behind()
                return

    def go_on(self) -> None:
        """Schedule jobs; then end if all jobs that count are done, and start jobs otherwise."""
        self.schedule()
        if not all(member.phase in ("done", "skipped") for member in self._waited_for()):
            self.start_ready()
        elif self.culprits:
            first = self.culprits[0]
            assert first.outcome is not None
            self.settle(("critical", first.spec.name), first.outcome[1])
        else:
            self.settle(FINE)

    def schedule(self) -> None:
        """Put the jobs in the queue whose requirements are all done."""
        for member in self.roster:
            if member.phase == "idle" and self._requirements_are_done(member):
                member.phase = "scheduled"
                member.note("scheduled")
                self.queue.append(member)

    def start_ready(self) -> None:
        """Start jobs of the queue while there are slots, after those that asked earlier."""
        self.world.limits.serve()
        while self.verdict is None and (member := self._next_to_start()):
            self.queue.remove(member)
            if member.needs:
                self.world.limits.ask(member)
            else:
                member.start()
        self.world.limits.serve()  # others may pass those here, if the window is full now

    def forget_waiting(self, member: Life) -> None:
        """Take out a job that was cancelled while it waited."""
        for queue in (self.queue, self.world.limits.waiting):
            if member in queue:
                queue.remove(member)

    def _requirements_are_done(self, member: Life) -> bool:
        done = {other.spec.name for other in self.members if other.phase == "done"}
        return done.issuperset(member.requires)

    def _waited_for(self) -> list[Life]:
        return [member for member in self.roster if not member.spec.forever] or self.roster

    def _next_to_start(self) -> Life | None:
        """Return the next job to start: any forever job, or another if there is a slot."""
        for member in self.queue:
            if member.spec.forever:
                return member
        return self.queue[0] if self.queue and self.has_slot() else None

    def has_slot(self) -> bool:
        """Return whether the window has a free slot."""
        running = [m for m in self.members if m.alive and not m.spec.forever]
        return not (self.spec.window and len(running) >= self.spec.window)

    def settle(self, verdict: Verdict, failure: object = None) -> None:
        """Decide how the run ends: the first verdict counts.

        There are two exceptions: a fine run whose clean-up fails, and a run that is broken off.
        """
        first = self.verdict is None
        if first or self.verdict == FINE or verdict[0] == "broken":
            self.verdict, self.failure = verdict, failure
        if first:
            self.deadline.drop()
            self.world.limits.note_tie_of_end(self)
            waiting = self.world.limits.waiting
            waiting[:] = [life for life in waiting if life.around is not self]
            for member in self.members:
                if member.alive:
                    member.cancel()
            self.finish_if_all_ended()
            self.world.limits.serve()  # jobs elsewhere, which came later than those here

    def cancel(self) -> None:
        """Be cancelled from outside: nothing is cut short, and it is raised at the end."""
        self.cancelled = True
        self.end_as_cancelled()

    def hear_cancellation(self) -> None:
        self.poked = True
        self.end_as_cancelled()

    def end_as_cancelled(self) -> None:
        self.world.record.tie |= self.begun == self.world.now
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
        if self.poked:
            return ("raises", "CancelledError")
        if kind == "critical" and self.raises:
            return ("raises", self.failure)
        if kind == "timeout" and self.raises:
            return ("raises", "TimeoutError")
        return ("returns", kind in ("fine", "stopped"))

    # -- its co_shutdown()

    def shut_down(self, then: Callable[[End], None]) -> Service:
        """Shut down the remaining members, all at once; calls come one after another."""
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
        self.late: set[Life] = set()  # their TimeoutError was noted when the limit was over
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
        if end == CANCELLED and member not in self.late:
            self.group.failures[member.spec.name] = "CancelledError"
        elif end != CANCELLED and end[0] != "returns":
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
            self.late.add(member)
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
        for life in self.world.lives.values():
            if isinstance(life, GroupLife):
                life.cancelled_early.clear()
        super().begin()

    def run_is_over(self) -> None:
        """The user shuts it down, not the run."""
        self.ended = self.world.now

    # -- the user

    def play(self, case: Case) -> None:
        """Run it, and shut it down, as often as the case says."""
        for number in range(case.runs):
            first = number == 0
            self.run(case if first else Case(case.root))
            self.note_states()
            self.shut_down_and_wait("shutdown")
            self.shut_down_and_wait("second shutdown")
            self.note_states()

    def run(self, case: Case) -> None:
        """Run it once, with the events from outside."""
        after = self.world.after
        timers = [after(moment, self.cancel) for moment in case.cancels]
        timers += [after(act.after, lambda act=act: self.world.do(act)) for act in case.calls]
        calls: list[End | None] = []
        if case.shutdown_at is not None:
            timers.append(after(case.shutdown_at, lambda: self.call_early(calls)))
        self.world.failed.clear()
        self.begin()
        self.world.go_on_until(lambda: not self.running)
        self.world.limits.note_ties()
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
        limits = self.world.limits
        states = {name: life.state() for name, life in self.world.lives.items()}
        slots = {f"limit {name}": (n, limits.free(name)) for name, n in limits.slots.items()}
        self.world.record.states.append({**states, **slots})


def simulate(case: Case) -> Record:
    """Return the record of a case."""
    world = World(dict(case.limits))
    root = Root(world, case.root)
    world.lives[case.root.name] = root
    root.raises = case.root.critical and not case.pure
    root.play(case)
    return world.record
