"""Tokens for development, signed with the project's own secret."""

from __future__ import annotations

from collections.abc import Mapping
from time import time
from typing import Final

import jwt as pyjwt

from tidegate.core.catalog import Catalog, Jwt
from tidegate.core.json import Json
from tidegate.settings import Environment, variable

ENVIRONMENT: Final = variable("environment")

DEFAULT_LIFE: Final = "1h"


class Unsignable(Exception):
    """No token can be made here. The message says why, and what to do."""


def own_jwt(catalog: Catalog, environ: Mapping[str, str]) -> Jwt:
    """How the project's tokens are verified, if they can also be made here. Raises `Unsignable`."""
    if environ.get(ENVIRONMENT, "").lower() == Environment.PRODUCTION:
        raise Unsignable(f"Tokens are not made by hand in production ({ENVIRONMENT} says so).")
    jwt = catalog.auth.jwt
    if jwt is None:
        raise Unsignable("The project takes no tokens: it has no auth.jwt.")
    if jwt.secret is None:
        where = "published keys (jwks)" if jwt.jwks else "a public key"
        raise Unsignable(f"The project verifies tokens with {where}: only the owner of the private key can make one.")
    return jwt


def sign(claims: Mapping[str, Json], jwt: Jwt, seconds: int) -> str:
    """A token that the project accepts for so many seconds. Claims that are given win, also over the project's own
    issuer and audience. `jwt.secret` is set."""
    now = int(time())
    whole: dict[str, Json] = {"iat": now, "exp": now + seconds}
    if jwt.issuer is not None:
        whole["iss"] = jwt.issuer
    if jwt.audience is not None:
        whole["aud"] = jwt.audience
    assert jwt.secret is not None
    return pyjwt.encode({**whole, **claims}, jwt.secret, algorithm=jwt.algorithms[0])
