"""The keys that tokens are verified with, and which algorithms each of them may be used for.

An algorithm never comes from a token alone: it must be on the project's list and fit the key's own type, so a public
key is never taken for a shared secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate
from jwt import PyJWK, PyJWTError

PublicKey: TypeAlias = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey | Ed448PublicKey

SECRET_ALGORITHMS: Final[Mapping[str, int]] = {"HS256": 32, "HS384": 48, "HS512": 64}
"""With the least length of the secret in bytes: that of the hash, as RFC 7518 §3.2 demands."""

RSA_ALGORITHMS: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
CURVE_ALGORITHMS: Final[Mapping[str, str]] = {
    "secp256r1": "ES256",
    "secp384r1": "ES384",
    "secp521r1": "ES512",
    "secp256k1": "ES256K",
}
EDWARDS_ALGORITHMS: Final = frozenset({"EdDSA"})

PUBLIC_ALGORITHMS: Final = RSA_ALGORITHMS | EDWARDS_ALGORITHMS | frozenset(CURVE_ALGORITHMS.values())
ALGORITHMS: Final = PUBLIC_ALGORITHMS | frozenset(SECRET_ALGORITHMS)
"""Every algorithm there is. `none` is not one."""

SMALLEST_RSA: Final = 2048
"""In bits, by RFC 7518 §3.3."""


class UnusableKey(Exception):
    """The key cannot be read, or is too weak. The message says why, and holds nothing of the key."""


@dataclass(frozen=True, slots=True)
class Key:
    """`material` is what PyJWT verifies with. `id` is the `kid` of a published key."""

    material: PublicKey | bytes
    algorithms: frozenset[str]
    id: str | None = None


class KeySource(Protocol):
    """Where keys come from."""

    @property
    def version(self) -> int:
        """Changes with the keys. A token that was verified with others must be verified again."""
        ...

    async def open(self) -> None: ...

    async def find(self, algorithm: str, key_id: str | None, /) -> tuple[Key, ...]:
        """The keys that a token of this algorithm and `kid` may be signed with: none, or very few."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class FixedKey:
    """A secret or a public key from the project. The token's `kid` means nothing here."""

    key: Key

    @property
    def version(self) -> int:
        return 0

    async def open(self) -> None:
        pass

    async def find(self, algorithm: str, _key_id: str | None, /) -> tuple[Key, ...]:
        return (self.key,) if algorithm in self.key.algorithms else ()

    async def close(self) -> None:
        pass


def secret_key(secret: str, algorithms: frozenset[str]) -> Key:
    """Raises `UnusableKey` where the secret is shorter than one of `algorithms` needs."""
    material = secret.encode()
    for algorithm in sorted(algorithms):
        needed = SECRET_ALGORITHMS[algorithm]
        if len(material) < needed:
            raise UnusableKey(f"The secret has {len(material)} bytes, and {algorithm} needs at least {needed}.")
    return Key(material, algorithms)


def pem_key(text: str) -> Key:
    """A public key, or a certificate's, in PEM. Raises `UnusableKey`."""
    encoded = text.strip().encode()
    try:
        if b"BEGIN CERTIFICATE" in encoded:
            return _usable(load_pem_x509_certificate(encoded).public_key(), None)
        return _usable(load_pem_public_key(encoded), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnusableKey("The public key is not a public key or a certificate in PEM.") from error


# Any: JWK is open-ended JSON.
def published_key(jwk: Mapping[str, Any]) -> Key:
    """A key of a JWK set. Raises `UnusableKey` for what is not a public signature key that we know."""
    if jwk.get("use", "sig") != "sig" or "verify" not in jwk.get("key_ops", ["verify"]):
        raise UnusableKey("The key is not for signatures.")
    if jwk.get("kty") not in ("RSA", "EC", "OKP"):
        raise UnusableKey("The key is not a public key.")
    key_id = jwk.get("kid")
    if key_id is not None and not isinstance(key_id, str):
        raise UnusableKey("The key's kid is not text.")
    try:
        key = _usable(PyJWK(dict(jwk)).key, key_id)
    except (PyJWTError, ValueError, TypeError, KeyError, AttributeError, UnsupportedAlgorithm) as error:
        raise UnusableKey("The key cannot be read.") from error
    only = jwk.get("alg")
    return key if only is None else Key(key.material, key.algorithms & {only}, key.id)


def _usable(material: object, key_id: str | None) -> Key:
    match material:
        case RSAPublicKey():
            if material.key_size < SMALLEST_RSA:
                raise UnusableKey(f"The RSA key has {material.key_size} bits, and {SMALLEST_RSA} is the least.")
            return Key(material, RSA_ALGORITHMS, key_id)
        case EllipticCurvePublicKey() if material.curve.name in CURVE_ALGORITHMS:
            return Key(material, frozenset({CURVE_ALGORITHMS[material.curve.name]}), key_id)
        case Ed25519PublicKey() | Ed448PublicKey():
            return Key(material, EDWARDS_ALGORITHMS, key_id)
    raise UnusableKey("The key is of a type that no algorithm here uses.")
