"""The service desk's live queries, read by other people's clients over HTTP: who writes what reaches whom."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, cast

import jwt
import pytest
import pytest_asyncio

from tests.web.conftest import FakeGateway, Running, running
from tests.web.streaming import EVENTS, PARTS, asking, node_client, socket, until
from tidegate.app import Gateway
from tidegate.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT = Path(__file__).parents[2]
SECRET = "the service desk's secret, of more than 32 bytes"
LEEWAY = 5
"""Seconds that a token goes on after its end, in the service desk."""
ADA = {"sub": "1", "email": "ada@acme.example", "role": "customer"}
GRACE = {"sub": "3", "email": "grace@globex.example", "role": "customer"}
KIM = {"sub": "6", "email": "kim@desk.example", "role": "admin"}
MINE = "subscription { myTickets(first: 1) { id title email } }"
OPENING = b":\n\n"


def token(claims: dict[str, Any], seconds: float = 600) -> str:
    return jwt.encode({"exp": int(time.time() + seconds), "aud": "servicedesk", **claims}, SECRET, "HS256")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    folder = tmp_path_factory.mktemp("desk") / "servicedesk"
    shutil.copytree(ROOT / "examples" / "servicedesk", folder, ignore=shutil.ignore_patterns("*.db*"))
    gateway = Gateway.load(folder, {"JWT_SECRET": SECRET})
    await gateway.open()
    try:
        async with running(cast("FakeGateway", gateway), Settings(port=0)) as site:
            yield site
    finally:
        await gateway.close()


async def write(desk: Running, claims: dict[str, Any], title: str) -> str:
    query = 'mutation($t: String!) { createTicket(title: $t, description: "x") { id } }'
    headers = {"authorization": f"Bearer {token(claims)}"}
    response = await desk.client.post("/graphql", json={"query": query, "variables": {"t": title}}, headers=headers)
    return str(response.json()["data"]["createTicket"]["id"])


async def test_each_reader_gets_their_own(desk: Running) -> None:
    everything = "subscription { openTickets }"
    async with AsyncExitStack() as stack:

        async def read(kind: str, path: str, query: str, claims: dict[str, Any]) -> tuple[Any, Any]:
            client = await stack.enter_async_context(node_client(kind, desk, path, query, token(claims)))
            return client, (await client.read())["data"]

        ada, hers = await read("distinct", "/graphql", MINE, ADA)
        grace, graces = await read("single", "/graphql/stream", MINE, GRACE)
        apollo, count = await read("apollo", "/graphql", everything, KIM)
        urql, again = await read("urql", "/graphql", everything, KIM)
        assert (hers["myTickets"][0]["email"], graces["myTickets"][0]["email"]) == (ADA["email"], GRACE["email"])
        assert count == again
        written = await write(desk, ADA, "the printer burns")
        newest = {"id": written, "title": "the printer burns", "email": ADA["email"]}
        assert (await ada.read())["data"] == {"myTickets": [newest]}
        more = {"openTickets": count["openTickets"] + 1}
        assert (await apollo.read())["data"] == (await urql.read())["data"] == more
        # What Grace gets next is what she writes herself.
        own = await write(desk, GRACE, "and mine?")
        assert (await grace.read())["data"] == {
            "myTickets": [{"id": own, "title": "and mine?", "email": GRACE["email"]}]
        }


@pytest.mark.parametrize("accept", [EVENTS, PARTS])
async def test_who_may_not_watch(desk: Running, accept: str) -> None:
    for claims, code in ((None, "UNAUTHENTICATED"), (ADA, "FORBIDDEN")):
        bearer = {"authorization": f"Bearer {token(claims)}"} if claims else {}
        headers = {"accept": accept, **bearer}
        response = await desk.client.post(
            "/graphql", json={"query": "subscription { allTickets { totalCount } }"}, headers=headers
        )
        expected = 200 if accept == EVENTS else 401 if claims is None else 403
        assert (response.status_code, f'"{code}"' in response.text) == (expected, True)
        assert '"data":{' not in response.text


async def test_a_token_that_expires(desk: Running) -> None:
    async with socket(desk) as connection:
        bearer = {"authorization": f"Bearer {token(ADA, seconds=4 - LEEWAY)}"}
        connection.send("POST", "/graphql", {"accept": EVENTS, **bearer}, asking(MINE))
        assert (await connection.head())[0] == 200
        body = await connection.rest()
    *results, last, end, rest = body.removeprefix(OPENING).decode().split("\n\n")
    assert len(results) == 1
    assert json.loads(last.removeprefix("event: next\ndata: "))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert (end, rest) == ("event: complete\ndata:", "")


async def test_a_token_is_renewed_in_the_stream(desk: Running) -> None:
    def headers(seconds: float) -> dict[str, str]:
        return {"authorization": f"Bearer {token(ADA, seconds)}"}

    async def begin(operation_id: str, seconds: float) -> int:
        asked = {"query": MINE, "extensions": {"operationId": operation_id}}
        named = {**headers(seconds), "x-graphql-event-stream-token": reserved}
        return (await desk.client.post("/graphql/stream", json=asked, headers=named)).status_code

    seconds = 4 - LEEWAY
    expires = time.time() + seconds + LEEWAY
    reserved = (await desk.client.put("/graphql/stream", headers=headers(seconds))).text
    async with socket(desk) as connection:
        connection.send("GET", f"/graphql/stream?token={reserved}", {"accept": EVENTS})
        assert (await connection.head())[0] == 200
        assert await begin("old", seconds) == 202
        assert await begin("new", 600) == 202
        await until(lambda: time.time() > expires + 0.5)
        written = await write(desk, ADA, "still here")
        body = b""
        while body.count(written.encode()) < 2:
            body += await connection.chunk()
        assert b"UNAUTHENTICATED" not in body


async def test_nothing_is_left_running(desk: Running) -> None:
    gateway = cast("Any", desk.gateway)
    await until(lambda: not gateway._clients._clients)
    before = len(asyncio.all_tasks())
    async with AsyncExitStack() as stack:
        for _ in range(100):
            connection = await stack.enter_async_context(socket(desk))
            connection.send(
                "POST", "/graphql", {"accept": EVENTS, "authorization": f"Bearer {token(KIM)}"}, asking(MINE)
            )
            assert (await connection.head())[0] == 200
        assert len(gateway._clients._clients) == 100
        response = await desk.client.post(
            "/graphql", json={"query": MINE}, headers={"accept": EVENTS, "authorization": f"Bearer {token(KIM)}"}
        )
        assert response.status_code == 429
    await until(lambda: not gateway._clients._clients)
    await until(lambda: len(asyncio.all_tasks()) <= before)
