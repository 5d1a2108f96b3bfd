"""The badge: four signs for critical, raised, life cycle and forever."""

from __future__ import annotations

import io
import sys

import pytest

from asynciojobs import AbstractJob
from asynciojobs._badge import ASCII, UNICODE, badge, signs_for
from asynciojobs._outcomes import Phase

PLAIN = {"critical": False, "raised": False, "forever": False}


@pytest.mark.parametrize(
    ("phase", "shown"),
    [
        (Phase.IDLE, "    ·  "),
        (Phase.SCHEDULED, "    ○  "),
        (Phase.RUNNING, "    ▸  "),
        (Phase.STOPPED, "    ■  "),
        (Phase.DONE, "  ✓ ●  "),
    ],
)
def test_a_plain_job_shows_its_phase_and_once_done_that_it_is_fine(phase, shown):
    assert badge(phase, **PLAIN) == shown


@pytest.mark.parametrize(
    ("phase", "shown"),
    [
        (Phase.IDLE, "    .  "),
        (Phase.SCHEDULED, "    o  "),
        (Phase.RUNNING, "    >  "),
        (Phase.STOPPED, "    #  "),
        (Phase.DONE, "  + *  "),
    ],
)
def test_a_plain_job_in_ascii(phase, shown):
    assert badge(phase, **PLAIN, signs=ASCII) == shown


@pytest.mark.parametrize(("signs", "shown"), [(UNICODE, "!   ·  "), (ASCII, "!   .  ")])
def test_a_critical_job(signs, shown):
    flags = {**PLAIN, "critical": True}
    assert badge(Phase.IDLE, **flags, signs=signs) == shown


@pytest.mark.parametrize(("signs", "shown"), [(UNICODE, "    · ∞"), (ASCII, "    . 8")])
def test_a_forever_job(signs, shown):
    flags = {**PLAIN, "forever": True}
    assert badge(Phase.IDLE, **flags, signs=signs) == shown


@pytest.mark.parametrize(("signs", "shown"), [(UNICODE, "  ✗ ●  "), (ASCII, "  x *  ")])
def test_a_job_that_raised(signs, shown):
    flags = {**PLAIN, "raised": True}
    assert badge(Phase.DONE, **flags, signs=signs) == shown


@pytest.mark.parametrize(("signs", "shown"), [(UNICODE, "! ✗ ● ∞"), (ASCII, "! x * 8")])
def test_all_signs_at_once(signs, shown):
    found = badge(Phase.DONE, critical=True, raised=True, forever=True, signs=signs)
    assert found == shown


@pytest.mark.parametrize("signs", [UNICODE, ASCII])
@pytest.mark.parametrize("flag", [False, True])
@pytest.mark.parametrize("phase", Phase)
def test_every_badge_has_the_same_width(signs, phase, flag):
    found = badge(phase, critical=flag, raised=flag, forever=flag, signs=signs)
    assert len(found) == 7


@pytest.mark.parametrize("signs", [UNICODE, ASCII])
def test_no_two_phases_have_the_same_sign(signs):
    assert len(set(signs.phases.values())) == len(Phase)


@pytest.mark.parametrize("encoding", ["utf-8", "UTF-16", "gb18030", None])
def test_an_encoding_that_has_the_signs_gets_them(encoding):
    assert signs_for(encoding) is UNICODE


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "no such"])
def test_an_encoding_that_has_not_all_signs_gets_ascii(encoding):
    assert signs_for(encoding) is ASCII


def test_repr_short_of_an_idle_job():
    assert AbstractJob().repr_short() == "!   ·  "


def test_repr_short_of_a_forever_job_that_is_not_critical():
    assert AbstractJob(forever=True, critical=False).repr_short() == "    · ∞"


def test_repr_short_follows_what_stdout_can_encode(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert AbstractJob(forever=True).repr_short() == "!   . 8"


def test_repr_short_for_a_stream_of_text_has_the_real_signs(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert AbstractJob(forever=True).repr_short() == "!   · ∞"


def test_repr_short_without_a_stdout_is_ascii(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert AbstractJob().repr_short() == "!   .  "
