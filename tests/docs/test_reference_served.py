"""The blocks of the reference about a gateway that is asked: what they send is sent, what they show is the answer."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, cast

import jwt
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect

from tests.docs.blocks import DOCS, Block, like
from tests.docs.fragments import Fragments
from tests.docs.reference import ENVIRONMENT, PATIENCE, SECRET, of
from tests.web.conftest import FakeGateway, Running, running
from tests.web.streaming import EVENTS, Socket, asking, socket
from tidegate.app import Gateway
from tidegate.core.json import Json
from tidegate.settings import Settings

ROOT: Final = DOCS.parent


def token(**claims: Json) -> str:
    return jwt.encode({"exp": int(time.time()) + 600, "aud": "servicedesk", **claims}, SECRET, "HS256")


ADA: Final = {"sub": "1", "email": "ada@acme.example", "role": "customer"}
SAM: Final = {"sub": "4", "email": "sam@desk.example", "role": "support"}


def bearer(claims: Mapping[str, Json]) -> dict[str, str]:
    return {"authorization": f"Bearer {token(**claims)}"}


@asynccontextmanager
async def gateway_of(project: Path) -> AsyncIterator[Running]:
    gateway = Gateway.load(project, ENVIRONMENT)
    await gateway.open()
    try:
        async with running(cast("FakeGateway", gateway), Settings(port=0)) as site:
            yield site
    finally:
        await gateway.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """The example, as it is: pages show its data."""
    folder = tmp_path_factory.mktemp("desk") / "desk"
    shutil.copytree(ROOT / "examples" / "servicedesk", folder)
    shutil.rmtree(folder / "functions")
    (folder / "operations" / "triage.yaml").unlink()
    async with gateway_of(folder) as site:
        yield site


@pytest.mark.asyncio(loop_scope="module")
async def test_answers_that_go_on(desk: Running) -> None:
    """Byte by byte, but for headers that are not shown. What ends by itself is asked for: a query."""
    events, parts = of("reference/live.md", "http")
    head, _, body = events.text.partition("\n\n")
    status, *headers = head.splitlines()
    accept = {"accept": EVENTS}
    answer = await desk.client.post("/graphql", json={"query": "subscription { openTicket }"}, headers=accept)
    assert f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}" == status
    assert [f"content-type: {answer.headers['content-type']}"] == headers
    assert answer.text.startswith("event: next\ndata: {")
    assert answer.text.endswith("event: complete\ndata:\n\n")
    async with socket(desk) as connection:
        connection.send("POST", "/graphql", accept, asking("subscription { openTickets }"))
        await connection.head()
        shown = body.split("event: complete")[0].encode()
        assert await connection.read(len(shown)) == shown
    head, _, body = parts.text.partition("\n\n")
    async with socket(desk) as connection:
        kind = "multipart/mixed;subscriptionSpec=1.0"
        connection.send("POST", "/graphql", {"accept": kind}, asking("subscription { openTickets }"))
        status_code, real = await connection.head()
        assert (status_code, f"content-type: {real['content-type']}") == (200, head)
        shown = body.rpartition("--graphql")[0].replace("\n", "\r\n").encode()
        assert (await connection.read(len(shown))).startswith(shown)


@pytest.mark.asyncio(loop_scope="module")
async def test_live_queries(desk: Running) -> None:
    """Each subscription begins; a mutation refreshes what is shown; and its token is renewed."""
    first, names = of("reference/live.md", "graphql")
    refreshed, ping = of("reference/live.md", "json")
    headers = bearer(ADA)
    async with socket(desk) as tickets, socket(desk) as told:
        for connection, block in ((tickets, first), (told, names)):
            connection.send("POST", "/graphql", {"accept": EVENTS, **headers}, asking(block.text))
            assert (await connection.head())[0] == 200
        id = (await read_next(tickets))["data"]["myTickets"][0]["id"]
        changed = f'mutation {{ updateTicket(id: {id}, title: "It has a title.") {{ id }} }}'
        answer = await desk.client.post("/graphql", json={"query": changed}, headers=headers)
        assert like(json.loads(refreshed.text.replace("{…}", '"…"')), answer.json()), answer.text
        heard = {(await read_next(told))["data"]["refreshed"]["query"] for _ in range(2)}
        assert heard == {"myTickets", "ticket"}
        assert "It has a title." in json.dumps(await read_next(tickets))
    url = f"ws://{desk.host}:{desk.port}/graphql"
    async with connect(url, subprotocols=[cast("Any", "graphql-transport-ws")]) as websocket:
        await websocket.send(json.dumps({"type": "connection_init", "payload": headers}))
        assert json.loads(await websocket.recv()) == {"type": "connection_ack"}
        await websocket.send(ping.text.replace("…", token(**ADA)))
        assert json.loads(await websocket.recv()) == {"type": "pong", "payload": {"renewed": True}}


# Any: JSON.
async def read_next(connection: Socket) -> Any:
    """The next result of a stream."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = re.search(r"^data: (\{.*\})$", (await connection.chunk()).decode(), re.MULTILINE)
            if found is not None:
                return json.loads(found[1])


ADDRESSES: Final = {"socketio": "https://api.example.com", "websocket": "wss://desk.example"}


@asynccontextmanager
async def node(block: Block, after: str, **replaced: str) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """The block as a module, and lines that it shows."""
    text = block.text
    for shown, real in replaced.items():
        assert ADDRESSES[shown] in text
        text = text.replace(ADDRESSES[shown], real)
    before = f"""
        import WebSocket from "ws";
        globalThis.WebSocket ??= WebSocket;
        const show = (text) => console.log(text);
        const refetch = () => show("refetched");
        const freshToken = async () => "{token(**SAM)}";
    """
    process = await asyncio.create_subprocess_exec(
        *("node", "--input-type=module", "--eval", before + text + after), cwd=ROOT / "tests" / "node", stdout=PIPE
    )
    assert process.stdout is not None
    lines = process.stdout

    async def read() -> str:
        async with asyncio.timeout(PATIENCE):
            return (await lines.readline()).decode().strip()

    try:
        yield read
    finally:
        process.kill()
        await process.wait()


@pytest.mark.asyncio(loop_scope="module")
async def test_socket_events_in_a_browser(desk: Running) -> None:
    (block,) = of("reference/events.md", "js")
    async with node(block, "", socketio=f"http://{desk.host}:{desk.port}") as read:
        assert await read() == "refetched"
        escalated = 'mutation { escalateTicket(id: 2, reason: "It burns.") { title } }'
        answer = await desk.client.post("/graphql", json={"query": escalated}, headers=bearer(SAM))
        assert await read() == f"{answer.json()['data']['escalateTicket']['title']} is urgent."


@pytest.mark.asyncio(loop_scope="module")
async def test_a_websocket_that_comes_back(desk: Running) -> None:
    (block,) = of("reference/live.md", "js")
    after = """
        const next = ({ data }) => show(JSON.stringify(data));
        client.subscribe({ query: "subscription { ticketCount }" }, { next, error: show, complete() {} });
    """
    async with node(block, after, websocket=f"ws://{desk.host}:{desk.port}") as read:
        assert json.loads(await read())["ticketCount"] > 5


async def test_a_touch(tmp_path: Path) -> None:
    page = "reference/triggers.md"
    fragments = Fragments(tmp_path, page)
    for block in of(page, "yaml"):
        fragments.show(block)
    (command,), (said,) = of(page, "bash"), of(page, "json")
    async with gateway_of(fragments.project) as site:
        here = command.text.replace("https://desk.example", f"http://{site.host}:{site.port}")
        process = await asyncio.create_subprocess_shell(
            here, env={**os.environ, **ENVIRONMENT, "no_proxy": "*"}, stdout=PIPE, stderr=DEVNULL
        )
        told, _ = await process.communicate()
    assert told.decode() == said.text.strip()
