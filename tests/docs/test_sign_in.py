"""docs/how-to/sign-in.md: each configuration as it stands there, given tokens of that service's shape.

The shapes are those of public documentation and of tokens that people have published (November 2026): which claims
there are, what is a list, which header. Only where the keys are fetched is another place: the path is theirs.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.auth.conftest import bearer, part, reason_of, sign
from tests.docs.blocks import Block, blocks
from tidegate.auth import Authenticator
from tidegate.kinds import installed_kinds
from tidegate.schema.compile import compile_project

PAGE: Final = "how-to/sign-in.md"
SHOWN: Final = {block.title: block for block in blocks(PAGE)}
PROBE: Final = "probe: { kind: query, minRole: anonymous, returns: Int!, steps: [{ return: 1 }] }\n"
"""What makes settings alone a project."""
OLD_SECRET: Final = "the shared secret of a project that was made long ago"
MINUTE: Final = 60
Claims = dict[str, Any]
"""Any: JSON."""

RSA: Final = rsa.generate_private_key(65537, 2048)
CURVE: Final = ec.generate_private_key(ec.SECP256R1())
OTHER: Final = rsa.generate_private_key(65537, 2048)


def jwk(key: Any, **more: Any) -> Claims:
    """As it is published. Any: the two kinds of keys."""
    algorithm = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    return {**json.loads(algorithm.to_jwk(key.public_key())), **more}


@dataclass(frozen=True)
class Service:
    """`path` is where its keys are published. `header` and `claims` are those of a good token."""

    path: str
    keys: tuple[Claims, ...]
    algorithm: str
    header: Mapping[str, str]
    claims: Claims

    def token(self, *, signed: Any = None, header: Mapping[str, str] | None = None, **changes: Any) -> str:
        """Any: keys and claims. A claim of `...` is left out."""
        key = signed or (CURVE if self.algorithm == "ES256" else OLD_SECRET if self.algorithm == "HS256" else RSA)
        now = int(time.time())
        said = {"iat": now, "exp": now + MINUTE, **self.claims, **changes}
        said = {name: value for name, value in said.items() if value is not ...}
        return sign(said, key, self.algorithm, **{**self.header, **(header or {})})


def action(user: Mapping[str, Any], authorization: Mapping[str, Any] | None) -> Claims:
    """What Auth0's action on the page writes into the access token."""
    event = json.dumps({"user": user, **({} if authorization is None else {"authorization": authorization})})
    program = f"""
      const claims = {{}};
      const api = {{ accessToken: {{ setCustomClaim: (name, value) => {{ claims[name] = value; }} }} }};
      {SHOWN["auth0/action.js"].text}
      exports.onExecutePostLogin({event}, api).then(() => console.log(JSON.stringify(claims)));
    """
    node = shutil.which("node")
    assert node is not None
    done = subprocess.run([node, "-e", program], capture_output=True, text=True, check=True)
    written: Claims = json.loads(done.stdout)
    return written


def customized(user: Mapping[str, Any]) -> Claims:
    """The claims that Clerk adds, by the page's template: a shortcode alone is its value."""
    wanted: Mapping[str, str] = json.loads(SHOWN["clerk/claims.json"].text)
    claims: Claims = {}
    for name, shortcode in wanted.items():
        value: Any = {"user": user}
        for step in shortcode.removeprefix("{{").removesuffix("}}").split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        claims[name] = value
    return claims


TENANT: Final = "https://YOUR-TENANT.eu.auth0.com"
MAILED: Final = {"email": "ada@example.com", "email_verified": True}
AUTH0: Final = Service(
    path="/.well-known/jwks.json",
    keys=(jwk(RSA, kid="NjVBRjY5MDlCMUIw", use="sig", alg="RS256"), jwk(OTHER, kid="next", use="sig", alg="RS256")),
    algorithm="RS256",
    header={"typ": "JWT", "kid": "NjVBRjY5MDlCMUIw"},
    claims={
        "iss": f"{TENANT}/",
        "sub": "auth0|5878e4cdf299cf16c0558a10",
        "aud": ["https://api.example.com", f"{TENANT}/userinfo"],
        "scope": "openid profile email",
        "azp": "XByZxpuDPlwnXe1mYTe2gu3VP8n59ld1",
        **action(MAILED, {"roles": ["support", "billing", "admin"]}),
    },
)
CLERK: Final = Service(
    path="/.well-known/jwks.json",
    keys=(jwk(RSA, kid="ins_2abc", use="sig", alg="RS256"),),
    algorithm="RS256",
    header={"typ": "JWT", "kid": "ins_2abc", "cat": "cl_B7d4PD111AAA"},
    claims={
        "iss": "https://YOUR-APP.clerk.accounts.dev",
        "sub": "user_2abcdef",
        "sid": "sess_2abcdef",
        "sts": "active",
        "azp": "https://app.example.com",
        "fva": [7, -1],
        "nbf": int(time.time()) - 10,
        "v": 2,
        "fea": "u:dashboard",
        "pla": "u:free",
        **customized({"primary_email_address": "ada@example.com", "public_metadata": {"role": "admin"}}),
    },
)
PROJECT: Final = "https://YOUR-PROJECT.supabase.co/auth/v1"
SUPABASE: Final = Service(
    path="/auth/v1/.well-known/jwks.json",
    keys=(jwk(CURVE, kid="4a7b", use="sig", alg="ES256", key_ops=["verify"], ext=True),),
    algorithm="ES256",
    header={"typ": "JWT", "kid": "4a7b"},
    claims={
        "iss": PROJECT,
        "aud": "authenticated",
        "sub": "8ccaa7af-909f-44e7-84cb-67cdccb56be6",
        "role": "authenticated",
        "aal": "aal1",
        "amr": [{"method": "password", "timestamp": 1715686621}],
        "session_id": "4b938a09-5372-4177-a314-cfa292099ea2",
        "email": "ada@example.com",
        "phone": "",
        "is_anonymous": False,
        "app_metadata": {"provider": "email", "providers": ["email"], "role": "admin"},
        "user_metadata": {"role": "a name for the screen"},
    },
)
SHARED: Final = Service("", (), "HS256", {"typ": "JWT"}, SUPABASE.claims)
REALM: Final = "https://id.example.com/realms/YOUR-REALM"
KEYCLOAK: Final = Service(
    path="/realms/YOUR-REALM/protocol/openid-connect/certs",
    keys=(
        jwk(OTHER, kid="for encryption", use="enc", alg="RSA-OAEP"),
        jwk(RSA, kid="nnniBrxL0qhG79pkF3ccQj", use="sig", alg="RS256"),
    ),
    algorithm="RS256",
    header={"typ": "JWT", "kid": "nnniBrxL0qhG79pkF3ccQj"},
    claims={
        "jti": "onrtac:d58f5dc8",
        "iss": REALM,
        "aud": ["desk", "account"],
        "sub": "36fa0f91-f94d-4a0c-afed-6b7d952e47da",
        "typ": "Bearer",
        "azp": "desk-web",
        "sid": "2a88c258-f73a-4103-b862-e1fbd8f4e04e",
        "acr": "1",
        "allowed-origins": ["https://app.example.com"],
        "realm_access": {
            "roles": ["default-roles-your-realm", "offline_access", "admin", "uma_authorization", "customer"]
        },
        "resource_access": {"account": {"roles": ["manage-account", "view-profile"]}},
        "scope": "openid desk email profile",
        "preferred_username": "ada",
        **MAILED,
    },
)
SERVICES: Final = {
    "auth0": AUTH0,
    "clerk": CLERK,
    "supabase": SUPABASE,
    "supabase-secret": SHARED,
    "keycloak": KEYCLOAK,
}
STRANGERS: Final[Mapping[str, tuple[Claims, ...]]] = {
    # The ID token; a token of the tenant's other API; an issuer without the slash.
    "auth0": ({"aud": "XByZxpuDPlwnXe1mYTe2gu3VP8n59ld1"}, {"aud": "https://other.example.com"}, {"iss": TENANT}),
    # Of a JWT template with an audience; of another instance.
    "clerk": ({"aud": "hasura"}, {"iss": "https://other.clerk.accounts.dev"}),
    # The API keys, which are tokens too; those of another project.
    "supabase": ({"iss": "supabase", "aud": ..., "role": "anon"}, {"iss": "https://other.supabase.co/auth/v1"}),
    "supabase-secret": (
        {"iss": "supabase", "aud": ..., "role": "anon"},
        {"iss": "supabase", "aud": ..., "role": "service_role", "app_metadata": {"role": "admin"}},
    ),
    # Without the mapper; the ID token; another realm's.
    "keycloak": ({"aud": "account"}, {"aud": ...}, {"aud": "desk-web", "typ": "ID"}, {"iss": f"{REALM}-2"}),
}
ROLES: Final[Mapping[str, tuple[tuple[Claims, str], ...]]] = {
    "auth0": (
        (action(MAILED, {"roles": []}), "customer"),
        (action(MAILED, None), "customer"),
        (action(MAILED, {"roles": ["billing"]}), "anonymous"),
        (action(MAILED, {"roles": ["support"]}), "support"),
    ),
    "clerk": (
        (customized({"primary_email_address": "ada@example.com", "public_metadata": {}}), "customer"),
        (customized({"unsafe_metadata": {"role": "admin"}, "public_metadata": {"role": "support"}}), "support"),
    ),
    "supabase": (({"app_metadata": {"provider": "email"}, "user_metadata": {"role": "admin"}}, "customer"),),
    "supabase-secret": (({"app_metadata": {}}, "customer"),),
    "keycloak": (
        ({"realm_access": {"roles": ["default-roles-your-realm", "offline_access", "customer"]}}, "customer"),
        ({"realm_access": {"roles": ["default-roles-your-realm", "offline_access"]}}, "anonymous"),
        ({"realm_access": ...}, "anonymous"),
    ),
}


class Published(BaseHTTPRequestHandler):
    """Key sets, each under the name of its service, at the path that it has there, and nowhere else."""

    def do_GET(self) -> None:
        name, _, path = self.path.removeprefix("/").partition("/")
        known = name in SERVICES and f"/{path}" == SERVICES[name].path
        body = json.dumps({"keys": SERVICES[name].keys} if known else {}).encode()
        self.send_response(200 if known else 404)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def issuers() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Published)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def authenticator(folder: Path, block: Block, issuers: str) -> Authenticator:
    """By the page's own configuration."""
    block.write(folder)
    project = (folder / block.title).parent
    (found,) = [address for address in block.text.split() if address.endswith((".json", "/certs"))] or [""]
    if found:
        file, near = project / "tidegate.yaml", f"{issuers}/{project.name}{urlsplit(found).path}"
        file.write_text(block.text.replace(found, near), encoding="utf-8")
    (project / "operations").mkdir()
    (project / "operations" / "probe.yaml").write_text(PROBE)
    catalog = compile_project(project, installed_kinds(), {"SUPABASE_JWT_SECRET": OLD_SECRET})
    return Authenticator(catalog.auth, catalog.roles)


def test_the_page_has_all_of_them() -> None:
    assert {name for title in SHOWN if (name := title.removesuffix("/tidegate.yaml")) != title} == set(SERVICES)
    assert set(STRANGERS) == set(ROLES) == set(SERVICES)


@pytest.mark.parametrize("name", SERVICES)
async def test_sign_in(tmp_path: Path, issuers: str, name: str) -> None:
    service = SERVICES[name]
    by = authenticator(tmp_path, SHOWN[f"{name}/tidegate.yaml"], issuers)
    await by.open()
    user = await by.authenticate(bearer(service.token()))
    assert user.fields == {"id": service.claims["sub"], "email": "ada@example.com", "role": "admin"}
    assert user.verified
    for claims, role in ROLES[name]:
        assert (await by.authenticate(bearer(service.token(**claims)))).role == role, claims
    for claims in STRANGERS[name]:
        reason = await reason_of(by.authenticate(bearer(service.token(**claims))))
        assert reason in ("the issuer is another", "the audience is another"), claims
    assert "expired" in await reason_of(by.authenticate(bearer(service.token(exp=int(time.time()) - 2 * MINUTE))))
    unsigned = f"{part({**service.header, 'alg': 'none'})}.{part(service.claims)}.{part(b'x')}"
    assert "algorithm" in await reason_of(by.authenticate(bearer(unsigned)))
    if service.keys:
        forged = service.token(signed=ec.generate_private_key(ec.SECP256R1()) if name == "supabase" else OTHER)
        assert "signature" in await reason_of(by.authenticate(bearer(forged)))
        unknown = service.token(header={"kid": "another"})
        assert "no key fits" in await reason_of(by.authenticate(bearer(unknown)))
    await by.close()
