"""The service desk, served for real: what the whole does with bad tokens, bad bodies and slow readers of the docs."""

from __future__ import annotations

import asyncio
import gzip
import json
import shutil
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx
import jwt
import pytest
import pytest_asyncio

from tests.web.conftest import FakeGateway, Running, running
from tidegate.app import Gateway
from tidegate.settings import Environment, Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT = Path(__file__).parents[2]
SECRET = "the service desk's secret, of more than 32 bytes"
ADA = {"sub": "1", "email": "ada@acme.example", "role": "customer"}
KIM = {"sub": "6", "email": "kim@desk.example", "role": "admin"}


def token(claims: dict[str, Any], secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    payload = {"exp": int(time.time()) + 600, "aud": "servicedesk", **claims, **changes}
    return jwt.encode({name: value for name, value in payload.items() if value is not ...}, secret, algorithm)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    folder = tmp_path_factory.mktemp("desk") / "servicedesk"
    shutil.copytree(ROOT / "examples" / "servicedesk", folder, ignore=shutil.ignore_patterns("*.db*"))
    gateway = Gateway.load(folder, {"JWT_SECRET": SECRET})
    await gateway.open()
    try:
        settings = Settings(port=0, environment=Environment.DEVELOPMENT)
        async with running(cast("FakeGateway", gateway), settings) as site:
            yield site
    finally:
        await gateway.close()


async def ask(desk: Running, query: str, bearer: str | None = None, **variables: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {bearer}"} if bearer is not None else {}
    return await desk.client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)


def codes(response: httpx.Response) -> list[str]:
    return [error["extensions"]["code"] for error in response.json().get("errors", ())]


async def count(desk: Running) -> int:
    response = await ask(desk, "{ ticketCount }", token(KIM))
    return int(response.json()["data"]["ticketCount"])


async def test_every_audit_passes(desk: Running) -> None:
    script = ROOT / "tests" / "node" / "audits.mjs"
    process = await asyncio.create_subprocess_exec(
        "node", str(script), f"http://{desk.host}:{desk.port}/graphql", stdout=PIPE, stderr=PIPE
    )
    output, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    results = [json.loads(line) for line in output.splitlines()]
    assert len(results) >= 60
    assert [result for result in results if result["status"] != "ok"] == []


async def test_a_customer_sees_their_own(desk: Running) -> None:
    response = await ask(desk, "{ myTickets { id email } openTickets }", token(ADA))
    assert response.status_code == 200
    tickets = response.json()["data"]["myTickets"]
    assert {ticket["email"] for ticket in tickets} == {"ada@acme.example"}
    hers = {ticket["id"] for ticket in tickets}
    other = await ask(desk, "{ myTickets { id email } }", token({**ADA, "sub": "3", "email": "grace@globex.example"}))
    assert other.json()["data"]["myTickets"]
    assert not hers & {ticket["id"] for ticket in other.json()["data"]["myTickets"]}


async def test_roles(desk: Running) -> None:
    asked = "{ openTickets allTickets { totalCount } }"
    for bearer, code in ((None, "UNAUTHENTICATED"), (token(ADA), "FORBIDDEN"), (token(ADA, role="root"), "FORBIDDEN")):
        response = await ask(desk, asked, bearer)
        assert (response.status_code, codes(response)) == (200, [code])
    response = await ask(desk, asked, token(KIM))
    assert response.json()["data"]["allTickets"]["totalCount"] == await count(desk)


async def test_bad_tokens(desk: Running) -> None:
    now = int(time.time())
    forged = token(KIM).split(".")
    for bearer in (
        token(KIM, secret="another secret, of more than 32 bytes too"),
        token(KIM, exp=now - 60),
        token(KIM, exp=...),
        token(KIM, nbf=now + 60),
        token(KIM, aud="another"),
        token(KIM, aud=...),
        token(KIM, sub=""),
        token(KIM, secret="", algorithm="none"),
        token(KIM, secret=SECRET * 2, algorithm="HS512"),
        ".".join((*forged[:2], "")),
        "x",
    ):
        response = await ask(desk, "{ openTickets }", bearer)
        assert (response.status_code, codes(response)) == (401, ["UNAUTHENTICATED"])
        assert "data" not in response.json()


def bodies() -> list[bytes]:
    create = 'mutation($t: String!, $p: Priority) { createTicket(title: $t, description: "x", priority: $p) { id } }'

    def sent(query: str, **variables: Any) -> bytes:
        return json.dumps({"query": query, "variables": variables}).encode()

    return [
        b"null",
        b"1",
        b'"x"',
        b"[]",
        b"{\xff}",
        b"[" * 100_000,
        gzip.compress(sent(create, t="x")),
        sent(create, t="\0")[:-2],
        sent(create, t="\ud800"),
        sent(create, t=5),
        sent(create, t=["x"]),
        sent(create, t={"x": 1}),
        sent(create),
        sent(create, t=None),
        sent(create, t="x", p="HUGE"),
        sent(create, t="x", p=1),
        b'{"query": "mutation { createTicket(title: 1, description: 2) { id } }"}',
        sent('mutation { createTicket(title: "\\uD800", description: "x") { id } }'),
        sent('mutation { createTicket(title: "x", description: "x", email: "eve@x") { id } }'),
        sent('mutation A { createTicket(title: "x", description: "x") { id } } mutation B { __typename }'),
        sent("{ " + "myTickets { comments { ticket " * 500 + "}" * 1001),
        sent("{ " + "a " * 5000 + "}"),
        sent("{ myTickets(first: 99999999999999999999) { id } }"),
        sent("{ myTickets(first: -5) { id } }"),
        sent("query($f: Int) { myTickets(first: $f) { id } }", f=2**31),
        sent("query($f: Int) { myTickets(first: $f) { id } }", f=1.5),
        sent("query($f: Int) { myTickets(first: $f) { id } }", f="1"),
        b'{"query": "query($f: Int) { myTickets(first: $f) { id } }", "variables": {"f": ' + b"9" * 5000 + b"}}",
        sent("query($i: ID!) { ticket(id: $i) { id } }", i="\0"),
        sent("query($i: ID!) { ticket(id: $i) { id } }", i="9" * 1000),
        sent("query($i: ID!) { ticket(id: $i) { id } }", i=1.5),
        sent("query($i: ID!) { ticket(id: $i) { id } }", i=2**62),
        sent("query($i: ID!) { ticket(id: $i) { id } }", i={"eq": 1}),
    ]


async def test_bad_bodies_get_an_error_and_write_nothing(desk: Running) -> None:
    before = await count(desk)
    headers = {"authorization": f"Bearer {token(KIM)}", "content-type": "application/json"}
    for body in bodies():
        response = await desk.client.post("/graphql", content=body, headers=headers)
        assert response.status_code in (200, 400), body[:80]
        assert "INTERNAL" not in codes(response), body[:80]
        assert "Traceback" not in response.text
    assert await count(desk) == before


async def test_odd_texts_are_stored_as_they_are_or_refused(desk: Running) -> None:
    create = 'mutation($t: String!) { createTicket(title: $t, description: "x") { title } }'
    for title in (
        "é🏃",
        "a\0b",
        "'; drop table tickets; --",
        "{{ args.id }}",
        "$currentUser.email",
        "%_\\",
        "x" * 100_000,
    ):
        response = await ask(desk, create, token(ADA), t=title)
        assert response.status_code == 200
        if "errors" in response.json():
            assert codes(response) == ["BAD_USER_INPUT"]
        else:
            assert response.json()["data"]["createTicket"]["title"] == title


async def test_introspection_shows_nothing_of_the_server(desk: Running) -> None:
    response = await ask(desk, "{ __schema { queryType { fields { name args { name } } } types { name } } }")
    fields = {field["name"]: field["args"] for field in response.json()["data"]["__schema"]["queryType"]["fields"]}
    assert [argument["name"] for argument in fields["myTickets"]] == ["status", "first"]
    text = response.text
    for secret in ("currentUser", "select ", SECRET, "desk.db"):
        assert secret not in text
