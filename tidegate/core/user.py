"""Who is asking, as the server knows it from a verified token."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from tidegate.core.json import Json, frozen


@dataclass(frozen=True, slots=True)
class CurrentUser:
    """`role` is a role of the project and `rank` its place in the order, 0 for the lowest. `fields` holds every
    declared `currentUser` field, null where the token lacks it. `expires` is in seconds since the epoch, none for
    someone without a token. `verified` is false only for someone without a token."""

    role: str
    rank: int
    fields: Mapping[str, Json]
    expires: float | None
    verified: bool

    @property
    def id(self) -> Json:
        return self.fields.get("id")

    @property
    def identity(self) -> Hashable:
        """Equal for two tokens of one user: by `id`, and in a project that has no such field by all the others but for
        the role, which may be raised and lowered."""
        if "id" in self.fields:
            return self.verified, frozen(self.id)
        return self.verified, frozen({name: value for name, value in self.fields.items() if name != "role"})
