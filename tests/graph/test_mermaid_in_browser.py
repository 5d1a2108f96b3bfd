"""Mermaid texts, drawn by Mermaid in a browser: the picture shows the whole scheduler.

The tests need Chromium and a `mermaid.min.js`, which is in the npm package `mermaid` and in
the wheel `mmdc`. The environment variable ASYNCIOJOBS_TEST_MERMAID has its path.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from asynciojobs import AbstractJob, Job, PureScheduler, Scheduler, Sequence
from asynciojobs_graph import mermaid_format
from asynciojobs_graph._flowchart import LINE_HEIGHT
from asynciojobs_graph._labels import presentable
from asynciojobs_graph._wrapping import wrapped
from asynciojobs_testkit import FakeClock

VARIABLE = "ASYNCIOJOBS_TEST_MERMAID"
BROWSERS = ["chromium", "chromium-browser", "google-chrome"]
PATIENCE = 300  # seconds; the machine may be busy
NEAR = 8  # pixels: arrows end where their heads begin

PAGE = """<!DOCTYPE html>
<meta charset="utf-8">
<body>
<script src="%(bundle)s"></script>
<script>
const texts = %(texts)s;

function area(element) {
  const {left, top, right, bottom} = element.getBoundingClientRect();
  return {left, top, right, bottom};
}

function shape(group) {
  const label = group.querySelector(".nodeLabel");
  const outline = group.querySelector(":scope > rect, :scope > .label-container");
  // some versions draw round corners as a group of two paths, for the fill and the border
  const parts = outline.tagName === "g" ? [...outline.querySelectorAll("path")] : [outline];
  const [inside, border] = [parts.at(0), parts.at(-1)].map((part) => getComputedStyle(part));
  return {
    id: group.id.match(/([js]\\d+)(-\\d+)?$/)[1],
    text: label.innerText,
    title: area(label),
    area: area(outline),
    round: parts.length > 1 || parseFloat(outline.getAttribute("rx") || 0) > 0,
    stroke: border.stroke,
    width: border.strokeWidth,
    dashes: border.strokeDasharray,
    fill: inside.fill,
    color: getComputedStyle(label).color,
  };
}

function arrow(path) {
  const point = (length) => {
    const {x, y} = path.getPointAtLength(length).matrixTransform(path.getScreenCTM());
    return {x, y};
  };
  const [, tail, head] = path.id.match(/L[_-]([js]\\d+)[_-]([js]\\d+)[_-]\\d+$/);
  return {tail, head, begin: point(0), tip: point(path.getTotalLength())};
}

async function picture(text, index) {
  const {svg} = await mermaid.render("picture" + index, text);
  const here = document.createElement("div");
  document.body.append(here);
  here.innerHTML = svg;
  // JupyterLab shows it as an image, so it must be XML; JupyterLab repairs only this tag.
  const parsed = new DOMParser().parseFromString(svg.replaceAll("<br>", "<br/>"), "text/xml");
  return {
    broken: parsed.querySelector("parsererror")?.textContent ?? null,
    boxes: [...here.querySelectorAll("g.node")].map(shape),
    clusters: [...here.querySelectorAll("g.cluster")].map(shape),
    arrows: [...here.querySelectorAll("path.flowchart-link")].map(arrow),
  };
}

(async () => {
  mermaid.initialize({startOnLoad: false});
  const found = [];
  for (const [index, text] of texts.entries()) {
    found.push(await picture(text, index).catch((error) => ({error: String(error)})));
  }
  const bytes = new TextEncoder().encode(JSON.stringify(found));
  const result = document.createElement("pre");
  result.id = "result";
  result.textContent = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  document.body.replaceChildren(result);
})();
</script>
"""


def drawn_by_browser(texts, folder):
    """Return the picture of each text, as the page describes it."""
    bundle = os.environ.get(VARIABLE)
    if not bundle:
        pytest.skip(f"no mermaid.min.js: {VARIABLE} is not set")
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"none of these is on the PATH: {', '.join(BROWSERS)}")
    page = folder / "page.html"
    literal = json.dumps(texts).replace("<", r"\u003c")
    uri = Path(bundle).resolve(strict=True).as_uri()
    page.write_text(PAGE % {"bundle": uri, "texts": literal}, encoding="utf-8")
    flags = (
        "headless no-sandbox disable-gpu disable-quic no-first-run disable-sync"
        " disable-background-networking disable-component-update dump-dom"
        f" virtual-time-budget={PATIENCE * 1000} user-data-dir={folder / 'profile'}"
    )
    done = subprocess.run(
        [browser, *(f"--{flag}" for flag in flags.split()), page.as_uri()],
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    result = re.search(b'<pre id="result">([^<]+)</pre>', done.stdout)
    assert result, done.stderr.decode(errors="replace")
    return json.loads(base64.b64decode(result[1]))


# -- what is drawn


class Shown(AbstractJob):
    """A job whose box shows the label alone, without the id."""

    def graph_label(self):
        return self.label


class ShownScheduler(Scheduler):
    def graph_label(self):
        return self.label


LABELS = [
    "plain",
    "",
    " ",
    '"',
    "say \"x\", 'y'",
    "a\nb",
    "\na\n\n\nb\n",
    "\\",
    r"C:\new \N \\ \(x\) \*",
    "a\\\nb",
    "<",
    "<b>bold</b>",
    "<!-- no --> a<b>c",
    "<script>alert(1)</script>",
    "a<br/>b",
    "&",
    "&amp; &nbsp; &#65; &lt;",
    "#",
    "# title",
    "## title ##",
    "#35; #quot; #x; # a;",
    "a;b;",
    "{a} [b] (c) {{d}} ((e)) a} b] c)",
    "[x](y) ![x](y) [z]",
    "[a]: b",
    "`code` ```",
    "%%{init: {}}%%",
    "%% a %%{ b %",
    "$$x$$",
    "$ a $$",
    "1. item",
    "2) item",
    "- item",
    "+ item",
    "* item",
    "> quote",
    "a\n- b\n- c",
    "a\n1. b\n# c\n===\n---",
    "---",
    "***",
    "| a | b |\n|---|---|\n| c | d |",
    "end",
    "subgraph",
    "direction TB",
    "a direction\xa0LR b",
    "**bold** __bold__ _x_ *x* a_b_c __init__ _a b_",
    "~s~ ~~s~~ ==s== ^s^",
    "https://example.org/a?b=c&d#e",
    "www.example.org WWW.Example.org user@example.org ftp://a.b",
    "fa:fa-car fab:fa-x :smile:",
    "javascript:alert(1)",
    "style x:#y; z",
    'classDef a:"b" style c:"d";',
    "j1 --> j2 & j3:::c@{ shape: x }",
    "accTitle: x",
    "  two  spaces   everywhere  ",
    "a\xa0b",
    "tab\tand \x1b[31mcontrol\x00",
    "\ufffd \u200b e\u0301",
    "ﬂ°°34¶ß ﬂ°lt¶ß",
    "漢字\n日本語のラベル",
    "😀👩‍👩‍👧‍👦",
    "שלום עربي",
    "x" * 2500,
    "word & " * 400,
]


def job(label="job", **options):
    return AbstractJob(label=label, **options)


def all_labels():
    return PureScheduler(
        *(Shown(label=label) for label in LABELS),
        *(ShownScheduler(job(), label=label) for label in LABELS),
    )


def all_labels_with_status():
    """Return jobs that show each label after an id, and before the status line."""
    return PureScheduler(
        *(job(label) for label in LABELS), *(Scheduler(job(), label=label) for label in LABELS)
    )


async def step(seconds, error=None):
    await asyncio.sleep(seconds)
    if error is not None:
        raise error


def nested():
    empty = Scheduler(label="empty")
    x = Job(step, 1, label="x")
    y = Job(step, 1, label="y", required=x)
    z = Job(step, 1, ValueError(), label="z", required=y, critical=False)
    deep = Scheduler(x, y, z, Scheduler(job_of(1), label="deepest"), label="deep")
    beside = Scheduler(Sequence(job_of(1), job_of(2)), label="beside", required=deep)
    inner = Scheduler(deep, beside, label="inner", critical=False, required=empty)
    holder = Scheduler(Scheduler(label="in it"), label="holder", required=[inner, empty])
    monitor = Job(step, 100, label="monitor", forever=True, critical=False)
    last = Job(step, 1, RuntimeError(), label="last", required=[holder, inner])
    never = job_of(1, required=last)
    return Scheduler(empty, inner, holder, monitor, last, never, critical=False)


def after_a_run_that_went_on():
    boot = Job(step, 2, OSError(), label="boot")
    measure = Scheduler(job_of(1), label="measure", required=boot)
    compare = Job(step, 1, label="compare", required=measure)
    scheduler = Scheduler(boot, measure, compare, job_of(3), critical=False, keep_going=True)
    assert not scheduler.run(loop_factory=FakeClock().loop_factory)
    return scheduler


def job_of(seconds, **options):
    return Job(step, seconds, label=f"step {seconds}", **options)


def after_a_run():
    scheduler = nested()
    assert not scheduler.run(loop_factory=FakeClock().loop_factory)
    return scheduler


def many_arrows():
    """Return a few jobs with as many arrows as can be drawn."""
    tails, heads = [job() for _ in range(20)], [job() for _ in range(25)]
    for head in heads:
        head.requires(tails)
    return PureScheduler(*tails, *heads)


def levels(count):
    scheduler = Scheduler(job(), label="s")
    for _ in range(count - 1):
        scheduler = Scheduler(scheduler, label="s")
    return PureScheduler(scheduler)


CASES = {
    "labels": (all_labels, {}),
    "labels with status": (all_labels_with_status, {"status": True}),
    "nested": (nested, {}),
    "closed": (nested, {"depth": 1}),
    "with status": (after_a_run, {"status": True}),
    "skipped": (after_a_run_that_went_on, {"status": True}),
    "500 arrows": (many_arrows, {}),
    "200 levels": (lambda: levels(200), {}),
    "too much": (lambda: PureScheduler(Sequence(*(job() for _ in range(502)))), {}),
}


class Case(NamedTuple):
    scheduler: PureScheduler
    status: bool
    picture: dict

    def shapes(self, kind):
        """Return all boxes or all clusters, by the rank in their ids."""
        return {shape["id"][1:]: shape for shape in self.picture[kind]}

    def shape(self, member):
        """Return the box or the cluster of a job; an empty scheduler is a box."""
        is_cluster = isinstance(member, Scheduler) and member.jobs
        return self.shapes("clusters" if is_cluster else "boxes")[member.repr_id()]


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """Return the cases by name, with their pictures; the browser starts only once."""
    found = {name: (make(), options) for name, (make, options) in CASES.items()}
    texts = [mermaid_format(scheduler, **options) for scheduler, options in found.values()]
    pictures = drawn_by_browser(texts, tmp_path_factory.mktemp("browser"))
    return {
        name: Case(scheduler, options.get("status", False), picture)
        for (name, (scheduler, options)), picture in zip(found.items(), pictures, strict=True)
    }


def members(scheduler, around=()):
    """Yield each job at all depths, with the nested schedulers around it."""
    for member in scheduler.jobs:
        yield member, around
        if isinstance(member, Scheduler):
            yield from members(member, (*around, member))


def as_seen(text):
    """Return a text with normal spaces, and without characters that have no width."""
    text = re.sub("[\u2005\xa0]", " ", text.replace("\u2060", ""))
    return re.sub("^ $", "", text, flags=re.MULTILINE)


# -- what is shown


@pytest.mark.parametrize("name", CASES)
def test_a_picture_is_valid_xml(cases, name):
    picture = cases[name].picture
    assert (picture.get("error"), picture.get("broken")) == (None, None)


def test_labels_are_shown_as_they_were_written(cases):
    case = cases["labels"]
    shown = [
        (member.label, as_seen(case.shape(member)["text"])) for member in case.scheduler.jobs
    ]
    assert shown == [(label, as_seen(wrapped(presentable(label)))) for label in LABELS * 2]


def test_labels_are_shown_as_they_were_written_between_other_text(cases):
    case = cases["labels with status"]
    shown = [as_seen(case.shape(member)["text"]) for member in case.scheduler.jobs]
    assert shown == [as_seen(f"{named(member)}\n· idle") for member in case.scheduler.jobs]


def version():
    """Return the version of Mermaid, as in ``(11, 17)``."""
    found = re.findall(r'"(1\d)\.(\d+)\.\d+"', Path(os.environ[VARIABLE]).read_text("utf-8"))
    return max((int(major), int(minor)) for major, minor in found)


def named(member):
    """Return the id of a job and its label, which is wrapped, and cut if it is too long."""
    prefix = f"{member.repr_id()}: "
    text = presentable(f"{prefix}{member._shown_text()}")
    return prefix + wrapped(text.removeprefix(prefix))


@pytest.mark.parametrize("name", ["labels", "labels with status", "with status"])
def test_mermaid_breaks_no_line(cases, name):
    """It breaks lines at 200 pixels, unless the text says otherwise."""
    if version() < (11, 17) and name != "with status":
        pytest.skip("Mermaid 11.12 breaks lines in spite of wrappingWidth; 11.17 does not")
    picture = cases[name].picture
    for shape in (*picture["boxes"], *picture["clusters"]):
        lines = shape["text"].rstrip("\n").count("\n") + 1
        height = shape["title"]["bottom"] - shape["title"]["top"]
        assert height < (lines + 0.9) * LINE_HEIGHT, shape["text"]


def test_a_closed_scheduler_shows_how_many_jobs_it_has(cases):
    boxes, clusters = (
        sorted(shape["text"] for shape in cases["closed"].picture[kind])
        for kind in ("boxes", "clusters")
    )
    assert boxes == [
        "01: empty",
        "02: monitor",
        "04: deep\n4 jobs",
        "10: beside\n2 jobs",
        "14: in it\n0 jobs",
        "15: last",
        "16: step 1",
    ]
    assert clusters == ["03: inner", "13: holder"]


def test_a_graph_beyond_the_limits_is_one_box(cases):
    picture = cases["too much"].picture
    assert [box["text"] for box in picture["boxes"]] == ["PureScheduler\n502 jobs"]
    assert (picture["clusters"], picture["arrows"]) == ([], [])


def test_a_graph_at_the_limits_is_drawn(cases):
    assert len(cases["500 arrows"].picture["arrows"]) == 500
    assert len(cases["200 levels"].picture["clusters"]) == 200


# -- where it is shown


def is_in(inner, outer):
    return (
        outer["left"] <= inner["left"]
        and inner["right"] <= outer["right"]
        and outer["top"] <= inner["top"]
        and inner["bottom"] <= outer["bottom"]
    )


def meet(one, other):
    return (
        one["left"] < other["right"]
        and other["left"] < one["right"]
        and one["top"] < other["bottom"]
        and other["top"] < one["bottom"]
    )


def distance_to_border(area, point):
    """Return how far a point is from the border, inside or outside."""
    x, y = point["x"], point["y"]
    aside = max(area["left"] - x, 0, x - area["right"])
    above = max(area["top"] - y, 0, y - area["bottom"])
    if aside or above:
        return (aside**2 + above**2) ** 0.5
    return min(x - area["left"], area["right"] - x, y - area["top"], area["bottom"] - y)


NESTED = pytest.mark.parametrize("name", ["nested", "with status"])


@NESTED
def test_jobs_are_in_the_clusters_of_their_schedulers_and_in_no_others(cases, name):
    case = cases[name]
    for member, around in members(case.scheduler):
        area = case.shape(member)["area"]
        for other, around_other in members(case.scheduler):
            other_area = case.shape(other)["area"]
            if other in around:
                assert is_in(area, other_area)
            elif other is not member and member not in around_other:
                assert not meet(area, other_area)


@NESTED
def test_titles_of_clusters_are_visible(cases, name):
    case = cases[name]
    for member, around in members(case.scheduler):
        area = case.shape(member)["area"]
        for scheduler in around:
            cluster = case.shape(scheduler)
            assert is_in(cluster["title"], cluster["area"])
            assert not meet(cluster["title"], area)


@NESTED
def test_arrows_go_from_border_to_border_and_to_the_right(cases, name):
    case = cases[name]
    arrows = {(arrow["tail"][1:], arrow["head"][1:]): arrow for arrow in case.picture["arrows"]}
    expected = [
        (required, member)
        for member, _ in members(case.scheduler)
        for required in member.required
    ]
    assert len(case.picture["arrows"]) == len(expected)
    for required, member in expected:
        arrow = arrows[required.repr_id(), member.repr_id()]
        tail, head = case.shape(required)["area"], case.shape(member)["area"]
        assert distance_to_border(tail, arrow["begin"]) < NEAR
        assert distance_to_border(head, arrow["tip"]) < NEAR
        assert tail["right"] < head["left"]


# -- how it looks


def rgb(color):
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgb({red}, {green}, {blue})"


@NESTED
def test_the_border_shows_the_kind_of_a_job(cases, name):
    case = cases[name]
    for member, _ in members(case.scheduler):
        shape = case.shape(member)
        failed_first = name == "with status" and member.label == "last"
        assert (shape["stroke"] == rgb("#b3161b")) is failed_first
        assert (shape["width"] == "4px") is failed_first
        is_critical = member.is_critical() and not failed_first
        assert (shape["stroke"] == rgb("#2b5c8a")) is is_critical
        assert (shape["width"] == "2px") is is_critical
        assert (shape["dashes"] == "6px, 4px") is member.forever
        assert shape["round"] is (not isinstance(member, Scheduler))


def test_the_fill_shows_the_status_of_a_job(cases):
    case = cases["with status"]
    look = {
        shape["text"].split("\n")[0].partition(": ")[2]: (
            shape["text"].split("\n")[1],
            shape["fill"],
            shape["color"],
        )
        for member, _ in members(case.scheduler)
        for shape in [case.shape(member)]
    }
    black = rgb("#000000")
    assert {
        label: look[label] for label in ("inner", "x", "z", "empty", "monitor", "last")
    } == {
        "inner": ("✓ done, 6.0 s", rgb("#d5efd2"), black),
        "x": ("✓ done, 1.0 s", rgb("#d5efd2"), black),
        "empty": ("✓ done, < 1 ms", rgb("#d5efd2"), black),
        "monitor": ("■ stopped, 7.0 s", rgb("#e2e2e2"), black),
        "z": ("✗ raised ValueError, 1.0 s", rgb("#fbdfdb"), black),
        "last": ("✗ ended the run: RuntimeError, 1.0 s", rgb("#f49a90"), black),
    }


def test_skipped_jobs_are_drawn_dashed_and_in_a_calm_colour(cases):
    case = cases["skipped"]
    shapes = {
        member.label: case.shape(member)
        for member in case.scheduler.jobs
        if member.label != "step 3"
    }
    texts = {label: shape["text"].split("\n")[1] for label, shape in shapes.items()}
    skipped = "↷ skipped: <Job `boot`> failed"
    assert texts == {
        "boot": "✗ failed the run: OSError, 2.0 s",
        "measure": skipped,
        "compare": skipped,
    }
    looks = {
        # how a line without dashes is written depends on the version
        label: (shape["fill"], shape["dashes"].replace("0px, 0px", "none"))
        for label, shape in shapes.items()
    }
    calm = (rgb("#e6e0f4"), "6px, 4px")
    assert looks == {"boot": (rgb("#f49a90"), "none"), "measure": calm, "compare": calm}
