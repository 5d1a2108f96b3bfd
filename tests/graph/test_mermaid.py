"""The Mermaid text of a scheduler."""

from __future__ import annotations

import asyncio
import re
import time

import pytest

from asynciojobs import AbstractJob, Job, PureScheduler, Scheduler, Sequence
from asynciojobs_graph import DotStyle, mermaid_format

LIMITS = "the most that Mermaid draws is 500 arrows, 50,000 characters and 200 levels"


def job(label="job", **options):
    return AbstractJob(label=label, **options)


async def step(seconds, error=None):
    await asyncio.sleep(seconds)
    if error is not None:
        raise error


def deployment():
    site = Scheduler(
        Sequence(
            Job(step, 1.5, label="build"),
            Job(step, 0.2, ConnectionError("no route"), label="upload", critical=False),
        ),
        label="site",
    )
    monitor = Job(step, 3600, label="monitor", forever=True, critical=False)
    last = Scheduler(label="nothing", critical=False, required=site)
    tell = Job(step, 1, label='say "done"', critical=False, required=[site, last])
    return Scheduler(site, monitor, last, tell, critical=False)


def lines_of(scheduler, **options):
    return [line.strip() for line in mermaid_format(scheduler, **options).splitlines()]


# -- the whole text


def test_the_text_of_a_nested_scheduler():
    assert (
        deployment().mermaid_format()
        == """\
flowchart LR
  subgraph s1 ["1: site"]
    direction LR
    j2("2: build")
    j3("3: upload")
  end
  j4("4: monitor")
  subgraph s5 ["5: nothing"]
  end
  j6("6: say #quot;done#quot;")
  j2 --> j3
  s1 --> s5
  s1 --> j6
  s5 --> j6
  classDef critical stroke:#2b5c8a,stroke-width:2px
  class s1,j2 critical
  classDef forever stroke-dasharray:6 4
  class j4 forever
"""
    )


def test_the_text_shows_the_status_of_the_jobs(fake_time):
    scheduler = deployment()
    assert scheduler.run()
    assert (
        scheduler.mermaid_format(status=True)
        == """\
%%{init: {"flowchart": {"subGraphTitleMargin": {"bottom": 24}, "wrappingWidth": 400}}}%%
flowchart LR
  subgraph s1 ["1: site
✓ done, 1.7 s"]
    direction LR
    j2("2: build
✓ done, 1.5 s")
    j3("3: upload
✗ raised ConnectionError, 200 ms")
  end
  j4("4: monitor
■ stopped, 2.7 s")
  subgraph s5 ["5: nothing
✓ done, #lt; 1 ms"]
  end
  j6("6: say #quot;done#quot;
✓ done, 1.0 s")
  j2 --> j3
  s1 --> s5
  s1 --> j6
  s5 --> j6
  classDef critical_done stroke:#2b5c8a,stroke-width:2px,fill:#d5efd2,color:#000000
  class s1,j2 critical_done
  classDef raised fill:#fbdfdb,color:#000000
  class j3 raised
  classDef forever_stopped stroke-dasharray:6 4,fill:#e2e2e2,color:#000000
  class j4 forever_stopped
  classDef done fill:#d5efd2,color:#000000
  class s5,j6 done
  linkStyle default stroke:#808080
"""
    )


def test_what_ended_the_run_has_a_style_of_its_own(fake_time):
    bad = Job(step, 2, ValueError(), label="bad")
    scheduler = PureScheduler(Scheduler(bad, label="around"))
    assert not scheduler.run()
    text = scheduler.mermaid_format(status=True)
    classes = dict(re.findall(r"^  class (\S+) (\S+)$", text, re.MULTILINE))
    assert classes == {"s1": "critical_raised", "j2": "critical_culprit"}
    styles = dict(re.findall(r"^  classDef (\S+) (\S+)$", text, re.MULTILINE))
    assert styles == {
        "critical_raised": "stroke:#2b5c8a,stroke-width:2px,fill:#fbdfdb,color:#000000",
        "critical_culprit": "stroke:#b3161b,stroke-width:4px,fill:#f49a90,color:#000000",
    }


def test_skipped_jobs_have_a_style_of_their_own(fake_time):
    bad = Job(step, 2, ValueError(), label="bad")
    jobs = (
        Job(step, 1, label="next", required=bad),
        Scheduler(Job(step, 1, label="in"), label="nested", required=bad),
        Job(step, 1, label="calm", required=bad, critical=False),
        Job(step, 1, label="monitor", required=bad, forever=True),
    )
    scheduler = PureScheduler(bad, *jobs, keep_going=True)
    assert not scheduler.run()
    text = scheduler.mermaid_format(status=True)
    assert 'j2("2: next\n↷ skipped: #lt;Job #96;bad#96;#gt; failed")' in text
    classes = dict(re.findall(r"^  class (\S+) (\S+)$", text, re.MULTILINE))
    assert classes == {
        "j1": "critical_fatal",
        "j2,s3": "critical_skipped",
        "j4": "critical_idle",
        "j5": "skipped",
        "j6": "critical_forever_skipped",
    }
    styles = dict(re.findall(r"^  classDef (\S+) (\S.*)$", text, re.MULTILINE))
    calm = "stroke-dasharray:6 4,fill:#e6e0f4,color:#000000"
    assert styles["critical_fatal"] == (
        "stroke:#b3161b,stroke-width:4px,fill:#f49a90,color:#000000"
    )
    assert styles["skipped"] == calm
    assert styles["critical_skipped"] == styles["critical_forever_skipped"]
    assert styles["critical_skipped"] == f"stroke:#2b5c8a,stroke-width:2px,{calm}"


@pytest.mark.parametrize("rankdir", ["LR", "RL", "TB", "BT"])
def test_the_direction_is_that_of_rankdir_at_all_levels(rankdir):
    text = deployment().mermaid_format(rankdir=rankdir)
    other = deployment().mermaid_format()
    assert text == other.replace("flowchart LR", f"flowchart {rankdir}").replace(
        "direction LR", f"direction {rankdir}"
    )


def test_a_graph_beyond_the_limits_has_its_direction():
    lines = lines_of(PureScheduler(chain(502)), rankdir="TB")
    assert (lines[0], lines[1].startswith("%% drawn as one box")) == ("flowchart TB", True)
    inside = nested(2, inside=lambda: [chain(300)])
    lines = lines_of(PureScheduler(inside), rankdir="TB")
    assert (lines[0], lines[1].startswith("%% drawn with")) == ("flowchart TB", True)


@pytest.mark.parametrize(
    ("label", "width"),
    [
        ("short", None),
        ("x" * 40, 500),
        ("M" * 40, 800),
        ("one line\nand another", None),
    ],
)
def test_mermaid_is_told_not_to_break_wide_lines(label, width):
    """It would break them at 200 pixels, after we broke them at 40 columns."""
    setting = (
        ""
        if width is None
        else f'%%{{init: {{"flowchart": {{"wrappingWidth": {width}}}}}}}%%\n'
    )
    assert mermaid_format(PureScheduler(job(label))).startswith(f"{setting}flowchart LR\n  j1(")


def test_long_labels_are_wrapped():
    label = "copy the results of the third measurement to the archive on the server"
    text = mermaid_format(PureScheduler(job(label), Scheduler(job(), label=label)))
    wrapped = "copy the results of the third\nmeasurement to the archive on the server"
    assert f'j1("1: {wrapped}")' in text
    assert f'subgraph s2 ["2: {wrapped}"]' in text


def test_a_scheduler_that_stays_closed_is_one_box():
    assert lines_of(deployment(), depth=0)[1:4] == [
        's1["1: site',
        '2 jobs"]',
        'j4("4: monitor")',
    ]


def test_the_text_of_an_empty_scheduler_is_only_its_first_line():
    assert mermaid_format(PureScheduler()) == "flowchart LR\n"


def test_the_text_is_the_same_each_time(fake_time):
    scheduler = deployment()
    before = mermaid_format(scheduler)
    assert scheduler.run()
    assert mermaid_format(scheduler) == before == mermaid_format(deployment())


def test_the_depth_is_checked():
    with pytest.raises(ValueError, match="^depth is a number of levels, 0 or more, not -1$"):
        mermaid_format(Scheduler(), depth=-1)


def test_a_cycle_is_drawn():
    a, b = job("a"), job("b")
    a.requires(b)
    b.requires(a)
    assert {"j1 --> j2", "j2 --> j1"} <= set(lines_of(PureScheduler(a, b)))


def test_a_job_that_requires_itself_has_an_arrow_and_a_subgraph_has_none():
    alone, nested = job(), Scheduler(job())
    for one in (alone, nested):
        one.required.add(one)
    arrows = [line for line in lines_of(PureScheduler(alone, nested)) if "-->" in line]
    assert len(arrows) == 1
    assert re.fullmatch("j[0-9] --> j[0-9]", arrows[0])


# -- looks


class Styled(AbstractJob):
    def __init__(self, **style):
        super().__init__(label="job")
        self.style = style

    def dot_style(self):
        return self.style


@pytest.mark.parametrize(
    ("style", "css"),
    [
        ({"color": "red"}, "stroke:red"),
        ({"color": "#12ab34", "penwidth": "2.5"}, "stroke:#12ab34,stroke-width:2.5px"),
        ({"style": "rounded, dotted"}, "stroke-dasharray:2 3"),
        ({"style": "bold"}, "stroke-width:2px"),
        ({"style": "filled", "fillcolor": "gold"}, "fill:gold,color:#000000"),
        (
            {"style": "filled", "fillcolor": "navy", "fontcolor": "white"},
            "fill:navy,color:white",
        ),
        ({"fontcolor": "blue"}, "color:blue"),
    ],
)
def test_dot_attributes_become_css(style, css):
    scheduler = PureScheduler(Styled(**style))
    assert lines_of(scheduler)[-2:] == [f"classDef critical {css}", "class j1 critical"]


@pytest.mark.parametrize(
    "style",
    [
        {},
        {"color": "#404040", "penwidth": 1, "style": "rounded"},
        {"fillcolor": "red"},  # the style is not "filled"
        {"color": "gray50", "penwidth": "wide"},
        {"color": "red:blue", "fontcolor": "0.5 0.5 0.5", "fillcolor": "red,stroke:blue"},
        {"shape": "hexagon", "fontsize": 20},
    ],
)
def test_dot_attributes_that_are_usual_or_not_css_are_left_out(style):
    assert len(lines_of(PureScheduler(Styled(**style)))) == 2


def test_different_styles_have_classes_of_different_names():
    jobs = [Styled(color="red"), Styled(color="blue"), Styled(color="red")]
    assert lines_of(PureScheduler(*jobs))[-4:] == [
        "classDef critical stroke:red",
        "class j1,j3 critical",
        "classDef critical1 stroke:blue",
        "class j2 critical1",
    ]


def test_only_the_rounded_style_has_round_corners():
    jobs = [Styled(style="rounded"), Styled(style=""), Styled()]
    assert lines_of(PureScheduler(*jobs))[1:4] == [
        'j1("1: job")',
        'j2["2: job"]',
        'j3["3: job"]',
    ]


def test_a_class_may_add_to_the_usual_style():
    class Loud(AbstractJob):
        def dot_style(self):
            return DotStyle(super().dot_style() | {"color": "red"})

    scheduler = PureScheduler(Loud(label="x", critical=False))
    assert lines_of(scheduler)[-2:] == ["classDef other stroke:red", "class j1 other"]


# -- labels


@pytest.mark.parametrize(
    "label",
    [
        "plain",
        "build_site(3)",
        "50% of it",
        "issue #4, job #5",
        "Class::method 10:30",
        "a/b.c - d + e = f | g",
        "it's {good}; is it?",
        "漢字 😀 Ünïcödé",
        "the end",
    ],
)
def test_usual_labels_are_readable_in_the_text(label):
    assert lines_of(PureScheduler(job(label)))[1] == f'j1("1: {label}")'


@pytest.mark.parametrize(
    ("label", "written"),
    [
        ('say "x"', "say #quot;x#quot;"),
        ("<b> & </b>", "#lt;b#gt; #amp; #lt;/b#gt;"),
        ("#35; #x", "#35;35; #x"),
        (r"C:\new", "C:#92;new"),
        ("**a** _b_ c_d `e`", "#42;#42;a#42;#42; #95;b#95; c_d #96;e#96;"),
        ("https://a.b www.c.d e@f", "https#58;//a.b www#46;c.d e#64;f"),
        ("%%{init: {}}%%", "#37;#37;{init: {}}#37;%"),
        ("direction TB", "direction#32;TB"),
        ("fa:fa-car $$x$$", "fa#58;fa-car #36;#36;x#36;#36;"),
        ("a  b ", "a #8197;b#8197;"),
        ("a\n\n- b\n1. c", "a\n#8197;\n#45; b\n#49;. c"),
        ("style a:#b;", "style a#58;#35;b;"),
    ],
)
def test_characters_that_mermaid_would_interpret_have_codes(label, written):
    text = mermaid_format(PureScheduler(job(label)))
    # the colon after the id is replaced, too; the text may begin with a setting
    assert f'flowchart LR\n  j1("1: {written}")\n' in text.replace("1#58;", "1:")


def test_titles_of_many_lines_get_room():
    nested = Scheduler(job("a\nb\nc\nd"), label="a\nb\nc")
    assert lines_of(PureScheduler(nested))[0] == (
        '%%{init: {"flowchart": {"subGraphTitleMargin": {"bottom": 48}}}}%%'
    )


# -- limits


def chain(count, label="job"):
    return Sequence(*(job(label) for _ in range(count)))


def arrows(text):
    return text.count(" --> ")


def test_500_arrows_are_drawn():
    text = mermaid_format(PureScheduler(chain(501)))
    assert (arrows(text), "%%" in text) == (500, False)


def test_501_arrows_are_one_box():
    assert lines_of(Scheduler(chain(502), label='"flat"')) == [
        "flowchart LR",
        f"%% drawn as one box: {LIMITS}; the whole has 501, 20,146 and 0",
        's0["#quot;flat#quot;',
        '502 jobs"]',
    ]


def test_the_single_box_shows_the_status():
    assert lines_of(Scheduler(chain(502)), status=True)[2:] == [
        's0["Scheduler',
        "502 jobs",
        '· idle"]',
    ]


def size(text):
    return len(text.encode("utf-16-le")) // 2


def lines_of_40_columns(sign, length):
    """Return a text of this size that is not wrapped."""
    line = sign * (40 // size(sign)) + "\n"
    lines, rest = divmod(length, size(line))
    return line * lines + sign * (rest // size(sign))


@pytest.mark.parametrize("sign", ["x", "😀"])
def test_50000_characters_are_drawn_and_not_one_more(sign):
    def text_of(last):
        label = lines_of_40_columns(sign, 2400)
        filler = lines_of_40_columns("x", last)
        return mermaid_format(PureScheduler(*(job(label) for _ in range(20)), job(filler)))

    longest = 50_000 - size(text_of(0)) + len("NOLABEL")
    text = text_of(longest)
    assert (size(text), "%% drawn" in text) == (50_000, False)
    assert "%% drawn as one box: " in text_of(longest + 1)


def nested(levels, label="s", inside=lambda: [job()]):
    scheduler = Scheduler(*inside(), label=label)
    for _ in range(levels - 1):
        scheduler = Scheduler(scheduler, *inside(), label=label)
    return scheduler


@pytest.mark.parametrize("depth", [None, 4, 9])
def test_as_few_levels_as_possible_are_closed(depth):
    # 100 arrows in each level, and 0 outside
    scheduler = PureScheduler(nested(7, inside=lambda: [chain(101)]))
    text = mermaid_format(scheduler, depth=depth)
    if depth == 4:
        assert (arrows(text), "%%" in text) == (400, False)
    else:
        assert arrows(text) == 500
        assert re.match(
            rf"flowchart LR\n  %% drawn with depth=5: {LIMITS}; "
            r"the whole has 700, 3\d,\d\d\d and 7\n",
            text,
        )


def test_200_levels_are_drawn_and_not_one_more():
    assert "%%" not in mermaid_format(PureScheduler(nested(200)))
    assert lines_of(PureScheduler(nested(201)))[1].startswith("%% drawn with depth=200: ")


def tree():
    def middle():
        return Scheduler(*(job("leaf") for _ in range(10)), label="middle")

    tops = (Scheduler(Sequence(*(middle() for _ in range(9)))) for _ in range(100))
    return Scheduler(*tops)


@pytest.mark.parametrize(
    ("make", "drawn"),
    [
        (lambda: Scheduler(*(job() for _ in range(10_000))), "as one box"),
        (lambda: Scheduler(chain(10_000)), "as one box"),
        (lambda: Scheduler(nested(5_000)), "with depth=200"),
        (tree, "with depth=0"),
    ],
    ids=["flat", "chain", "nested", "tree"],
)
def test_10000_jobs_do_not_take_long(make, drawn):
    scheduler = make()
    start = time.process_time()
    text = mermaid_format(scheduler, status=True)
    # CPU time; the limit is about ten times what it takes
    assert time.process_time() - start < 20
    assert f"%% drawn {drawn}: " in text
    assert size(text) <= 50_000
