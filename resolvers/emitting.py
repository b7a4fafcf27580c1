"""What code and steps want to emit -> an emission, or why not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import orjson

from tidegate.core.emission import Audience, Emission
from tidegate.core.json import Json

MOST_USERS: Final = 10_000
"""Users that one event is for. More are a role."""


class CannotEmit(Exception):
    """The message is for the author, in words that Backand's programs know."""


def make_emission(mode: Json, event: Json, data: Json, audience: Json, roles: Sequence[str], most: int) -> Emission:
    """`mode` is an `Audience`; `most`: bytes of the data. Everything is hostile. Raises `CannotEmit`."""
    if not isinstance(event, str) or not event or len(event) > 200:
        raise CannotEmit("an event needs a name of at most 200 characters")
    if len(orjson.dumps(data)) > most:
        raise CannotEmit(f"the data of an event has {most} bytes at most")
    match mode:
        case Audience.ALL:
            return Emission(event, data, Audience.ALL)
        case Audience.ROLE:
            if not isinstance(audience, str) or not audience:
                raise CannotEmit("if emitRole is called, you must specify a role")
            if audience not in roles:
                raise CannotEmit(f'there is no role "{audience}"')
            return Emission(event, data, Audience.ROLE, role=audience)
        case Audience.USERS:
            one = isinstance(audience, str)
            listed = [audience] if one else audience if isinstance(audience, Sequence) else None
            if listed is None:
                raise CannotEmit("if emitUsers is called, you must specify users")
            if len(listed) > MOST_USERS:
                raise CannotEmit(f"an event is for {MOST_USERS} users at most")
            users = tuple(str(user) for user in listed if isinstance(user, str | int))
            return Emission(event, data, Audience.USERS, users)
    raise CannotEmit("unknown audience")
