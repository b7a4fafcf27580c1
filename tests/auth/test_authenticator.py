"""Tokens, good and bad, from the headers to the user."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from tests.auth.conftest import ROLES, SECRET, Clock, auth_with, bearer, claims, part, pem, reason_of, sign
from tidegate.auth import Authenticator
from tidegate.core.catalog import Jwt
from tidegate.core.problems import ProjectError


def make(jwt: Jwt | None, clock: Clock | None = None) -> Authenticator:
    return Authenticator(auth_with(jwt), ROLES, clock or time.time)


HS = Jwt(("HS256",), secret=SECRET)


async def test_a_good_token() -> None:
    user = await make(HS).authenticate(bearer(sign(claims(role="support"))))
    assert (user.id, user.role, user.rank, user.verified) == ("ada", "support", 2, True)


async def test_nobody_is_anonymous() -> None:
    authenticator = make(HS)
    assert await authenticator.authenticate([]) is authenticator.anonymous


async def test_without_keys_everybody_is_anonymous() -> None:
    user = await make(None).authenticate(bearer(sign(claims(role="admin"))))
    assert (user.role, user.verified) == ("anonymous", False)


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
async def test_secrets(algorithm: str) -> None:
    authenticator = make(Jwt((algorithm,), secret=SECRET))
    assert (await authenticator.authenticate(bearer(sign(claims(), SECRET, algorithm)))).verified
    await reason_of(authenticator.authenticate(bearer(sign(claims(), SECRET + "x", algorithm))))


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
async def test_rsa(algorithm: str, rsa_key: rsa.RSAPrivateKey) -> None:
    authenticator = make(Jwt((algorithm,), public_key=pem(rsa_key)))
    assert (await authenticator.authenticate(bearer(sign(claims(), rsa_key, algorithm)))).verified
    other = rsa.generate_private_key(65537, 2048)
    await reason_of(authenticator.authenticate(bearer(sign(claims(), other, algorithm))))


@pytest.mark.parametrize(
    ("algorithm", "curve"),
    [("ES256", ec.SECP256R1()), ("ES384", ec.SECP384R1()), ("ES512", ec.SECP521R1()), ("ES256K", ec.SECP256K1())],
)
async def test_curves(algorithm: str, curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)
    authenticator = make(Jwt((algorithm,), public_key=pem(key)))
    assert (await authenticator.authenticate(bearer(sign(claims(), key, algorithm)))).verified
    await reason_of(authenticator.authenticate(bearer(sign(claims(), ec.generate_private_key(curve), algorithm))))


@pytest.mark.parametrize("kind", [ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey])
async def test_edwards(kind: Any) -> None:
    key = kind.generate()
    authenticator = make(Jwt(("EdDSA",), public_key=pem(key)))
    assert (await authenticator.authenticate(bearer(sign(claims(), key, "EdDSA")))).verified
    await reason_of(authenticator.authenticate(bearer(sign(claims(), kind.generate(), "EdDSA"))))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None, 0, ["HS256"], "HS384", "RS256", "xx"])
@pytest.mark.parametrize("signature", ["", "eA"])
async def test_the_algorithm_is_one_of_the_projects(algorithm: Any, signature: str) -> None:
    token = f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(claims())}.{signature}"
    await reason_of(make(HS).authenticate(bearer(token)))


async def test_a_public_key_is_no_secret(rsa_key: rsa.RSAPrivateKey, curve_key: ec.EllipticCurvePrivateKey) -> None:
    for key, algorithm in ((rsa_key, "RS256"), (curve_key, "ES256")):
        public = pem(key)
        for secret in (public, public.strip(), public.encode().hex()):
            head = f"{part({'alg': 'HS256'})}.{part(claims(role='admin'))}"
            forged = f"{head}.{part(hmac.new(secret.encode(), head.encode(), hashlib.sha256).digest())}"
            await reason_of(make(Jwt((algorithm,), public_key=public)).authenticate(bearer(forged)))


async def test_an_algorithm_of_another_key_type_is_not_tried(
    rsa_key: rsa.RSAPrivateKey, curve_key: ec.EllipticCurvePrivateKey
) -> None:
    authenticator = make(Jwt(("RS256", "ES256"), public_key=pem(rsa_key)))
    assert (await authenticator.authenticate(bearer(sign(claims(), rsa_key, "RS256")))).verified
    await reason_of(authenticator.authenticate(bearer(sign(claims(), curve_key, "ES256"))))


@pytest.mark.parametrize(
    "signature",
    [
        bytes(64),
        bytes(31) + b"\1" + bytes(32),
        bytes.fromhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551") * 2,
        b"\x30\x06\x02\x01\x00\x02\x01\x00",
        b"",
        b"\0",
    ],
)
async def test_psychic_signatures(signature: bytes, curve_key: ec.EllipticCurvePrivateKey) -> None:
    authenticator = make(Jwt(("ES256",), public_key=pem(curve_key)))
    token = f"{part({'alg': 'ES256'})}.{part(claims(role='admin'))}.{part(signature)}"
    await reason_of(authenticator.authenticate(bearer(token)))


async def test_every_changed_byte_is_noticed() -> None:
    authenticator = make(HS)
    head, body, signature = sign(claims()).split(".")
    forged = [
        f"{head}.{part(claims(role='admin'))}.{signature}",
        f"{part({'alg': 'HS256', 'kid': 'x'})}.{body}.{signature}",
        f"{head}.{body}.{signature[:-1]}",
        f"{head}.{body}.{signature[:10]}{'A' if signature[10] != 'A' else 'B'}{signature[11:]}",
        f"{head}.{body}.{signature}A",
    ]
    for token in forged:
        await reason_of(authenticator.authenticate(bearer(token)))


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64"], "b64": False},
        {"crit": []},
        {"crit": "b64"},
        {"b64": True},
        {"kid": 1},
        {"kid": ["a"]},
        {"kid": "x" * 201},
    ],
)
async def test_demanding_headers(header: dict[str, Any]) -> None:
    head = f"{part({'alg': 'HS256', **header})}.{part(claims())}"
    token = f"{head}.{part(hmac.new(SECRET.encode(), head.encode(), hashlib.sha256).digest())}"
    await reason_of(make(HS).authenticate(bearer(token)))


@pytest.mark.parametrize(
    "header", [{"kid": "../../dev/null"}, {"kid": "' or 1=1"}, {"jku": "http://127.0.0.1:9/"}, {"jwk": {"kty": "oct"}}]
)
async def test_headers_that_name_keys_mean_nothing(header: dict[str, Any]) -> None:
    good = sign(claims(), **header)
    assert (await make(HS).authenticate(bearer(good))).verified
    await reason_of(make(HS).authenticate(bearer(sign(claims(), "another secret " * 5, **header))))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b'"ada"',
        b"{",
        b"\xff\xfe",
        b'{"exp": NaN}',
        b"[" * 5000,
        b'{"sub": "\\ud800", "exp": 99999999999}',
    ],
)
async def test_signed_nonsense(payload: bytes) -> None:
    await reason_of(make(HS).authenticate(bearer(sign(payload))))


@pytest.mark.parametrize("header", [b"", b"null", b"[]", b"{", b"\xff", b"[" * 5000, b'{"alg": "HS256"', b'"HS256"'])
async def test_headers_that_are_nonsense(header: bytes) -> None:
    token = f"{part(header) or 'e30'}.{part(claims())}.eA"
    await reason_of(make(HS).authenticate(bearer(token)))


async def test_only_the_log_learns_why(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "tidegate.auth")
    old = sign(claims(exp=int(time.time()) - 60))
    assert await reason_of(make(HS).authenticate(bearer(old))) == "the token has expired"
    assert "expired" in caplog.text
    assert old.split(".")[2] not in caplog.text


async def test_a_token_is_verified_once_until_it_expires(clock: Clock) -> None:
    authenticator = make(HS, clock)
    token = bearer(sign(claims(exp=int(clock.now) + 60)))
    first = await authenticator.authenticate(token)
    assert await authenticator.authenticate(token) is first
    clock.now += 64
    assert await authenticator.authenticate(token) is first
    clock.now += 2
    assert await reason_of(authenticator.authenticate(token)) == "the token has expired"


async def test_a_refused_token_is_not_remembered(clock: Clock) -> None:
    authenticator = make(HS, clock)
    early = bearer(sign(claims(nbf=int(clock.now) + 60)))
    await reason_of(authenticator.authenticate(early))
    clock.now += 61
    assert (await authenticator.authenticate(early)).verified


@pytest.mark.parametrize(
    ("jwt", "words"),
    [
        (Jwt(("HS256",), secret="short"), "The secret has 5 bytes, and HS256 needs at least 32"),
        (Jwt(("HS256", "HS512"), secret="x" * 40), "HS512 needs at least 64"),
        (Jwt(("RS256",), secret="x" * 40), 'The algorithm "RS256" cannot be used'),
        (Jwt(("none",), secret="x" * 40), 'The algorithm "none" cannot be used'),
        (Jwt(("HS256",), public_key="x"), 'The algorithm "HS256" cannot be used'),
        (Jwt(("RS256",), public_key="x"), "not a public key"),
        (Jwt(("HS256",), jwks="https://example.com/jwks"), 'The algorithm "HS256" cannot be used'),
        (Jwt(("RS256",), jwks="http://example.com/jwks"), "must be https"),
        (Jwt(("RS256",), jwks="https://me:pw@example.com/jwks"), "must be https"),
        (Jwt(("RS256",), jwks="file:///etc/passwd"), "must be https"),
        (Jwt(("RS256",)), "no key"),
    ],
)
async def test_keys_that_cannot_be_used(jwt: Jwt, words: str) -> None:
    with pytest.raises(ProjectError, match=words) as caught:
        await make(jwt).open()
    assert "pw" not in str(caught.value)
    assert "x" * 40 not in str(caught.value)


async def test_keys_of_the_wrong_kind(rsa_key: rsa.RSAPrivateKey, edwards_key: ed25519.Ed25519PrivateKey) -> None:
    with pytest.raises(ProjectError, match="not for ES256"):
        await make(Jwt(("ES256",), public_key=pem(rsa_key))).open()
    with pytest.raises(ProjectError, match="not for RS256 or ES256"):
        await make(Jwt(("RS256", "ES256"), public_key=pem(edwards_key))).open()
    with pytest.raises(ProjectError, match="1024 bits"):
        await make(Jwt(("RS256",), public_key=pem(rsa.generate_private_key(65537, 1024)))).open()
