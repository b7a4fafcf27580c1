"""Writes past the gateway that somebody tells of: from outside, by HTTP, to somebody who watches."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import pytest_asyncio

from tests.web.conftest import FakeGateway, Running, running
from tests.web.streaming import PATIENCE
from tidegate.app import Gateway
from tidegate.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = "what only the importer knows, and 16 bytes"
OWN = {"authorization": f"Bearer {SECRET}"}

FILES = {
    "tidegate.yaml": """
name: touched
roles: [anonymous]
limits: { body: 4KiB }
integrations:
  db: { kind: sqlite, file: desk.db, migrations: migrations }
  other: { kind: sqlite, file: other.db, migrations: migrations }
touch: { secret: "${TOUCH}" }
""",
    "types.graphql": "type Customer { id: Int! name: String! } type Seen { id: Int! name: String! }",
    "migrations/0001_customers.sql": """
create table customers (id integer primary key, name text not null);
create table orders (id integer primary key);
create view seen as select id, name from customers;
""",
    "objects/customers.yaml": """
people: { integration: db, table: customers, key: id, type: Customer, access: { read: { anonymous: all } } }
seen: { integration: db, table: seen, key: id, type: Seen, access: { read: { anonymous: all } } }
""",
    "operations/queries.yaml": """
customers: { kind: query, minRole: anonymous, returns: "[Customer!]!", run: { use: people, list: { orderBy: id } } }
orders:
  kind: query
  minRole: anonymous
  returns: Int!
  run: { use: db, sql: "select count(*) from orders" }
  live: { groups: [counts] }
others: { kind: query, minRole: anonymous, returns: Int!, run: { use: other, sql: "select count(*) from customers" } }
""",
}


@asynccontextmanager
async def serving(folder: Path, **changed: str) -> AsyncIterator[tuple[Running, Gateway]]:
    for name, text in {**FILES, **{key.replace("_", "."): value for key, value in changed.items()}}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    gateway = Gateway.load(folder, {"TOUCH": SECRET})
    await gateway.open()
    try:
        async with running(cast(FakeGateway, gateway), Settings(port=0)) as site:
            yield site, gateway
    finally:
        await gateway.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("touched")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(folder: Path) -> AsyncIterator[Running]:
    async with serving(folder) as (site, _):
        yield site


async def touch(site: Running, sent: object, headers: Mapping[str, str] = OWN) -> httpx.Response:
    body = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    return await site.client.post("/touch", content=body, headers=headers)


def write(folder: Path, statement: str) -> None:
    """As somebody else does it."""
    with closing(sqlite3.connect(folder / "desk.db")) as connection:
        connection.execute(statement)
        connection.commit()


class Watching:
    """A subscription over HTTP, by server-sent events."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def next(self) -> Any:
        """The next result. Any: JSON."""
        async with asyncio.timeout(PATIENCE):
            async for line in self._lines:
                if line.startswith("data: "):
                    return json.loads(line.removeprefix("data: "))["data"]
            raise AssertionError("the stream has ended")


async def watch(site: Running, query: str, stack: AsyncExitStack) -> Watching:
    headers = {"accept": "text/event-stream"}
    sent = {"query": f"subscription {{ {query} }}"}
    return Watching(await stack.enter_async_context(site.client.stream("POST", "/graphql", json=sent, headers=headers)))


async def test_what_others_write_is_shown_when_they_tell(site: Running, folder: Path) -> None:
    async with AsyncExitStack() as stack:
        customers = await watch(site, "customers { name }", stack)
        seen = await watch(site, "orders", stack)
        assert (await customers.next(), await seen.next()) == ({"customers": []}, {"orders": 0})
        for number, told in enumerate(
            (
                {"integration": "db", "resource": "customers"},
                {"integration": "db", "resource": "people"},
                {"integration": "db"},
                [{"queries": ["customers"]}, {"integration": "db", "resource": "orders"}],
            ),
            1,
        ):
            write(folder, f"insert into customers values ({number}, 'Ada')")
            response = await touch(site, told)
            assert response.status_code == 200
            assert "customers" in response.json()["data"]["queries"]
            assert len((await customers.next())["customers"]) == number
        # Of what it was not told it knows nothing; and a group is the queries in it.
        write(folder, "insert into orders values (1)")
        assert (await touch(site, {"queries": ["counts"]})).json() == {"data": {"queries": ["orders"]}}
        assert await seen.next() == {"orders": 1}
        # Whoever has not been told of shows nothing new: the next result is of the next touch.
        write(folder, "insert into customers values (10, 'Bob')")
        assert (await touch(site, {"integration": "other"})).json() == {"data": {"queries": ["others"]}}
        write(folder, "insert into customers values (11, 'Bob')")
        await touch(site, {"integration": "db", "resource": "customers", "queries": ["orders"]})
        assert len((await customers.next())["customers"]) == 6


async def test_the_journal_says_who_told(folder: Path, tmp_path: Path) -> None:
    async with serving(tmp_path) as (site, gateway), AsyncExitStack() as stack:
        customers = await watch(site, "customers { name }", stack)
        await customers.next()
        journal = gateway.follow(unmoved=False)
        following = asyncio.ensure_future(anext(journal))
        await asyncio.sleep(0)
        # A view's rows are other tables', so it is everything.
        await touch(site, [{"integration": "db", "resource": "seen"}, {"queries": ["orders"]}])
        async with asyncio.timeout(PATIENCE):
            record = await following
        await journal.aclose()
    assert (record["kind"], record["cause"], record["named"]) == ("change", "outside: db", ["orders"])
    assert record["woken"] == 1


WRONG: Mapping[str, tuple[int, object, str]] = {
    "no JSON": (400, b"{", "The request is not JSON in UTF-8."),
    "no object": (400, 7, "A touch is a JSON object."),
    "no items": (400, [], "The body is a touch, or a list of 1 to 100."),
    "too many": (400, [{"queries": ["orders"]}] * 101, "The body is a touch, or a list of 1 to 100."),
    "nothing": (400, {}, 'A touch names an "integration", with its "resource" or without, or "queries".'),
    "no integration": (
        400,
        {"resource": "customers"},
        'A touch names an "integration", with its "resource" or without, or "queries".',
    ),
    "a key": (400, {"integration": "db", "table": "a"}, '"table" is not a key of a touch.'),
    "a name": (400, {"integration": 7}, '"integration" holds names, which are texts of 1 to 200 characters.'),
    "names": (400, {"queries": "orders"}, '"queries" is a list of 1 to 100 names.'),
    "an empty name": (400, {"queries": [""]}, '"queries" holds names, which are texts of 1 to 200 characters.'),
    "integration": (422, {"integration": "dbb"}, 'There is no integration "dbb". Did you mean "db"?'),
    "resource": (
        422,
        {"integration": "db", "resource": "customer"},
        'No query reads "customer" of db. Did you mean "customers"?',
    ),
    "query": (422, {"queries": ["orders", "order"]}, 'There is no query or group "order". Did you mean "orders"?'),
    "large": (413, b" " * 5000, "The request's body is larger than 4096 bytes."),
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_is_wrong_is_said(site: Running, name: str) -> None:
    status, sent, message = WRONG[name]
    response = await touch(site, sent)
    (error,) = response.json()["errors"]
    assert (response.status_code, error["message"].split(" Known here")[0]) == (status, message)
    assert error["extensions"]["code"] == ("LIMIT" if status == 413 else "BAD_USER_INPUT")


async def test_only_who_knows_the_secret(site: Running, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "tidegate.web.touches")
    for headers in ({}, {"authorization": f"Bearer {SECRET}x"}, {"authorization": "Bearer x"}, {"x-signature": SECRET}):
        # Nothing of the body is looked at.
        response = await touch(site, b"{", headers)
        assert response.status_code == 401
        assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert len(caplog.records) == 1
    assert SECRET not in caplog.text
    response = await site.client.get("/touch", headers=OWN)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


async def test_a_signature_over_the_body(tmp_path: Path) -> None:
    settings = FILES["tidegate.yaml"].replace('"${TOUCH}"', '"${TOUCH}", signature: hmac, header: X-Own')
    async with serving(tmp_path, tidegate_yaml=settings) as (site, _):
        body = json.dumps({"integration": "db"}).encode()
        good = hmac.new(SECRET.encode(), body, sha256).hexdigest()
        assert (await touch(site, body, {"x-own": f"sha256={good}"})).status_code == 200
        for headers in (OWN, {"x-own": SECRET}, {"x-own": good}):
            assert (await touch(site, body + b" ", headers)).status_code == 401


async def test_a_project_without_it_has_no_such_address(tmp_path: Path) -> None:
    settings = FILES["tidegate.yaml"].replace("touch:", "config:").replace('"${TOUCH}"', "x")
    async with serving(tmp_path, tidegate_yaml=settings) as (site, _):
        for sent in ({"integration": "db"}, b"{"):
            assert (await touch(site, sent)).status_code == 404
        assert (await site.client.get("/touch")).status_code == 404
