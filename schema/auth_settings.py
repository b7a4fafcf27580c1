"""`auth:` of tidegate.yaml -> how tokens are verified and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from tidegate.core.catalog import Auth, Jwt
from tidegate.core.location import Location
from tidegate.core.problems import Problems, did_you_mean
from tidegate.core.units import parse_duration
from tidegate.schema.environment import Environment, holds_variables
from tidegate.schema.folder import ProjectFolder
from tidegate.schema.form import Form, check_name
from tidegate.schema.tree import ListNode, Node, ScalarNode, kind_of

KEYS: Final[Mapping[str, str]] = {
    "jwt": "how tokens are verified",
    "currentUser": (
        "a mapping of fields to claims: `email: email`, `team: org.team`; a list where a claim has dots in its "
        'name: `role: ["https://example.com/role"]`. Default: `{ id: sub, role: role }`'
    ),
    "defaultRole": (
        "the role of a token that names none. Default: the lowest. A role that the project does not know is the "
        "lowest, whatever this says"
    ),
    "properties": "a query without arguments whose row becomes `currentUser.properties`",
}
JWT_KEYS: Final[Mapping[str, str]] = {
    "algorithms": (
        "a list of HS256, HS384, HS512, or of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES256K, ES384, "
        "ES512, EdDSA. Required; the two families cannot be mixed"
    ),
    "secret": "for HS: at least as long as the hash: 32 bytes for HS256, 48 for HS384, 64 for HS512",
    "publicKey": "for the others: PEM, or the name of a `.pem` file",
    "jwks": "for the others: the https address of a key set",
    "issuer": "what `iss` must be",
    "audience": "what `aud` must be or hold. Without it, a token made out to somebody is refused",
    "leeway": "how far clocks may differ. Default: `5s`; at most `5m`",
}
SYMMETRIC: Final = ("HS256", "HS384", "HS512")
ASYMMETRIC: Final = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES256K", "ES384", "ES512", "EdDSA"),
)
_SHORTEST_SECRETS: Final = {"HS256": 32, "HS384": 48, "HS512": 64}
"""Bytes. Source: RFC 7518, section 3.2: as long as the hash."""
_LONGEST_LEEWAY: Final = 300.0
_DEFAULT_CLAIMS: Final = {"id": ("sub",), "role": ("role",)}


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """`properties_at` is where the query of the properties is named; `readable` is false where the section is so
    broken that nothing can be said about the fields of currentUser."""

    auth: Auth
    properties_at: Location
    readable: bool


def read_auth(
    node: Node | None,
    roles: tuple[str, ...],
    environment: Environment,
    folder: ProjectFolder,
    problems: Problems,
    at: Location,
) -> AuthSettings:
    """With no `auth`, everybody is anonymous."""
    lowest = roles[0] if roles else "anonymous"
    if node is None:
        return AuthSettings(Auth(None, {}, lowest, None), at, readable=True)
    form = Form(environment.fill(node), "auth", KEYS, problems)
    jwt_node = form.node_of("jwt")
    jwt = _read_jwt(jwt_node, folder, problems) if jwt_node is not None else None
    claims = _read_claims(form, problems)
    if jwt_node is None and (form.has("currentUser") or form.has("properties")) and not form.unknown:
        form.required("jwt", at=form.at)
    default_role = form.word("defaultRole", roles, "a role") if roles else None
    properties = form.text("properties")
    auth = Auth(jwt, claims or {}, default_role or lowest, properties)
    readable = form.sound and claims is not None and not (form.unknown and not form.has("currentUser"))
    return AuthSettings(auth, form.node.entries["properties"].at if properties else form.at, readable)


def _read_claims(form: Form, problems: Problems) -> dict[str, tuple[str, ...]] | None:
    if not form.has("currentUser"):
        return dict(_DEFAULT_CLAIMS)
    mapping = form.mapping("currentUser")
    if mapping is None:
        return None
    claims: dict[str, tuple[str, ...]] = {}
    for name, node in mapping.entries.items():
        at = mapping.keys[name]
        check_name(name, at, "a field of currentUser", problems)
        if name == "properties":
            hint = "Name the query that gives them under auth.properties."
            problems.add(at, '"properties" cannot be a field of currentUser: it is the row of a query.', hint)
            continue
        claims[name] = _claim_path(name, node, problems)
    return claims


def _claim_path(name: str, node: Node, problems: Problems) -> tuple[str, ...]:
    match node:
        case ListNode(items=items) if items and all(
            isinstance(item, ScalarNode) and isinstance(item.value, str) and item.value for item in items
        ):
            return tuple(str(item.value) for item in items if isinstance(item, ScalarNode))
        case ScalarNode(value=str() as text) if text:
            if "/" in text or ":" in text:
                hint = f'For a claim with dots in its name, write a list: ["{text}"].'
                problems.add(node.at, f'The claim "{text}" is a name, not a path.', hint)
            elif not all(text.split(".")):
                problems.add(node.at, f'"{text}" is not the path of a claim.', "Write it like org.team.")
            return tuple(text.split("."))
        case _:
            problems.add(node.at, f'The claim of "{name}" is a text or a list of texts; {kind_of(node)} is not.')
            return (name,)


def _read_jwt(node: Node, folder: ProjectFolder, problems: Problems) -> Jwt | None:
    form = Form(node, "auth.jwt", JWT_KEYS, problems)
    if not form.sound:
        return None
    form.required("algorithms")
    algorithms = _read_algorithms(form, problems)
    keys = [key for key in ("secret", "publicKey", "jwks") if form.has(key)]
    for key in keys[1:]:
        sentence = f'"{key}" and "{keys[0]}" cannot both be set: one of them verifies the tokens.'
        problems.add(form.key_at(key), sentence, "Remove one.")
    if not keys and not form.unknown:
        problems.add(form.at, "auth.jwt says nothing to verify tokens with.", "Set secret, publicKey or jwks.")
    if len(keys) == 1 and algorithms:
        _check_match(form, keys[0], algorithms, problems)
    return Jwt(
        algorithms=algorithms,
        secret=_read_secret(form, algorithms, problems),
        public_key=_read_public_key(form, folder, problems),
        jwks=_read_jwks(form, problems),
        issuer=form.text("issuer"),
        audience=form.text("audience"),
        leeway=_read_leeway(form, problems),
    )


def _read_algorithms(form: Form, problems: Problems) -> tuple[str, ...]:
    found: list[str] = []
    known = (*SYMMETRIC, *ASYMMETRIC)
    for node in form.texts("algorithms"):
        name = str(node.value)
        if name.lower() == "none":
            problems.add(node.at, '"none" is not an algorithm: an unsigned token is never accepted.', "Remove it.")
        elif name not in known:
            problems.add(node.at, f'"{name}" is not an algorithm.', did_you_mean(name, known) or ", ".join(known))
        else:
            found.append(name)
    if found and len({name in SYMMETRIC for name in found}) > 1:
        hint = "Keep HS alone, with a secret, or leave it out: who knows the public key could sign with it."
        problems.add(
            form.node.entries["algorithms"].at, "Algorithms with a shared secret cannot be mixed with others.", hint
        )
        return ()
    return tuple(dict.fromkeys(found))


def _check_match(form: Form, key: str, algorithms: tuple[str, ...], problems: Problems) -> None:
    symmetric = algorithms[0] in SYMMETRIC
    if symmetric and key != "secret":
        problems.add(form.key_at(key), f'{algorithms[0]} is verified with a secret, not with "{key}".', "Set secret.")
    elif not symmetric and key == "secret":
        hint = "Set publicKey or jwks."
        problems.add(form.key_at(key), f"{algorithms[0]} is verified with a public key, not with a secret.", hint)


def _read_secret(form: Form, algorithms: tuple[str, ...], problems: Problems) -> str | None:
    secret = form.text("secret")
    shortest = max((_SHORTEST_SECRETS.get(name, 0) for name in algorithms), default=0)
    if secret is not None and not holds_variables(secret) and len(secret.encode()) < shortest:
        sentence = f"The secret is shorter than {shortest} bytes, so it can be guessed."
        problems.add(form.node.entries["secret"].at, sentence, f"Make one: openssl rand -hex {shortest}.")
    return secret


def _read_public_key(form: Form, folder: ProjectFolder, problems: Problems) -> str | None:
    text = form.text("publicKey")
    if text is None or holds_variables(text):
        return text
    at = form.node.entries["publicKey"].at
    if text.endswith(".pem") and "\n" not in text:
        text = folder.referenced(text, at)
        if text is None:
            return None
    if "PRIVATE KEY" in text:
        problems.add(at, "This is a private key: the gateway only verifies.", "Give it the public key alone.")
    elif not text.strip().startswith("-----BEGIN "):
        problems.add(
            at, "This is not a public key in PEM.", "It begins with -----BEGIN PUBLIC KEY-----; or name a .pem file."
        )
    return text


def _read_jwks(form: Form, problems: Problems) -> str | None:
    address = form.text("jwks")
    if address is None or holds_variables(address):
        return address
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    local = host in ("localhost", "127.0.0.1", "::1")
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
        hint = "Keys that are not fetched over https could be anybody's."
        problems.add(form.node.entries["jwks"].at, f'"{address}" is not an https address.', hint)
    return address


def _read_leeway(form: Form, problems: Problems) -> float:
    text = form.text("leeway")
    if text is None:
        return 5.0
    seconds = parse_duration(text)
    if seconds is None or seconds > _LONGEST_LEEWAY:
        hint = "Write it like 5s; at most 5m."
        problems.add(form.node.entries["leeway"].at, f'"{text}" is not a leeway.', hint)
        return 5.0
    return seconds
