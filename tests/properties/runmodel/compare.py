"""Compare a real run with the model."""

from __future__ import annotations

from .cases import Case
from .invariants import complaints
from .model import Record, simulate
from .play import play

__all__ = ["check", "compare", "differences"]


def differences(model: Record, real: Record) -> list[str]:
    """Return a line for each difference between the two records."""
    lines = [
        f"{name}: the model has {expected}, the run {found}"
        for name in {**model.events, **real.events}
        if (expected := model.events.get(name, [])) != (found := real.events.get(name, []))
    ]
    for expected, found in zip(model.ends, real.ends, strict=True):
        if expected != found:
            lines.append(f"the model ends with {expected}, the run with {found}")
    for number, (expected_all, found_all) in enumerate(
        zip(model.states, real.states, strict=True)
    ):
        for name in {**expected_all, **found_all}:
            expected, found = expected_all.get(name), found_all.get(name)
            if expected != found:
                lines.append(f"{number}, {name}: in the model {expected}, in the run {found}")
    if not model.deaf <= real.deaf:
        lines.append(f"the log does not name {sorted(model.deaf - real.deaf)}, which were deaf")
    return lines


def compare(case: Case) -> Record:
    """Run a case, and raise an AssertionError if the run differs from the model.

    Returns:
        the record of the model; with a tie, nothing was compared.
    """
    model = simulate(case)
    if not model.tie:
        found = differences(model, play(case).record)
        assert not found, "\n".join([repr(case), *found])
    return model


def check(case: Case) -> None:
    """Run a case, and raise an AssertionError if it breaks an invariant."""
    found = complaints(play(case))
    assert not found, "\n".join([repr(case), *found])
