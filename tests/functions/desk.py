"""Tickets in one database, customers in another one, plans on a server; and those who count what they are asked."""

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

from tests.actions.world import SECRET, kind_of
from tests.functions.world import PATIENT, PROJECT, USERS
from tests.mysql_client import ask_mysql
from tests.realtime.screens import Screen, nothing, watch
from tests.resolvers.integrations.relational.desk import for_mysql
from tests.resolvers.servers import Request, Server
from tidegate.app import Gateway
from tidegate.auth.claims import user_of
from tidegate.core.change import Change
from tidegate.core.errors import OperationError
from tidegate.core.footprint import Touch
from tidegate.core.integration import Answer, Compiled, Integration, Session
from tidegate.core.json import Given

TYPES = """
type Ticket { id: Int! title: String! email: String }
type Desk { id: Int! title: String! email: String customer: Customer plans: [Plan!]! best: Plan }
type Customer { email: String! name: String! orders: [Order!]! }
type Order { id: Int! text: String! email: String! }
type Seat { row: Int! place: Int! guest: String customer: Customer }
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
seats:
  integration: crm
  key: [row, place]
  type: Seat
  relations: { customer: { one: customers, on: { email: guest } } }
  access: { read: { member: all } }
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
known: { kind: query, minRole: member, args: { emails: "[String!]!" }, returns: "[Customer!]!",
  steps: [{ each: $args.emails, do: [{ value: { email: $value } }] }] }
asked: { kind: query, minRole: member, args: { email: String! }, returns: Customer,
  steps: [{ use: customers, get: { where: { email: $args.email } } }] }
seated: { kind: query, minRole: member, args: { seats: JSON }, returns: "[Seat]", steps: [{ value: $args.seats }] }
seen: { kind: query, minRole: member, args: { email: String! }, returns: String,
  steps: [{ as: found, call: known, with: { emails: [$args.email] } }, { value: $found.0.name }] }
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
create table seats ("row" integer, place integer, guest text, primary key ("row", place));
insert into seats values (1, 1, 'ann@example.com'), (1, 2, 'bob@example.com'), (2, 1, null);
insert into customers values ('ann@example.com', 'Ann'), ('bob@example.com', 'Bob');
insert into orders (text, email) values ('pen', 'ann@example.com'), ('ink', 'ann@example.com');
"""


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
        self._opened: Gateway | None = None

    @property
    def kind(self) -> str:
        return kind_of(self.database)

    @property
    def gateway(self) -> Gateway:
        assert self._opened is not None
        return self._opened

    def _answer(self, request: Request) -> None:
        emails = parse_qs(urlsplit(request.target).query)["email"]
        self.asked.append(emails)
        items = [plan for plan in self.plans if plan["email"] in emails]
        request.answer(json.dumps({"items": items}).encode(), self.status, content_type="application/json")

    async def write(self, sql: str) -> None:
        """To the tickets, past the gateway."""
        if self.kind == "mysql":
            await ask_mysql(self.database, sql)
            self._tell("db")
            return
        if self.database.startswith("postgres"):
            connection = await asyncpg.connect(self.database)
            try:
                await connection.execute(sql)
            finally:
                await connection.close()
            return
        write(self.database, sql)

    async def write_crm(self, sql: str) -> None:
        """To the customers, past the gateway. They are in another file, or with MySQL in the same database."""
        if self.kind == "mysql":
            await ask_mysql(self.database, *filter(str.strip, sql.split(";")))
            self._tell("crm")
            return
        write(str(self.folder / "crm.db"), sql)

    def _tell(self, integration: str) -> None:
        """As POST /touch does."""
        if self._opened is not None:
            source = self.gateway.catalog.integrations[integration].source
            self.gateway.touch(Change("outside", (Touch(source, None),)))

    async def open(self) -> None:
        kind = self.kind
        table = TABLE % {"sqlite": "integer", "postgres": "serial", "mysql": "integer auto_increment"}[kind]
        await self.write(for_mysql(table) if kind == "mysql" else table)
        counted = CRM.replace("id integer", "id integer auto_increment")
        await self.write_crm(for_mysql(counted) if kind == "mysql" else CRM)
        db: dict[str, Any] = {"kind": kind, "file" if kind == "sqlite" else "url": self.database}
        crm = db if kind == "mysql" else {"kind": "sqlite", "file": str(self.folder / "crm.db")}
        # MySQL tells nobody.
        watched = {} if kind == "mysql" else {"watch": True}
        web = {"kind": "http", "baseUrl": f"http://127.0.0.1:{self.server.port}", "poll": "100ms", "retries": 0}
        integrations = {
            "db": {**db, **watched},
            "crm": {**crm, **watched},
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
        self._opened = Gateway.load(self.folder / "project", {"JWT_SECRET": SECRET})
        await self._opened.open()

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
        return await self.follow(who, f"subscription {{ desk {{ {fields} }} }}")

    async def follow(self, who: str, text: str, **variables: Any) -> Screen:
        """Any: JSON."""
        token = jwt.encode({"exp": int(time.time()) + 6000, **USERS[who]}, SECRET, "HS256").encode()
        client = await self.gateway.connect([(b"authorization", b"Bearer " + token)], nothing)
        return watch(client, text, **variables)[0]

    def count(self, name: str) -> Counted:
        integrations: Any = self.gateway.catalog.integrations  # Any: a dict, which only tests write to
        integrations[name] = counted = Counted(integrations[name])
        return counted


def write(file: str, sql: str) -> None:
    with closing(sqlite3.connect(file)) as raw:
        raw.execute("pragma journal_mode = wal")
        raw.executescript(sql)
