"""Keys that an issuer publishes at an address, and changes when it likes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from ipaddress import ip_address
from logging import getLogger
from time import monotonic
from typing import Final
from urllib.parse import urlsplit

import httpx
import orjson

from tidegate.auth.keys import Key, UnusableKey, published_key

log = getLogger(__name__)

FRESH_FOR: Final = 600.0
"""Seconds after which a key set is fetched again at its next use, so that a withdrawn key stops being good."""
PAUSE: Final = 10.0
"""Seconds between two fetches, whatever tokens arrive: nobody can make us hammer the issuer."""
PATIENCE: Final = 5.0
LARGEST_SET: Final = 256 * 1024
"""Bytes of a key set. Real ones have a few thousand."""
MOST_KEYS: Final = 100


class UnsafeAddress(Exception):
    """Keys fetched from this address could be replaced on the way."""


class PublishedKeys:
    """The key set at `address`. Kept, and fetched again when it is old or a token names an unknown key. If a fetch
    fails the keys known before stay good. One fetch at a time; whoever finds its key in an old set does not wait.
    `clock` counts seconds and never goes back; `patience` is in seconds, for a whole fetch."""

    def __init__(self, address: str, clock: Callable[[], float] = monotonic, patience: float = PATIENCE) -> None:
        self._address = safe_address(address)
        self._clock = clock
        self._patience = patience
        self.version = 0
        self._keys: tuple[Key, ...] = ()
        self._body = b""
        self._fetched: float | None = None
        self._tried: float | None = None
        self._fetching = asyncio.Lock()
        self._client: httpx.AsyncClient | None = None

    async def open(self) -> None:
        """Fetches the first set. A failure is only logged: the issuer may come up after us."""
        await self._refresh()

    async def find(self, algorithm: str, key_id: str | None, /) -> tuple[Key, ...]:
        found = self._known(algorithm, key_id)
        if found and (self._is_fresh() or self._fetching.locked()):
            return found
        if self._may_try() or self._fetching.locked():
            await self._refresh()
            found = self._known(algorithm, key_id)
        return found

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _known(self, algorithm: str, key_id: str | None) -> tuple[Key, ...]:
        fitting = tuple(key for key in self._keys if algorithm in key.algorithms)
        if key_id is not None:
            return tuple(key for key in fitting if key.id == key_id)
        # Trying one key after the other would let a token without a kid choose among all issuers of a shared set.
        return fitting if len(fitting) == 1 else ()

    def _is_fresh(self) -> bool:
        return self._fetched is not None and self._clock() - self._fetched < FRESH_FOR

    def _may_try(self) -> bool:
        return self._tried is None or self._clock() - self._tried >= PAUSE

    async def _refresh(self) -> None:
        async with self._fetching:
            if not self._may_try():
                return  # Somebody else fetched while we waited.
            self._tried = self._clock()
            try:
                async with asyncio.timeout(self._patience):
                    body = await self._fetch()
                if body != self._body:
                    self._keys, self._body = _read(body), body
                    self.version += 1
                self._fetched = self._clock()
            except (httpx.HTTPError, TimeoutError, ValueError) as error:
                log.warning("The keys at %s could not be fetched: %s", self._address, str(error) or repr(error))

    async def _fetch(self) -> bytes:
        if self._client is None:
            self._client = httpx.AsyncClient(
                follow_redirects=False,
                timeout=self._patience,
                trust_env=not _is_loopback(self._address),
                headers={"accept": "application/jwk-set+json, application/json", "accept-encoding": "identity"},
                limits=httpx.Limits(max_connections=1, max_keepalive_connections=0),
            )
        async with self._client.stream("GET", self._address) as response:
            if response.status_code != httpx.codes.OK:
                raise ValueError(f"the answer's status is {response.status_code}")
            if response.headers.get("content-encoding", "identity") != "identity":
                raise ValueError("the answer is compressed")
            body = bytearray()
            async for part in response.aiter_raw():
                body += part
                if len(body) > LARGEST_SET:
                    raise ValueError(f"the answer is larger than {LARGEST_SET} bytes")
            return bytes(body)


def safe_address(address: str) -> str:
    """`address`, if it is https, or http to this very machine. Raises `UnsafeAddress`."""
    try:
        parts = urlsplit(address)
        safe = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(address))
        if safe and parts.hostname and parts.port != 0 and parts.username is None:
            return address
    except ValueError:
        pass
    raise UnsafeAddress("The address of the keys must be https (http only on this machine), without a password.")


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _read(body: bytes) -> tuple[Key, ...]:
    document = orjson.loads(body)
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("the answer is not a key set")
    keys = []
    for entry in entries[:MOST_KEYS]:
        try:
            if isinstance(entry, dict):
                keys.append(published_key(entry))
        except UnusableKey as error:
            log.debug("A key of the set is left out: %s", error)
    if not keys:
        raise ValueError("the key set holds no key that can be used")
    return tuple(keys)
