"""How jobs look, and what subclasses may change."""

from __future__ import annotations

import re

import pytest

from asynciojobs import AbstractJob, PureScheduler, Scheduler
from asynciojobs_graph import DotStyle, dot_style
from asynciojobs_graph._programs import draw

BOTH = [False, True]


def job(label="job", **options):
    return AbstractJob(label=label, **options)


class Styled(AbstractJob):
    """A job with more attributes."""

    def __init__(self, **more):
        super().__init__(label="styled")
        self.more = more

    def dot_style(self):
        return super().dot_style() | self.more


class StyledScheduler(Scheduler):
    """A scheduler with more attributes, or with its own cluster name."""

    def __init__(self, *jobs, named=None, label="s", required=None, **more):
        super().__init__(*jobs, label=label, required=required)
        self.more = more
        self.named = named

    def dot_style(self):
        return super().dot_style() | self.more

    def dot_cluster_name(self):
        return super().dot_cluster_name() if self.named is None else self.named


# -- what the kinds look like

THICK = {"stroke": "#2b5c8a", "stroke-width": "2"}
PLAIN = {"stroke": "#404040"}
DASHED = {"stroke-dasharray": "5,2"}


@pytest.mark.parametrize("nested", BOTH)
@pytest.mark.parametrize("forever", BOTH)
@pytest.mark.parametrize("critical", BOTH)
def test_each_kind_of_job_looks_different(drawn, nested, forever, critical):
    kind = Scheduler if nested else AbstractJob
    shown = kind(label="x", forever=forever, critical=critical)
    svg = drawn(Scheduler(shown))
    shape = svg.clusters["cluster_1"] if nested else svg.boxes["1"]
    expected = (THICK if critical else PLAIN) | (DASHED if forever else {})
    assert shape.look == {"fill": "none", **expected}


def test_jobs_are_round_and_schedulers_are_not(drawn):
    svg = drawn(Scheduler(job(), Scheduler(job())), depth=0)
    outlines = {
        group[0].text: group[1].tag.rpartition("}")[2]
        for group in svg.root.iter()
        if group.get("class") == "node"
    }
    assert outlines == {"1": "path", "2": "polygon"}  # the polygon has four corners


def test_is_critical_may_be_redefined(drawn):
    class Lenient(AbstractJob):
        def is_critical(self):
            return False

    assert drawn(Scheduler(Lenient())).boxes["1"].look == {"fill": "none", **PLAIN}


def test_a_style_is_a_dict_whose_text_is_dot():
    style = dot_style(job(forever=True))
    assert (isinstance(style, dict), type(style), str(style)) == (
        True,
        DotStyle,
        'style="rounded,dashed" color="#2b5c8a" penwidth="2"',
    )


def test_the_text_of_a_style_is_quoted():
    style = DotStyle({"a b": '"\\', "edge": 1, "ok_1": None, "é": "\n&\x00"})
    assert str(style) == '"a b"="\\"\\\\" "edge"="1" ok_1="None" "é"="\\n&amp;\ufffd"'


# -- subclasses


def test_a_job_may_have_more_attributes(drawn):
    shape = drawn(Scheduler(Styled(color="blue", penwidth=4.5))).boxes["1"]
    assert shape.look == {"fill": "none", "stroke": "blue", "stroke-width": "4.5"}


def test_a_job_may_have_any_mapping_as_its_style(drawn):
    class Plain(AbstractJob):
        def dot_style(self):
            return {"color": "blue"}

    assert drawn(Scheduler(Plain())).boxes["1"].look == {"fill": "none", "stroke": "blue"}


HOSTILE = {
    "node": "x",
    "Edge": "x",
    "SUBGRAPH": "x",
    "strict": "x",
    "tooltip": '"]; "hacked" [label="',
    "comment": "ends with \\",
    "class": "\x00\x01\ud800\r\n",
    "a b": 1,
    "": "nothing",
    "é": None,
    "-->": "<b>",
}


def test_hostile_attributes_do_no_harm(drawn):
    scheduler = Scheduler(Styled(**HOSTILE), StyledScheduler(job(), **HOSTILE))
    svg = drawn(scheduler)
    assert (list(svg.boxes), list(svg.clusters)) == (["1", "3"], ["cluster_2"])
    scheduler.dot_format().encode()  # a surrogate could not be encoded


def test_members_do_not_inherit_the_attributes_of_their_scheduler(drawn):
    inner = Scheduler(job(), label="inner")
    outer = StyledScheduler(
        inner,
        job(),
        Scheduler(label="empty"),
        bgcolor="yellow",
        fontcolor="red",
        style="dashed",
    )
    svg = drawn(Scheduler(outer, Scheduler(label="later")))
    fills = {shape.texts[0].strip(): shape.look["fill"] for shape in svg.clusters.values()}
    assert fills == {
        "1: s": "yellow",
        "2: inner": "none",
        "5: empty": "none",
        "6: later": "none",
    }
    dashes = [name for name, shape in svg.clusters.items() if "stroke-dasharray" in shape.look]
    assert dashes == ["cluster_1"]
    red = [text.text.strip() for text in svg.root.iter() if text.get("fill") == "red"]
    assert red == ["1: s"]


NAMES = [
    "mine",
    "cluster",
    "",
    "cluster_",
    "cluster_3",
    'quo"te',
    "back\\slash\\",
    "new\nline",
    "a & b &amp; c",
    "<b>",
    "null\x00\ud800",
    "漢字",
    "x" * 300,
    3,
    None,
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_cluster_is_drawn_whatever_its_name(drawn, name):
    """All clusters in the picture have the same name, so the name is already taken."""
    one = StyledScheduler(job(), named=name)
    two = StyledScheduler(Scheduler(job()), StyledScheduler(named=name), named=name)
    two.requires(one)
    svg = drawn(Scheduler(one, two, StyledScheduler(job(), named=name, required=two)))
    texts = sorted(shape.texts[0] for shape in svg.clusters.values())
    assert texts == ["1: s", "3: s", "4: NOLABEL", "6: s", "7: s"]
    for arrow, tail, head in zip(svg.arrows, ["1: s", "3: s"], ["3: s", "7: s"], strict=True):
        for text, point in ((tail, arrow.begin), (head, arrow.tip)):
            (area,) = (c.area for c in svg.clusters.values() if c.texts == [text])
            assert area.distance_to_border(point) < 3


def test_a_class_may_name_its_cluster():
    text = Scheduler(StyledScheduler(named="cluster_mine"), Scheduler()).dot_format()
    assert ('subgraph "cluster_mine"' in text, 'subgraph "cluster_2"' in text) == (True, True)


# -- labels


class Unprintable:
    def __str__(self):
        raise KeyError


class Labelled(AbstractJob):
    def __init__(self, make):
        super().__init__(label="not shown")
        self.make = make

    def graph_label(self):
        return self.make()


@pytest.mark.parametrize(
    ("make", "texts"),
    [
        (lambda: "one\ntwo", ["one", "two"]),
        (lambda: "", []),
        (lambda: None, ["1: not shown"]),
        (lambda: 42, ["42"]),
        (lambda: 1 / 0, ["(graph_label raised ZeroDivisionError)"]),
        (Unprintable, ["(graph_label raised KeyError)"]),
    ],
)
def test_a_graph_label_is_shown_as_it_is(drawn, make, texts):
    assert drawn(Scheduler(Labelled(make))).boxes["1"].texts == texts


def test_a_label_that_raises_is_shown_as_such(drawn):
    texts = drawn(Scheduler(AbstractJob(label=Unprintable()))).boxes["1"].texts
    assert texts == ["1: (str raised KeyError)"]


def test_a_style_that_raises_is_an_error():
    class Bad(AbstractJob):
        def dot_style(self):
            raise KeyError("no style")

    with pytest.raises(KeyError, match="no style"):
        Scheduler(Bad()).dot_format()


# -- graphs that can't run


def test_a_cycle_is_drawn(drawn):
    a, b, c = job("a"), job("b"), job("c")
    a.requires(c), b.requires(a), c.requires(b), a.required.add(a)
    empty, full = Scheduler(label="empty"), Scheduler(job(), label="full")
    empty.requires(full), full.requires(empty)
    svg = drawn(Scheduler(a, b, c, empty, full))
    assert svg.edges() == [
        ("1", "1"),
        ("1", "2"),
        ("2", "3"),
        ("3", "1"),
        ("4", "6"),
        ("6", "4"),
    ]


def test_a_requirement_from_elsewhere_is_left_out(drawn):
    outside, beside = job("outside"), job("beside")
    inner = Scheduler(job("inside", required=[outside, beside]), required=outside)
    assert drawn(Scheduler(inner, beside)).edges() == []


def test_a_job_in_two_schedulers_is_drawn_in_both(drawn):
    a = job("a")
    b = job("b", required=a)
    shared = Scheduler(job("c"), label="shared", required=b)
    svg = drawn(Scheduler(Scheduler(a, b, shared), Scheduler(b, shared)))
    assert ({title: box.texts for title, box in svg.boxes.items()}, svg.edges()) == (
        {
            "2": ["2: a"],
            "3": ["3: b"],
            "5": ["5: c"],
            "7": ["7: b"],
            "9": ["9: c"],
        },
        [("2", "3"), ("3", "5"), ("7", "9")],
    )
    texts = sorted(shape.texts[0] for shape in svg.clusters.values())
    assert texts == ["1: NOLABEL", "4: shared", "6: NOLABEL", "8: shared"]


@pytest.mark.parametrize("levels", [1, 3])
def test_a_scheduler_that_is_nested_in_itself_is_refused(levels):
    innermost = scheduler = Scheduler(label="x")
    for _ in range(levels):
        scheduler = Scheduler(scheduler, label="x")
    innermost.add(scheduler)
    for outermost in (scheduler, PureScheduler(scheduler)):
        for options in ({}, {"depth": 0}, {"status": True}):
            with pytest.raises(ValueError, match=r"^<Scheduler `x`> is nested in itself$"):
                outermost.dot_format(**options)


# -- depth


def levels():
    return Scheduler(
        job("a"),
        Scheduler(job("b"), Scheduler(job("c"), job("d"), label="two"), label="one"),
    )


@pytest.mark.parametrize(
    ("depth", "boxes", "clusters"),
    [
        (0, [["1: a"], ["2: one", "3 jobs"]], []),
        (1, [["1: a"], ["3: b"], ["4: two", "2 jobs"]], ["2: one"]),
        (2, [["1: a"], ["3: b"], ["5: c"], ["6: d"]], ["2: one", "4: two"]),
        (99, [["1: a"], ["3: b"], ["5: c"], ["6: d"]], ["2: one", "4: two"]),
    ],
)
def test_schedulers_are_opened_down_to_the_depth(drawn, depth, boxes, clusters):
    svg = drawn(levels(), depth=depth)
    assert [box.texts for box in svg.boxes.values()] == boxes
    assert [shape.texts[0] for shape in svg.clusters.values()] == clusters


@pytest.mark.parametrize(
    ("jobs", "text"), [([], "0 jobs"), ([job()], "1 job"), ([Scheduler(job())], "1 job")]
)
def test_a_closed_scheduler_shows_how_many_jobs_it_has(drawn, jobs, text):
    assert drawn(Scheduler(Scheduler(*jobs, label="x")), depth=0).boxes["1"].texts[1] == text


@pytest.mark.parametrize(
    ("depth", "kind", "message"),
    [
        (-1, ValueError, r"^depth is a number of levels, 0 or more, not -1$"),
        (1.0, TypeError, r"^depth is a number of levels \(an int\) or None, not 1\.0$"),
        (True, TypeError, r"^depth is a number of levels \(an int\) or None, not True$"),
        ("1", TypeError, r"^depth is a number of levels \(an int\) or None, not '1'$"),
    ],
)
def test_an_invalid_depth_is_refused(depth, kind, message, tmp_path):
    scheduler = levels()
    for draws in (scheduler.dot_format, scheduler.graph):
        with pytest.raises(kind, match=message):
            draws(depth=depth)
    with pytest.raises(kind, match=message):
        scheduler.export_as_svgfile(tmp_path / "x", depth=depth)
    assert list(tmp_path.iterdir()) == []


# -- the direction


@pytest.mark.parametrize("rankdir", ["LR", "RL", "TB", "BT"])
def test_arrows_point_where_rankdir_says(drawn, rankdir):
    before = job("before")
    inside = job("inside", required=(first := job("first")))
    svg = drawn(
        PureScheduler(before, Scheduler(first, inside, required=before)), rankdir=rankdir
    )
    for arrow in svg.arrows:
        aside, down = arrow.tip.x - arrow.begin.x, arrow.tip.y - arrow.begin.y
        forwards = {"LR": aside, "RL": -aside, "TB": down, "BT": -down}
        assert max(forwards, key=forwards.get) == rankdir


@pytest.mark.parametrize("rankdir", ["", "lr", "TD", None, 1, ["LR"]])
def test_an_invalid_direction_is_refused(rankdir, tmp_path):
    message = rf"^rankdir is one of 'LR', 'RL', 'TB' and 'BT', not {re.escape(repr(rankdir))}$"
    scheduler = levels()
    for draws in (scheduler.dot_format, scheduler.graph, scheduler.mermaid_format):
        with pytest.raises(ValueError, match=message):
            draws(rankdir=rankdir)
    with pytest.raises(ValueError, match=message):
        scheduler.export_as_svgfile(tmp_path / "x", rankdir=rankdir)
    assert list(tmp_path.iterdir()) == []


def test_ids_are_those_of_the_listing(drawn, capsys):
    scheduler = levels()
    scheduler.list()
    listed = [member.repr_id() for member in scheduler.iterate_jobs()]
    drawn(scheduler, depth=0)
    assert [member.repr_id() for member in scheduler.iterate_jobs()] == listed


def test_a_dot_text_can_be_drawn_as_dot(program):
    assert draw(levels().dot_format(), "dot").startswith(b"digraph asynciojobs {")
