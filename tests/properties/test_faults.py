"""The comparison with the model is sharp: it finds faults that are planted in the model.

A fault in the model looks just like the opposite fault in the engine, and the model changes
less often.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, find, settings
from runmodel.compare import compare
from runmodel.model import FINE, GroupLife, LeafLife, ShutdownCall, Timer
from runmodel.strategies import cases

_requirements_are_done = GroupLife._requirements_are_done
_next_to_start = GroupLife._next_to_start
settle = GroupLife.settle
member_ended = GroupLife.member_ended
begin_shutdown = ShutdownCall.begin
shutdown_ended = ShutdownCall.ended
end_by = LeafLife._end_by


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
]


def differs_from_the_model(case):
    try:
        compare(case)
    except (AssertionError, IndexError):  # IndexError: the model goes on, but nothing is due
        return True
    return False


@pytest.mark.parametrize(
    ("kind", "name", "fault"), FAULTS, ids=[fault.__name__ for *_, fault in FAULTS]
)
def test_a_planted_fault_is_found(monkeypatch, kind, name, fault):
    monkeypatch.setattr(kind, name, fault)
    find(
        cases(spread=True),
        differs_from_the_model,
        settings=settings(
            max_examples=2000,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
