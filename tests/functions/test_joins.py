"""Tickets of one database with customers of another one and plans of another server: asked together, and live."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from math import inf
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import jwt
import pytest

from tests.actions.world import SECRET
from tests.functions.world import PATIENT, PROJECT, USERS
from tests.realtime.screens import Screen, nothing, watch
from tests.resolvers.servers import Request, Server
from tidegate.app import Gateway
from tidegate.auth.claims import user_of
from tidegate.core.errors import OperationError
from tidegate.core.integration import Answer, Compiled, Integration, Session
from tidegate.core.json import Given

TYPES = """
type Ticket { id: Int! title: String! email: String }
type Desk { id: Int! title: String! email: String customer: Customer plans: [Plan!]! best: Plan }
type Customer { email: String! name: String! orders: [Order!]! }
type Order { id: Int! text: String! email: String! }
type Plan { email: String! name: String! }
"""
OBJECTS = """
tickets: { integration: db, key: id, type: Ticket, access: { read: { member: all }, create: { member: all } } }
customers:
  integration: crm
  key: email
  type: Customer
  relations: { orders: { many: orders, on: { email: email }, orderBy: id } }
  access: { read: { member: { email: $currentUser.email }, lead: all }, update: { member: all } }
orders: { integration: crm, key: id, type: Order, access: { read: { member: all }, create: { member: all } } }
"""
OPERATIONS = """
desk:
  kind: query
  minRole: member
  returns: "[Desk!]!"
  run: { use: tickets, list: { orderBy: id } }
  join:
    customer: { call: customerOf, with: { email: $row.email } }
    plans:    { call: plansOf, keys: { emails: $row.email }, match: { email: $row.email }, many: true }
    best:     { call: plansOf, keys: { emails: $row.email }, match: { email: $row.email } }
customerOf:
  kind: query
  minRole: member
  args: { email: String! }
  returns: Customer
  run: { use: customers, get: { where: { email: $args.email } } }
plansOf:
  kind: query
  minRole: member
  args: { emails: "[String!]!" }
  returns: "[Plan!]!"
  run: { use: web, get: { path: /plans, params: { email: $args.emails }, data: $.items } }
file: { kind: mutation, minRole: member, args: { title: String!, email: String }, returns: Ticket!,
  run: { use: tickets, create: { title: $args.title, email: $args.email } } }
order: { kind: mutation, minRole: member, args: { text: String!, email: String! }, returns: Order!,
  run: { use: orders, create: { text: $args.text, email: $args.email } } }
rename: { kind: mutation, minRole: member, args: { name: String! }, returns: Customer,
  run: { use: customers, update: { where: { email: $currentUser.email }, set: { name: $args.name } } } }
"""
TABLE = "create table tickets (id %s primary key, title text not null, email text)"
CRM = """
create table customers (email text primary key, name text not null);
create table orders (id integer primary key, text text not null, email text not null);
insert into customers values ('ann@example.com', 'Ann'), ('bob@example.com', 'Bob');
insert into orders (text, email) values ('pen', 'ann@example.com'), ('ink', 'ann@example.com');
"""
NOBODY: dict[str, Any] = {"customer": None, "plans": []}
"""Any: JSON."""


class Counted:
    """Passes everything on, and writes down what is executed: each line is one visit."""

    def __init__(self, inner: Integration) -> None:
        self.inner = inner
        self.visits: list[int] = []

    @asynccontextmanager
    async def session(self, *, writes: bool) -> AsyncIterator[Session]:
        async with self.inner.session(writes=writes) as session:
            yield _Counted(session, self.visits)

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


class _Counted:
    def __init__(self, inner: Session, visits: list[int]) -> None:
        self.inner = inner
        self.visits = visits

    def attempt(self) -> AbstractAsyncContextManager[None]:
        return self.inner.attempt()

    async def execute(self, compiled: Compiled, values: Sequence[Given]) -> Answer:
        self.visits.append(1)
        return await self.inner.execute(compiled, values)

    async def execute_many(
        self, compiled: Compiled, batch: Sequence[Sequence[Given]]
    ) -> Sequence[Answer | OperationError]:
        self.visits.append(len(batch))
        return await self.inner.execute_many(compiled, batch)


class Desk:
    """The project, opened, and the server with the plans."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder = folder
        self.database = database
        self.server = Server(self._answer)
        self.plans = [{"email": "ann@example.com", "name": "gold"}, {"email": "ann@example.com", "name": "tin"}]
        self.status = 200
        self.asked: list[list[str]] = []

    def _answer(self, request: Request) -> None:
        emails = parse_qs(urlsplit(request.target).query)["email"]
        self.asked.append(emails)
        items = [plan for plan in self.plans if plan["email"] in emails]
        request.answer(json.dumps({"items": items}).encode(), self.status, content_type="application/json")

    async def write(self, sql: str) -> None:
        """To the tickets, past the gateway."""
        if self.database.startswith("postgres"):
            connection = await asyncpg.connect(self.database)
            try:
                await connection.execute(sql)
            finally:
                await connection.close()
            return
        write(self.database, sql)

    async def open(self) -> None:
        await self.write(TABLE % ("serial" if self.database.startswith("postgres") else "integer"))
        crm = str(self.folder / "crm.db")
        write(crm, CRM)
        db = {"kind": "sqlite", "file": self.database}
        if self.database.startswith("postgres"):
            db = {"kind": "postgres", "url": self.database}
        web = {"kind": "http", "baseUrl": f"http://127.0.0.1:{self.server.port}", "poll": "100ms", "retries": 0}
        integrations = {
            "db": {**db, "watch": True},
            "crm": {"kind": "sqlite", "file": crm, "watch": True},
            "web": {**web, "timeout": "60s", "breaker": False},
        }
        texts = {
            "tidegate.yaml": f"{PROJECT}integrations: {json.dumps(integrations)}\nlimits: {json.dumps(PATIENT)}\n",
            "types.graphql": TYPES,
            "objects/all.yaml": OBJECTS,
            "operations/all.yaml": OPERATIONS,
        }
        for name, text in texts.items():
            path = self.folder / "project" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.gateway = Gateway.load(self.folder / "project", {"JWT_SECRET": SECRET})
        await self.gateway.open()

    async def ask(self, who: str, text: str) -> Any:
        """Any: a GraphQL response."""
        catalog = self.gateway.catalog
        user = user_of(USERS[who], inf, catalog.auth, catalog.roles)
        return json.loads((await self.gateway.execute(text, None, {}, user)).body)

    async def desk(self, who: str, fields: str) -> Any:
        """Any: JSON."""
        answer = await self.ask(who, f"{{ desk {{ {fields} }} }}")
        assert "errors" not in answer, answer
        return answer["data"]["desk"]

    async def watch(self, who: str, fields: str) -> Screen:
        token = jwt.encode({"exp": int(time.time()) + 6000, **USERS[who]}, SECRET, "HS256").encode()
        client = await self.gateway.connect([(b"authorization", b"Bearer " + token)], nothing)
        return watch(client, f"subscription {{ desk {{ {fields} }} }}")[0]

    def count(self, name: str) -> Counted:
        integrations: Any = self.gateway.catalog.integrations  # Any: a dict, which only tests write to
        integrations[name] = counted = Counted(integrations[name])
        return counted


def write(file: str, sql: str) -> None:
    with closing(sqlite3.connect(file)) as raw:
        raw.execute("pragma journal_mode = wal")
        raw.executescript(sql)


@pytest.fixture(params=["sqlite", "postgres"])
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    file = str(tmp_path / "desk.db")
    database = request.getfixturevalue("postgres_database") if request.param == "postgres" else file
    desk = Desk(tmp_path, database)
    async with desk.server:
        await desk.open()
        try:
            yield desk
        finally:
            await desk.gateway.close()


async def test_equal_questions_are_asked_once_and_together(desk: Desk) -> None:
    emails = ["'ann@example.com'", "'bob@example.com'", "'zoe@example.com'", "null"]
    rows = ", ".join(f"('t{number}', {emails[number % 4]})" for number in range(40))
    await desk.write(f"insert into tickets (title, email) values {rows}")
    db, crm = desk.count("db"), desk.count("crm")
    shown = await desk.desk("lea", "id customer { name orders { text } } plans { name } best { name }")
    orders = [{"text": "pen"}, {"text": "ink"}]
    ann = {"customer": {"name": "Ann", "orders": orders}, "plans": [{"name": "gold"}, {"name": "tin"}]}
    assert shown[0] == {"id": 1, **ann, "best": {"name": "gold"}}
    assert shown[1] == {"id": 2, "customer": {"name": "Bob", "orders": []}, "plans": [], "best": None}
    assert shown[2:4] == [{"id": id, "customer": None, "plans": [], "best": None} for id in (3, 4)]
    assert [{**row, "id": 1} for row in shown[::4]] == [shown[0]] * 10
    people = ["ann@example.com", "bob@example.com", "zoe@example.com"]
    assert (db.visits, crm.visits, desk.asked) == ([1], [3], [people, people])
    await desk.desk("lea", "id title")
    assert (db.visits, crm.visits, len(desk.asked)) == ([1, 1], [3], 2)


async def test_each_caller_sees_what_the_called_query_shows_them(desk: Desk) -> None:
    await desk.write("insert into tickets (title, email) values ('a', 'ann@example.com'), ('b', 'bob@example.com')")
    fields = "customer { name }"
    ann, bob = {"customer": {"name": "Ann"}}, {"customer": {"name": "Bob"}}
    assert await desk.desk("lea", fields) == [ann, bob]
    assert await desk.desk("ann", fields) == [ann, {"customer": None}]
    screens = {who: await desk.watch(who, fields) for who in ("ann", "bob")}
    assert (await screens["ann"].next(1))["data"]["desk"] == [ann, {"customer": None}]
    assert (await screens["bob"].next(1))["data"]["desk"] == [{"customer": None}, bob]


async def test_it_is_live_when_either_changes(desk: Desk) -> None:
    screen = await desk.watch("ann", "title customer { name orders { text } } plans { name }")
    assert (await screen.next(1))["data"]["desk"] == []

    async def shows(*rows: Any) -> None:
        """Any: JSON."""
        await screen.until(lambda screen: screen.shown[-1].get("data", {}).get("desk") == list(rows))

    row: dict[str, Any] = {"title": "a", "customer": {"name": "Ann", "orders": [{"text": "pen"}, {"text": "ink"}]}}
    row["plans"] = [{"name": "gold"}, {"name": "tin"}]
    await desk.ask("ann", 'mutation { file(title: "a", email: "ann@example.com") { id } }')
    await shows(row)
    await desk.ask("ann", 'mutation { rename(name: "Anna") { name } }')
    row["customer"]["name"] = "Anna"
    await shows(row)
    await desk.ask("bob", 'mutation { order(text: "cap", email: "ann@example.com") { id } }')
    row["customer"]["orders"].append({"text": "cap"})
    await shows(row)
    desk.plans.pop()
    row["plans"].pop()
    await shows(row)
    # Past the gateway.
    write(str(desk.folder / "crm.db"), "update orders set text = 'hat' where text = 'cap'")
    row["customer"]["orders"][-1]["text"] = "hat"
    await shows(row)
    await desk.write("insert into tickets (title) values ('b')")
    await shows(row, {"title": "b", **NOBODY})


async def test_what_cannot_be_asked_is_an_error_and_not_null(desk: Desk) -> None:
    await desk.write("insert into tickets (title, email) values ('a', 'ann@example.com')")
    screen = await desk.watch("ann", "title plans { name }")
    await screen.next(1)
    desk.status = 503
    answer = await desk.ask("ann", "{ desk { title best { name } } }")
    assert answer["data"] is None
    (error,) = answer["errors"]
    assert (error["extensions"]["code"], error["extensions"]["status"]) == ("UPSTREAM_FAILED", 503)
    assert await desk.desk("ann", "title customer { name }") == [{"title": "a", "customer": {"name": "Ann"}}]
    await screen.until(lambda screen: "errors" in screen.shown[-1])
    desk.status = 200
    await screen.until(lambda screen: "errors" not in screen.shown[-1])
