"""What another server's subscriptions tell of is on our screens, also after it was gone for a while."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.resolvers.integrations.graphql.world import OURS, THEIRS, TOKEN, ask, opened, screen, serving, until, write
from tidegate.core.change import Outside
from tidegate.core.footprint import Touch
from tidegate.resolvers.integrations.graphql.following import Followed, Follower, Line
from tidegate.resolvers.integrations.http.answers import CROWD

FOLLOWING = """
    refreshOn:
      - { subscription: "subscription { refreshed(queries: [\\"customers\\"]) { query } }", resource: customers }
      - { subscription: count.graphql, resource: count }
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


async def test_what_is_written_over_there_is_shown_here(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    port = free_port()
    async with opened(write(tmp_path / "crm", THEIRS)) as theirs, AsyncExitStack() as stack:
        serving_theirs = AsyncExitStack()
        await serving_theirs.enter_async_context(serving(theirs, port))
        files = {
            **OURS,
            "tidegate.yaml": OURS["tidegate.yaml"].rstrip("\n") + FOLLOWING,
            "count.graphql": "subscription { count }",
            "crm.graphql": theirs.api.sdl,
        }
        environ = {"CRM": f"http://127.0.0.1:{port}/graphql", "TOKEN": TOKEN}
        ours = await stack.enter_async_context(opened(write(tmp_path / "desk", files), environ))
        customers = await screen(ours, "subscription { customers { name } }")

        async def renamed(name: str) -> None:
            """Over there, and shown here in the end."""
            await ask(theirs, "mutation ($n: String!) { rename(id: 1, name: $n) { id } }", n=name)
            await customers.until(
                lambda screen: bool(
                    screen.shown[-1].get("data") and screen.shown[-1]["data"]["customers"][0]["name"] == name
                )
            )

        await renamed("Eve")
        await renamed("Eva")
        # It goes away, and what happens meanwhile is not told.
        await serving_theirs.aclose()
        await until(lambda: "its subscriptions are lost" in caplog.text)
        await ask(theirs, 'mutation { rename(id: 1, name: "Ida") { id } }')
        await stack.enter_async_context(serving(theirs, port))
        await customers.until(
            lambda screen: bool(
                screen.shown[-1].get("data") and screen.shown[-1]["data"]["customers"][0]["name"] == "Ida"
            )
        )
        assert "its subscriptions are there again" in caplog.text
        await renamed("Zoe")
    ours_said = [r.getMessage() for r in caplog.records if r.name.startswith(("tidegate", "websockets.client"))]
    assert not [line for line in ours_said if TOKEN in line or f":{port}" in line]


class Told:
    """What the follower tells."""

    def __init__(self) -> None:
        self.touches: list[Touch] = []

    @property
    def outside(self) -> Outside:
        return self.touches.extend

    async def until(self, count: int) -> None:
        await until(lambda: len(self.touches) >= count)


# Any: JSON.
async def said(connection: ServerConnection) -> Mapping[str, Any]:
    message: Mapping[str, Any] = json.loads(await connection.recv())
    return message


@asynccontextmanager
async def following(port: int, told: Told, **params: str) -> AsyncIterator[Follower]:
    line = Line(f"ws://127.0.0.1:{port}/graphql", {"x-key": TOKEN}, params, None)
    followed = [Followed("subscription { a }", "as"), Followed("subscription { b }", None)]
    follower = Follower("crm", line, followed, first=0.01)
    follower.start("crm", told.outside)
    try:
        yield follower
    finally:
        await follower.close()


async def test_the_protocol_and_a_server_that_misbehaves() -> None:
    told = Told()
    connections = 0
    headers: list[str | None] = []
    released = asyncio.Event()

    async def answer(connection: ServerConnection) -> None:
        nonlocal connections
        connections += 1
        assert connection.request is not None
        headers.append(connection.request.headers.get("x-key"))
        assert await said(connection) == {"type": "connection_init", "payload": {"key": "value"}}
        match connections:
            case 1:
                await connection.close(4403, "Forbidden")
                return
            case 2:
                await connection.send("no message")
            case 3:
                await connection.send('{"type": "ping"}')
                assert await said(connection) == {"type": "pong"}
        await connection.send('{"type": "connection_ack"}')
        subscribed = [await said(connection), await said(connection)]
        assert [each["payload"]["query"] for each in subscribed] == ["subscription { a }", "subscription { b }"]
        assert await said(connection) == {"type": "ping"}
        if connections == 3:
            await connection.send('{"id": "0", "type": "error", "payload": []}')
            await connection.wait_closed()
        elif connections == 4:
            await connection.send('{"id": "1", "type": "complete"}')
            await connection.wait_closed()
        elif connections == 5:
            # Nobody else would be served while this is read, and it can come again and again.
            await connection.send(f'{{"id": "1", "type": "next", "payload": [{", ".join(["[]"] * CROWD)}, []]}}')
            await connection.wait_closed()
        else:
            await connection.send('{"type": "pong"}')
            await told.until(2)
            await connection.send('{"id": "0", "type": "next", "payload": {"data": {}}}')
            await told.until(3)
            await connection.send('{"type": "ping", "payload": {}}')
            assert await said(connection) == {"type": "pong"}
            await connection.send('{"id": "7", "type": "next", "payload": {}}')
            await connection.send('{"id": "1", "type": "next", "payload": {"errors": []}}')
            released.set()
            await connection.wait_closed()

    def chosen(_: ServerConnection, __: object) -> Any:
        return "graphql-transport-ws"

    async with serve(answer, "127.0.0.1", 0, select_subprotocol=chosen) as server:
        port = server.sockets[0].getsockname()[1]
        async with following(port, told, key="value"):
            async with asyncio.timeout(60):
                await released.wait()
            await told.until(4)
    assert told.touches[:4] == [Touch("crm", "as"), Touch("crm", None), Touch("crm", "as"), Touch("crm", None)]
    assert connections == 6
    assert headers == [TOKEN] * 6


async def test_what_goes_with_it_is_for_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    """A redirect is not followed, and who does not speak the protocol is left."""
    told, elsewhere = Told(), []

    async def other(connection: ServerConnection) -> None:
        elsewhere.append(connection)

    async with serve(other, "127.0.0.1", 0) as wrong:
        there = wrong.sockets[0].getsockname()[1]

        def redirect(connection: ServerConnection, _: object) -> Any:
            response = connection.respond(302, "")
            response.headers["Location"] = f"ws://127.0.0.1:{there}/"
            return response

        async with (
            serve(other, "127.0.0.1", 0, process_request=redirect) as server,
            following(server.sockets[0].getsockname()[1], told),
        ):
            await until(lambda: "it answers 302" in caplog.text)
        assert elsewhere == []
        async with following(there, told):
            await until(lambda: "lost: the connection has ended" in caplog.text or "does not speak" in caplog.text)
    assert told.touches == []
    assert TOKEN not in caplog.text
