"""No intermediate value, log or stack of the server ever reaches a client, whichever way the client is connected.

Marks are planted wherever the server has something of its own; then everything that clients get is searched for them.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.actions.world import SECRET
from tests.functions.upstream import Upstream
from tests.functions.world import OBJECTS, OPERATIONS, PROJECT, TABLE, TYPES
from tests.web.conftest import running
from tidegate.app import Gateway
from tidegate.settings import Settings

MARK = "planted"
"""What must not be seen begins with it, and goes on with where it was planted."""

GIVE = "- { as: got, js: functions/planted_giver.js }"
STEPS: Mapping[str, Sequence[str]] = {
    "value": ("- { as: plantedName, value: { secret: planted-value } }", "- { value: done }"),
    "steps": ("- { as: plantedName, value: planted-value }", "- { as: plantedAdd, call: add, with: { text: taken } }"),
    "argument": (GIVE, "- { call: add, with: { text: $got.text, n: $got.n } }"),
    "sql": ("""- { use: db, sql: "select abs(n) as planted from planted_table where 'planted-sql' <> ''" }""",),
    "constraint": ("""- { use: db, sql: "insert into notes (text, n) values ('planted-row', null)" }""",),
    "column": ("""- { use: db, sql: "select json('planted-json') as planted" }""",),
    "console": ("- { js: functions/planted_console.js }", "- { value: done }"),
    "thrown": ("- { js: functions/planted_stack.js }",),
    "native": (GIVE, "- { js: functions/planted_native.js, with: { given: $got } }"),
    "http": ("- { js: functions/planted_http.js }",),
    "gone": ("- { js: functions/planted_gone.js }",),
    "list": (GIVE, "- { each: $got.text, do: [{ value: $value }] }"),
    "wrong": (GIVE, "- { value: $got.text }"),
    "late": ("- { as: plantedName, wait: 1h, timeout: 20ms }",),
    "heard": (GIVE, "- { emitAll: told, data: for all to hear }"),
    "event": (GIVE, "- { emitRole: told, role: $got.text }"),
    "answered": ("- { respond: done }", GIVE, '- { refuse: "{{ got.text }}" }'),
}
"""The steps of a function each. What is returned by `wrong` is no number."""

FILES = {
    "functions/planted_giver.js": 'function run() { return { text: "planted-given", n: "planted-number" }; }',
    "functions/planted_console.js": 'function run() { console.log("planted-log"); console.error("planted-error"); }',
    "functions/planted_stack.js": 'function plantedFunction() { throw new Error("for all to read"); }\n'
    "function run() { return plantedFunction(); }",
    "functions/planted_native.js": "function run(input) { return input.given.text.plantedProperty.more; }",
    "functions/planted_http.js": 'function run() { return $http.get(Config.server + "/plantedPath?q=planted-query"); }',
    "functions/planted_gone.js": 'function run() { return $http.get("http://127.0.0.1:9/planted-address"); }',
}
SERVER = "/plantedPath: 500 planted-body"


def operations() -> str:
    text = OPERATIONS
    for name, steps in STEPS.items():
        text += f"{name}:\n  kind: mutation\n  minRole: member\n  returns: {'Int' if name == 'wrong' else 'JSON'}\n"
        text += "  steps:\n" + "".join(f"    {step}\n" for step in steps)
    text += "read:\n  kind: query\n  minRole: member\n  returns: JSON\n  steps:\n    - { as: all, call: notes }\n"
    return text + "    - { js: functions/planted_stack.js }\n"


def write(folder: Path, port: int) -> None:
    settings = (
        f"integrations: {{ db: {{ kind: sqlite, file: planted-file.db }} }}\n"
        f"config: {{ server: 'http://127.0.0.1:{port}', secret: planted-config }}\n"
        f"http: {{ allow: ['127.0.0.1:{port}'] }}\nlimits: {{ timeout: 60s, scriptTime: 60s, httpTimeout: 30s }}\n"
    )
    texts = {
        "tidegate.yaml": PROJECT + settings,
        "types.graphql": TYPES,
        "objects/notes.yaml": OBJECTS,
        "operations/planted.yaml": operations(),
        **FILES,
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    with closing(sqlite3.connect(folder / "planted-file.db")) as raw:
        raw.execute("pragma journal_mode = wal")
        raw.execute(TABLE % "integer")
        raw.execute("create table planted_table (n integer)")
        raw.execute("insert into planted_table values (-9223372036854775808)")
        raw.execute("insert into notes (text) values ('taken')")
        raw.commit()


class Listener:
    """Everything that comes over a websocket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.heard: list[str] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while True:
                self.heard.append(str(await self.connection.recv()))
        except ConnectionClosed:
            pass

    async def until(self, *texts: str) -> None:
        """One message has come that has all of them."""
        async with asyncio.timeout(60):
            while not any(all(text in each for text in texts) for each in self.heard):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)

    async def leave(self) -> None:
        await self.connection.close()
        await self._reading


@asynccontextmanager
async def listening(url: str, **more: Any) -> AsyncIterator[Listener]:
    async with connect(url, proxy=None, **more) as connection:
        listener = Listener(connection)
        yield listener
        await listener.leave()


async def test_nothing_of_the_servers_reaches_a_client(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "tidegate")
    upstream = Upstream(SERVER)
    folder = tmp_path / "planted-folder"
    claims = {"sub": "1", "email": "ann@example.com", "role": "member", "exp": int(time.time()) + 3600}
    token = jwt.encode(claims, SECRET, "HS256")
    got: dict[str, str] = {}
    async with upstream.server:
        write(folder, upstream.server.port)
        gateway = Gateway.load(folder, {"JWT_SECRET": SECRET})
        await gateway.open()
        async with running(gateway, Settings(port=0)) as site:  # type: ignore[arg-type]
            address = f"ws://{site.host}:{site.port}"
            protocol = Subprotocol("graphql-transport-ws")
            async with (
                listening(f"{address}/graphql", subprotocols=[protocol]) as screen,
                listening(f"{address}/socket.io/?EIO=4&transport=websocket") as rooms,
            ):
                await rooms.until("0{")
                await rooms.connection.send("40" + json.dumps({"token": token}))
                await rooms.until("40{")
                init = {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}
                await screen.connection.send(json.dumps(init))
                await screen.until("connection_ack")
                for id, query in {"r": "subscription { read }", "t": "subscription { total }"}.items():
                    message = {"type": "subscribe", "id": id, "payload": {"query": query}}
                    await screen.connection.send(json.dumps(message))
                    await screen.until(f'"{id}"', '"next"')
                headers = {"authorization": f"Bearer {token}"}
                for name in STEPS:
                    query = f"mutation {{ {name} }}"
                    answer = await site.client.post("/graphql", json={"query": query}, headers=headers)
                    got[name] = whole(answer)
                    message = {"type": "subscribe", "id": name, "payload": {"query": query}}
                    await screen.connection.send(json.dumps(message))
                    await screen.until(f'"{name}"', '"complete"')
                await site.client.post(
                    "/graphql", json={"query": 'mutation { add(text: "x") { id } }'}, headers=headers
                )
                await asyncio.sleep(0.3)
            got["over a websocket"] = "\n".join(screen.heard)
            got["over Socket.IO"] = "\n".join(rooms.heard)
        await gateway.close()
    # Whoever looks for marks would also find them in the log: they were there.
    for mark in ("planted-log", "planted-error", "plantedFunction", "planted-given"):
        assert mark in caplog.text, mark
    assert {name: text for name, text in got.items() if MARK in text} == {}


def whole(answer: httpx.Response) -> str:
    return f"{answer.status_code} {dict(answer.headers)} {answer.text}"
