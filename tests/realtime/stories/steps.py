"""What may happen in a story."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.realtime.stories.desk import Project
from tests.realtime.stories.oracle import Question

SEATS = (
    ("ada", "inside"),
    ("ada", "socket"),
    ("alan", "inside"),
    ("grace", "socket"),
    ("grace", "inside"),
    ("sam", "socket"),
    ("sam", "inside"),
    ("kim", "inside"),
)
"""Who sits where: as a client inside this process, or behind a websocket."""


@dataclass(frozen=True)
class Subscribe:
    seat: int
    question: Question


@dataclass(frozen=True)
class Unsubscribe:
    """One of those open, counted from the first."""

    which: int


@dataclass(frozen=True)
class Drop:
    """The connection is cut. Whoever subscribes on this seat next connects again."""

    seat: int


@dataclass(frozen=True)
class Stop:
    """A socket is not read any more."""

    seat: int


@dataclass(frozen=True)
class Resume:
    seat: int


@dataclass(frozen=True)
class Renew:
    seat: int
    role: str
    team: str | None


@dataclass(frozen=True)
class Expire:
    """The token is exchanged for one that ends within a second."""

    seat: int


@dataclass(frozen=True)
class Write:
    """Through the gateway. `changes`: what it may change, as (table, id, new values): none of id for a new row."""

    who: str
    name: str
    args: Mapping[str, Any]
    changes: tuple[tuple[str, str | None, Mapping[str, Any]], ...] | None = None


@dataclass(frozen=True)
class Outside:
    """One transaction of somebody else's. SQL that both databases know."""

    statements: tuple[str, ...]
    commit: bool = True


@dataclass(frozen=True)
class Burst:
    """All at once."""

    steps: tuple[Write | Subscribe | Reload, ...]


@dataclass(frozen=True)
class Reload:
    pass


@dataclass(frozen=True)
class Hold:
    """Whatever live queries are answered from now on is on its way until everybody settles, or for long."""


@dataclass(frozen=True)
class Settle:
    """Everybody waits until nothing comes any more."""


@dataclass(frozen=True)
class Pause:
    seconds: float


Step: TypeAlias = (
    Subscribe
    | Unsubscribe
    | Drop
    | Stop
    | Resume
    | Renew
    | Expire
    | Write
    | Outside
    | Burst
    | Reload
    | Hold
    | Settle
    | Pause
)


@dataclass(frozen=True)
class Act:
    """Begins with the database as it was at first, and nobody there. `lag`: how long an answer to a live query is on
    its way, in seconds."""

    steps: tuple[Step, ...]
    lag: float = 0.0


@dataclass(frozen=True)
class Story:
    project: Project
    acts: tuple[Act, ...]
