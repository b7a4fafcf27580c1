"""Finds the token in a request's headers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from tidegate.auth.refusal import Refused

Headers = Iterable[tuple[bytes, bytes]]
"""As ASGI gives them: names in lower case, in the order sent, repeated ones kept apart."""

AUTHORIZATION: Final = b"authorization"
PLASMIC: Final = b"x-plasmic-data-user-auth-token"

LONGEST_TOKEN: Final = 8192
"""In bytes. The largest tokens of real issuers, full of groups, have about half of that."""

_TOKEN: Final = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_BEARER: Final = re.compile(rb"bearer +([^ ]+)", re.IGNORECASE)


def find_token(headers: Headers) -> bytes | None:
    """The token as it was sent, or none where nobody claims to be anybody. `Authorization: Bearer TOKEN` and
    `x-plasmic-data-user-auth-token: TOKEN` are the same; with both, they must agree. Raises `Refused`."""
    bearer: bytes | None = None
    plain: bytes | None = None
    for name, value in headers:
        if name == AUTHORIZATION:
            if bearer is not None:
                raise Refused("more than one Authorization header")
            match = _BEARER.fullmatch(value.strip())
            if match is None:
                raise Refused("an Authorization header that is not of the scheme Bearer")
            bearer = match[1]
        elif name == PLASMIC:
            if plain is not None:
                raise Refused("more than one x-plasmic-data-user-auth-token header")
            plain = value.strip()
    if bearer is None and plain is None:
        return None
    if bearer is not None and plain is not None and bearer != plain:
        raise Refused("two headers with different tokens")
    token = bearer if plain is None else plain
    assert token is not None
    if len(token) > LONGEST_TOKEN:
        raise Refused(f"a token of {len(token)} bytes")
    if _TOKEN.fullmatch(token) is None:
        raise Refused("a token that is not three parts of base64url")
    return token
