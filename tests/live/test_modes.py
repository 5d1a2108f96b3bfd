"""Where and how a run is shown."""

from __future__ import annotations

import io

import pytest

from asynciojobs import Job, PureScheduler
from asynciojobs_graph import live
from asynciojobs_graph._live.modes import Mode, chosen_mode


class Tty(io.StringIO):
    def isatty(self):
        return True


class Broken(io.StringIO):
    def isatty(self):
        raise OSError


@pytest.mark.parametrize(
    ("stream", "environ", "mode"),
    [
        (Tty(), {"TERM": "xterm"}, Mode.TERMINAL),
        (Tty(), {}, Mode.TERMINAL),
        (Tty(), {"TERM": "dumb"}, Mode.LINES),
        (Tty(), {"CI": "true"}, Mode.LINES),
        (Tty(), {"CI": "false"}, Mode.TERMINAL),
        (io.StringIO(), {"TERM": "xterm"}, Mode.LINES),
        (Broken(), {"TERM": "xterm"}, Mode.LINES),
        (None, {"TERM": "xterm"}, Mode.OFF),
    ],
)
def test_auto_follows_the_stream_and_the_environment(stream, environ, mode):
    pytest.importorskip("rich", reason="rich, which draws the rows, is missing")
    assert chosen_mode("auto", stream, environ) is mode


@pytest.mark.parametrize("mode", ["terminal", "lines", "off"])
def test_a_mode_that_was_chosen_stays(mode):
    assert chosen_mode(mode, io.StringIO(), {"CI": "true", "TERM": "dumb"}) == mode


@pytest.mark.parametrize("mode", ["tui", "notebook", "", None])
def test_an_unknown_mode_is_refused(mode):
    with (
        pytest.raises(ValueError, match=r"^mode must be one of 'auto', 'terminal', ") as caught,
        live(PureScheduler(), mode=mode),
    ):
        pass
    assert str(caught.value).endswith(f"'lines', 'off', not {mode!r}")


def test_off_shows_nothing_and_hears_nothing(fake_time, file):
    scheduler = PureScheduler(Job(lambda: None))
    with live(scheduler, mode="off", stream=file):
        assert not scheduler._run_state.observers.heard
    assert file.getvalue() == ""
