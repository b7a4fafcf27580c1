"""The service desk under attack: served on a real port, from SQLite and from PostgreSQL, with more operations than the
example has, so that a customer can reach every verb with filters, orders and cursors of their own."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import asyncpg
import httpx
import jwt
import pytest
import pytest_asyncio
import yaml

from tests.postgres import Databases
from tests.web.conftest import FakeGateway, Running, running
from tidegate.app import Gateway
from tidegate.settings import Settings

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "servicedesk"
SECRET = "the secret of a desk under attack, of more than 32 bytes"
TABLES = ("users", "tickets", "comments")
SQLITE = "  db: { kind: sqlite, file: desk.db, migrations: sql/migrations }\n"
POSTGRES = '  db: { kind: postgres, url: "${DATABASE_URL}", migrations: sql/migrations-postgres }\n'
CLAIMS: Mapping[str, Mapping[str, Any]] = yaml.safe_load((EXAMPLE / "demo.yaml").read_text())
"""Of everybody in demo.yaml. Any: claims are JSON."""

MORE = """
findTickets:
  kind: query
  minRole: customer
  args: { where: TicketFilter, orderBy: "[TicketOrder!]", first: Int = 100, after: String }
  returns: TicketConnection!
  run: { use: tickets, list: { where: $args.where, orderBy: $args.orderBy, limit: $args.first, after: $args.after } }

findComments:
  kind: query
  minRole: customer
  args: { where: CommentFilter, orderBy: "[CommentOrder!]", first: Int = 100, after: String }
  returns: CommentConnection!
  run: { use: comments, list: { where: $args.where, orderBy: $args.orderBy, limit: $args.first, after: $args.after } }

findUsers:
  kind: query
  minRole: customer
  args: { where: UserFilter, orderBy: "[UserOrder!]", first: Int = 100, after: String }
  returns: UserConnection!
  run: { use: users, list: { where: $args.where, orderBy: $args.orderBy, limit: $args.first, after: $args.after } }

listTickets:
  kind: query
  minRole: customer
  args: { where: TicketFilter, orderBy: "[TicketOrder!]", limit: Int, offset: Int }
  returns: "[Ticket!]!"
  run: { use: tickets, list: { where: $args.where, orderBy: $args.orderBy, limit: $args.limit, offset: $args.offset } }

firstTicket:
  kind: query
  minRole: customer
  args: { where: TicketFilter }
  returns: Ticket
  run: { use: tickets, get: { where: $args.where } }

maybeTicket:
  kind: query
  minRole: customer
  args: { id: ID }
  returns: Ticket
  run: { use: tickets, get: { where: { id: $args.id } } }

countTickets:
  kind: query
  minRole: customer
  args: { where: TicketFilter }
  returns: Int!
  run: { use: tickets, count: { where: $args.where } }

countComments:
  kind: query
  minRole: customer
  args: { where: CommentFilter }
  returns: Int!
  run: { use: comments, count: { where: $args.where } }

countByStatus:
  kind: query
  minRole: customer
  args: { where: TicketFilter }
  returns: "[StatusCount!]!"
  run:
    use: tickets
    aggregate: { where: $args.where, groupBy: [status], values: { tickets: count, oldest: { min: createdAt } } }

notes:
  kind: query
  minRole: customer
  returns: "[NoteCount!]!"
  run: { use: tickets, aggregate: { groupBy: [internalNote], values: { tickets: count } } }

lastNote:
  kind: query
  minRole: customer
  returns: LastNote!
  run: { use: tickets, aggregate: { values: { note: { max: internalNote } } } }

countedNotes:
  kind: query
  minRole: customer
  returns: CountedNotes!
  run: { use: tickets, aggregate: { values: { notes: { countDistinct: internalNote } } } }

narrowed:
  kind: query
  minRole: customer
  args: { status: Status, title: String, priorities: "[Priority!]" }
  returns: "[Ticket!]!"
  run:
    use: tickets
    list:
      where:
        or: [{ status: $args.status }, { title: { contains: $args.title } }]
        not: { priority: { in: $args.priorities } }

retitle:
  kind: mutation
  minRole: customer
  args: { where: TicketFilter, title: String! }
  returns: "[Ticket!]!"
  run: { use: tickets, updateMany: { where: $args.where, set: { title: $args.title } } }

retitleCounted:
  kind: mutation
  minRole: customer
  args: { where: TicketFilter, title: String! }
  returns: Int!
  run: { use: tickets, updateMany: { where: $args.where, set: { title: $args.title } } }

retitleNarrowed:
  kind: mutation
  minRole: customer
  args: { status: Status, title: String, ids: "[ID!]", not: Status }
  returns: Int!
  run:
    use: tickets
    updateMany:
      where: { or: [{ status: $args.status }, { id: { in: $args.ids } }], not: { status: $args.not } }
      set: { title: $args.title }

give:
  kind: mutation
  minRole: customer
  args: { id: ID!, to: String! }
  returns: Ticket
  run: { use: tickets, update: { where: { id: $args.id }, set: { email: $args.to } } }

giveAll:
  kind: mutation
  minRole: customer
  args: { where: TicketFilter!, to: String! }
  returns: Int!
  run: { use: tickets, updateMany: { where: $args.where, set: { email: $args.to } } }

fileTickets:
  kind: mutation
  minRole: customer
  args: { rows: "[AnyTicket!]!" }
  returns: "[Ticket!]!"
  run: { use: tickets, createMany: { rows: $args.rows } }

remove:
  kind: mutation
  minRole: customer
  args: { id: ID! }
  returns: Ticket
  run: { use: tickets, delete: { where: { id: $args.id } } }

removeMany:
  kind: mutation
  minRole: customer
  args: { where: TicketFilter }
  returns: "[Ticket!]!"
  run: { use: tickets, deleteMany: { where: $args.where } }

removeCounted:
  kind: mutation
  minRole: customer
  args: { where: TicketFilter }
  returns: Int!
  run: { use: tickets, deleteMany: { where: $args.where } }
"""
TYPES = """
input AnyTicket {
  title: String!
  description: String!
  email: String!
  status: Status
  internalNote: String
}
type NoteCount { internalNote: String, tickets: Int! }
type LastNote { note: String }
type CountedNotes { notes: Int! }
"""
DELETE = "delete: { admin: all }"
CUSTOMERS_DELETE = "delete: { customer: { email: $currentUser.email, status: Todo }, admin: all }"


def token(who: str | Mapping[str, Any], secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    """Of somebody of demo.yaml, or of any claims; a change to `...` leaves the claim out. Any: claims are JSON."""
    claims = CLAIMS[who] if isinstance(who, str) else who
    payload = {"exp": int(time.time()) + 6000, "aud": "servicedesk", **claims, **changes}
    return jwt.encode({name: value for name, value in payload.items() if value is not ...}, secret, algorithm)


@dataclass
class Desk:
    """A served desk and the way past it, straight to the tables."""

    site: Running
    gateway: Gateway
    folder: Path
    postgres: str | None

    @property
    def secret(self) -> str:
        return SECRET

    @property
    def claims(self) -> Mapping[str, Mapping[str, Any]]:
        return CLAIMS

    def token(self, who: str | Mapping[str, Any], **changes: Any) -> str:
        return token(who, **changes)

    async def send(self, body: bytes, bearer: str | None = None, **headers: str) -> httpx.Response:
        named = {"content-type": "application/json", **{key.replace("_", "-"): headers[key] for key in headers}}
        if bearer is not None:
            named["authorization"] = f"Bearer {bearer}"
        return await self.site.client.post("/graphql", content=body, headers=named, timeout=60)

    async def ask(self, who: str | None, query: str, **variables: Any) -> dict[str, Any]:
        """The GraphQL response. Any: it is JSON."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        response = await self.send(body, None if who is None else token(who))
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        assert "INTERNAL" not in response.text, (query, variables, answer)
        return answer

    async def data(self, who: str | None, query: str, **variables: Any) -> Any:
        answer = await self.ask(who, query, **variables)
        assert "errors" not in answer, (query, variables, answer)
        return answer["data"]

    async def codes(self, who: str | None, query: str, **variables: Any) -> list[str]:
        return [error["extensions"]["code"] for error in (await self.ask(who, query, **variables)).get("errors", ())]

    async def table(self, name: str) -> list[dict[str, Any]]:
        """Every row, by its id, as the database holds it. Any: rows are."""
        return (await self.tables(name))[name]

    async def tables(self, *names: str) -> dict[str, list[dict[str, Any]]]:
        """All of them, where none is named."""
        queries = {name: f"select * from {name} order by id" for name in names or TABLES}
        if self.postgres is not None:
            connection = await asyncpg.connect(self.postgres)
            try:
                return {name: [dict(row) for row in await connection.fetch(query)] for name, query in queries.items()}
            finally:
                await connection.close()
        with closing(sqlite3.connect(self.folder / "desk.db")) as database:
            database.row_factory = sqlite3.Row
            return {name: [dict(row) for row in database.execute(query)] for name, query in queries.items()}


def write_project(folder: Path, *, postgres: bool) -> Path:
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("*.db", "*.db-*", ".env", ".tidegate"))
    (folder / "operations" / "more.yaml").write_text(MORE)
    with (folder / "types.graphql").open("a") as types:
        types.write(TYPES)
    with (folder / "tidegate.yaml").open("a") as settings:
        # A busy machine is no mistake.
        settings.write("limits: { timeout: 1m, headTimeout: 1m, bodyTimeout: 1m }\n")
    tickets = folder / "objects" / "tickets.yaml"
    changed = [(tickets, DELETE, CUSTOMERS_DELETE)]
    if postgres:
        changed.append((folder / "tidegate.yaml", SQLITE, POSTGRES))
    for file, old, new in changed:
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))
    return folder


@pytest.fixture(scope="module")
def bearers() -> Mapping[str, str]:
    return {who: token(who) for who in ("ada", "sam", "kim")}


@asynccontextmanager
async def opened(folder: Path, postgres: str | None) -> AsyncIterator[Desk]:
    """A desk in a folder that is not there yet, on SQLite or in the empty database at `postgres`."""
    write_project(folder, postgres=postgres is not None)
    gateway = Gateway.load(folder, {"JWT_SECRET": SECRET, "DATABASE_URL": postgres or ""})
    await gateway.open()
    try:
        async with running(cast("FakeGateway", gateway), Settings(port=0)) as site:
            yield Desk(site, gateway, folder, postgres)
    finally:
        await gateway.close()


@pytest_asyncio.fixture(params=["sqlite", "postgres"])
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    """A test's own."""
    postgres = request.getfixturevalue("postgres_database") if request.param == "postgres" else None
    async with opened(tmp_path / "desk", postgres) as desk:
        yield desk


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgres"])
async def shared_desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """For the tests of a module after which everything is as it was; they have `@pytest.mark.asyncio(
    loop_scope="module")`."""
    folder = tmp_path_factory.mktemp("shared") / "desk"
    async with AsyncExitStack() as closing:
        postgres = None
        if request.param == "postgres":
            databases: Databases = request.getfixturevalue("postgres_databases")
            postgres = await databases.take()
            closing.push_async_callback(databases.give_back, postgres)
        desk = await closing.enter_async_context(opened(folder, postgres))
        before = await desk.tables()
        yield desk
        assert await desk.tables() == before
