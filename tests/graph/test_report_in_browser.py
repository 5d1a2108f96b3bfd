"""The report in a browser without a network: as people use it, and as it is printed."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import runs
from hostile import TEXTS
from hostile import run as hostile_run

from asynciojobs_graph import _programs

ROWS = "[...document.querySelectorAll('#jobs tbody tr')]"
LABELS = f"{ROWS}.filter(row => !row.hidden).map(row => row.cells[1].dataset.sort)"
HEADS = "[...document.querySelectorAll('#jobs thead th')]"
FOCUSED = """(element =>
    element.options || element.value ? element.type : element.textContent.trim() || element.type
)(document.activeElement)"""

OUTLINE = ["images", "one", "two", "monitor", "boots", "racks", "h1", "h2", "bad", "end"]


@pytest.fixture(scope="module")
def reports(tmp_path_factory, graphviz_pure):
    """Return the names of the reports."""
    folder = tmp_path_factory.mktemp("reports")
    made = {
        "lab": runs.lab,
        "one": lambda: runs.of(1),
        "twenty": lambda: runs.of(20),
        "two hundred": lambda: runs.of(200),
        "thousand": lambda: runs.of(1000),
        "nested": lambda: runs.of(4, 10),
        "hostile": lambda: hostile_run(TEXTS),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(_programs.VARIABLE, graphviz_pure)
        return {name: make().export_as_htmlfile(folder / name) for name, make in made.items()}


@pytest.fixture
def page(browser, reports):
    """Open the report on the lab."""
    browser.look_as()
    browser.open(reports["lab"])
    yield browser
    assert browser.complaints == []


def sort(page, column):
    page.run(f"{HEADS}.find(head => head.innerText.startsWith('{column}')).firstChild.click()")


def states_of(page):
    """Return the columns by which the table is sorted, and how."""
    heads = page.run(f"{HEADS}.map(head => [head.innerText, head.getAttribute('aria-sort')])")
    return {name.split()[0]: state for name, state in heads if state != "none"}


def choose(page, *, words="", state=""):
    page.run(
        f"""(() => {{
            const [words, state] = document.querySelectorAll("#search input, #search select");
            words.value = {words!r};
            state.value = {state!r};
            words.dispatchEvent(new Event("input"));
        }})()"""
    )


# -- sorting


@pytest.mark.parametrize(
    ("column", "first", "last"),
    [
        ("Job", ["bad", "boots"], ["racks", "two"]),
        ("State", ["images", "one"], ["bad", "monitor"]),
        ("Start", ["images", "one"], ["bad", "end"]),
        ("Duration", ["h2", "bad"], ["images", "monitor"]),
        ("Requires", ["boots", "end"], ["h2", "bad"]),
    ],
)
def test_a_column_is_sorted_by_its_button(page, column, first, last):
    sort(page, column)
    labels = page.run(LABELS)
    assert (labels[:2], labels[-2:]) == (first, last)
    assert states_of(page) == {column: "ascending"}


def test_a_second_click_turns_the_order_round(page):
    sort(page, "Duration")
    sort(page, "Duration")
    assert page.run(LABELS)[:3] == ["monitor", "images", "boots"]
    assert states_of(page) == {"Duration": "descending"}


def test_what_is_not_known_is_last_in_both_orders(page):
    for _ in range(2):
        sort(page, "Waited")
        assert page.run(LABELS)[0] == "two"


def test_the_numbers_give_the_order_of_the_graph(page):
    sort(page, "Job")
    sort(page, "#")
    numbers = page.run(f"{ROWS}.map(row => row.cells[0].innerText)")
    assert numbers == sorted(numbers)


def test_numbers_in_texts_are_sorted_as_numbers(browser, reports):
    browser.open(reports["twenty"])
    sort(browser, "Job")
    labels = [label for label in browser.run(LABELS) if label.startswith("job")]
    assert labels == sorted(labels, key=lambda label: int(label.split()[1]))


# -- filtering


def test_words_filter_the_rows(page):
    choose(page, words="DISK oserror")
    assert page.run(LABELS) == ["bad"]
    assert page.run("document.querySelector('#search output').value") == "1 of 10 rows"


def test_states_filter_the_rows(page):
    choose(page, state="stopped")
    assert page.run(LABELS) == ["monitor"]
    choose(page)
    assert page.run(LABELS) == OUTLINE


def test_a_link_leads_to_a_row_that_was_filtered_out(page):
    choose(page, words="end")
    page.run("document.querySelector('dd a').click()")
    page.run("new Promise(done => setTimeout(done, 0))")
    assert page.run(LABELS) == OUTLINE
    assert page.run("document.querySelector('tr:target').cells[1].dataset.sort") == "bad"


# -- folding


def test_sections_and_tracebacks_are_folded_without_our_script(page):
    heights = []
    for _ in range(2):
        heights.append(
            page.run("document.querySelector('#jobs').getBoundingClientRect().height")
        )
        page.run("[...document.querySelectorAll('summary')].at(-2).click()")
    assert heights[0] > 0
    text = "document.querySelector('#jobs pre').checkVisibility()"
    assert page.run(text) is False


def test_a_traceback_is_unfolded_by_a_click(page):
    visible = "document.querySelector('#jobs pre').checkVisibility()"
    assert page.run(visible) is False
    page.run("document.querySelector('#jobs summary').click()")
    assert page.run(visible) is True


# -- the keyboard, and readers that speak


def test_the_keyboard_reaches_everything_and_one_sees_where_it_is(page):
    seen = []
    for _ in range(40):
        page.press("Tab", 9)
        focused = page.run(FOCUSED)
        outline = page.run("getComputedStyle(document.activeElement).outlineStyle")
        seen.append(focused)
        assert outline == "solid"
        if focused == "Result":
            break
    assert seen[:2] == ["bad", "Bottleneck"]
    assert [name for name in seen if name in ("search", "select-one")] == [
        "search",
        "select-one",
    ]
    assert seen[-8:] == [
        "#",
        "Job",
        "State",
        "Start",
        "Duration",
        "Waited",
        "Requires",
        "Result",
    ]


def test_a_column_is_sorted_from_the_keyboard(page):
    page.run(f"{HEADS}[4].firstChild.focus()")
    page.press("Enter", 13, "\r")
    assert states_of(page) == {"Duration": "ascending"}
    page.press(" ", 32, " ")
    assert states_of(page) == {"Duration": "descending"}
    assert page.run(FOCUSED) == "Duration"


def test_a_screen_reader_is_told_what_things_are(page):
    page.ask("Accessibility.enable")
    nodes = page.ask("Accessibility.getFullAXTree")["nodes"]
    found = {
        (node["role"]["value"], node["name"]["value"])
        for node in nodes
        if not node["ignored"] and node.get("name", {}).get("value")
    }
    assert {
        ("heading", "lab"),
        ("region", "Timeline"),
        ("image", "Timeline"),
        ("image", "The graph of the jobs"),
        ("table", "The jobs, those of a nested scheduler below it"),
        ("columnheader", "Duration"),
        ("button", "Duration"),
        ("rowheader", "two"),
        ("searchbox", "Words"),
        ("combobox", "State"),
    } <= found


# -- how it looks


def colour_of(page, selector, name="color"):
    found = page.run(f"getComputedStyle(document.querySelector({selector!r})).{name}")
    return tuple(float(part) for part in found.partition("(")[2].rstrip(")").split(",")[:3])


def luminance(colour):
    parts = [part / 255 for part in colour]
    linear = [
        part / 12.92 if part <= 0.04 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_in_both_schemes(page, scheme):
    page.look_as(scheme=scheme)
    paper = colour_of(page, "body", "backgroundColor")
    assert (luminance(paper) < 0.1) is (scheme == "dark")
    for selector in ("body", "dt", "a", ".failed .state", "caption"):
        assert contrast(colour_of(page, selector), paper) >= 4.5, selector
    pre = colour_of(page, "pre", "backgroundColor")
    assert contrast(colour_of(page, "pre"), pre) >= 4.5
    for selector in (".timeline .name", ".timeline .soft", ".timeline .failed .note"):
        assert contrast(colour_of(page, selector, "fill"), paper) >= 4.5, selector
    for selector in (".timeline .bar", ".timeline .failed .bar", ".timeline .track"):
        assert contrast(colour_of(page, selector, "stroke"), paper) >= 3, selector


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["one", "twenty", "two hundred", "nested"])
def test_bars_are_painted_where_the_layout_has_them(browser, reports, name, scheme):
    """In the picture that the browser makes, the middle of each bar has its colour."""
    browser.look_as(scheme=scheme)
    browser.open(reports[name])
    bars = browser.run(
        """[...document.querySelectorAll('.timeline .row.done .bar')].map(bar => {
            const {x, y, width, height} = bar.getBoundingClientRect();
            return [x + scrollX + width / 2, y + scrollY + height / 2, width];
        }).filter(([x, y, width]) => width > 4).map(([x, y]) => [x, y].map(Math.round))"""
    )
    fill = colour_of(browser, ".timeline .row.done .bar", "fill")
    painted = browser.colours(browser.picture(), bars)
    assert bars
    # the line of the bottleneck crosses some of them
    assert painted.count(list(fill)) >= 0.8 * len(bars)


def test_nothing_is_wider_than_the_window(page):
    for width in (1400, 800, 400):
        page.look_as(width=width)
        assert page.run("document.documentElement.scrollWidth") <= width


# -- print


def test_in_print_everything_is_unfolded_and_fits(page):
    page.look_as(media="print", width=1000)
    assert page.run("document.querySelector('#search').checkVisibility()") is False
    # Chromium does not repeat buttons at the top of each page.
    buttons = "[...document.querySelectorAll('thead button')]"
    shown = page.run(f"{buttons}.map(it => getComputedStyle(it).display)")
    assert set(shown) == {"contents"}
    height = page.run("document.querySelector('#jobs pre').getBoundingClientRect().height")
    assert height > 20
    assert page.run("document.documentElement.scrollWidth") <= 1000
    assert page.run(
        "[...document.querySelectorAll('.scroll svg')].every(it => it.clientWidth <= 1000)"
    )


@pytest.mark.parametrize("name", ["lab", "one", "two hundred", "thousand"])
def test_in_print_the_timeline_is_at_the_top_of_its_page_and_not_covered(
    browser, reports, name
):
    """A picture that is higher than a page is cut only if nothing is above it."""
    browser.look_as(media="print", width=1000)
    browser.open(reports[name])
    boxes = browser.run(
        """['', 'h2', '.remark', 'svg', 'svg text'].map(name => {
            const part = document.querySelector(`.about-timeline ${name}`);
            const box = part?.getBoundingClientRect();
            const height = name == '.remark' ? part?.scrollHeight : box?.height;
            return box && [box.top, box.top + height];
        })"""
    )
    section, heading, remark, picture, first = boxes
    assert section[0] == picture[0]
    assert (remark is None) == (name != "thousand")
    texts = [heading, remark or heading, first]
    assert all(above is below or above[1] <= below[0] for above, below in pairwise(texts))


def test_print_is_dark_on_white_whatever_the_scheme(page):
    page.look_as(media="print", scheme="dark")
    assert luminance(colour_of(page, "body")) < 0.1
    assert luminance(colour_of(page, ".timeline .name", "fill")) < 0.1


def test_the_page_can_be_printed(page):
    pdf = page.pdf()
    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Type /Page\n") >= 2


# -- safety


@pytest.mark.parametrize("name", ["hostile", "lab", "thousand"])
def test_a_page_does_nothing_but_show(browser, reports, name):
    """No request, no broken rule of the policy, no dialog, no error."""
    browser.look_as()
    browser.open(reports[name])
    sort(browser, "Job")
    browser.run("document.querySelectorAll('details').forEach(it => it.open = true)")
    browser.run("new Promise(done => setTimeout(done, 50))")
    assert browser.complaints == []
    assert browser.run("document.scripts.length") == 1


def test_hostile_texts_are_shown_as_text(browser, reports):
    browser.open(reports["hostile"])
    labels = browser.run(f"{ROWS}.map(row => row.cells[1].dataset.sort)")
    assert "</script><script>alert(1)</script>" in labels
    assert browser.run("document.querySelectorAll('img, h1 h1, foreignObject').length") == 0


def test_the_policy_stops_what_would_be_smuggled_in(browser, reports, tmp_path):
    text = Path(reports["lab"]).read_text("utf-8")
    evil = '<script>document.title = "evil"</script><img src="https://example.org/x.png">'
    (tmp_path / "x.html").write_text(text.replace("<footer>", f"{evil}<footer>"), "utf-8")
    browser.open(tmp_path / "x.html")
    assert browser.run("document.title") == "lab: FINE"
    assert len([it for it in browser.complaints if "Content Security Policy" in it]) == 2
    browser.complaints.clear()


def test_without_a_script_everything_is_there(browser, reports):
    browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(reports["lab"])
        nodes = browser.ask("DOM.getDocument", depth=-1)["root"]
        text = str(nodes)
        assert all(label in text for label in OUTLINE)
        assert "'nodeName': 'BUTTON'" not in text
    finally:
        browser.ask("Emulation.setScriptExecutionDisabled", value=False)
    assert browser.complaints == []
