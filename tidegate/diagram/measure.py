"""How wide a text is, and where it is broken, without the font that it will be shown in.

Widths are those of the widest usual sans-serif fonts (DejaVu Sans, Verdana): in others a text is narrower, and what
fits here fits everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from unicodedata import east_asian_width

ELLIPSIS: Final = "…"
_NARROW: Final = frozenset("ijlI.,:;'|!()[] ftr/\\-\"`")
_WIDE: Final = frozenset("mwMW@%…→&")


@dataclass(frozen=True, slots=True)
class Face:
    """`size` is in pixels. `line`: from one base line to the next."""

    size: float
    line: float
    mono: bool = False
    bold: bool = False


def width_of(text: str, face: Face) -> float:
    if face.mono:
        ems = sum(1.05 if _is_broad(character) else 0.61 for character in text)
    else:
        ems = sum(map(_em, text)) * (1.1 if face.bold else 1)
    return ems * face.size


def wrap(text: str, face: Face, width: float, lines: int) -> tuple[str, ...]:
    """The text on at most so many lines that fit. Words are broken where they must be; what is left over is an
    ellipsis."""
    found: list[str] = []
    rest = " ".join(text.split())
    while rest and len(found) < lines:
        if width_of(rest, face) <= width:
            found.append(rest)
            rest = ""
        elif len(found) == lines - 1:
            found.append(_cut(rest, face, width))
            rest = ""
        else:
            end = _fitting(rest, face, width)
            # After a space, or the punctuation of a path; a longer word is broken anywhere.
            broken = max(rest.rfind(sign, 1, end) for sign in " /.:,_")
            end = broken + 1 if broken > end // 3 else end
            found.append(rest[:end].rstrip())
            rest = rest[end:].lstrip()
    return tuple(found)


def _cut(text: str, face: Face, width: float) -> str:
    return text[: _fitting(text, face, width - width_of(ELLIPSIS, face))].rstrip() + ELLIPSIS


def _fitting(text: str, face: Face, width: float) -> int:
    """How many characters fit; one at least."""
    end, used = 0, 0.0
    while end < len(text) and (used := used + width_of(text[end], face)) <= width:
        end += 1
    return max(end, 1)


def _em(character: str) -> float:
    if _is_broad(character):
        return 1.05
    if character in _NARROW:
        return 0.42
    if character in _WIDE:
        return 1.02
    return 0.72 if character.isupper() else 0.64


def _is_broad(character: str) -> bool:
    return ord(character) > 0x24F and (east_asian_width(character) in "WF" or ord(character) > 0xFFFF)
