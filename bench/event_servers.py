"""Servers of socket events: `python -m bench.event_servers KIND PORT CONTROL LENGTH`. Whoever connects to CONTROL and
writes a line has everybody told of it, in an event of LENGTH bytes."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import socketio
import uvicorn
import uvloop

from tidegate.app import Gateway
from tidegate.core.emission import Audience, Emission
from tidegate.settings import Settings
from tidegate.web import server

PROJECT = """
name: events
roles: [anonymous, member]
integrations:
  memory: { kind: sqlite, file: ":memory:" }
"""
OPERATIONS = """
one: { kind: query, minRole: anonymous, returns: "[One!]!", run: { use: memory, sql: select 1 as n } }
"""


# Any: JSON.
def data(line: str, padding: str) -> dict[str, Any]:
    return {"line": line, "tickets": [{"id": 1, "padding": padding}]}


async def listen(control: int, tell: Callable[[str], Awaitable[None]]) -> asyncio.Server:
    async def hear(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            await tell(line.decode().strip())

    return await asyncio.start_server(hear, "127.0.0.1", control)


async def tidegate(port: int, control: int, padding: str) -> None:
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as name:
        folder = Path(name)
        (folder / "tidegate.yaml").write_text(PROJECT)
        (folder / "types.graphql").write_text("type One { n: Int! }\n")
        (folder / "operations").mkdir()
        (folder / "operations" / "one.yaml").write_text(OPERATIONS)
        gateway = Gateway.load(folder, {})

    async def tell(line: str) -> None:
        gateway.rooms.emit([Emission("tick", data(line, padding), Audience.ALL)])

    async with await listen(control, tell):
        await server.serve(gateway, Settings(port=port, max_connections=50_000))


async def stock(port: int, control: int, padding: str) -> None:
    sockets = socketio.AsyncServer(async_mode="asgi", transports=["websocket"])

    @sockets.event
    async def connect(sid: str, _environ: object) -> None:
        await sockets.enter_room(sid, "everybody")

    async def tell(line: str) -> None:
        await sockets.emit("tick", data(line, padding), room="everybody")

    app = socketio.ASGIApp(sockets)
    options: dict[str, Any] = {"ws": "websockets-sansio", "ws_per_message_deflate": False, "lifespan": "off"}
    async with await listen(control, tell):
        await uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", **options)).serve()


if __name__ == "__main__":
    kind, port, control, length = sys.argv[1:]
    serving = tidegate if kind == "tidegate" else stock
    uvloop.run(serving(int(port), int(control), "x" * int(length)))
