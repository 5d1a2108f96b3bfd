"""Several pictures in one page: no two share an id, so each keeps its own gradients."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from asynciojobs import AbstractJob, PureScheduler, Scheduler
from asynciojobs_graph._programs import draw


class Filled(AbstractJob):
    """A job with more attributes."""

    def __init__(self, **more):
        super().__init__(label="a")
        self.more = more

    def dot_style(self):
        return super().dot_style() | {"style": "filled", **self.more}


class FilledScheduler(Scheduler):
    def dot_style(self):
        return super().dot_style() | {"style": "filled", "fillcolor": "white:gold"}


def picture(colors, **more):
    scheduler = PureScheduler(Filled(fillcolor=colors, **more), FilledScheduler(Filled()))
    return draw(scheduler.dot_format(), "svg").decode()


def ids_of(svg):
    return re.findall(r'\sid="([^"]*)"', svg)


def used_in(svg):
    return set(re.findall(r"url\(#([^)]*)\)", svg))


def test_two_pictures_share_no_ids(program):
    one, two = picture("red:blue"), picture("green:yellow")
    assert set(ids_of(one)).isdisjoint(ids_of(two))


def test_gradients_are_still_found(program):
    svg = picture("red:blue")
    assert (len(used_in(svg)), used_in(svg) <= set(ids_of(svg))) == (2, True)


def test_the_ids_are_the_same_each_time(program):
    assert picture("red:blue") == picture("red:blue")


def test_links_of_boxes_have_unique_ids_too(program):
    one, two = (picture(colors, href="https://example.org") for colors in ("red", "blue"))
    assert set(ids_of(one)).isdisjoint(ids_of(two))
    assert one.count('xlink:href="https://example.org"') == 1


def test_an_id_of_the_user_stays_as_it_is(program):
    svg = picture("red:blue", id="mine", href="#elsewhere")
    assert "mine" in ids_of(svg)
    assert 'xlink:href="#elsewhere"' in svg
    assert used_in(svg) <= set(ids_of(svg))


def test_texts_that_look_like_ids_are_not_changed(program):
    label = 'id="node1" url(#l_0) <g id="graph0">'
    svg = draw(PureScheduler(Filled(fillcolor="red:blue", label=label)).dot_format(), "svg")
    assert b"url(#l_0) &lt;g id=&quot;graph0&quot;" in svg


def test_an_svg_without_ids_is_left_as_it_is(script):
    script("cat >/dev/null; printf '<svg id=\"x\"/>'")
    assert draw("graph {}", "svg") == b'<svg id="x"/>'


@pytest.mark.parametrize("export", ["export", "pipe", "notebook"])
def test_all_ways_to_an_svg_have_unique_ids(program, tmp_path, export):
    scheduler = PureScheduler(Filled(fillcolor="red:blue"))
    if export == "export":
        svg = Path(scheduler.export_as_svgfile(tmp_path / "x")).read_text("utf-8")
    elif export == "pipe":
        svg = scheduler.graph().pipe(encoding="utf-8")
    else:
        svg = scheduler._repr_mimebundle_()["image/svg+xml"]
    assert svg == draw(scheduler.dot_format(), "svg").decode()
    assert all(re.match(r"p\d+_", name) for name in ids_of(svg))
