"""Of a stranger's SVG only what draws is left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.uploads.hostile.corpus import RED_CIRCLE, svg
from uploads.imaging.errors import ImageRejected
from uploads.imaging.svg import sanitised

DANGER = ("script", "javascript", "http://evil", "file:", "onload", "@import", "foreignobject", "entity")


@pytest.mark.parametrize(
    "inside",
    [
        b"<script>alert(1)</script>",
        b'<g onload="alert(1)"/>',
        b'<a xlink:href="javascript:alert(1)"><rect width="1" height="1"/></a>',
        b'<image xlink:href="http://evil/x.png" width="1" height="1"/>',
        b'<image xlink:href="file:///etc/passwd" width="1" height="1"/>',
        b'<use xlink:href="http://evil/x.svg#a"/>',
        b'<image href="data:image/svg+xml;base64,PHN2Zz4=" width="1" height="1"/>',
        b'<rect fill="url(http://evil/x)" width="1" height="1"/>',
        b'<rect style="fill:u\\72l(http://evil/x)" width="1" height="1"/>',
        b"<style>@import 'http://evil/a.css';</style>",
        b"<style>rect{background:url(http://evil/x)}</style>",
        b"<style>@font-face{font-family:a;src:url(http://evil/x)}</style>",
        b"<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'/></foreignObject>",
        b'<set attributeName="onload" to="alert(1)"/>',
        b'<x:script xmlns:x="http://www.w3.org/2000/svg">alert(1)</x:script>',
        b'<?xml-stylesheet href="http://evil/x.css"?>',
        b"<!-- http://evil/comment -->",
    ],
)
def test_nothing_that_runs_or_fetches_is_left(inside: bytes) -> None:
    text = sanitised(svg(inside + RED_CIRCLE)).decode().lower()
    assert "<circle" in text
    assert not [word for word in DANGER if word in text]
    assert "svg+xml" not in text


@pytest.mark.parametrize(
    "kept",
    [
        b'<use xlink:href="#shape"></use>',
        b'<rect fill="url(#paint)" width="1" height="1"></rect>',
        b'<text x="1" y="2">S &amp; T &lt;3</text>',
        b"<style>.a{fill:#00ff00}</style>",
        b'<image xlink:href="data:image/png;base64,iVBORw0KGgo=" width="1" height="1"></image>',
    ],
)
def test_what_draws_stays_as_it_is(kept: bytes) -> None:
    assert kept in sanitised(svg(kept + RED_CIRCLE))


def test_what_is_left_is_left_by_a_second_pass() -> None:
    once = sanitised(svg(b'<g transform="scale(2)"><path d="M0 0L9 9"/></g><style>.a{fill:red}</style>'))
    assert sanitised(once) == once


@given(st.text(max_size=200), st.sampled_from(["text", "title", "style", "desc"]))
def test_no_text_breaks_out_of_its_element(text: str, element: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    document = svg(f"<{element}>{escaped}</{element}>".encode("utf-8", "surrogatepass") + RED_CIRCLE)
    try:
        found = sanitised(document)
    except ImageRejected as error:
        assert error.code == "unreadable"  # a letter that XML does not know
        return
    assert found.count(b"<circle") == found.count(b"<svg") == found.count(b"</svg>") == 1
    assert b"<script" not in found


@given(st.binary(max_size=300))
def test_any_bytes_are_drawn_or_refused(data: bytes) -> None:
    try:
        sanitised(data)
    except ImageRejected as error:
        assert error.code in ("unreadable", "too_complex", "nothing_drawn")
