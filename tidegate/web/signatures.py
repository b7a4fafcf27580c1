"""A request of another system -> whether it is from whoever knows the webhook's secret."""

from __future__ import annotations

import hmac
from base64 import b64decode
from binascii import Error
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, Protocol

from tidegate.core.signing import digest, key_of
from tidegate.core.triggers import Signature

TOLERANCE: Final = 300.0
"""Seconds that a signed time may differ from ours, to either side. Source: Standard Webhooks; Stripe has the same."""

_LONGEST_ID: Final = 256
_BEARER: Final = b"bearer "


class Sealed(Protocol):
    """What only those may ask who know the secret."""

    @property
    def secret(self) -> str: ...

    @property
    def signature(self) -> Signature: ...

    @property
    def header(self) -> str: ...


class Forged(Exception):
    """The message is for the log alone; nothing of the request or the secret is in it."""


def verify(sealed: Sealed, fields: Mapping[bytes, bytes], body: bytes, now: float) -> bytes | None:
    """What tells this request apart from all others of the sender, where that is signed too. `fields` are the headers,
    `now` in seconds since the epoch. Raises `Forged`."""
    secret = sealed.secret
    match sealed.signature:
        case Signature.TOKEN:
            given = _field(fields, sealed.header)
            if sealed.header == "authorization" and given[: len(_BEARER)].lower() == _BEARER:
                given = given[len(_BEARER) :].strip()
            _compare([given], key_of(secret))
            return None
        case Signature.HMAC | Signature.GITHUB as signature:
            given = _field(fields, sealed.header).removeprefix(b"sha256=")
            _compare([given.lower()], digest(signature, secret, body).hex().encode())
            return None
        case Signature.STRIPE:
            return _stripe(_field(fields, sealed.header), secret, body, now)
        case Signature.STANDARD:
            return _standard(fields, sealed, body, now)


def _stripe(header: bytes, secret: str, body: bytes, now: float) -> bytes:
    """A retry is signed anew, so the signature is its name."""
    pairs = [part.strip().partition(b"=") for part in header.split(b",")]
    times = [value for key, _, value in pairs if key == b"t"]
    if len(times) != 1:
        raise Forged("it names no time")
    expected = digest(Signature.STRIPE, secret, body, times[0]).hex().encode()
    _compare([value for key, _, value in pairs if key == b"v1"], expected)
    _check_time(times[0], now)
    return expected


def _standard(fields: Mapping[bytes, bytes], sealed: Sealed, body: bytes, now: float) -> bytes:
    """Headers that begin with `svix-` mean the same."""
    family = b"webhook" if b"webhook-id" in fields else b"svix"
    name, time, given = (
        _field(fields, (family + b"-" + part).decode()) for part in (b"id", b"timestamp", b"signature")
    )
    if len(name) > _LONGEST_ID:
        raise Forged("its id is too long")
    expected = digest(Signature.STANDARD, sealed.secret, body, time, name)
    versions = [part.partition(b",") for part in given.split()]
    _compare([_decoded(value) for version, _, value in versions if version == b"v1"], expected)
    _check_time(time, now)
    return sha256(name).digest()


def _field(fields: Mapping[bytes, bytes], name: str) -> bytes:
    value = fields.get(name.encode())
    if not value:
        raise Forged(f"it has no header {name}")
    return value.strip()


def _decoded(text: bytes) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (Error, ValueError):
        return b""


def _compare(given: list[bytes], expected: bytes) -> None:
    """All of them, whatever comes of the first: the time it takes tells nothing."""
    if True not in [hmac.compare_digest(each, expected) for each in given]:
        raise Forged("its signature is not the one for this body and secret")


def _check_time(text: bytes, now: float) -> None:
    if not text.isdigit() or len(text) > 12:
        raise Forged("its time is not a number of seconds")
    if abs(int(text) - now) > TOLERANCE:
        raise Forged(f"its time is more than {TOLERANCE:.0f} seconds away from ours")
