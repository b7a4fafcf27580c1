"""What browsers are told over Socket.IO, beside the results of their queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from tidegate.core.json import Json


class Audience(StrEnum):
    USERS = "users"
    ROLE = "role"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Emission:
    """An event for those connected. `users` are values of the field of `currentUser` that `events.user` names, `role`
    is a role of the project: who has exactly this one."""

    event: str
    data: Json
    audience: Audience
    users: tuple[str, ...] = ()
    role: str = ""


class Rooms(Protocol):
    """Carries emissions to whoever is connected and may hear them."""

    def emit(self, emissions: Sequence[Emission]) -> None:
        """After the commit, from the event loop, in order. Never fails, never waits."""
        ...


class NoRooms:
    """For those who have no browsers connected."""

    def emit(self, emissions: Sequence[Emission]) -> None:
        pass
