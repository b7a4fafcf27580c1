"""Who is asking: from a request's headers to a `CurrentUser`."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from logging import getLogger
from time import monotonic, time
from typing import Final

import orjson
from jwt import PyJWS, PyJWTError

from tidegate.auth.claims import anonymous, check_claims, user_of
from tidegate.auth.headers import Headers, find_token
from tidegate.auth.jwks import PublishedKeys, UnsafeAddress
from tidegate.auth.keys import (
    PUBLIC_ALGORITHMS,
    SECRET_ALGORITHMS,
    FixedKey,
    KeySource,
    UnusableKey,
    pem_key,
    secret_key,
)
from tidegate.auth.refusal import Refused, unauthenticated
from tidegate.core.catalog import Auth, Jwt
from tidegate.core.json import Json
from tidegate.core.location import Location
from tidegate.core.problems import Problem, ProjectError, did_you_mean
from tidegate.core.user import CurrentUser

log = getLogger(__name__)

MOST_TOKENS: Final = 10_000
"""Verified tokens that are remembered, at under 1 KiB each; the least recently used is forgotten first."""
TRUSTED_FOR: Final = 300.0
"""Seconds after which a remembered token is verified again, so that a withdrawn key ends its tokens."""
LONGEST_KEY_ID: Final = 200


@dataclass(frozen=True, slots=True)
class Remembered:
    """`until` is in seconds since the epoch; `version` is that of the keys."""

    user: CurrentUser
    until: float
    version: int


class Authenticator:
    """Verifies tokens by `auth`, whose `roles` are lowest first. `open` before use. `clock` gives seconds since the
    epoch, `timer` seconds that never go back."""

    def __init__(
        self,
        auth: Auth,
        roles: Sequence[str],
        clock: Callable[[], float] = time,
        timer: Callable[[], float] = monotonic,
    ) -> None:
        self.anonymous = anonymous(auth, roles)
        self._auth = auth
        self._roles = tuple(roles)
        self._clock = clock
        self._timer = timer
        self._keys: KeySource | None = None
        self._signatures = PyJWS()
        self._remembered: OrderedDict[bytes, Remembered] = OrderedDict()

    async def open(self) -> None:
        """Reads the keys. Raises `ProjectError` where they cannot be used. Published keys that cannot be fetched now
        are fetched later."""
        if self._auth.jwt is not None and self._keys is None:
            self._keys = key_source(self._auth.jwt, self._timer)
            await self._keys.open()

    async def close(self) -> None:
        if self._keys is not None:
            await self._keys.close()

    async def authenticate(self, headers: Headers) -> CurrentUser:
        """Anonymous for a request without a token. Raises `OperationError` UNAUTHENTICATED, always with the same
        message, for a token that is not good: its bearer is never taken for anonymous."""
        if self._auth.jwt is None:
            return self.anonymous
        try:
            token = find_token(headers)
            if token is None:
                return self.anonymous
            return await self._recognise(token, self._auth.jwt)
        except Refused as reason:
            log.info("A token was refused: %s.", reason)
            raise unauthenticated(reason) from reason

    async def _recognise(self, token: bytes, jwt: Jwt) -> CurrentUser:
        if self._keys is None:
            await self.open()
        assert self._keys is not None
        now = self._clock()
        # The digest, not the token: a memory dump of the cache gives nobody a way in.
        digest = sha256(token).digest()
        remembered = self._remembered.get(digest)
        if remembered is not None:
            if now < remembered.until and remembered.version == self._keys.version:
                self._remembered.move_to_end(digest)
                return remembered.user
            del self._remembered[digest]
        claims = await self._verify(token, jwt, self._keys)
        expires = check_claims(claims, jwt, self._clock())
        user = user_of(claims, expires, self._auth, self._roles)
        self._remembered[digest] = Remembered(user, min(expires + jwt.leeway, now + TRUSTED_FOR), self._keys.version)
        while len(self._remembered) > MOST_TOKENS:
            self._remembered.popitem(last=False)
        return user

    async def _verify(self, token: bytes, jwt: Jwt, keys: KeySource) -> dict[str, Json]:
        """The claims, if the signature is good."""
        try:
            header = self._signatures.get_unverified_header(token)
        except (PyJWTError, ValueError) as error:
            raise Refused("the token's header cannot be read") from error
        algorithm, key_id = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in jwt.algorithms:
            raise Refused("the algorithm is not one of the project's")
        if "crit" in header or "b64" in header:
            raise Refused("the header demands an extension")
        if key_id is not None and len(key_id) > LONGEST_KEY_ID:
            raise Refused("the kid is too long")
        for key in await keys.find(algorithm, key_id):
            try:
                claims = orjson.loads(self._signatures.decode(token, key.material, [algorithm]))
            except (PyJWTError, ValueError):
                continue
            if isinstance(claims, dict):
                return claims
        raise Refused("no key fits, or the signature is wrong")


def key_source(jwt: Jwt, timer: Callable[[], float] = monotonic) -> KeySource:
    """Raises `ProjectError` for keys and algorithms that do not fit together."""
    at = Location("tidegate.yaml")
    fitting = frozenset(SECRET_ALGORITHMS) if jwt.secret is not None else PUBLIC_ALGORITHMS
    for algorithm in jwt.algorithms:
        if algorithm not in fitting:
            sentence = f'The algorithm "{algorithm}" cannot be used with this kind of key.'
            raise ProjectError([Problem(at, sentence, did_you_mean(algorithm, fitting))])
    try:
        if jwt.secret is not None:
            return FixedKey(secret_key(jwt.secret, frozenset(jwt.algorithms)))
        if jwt.public_key is not None:
            key = pem_key(jwt.public_key)
            if not key.algorithms & set(jwt.algorithms):
                raise UnusableKey(f"The public key is not for {' or '.join(jwt.algorithms)}.")
            return FixedKey(key)
        if jwt.jwks is not None:
            return PublishedKeys(jwt.jwks, timer)
    except (UnusableKey, UnsafeAddress) as error:
        hint = "The keys are under auth: jwt."
        raise ProjectError([Problem(at, str(error), hint)]) from error
    raise ProjectError([Problem(at, "There is no key to verify tokens with.", "Set secret, publicKey or jwks.")])
