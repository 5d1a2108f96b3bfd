"""The comparison with the model is sensitive: it finds faults planted in the model.

A fault in the model looks just like the opposite fault in the engine, and the model changes
less often.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, find, settings
from runmodel.compare import compare
from runmodel.model import (
    FINE,
    STOPPED,
    GroupLife,
    LeafLife,
    Life,
    Limits,
    ShutdownCall,
    Timer,
    simulate,
)
from runmodel.strategies import cases

_requirements_are_done = GroupLife._requirements_are_done
_next_to_start = GroupLife._next_to_start
settle = GroupLife.settle
member_ended = GroupLife.member_ended
begin_shutdown = ShutdownCall.begin
shutdown_ended = ShutdownCall.ended
end_by = LeafLife._end_by
expire = LeafLife.expire
cancel_job = Life.cancel_job
skip = Life.skip
give_back = Limits.give_back
must_wait_behind = Limits.must_wait_behind


def a_slot_is_not_given_back(self):
    taken = [m for m in self.members if m.started is not None and not m.spec.forever]
    return None if self.spec.window and len(taken) >= self.spec.window else _next_to_start(self)


def a_forever_job_takes_a_slot(self):
    running = [m for m in self.members if m.alive]
    full = self.spec.window and len(running) >= self.spec.window
    return None if full else _next_to_start(self)


def the_window_is_ignored(self):
    return self.queue[0] if self.queue else None


def the_last_ready_job_starts_first(self):
    return self.queue[-1] if _next_to_start(self) else None


def successors_are_released_at_the_start(self, member):
    begun = {m.spec.name for m in self.members if m.started is not None}
    return begun.issuperset(member.requires)


def one_requirement_is_enough(self, member):
    done = {m.spec.name for m in self.members if m.phase == "done"}
    return not member.requires or not done.isdisjoint(member.requires)


def the_deadline_is_not_cancelled(self, verdict, failure=None):
    deadline, settled = self.deadline, self.verdict is not None
    if not settled:
        self.deadline = Timer(lambda: None)
        settle(self, verdict, failure)
        self.deadline = deadline
    elif verdict[0] == "timeout" or self.verdict == FINE:
        self.verdict = verdict


def a_second_verdict_overrides(self, verdict, failure=None):
    if self.verdict is None:
        settle(self, verdict, failure)
    else:
        self.verdict, self.failure = verdict, failure


def a_failing_clean_up_is_ignored(self, verdict, failure=None):
    if self.verdict is None:
        settle(self, verdict, failure)


def forever_jobs_are_not_critical(self, member):
    if member.outcome and member.outcome[0] == "raises" and member.spec.forever:
        member.outcome, kept = ("returns", None), member.outcome
        member_ended(self, member)
        member.outcome = kept
    else:
        member_ended(self, member)


def forever_jobs_are_waited_for(self):
    return self.members


def clean_up_is_not_awaited(self):
    if self.running:
        self.running = False
        self.run_is_over()


def nested_shutdown_is_skipped(self):
    self.end(self.answer_of_run())


def jobs_are_shut_down_twice(self):
    begin_shutdown(self)
    for member in self.group.members:
        member.shutdown_given = False


def the_limit_of_a_shutdown_is_ignored(self):
    pass


def a_failing_shutdown_is_not_reported(self, member, end):
    shutdown_ended(self, member, ("returns", True))


def a_cancellation_cuts_clean_up_short(self):
    self.stop("heeds")


def what_a_cancelled_job_raises_is_lost(self, how):
    return end_by(self, "heeds" if self.cancelled_at is not None else how)


def slots_of_a_limit_are_not_given_back(self, life):
    if life.outcome and life.outcome[0] == "returns":
        give_back(self, life)


def a_limit_is_ignored(self, life):
    return True


def a_nested_scheduler_holds_no_slots(self, limit):
    leaves = [life for life in self.holders if isinstance(life, LeafLife)]
    return self.slots[limit] - sum(life.needs.get(limit, 0) for life in leaves)


def jobs_overtake_each_other_at_a_limit(self, life, other):
    return False


def jobs_inside_wait_behind_those_outside(self, life, other):
    return not life.needs.keys().isdisjoint(other.needs)


def jobs_wait_behind_those_that_share_no_limit(self, life, other):
    return must_wait_behind(self, life, life)


def schedulers_may_wait_for_each_other(self, life):
    return True


def a_job_waits_for_a_limit_with_a_full_window(self):
    return all(group.verdict is None for group in self.groups_around())


def nothing_is_skipped(self):
    pass


def only_the_next_jobs_are_skipped(self):
    names = {life.spec.name: life for life in self.culprits}
    for member in self.roster:
        found = [names[name] for name in member.requires if name in names]
        if found and member.phase == "idle":
            skip(member, found[0])


def a_skipped_job_has_no_culprit(self, culprit):
    skip(self, culprit)
    self.culprit = None


def failures_of_a_run_that_keeps_going_are_forgotten(self, verdict, failure=None):
    is_over = all(member.phase != "idle" for member in self.members)
    if self.culprits and verdict[0] == "critical" and is_over:
        verdict = FINE
    settle(self, verdict, failure)


def keep_going_is_ignored(self, member, failure):
    self.settle(("critical", member.spec.name), failure)


def a_job_may_take_its_time(self):
    pass


def a_job_out_of_time_was_cancelled(self):
    expire(self)
    self.out_of_time = False


def a_deaf_job_out_of_time_is_cancelled_once(self):
    self.deadline.drop()
    self.expired_at = self.world.now
    self.out_of_time = not self.poked or self.cleaning
    self.receive()


def what_a_job_out_of_time_raises_in_a_run_that_ends_is_lost(self, how):
    self.out_of_time = self.out_of_time and self.cancelled_at is None
    return end_by(self, how)


def a_job_that_waits_can_not_be_cancelled(self):
    return cancel_job(self) if self.alive else False


def a_job_that_is_cancelled_is_stopped(self):
    if self.alive and isinstance(self, LeafLife):
        self.cancel()
        return True
    return cancel_job(self)


def a_job_whose_group_has_not_begun_can_not_be_cancelled(self):
    return False


def a_run_that_was_stopped_has_failed(self, verdict, failure=None):
    settle(self, ("timeout", "") if verdict == STOPPED else verdict, failure)


def a_run_that_was_stopped_goes_on(self, verdict, failure=None):
    if verdict != STOPPED:
        settle(self, verdict, failure)


FAULTS = [
    (GroupLife, "_next_to_start", a_slot_is_not_given_back),
    (GroupLife, "_next_to_start", a_forever_job_takes_a_slot),
    (GroupLife, "_next_to_start", the_window_is_ignored),
    (GroupLife, "_next_to_start", the_last_ready_job_starts_first),
    (GroupLife, "_requirements_are_done", successors_are_released_at_the_start),
    (GroupLife, "_requirements_are_done", one_requirement_is_enough),
    (GroupLife, "settle", the_deadline_is_not_cancelled),
    (GroupLife, "settle", a_second_verdict_overrides),
    (GroupLife, "settle", a_failing_clean_up_is_ignored),
    (GroupLife, "member_ended", forever_jobs_are_not_critical),
    (GroupLife, "_waited_for", forever_jobs_are_waited_for),
    (GroupLife, "finish_if_all_ended", clean_up_is_not_awaited),
    (GroupLife, "run_is_over", nested_shutdown_is_skipped),
    (ShutdownCall, "begin", jobs_are_shut_down_twice),
    (ShutdownCall, "time_is_over", the_limit_of_a_shutdown_is_ignored),
    (ShutdownCall, "ended", a_failing_shutdown_is_not_reported),
    (LeafLife, "clean_up", a_cancellation_cuts_clean_up_short),
    (LeafLife, "_end_by", what_a_cancelled_job_raises_is_lost),
    (Limits, "give_back", slots_of_a_limit_are_not_given_back),
    (Limits, "has_slots", a_limit_is_ignored),
    (Limits, "free", a_nested_scheduler_holds_no_slots),
    (Limits, "must_wait_behind", jobs_overtake_each_other_at_a_limit),
    (Limits, "must_wait_behind", jobs_inside_wait_behind_those_outside),
    (Limits, "must_wait_behind", jobs_wait_behind_those_that_share_no_limit),
    (Limits, "all_can_end", schedulers_may_wait_for_each_other),
    (Life, "could_start", a_job_waits_for_a_limit_with_a_full_window),
    (GroupLife, "skip_those_behind", nothing_is_skipped),
    (GroupLife, "skip_those_behind", only_the_next_jobs_are_skipped),
    (Life, "skip", a_skipped_job_has_no_culprit),
    (GroupLife, "settle", failures_of_a_run_that_keeps_going_are_forgotten),
    (GroupLife, "member_failed", keep_going_is_ignored),
    (LeafLife, "expire", a_job_may_take_its_time),
    (LeafLife, "expire", a_job_out_of_time_was_cancelled),
    (LeafLife, "expire", a_deaf_job_out_of_time_is_cancelled_once),
    (LeafLife, "_end_by", what_a_job_out_of_time_raises_in_a_run_that_ends_is_lost),
    (Life, "cancel_job", a_job_that_waits_can_not_be_cancelled),
    (Life, "cancel_job", a_job_that_is_cancelled_is_stopped),
    (GroupLife, "will_begin", a_job_whose_group_has_not_begun_can_not_be_cancelled),
    (GroupLife, "settle", a_run_that_was_stopped_has_failed),
    (GroupLife, "settle", a_run_that_was_stopped_goes_on),
]


def differs_from_the_model(case):
    try:
        compare(case)
    except (AssertionError, IndexError):  # IndexError: the model goes on, but nothing is due
        return True
    return False


def theme_of(kind, name):
    """Return the theme of cases that show a fault most often."""
    if kind is Limits or name == "could_start":
        return "limits"
    return "failures" if name in ("skip", "skip_those_behind", "member_failed") else "all"


def simulate_as_far_as_possible(case):
    try:
        return simulate(case)
    except (AssertionError, IndexError):
        return None


@pytest.mark.parametrize(
    ("kind", "name", "fault"), FAULTS, ids=[fault.__name__ for *_, fault in FAULTS]
)
def test_a_planted_fault_is_found(monkeypatch, kind, name, fault):
    def is_found(case):
        right = simulate(case)
        with monkeypatch.context() as patch:
            patch.setattr(kind, name, fault)
            # A run takes longer than the model: play it only if the fault shows.
            return simulate_as_far_as_possible(case) != right and differs_from_the_model(case)

    find(
        cases(spread=True, theme=theme_of(kind, name)),
        is_found,
        settings=settings(
            max_examples=3000,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
