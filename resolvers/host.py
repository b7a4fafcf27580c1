"""What programs may ask of the gateway: each run has a host of its own, which knows who is asking."""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from hashlib import scrypt
from typing import Final

import orjson

from tidegate.core.call import Line
from tidegate.core.emission import Audience, Emission
from tidegate.core.errors import OperationError
from tidegate.core.fetching import Fetcher
from tidegate.core.json import Json
from tidegate.core.program import Asked, HostRefused, Program
from tidegate.resolvers.frame import Frame

_log = logging.getLogger("tidegate.programs")

_LEVELS: Final = {"error": logging.ERROR, "warn": logging.WARNING}

MOST_USERS: Final = 10_000
"""Users that one event is for. More are a role."""

Invoke = Callable[[str, Mapping[str, Json], Frame], Awaitable[Json]]
"""Calls an operation by name, as the frame's user, in its transaction. Raises `OperationError`."""


class ProgramHost:
    """Implements core's `Host` for one run."""

    def __init__(self, program: Program, frame: Frame, roles: Sequence[str], fetcher: Fetcher, invoke: Invoke) -> None:
        self._program = program
        self._frame = frame
        self._roles = roles
        self._fetcher = fetcher
        self._invoke = invoke

    async def ask(self, what: Asked, arguments: Sequence[Json]) -> Json:
        match what, tuple(arguments):
            case Asked.HTTP, (Mapping() as request,):
                return await self._fetcher.fetch(request, self._frame.limits, self._frame.call.deadline)
            case Asked.EMIT, (mode, event, data, audience):
                return self._emit(mode, event, data, audience)
            case Asked.CALL, (str() as name, given):
                return await self._call(name, given)
            case Asked.HASH, (str() as text,):
                return await self._hashing(make_hash, text)
            case Asked.COMPARE, (str() as text, str() as hashed):
                return await self._hashing(is_hash_of, text, hashed)
        raise HostRefused(f"{what} does not take these arguments.", "TypeError")

    def log(self, level: str, text: str) -> None:
        line = Line(self._program.name, level, text)
        number = _LEVELS.get(level, logging.INFO)
        _log.log(number, "Call %s: %s: %s", self._frame.call.id, line.program, text, extra={"line": line})
        self._frame.call.lines.append(line)

    async def _hashing(self, work: Callable[..., Json], *texts: str) -> Json:
        allowance = self._frame.allowance
        if allowance.hashes <= 0:
            raise HostRefused("One call may make and compare 20 hashes at most.", "RangeError")
        allowance.hashes -= 1
        return await asyncio.get_running_loop().run_in_executor(_hasher(), partial(work, *texts))

    async def _call(self, name: str, given: Json) -> Json:
        if given is None:
            given = {}
        if not isinstance(given, Mapping):
            raise HostRefused("The arguments of a call are an object.", "TypeError")
        try:
            return await self._invoke(name, given, self._frame.within())
        except OperationError as error:
            raise HostRefused(error.message, str(error.code)) from error

    def _emit(self, mode: Json, event: Json, data: Json, audience: Json) -> Json:
        """Never refused: what is wrong is told in the answer, as Backand does."""
        if not isinstance(event, str) or not event or len(event) > 200:
            return _status(502, "an event needs a name of at most 200 characters")
        if len(orjson.dumps(data)) > self._frame.limits.eventData:
            return _status(502, f"the data of an event has {self._frame.limits.eventData} bytes at most")
        match mode:
            case Audience.ALL:
                emission = Emission(event, data, Audience.ALL)
            case Audience.ROLE:
                if not isinstance(audience, str) or not audience:
                    return _status(502, "if emitRole is called, you must specify a role")
                if audience not in self._roles:
                    return _status(502, f'there is no role "{audience}"')
                emission = Emission(event, data, Audience.ROLE, role=audience)
            case Audience.USERS:
                one = isinstance(audience, str)
                listed = [audience] if one else audience if isinstance(audience, Sequence) else None
                if listed is None:
                    return _status(502, "if emitUsers is called, you must specify users")
                if len(listed) > MOST_USERS:
                    return _status(502, f"an event is for {MOST_USERS} users at most")
                users = tuple(str(user) for user in listed if isinstance(user, str | int))
                emission = Emission(event, data, Audience.USERS, users)
            case _:
                return _status(502, "unknown audience")
        self._frame.transaction.emissions.append(emission)
        return _status(200, "ok")


@cache
def _hasher() -> ThreadPoolExecutor:
    """One thread: who hashes waits for others who do, and nobody else for them."""
    return ThreadPoolExecutor(1, "hashing")


def _status(status: int, message: str) -> Json:
    return {"status": status, "message": message}


_COST: Final = (2**14, 8, 1)
"""N, r and p of scrypt: 16 MiB and some 50 ms."""

_LONGEST: Final = 1024


def make_hash(text: str) -> str:
    """`scrypt$N$r$p$salt$hash`, salted. Raises `HostRefused`."""
    n, r, p = _COST
    salt = secrets.token_bytes(16)
    hashed = scrypt(_bounded(text), salt=salt, n=n, r=r, p=p, dklen=32)
    return f"scrypt${n}${r}${p}${b64encode(salt).decode()}${b64encode(hashed).decode()}"


def is_hash_of(text: str, hashed: str) -> bool:
    """Whether `hashed` was made of this text; false for what is no hash of ours."""
    try:
        name, n, r, p, salt, wanted = hashed.split("$")
        if name != "scrypt" or (int(n), int(r), int(p)) != _COST:
            return False
        made = scrypt(_bounded(text), salt=b64decode(salt), n=int(n), r=int(r), p=int(p), dklen=32)
        return hmac.compare_digest(made, b64decode(wanted))
    except ValueError:
        return False


def _bounded(text: str) -> bytes:
    encoded = text.encode("utf-8", "replace")
    if len(encoded) > _LONGEST:
        raise HostRefused(f"A text to hash has {_LONGEST} bytes at most.", "RangeError")
    return encoded
