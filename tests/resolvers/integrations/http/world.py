"""A project whose customers are on another server, the server, and those who ask."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import websockets
from websockets.asyncio.client import ClientConnection

from tests.resolvers.servers import Request, Server
from tests.web.conftest import FakeGateway, Running, running
from tidegate.app import Gateway
from tidegate.core.user import CurrentUser
from tidegate.settings import Settings

TOKEN = "the token of the crm, hunter2"
KEY = "key-hunter3"

PROJECT = """
name: shop
roles: [anonymous, admin]
limits: { timeout: 60s }
integrations:
  db: { kind: sqlite, file: shop.db }
  crm:
    kind: http
    baseUrl: "${CRM_URL}/api"
    headers: { Authorization: "Bearer ${CRM_TOKEN}" }
    params: { key: "${CRM_KEY}" }
    timeout: { connect: 60s, read: 60s, total: 60s }
    retries: 0
    breaker: false
"""
TYPES = """
enum Level { GOLD SILVER }
type Address { street: String! zip: String }
type Customer {
  id: ID!
  name: String!
  firstName: String
  level: Level
  since: DateTime
  tags: [String!]
  address: Address
  credit: Decimal
}
type Whole { response: JSON statusCode: Int! headers: JSON }
type Pair { notes: Int! customer: Customer }
"""


@dataclass
class Crm:
    """Answers with `answers[target]`, `(status, body, headers)` or a function, and writes down what it was asked."""

    answers: dict[str, Any] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = Server(self._answer)

    def on(self, target: str, body: Any = None, status: int = 200, **headers: str) -> None:
        """`target` without the key that goes with every request. Any: JSON, or bytes as they are."""
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        kind = {} if body is None else {"content_type": "application/json"}
        self.answers[target] = lambda request: request.answer(content, status, **{**kind, **headers})

    def last(self) -> Request:
        return self.server.asked[-1]

    def count(self, line: str) -> int:
        return self.log.count(line)

    def _answer(self, request: Request) -> Any:
        path, _, query = request.target.removeprefix("/api").partition("?")
        rest = "&".join(each for each in query.split("&") if each and not each.startswith("key="))
        target = f"{path}?{rest}" if rest else path
        self.log.append(f"{request.method} {target}")
        answer = self.answers.get(f"{request.method} {target}") or self.answers.get(target)
        return answer(request) if answer is not None else request.answer(b"no such thing", 404)


@dataclass
class Shop:
    folder: Path
    gateway: Gateway
    crm: Crm

    async def ask(self, text: str, role: str = "anonymous", **variables: Any) -> Any:
        """Data, or the first error's code and extensions. Any: JSON."""
        roles = self.gateway.catalog.roles
        user = CurrentUser(role, roles.index(role), {}, None, verified=True)
        response = await self.gateway.execute(text, None, variables, user)
        answer = json.loads(response.body)
        if "errors" in answer:
            error = answer["errors"][0]
            assert TOKEN not in response.body.decode()
            return {"message": error["message"], **error["extensions"]}
        (value,) = answer["data"].values()
        return value


def write_shop(folder: Path, operations: str, settings: str = "", files: Mapping[str, str] | None = None) -> None:
    texts = {
        "tidegate.yaml": PROJECT + settings,
        "types.graphql": TYPES,
        "operations/all.yaml": operations,
        "objects/notes.yaml": "notes: { integration: db, key: id, type: Note,"
        " access: { read: { anonymous: all }, create: { anonymous: all } } }",
        **(files or {}),
    }
    texts["types.graphql"] += "type Note { id: Int! text: String! }"
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with closing(sqlite3.connect(folder / "shop.db")) as raw:
        raw.execute("create table notes (id integer primary key, text text not null)")
        raw.commit()


@asynccontextmanager
async def shop(folder: Path, operations: str, settings: str = "", **files: str) -> AsyncIterator[Shop]:
    write_shop(folder, operations, settings, {name.replace("__", "/"): text for name, text in files.items()})
    crm = Crm()
    async with crm.server as server:
        environ = {"CRM_URL": f"http://127.0.0.1:{server.port}", "CRM_TOKEN": TOKEN, "CRM_KEY": KEY}
        gateway = Gateway.load(folder, environ)
        await gateway.open()
        try:
            yield Shop(folder, gateway, crm)
        finally:
            await gateway.close()


@asynccontextmanager
async def site(opened: Shop) -> AsyncIterator[Running]:
    async with running(cast("FakeGateway", opened.gateway), Settings(port=0)) as there:
        yield there


class Watcher:
    """A subscription by `graphql-transport-ws`, over a connection of its own."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def next(self) -> Any:
        """What is sent next. Any: JSON."""
        async with asyncio.timeout(60):
            message = json.loads(await self._connection.recv())
        assert message["type"] == "next", message
        return message["payload"]

    async def until(self, wanted: Any) -> None:
        """Until this is what is sent."""
        async with asyncio.timeout(60):
            while (await self.next()).get("data") != wanted:
                pass


@asynccontextmanager
async def watching(there: Running, document: str) -> AsyncIterator[Watcher]:
    address = f"ws://{there.host}:{there.port}/graphql"
    async with websockets.connect(address, subprotocols=[websockets.Subprotocol("graphql-transport-ws")]) as connection:
        await connection.send(json.dumps({"type": "connection_init"}))
        assert json.loads(await connection.recv())["type"] == "connection_ack"
        await connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": document}}))
        yield Watcher(connection)
        await connection.send(json.dumps({"id": "1", "type": "complete"}))


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - anything may make it true
            await asyncio.sleep(0.01)
