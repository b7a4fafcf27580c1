"""A verified token's claims become the `CurrentUser`, by the names that the project declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tidegate.auth.refusal import Refused
from tidegate.core.catalog import Auth, Jwt
from tidegate.core.json import MISSING, Given, Json
from tidegate.core.user import CurrentUser

LAST_MOMENT: Final = 253402300799
"""The last second of the year 9999: no real token expires later, and no date does either."""


def check_claims(claims: Mapping[str, Json], jwt: Jwt, now: float) -> float:
    """When the token expires, in seconds since the epoch, if it is good at `now`; PyJWT alone would also take an
    `exp` that is absent, a text or of 400 digits. Raises `Refused`."""
    expires = claims.get("exp")
    if isinstance(expires, bool) or not isinstance(expires, int) or not 0 < expires <= LAST_MOMENT:
        raise Refused("exp is not a whole number of seconds")
    if expires + jwt.leeway <= now:
        raise Refused("the token has expired")
    for name in ("nbf", "iat"):
        moment = claims.get(name, 0)
        if isinstance(moment, bool) or not isinstance(moment, int | float):
            raise Refused(f"{name} is not a number")
        if moment > now + jwt.leeway:
            raise Refused(f"the token is not valid yet, by its {name}")
    if jwt.issuer is not None and claims.get("iss") != jwt.issuer:
        raise Refused("the issuer is another")
    audience = claims.get("aud")
    named = [] if audience is None else [audience] if isinstance(audience, str) else audience
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise Refused("aud is neither a text nor a list of texts")
    # A token made out to somebody is not for a server that has no name (RFC 7519 §4.1.3).
    if (jwt.audience is None and named) or (jwt.audience is not None and jwt.audience not in named):
        raise Refused("the audience is another")
    return float(expires)


def user_of(claims: Mapping[str, Json], expires: float, auth: Auth, roles: Sequence[str]) -> CurrentUser:
    """Every declared field, null where the token lacks its claim. The field `role` is the role that counts, which is
    not always the one the token names. Raises `Refused` where an `id` is declared and the token has none."""
    fields: dict[str, Json] = {}
    for field, path in auth.current_user.items():
        found = _claim(claims, path)
        fields[field] = None if found is MISSING else found
    if "id" in fields:
        identity = fields["id"]
        if isinstance(identity, bool) or not isinstance(identity, int | str) or identity == "":
            raise Refused("the claim of the field id is neither a text nor a whole number")
    role = _role(fields.get("role"), auth.default_role, roles)
    if "role" in fields:
        fields["role"] = role
    return CurrentUser(role, roles.index(role), fields, expires, verified=True)


def anonymous(auth: Auth, roles: Sequence[str]) -> CurrentUser:
    """Somebody without a token."""
    fields: dict[str, Json] = dict.fromkeys(auth.current_user)
    if "role" in fields:
        fields["role"] = roles[0]
    return CurrentUser(roles[0], 0, fields, None, verified=False)


def _claim(claims: Mapping[str, Json], path: tuple[str, ...]) -> Given:
    value: Json = claims
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            return MISSING
        value = value[name]
    return value


def _role(named: Json, default: str, roles: Sequence[str]) -> str:
    """No role: the default. A role that the project does not know: the lowest, never more. Several: the highest that
    it knows."""
    if named is None or named == [] or named == "":
        return default
    names = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    known = [roles.index(name) for name in names if isinstance(name, str) and name in roles]
    return roles[max(known, default=0)]
