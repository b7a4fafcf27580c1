"""Gateways that watch a database, and somebody else who writes to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias
from uuid import uuid4

import asyncpg
import pytest

from tests.resolvers.integrations.conftest import postgres_settings
from tidegate.core.footprint import Read, Touch
from tidegate.resolvers.integrations.postgres.database import PostgresDatabase
from tidegate.resolvers.integrations.relational.tables import Tables
from tidegate.resolvers.integrations.relational.violations import Vocabulary

PATIENCE = 60.0


class Gateway:
    """A database that is watched as a gateway does it. `heard` is what it was told, in order, `calls` how
    much each time."""

    def __init__(self, url: str, *, watch: bool | None = True) -> None:
        self.database = PostgresDatabase("db", replace(postgres_settings(url), watch=watch), Vocabulary())
        self.tables = Tables()
        self.heard: list[Touch] = []
        self.calls: list[int] = []

    async def open(self, *reads: str | None, **keys: Sequence[str]) -> None:
        """`reads` are the tables that are read, anything by default; `keys` the columns that reads are keyed by."""
        reflection = await self.database.open()
        self.tables.learn(reflection.tables, reflection.release, reflection.source)
        for table, columns in keys.items():
            self.tables.compared[table].update(columns)
        wanted = [Read(self.tables.source, table) for table in reads or (None,)]
        try:
            await self.database.watch(self.tables, wanted, self._hear)
        except BaseException:
            await self.database.close()
            raise

    def _hear(self, touches: Sequence[Touch]) -> None:
        self.calls.append(len(touches))
        self.heard += touches

    async def told(self, enough: Callable[[Sequence[Touch]], bool] = bool) -> list[Touch]:
        """What was heard since the last time, as soon as it is enough."""
        async with asyncio.timeout(PATIENCE):
            while not enough(self.heard):  # noqa: ASYNC110 - what is enough differs
                await asyncio.sleep(0.005)
        heard = [*self.heard]
        self.heard.clear()
        return heard

    async def fence(self, connection: asyncpg.Connection) -> list[Touch]:
        """Everything that was heard of what `connection` has done until now."""
        await connection.execute("""select pg_notify('tidegate', '{"v": 1, "t": "the fence"}')""")
        end = Touch(self.tables.source, "the fence")
        return [touch for touch in await self.told(lambda heard: end in heard) if touch != end]

    def touch(self, table: str | None, columns: set[str] | None = None, images: Sequence[Any] | None = None) -> Touch:
        """Any: rows, as dicts."""
        changed = None if columns is None else frozenset(columns)
        return Touch(self.tables.source, table, changed, None if images is None else tuple(images))


Open: TypeAlias = Callable[..., Awaitable[Gateway]]

SCHEMA = """
    create type mood as enum ('calm', 'cross');
    create table tickets (id int primary key, title text, email text, mood mood, token uuid, open boolean,
                          shouted text generated always as (upper(title)) stored);
    create table logs (line text);
    create table people (id int primary key, name text);
    create table pets (id int primary key, owner int references people on delete cascade);
"""


@pytest.fixture
async def outsider(postgres_database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres_database)
    await connection.execute(SCHEMA)
    yield connection
    await connection.close()


@pytest.fixture
async def open_gateway(outsider: asyncpg.Connection, postgres_database: str) -> AsyncIterator[Open]:
    """Opens gateways on the outsider's database, by default with keys on tickets."""
    opened: list[Gateway] = []

    async def open_gateway(*reads: str | None, watch: bool | None = True, **keys: Sequence[str]) -> Gateway:
        gateway = Gateway(postgres_database, watch=watch)
        opened.append(gateway)
        await gateway.open(*reads, **(keys or {"tickets": ("id", "email")}))
        return gateway

    yield open_gateway
    for gateway in opened:
        await gateway.database.close()


@pytest.fixture
async def role(outsider: asyncpg.Connection) -> AsyncIterator[str]:
    """One that may do nothing."""
    name = f"role_{uuid4().hex[:16]}"
    await outsider.execute(f"create role {name} login")
    yield name
    await outsider.execute(f"drop owned by {name} cascade; drop role {name}")
