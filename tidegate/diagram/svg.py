"""An outline -> an SVG picture: nothing from elsewhere, no scripts, light or dark as its reader likes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from tidegate.diagram.layout import lay_out
from tidegate.diagram.outline import Arm, Box, Chain, Outline, Part, Tone
from tidegate.diagram.shapes import Letters, Line, Rectangle, Shape

_COLOURS: Final = {
    Tone.EDGE: ("#475569", "#a3b1c6"),
    Tone.ASK: ("#0b62c4", "#6cb2ff"),
    Tone.CODE: ("#8a5a00", "#f2bd4b"),
    Tone.CALL: ("#6637b8", "#bd9bff"),
    Tone.CHOICE: ("#0d7a6c", "#4fd6c2"),
    Tone.LOOP: ("#2a7a1f", "#7fd66f"),
    Tone.PARALLEL: ("#0d7a6c", "#4fd6c2"),
    Tone.TRY: ("#b03a1e", "#ff9a7d"),
    Tone.TRANSACTION: ("#0b62c4", "#6cb2ff"),
    Tone.EMIT: ("#b0257a", "#ff8fcf"),
    Tone.VALUE: ("#5b6472", "#b3bccb"),
    Tone.ANSWER: ("#1d6f42", "#63d694"),
    Tone.REFUSAL: ("#b3261e", "#ff8f88"),
    Tone.WAIT: ("#5b6472", "#b3bccb"),
}
"""On light and on dark: all of them can be read as text on their ground."""

_STYLE: Final = """
svg{--ground:#fff;--box:#fff;--ink:#1c2330;--soft:#4d586a;--line:#7c889c;background:var(--ground)}
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;fill:var(--ink)}
.title{font-size:14px;font-weight:600}
.note{font-size:12px;fill:var(--soft)}
.label{font-size:12px;fill:var(--tone)}
.place{font-size:10.5px;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;
fill:var(--soft)}
rect{stroke:var(--tone);stroke-width:1.2;fill:var(--box)}
.edge{stroke-width:1.6}
.frame{fill:var(--tone);fill-opacity:.05;stroke-dasharray:6 4}
.tag{stroke:none;fill:var(--tone)}
.pill{fill:var(--tone);fill-opacity:.1;stroke:none}
.bar{stroke:none;fill:var(--tone)}
path{fill:none;stroke:var(--line);stroke-width:1.4}
.rule{stroke-dasharray:6 4;stroke-width:1}
marker path{fill:var(--line);stroke:none}
"""

_UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CORNERS: Final = {"box": 6.0, "edge": 18.0, "frame": 10.0, "label": 9.0, "bar": 2.5}


def as_svg(outline: Outline) -> str:
    """The whole file."""
    picture = lay_out(outline)
    width, height = _number(picture.width), _number(picture.height)
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            'role="img" aria-labelledby="title desc">'
        ),
        f'<title id="title">{_text(outline.title)}</title>',
        f'<desc id="desc">{_text(describe(outline))}</desc>',
        f"<style>{_STYLE}{''.join(_colours())}</style>",
        (
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
            'orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>'
        ),
    ]
    lines += (line for shape in picture.shapes for line in _shape(shape))
    return "\n".join((*lines, "</svg>", ""))


def describe(outline: Outline) -> str:
    """The diagram read aloud."""
    first = outline.chain[0]
    begun = f"{first.title} ({'; '.join(first.notes)}). {outline.description}".strip()
    told = [begun if begun.endswith(".") else f"{begun}.", *_tell(outline.chain[1:])]
    if outline.handler is not None:
        told += _tell((outline.handler,))
    return " ".join(" ".join(told).split())


def _tell(chain: Chain) -> Iterator[str]:
    for part in chain:
        notes = f" ({'; '.join(part.notes)})" if part.notes else ""
        yield f"{part.title[:1].upper()}{part.title[1:]}{notes}."
        if not isinstance(part, Box):
            for number, arm in enumerate(part.arms, 1):
                yield from _tell_arm(part, arm, number)
            yield f"End of {part.title}."


def _tell_arm(part: Part, arm: Arm, number: int) -> Iterator[str]:
    if arm.label:
        yield f"{arm.label[:1].upper()}{arm.label[1:]}:"
    elif part.tone is Tone.PARALLEL:
        yield f"Way {number}:"
    yield from _tell(arm.chain) if arm.chain else ("nothing.",)


def _colours() -> Iterator[str]:
    yield from (f".{tone}{{--tone:{light}}}" for tone, (light, _) in _COLOURS.items())
    yield "\n@media(prefers-color-scheme:dark){svg{--ground:#12161d;--box:#1a202a;--ink:#e8edf5;--soft:#aab5c6;"
    yield "--line:#77839a}"
    yield from (f".{tone}{{--tone:{dark}}}" for tone, (_, dark) in _COLOURS.items())
    yield "}"


def _shape(shape: Shape) -> Iterator[str]:
    match shape:
        case Rectangle():
            yield from _rectangle(shape)
        case Line(points=points, look=look, arrow=arrow):
            way = "L".join(f"{_number(x)} {_number(y)}" for x, y in points)
            marker = ' marker-end="url(#arrow)"' if arrow else ""
            yield f'<path class="{look}" d="M{way}"{marker}/>'
        case Letters(x=x, y=y, text=text, look=look, tone=tone):
            classes = quoteattr(f"{look} {tone}")
            yield f'<text class={classes} x="{_number(x)}" y="{_number(y)}">{_text(text)}</text>'


def _rectangle(shape: Rectangle) -> Iterator[str]:
    corner = _CORNERS[shape.look]
    look = "pill" if shape.look == "label" else shape.look
    place = f'x="{_number(shape.x)}" y="{_number(shape.y)}"'
    size = f'width="{_number(shape.width)}" height="{_number(shape.height)}"'
    yield f'<rect class="{look} {shape.tone}" {place} {size} rx="{_number(corner)}"/>'
    if shape.look == "box":
        # The colour of its kind, along the left side.
        tag = f'x="{_number(shape.x)}" y="{_number(shape.y + 7)}" width="4" height="{_number(shape.height - 14)}"'
        yield f'<rect class="tag {shape.tone}" {tag} rx="2"/>'


def _text(text: str) -> str:
    return escape(_UNPRINTABLE.sub("\ufffd", text))


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
