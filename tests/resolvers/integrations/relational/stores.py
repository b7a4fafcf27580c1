"""A database with the tables of the corpus, of each kind, for tests that write to it and take it all back."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol, TypeAlias
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import orjson

from tests.conftest import alone, ask
from tests.mariadb import Server
from tests.resolvers.integrations.conftest import mysql_settings, postgres_settings
from tests.resolvers.integrations.relational.corpus import FOLDER
from tests.resolvers.integrations.relational.desk import mysql_place
from tidegate.core.errors import OperationError
from tidegate.resolvers.integrations.mysql.connection import MysqlConnection
from tidegate.resolvers.integrations.mysql.database import MysqlDatabase
from tidegate.resolvers.integrations.postgres.database import PostgresDatabase
from tidegate.resolvers.integrations.relational.reflection import Reflection
from tidegate.resolvers.integrations.relational.tables import ReflectedTable
from tidegate.resolvers.integrations.relational.violations import Vocabulary
from tidegate.resolvers.integrations.sqlite.catalogue import reflect

Rows: TypeAlias = list[tuple[Any, ...]]
Row: TypeAlias = Mapping[str, Any]
"""Any: what a database holds."""

Dump: TypeAlias = Mapping[str, Mapping[Hashable, Row]]
"""The rows of each table by what names them."""

_REFUSED: Final = (sqlite3.IntegrityError, sqlite3.OperationalError, asyncpg.PostgresError, asyncpg.InterfaceError)


class Store(Protocol):
    kind: str
    reflection: Reflection

    def execute(self, sql: str) -> None: ...

    def rows(self, sql: str, arguments: Sequence[Any] = ()) -> Rows | None:
        """In a transaction. None where the database refuses it; then nothing of it is left."""
        ...

    def dump(self) -> Dump: ...


class SqliteStore:
    kind = "sqlite"

    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        self._connection.executescript((FOLDER / "sqlite.sql").read_text())
        self._connection.execute("pragma foreign_keys = on")
        self.reflection = reflect(self._connection)

    def execute(self, sql: str) -> None:
        self._connection.execute(sql)

    def rows(self, sql: str, arguments: Sequence[Any] = ()) -> Rows | None:
        try:
            return self._connection.execute(sql, arguments).fetchall()
        except _REFUSED:
            return None

    def dump(self) -> Dump:
        return {name: self._rows_of(table) for name, table in _tables(self.reflection)}

    def _rows_of(self, table: ReflectedTable) -> Mapping[Hashable, Row]:
        identity, names = table.primary_key if table.name == "tags" else ("rowid",), list(table.columns)
        rows = self.rows(f"select {', '.join([*identity, *names])} from {table.name}") or []
        width = len(identity)
        return {row[:width]: dict(zip(names, row[width:], strict=True)) for row in rows}

    def close(self) -> None:
        self._connection.close()


class PostgresStore:
    kind = "postgres"

    def __init__(self, url: str, runner: asyncio.Runner) -> None:
        self._runner = runner
        runner.run(ask(url, (FOLDER / "postgres.sql").read_text()))
        self.reflection = runner.run(_reflected(url))
        self._connection = runner.run(asyncpg.connect(url, statement_cache_size=200))
        self._dumping = " union all ".join(
            f"select '{name}', concat_ws(',', {', '.join(table.primary_key or ('ctid',))}), to_json({name})::text"
            f" from {name}"
            for name, table in _tables(self.reflection)
        )

    def execute(self, sql: str) -> None:
        self._runner.run(self._connection.execute(sql))

    def rows(self, sql: str, arguments: Sequence[Any] = ()) -> Rows | None:
        return self._runner.run(self._rows(sql, arguments))

    async def _rows(self, sql: str, arguments: Sequence[Any]) -> Rows | None:
        await self._connection.execute("savepoint rows")
        try:
            return [tuple(row) for row in await self._connection.fetch(sql, *arguments)]
        except _REFUSED:
            await self._connection.execute("rollback to rows")
            return None

    def dump(self) -> Dump:
        found: dict[str, dict[Hashable, Row]] = {name: {} for name, _ in _tables(self.reflection)}
        for name, key, row in self.rows(self._dumping) or []:
            found[name][key] = orjson.loads(row)
        return found

    def close(self) -> None:
        self._runner.run(self._connection.close())


class MysqlStore:
    kind = "mysql"

    def __init__(self, url: str, runner: asyncio.Runner) -> None:
        self._runner = runner
        self._database = MysqlDatabase("db", mysql_settings(url), Vocabulary())
        self.reflection = runner.run(self._database.open())
        self._session = self._database.session(writes=True)
        self._connection: MysqlConnection = runner.run(self._session.__aenter__())
        self._dumping = " union all ".join(_dumped(name, table) for name, table in _tables(self.reflection))

    def execute(self, sql: str) -> None:
        match sql:
            case "begin":
                self._runner.run(self._connection.begin())
            case "rollback":
                self._runner.run(self._connection.roll_back())
            case _:
                self._runner.run(self._connection.control(sql))

    def rows(self, sql: str, arguments: Sequence[Any] = ()) -> Rows | None:
        return self._runner.run(self._rows(sql, arguments))

    async def _rows(self, sql: str, arguments: Sequence[Any]) -> Rows | None:
        await self._connection.control("savepoint tried")
        try:
            return [tuple(row) for row in await self._connection.rows(sql, arguments)]
        except OperationError:
            await self._connection.control("rollback to tried")
            return None

    def dump(self) -> Dump:
        found: dict[str, dict[Hashable, Row]] = {name: {} for name, _ in _tables(self.reflection)}
        for name, key, row in self.rows(self._dumping) or []:
            found[name][key] = orjson.loads(row)
        return found

    def close(self) -> None:
        self._runner.run(self._session.__aexit__(None, None, None))
        self._runner.run(self._database.close())


def _dumped(name: str, table: ReflectedTable) -> str:
    keys = ", ".join(table.primary_key or tuple(table.columns))
    pairs = ", ".join(f"'{column}', {column}" for column in table.columns)
    return f"select '{name}', concat_ws(',', {keys}), json_object({pairs}) from {name}"


def _tables(reflection: Reflection) -> list[tuple[str, ReflectedTable]]:
    return [(name, table) for name, table in reflection.tables.items() if not table.is_view]


@contextmanager
def mysql_store(server: Server) -> Iterator[Store]:
    with mysql_place(server) as url, asyncio.Runner() as runner:
        server.ask((FOLDER / "mysql.sql").read_text(), database=urlsplit(url).path[1:])
        store = MysqlStore(url, runner)
        try:
            yield store
        finally:
            store.close()


async def _reflected(url: str) -> Reflection:
    database = PostgresDatabase("db", postgres_settings(url), Vocabulary())
    try:
        return await database.open()
    finally:
        await database.close()


@contextmanager
def sqlite_store() -> Iterator[Store]:
    store = SqliteStore()
    try:
        yield store
    finally:
        store.close()


@contextmanager
def postgres_store(server: str) -> Iterator[Store]:
    name = f"test_{uuid4().hex[:16]}"
    alone(ask(server, f"create database {name} template template0"))
    with asyncio.Runner() as runner:
        store = PostgresStore(urlsplit(server)._replace(path=f"/{name}").geturl(), runner)
        try:
            yield store
        finally:
            store.close()
    alone(ask(server, f"drop database {name} with (force)"))
