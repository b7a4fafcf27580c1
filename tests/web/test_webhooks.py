"""Operations run by other systems: every kind of signature, whoever has none, and the same request again."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import httpx
import pytest
import pytest_asyncio

from tests.web.conftest import SECRET as JWT_SECRET
from tests.web.conftest import FakeGateway, Running, running
from tidegate.app import Gateway
from tidegate.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = "whsec_" + b64encode(b"a key of twenty-four byte").decode()
KEY = SECRET.encode()

RECORD = """
  minRole: support
  args: { kind: String!, amount: Int, flag: Boolean = true, data: JSON, tags: "[String!]", note: String }
  returns: Entry!
  run:
    use: entries
    create:
      kind: $args.kind
      amount: $args.amount
      flag: $args.flag
      data: $args.data
      who: $currentUser.id
      note: $args.note
"""

FILES = {
    "tidegate.yaml": f"""
name: hooks
roles: [anonymous, customer, support, admin]
auth:
  jwt: {{ algorithms: HS256, secret: "{JWT_SECRET}" }}
  currentUser: {{ id: sub, role: role, email: email }}
limits: {{ body: 4KiB }}
integrations:
  db: {{ kind: sqlite, file: desk.db, migrations: migrations }}
""",
    "types.graphql": """
type Entry { id: Int! kind: String! amount: Int flag: Boolean data: JSON who: String note: String }
""",
    "migrations/0001_entries.sql": """
create table entries (
  id integer primary key, kind text not null, amount integer, flag boolean, data text, who text, note text
);
create table slow (id integer primary key);
""",
    "objects/entries.yaml": """
entries:
  integration: db
  table: entries
  key: id
  type: Entry
  columns: { note: { minRole: admin } }
  access: { read: { support: all }, create: { support: all } }
  actions:
    refuse: { on: before create, js: actions/refuse.js }
""",
    "actions/refuse.js": """
async function backandCallback(input) {
  if (input.kind === 'refused') throw new Error('not of this kind');
}""",
    "operations/hooks.yaml": f"""
entries: {{ kind: query, minRole: support, returns: "[Entry!]!", run: {{ use: entries, list: {{}} }} }}
plain:
  kind: mutation{RECORD}
  webhook: {{ path: plain, secret: "${{HOOK}}" }}
own:
  kind: mutation{RECORD}
  webhook: {{ path: own/header, secret: "${{HOOK}}", header: X-Own }}
github:
  kind: mutation{RECORD}
  webhook:
    path: github
    secret: "${{HOOK}}"
    signature: github
    args: {{ kind: $headers.x-github-event, amount: $body.pull.number, data: $body, flag: $query.flag }}
    currentUser: {{ id: octocat, role: admin }}
stripe:
  kind: mutation{RECORD}
  webhook:
    path: stripe
    secret: "${{HOOK}}"
    signature: stripe
    args: {{ kind: $body.type, data: {{ of: [$body.items.1, $body.none, 7], id: $body.id, gone: $body.none }} }}
standard:
  kind: mutation{RECORD}
  webhook: {{ path: standard, secret: "${{HOOK}}", signature: standard }}
token:
  kind: mutation{RECORD}
  webhook: {{ path: token, secret: "${{HOOK}}", signature: token }}
bearer:
  kind: mutation{RECORD}
  webhook: {{ path: bearer, secret: "${{HOOK}}", signature: token, header: Authorization }}
""",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hooks")
    for name, text in FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(folder: Path) -> AsyncIterator[Gateway]:
    gateway = Gateway.load(folder, {"HOOK": SECRET}, weak=True)
    await gateway.open()
    yield gateway
    await gateway.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(gateway: Gateway) -> AsyncIterator[Running]:
    async with running(cast(FakeGateway, gateway), Settings(port=0)) as site:
        yield site


def signed(key: bytes, body: bytes) -> str:
    return hmac.new(key, body, sha256).hexdigest()


def now(seconds: float = 0) -> str:
    return str(int(time.time() + seconds))


def stripe(body: bytes, at: str, key: bytes = KEY) -> dict[str, str]:
    good = signed(key, f"{at}.".encode() + body)
    return {"stripe-signature": f"t={at},v0=abc,v1={signed(b'an older secret', body)},v1={good}"}


def standard(body: bytes, at: str, name: str, family: str = "webhook") -> dict[str, str]:
    digest = hmac.new(b"a key of twenty-four byte", f"{name}.{at}.".encode() + body, sha256).digest()
    signature = f"v1,bm90IHRoaXM= v1a,abc v1,{b64encode(digest).decode()}"
    return {f"{family}-id": name, f"{family}-timestamp": at, f"{family}-signature": signature}


def encoded(value: object) -> bytes:
    return json.dumps(value).encode()


async def post(site: Running, path: str, body: bytes, headers: Mapping[str, str], **more: Any) -> httpx.Response:
    shared = {"content-type": "application/json", **headers}
    return await site.client.post(f"/webhooks/{path}", content=body, headers=shared, **more)


async def plain(site: Running, value: object, path: str = "plain") -> httpx.Response:
    body = value if isinstance(value, bytes) else encoded(value)
    return await post(site, path, body, {"x-signature": signed(KEY, body)})


async def count(gateway: Gateway) -> int:
    user = gateway.catalog.webhooks["plain"].user
    response = await gateway.execute("{ entries { id } }", None, None, user)
    return len(json.loads(response.body)["data"]["entries"])


def refused(response: httpx.Response, status: int, code: str) -> str:
    """The message."""
    assert response.status_code == status, response.text
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == code
    message: str = error["message"]
    return message


async def test_fields_of_the_body_are_the_arguments(site: Running) -> None:
    response = await plain(site, {"kind": "a", "amount": 3, "data": {"deep": [1]}, "unknown": 1})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    entry = response.json()["data"]
    # What the role may not read is not answered.
    assert entry == {"id": entry["id"], "kind": "a", "amount": 3, "flag": True, "data": {"deep": [1]}, "who": None}


@pytest.mark.parametrize("prefix", ["", "sha256="])
async def test_hmac_of_the_body(site: Running, prefix: str) -> None:
    body = encoded({"kind": "hmac"})
    for signature in (signed(KEY, body), signed(KEY, body).upper()):
        response = await post(site, "own/header", body, {"X-Own": prefix + signature})
        assert response.status_code == 200


async def test_github(site: Running) -> None:
    body = encoded({"pull": {"number": 12}})
    headers = {"X-Hub-Signature-256": f"sha256={signed(KEY, body)}", "X-GitHub-Event": "pull_request"}
    response = await post(site, "github?flag=false&flagg=1", body, headers)
    entry = response.json()["data"]
    assert (entry["kind"], entry["amount"], entry["flag"], entry["who"]) == ("pull_request", 12, False, "octocat")
    assert entry["data"] == {"pull": {"number": 12}}
    assert entry["note"] is None


async def test_stripe(site: Running) -> None:
    body = encoded({"id": "evt_1", "type": "paid", "items": [1, {"a": 2}]})
    response = await post(site, "stripe", body, stripe(body, now()))
    assert response.json()["data"]["data"] == {"of": [{"a": 2}, None, 7], "id": "evt_1"}


@pytest.mark.parametrize("family", ["webhook", "svix"])
async def test_standard_webhooks(site: Running, family: str) -> None:
    body = encoded({"kind": "standard"})
    response = await post(site, "standard", body, standard(body, now(), f"msg_{family}", family))
    assert response.json()["data"]["kind"] == "standard"


async def test_a_token(site: Running) -> None:
    body = encoded({"kind": "token"})
    assert (await post(site, "token", body, {"X-Webhook-Token": SECRET})).status_code == 200
    for text in (SECRET, f"Bearer {SECRET}", f"bearer {SECRET}"):
        assert (await post(site, "bearer", body, {"Authorization": text})).status_code == 200


BODY = encoded({"kind": "forged", "type": "forged"})
FORGED: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "nothing": ("plain", {}),
    "empty": ("plain", {"x-signature": ""}),
    "another secret": ("plain", {"x-signature": signed(KEY[:-1], BODY)}),
    "another body": ("plain", {"x-signature": signed(KEY, BODY + b" ")}),
    "no hex": ("plain", {"x-signature": "é".encode("latin-1").hex() + "zz"}),
    "the secret": ("plain", {"x-signature": SECRET}),
    "another header": ("own/header", {"x-signature": signed(KEY, BODY)}),
    "github without": ("github", {"x-hub-signature": signed(KEY, BODY)}),
    "stripe without time": ("stripe", {"stripe-signature": f"v1={signed(KEY, b'.' + BODY)}"}),
    "stripe with two times": ("stripe", {"stripe-signature": f"t=1,{stripe(BODY, now())['stripe-signature']}"}),
    "stripe of another time": ("stripe", {"stripe-signature": f"t={now()},v1={signed(KEY, b'1.' + BODY)}"}),
    "stripe of old": ("stripe", stripe(BODY, now(-330))),
    "stripe of the future": ("stripe", stripe(BODY, now(86400))),
    "stripe of no time": ("stripe", stripe(BODY, "soon")),
    "stripe of an age": ("stripe", stripe(BODY, "9" * 30)),
    "stripe's older scheme": ("stripe", {"stripe-signature": f"t={now()},v0={signed(KEY, BODY)}"}),
    "standard without id": ("standard", {**standard(BODY, now(), "a"), "webhook-id": ""}),
    "standard with another id": ("standard", {**standard(BODY, now(), "a"), "webhook-id": "b"}),
    "standard with another time": ("standard", {**standard(BODY, now(-1), "a"), "webhook-timestamp": now()}),
    "standard of old": ("standard", standard(BODY, now(-330), "a")),
    "standard with a long id": ("standard", standard(BODY, now(), "a" * 300)),
    "standard of another version": (
        "standard",
        {
            **standard(BODY, now(), "a"),
            "webhook-signature": standard(BODY, now(), "a")["webhook-signature"].replace("v1,", "v2,"),
        },
    ),
    "a part of the token": ("token", {"x-webhook-token": SECRET[:-1]}),
    "no token": ("token", {"authorization": SECRET}),
    "another token": ("bearer", {"authorization": "Bearer x"}),
}


@pytest.mark.parametrize("name", FORGED)
async def test_forged(site: Running, gateway: Gateway, name: str) -> None:
    before = await count(gateway)
    path, headers = FORGED[name]
    response = await post(site, path, BODY, headers)
    assert refused(response, 401, "UNAUTHENTICATED") == "The request is not signed as it must be."
    assert await count(gateway) == before


async def test_the_log_says_why_and_nothing_else(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    gateway = Gateway.load(folder, {"HOOK": SECRET}, weak=True)
    await gateway.open()
    async with running(cast(FakeGateway, gateway), Settings(port=0)) as site:
        with caplog.at_level(logging.DEBUG, "tidegate"):
            for _ in range(3):
                await post(site, "plain", b'{"kind": "hidden"}', {"x-signature": "0" * 64})
            await plain(site, {"kind": "x", "note": "private words"})
    await gateway.close()
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("tidegate")]
    assert lines == [
        "A request for the webhook plain was refused: its signature is not the one for this body and secret."
    ]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_methods(site: Running, method: str) -> None:
    response = await site.client.request(method, "/webhooks/plain")
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("path", ["", "nothing", "plain/", "Plain", "own", "plain%2f", "%70lain", "own//header", "é"])
async def test_addresses_that_there_are_not(site: Running, path: str) -> None:
    refused(await post(site, path, b"{}", {}), 404, "NOT_FOUND")


UNFIT = (
    *(b"", b"{", b"[1]", b'"a"', b"\xff", b'{"a": NaN}', b"[" * 70 + b"]" * 70, b'{"kind": "a", "amount": "3"}'),
    *(b'{"kind": null}', b'{"kind": "a", "amount": 3.5}', b'{"kind": ["a"]}', b'{"kind": "a", "amount": 1e99}'),
)


@pytest.mark.parametrize("body", UNFIT, ids=range(len(UNFIT)))
async def test_bodies_that_do_not_fit(site: Running, gateway: Gateway, body: bytes) -> None:
    before = await count(gateway)
    refused(await plain(site, body), 400, "BAD_USER_INPUT")
    assert await count(gateway) == before


async def test_big_bodies(site: Running) -> None:
    body = encoded({"kind": "x" * 4096})
    message = refused(await plain(site, body), 413, "LIMIT")
    assert message == "The request's body is larger than 4096 bytes."
    # It is not read to its end to find that it is not signed.
    refused(await post(site, "plain", body, {}), 413, "LIMIT")


async def test_forms(site: Running) -> None:
    fields = [("kind", "form"), ("amount", "3"), ("flag", "false"), ("tags", "a"), ("tags", "b"), ("unknown", "1")]
    body = urlencode(fields).encode()
    headers = {"x-signature": signed(KEY, body), "content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
    entry = (await post(site, "plain", body, headers)).json()["data"]
    assert (entry["kind"], entry["amount"], entry["flag"]) == ("form", 3, False)
    many = b"&".join(b"a=1" for _ in range(1001))
    headers["x-signature"] = signed(KEY, many)
    refused(await post(site, "plain", many, headers), 400, "BAD_USER_INPUT")


async def test_what_the_operation_says_goes_back_with_a_status(site: Running) -> None:
    response = await plain(site, {"kind": "refused"})
    assert refused(response, 417, "ACTION_FAILED") == "not of this kind"


async def test_a_delivery_counts_once(site: Running, gateway: Gateway) -> None:
    body = encoded({"kind": "once", "type": "once"})
    before = await count(gateway)
    for path, headers in (("standard", standard(body, now(), "msg_once")), ("stripe", stripe(body, now()))):
        first, again = [await post(site, path, body, headers) for _ in range(2)]
        assert first.json()["data"]["kind"] == "once"
        assert (again.status_code, again.json()) == (200, {"data": None, "extensions": {"repeated": True}})
    # Sent again by its sender, who signs anew.
    again = await post(site, "standard", body, standard(body, now(-2), "msg_once"))
    assert again.json()["extensions"] == {"repeated": True}
    assert await count(gateway) == before + 2


async def test_a_delivery_that_failed_may_come_again(site: Running) -> None:
    body = encoded({"kind": "refused"})
    for _ in range(2):
        response = await post(site, "standard", body, standard(body, now(), "msg_failed"))
        refused(response, 417, "ACTION_FAILED")


async def test_two_of_one_delivery_at_the_same_time(site: Running, gateway: Gateway) -> None:
    before = await count(gateway)
    body = encoded({"kind": "both"})
    headers = standard(body, now(), "msg_both")
    responses = await asyncio.gather(*(post(site, "standard", body, headers) for _ in range(8)))
    assert {response.status_code for response in responses} <= {200, 409}
    assert await count(gateway) == before + 1


async def test_after_a_reload(folder: Path) -> None:
    gateway = Gateway.load(folder, {"HOOK": SECRET}, weak=True)
    await gateway.open()
    file = folder / "operations" / "hooks.yaml"
    text = file.read_text()
    async with running(cast(FakeGateway, gateway), Settings(port=0)) as site:
        try:
            file.write_text(text.replace("path: plain", "path: renamed"))
            await gateway.reload()
        finally:
            file.write_text(text)
        refused(await plain(site, {"kind": "a"}), 404, "NOT_FOUND")
        assert (await plain(site, {"kind": "a"}, "renamed")).status_code == 200
    await gateway.close()
