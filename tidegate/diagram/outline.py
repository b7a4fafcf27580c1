"""What a diagram is made of: boxes below each other, ways side by side, and frames around what belongs together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from tidegate.core.flow import Joined
from tidegate.core.operation import Request

Chain: TypeAlias = "tuple[Part, ...]"
"""One after the other."""


class Tone(StrEnum):
    """What kind of thing it is; a picture gives each its colour."""

    EDGE = "edge"
    """Where it begins and ends."""
    ASK = "ask"
    CODE = "code"
    CALL = "call"
    CHOICE = "choice"
    LOOP = "loop"
    PARALLEL = "parallel"
    TRY = "try"
    TRANSACTION = "transaction"
    EMIT = "emit"
    VALUE = "value"
    ANSWER = "answer"
    REFUSAL = "refusal"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Box:
    """One thing that is done. `ends`: nothing comes after it. `request`: what an integration is asked here, and
    `joins` what other queries are, for those who tell more than a diagram may."""

    title: str
    tone: Tone
    place: str
    notes: tuple[str, ...] = ()
    ends: bool = False
    request: Request | None = None
    joins: tuple[Joined, ...] = ()


@dataclass(frozen=True, slots=True)
class Arm:
    """A way through a fork, or a part of a frame. `label` says when it is taken."""

    label: str
    chain: Chain


@dataclass(frozen=True, slots=True)
class Fork:
    """One of the arms, or, where the tone is `PARALLEL`, all of them at the same time."""

    title: str
    tone: Tone
    place: str
    arms: tuple[Arm, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """Something around steps. `arms` are its parts, one below the other; those after the first do not follow it, but
    are what its label says. `ends`: nothing goes on from it."""

    title: str
    tone: Tone
    place: str
    arms: tuple[Arm, ...]
    notes: tuple[str, ...] = ()
    ends: bool = False


Part: TypeAlias = Box | Fork | Frame


@dataclass(frozen=True, slots=True)
class Outline:
    """A whole operation. `chain` begins and ends with boxes of the tone `EDGE`, the last one only where the end can be
    reached. `handler`: what is done where it fails."""

    title: str
    description: str
    chain: Chain
    handler: Frame | None = None


def ends(chain: Chain) -> bool:
    """Whether nothing comes after it."""
    return any(_ends(part) for part in chain)


def parts_of(chain: Chain) -> Iterator[Part]:
    """Every part, those within others included, in the order in which they are read."""
    for part in chain:
        yield part
        if not isinstance(part, Box):
            for arm in part.arms:
                yield from parts_of(arm.chain)


def _ends(part: Part) -> bool:
    if isinstance(part, Fork):
        return all(ends(arm.chain) for arm in part.arms)
    return part.ends
