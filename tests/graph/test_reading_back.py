"""Pictures, read back: they show the whole scheduler, each thing in its place."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asynciojobs import AbstractJob, PureScheduler, Scheduler

LONGEST = 2500
WRAPPED = 44  # columns: 40, and the id before the first line
NEAR = 3.0  # points: lines have a width, so arrows end a little before the border

# Each example starts a program.
examples = settings(
    max_examples=30,
    derandomize=True,  # layouts of Graphviz are not perfect: always try the same examples
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def job(label="job", **options):
    return AbstractJob(label=label, **options)


def members(scheduler):
    """Yield each job at all depths, with the nested schedulers around it."""
    stack = [(scheduler, ())]
    while stack:
        inner, around = stack.pop()
        for member in inner.jobs:
            yield member, around
            if isinstance(member, PureScheduler):
                stack.append((member, (*around, member)))


def shown(text):
    """Return the lines that a picture should show for a text."""
    if len(text) > LONGEST:
        text = text[: LONGEST - 1] + "…"
    text = re.sub("\r\n|\r|\u2028|\u2029", "\n", text).replace("\xa0", " ")
    lines = [
        "".join("\ufffd" if is_control(sign) else sign for sign in line).expandtabs(4)
        for line in text.split("\n")
    ]
    return [line.strip() for line in lines if line]


def is_control(sign):
    code = ord(sign)
    return (
        (code < 0x20 and sign != "\t")
        or 0x7F <= code < 0xA0
        or 0xD800 <= code < 0xE000
        or code in (0xFFFE, 0xFFFF)
    )


def stripped(texts):
    return [text.strip() for text in texts]


def columns(line):
    """Return how wide a line may be, in columns."""
    return sum(1 + (unicodedata.east_asian_width(sign) in "WF") for sign in line)


def check_lines(texts, expected):
    """Compare lines in a picture with those of the label, which may be wrapped."""
    if all(columns(line) <= WRAPPED for line in expected):
        assert stripped(texts) == expected
    else:
        assert without_spaces(texts) == without_spaces(expected)
        assert all(columns_at_least(text) <= WRAPPED for text in texts)


def without_spaces(lines):
    return "".join("".join(line.split(" ")) for line in lines)


def columns_at_least(line):
    """Return the least width of a line: some characters are drawn on the one before them."""
    return sum(columns(sign) for sign in line.strip() if sign.isascii() or sign.isalpha())


def ends(member):
    """Return the boxes where an arrow may end: the job's own, or any box inside it."""
    if isinstance(member, Scheduler) and member.jobs:
        return {box for inner in member.jobs for box in ends(inner)}
    return {member.repr_id()}


def check_texts(svg, scheduler):
    for member, _ in members(scheduler):
        shapes = svg.clusters if isinstance(member, Scheduler) else svg.boxes
        prefix = "cluster_" if isinstance(member, Scheduler) else ""
        texts = shapes[f"{prefix}{member.repr_id()}"].texts
        check_lines(texts, shown(f"{member.repr_id()}: {member._shown_text()}"))


def check_places(svg, scheduler):
    areas = {
        member: svg.clusters[f"cluster_{member.repr_id()}"].area
        for member, _ in members(scheduler)
        if isinstance(member, Scheduler)
    }
    for member, around in members(scheduler):
        nested = isinstance(member, Scheduler)
        area = areas[member] if nested else svg.boxes[member.repr_id()].area
        for other, other_area in areas.items():
            if other in around:
                assert other_area.has(area)
            elif other is not member and (not nested or member not in around_of(other, areas)):
                assert not other_area.meets(area)


def around_of(nested, areas):
    """Return the schedulers with an area that have this one inside."""
    return {outer for outer in areas if nested in dict(members(outer))}


def check_arrows(svg, scheduler):
    expected = [
        (required, member, around)
        for member, around in members(scheduler)
        for required in member.required
        if required in (around[-1] if around else scheduler).jobs
    ]
    assert len(svg.arrows) == len(expected)
    arrows = list(svg.arrows)
    for required, member, _ in expected:
        found = next(arrow for arrow in arrows if fits(arrow, required, member))
        arrows.remove(found)
        for node, point in ((required, found.begin), (member, found.tip)):
            if isinstance(node, Scheduler):
                area = svg.clusters[f"cluster_{node.repr_id()}"].area
            else:
                area = svg.boxes[node.repr_id()].area
            assert area.distance_to_border(point) < NEAR, (required, member)


def fits(arrow, required, member):
    tail, head = arrow.title.split("->")
    return tail in ends(required) and head in ends(member)


def check(svg, scheduler):
    check_texts(svg, scheduler)
    check_places(svg, scheduler)
    check_arrows(svg, scheduler)


# -- made by hand


def diamond_of_schedulers():
    first = Scheduler(job("a"), job("b"), label="first")
    left = Scheduler(job("c"), label="left", required=first)
    right = Scheduler(label="right", required=first)
    x = job("x")
    y = job("y", required=x)
    last = Scheduler(
        x,
        y,
        Scheduler(job("z"), label="deep", required=y),
        label="last",
        required=[left, right],
    )
    return Scheduler(first, left, right, last, job("end", required=last))


def empties():
    one = Scheduler(label="one")
    two = Scheduler(Scheduler(Scheduler(label="innermost"), label="inner"), label="two")
    two.requires(one)
    return Scheduler(one, two, Scheduler(label="three", required=two))


def sources_beside_a_chain():
    p, q = job("p"), job("q")
    r = job("r", required=q)
    before = job("before")
    cluster = Scheduler(p, q, r, job("s", required=[p, r]), label="c", required=before)
    return Scheduler(before, cluster, job("after", required=cluster))


BY_HAND = [
    Scheduler,
    lambda: PureScheduler(job()),
    lambda: Scheduler(Scheduler()),
    diamond_of_schedulers,
    empties,
    sources_beside_a_chain,
]


@pytest.mark.parametrize("make", BY_HAND)
def test_a_picture_shows_the_scheduler(drawn, make):
    scheduler = make()
    check(drawn(scheduler), scheduler)


# -- made by hypothesis


@st.composite
def schedulers(draw, depth=4):
    count = draw(st.integers(1 if depth == 4 else 0, 5 if depth > 2 else 3))
    inside = [
        draw(schedulers(depth=depth - 1)) if depth and draw(st.booleans()) else job()
        for _ in range(count)
    ]
    for rank, member in enumerate(inside[1:], start=1):
        member.requires(draw(st.lists(st.sampled_from(inside[:rank]), max_size=3)))
    return Scheduler(*draw(st.permutations(inside)), label="s")


@examples
@given(scheduler=schedulers())
def test_a_picture_shows_any_scheduler(drawn, scheduler):
    check(drawn(scheduler), scheduler)


NASTY = [
    "",
    " ",
    '"',
    "'",
    '""',
    "\n",
    "a\n",
    "\nb",
    "a\n\nb",
    "\\",
    "\\\\",
    "C:\\new",
    "ends with \\",
    '\\"',
    "\\N \\G \\L \\E \\T \\H",
    "left\\lright\\rmiddle\\n",
    "<b>bold</b>",
    "<<b>bold</b>>",
    "<",
    "<!-- no -->",
    "]]>",
    "&",
    "&amp;",
    "&#65;",
    "&#x41;",
    "&nosuch;",
    "{a|b}",
    "<f0>|{",
    "]; x -> y; [",
    "/* no */ // no # no",
    "\r",
    "a\rb\r\nc",
    "a\tb",
    "\x00",
    "\x1b[31mred\x1b[0m",
    "\x7f\x80\x85\x9f",
    "\ud800",
    "\udc80x",
    "\ufffe\uffff",
    "a\u2028b\u2029c",
    "\ufeffbom",
    "漢字",
    "日本語\nテスト",
    "😀",
    "👩‍👩‍👧‍👦",
    "e\u0301\u0302",
    "שלום",
    "\u202eolleh",
    "عربي\nabc",
    "Ünïcödé",
    "x" * 40_000,
    "&" * 40_000,
    "\\" * 40_000,
    '"' * 40_000,
    "漢" * 40_000,
    "😀" * 40_000,
    "Ŵ" * 40_000,
]


@pytest.mark.parametrize("label", NASTY, ids=[ascii(label[:12]) for label in NASTY])
def test_a_label_is_shown_as_it_was_written(drawn, label):
    inner = job(label)
    scheduler = Scheduler(inner, Scheduler(job(label), label=label, required=inner))
    check(drawn(scheduler), scheduler)


pieces = st.one_of(
    st.sampled_from([label for label in NASTY if len(label) < 100]),
    st.text(max_size=12),
    st.text(alphabet='"\\<>&;#nNGlr|{}[] \t\r\n', max_size=12),
    st.text(alphabet=st.characters(categories=["Cs", "Cc", "Co", "Cn"]), max_size=4),
)
labels = st.lists(pieces, max_size=4).map("".join)


@examples
@given(texts=st.lists(labels, min_size=1, max_size=30))
def test_any_label_is_shown_as_it_was_written(drawn, texts):
    scheduler = Scheduler(
        *(job(text) for text in texts),
        *(Scheduler(job("x"), label=text) for text in texts[:5]),
    )
    check_texts(drawn(scheduler), scheduler)


def ems(text):
    """Return the least width of a line, if a wide character takes one em."""
    return sum(1.0 if ord(sign) > 0x2E00 else 0.2 for sign in text.strip())


WIDE = [
    "漢字かな交じり文" * 4,
    "😀" * 12,
    "한국어 라벨\n조금 더 긴 둘째 줄입니다 정말",
    "\N{FULLWIDTH LATIN CAPITAL LETTER A}" * 9,
]


@pytest.mark.parametrize("label", WIDE)
def test_a_box_is_as_wide_as_its_wide_characters(drawn, label):
    svg = drawn(Scheduler(job(label), Scheduler(job("x"), label=label), label="outer"))
    for shape in (svg.boxes["1"], svg.clusters["cluster_2"]):
        assert shape.area.width >= 14 * max(map(ems, shape.texts))


def test_a_picture_of_a_closed_scheduler_has_a_box_for_it(drawn):
    inner = Scheduler(job("a"), Scheduler(job("b")), label="inner")
    svg = drawn(Scheduler(inner, job("c", required=inner)), depth=0)
    assert ({title: box.texts for title, box in svg.boxes.items()}, svg.edges()) == (
        {"1": ["1: inner", "2 jobs"], "5": ["5: c"]},
        [("1", "5")],
    )
