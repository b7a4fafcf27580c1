"""What a picture is drawn with, and how pieces of it are put together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

from tidegate.diagram.measure import Face
from tidegate.diagram.outline import Tone


@dataclass(frozen=True, slots=True)
class Rectangle:
    """`look`: `box`, `frame`, `edge`, `label` or `bar`."""

    x: float
    y: float
    width: float
    height: float
    look: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Line:
    """Through these points. `look`: `line`, or `rule` for what divides a frame."""

    points: tuple[tuple[float, float], ...]
    look: str = "line"
    arrow: bool = False


@dataclass(frozen=True, slots=True)
class Letters:
    """A line of text, from its left end on the base line. `look`: `title`, `note`, `place` or `label`."""

    x: float
    y: float
    text: str
    look: str
    face: Face
    tone: Tone


Shape: TypeAlias = Rectangle | Line | Letters


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the picture, from (0, 0) on. The way comes in at the top at `axis`, and goes out below it if it is
    `open`."""

    width: float
    height: float
    axis: float
    shapes: tuple[Shape, ...]
    open: bool = True


def moved(shapes: Iterable[Shape], x: float, y: float) -> tuple[Shape, ...]:
    return tuple(_moved(shape, x, y) for shape in shapes)


def _moved(shape: Shape, x: float, y: float) -> Shape:
    if isinstance(shape, Line):
        return replace(shape, points=tuple((left + x, top + y) for left, top in shape.points))
    return replace(shape, x=shape.x + x, y=shape.y + y)


def stacked(pieces: Iterable[Piece], gap: float) -> Piece:
    """Below each other, with an arrow from each that is open to the next."""
    found = list(pieces)
    axis = max(piece.axis for piece in found)
    shapes: list[Shape] = []
    width, top, before = 0.0, 0.0, None
    for piece in found:
        if before is not None:
            if before.open:
                shapes.append(Line(((axis, top), (axis, top + gap)), arrow=True))
            top += gap
        left = axis - piece.axis
        shapes.extend(moved(piece.shapes, left, top))
        width, top, before = max(width, left + piece.width), top + piece.height, piece
    return Piece(width, top, axis, tuple(shapes), all(piece.open for piece in found))
