"""Who may sign in to a demonstration, and the tokens they get. What a real project has an issuer for."""

from __future__ import annotations

import asyncio
import hmac
from collections import OrderedDict
from collections.abc import Callable, Mapping
from math import ceil
from time import monotonic, time
from typing import Any, Final

import jwt as pyjwt

from tidegate.cli.passwords import LONGEST, Hashed, hash_password
from tidegate.cli.signing import sign
from tidegate.core.catalog import Jwt
from tidegate.core.json import Json
from tidegate.web.sign_in import TooMany

LIFE: Final = 5 * 60
"""Seconds that a token is good for."""
SESSION: Final = 12 * 3600
"""Seconds after which somebody has to sign in again."""
AUDIENCE: Final = "tidegate-demo-renewal"

TRIES: Final = 10
"""Wrong passwords of one name in a row; then one more every `PAUSE` seconds."""
PAUSE: Final = 10.0
RATE: Final = 5.0
"""Sign-ins in a second, of everybody together, and ten times as many at once."""
MOST_NAMES: Final = 1000
AT_ONCE: Final = 2
"""Passwords that are tried at the same time: each costs 16 MiB."""


class Bucket:
    """So many drops at most, `rate` more each second. `clock` never goes back."""

    def __init__(self, size: float, rate: float, clock: Callable[[], float]) -> None:
        self._size, self._rate, self._clock = size, rate, clock
        self._level, self._since = size, clock()

    def wait(self) -> float:
        """Seconds until there is a drop; 0 where there is one."""
        now = self._clock()
        self._level = min(self._size, self._level + (now - self._since) * self._rate)
        self._since = now
        return max(0.0, (1 - self._level) / self._rate)

    def take(self) -> None:
        """Raises `TooMany` where there is none."""
        if wait := self.wait():
            raise TooMany(ceil(wait))
        self._level -= 1


class DemoDoorkeeper:
    """`users` are the claims of each, `passwords` those of whoever may sign in. `jwt` has a secret. `life` and
    `session` are in seconds."""

    def __init__(
        self,
        users: Mapping[str, Mapping[str, Json]],
        passwords: Mapping[str, Hashed],
        jwt: Jwt,
        *,
        life: int = LIFE,
        session: int = SESSION,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        assert jwt.secret is not None
        self._users = users
        self._passwords = {name: kept for name, kept in passwords.items() if name in users}
        self._jwt = jwt
        self._life, self._session, self._clock = life, session, clock
        # Renewals are signed with a key of their own, so that none is ever taken for a token.
        self._key = hmac.digest(jwt.secret.encode(), AUDIENCE.encode(), "sha256")
        # Whoever is unknown costs what others cost: how long an answer takes does not tell who is there.
        self._nobody = hash_password("")
        self._all = Bucket(RATE * 10, RATE, clock)
        self._names: OrderedDict[str, Bucket] = OrderedDict()
        self._trying = asyncio.Semaphore(AT_ONCE)

    async def enter(self, user: str, password: str) -> Json | None:
        name = user.strip().lower()
        if len(name) > LONGEST or len(password) > LONGEST:
            return None
        self._all.take()
        bucket = self._bucket(name)
        bucket.take()
        kept = self._passwords.get(name)
        async with self._trying:
            fits = await asyncio.to_thread((kept or self._nobody).fits, password)
        if kept is None or not fits:
            return None
        self._names.pop(name, None)
        return self._given(name, int(time()) + self._session)

    def renew(self, renewal: str) -> Json | None:
        self._all.take()
        try:
            # Any: claims.
            claims: dict[str, Any] = pyjwt.decode(
                renewal, self._key, algorithms=["HS256"], audience=AUDIENCE, options={"require": ["exp", "sub"]}
            )
        except pyjwt.PyJWTError:
            return None
        name, until = claims.get("sub"), claims.get("exp")
        if not isinstance(name, str) or not isinstance(until, int) or name not in self._passwords:
            return None
        return self._given(name, until)

    def _given(self, name: str, until: int) -> Json:
        claims = self._users[name]
        life = max(1, min(self._life, until - int(time())))
        renewal = pyjwt.encode({"sub": name, "aud": AUDIENCE, "exp": until}, self._key, algorithm="HS256")
        role = claims.get("role")
        return {
            "token": sign(claims, self._jwt, life),
            "expiresIn": life,
            "renewal": renewal,
            "user": {"name": name, "role": role, "email": claims.get("email")},
        }

    def _bucket(self, name: str) -> Bucket:
        bucket = self._names.pop(name, None) or Bucket(TRIES, 1 / PAUSE, self._clock)
        self._names[name] = bucket
        while len(self._names) > MOST_NAMES:
            self._names.popitem(last=False)
        return bucket
