"""The SVG of a drawing program as part of a page."""

from __future__ import annotations

import pytest

from asynciojobs import Job, PureScheduler
from asynciojobs_graph import _programs
from asynciojobs_graph._inline_svg import inline_svg

HEAD = (
    '<?xml version="1.0"?>\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x.dtd">\n'
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
)


def inlined(contents, attributes=""):
    return inline_svg(f"{HEAD}{attributes}>{contents}</svg>".encode(), "graph")


def test_what_draws_is_kept():
    svg = inlined('<g><title>a</title><path d="M0,1" fill="none"/></g>', 'width="8pt"')
    assert svg == (
        '<svg width="8pt" role="img" aria-label="graph"><g><title>a</title>'
        '<path d="M0,1" fill="none"></path></g></svg>'
    )


@pytest.mark.parametrize(
    "contents",
    [
        "<script>alert(1)</script>",
        "<!-- comment -->",
        "<?php echo ?>",
        '<image xlink:href="https://example.org/x.png"/>',
        "<style>@import 'https://example.org/x.css'</style>",
        "<foreignObject><p>x</p></foreignObject>",
        '<use href="#x"/>',
        '<animate attributeName="href" values="javascript:alert(1)"/>',
    ],
)
def test_all_else_is_left_out(contents):
    assert inlined(contents) == inlined("")


def test_contents_of_a_link_are_kept_without_the_link():
    svg = inlined(
        '<a xlink:href="https://example.org" xlink:title="x"><text x="1">t</text></a>'
    )
    assert svg == inlined('<text x="1">t</text>')


@pytest.mark.parametrize(
    "attribute",
    [
        'onload="alert(1)"',
        'id="jobs"',
        'class="row"',
        'href="javascript:alert(1)"',
        'fill="url(https://example.org/x.svg#a)"',
        'style="background:url(https://example.org/x.png)"',
    ],
)
def test_attributes_that_do_not_draw_are_left_out(attribute):
    assert inlined(f'<path d="M0,1" {attribute}/>') == inlined('<path d="M0,1"/>')


def test_gradients_are_kept_with_what_refers_to_them():
    stop = '<stop offset="0" style="stop-color:red;stop-opacity:1.;"/>'
    contents = f'<linearGradient id="g">{stop}</linearGradient><path fill="url(#g)"/>'
    assert inlined(contents).endswith(
        '<linearGradient id="g"><stop offset="0" stop-color="red" stop-opacity="1."></stop>'
        '</linearGradient><path fill="url(#g)"></path></svg>'
    )


def test_text_is_escaped():
    assert "<text>&lt;b&gt; &amp;\ufffd</text>" in inlined("<text>&lt;b> &amp;\u202e</text>")


class Styled(Job):
    """A job whose box has a link, a tooltip, an id and a gradient."""

    def dot_style(self):
        return super().dot_style() | {
            "URL": "https://example.org",
            "tooltip": "</svg><script>alert(1)</script>",
            "id": "jobs",
            "style": "filled",
            "fillcolor": "red:blue",
        }


async def nothing():
    pass


def test_what_users_put_into_a_graph_leads_nowhere(program):
    text = PureScheduler(Styled(nothing, label="a")).dot_format()
    svg = inline_svg(_programs.draw(text, "svg"), "graph")
    assert "example.org" not in svg
    assert "<script" not in svg
    assert 'id="jobs"' not in svg
    assert svg.count("url(#p") == svg.count("<linearGradient") == 1
