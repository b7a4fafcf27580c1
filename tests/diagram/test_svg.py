"""Pictures: well-formed whatever the names are, with every text in its box and every box in its frame."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from hypothesis import HealthCheck, given, settings

from tests.diagram.outlines import OUTLINES
from tidegate.core.catalog import Catalog
from tidegate.diagram.drawing import draw
from tidegate.diagram.layout import lay_out
from tidegate.diagram.measure import Face, width_of, wrap
from tidegate.diagram.outline import Outline, Tone
from tidegate.diagram.shapes import Letters, Line, Piece, Rectangle
from tidegate.diagram.svg import as_svg

SVG = "{http://www.w3.org/2000/svg}"
ELEMENTS = {f"{SVG}{name}" for name in ("svg", "title", "desc", "style", "defs", "marker", "path", "rect", "text")}
ATTRIBUTES = {
    *("class", "d", "height", "id", "marker-end", "markerHeight", "markerWidth", "orient", "points", "refX", "refY"),
    *("role", "rx", "viewBox", "width", "x", "y", "aria-labelledby"),
}
SLACK = 0.01


def inside(shape: Rectangle, x: float, y: float) -> bool:
    return (
        shape.x - SLACK <= x <= shape.x + shape.width + SLACK and shape.y - SLACK <= y <= shape.y + shape.height + SLACK
    )


def hold_layout(picture: Piece) -> None:
    rectangles = [shape for shape in picture.shapes if isinstance(shape, Rectangle) and shape.look != "bar"]
    whole = Rectangle(0, 0, picture.width, picture.height, "frame", Tone.EDGE)
    for shape in picture.shapes:
        match shape:
            case Letters(x=x, y=y, text=text, face=face):
                holding = [each for each in (whole, *rectangles) if inside(each, x, y)]
                innermost = min(holding, key=lambda each: each.width * each.height)
                assert innermost is not whole, text
                assert inside(innermost, x + width_of(text, face), y), text
                assert inside(innermost, x, y - face.size * 0.8), text
            case Line(points=points):
                assert all(inside(whole, x, y) for x, y in points)
            case Rectangle():
                assert inside(whole, shape.x, shape.y)
                assert inside(whole, shape.x + shape.width, shape.y + shape.height)
    # Two boxes are apart; a frame holds all of a box or nothing of it.
    for one in rectangles:
        for other in rectangles:
            if one is not other and other.look != "frame":
                apart = (
                    one.x + one.width <= other.x + SLACK
                    or other.x + other.width <= one.x + SLACK
                    or one.y + one.height <= other.y + SLACK
                    or other.y + other.height <= one.y + SLACK
                )
                around = (
                    one.look == "frame"
                    and inside(one, other.x, other.y)
                    and inside(one, other.x + other.width, other.y + other.height)
                )
                assert apart or around, (one, other)


def hold_svg(text: str) -> ET.Element:
    root = ET.fromstring(text)
    for element in root.iter():
        assert element.tag in ELEMENTS, element.tag
        assert set(element.attrib) <= ATTRIBUTES, element.attrib
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "", 1).split("<style>")[1].split("</style>")[0]
    return root


@given(OUTLINES)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_outline(outline: Outline) -> None:
    hold_layout(lay_out(outline))
    hold_svg(as_svg(outline))


def test_real_operations(drawn: Catalog) -> None:
    for operation in drawn.operations.values():
        outline = draw(operation)
        hold_layout(lay_out(outline))
        root = hold_svg(as_svg(outline))
        assert [root.findtext(f"{SVG}{name}", "").split(" (")[0] for name in ("title", "desc")] == [outline.title] * 2
        assert root.get("role") == "img"


def test_colours_follow_the_reader(drawn: Catalog) -> None:
    """Text and ground are told apart in both, as WCAG 2 counts contrast: 4.5 and more."""
    style = as_svg(draw(drawn.operations["find"])).split("<style>")[1].split("</style>")[0]
    light, dark = style.split("@media(prefers-color-scheme:dark)")
    for part in (light, dark):
        grounds = re.findall(r"--(?:ground|box):(#[0-9a-f]{3,6})", part)
        inks = re.findall(r"--(?:ink|soft|tone):(#[0-9a-f]{6})", part)
        assert len(grounds) == 2
        assert len(inks) == 2 + len(Tone)
        assert all(contrast(ink, ground) >= 4.5 for ink in inks for ground in grounds)


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[index : index + 2], 16) / 255 for index in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_texts_are_broken_where_they_may_be() -> None:
    face = Face(10, 12, mono=True)
    assert wrap("one two three", face, 50, 3) == ("one two", "three")
    assert wrap("functions/judge_words.py", face, 100, 3) == ("functions/judge_", "words.py")
    assert wrap("one two three four", face, 50, 2) == ("one two", "three f…")
    assert wrap("abcdefghijklmnop", face, 50, 3) == ("abcdefgh", "ijklmnop")
    assert wrap(" \n ", face, 50, 3) == ()
