"""How a request shows that it is from whoever knows a secret: the same for those that come and those that go."""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from tidegate.core.triggers import Signature

HEADERS: Final[Mapping[Signature, str]] = {
    Signature.HMAC: "x-signature",
    Signature.GITHUB: "x-hub-signature-256",
    Signature.STRIPE: "stripe-signature",
    Signature.STANDARD: "webhook-signature",
    Signature.TOKEN: "x-webhook-token",
}
"""Where each signature is, if nothing else is said."""
FREE: Final = (Signature.HMAC, Signature.TOKEN)
"""Those that can be in another header."""
STANDARD_PREFIX: Final = "whsec_"
SHORTEST_SECRET: Final = 16
"""Bytes."""


def standard_key(secret: str) -> bytes | None:
    """The bytes that a secret of Standard Webhooks stands for; none if it is none."""
    text = secret.removeprefix(STANDARD_PREFIX)
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def weakness(secret: str, signature: Signature) -> tuple[str, str] | None:
    """What is wrong with a secret, a sentence and a hint; nothing of it is in them."""
    if len(key_of(secret)) < SHORTEST_SECRET:
        sentence = f"The secret is shorter than {SHORTEST_SECRET} bytes, so it can be guessed."
        return sentence, "Make one: openssl rand -hex 32."
    if signature is Signature.STANDARD and standard_key(secret) is None:
        sentence = f"This is not a secret of Standard Webhooks: {STANDARD_PREFIX} and base64."
        return sentence, "Take it as the sender shows it."
    return None


def key_of(secret: str) -> bytes:
    # What the environment has may be any bytes.
    return secret.encode(errors="surrogateescape")


def digest(signature: Signature, secret: str, body: bytes, time: bytes = b"", name: bytes = b"") -> bytes:
    """HMAC-SHA256 of what is signed. `time`: of STRIPE and STANDARD, in seconds since the epoch; `name`: of STANDARD,
    the delivery's. Source: docs.stripe.com/webhooks/signature, and the specification of Standard Webhooks."""
    match signature:
        case Signature.STANDARD:
            key = standard_key(secret)
            assert key is not None
            return hmac.new(key, name + b"." + time + b"." + body, sha256).digest()
        case Signature.STRIPE:
            return hmac.new(key_of(secret), time + b"." + body, sha256).digest()
        case _:
            return hmac.new(key_of(secret), body, sha256).digest()


def sign(signature: Signature, header: str, secret: str, body: bytes, time: int, name: str) -> Mapping[str, str]:
    """The headers that show it."""
    at = str(time)
    found = digest(signature, secret, body, at.encode(), name.encode())
    match signature:
        case Signature.TOKEN:
            shown = key_of(secret).decode("latin-1")
            return {header: f"Bearer {shown}" if header == "authorization" else shown}
        case Signature.HMAC | Signature.GITHUB:
            return {header: f"sha256={found.hex()}"}
        case Signature.STRIPE:
            return {header: f"t={at},v1={found.hex()}"}
        case Signature.STANDARD:
            return {"webhook-timestamp": at, header: f"v1,{b64encode(found).decode()}"}
