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

from tidegate.core.call import Line
from tidegate.core.errors import PASSING, Code, OperationError
from tidegate.core.fetching import Fetcher
from tidegate.core.json import Json
from tidegate.core.program import Asked, HostRefused, Program
from tidegate.resolvers.emitting import CannotEmit, make_emission
from tidegate.resolvers.frame import Frame

_log = logging.getLogger("tidegate.programs")

_LEVELS: Final = {"error": logging.ERROR, "warn": logging.WARNING}

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
        self.refused: OperationError | None = None
        """The newest refusal that an operation answered it with."""

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
        self._frame.write(line)

    async def _hashing(self, work: Callable[..., Json], *texts: str) -> Json:
        allowance = self._frame.allowance
        if allowance.hashes <= 0:
            raise HostRefused("One call may make and compare 20 hashes at most.", "RangeError")
        allowance.hashes -= 1
        return await asyncio.get_running_loop().run_in_executor(_hasher(), partial(work, *texts))

    async def _call(self, name: str, given: Json) -> Json:
        if self._frame.confined:
            # It said so nowhere in its text, so that nobody has looked at what it might read.
            message = "In a query, code calls operations only where its text has the word gateway."
            raise HostRefused(message, str(Code.FORBIDDEN))
        if given is None:
            given = {}
        if not isinstance(given, Mapping):
            raise HostRefused("The arguments of a call are an object.", "TypeError")
        try:
            return await self._invoke(name, given, self._frame.within())
        except OperationError as error:
            if error.code in PASSING:
                self.refused = error
            raise HostRefused(error.message, str(error.code)) from error

    def _emit(self, mode: Json, event: Json, data: Json, audience: Json) -> Json:
        """Never refused: what is wrong is told in the answer, as Backand does."""
        if self._frame.reads_only:
            return _status(502, "a query emits nothing")
        try:
            emission = make_emission(mode, event, data, audience, self._roles, self._frame.limits.eventData)
        except CannotEmit as error:
            return _status(502, str(error))
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
