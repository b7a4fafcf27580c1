"""What runs an operation without a client, the clock and requests of other systems; and who may tell of writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from tidegate.core.expressions import Expression, Items, Literal, Record, Reference, Text
from tidegate.core.json import MISSING, Given, Json, Missing
from tidegate.core.location import Location
from tidegate.core.user import CurrentUser


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """`name` is the operation's; from the second schedule of one operation on with a number, as in `nightly#2`. `cron`
    has five fields; `zone` is an IANA time zone. `arguments` are those that are written. `user` is who runs it."""

    name: str
    operation: str
    cron: str
    zone: str
    arguments: Mapping[str, Json]
    user: CurrentUser
    at: Location


class Signature(StrEnum):
    """How a request shows that it is from whoever knows the secret.

    `HMAC`: hex of the HMAC-SHA256 of the body. `GITHUB`: the same, as GitHub sends it. `STRIPE`: over time and body.
    `STANDARD`: Standard Webhooks, over id, time and body. `TOKEN`: the secret itself."""

    HMAC = "hmac"
    GITHUB = "github"
    STRIPE = "stripe"
    STANDARD = "standard"
    TOKEN = "token"  # noqa: S105 - the name of a scheme


@dataclass(frozen=True, slots=True, eq=False)
class Webhook:
    """`path` is what follows `/webhooks/`. `header` carries the signature, in lower case. `arguments` are made of
    literals and of references to `body`, `query` and `headers`; with none, the body's fields are the arguments of the
    same names. `user` is who runs it."""

    operation: str
    path: str
    secret: str = field(repr=False)
    signature: Signature
    header: str
    arguments: Record | None
    user: CurrentUser
    at: Location


@dataclass(frozen=True, slots=True, eq=False)
class Touching:
    """How whoever writes past the gateway shows that they may tell of it. `header` as of `Webhook`."""

    secret: str = field(repr=False)
    signature: Signature
    header: str


BODY: Final = "body"
QUERY: Final = "query"
HEADERS: Final = "headers"
"""The roots of a webhook's references."""


def taken(expression: Expression, request: Mapping[str, Json]) -> Given:
    """The value of an argument of a webhook; `request` has one for each root. What the request does not have is
    `MISSING`, left out of a record, and null in a list."""
    match expression:
        case Literal(value=value):
            return value
        case Reference(root=root, path=path):
            return _reach(request[root], path)
        case Record(fields=fields):
            found = ((name, taken(inner, request)) for name, inner in fields.items())
            return {name: value for name, value in found if not isinstance(value, Missing)}
        case Items(items=items):
            return [None if isinstance(given := taken(item, request), Missing) else given for item in items]
        case Text():
            raise TypeError("A webhook's values have no holes.")


def _reach(value: Json, path: tuple[str, ...]) -> Given:
    for name in path:
        if isinstance(value, Mapping) and name in value:
            value = value[name]
        elif isinstance(value, Sequence) and not isinstance(value, str) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return MISSING
    return value


class Claims(Protocol):
    """What gateways that serve one project have in common, so that only one of them does a thing."""

    async def claim(self, name: str, moment: str) -> bool:
        """True for one of all gateways, however often they ask: whose turn it is to do `name` at `moment`. Never
        raises."""
        ...
