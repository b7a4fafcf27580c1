"""Published keys, against a real server that counts who asks."""

from __future__ import annotations

import asyncio
import json
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from tests.auth.conftest import ROLES, SECRET, Clock, auth_with, bearer, claims, part, pem, reason_of, sign
from tidegate.auth import Authenticator
from tidegate.auth.jwks import FRESH_FOR, LARGEST_SET, PAUSE, PublishedKeys, UnsafeAddress, safe_address
from tidegate.core.catalog import Jwt


class Issuer:
    """Serves a key set, and whatever else it is told to. `asked` counts the requests."""

    def __init__(self) -> None:
        self.asked = 0
        self.changed = asyncio.Condition()
        self.keys: list[dict[str, Any]] = []
        self.status = "200 OK"
        self.headers = ""
        self.body: bytes | None = None
        self.answering = asyncio.Event()
        self.answering.set()
        self.port = 0
        self.answers: set[asyncio.Task[Any]] = set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/jwks.json"

    def publish(self, kid: str | None, key: Any, **more: Any) -> None:
        algorithm: Any = OKPAlgorithm
        if isinstance(key, rsa.RSAPrivateKey):
            algorithm = RSAAlgorithm
        elif isinstance(key, ec.EllipticCurvePrivateKey):
            algorithm = ECAlgorithm
        jwk = json.loads(algorithm.to_jwk(key.public_key()))
        self.keys.append({**jwk, **({"kid": kid} if kid is not None else {}), **more})

    async def answer(self, reader: StreamReader, writer: StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            self.answers.add(task)
        await reader.readuntil(b"\r\n\r\n")
        async with self.changed:
            self.asked += 1
            self.changed.notify_all()
        await self.answering.wait()
        body = json.dumps({"keys": self.keys}).encode() if self.body is None else self.body
        writer.write(f"HTTP/1.1 {self.status}\r\n{self.headers}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    issuer = Issuer()
    server = await asyncio.start_server(issuer.answer, "127.0.0.1", 0)
    issuer.port = server.sockets[0].getsockname()[1]
    async with server:
        yield issuer
        issuer.answering.set()
        # A server that is closed does not wait for its connections, and one that outlives its loop is a leak.
        await asyncio.gather(*issuer.answers, return_exceptions=True)


Made = tuple[Issuer, Authenticator]


@pytest.fixture
async def made(issuer: Issuer, timer: Clock, clock: Clock) -> AsyncIterator[Made]:
    jwt = Jwt(("RS256", "ES256", "EdDSA"), jwks=issuer.address)
    authenticator = Authenticator(auth_with(jwt), ROLES, clock, timer)
    yield issuer, authenticator
    await authenticator.close()


number = count()


async def good(authenticator: Authenticator, key: Any, algorithm: str, **header: Any) -> None:
    """A token that was never seen before."""
    assert (
        await authenticator.authenticate(bearer(sign(claims(jti=str(next(number))), key, algorithm, **header)))
    ).verified


async def bad(authenticator: Authenticator, key: Any, algorithm: str, **header: Any) -> None:
    await reason_of(authenticator.authenticate(bearer(sign(claims(jti=str(next(number))), key, algorithm, **header))))


async def asked(issuer: Issuer, times: int) -> None:
    async with asyncio.timeout(60), issuer.changed:
        await issuer.changed.wait_for(lambda: issuer.asked >= times)


async def test_every_kind_of_key_is_fetched_once(
    made: Made,
    rsa_key: rsa.RSAPrivateKey,
    curve_key: ec.EllipticCurvePrivateKey,
    edwards_key: ed25519.Ed25519PrivateKey,
) -> None:
    issuer, authenticator = made
    issuer.publish("a", rsa_key, use="sig", alg="RS256")
    issuer.publish("b", curve_key)
    issuer.publish("c", edwards_key, key_ops=["verify"])
    await authenticator.open()
    for _ in range(2):
        await good(authenticator, rsa_key, "RS256", kid="a")
        await good(authenticator, curve_key, "ES256", kid="b")
        await good(authenticator, edwards_key, "EdDSA", kid="c")
        await good(authenticator, edwards_key, "EdDSA")
    assert issuer.asked == 1


async def test_an_unknown_kid_is_asked_for_but_not_more_often_than_allowed(
    made: Made, timer: Clock, rsa_key: rsa.RSAPrivateKey
) -> None:
    issuer, authenticator = made
    issuer.publish("old", rsa_key)
    await good(authenticator, rsa_key, "RS256", kid="old")
    renewed = rsa.generate_private_key(65537, 2048)
    issuer.keys.clear()
    issuer.publish("new", renewed)
    await bad(authenticator, renewed, "RS256", kid="new")  # fetched a moment ago
    timer.now += PAUSE
    await good(authenticator, renewed, "RS256", kid="new")
    assert issuer.asked == 2
    for guess in range(50):
        await bad(authenticator, renewed, "RS256", kid=f"guess {guess}")
    assert issuer.asked == 2
    timer.now += PAUSE
    for guess in range(50):
        await bad(authenticator, renewed, "RS256", kid=f"guess {guess}")
    assert issuer.asked == 3
    await bad(authenticator, rsa_key, "RS256", kid="old")


async def test_one_fetch_at_a_time(made: Made, rsa_key: rsa.RSAPrivateKey) -> None:
    issuer, authenticator = made
    issuer.publish("a", rsa_key)
    issuer.answering.clear()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(20):
            tasks.create_task(good(authenticator, rsa_key, "RS256", kid="a"))
        await asked(issuer, 1)
        issuer.answering.set()
    assert issuer.asked == 1


async def test_who_finds_its_key_does_not_wait_for_a_fetch(
    made: Made, timer: Clock, rsa_key: rsa.RSAPrivateKey
) -> None:
    issuer, authenticator = made
    issuer.publish("a", rsa_key)
    await good(authenticator, rsa_key, "RS256", kid="a")
    timer.now += FRESH_FOR
    issuer.answering.clear()
    waiting = asyncio.create_task(good(authenticator, rsa_key, "RS256", kid="a"))
    await asked(issuer, 2)
    await good(authenticator, rsa_key, "RS256", kid="a")
    assert not waiting.done()
    issuer.answering.set()
    await waiting


async def test_a_withdrawn_key_ends_its_tokens(
    made: Made, timer: Clock, clock: Clock, rsa_key: rsa.RSAPrivateKey, curve_key: ec.EllipticCurvePrivateKey
) -> None:
    issuer, authenticator = made
    issuer.publish("a", rsa_key)
    token = bearer(sign(claims(exp=int(clock.now) + 86400), rsa_key, "RS256", kid="a"))
    assert (await authenticator.authenticate(token)).verified
    issuer.keys.clear()
    issuer.publish("b", curve_key)
    timer.now += FRESH_FOR
    clock.now += FRESH_FOR
    await reason_of(authenticator.authenticate(token))


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        ("500 Internal Server Error", "", b"{}"),
        ("302 Found", "Location: http://127.0.0.1:9/\r\n", b""),
        ("200 OK", "", b"<html>"),
        ("200 OK", "", b"[]"),
        ("200 OK", "", b'{"keys": []}'),
        ("200 OK", "", b'{"keys": {"a": 1}}'),
        ("200 OK", "", b'{"keys": [1, null, {"kty": "RSA"}, {"kty": "EC", "crv": "P-256", "x": "", "y": ""}]}'),
        ("200 OK", "", b'{"keys": "' + b"x" * LARGEST_SET + b'"}'),
        ("200 OK", "Content-Encoding: gzip\r\n", b"\x1f\x8b"),
        ("2", "", b""),
    ],
)
async def test_what_is_not_a_key_set_leaves_the_keys_as_they_were(
    made: Made, timer: Clock, rsa_key: rsa.RSAPrivateKey, status: str, headers: str, body: bytes
) -> None:
    issuer, authenticator = made
    issuer.publish("a", rsa_key)
    await good(authenticator, rsa_key, "RS256", kid="a")
    issuer.status, issuer.headers, issuer.body = status, headers, body
    timer.now += FRESH_FOR
    await good(authenticator, rsa_key, "RS256", kid="a")
    assert issuer.asked == 2
    await bad(authenticator, rsa_key, "RS256", kid="b")


async def test_an_issuer_that_is_down_is_not_fatal(made: Made, timer: Clock, rsa_key: rsa.RSAPrivateKey) -> None:
    issuer, authenticator = made
    issuer.status = "503 Service Unavailable"
    await authenticator.open()
    await bad(authenticator, rsa_key, "RS256", kid="a")
    issuer.status = "200 OK"
    issuer.publish("a", rsa_key)
    timer.now += PAUSE
    await good(authenticator, rsa_key, "RS256", kid="a")


async def test_a_slow_issuer_is_not_waited_for(issuer: Issuer, timer: Clock, rsa_key: rsa.RSAPrivateKey) -> None:
    issuer.publish("a", rsa_key)
    keys = PublishedKeys(issuer.address, timer, patience=0.2)
    issuer.answering.clear()
    assert await keys.find("RS256", "a") == ()
    issuer.answering.set()
    timer.now += PAUSE
    assert len(await keys.find("RS256", "a")) == 1
    await keys.close()


async def test_keys_are_used_for_what_they_are_published_for(
    made: Made, rsa_key: rsa.RSAPrivateKey, curve_key: ec.EllipticCurvePrivateKey
) -> None:
    issuer, authenticator = made
    issuer.publish("encrypts", rsa_key, use="enc")
    issuer.publish("signs", rsa_key, key_ops=["sign"])
    issuer.publish("other", rsa_key, alg="PS256")
    issuer.publish("a", curve_key)
    issuer.keys.append({"kty": "oct", "kid": "secret", "k": part(SECRET.encode())})
    for kid in ("encrypts", "signs", "other"):
        await bad(authenticator, rsa_key, "RS256", kid=kid)
    await bad(authenticator, rsa_key, "RS256", kid="a")
    await bad(authenticator, SECRET, "HS256", kid="secret")
    await good(authenticator, curve_key, "ES256", kid="a")


async def test_a_published_key_is_no_secret(made: Made, rsa_key: rsa.RSAPrivateKey) -> None:
    issuer, authenticator = made
    issuer.publish("a", rsa_key)
    await good(authenticator, rsa_key, "RS256", kid="a")
    await bad(authenticator, pem(rsa_key).encode().hex(), "HS256", kid="a")


async def test_without_a_kid_the_key_must_be_the_only_one(
    made: Made, rsa_key: rsa.RSAPrivateKey, curve_key: ec.EllipticCurvePrivateKey
) -> None:
    issuer, authenticator = made
    issuer.publish(None, rsa_key)
    issuer.publish("b", curve_key)
    issuer.publish("c", ec.generate_private_key(ec.SECP256R1()))
    await good(authenticator, rsa_key, "RS256")
    await bad(authenticator, curve_key, "ES256")
    await good(authenticator, curve_key, "ES256", kid="b")


async def test_a_token_cannot_make_us_ask_anybody_else(made: Made, rsa_key: rsa.RSAPrivateKey) -> None:
    _, authenticator = made
    trap = Issuer()
    server = await asyncio.start_server(trap.answer, "127.0.0.1", 0)
    trap.port = server.sockets[0].getsockname()[1]
    trap.publish("a", rsa_key)
    async with server:
        await bad(authenticator, rsa_key, "RS256", kid="a", jku=trap.address, x5u=trap.address)
        await bad(authenticator, rsa_key, "RS256", kid=trap.address)
    assert trap.asked == 0


def test_addresses() -> None:
    for address in ("https://issuer.example/jwks", "http://localhost:1/", "http://127.0.0.1/x", "http://[::1]:8/"):
        assert safe_address(address) == address
    for address in (
        "http://issuer.example/jwks",
        "http://127.0.0.1.issuer.example/",
        "http://localhost.issuer.example/",
        "ftp://127.0.0.1/",
        "//127.0.0.1/",
        "https://",
        "https://user@issuer.example/",
        "https://[::1/",
        "https://a:99999/",
        "",
    ):
        with pytest.raises(UnsafeAddress):
            safe_address(address)
