"""The report on a run: one HTML page."""

from __future__ import annotations

import asyncio

import pytest
import runs
from hostile import FORBIDDEN, TEXTS
from hostile import run as hostile_run
from pages import Page, hash_of, text_of

from asynciojobs import AbstractJob, CommandJob, Job, PureScheduler, Scheduler, Sequence
from asynciojobs_graph import _programs
from asynciojobs_graph._graph_section import MOST_BOXES
from asynciojobs_graph._report import MOST_BARS, MOST_ROWS

SVG = "http://www.w3.org/2000/svg"
PICTURE = ".//div[@class='scroll paper']/svg"
HTML5LIB = "html5lib, whose parser finds what is wrong in a page, is missing"


@pytest.fixture
def no_program(monkeypatch):
    """Hide all drawing programs, so that pages are made quickly."""
    monkeypatch.setenv(_programs.VARIABLE, "/no/such/program")


@pytest.fixture
def report(tmp_path):
    """Return a function that writes a report, and reads it back."""
    return lambda scheduler: Page(scheduler.export_as_htmlfile(tmp_path / "report"))


@pytest.fixture(scope="module")
def lab():
    return runs.lab()


@pytest.fixture(scope="module")
def page(lab, tmp_path_factory, graphviz_pure):
    """Return the report on the lab, with a graph."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(_programs.VARIABLE, graphviz_pure)
        return Page(lab.export_as_htmlfile(tmp_path_factory.mktemp("report") / "lab"))


# -- what is in it


def test_the_top_says_how_the_run_went(page):
    assert page.texts(".//title")[0] == "lab: FINE"
    assert page.texts(".//h1") == ["lab"]
    assert page.texts(".//header/p[@class='why']") == ["FINE"]
    facts = page.facts()
    assert facts.pop("Began")[10] == " "
    assert facts == {
        "Took": "10.0 s",
        "Jobs": "7 jobs: 5 done, 1 failed, 1 stopped",
        "Raised": "bad",
    }


def test_the_sections_can_be_folded_and_are_open(page):
    sections = page.root.findall(".//main/section/details")
    assert [each.findtext("summary/h2") for each in sections] == [
        *("Bottleneck", "Timeline", "Graph", "Jobs")
    ]
    assert all("open" in each.attrib for each in sections)


def test_a_run_that_failed_says_why(report, no_program):
    failing = Job(runs.step, 1, OSError("no disk"), label="boot")
    scheduler = runs.after_run(PureScheduler(failing, jobs_window=3))
    shown = report(scheduler)
    why = "CRITICAL FAILURE: <Job `boot`> raised OSError:no disk"
    assert shown.texts(".//header/p[@class='why bad']") == [why]
    assert shown.texts(".//title")[0] == "PureScheduler: CRITICAL FAILURE"
    assert shown.facts()["Window"] == "3 at once"


def test_a_run_that_was_stopped_is_fine_and_one_that_was_cancelled_is_not(report, no_program):
    async def stop():
        scheduler.stop("found")

    async def leave():
        raise KeyboardInterrupt

    scheduler = PureScheduler(Job(stop))
    shown = report(runs.after_run(scheduler))
    assert shown.texts(".//header/p[@class='why']") == ["STOPPED: found"]
    scheduler = PureScheduler(Job(leave, label="a"))
    with pytest.raises(KeyboardInterrupt):
        runs.after_run(scheduler)
    assert len(report(scheduler).texts(".//header/p[@class='why bad']")) == 1


def test_of_many_failures_the_first_are_named(report, no_program):
    jobs = [Job(runs.step, n, OSError(), label=f"j{n}", critical=False) for n in range(12)]
    named = report(runs.after_run(PureScheduler(*jobs))).facts()["Raised"]
    assert named == "j0, j1, j2, j3, j4, j5, j6, j7, j8, j9 and 2 more"


def test_each_job_has_a_row(page):
    rows = page.rows()
    assert list(rows) == [
        *("images", "one", "two"),
        "monitor",
        *("boots", "racks", "h1", "h2", "bad"),
        "end",
    ]
    two = rows["two"]
    assert (two["State"], two["Duration"], two["Waited"]) == ("✓ done", "3.0 s", "2.0 s")
    assert two["Result"] == "{'seconds': 3}"
    assert (rows["bad"]["State"], rows["bad"]["Result"]) == (
        "✗ failed",
        "OSError:no <b>disk</b>",
    )
    assert (rows["boots"]["Requires"], rows["boots"]["Result"]) == ("images", "FINE")
    assert (rows["monitor"]["State"], rows["monitor"]["Result"]) == ("■ stopped", "")


def test_rows_have_the_numbers_of_the_graph(page, lab):
    numbers = {label: row["#"] for label, row in page.rows().items()}
    jobs = [span.job for span in lab.timeline().spans]
    assert numbers == {job.label: job.repr_id() for job in jobs}
    boxes = {text_of(text) for text in page.root.find(PICTURE).iter("text")}
    assert f"{numbers['two']}: two" in boxes
    assert f"{numbers['boots']}: boots" in boxes


def test_links_lead_to_rows(page):
    ids = [row.get("id") for row in page.root.iterfind(".//table[@id='jobs']/tbody/tr")]
    targets = {link.get("href").removeprefix("#") for link in page.root.iter("a")}
    assert len(set(ids)) == len(ids)
    assert targets <= set(ids)
    assert page.row("boots").find(".//a").get("href") == f"#{page.row('images').get('id')}"


def test_a_row_of_the_bottleneck_is_marked(page):
    marked = [
        text_of(row.find("th"))
        for row in page.root.iterfind(".//table[@id='jobs']/tbody/tr")
        if "slow" in row.get("class").split()
    ]
    assert marked == ["one", "two", "h1", "end"]


def test_the_bottleneck_is_a_sentence_and_a_table(page, lab):
    section = page.section("Bottleneck")
    assert section.findtext(".//p") == lab.bottleneck().sentence
    rows = [[text_of(cell) for cell in row] for row in section.iterfind(".//tbody/tr")]
    assert [row[1:] for row in rows] == [
        ["images > one", "2.0 s", "20 %", "start"],
        ["images > two", "3.0 s", "30 %", "a slot of `images` (jobs_window=1), 2.0 s"],
        ["boots > racks > h1", "4.0 s", "40 %", "requirement"],
        ["end", "1.0 s", "10 %", "requirement"],
    ]


def test_the_timeline_is_in_the_page_and_has_no_style_of_its_own(page):
    picture = page.section("Timeline").find(".//svg")
    assert [text_of(text) for text in picture.iter("text") if text.get("class") == "name"] == [
        *page.rows()
    ]
    assert picture.find("style") is None


def test_the_graph_is_drawn_with_the_status_of_jobs(page):
    texts = {text_of(text) for text in page.root.find(PICTURE).iter("text")}
    assert {"✓ done, 2.0 s", "✗ raised OSError, 1.0 s"} <= texts
    assert page.texts(".//pre[@class='mermaid']") == []


# -- the graph


def test_without_a_program_the_graph_is_mermaid(lab, report, no_program):
    shown = report(lab)
    assert shown.root.find(PICTURE) is None
    assert shown.texts(".//pre[@class='mermaid']") == [lab.mermaid_format(status=True)]
    assert "No drawing program was found." in text_of(shown.section("Graph"))


def test_mermaid_is_never_shortened(report, no_program):
    scheduler = PureScheduler(*(runs.job(f"{n} {'x' * 200}", 0) for n in range(150)))
    runs.after_run(scheduler)
    text = scheduler.mermaid_format(status=True)
    assert len(text) > 30_000
    assert report(scheduler).texts(".//pre[@class='mermaid']") == [text]


@pytest.mark.parametrize("program", ["exit 1", "echo no picture", "echo '<svg>'"])
def test_if_the_program_fails_the_graph_is_mermaid(lab, report, script, program):
    script(f"cat >/dev/null; {program}")
    shown = report(lab)
    assert shown.root.find(PICTURE) is None
    assert len(shown.texts(".//pre[@class='mermaid']")) == 1
    assert "It could not be drawn." in text_of(shown.section("Graph"))


def test_a_graph_with_too_many_jobs_shows_the_outer_levels(report, no_program):
    half = MOST_BOXES // 2
    inner = Scheduler(*(runs.job(f"i{n}", 1) for n in range(MOST_BOXES)), label="inner")
    middle = Scheduler(inner, *(runs.job(f"m{n}", 1) for n in range(half)), label="middle")
    beside = [runs.job(f"o{n}", 1) for n in range(half - 1)]
    shown = report(runs.after_run(PureScheduler(middle, *beside)))
    assert "Only the 2 outer levels are shown." in text_of(shown.section("Graph"))
    more = report(runs.after_run(PureScheduler(middle, *beside, runs.job("x", 1))))
    assert "Only the outermost level is shown." in text_of(more.section("Graph"))


def test_a_graph_whose_outermost_level_is_too_much_is_left_out(report, no_program):
    jobs = (runs.job(f"j{n}", 0) for n in range(MOST_BOXES + 1))
    section = report(runs.after_run(PureScheduler(*jobs))).section("Graph")
    assert "Left out: it would show 201 jobs, and it has room for 200." in text_of(section)
    assert section.find(".//pre") is None


# -- what can be unfolded


def test_a_traceback_has_only_frames_of_the_user(page):
    traceback = page.unfolded("bad")["traceback"]
    assert traceback.startswith("Traceback (most recent call last):\n")
    assert traceback.endswith("OSError: no <b>disk</b>")
    assert traceback.count("File ") == 1
    assert "runs.py" in traceback


def test_a_traceback_is_shown_once_where_the_exception_was_raised(report, no_program):
    deep = Scheduler(Job(runs.step, 1, OSError("x"), label="raises"), label="deep")
    shown = report(runs.after_run(PureScheduler(deep)))
    assert shown.unfolded("deep") == {}
    assert shown.unfolded("raises").keys() == {"traceback"}


class Measuring(AbstractJob):
    """A job with details."""

    async def co_run(self):
        return None

    def details(self):
        if self.label == "raises":
            raise ValueError
        return f"the details\nof {self.label}"


def test_details_of_a_job_can_be_unfolded(report, no_program):
    scheduler = PureScheduler(Measuring(label="one"), Measuring(label="raises"))
    shown = report(runs.after_run(scheduler))
    assert shown.unfolded("one") == {"details": "the details\nof one"}
    assert shown.unfolded("raises") == {"details": "(details raised ValueError)"}


def test_a_command_shows_its_status_and_last_lines_and_no_secret(report, no_program):
    script = "echo hello $0; echo warning >&2; exit 3"
    secret = CommandJob.hide("s3cret")
    fine = CommandJob("sh", "-c", script, secret, check=False, label="fine")
    failing = CommandJob("sh", "-c", script, secret, critical=False)
    shown = report(runs.after_run(PureScheduler(fine, failing)))
    lines = "stdout: hello ***\nstderr: warning"
    assert shown.rows()["fine"]["Result"] == "status 3"
    assert shown.unfolded("fine") == {"last lines": lines}
    label = "sh -c 'echo hello $0; echo warning >&2; exit 3' ***"
    assert shown.unfolded(label)["last lines"] == lines
    assert "exited with status 3; stderr ends: warning" in shown.rows()[label]["Result"]
    assert "s3cret" not in shown.text


def test_a_shutdown_that_failed_is_at_the_top(report, no_program):
    async def clean_up():
        raise OSError("no <i>route</i>")

    scheduler = runs.after_run(PureScheduler(Job(runs.step, 1, coshutdown=clean_up, label="a")))
    scheduler.shutdown()
    shown = report(scheduler)
    details = shown.root.find(".//header/details")
    title = "The shutdown of <Job `a`> failed: OSError:no <i>route</i>"
    assert details.findtext("summary") == title
    assert details.findtext("pre").endswith(
        'in clean_up\n    raise OSError("no <i>route</i>")\nOSError: no <i>route</i>'
    )


# -- other states


def test_skipped_jobs_say_which_job_failed(report, no_program):
    rows = report(runs.with_skipped()).rows()
    assert (rows["store"]["State"], rows["store"]["Result"]) == (
        "↷ skipped",
        "<Job `measure`> failed",
    )
    assert (rows["store"]["Start"], rows["store"]["Duration"]) == ("", "")


def test_a_run_that_goes_on_is_reported_as_it_is_now(tmp_path, no_program):
    async def write():
        await asyncio.sleep(2)
        scheduler.export_as_htmlfile(tmp_path / "now")

    scheduler = PureScheduler(runs.job("long", 9), Job(write))
    runs.after_run(scheduler)
    shown = Page(tmp_path / "now.html")
    assert shown.texts(".//header/p[@class='why']") == ["running"]
    assert shown.facts()["Runs for"] == "2.0 s"
    assert shown.rows()["long"]["State"] == "▸ running"


def test_a_long_run_shows_whole_seconds_and_a_short_one_milliseconds(report, no_program):
    start = {
        seconds: report(runs.after_run(PureScheduler(runs.job("a", seconds)))).rows()["a"][
            "Start"
        ]
        for seconds in (1, 100)
    }
    assert len(start[1]) == len(start[100]) + len(".000")


def test_a_run_without_jobs_is_reported(report, no_program):
    shown = report(runs.after_run(PureScheduler()))
    assert (shown.rows(), shown.facts()["Jobs"]) == ({}, "0 jobs")


def test_of_many_requirements_the_first_are_named(report, no_program):
    first = [runs.job(f"r{n}", 0) for n in range(12)]
    last = runs.job("last", 1, required=first)
    rows = report(runs.after_run(PureScheduler(*first, last))).rows()
    assert rows["last"]["Requires"] == "r0, r1, r2, r3, r4, r5, r6, r7, r8, r9 and 2 more"


def test_a_long_bottleneck_is_folded_and_its_longest_links_are_shown(report, no_program):
    chain = Sequence(*(runs.job(f"j{n}", n + 1) for n in range(50)))
    section = report(runs.after_run(PureScheduler(chain))).section("Bottleneck")
    details = section.find("details/details")
    assert "open" not in details.attrib
    assert details.findtext("summary") == (
        "50 jobs held the run back, one after the other: the longest 40 of them"
    )
    assert text_of(details.find(".//tbody/tr/th")) == "j10"


# -- a large one


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Return a report on more jobs than it shows, in nested schedulers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(_programs.VARIABLE, "/no/such/program")
        scheduler = runs.of(30, 50)
        return Page(scheduler.export_as_htmlfile(tmp_path_factory.mktemp("large") / "x"))


def test_a_large_report_says_what_it_leaves_out(large):
    assert len(large.root.findall(".//table[@id='jobs']/tbody/tr")) == MOST_ROWS
    remark = large.section("Jobs").findtext(".//p[@class='remark']")
    assert remark.startswith("Left out: 530 jobs: 530 done. Shown are the jobs that failed,")
    bars = large.section("Timeline").findall(".//g[@class]")
    rows = [bar for bar in bars if bar.get("class").startswith("row")]
    assert MOST_BARS <= len(rows) < MOST_BARS + 3
    assert "Left out: 1,330 jobs: " in text_of(large.section("Timeline").find(".//p"))


def test_a_scheduler_says_how_many_of_its_jobs_are_left_out(large):
    remarks = large.texts(".//table[@id='jobs']/tbody/tr/th/p")
    assert sum(int(remark.partition(" ")[0]) for remark in remarks) == 530
    assert remarks[0].endswith(" done, left out")


def test_all_failures_are_in_a_large_report(large):
    failed = large.root.findall(".//table[@id='jobs']/tbody/tr[@data-state='failed']")
    assert f", {len(failed)} failed" in large.facts()["Jobs"]


def test_the_line_of_the_bottleneck_leaves_out_jobs_without_rows(report, no_program):
    failing = [Job(runs.step, 0, OSError(), critical=False) for _ in range(MOST_BARS)]
    scheduler = runs.after_run(PureScheduler(*failing, runs.job("long", 9)))
    section = report(scheduler).section("Timeline")
    assert len(section.findall(".//g[@class='row failed']")) == MOST_BARS
    assert section.find(".//polyline") is None


def test_names_of_jobs_without_rows_are_no_links(report, no_program):
    first = [runs.job(f"r{n}", 0) for n in range(MOST_ROWS)]
    last = runs.job("last", 1, required=first[:1])
    shown = report(runs.after_run(PureScheduler(*first, last)))
    targets = {link.get("href").removeprefix("#") for link in shown.root.iter("a")}
    assert targets <= {row.get("id") for row in shown.root.iter("tr")}


# -- text of users, and what the page may do


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, graphviz_pure):
    """Return two reports: one with hostile texts, and one with harmless texts instead."""
    folder = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(_programs.VARIABLE, graphviz_pure)
        return [
            Page(hostile_run(texts).export_as_htmlfile(folder / name))
            for name, texts in (("hostile", TEXTS), ("harmless", ["a"] * len(TEXTS)))
        ]


def tags_of(page):
    """Return the elements of a page; boxes of the graph have as many lines as their labels."""
    graph = page.section("Graph")
    in_graph = set(graph.iter())
    return [each.tag for each in page.root.iter() if each not in in_graph]


def test_hostile_texts_do_not_change_the_page(hostile):
    assert tags_of(hostile[0]) == tags_of(hostile[1])
    names = [{name for each in page.root.iter() for name in each.attrib} for page in hostile]
    assert names[0] == names[1]


def test_hostile_texts_are_shown(hostile):
    rows = hostile[0].rows()
    for text in TEXTS[:5]:
        assert rows[text]["Job"] == text
    assert "OSError:</script><script>alert(1)</script>" in {
        it["Result"] for it in rows.values()
    }


def test_no_character_is_in_the_page_that_does_something(hostile):
    assert FORBIDDEN.findall(hostile[0].text) == []


def test_a_megabyte_of_text_is_shortened(hostile):
    assert len(hostile[0].text) < 2 * len(hostile[1].text) + 200_000


HARMLESS = {
    "aria-label",
    "aria-live",
    "autocomplete",
    "charset",
    "class",
    "content",
    "data-sort",
    "data-state",
    "hidden",
    "id",
    "lang",
    "name",
    "open",
    "role",
    "scope",
    "tabindex",
    "title",
    "type",
    "value",
}
"""Attributes in which text is only text."""

DRAWING = {
    "d",
    "fill",
    "font-family",
    "font-size",
    "height",
    "points",
    "stroke",
    "stroke-dasharray",
    "stroke-width",
    "text-anchor",
    "transform",
    "viewbox",
    "width",
    "x",
    "xmlns",
    "y",
}


def test_the_page_leads_nowhere_else(hostile):
    for each in hostile[0].root.iter():
        assert each.attrib.keys() <= HARMLESS | DRAWING | {"href", "http-equiv"}
        assert each.get("href", "#").startswith("#")
        drawing = {name: value for name, value in each.attrib.items() if name in DRAWING}
        assert drawing.pop("xmlns", SVG) == SVG
        assert not any("url" in value or ":" in value for value in drawing.values())


def test_the_policy_allows_our_style_and_our_script_alone(hostile):
    for page in hostile:
        (style,), (script,) = (page.root.findall(f".//{tag}") for tag in ("style", "script"))
        assert page.policy() == {
            "default-src": "'none'",
            "style-src": hash_of(style.text),
            "script-src": hash_of(script.text),
            "base-uri": "'none'",
            "form-action": "'none'",
        }
        assert not any("style" in each.attrib for each in page.root.iter())


def test_the_policy_comes_before_anything_that_it_could_forbid(page):
    head = [each.tag for each in page.root.find(".//head")]
    assert head == ["meta", "meta", "meta", "title", "style"]
    assert page.text.index("charset") < 100


@pytest.mark.parametrize("name", ["page", "large", "hostile"])
def test_a_strict_parser_finds_nothing_wrong(name, request):
    html5lib = pytest.importorskip("html5lib", reason=HTML5LIB)
    found = request.getfixturevalue(name)
    for each in found if name == "hostile" else [found]:
        html5lib.HTMLParser(strict=True).parse(each.text)


# -- files


def test_the_name_of_the_file_is_returned_with_its_suffix(lab, tmp_path, no_program):
    for name, expected in (("a", "a.html"), ("b.html", "b.html"), ("c.htm", "c.htm.html")):
        assert lab.export_as_htmlfile(tmp_path / name) == str(tmp_path / expected)


def test_a_scheduler_that_never_ran_is_refused(tmp_path):
    with pytest.raises(RuntimeError, match=r"^<Scheduler `idle`> has not run, "):
        Scheduler(label="idle").export_as_htmlfile(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_the_same_run_gives_the_same_page(lab, tmp_path, no_program):
    texts = [Page(lab.export_as_htmlfile(tmp_path / name)).text for name in "ab"]
    assert texts[0] == texts[1]
