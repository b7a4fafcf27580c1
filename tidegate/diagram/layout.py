"""An outline -> shapes at their places: what comes later stands below, ways stand side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tidegate.diagram.measure import Face, width_of, wrap
from tidegate.diagram.outline import Arm, Box, Chain, Fork, Frame, Outline, Part, Tone
from tidegate.diagram.shapes import Letters, Line, Piece, Rectangle, Shape, moved, stacked

TITLE: Final = Face(14, 19, bold=True)
NOTE: Final = Face(12, 16)
PLACE: Final = Face(10.5, 15, mono=True)
LABEL: Final = Face(12, 16)

GAP: Final = 26.0
"""Between two that follow each other: an arrow's length."""

_MARGIN: Final = 24.0
_PADDING: Final = 12.0
_NARROWEST, _WIDEST = 150.0, 340.0
_APART: Final = 28.0
_RAIL: Final = 16.0
_ROUND: Final = 4.0


def lay_out(outline: Outline) -> Piece:
    """The whole picture, with a margin around it."""
    pieces = [_chain(outline.chain)]
    if outline.handler is not None:
        pieces.append(_frame(outline.handler))
    axis = max(piece.axis for piece in pieces)
    shapes: list[Shape] = []
    width, top = 0.0, _MARGIN
    for piece in pieces:
        left = _MARGIN + axis - piece.axis
        shapes.extend(moved(piece.shapes, left, top))
        width, top = max(width, left + piece.width), top + piece.height + _MARGIN
    return Piece(width + _MARGIN, top, axis + _MARGIN, tuple(shapes))


def _chain(chain: Chain) -> Piece:
    return stacked(map(_part, chain), GAP) if chain else _nothing()


def _nothing() -> Piece:
    """A way with nothing on it."""
    return Piece(0, 0, 0, ())


def _part(part: Part) -> Piece:
    match part:
        case Box():
            return _box(part)
        case Fork():
            return _fork(part)
        case Frame():
            return _frame(part)


def _box(box: Box) -> Piece:
    texts = list(_texts(box.title, box.notes, box.place, _WIDEST - 2 * _PADDING))
    width = max([_NARROWEST, *(width_of(text, face) + 2 * _PADDING for text, _, face in texts)])
    placed, height = _placed(texts, box.tone, _PADDING, _PADDING - 2)
    look = "edge" if box.tone is Tone.EDGE else "box"
    height += _PADDING - 2
    return Piece(width, height, width / 2, (Rectangle(0, 0, width, height, look, box.tone), *placed), not box.ends)


def _texts(title: str, notes: tuple[str, ...], place: str, width: float) -> Iterator[tuple[str, str, Face]]:
    """The lines of a head: text, look, face."""
    for line in wrap(title, TITLE, width, 3):
        yield line, "title", TITLE
    for note in notes:
        for line in wrap(note, NOTE, width, 3):
            yield line, "note", NOTE
    for line in wrap(place, PLACE, width, 2):
        yield line, "place", PLACE


def _placed(texts: list[tuple[str, str, Face]], tone: Tone, left: float, top: float) -> tuple[list[Shape], float]:
    """The lines at their places, and where they end."""
    shapes: list[Shape] = []
    for text, look, face in texts:
        shapes.append(Letters(left, top + face.size, text, look, face, tone))
        top += face.line
    return shapes, top


def _label(text: str, tone: Tone) -> Piece:
    """What stands at the beginning of a way."""
    lines = [(line, "label", LABEL) for line in wrap(text, LABEL, _WIDEST - 2 * _PADDING, 4)]
    width = max([width_of(line, LABEL) for line, _, _ in lines], default=0.0) + 2 * _PADDING
    placed, bottom = _placed(lines, tone, _PADDING, 5)
    return Piece(width, bottom + 5, width / 2, (Rectangle(0, 0, width, bottom + 5, "label", tone), *placed))


def _arm(arm: Arm, tone: Tone) -> Piece:
    pieces = [_label(arm.label, tone)] if arm.label else []
    pieces += [_part(part) for part in arm.chain]
    return stacked(pieces, GAP) if pieces else _nothing()


def _fork(fork: Fork) -> Piece:
    head = _box(Box(fork.title, fork.tone, fork.place, fork.notes))
    arms = [_arm(arm, fork.tone) for arm in fork.arms]
    lefts: list[float] = []
    width = 0.0
    for arm in arms:
        lefts.append(width)
        width += arm.width + _APART
    width -= _APART
    axes = [left + arm.axis for left, arm in zip(lefts, arms, strict=True)]
    # The head stands over the middle of its ways.
    axis = (axes[0] + axes[-1]) / 2
    shift = max(0.0, head.axis - axis)
    axis, axes, lefts = axis + shift, [each + shift for each in axes], [each + shift for each in lefts]
    width = max(width + shift, axis + head.width - head.axis)
    rail = head.height + _RAIL
    top = rail + _RAIL + 6
    bottom = top + max(arm.height for arm in arms) + _RAIL
    shapes: list[Shape] = [*moved(head.shapes, axis - head.axis, 0)]
    shapes.append(Line(((axis, head.height), (axis, rail))))
    shapes.append(_rail(axes, axis, rail, fork.tone))
    leaving = [at for at, arm in zip(axes, arms, strict=True) if arm.open]
    for arm, at, left in zip(arms, axes, lefts, strict=True):
        shapes.append(Line(((at, rail), (at, top)), arrow=bool(arm.shapes)))
        shapes.extend(moved(arm.shapes, left, top))
        if arm.open:
            shapes.append(Line(((at, top + arm.height), (at, bottom))))
    if leaving:
        shapes.append(_rail(leaving, axis, bottom, fork.tone))
    return Piece(width, bottom, axis, tuple(shapes), bool(leaving))


def _rail(axes: list[float], axis: float, y: float, tone: Tone) -> Shape:
    """Where ways part or meet: a bar for those that are taken together."""
    left, right = min(*axes, axis), max(*axes, axis)
    if tone is Tone.PARALLEL:
        return Rectangle(left - 10, y - 2.5, right - left + 20, 5, "bar", tone)
    return Line(((left, y), (right, y)))


def _frame(frame: Frame) -> Piece:
    inside = [_arm(Arm("", arm.chain), frame.tone) for arm in frame.arms]
    axis = max([piece.axis for piece in inside], default=0.0)
    widest = max([axis - piece.axis + piece.width for piece in inside], default=0.0)
    room = max(widest, _WIDEST - 2 * _PADDING)
    texts = list(_texts(frame.title, frame.notes, frame.place, room))
    labels = [[(line, "label", LABEL) for line in wrap(arm.label, LABEL, room, 2)] for arm in frame.arms]
    lines = (*texts, *(line for label in labels for line in label))
    wanted = max([width_of(text, face) for text, _, face in lines], default=0.0)
    width = max(widest, wanted) + 2 * _MARGIN
    # What is inside stands in the middle.
    left = (width - widest) / 2
    shapes, top = _placed(texts, frame.tone, _MARGIN, _PADDING)
    for number, (piece, label) in enumerate(zip(inside, labels, strict=True)):
        if number:
            shapes.append(Line(((0, top), (width, top)), "rule"))
            top += 2
        placed, top = _placed(label, frame.tone, _MARGIN, top + _PADDING - _ROUND if label else top)
        top += _PADDING
        shapes.extend(moved(piece.shapes, left + axis - piece.axis, top))
        top += piece.height + _MARGIN - _PADDING / 2
        shapes.extend(placed)
    top = top if inside else top + _PADDING
    outline = Rectangle(0, 0, width, top, "frame", frame.tone)
    return Piece(width, top, left + axis if inside else width / 2, (outline, *shapes), not frame.ends)
