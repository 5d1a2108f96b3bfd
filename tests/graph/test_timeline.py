"""The timeline of a run as an SVG, in a file and in a notebook."""

from __future__ import annotations

import asyncio
import re
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import runs
from hostile import TEXTS
from hostile import run as hostile_run

from asynciojobs import Job, PureScheduler, Scheduler
from asynciojobs.timeline import Outcome
from asynciojobs_graph import export_as_timeline
from asynciojobs_graph._chart import CHART, FONT_SIZE, LEAST, Chart
from asynciojobs_graph._rows import rows_of
from asynciojobs_graph._widths import width_in_ems

SVG = "{http://www.w3.org/2000/svg}"


class Row:
    """A row of a picture, read back."""

    def __init__(self, group, scale):
        self.kinds = group.get("class").split()
        self.hint = group.findtext(f"{SVG}title").split("\n")
        self.name, self.note = (text.text for text in group.findall(f"{SVG}text"))
        self.places = {
            rect.get("class"): scale(float(rect.get("x")), float(rect.get("width")))
            for rect in group.findall(f"{SVG}rect")
        }

    @property
    def bar(self):
        """When the bar begins and ends (seconds)."""
        return self.places.get("bar")

    @property
    def waiting(self):
        return self.places.get("waiting")


class Picture:
    """A picture, read back."""

    def __init__(self, text, duration):
        self.root = ElementTree.fromstring(text)
        ends = [
            float(path.get("d")[1:].partition(" ")[0])
            for path in self.root.findall(f"{SVG}path")
        ]
        left = ends[0]

        def scale(x, width):
            return tuple(round((end - left) / CHART * duration, 2) for end in (x, x + width))

        groups = self.root.findall(f"{SVG}g")
        self.rows = [Row(group, scale) for group in groups if "row" in group.get("class")]
        self.legend = [group.findtext(f"{SVG}text") for group in groups[len(self.rows) :]]
        track = self.root.find(f"{SVG}polyline")
        points = [] if track is None else track.get("points").split()
        self.track = [scale(float(point.partition(",")[0]), 0)[0] for point in points]

    def row(self, name):
        return next(row for row in self.rows if row.name == name)


@pytest.fixture
def picture(tmp_path):
    """Return a function that draws a run, and reads the picture back."""

    def draw(scheduler, **options):
        name = scheduler.export_as_timeline(tmp_path / "picture", **options)
        return Picture(Path(name).read_bytes(), scheduler.duration())

    return draw


@pytest.fixture(scope="module")
def lab():
    return runs.lab()


# -- what is drawn


def test_bars_begin_and_end_with_the_jobs(lab, picture):
    shown = picture(lab)
    assert {row.name: row.bar for row in shown.rows} == {
        "images": (0, 5),
        "one": (0, 2),
        "two": (2, 5),
        "monitor": (0, 10),
        "boots": (5, 9),
        "racks": (5, 9),
        "h1": (5, 9),
        "h2": (5, 6),
        "bad": (5, 6),
        "end": (9, 10),
    }


def test_waiting_is_drawn_before_the_bar(lab, picture):
    waiting = {row.name: row.waiting for row in picture(lab).rows if row.waiting}
    assert waiting == {"two": (0, 2)}


def test_bars_show_the_outcome(lab, picture):
    kinds = {row.name: row.kinds[1] for row in picture(lab).rows}
    assert (kinds["one"], kinds["bad"], kinds["monitor"]) == ("done", "failed", "stopped")


def test_jobs_that_were_skipped_have_no_bar(picture):
    row = picture(runs.with_skipped()).row("store")
    assert (row.bar, row.waiting, row.note, row.kinds[1]) == (
        None,
        None,
        "↷ skipped",
        "skipped",
    )


def test_restored_jobs_have_no_bar(lab):
    (span, *_) = lab.timeline().spans
    restored = replace(span, outcome=Outcome.RESTORED, start=None, end=None, seconds=None)
    chart = Chart(rows_of([restored]), 10, lab.timeline().began_at)
    row = Picture(chart.svg(), 10).row("images")
    assert (row.bar, row.note, row.kinds[1]) == (None, "↺ restored", "restored")


def test_notes_tell_how_jobs_ended_and_how_long_they_ran(lab, picture):
    notes = {row.name: row.note for row in picture(lab).rows}
    assert (notes["one"], notes["bad"]) == ("✓ 2.0 s", "✗ failed, 1.0 s")
    assert notes["monitor"] == "■ stopped, 10.0 s"


def test_each_row_has_a_title_with_all_that_is_known(lab, picture):
    hint = picture(lab).row("two").hint
    assert hint[:2] == ["images > two", "✓ 3.0 s"]
    assert re.fullmatch(r"started (\d\d-\d\d )?\d\d:\d\d:\d\d\.\d{3}, at 2\.000 s", hint[2])
    assert re.fullmatch(r"ended (\d\d-\d\d )?\d\d:\d\d:\d\d\.\d{3}, at 5\.000 s", hint[3])
    assert hint[4:] == ["waited 2.0 s", "part of the bottleneck"]


def test_the_bottleneck_is_one_line_through_the_run(lab, picture):
    assert picture(lab).track == [0, 2, 2, 5, 5, 9, 9, 10]


def test_the_bottleneck_leads_through_a_closed_scheduler(lab, picture):
    shown = picture(lab, depth=0)
    assert shown.track == [0, 2, 2, 5, 5, 9, 9, 10]


def test_depth_closes_nested_schedulers(lab, picture):
    shown = picture(lab, depth=0)
    assert [row.name for row in shown.rows] == ["images (+2)", "monitor", "boots (+4)", "end"]
    assert shown.row("boots (+4)").hint[-1] == "not shown inside: 4 jobs: 3 done, 1 failed"


def test_the_legend_has_what_is_drawn_and_nothing_else(lab, picture):
    assert picture(lab).legend == ["done", "failed", "stopped", "waiting", "bottleneck"]
    assert picture(runs.after_run(PureScheduler(runs.job("a", 1)))).legend == [
        *("done", "bottleneck")
    ]


def test_a_job_that_took_no_time_is_seen(picture):
    scheduler = runs.after_run(PureScheduler(runs.job("a", 0), runs.job("b", 100)))
    begin, end = picture(scheduler).row("a").bar
    assert (begin, end) == (0, round(LEAST / CHART * 100, 2))


def test_a_run_that_took_no_time_can_be_drawn(picture):
    shown = picture(runs.after_run(PureScheduler(runs.job("a", 0))))
    assert [row.name for row in shown.rows] == ["a"]


@pytest.mark.parametrize("exponent", range(-6, 8))
@pytest.mark.parametrize("factor", [1, 2.5, 9.9])
def test_the_texts_of_the_axis_do_not_overlap(picture, exponent, factor):
    seconds = factor * 10.0**exponent
    shown = picture(runs.after_run(PureScheduler(runs.job("a", seconds))))
    lines = defaultdict(list)
    for text in shown.root.findall(f"{SVG}text"):
        if "middle" in text.get("class"):
            half = width_in_ems(text.text) * FONT_SIZE / 2
            place = float(text.get("x"))
            lines[text.get("y")].append((place - half, place + half))
    assert len(lines) == 4
    for texts in lines.values():
        assert len(texts) >= 2
        assert all(right < left for (_, right), (left, _) in pairwise(texts))


def test_a_run_without_jobs_can_be_drawn(picture):
    shown = picture(runs.after_run(PureScheduler()))
    assert (shown.rows, shown.track) == ([], [])


def test_a_long_name_is_cut_and_whole_in_the_title(picture):
    label = "the image of a host with a very long name, of which not all can be seen"
    row = picture(runs.after_run(PureScheduler(runs.job(label, 1)))).rows[0]
    assert row.name.endswith("…")
    assert label.startswith(row.name[:-1])
    assert row.hint[0] == label


@pytest.mark.parametrize("depth", range(4))
def test_the_widest_name_is_not_cut(picture, depth):
    labels = [f"fetch the image of a{'n' * count}" for count in range(12)]
    for label in labels:
        nested = runs.job(label, 1)
        for _ in range(depth):
            nested = Scheduler(nested, label="s")
        assert picture(runs.after_run(PureScheduler(nested))).rows[-1].name == label


def test_a_run_that_goes_on_is_drawn_as_it_is_now(tmp_path):
    names = []

    async def draw():
        await asyncio.sleep(2)
        names.append(scheduler.export_as_timeline(tmp_path / "now"))

    waiting = runs.job("waiting", 1)
    scheduler = PureScheduler(runs.job("long", 9), Job(draw), waiting, jobs_window=2)
    runs.after_run(scheduler)
    shown = Picture((tmp_path / "now.svg").read_bytes(), 2)
    assert [(row.name, row.bar, row.waiting) for row in shown.rows] == [
        ("long", (0, 2), None),
        ("draw()", (0, 2), None),
        ("waiting", None, (0, 2)),
    ]
    assert shown.row("long").note == "▸ running, 2.0 s"
    assert ", and has run for 2.0 s" in shown.root.findtext(f"{SVG}title")


@pytest.mark.parametrize(
    "make",
    [lambda: runs.of(1), lambda: runs.of(20), lambda: runs.of(200), lambda: runs.of(3, 20)],
    ids=["1", "20", "200", "nested"],
)
def test_each_job_has_a_row_of_its_own_that_is_high_enough_to_read(make, picture):
    scheduler = make()
    shown = picture(scheduler)
    assert len(shown.rows) == len(scheduler.timeline().spans)
    rows = shown.root.findall(f"{SVG}g[{SVG}rect]")[: len(shown.rows)]
    tops = [float(group.find(f"{SVG}rect").get("y")) for group in rows]
    assert all(after - before == 20 for before, after in pairwise(tops))
    height = float(shown.root.get("height"))
    assert shown.root.get("viewBox").split()[3] == shown.root.get("height")
    assert tops[-1] + 20 < height


# -- in a notebook


def test_a_notebook_shows_the_same_picture_and_the_text(lab, tmp_path):
    timeline = lab.timeline()
    bundle = timeline._repr_mimebundle_()
    drawn = Path(lab.export_as_timeline(tmp_path / "x")).read_text("utf-8")
    assert bundle == {"text/plain": str(timeline), "image/svg+xml": drawn}


@pytest.mark.parametrize(
    ("options", "kinds"),
    [
        ({"include": {"image/svg+xml", "text/html"}}, ["image/svg+xml"]),
        ({"include": ["text/plain"]}, ["text/plain"]),
        ({"exclude": {"image/svg+xml"}}, ["text/plain"]),
        ({"include": set()}, []),
    ],
)
def test_a_notebook_gets_the_kinds_that_it_asks_for(lab, options, kinds):
    assert [*lab.timeline()._repr_mimebundle_(**options)] == kinds


def test_a_timeline_of_an_earlier_run_is_drawn_without_the_bottleneck_of_the_last():
    scheduler = runs.after_run(PureScheduler(runs.job("a", 1)))
    timeline = scheduler.timeline()
    timeline.began_at -= timedelta(days=1)
    assert 'class="track"' in scheduler.timeline()._repr_mimebundle_()["image/svg+xml"]
    assert 'class="track"' not in timeline._repr_mimebundle_()["image/svg+xml"]


# -- text of users


def test_hostile_labels_are_shown_as_text(picture):
    hostile, harmless = picture(hostile_run(TEXTS)), picture(hostile_run(["a"] * len(TEXTS)))
    tags = [[element.tag for element in each.root.iter()] for each in (hostile, harmless)]
    assert tags[0] == tags[1]
    assert "</script><script>alert(1)</script>" in {row.name for row in hostile.rows}


def test_the_picture_refers_to_nothing_outside(tmp_path):
    text = Path(hostile_run(TEXTS).export_as_timeline(tmp_path / "x")).read_bytes()
    root = ElementTree.fromstring(text)
    names = {name for element in root.iter() for name in element.attrib}
    assert names == {"class", "d", "height", "points", "role", "viewBox", "width", "x", "y"}
    style = root.findtext(f"{SVG}style")
    assert "url" not in style
    assert "@import" not in style
    assert "prefers-color-scheme: dark" in style


# -- files


def test_the_name_of_the_file_is_returned_with_its_suffix(lab, tmp_path):
    name = lab.export_as_timeline(tmp_path / "lab")
    assert name == str(tmp_path / "lab.svg")
    assert lab.export_as_timeline(tmp_path / "v1.2") == str(tmp_path / "v1.2.svg")
    assert lab.export_as_timeline(str(tmp_path / "Lab.SVG")) == str(tmp_path / "Lab.SVG")


def test_a_scheduler_that_never_ran_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(RuntimeError, match=r"^<Scheduler `idle`> has not run, "):
        Scheduler(label="idle").export_as_timeline(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("depth", "error"), [(-1, ValueError), ("1", TypeError)])
def test_a_wrong_depth_is_refused(lab, depth, error, tmp_path):
    with pytest.raises(error, match=r"^depth is a number of levels"):
        export_as_timeline(lab, tmp_path / "x", depth=depth)
    assert list(tmp_path.iterdir()) == []


def test_a_file_without_a_name_is_refused(lab):
    with pytest.raises(ValueError, match=r"^a file needs a name, and '' has none$"):
        lab.export_as_timeline("")
