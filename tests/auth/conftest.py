"""Keys and tokens, made as an issuer would and as a forger would."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Awaitable, Mapping
from typing import Any

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tidegate.auth import NOT_ACCEPTED
from tidegate.core.catalog import Auth, Jwt
from tidegate.core.errors import Code, OperationError

SECRET = "a secret for tests that has more than sixty-four bytes, as HS512 wants it to have"
ROLES = ("anonymous", "customer", "support", "admin")


def part(value: object) -> str:
    """One part of a token, of any JSON or bytes."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims(**changes: Any) -> dict[str, Any]:
    """Good claims, changed: a value of `...` leaves the claim out."""
    good = {"sub": "ada", "exp": int(time.time()) + 600, "role": "customer", **changes}
    return {name: value for name, value in good.items() if value is not ...}


def sign(payload: Mapping[str, Any] | bytes, key: Any = SECRET, algorithm: str = "HS256", **header: Any) -> str:
    """A token with a good signature over whatever it says."""
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return pyjwt.PyJWS().encode(raw, key, algorithm, headers=header or None)


def bearer(token: str) -> list[tuple[bytes, bytes]]:
    return [(b"authorization", b"Bearer " + token.encode())]


def pem(key: Any) -> str:
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return str(public.decode())


@pytest.fixture(scope="session")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def curve_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="session")
def edwards_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


class Clock:
    """Time that moves when told to."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock(time.time())


@pytest.fixture
def timer() -> Clock:
    return Clock(1000.0)


def auth_with(jwt: Jwt | None, **fields: tuple[str, ...]) -> Auth:
    """The fields `id` and `role`, and those given."""
    return Auth(jwt, {"id": ("sub",), "role": ("role",), **fields}, "customer", None)


async def reason_of(refused: Awaitable[object]) -> str:
    """Awaits what must be refused, holds what the client is told, and gives what only the log is told."""
    with pytest.raises(OperationError) as caught:
        await refused
    assert (caught.value.code, caught.value.message) == (Code.UNAUTHENTICATED, NOT_ACCEPTED)
    assert caught.value.extensions == {"code": "UNAUTHENTICATED"}
    return str(caught.value.__cause__)
