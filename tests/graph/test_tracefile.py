"""The trace of a run, by the rules of Perfetto and chrome://tracing for such files."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import pytest
import runs
from hostile import TEXTS
from hostile import run as hostile_run

from asynciojobs import Job, PureScheduler, Scheduler
from asynciojobs_graph._trace import MOST_ARROWS


@pytest.fixture
def trace(tmp_path):
    """Return a function that writes the trace of a run, and reads it back."""

    def write(scheduler):
        name = scheduler.export_as_tracefile(tmp_path / "trace")
        with open(name, "rb") as file:  # noqa: PTH123
            text = file.read()
        content = json.loads(text.decode("utf-8"))
        assert content.keys() == {"displayTimeUnit", "otherData", "traceEvents"}
        check(content["traceEvents"])
        return content

    return write


# -- the rules


def check(events):
    """Check what the viewers expect of any file."""
    for event in events:
        check_types(event)
    check_lanes(events)
    check_arrows(events)
    times = [event["ts"] for event in events if event["ph"] != "M"]
    assert times == sorted(times)


def check_types(event):
    kind = event["ph"]
    assert kind in {"M", "X", "s", "f"}
    numbers = {"M": ("pid", "tid"), "X": ("pid", "tid", "ts", "dur")}
    for name in numbers.get(kind, ("pid", "tid", "ts", "id")):
        assert type(event[name]) is int
        assert event[name] >= 0
    assert isinstance(event["name"], str)


def check_lanes(events):
    """Check that no two slices of a thread overlap, and that all threads have names."""
    lanes = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            lanes[event["pid"], event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    for inside in lanes.values():
        assert all(end <= begin for (_, end), (begin, _) in pairwise(sorted(inside)))
    named = [(event["pid"], event["tid"]) for event in events if event["name"] == "thread_name"]
    assert sorted(named) == sorted(lanes)
    processes = [event["pid"] for event in events if event["name"] == "process_name"]
    assert sorted(processes) == list(range(1, len(processes) + 1))
    assert {process for process, _ in lanes} <= set(processes)


def check_arrows(events):
    """Check that both ends of each arrow are in a slice, and that it leads forward in time."""
    slices = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            slices[event["pid"], event["tid"]].append(event)
    ends = {kind: {e["id"]: e for e in events if e["ph"] == kind} for kind in "sf"}
    assert ends["s"].keys() == ends["f"].keys()
    for number, tail in ends["s"].items():
        head = ends["f"][number]
        assert tail["ts"] <= head["ts"]
        for end in (tail, head):
            around = slices[end["pid"], end["tid"]]
            assert any(it["ts"] <= end["ts"] <= it["ts"] + it["dur"] for it in around)


def slices_of(content):
    """Return the slices, as the name, the process, the lane, and the times in seconds."""
    events = content["traceEvents"]
    names = {
        (event["pid"], event["tid"]): event["args"]["name"]
        for event in events
        if event["ph"] == "M"
    }
    return {
        (
            names[event["pid"], 0],
            event["name"],
            names[event["pid"], event["tid"]],
            event["ts"] / 1e6,
            (event["ts"] + event["dur"]) / 1e6,
        )
        for event in events
        if event["ph"] == "X"
    }


def arrows_of(content):
    """Return the names of the slices at both ends of each arrow."""
    events = content["traceEvents"]

    def name_at(end):
        return next(
            event["name"]
            for event in events
            if event["ph"] == "X"
            and (event["pid"], event["tid"]) == (end["pid"], end["tid"])
            and event["ts"] <= end["ts"] < event["ts"] + event["dur"]
        )

    tails = {event["id"]: name_at(event) for event in events if event["ph"] == "s"}
    heads = {event["id"]: name_at(event) for event in events if event["ph"] == "f"}
    return {(tails[number], heads[number]) for number in tails}


# -- what is in it


def test_schedulers_are_processes_and_jobs_are_in_lanes(trace):
    assert slices_of(trace(runs.lab())) == {
        ("lab", "images", "lane 1", 0, 5),
        ("lab", "boots", "lane 1", 5, 9),
        ("lab", "end", "lane 1", 9, 10),
        ("lab", "monitor", "lane 2", 0, 10),
        ("images", "one", "lane 1", 0, 2),
        ("images", "two", "lane 1", 2, 5),
        ("images", "two (waits)", "waiting 2", 0, 2),
        ("boots", "bad", "lane 1", 5, 6),
        ("boots", "racks", "lane 2", 5, 9),
        ("boots > racks", "h2", "lane 1", 5, 6),
        ("boots > racks", "h1", "lane 2", 5, 9),
    }


def test_arrows_lead_from_requirements_to_the_jobs_that_require_them(trace):
    assert arrows_of(trace(runs.lab())) == {("images", "boots"), ("boots", "end")}


def test_slices_tell_how_jobs_ended(trace):
    events = trace(runs.lab())["traceEvents"]
    kinds = {
        event["name"]: (event["cat"], event.get("cname"))
        for event in events
        if event["ph"] == "X"
    }
    assert kinds["one"] == ("done", None)
    assert kinds["bad"] == ("failed", "terrible")
    assert kinds["monitor"] == ("stopped", "grey")
    assert kinds["two (waits)"] == ("waiting", "grey")
    bad = next(event for event in events if event["name"] == "bad")
    assert bad["args"] == {"job": "boots > bad", "outcome": "failed"}


def test_the_file_says_which_run_it_is(trace):
    facts = trace(runs.lab())["otherData"]
    assert (facts["scheduler"], facts["why"]) == ("lab", "FINE")
    assert facts["jobs"] == "7 jobs: 5 done, 1 failed, 1 stopped"
    assert facts["began"].count(":") >= 2


def test_labels_are_written_as_they_are(tmp_path):
    """Perfetto would show escapes, and refuse a file with a backslash before a quote."""
    labels = ["再起動 é 👩", "C:\\", "\\\\", '\\"', '"', "a\\b"]
    scheduler = runs.after_run(PureScheduler(*(runs.job(it, 1) for it in labels)))
    text = Path(scheduler.export_as_tracefile(tmp_path / "trace")).read_text("utf-8")
    assert "\\u" not in text
    assert not re.search(r'(?<!\\)(\\\\)+"', text)
    names = [it["name"] for it in json.loads(text)["traceEvents"] if it["ph"] == "X"]
    assert [name.removesuffix(" ") for name in names] == labels


def test_ends_are_rounded_and_not_durations(trace):
    """If a job follows another, one ends where the next begins, to the microsecond."""
    times = [0.0000004, 0.0000014, 0.1234567, 0.3333333, 0.0000006]
    chain = [runs.job(f"{time}", time) for time in times]
    for before, after in pairwise(chain):
        after.requires(before)
    events = trace(runs.after_run(PureScheduler(*chain)))["traceEvents"]
    ends = [(event["ts"], event["ts"] + event["dur"]) for event in events if event["ph"] == "X"]
    assert all(end == begin for (_, end), (begin, _) in pairwise(ends))


def test_hundreds_of_jobs_in_a_window_of_four_have_four_lanes(trace):
    scheduler = runs.after_run(runs.many(300, jobs_window=4))
    names = Counter(slice_[2].split()[0] for slice_ in set(slices_of(trace(scheduler))))
    lanes = {slice_[2] for slice_ in slices_of(trace(scheduler)) if "lane" in slice_[2]}
    assert lanes == {f"lane {number}" for number in (1, 2, 3, 4)}
    assert names["lane"] == 300


@pytest.mark.parametrize(
    "make",
    [lambda: runs.of(1), lambda: runs.of(200), lambda: runs.of(5, 30)],
    ids=["1", "200", "nested"],
)
def test_a_trace_keeps_the_rules(make, trace):
    scheduler = make()
    started = [span for span in scheduler.timeline().spans if span.start is not None]
    slices = [e for e in trace(scheduler)["traceEvents"] if e["ph"] == "X"]
    assert sum(event["cat"] != "waiting" for event in slices) == len(started)


def test_jobs_that_never_started_have_no_slice(trace):
    content = trace(runs.with_skipped())
    assert {slice_[1] for slice_ in slices_of(content)} == {"measure", "plot"}
    assert arrows_of(content) == set()


def test_a_requirement_that_did_not_run_has_no_arrow(trace):
    jobs = [runs.job(label, 1) for label in "abc"]
    jobs[1].requires(jobs[0])
    scheduler = runs.after_run(PureScheduler(*jobs[:2]))
    scheduler.add(jobs[1].requires(jobs[2]), upstream=True)
    assert arrows_of(trace(scheduler)) == {("a", "b")}


def test_no_more_arrows_are_written_than_viewers_can_show(trace):
    tails, heads = ([runs.job("a", 1) for _ in range(101)] for _ in range(2))
    for head in heads:
        head.requires(tails)
    events = trace(runs.after_run(PureScheduler(*tails, *heads)))["traceEvents"]
    assert Counter(event["ph"] for event in events)["s"] == MOST_ARROWS


def test_a_run_that_goes_on_is_traced_up_to_now(tmp_path):
    async def write():
        await asyncio.sleep(2)
        scheduler.export_as_tracefile(tmp_path / "now")

    waiting = runs.job("waiting", 1)
    scheduler = PureScheduler(runs.job("long", 9), Job(write), waiting, jobs_window=2)
    runs.after_run(scheduler)
    content = json.loads((tmp_path / "now.json").read_bytes())
    check(content["traceEvents"])
    assert {slice_[1:] for slice_ in slices_of(content)} == {
        ("long", "lane 1", 0, 2),
        ("write()", "lane 2", 0, 2),
        ("waiting (waits)", "waiting 3", 0, 2),
    }
    assert content["otherData"]["why"] == "running"


def test_hostile_labels_change_nothing(trace):
    shape = [
        [event["ph"] for event in trace(hostile_run(texts))["traceEvents"]]
        for texts in (TEXTS, ["a"] * len(TEXTS))
    ]
    assert shape[0] == shape[1]


def test_a_scheduler_that_never_ran_is_refused(tmp_path):
    with pytest.raises(RuntimeError, match=r"^<Scheduler `idle`> has not run, "):
        Scheduler(label="idle").export_as_tracefile(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_the_suffix_is_added_unless_it_is_there(tmp_path):
    scheduler = runs.of(1)
    for name in ("a", "b.json", "c.svg"):
        expected = {"a": "a.json", "b.json": "b.json", "c.svg": "c.svg.json"}[name]
        assert scheduler.export_as_tracefile(tmp_path / name) == str(tmp_path / expected)
