"""The contents of a desk's database, seen and changed by somebody who is not the gateway."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Protocol

import asyncpg
from asyncmy.cursors import DictCursor
from asyncmy.errors import IntegrityError

from tests.mysql_client import ask, connected

TABLES = ("users", "tickets", "comments")
Tables = Mapping[str, Sequence[Mapping[str, Any]]]
"""Any: columns are of every type."""


class Contents(Protocol):
    telling: bool
    """Whether somebody who writes has to tell the gateway, for the database does not."""

    async def open(self) -> None:
        """Remembers what there is, for `reset`."""
        ...

    async def close(self) -> None: ...

    async def read(self) -> Tables: ...

    async def execute(self, statements: Sequence[str], *, commit: bool) -> None:
        """One transaction; rolled back where a statement fails."""
        ...

    async def reset(self) -> None: ...


class SqliteContents:
    telling = False

    def __init__(self, file: Path) -> None:
        self._database = sqlite3.connect(file, isolation_level=None, timeout=20, check_same_thread=False)
        self._database.row_factory = sqlite3.Row
        self._first: Tables = {}

    async def open(self) -> None:
        self._database.execute("pragma foreign_keys = on")
        self._first = await self.read()

    async def close(self) -> None:
        self._database.close()

    async def read(self) -> Tables:
        self._database.execute("begin")
        tables = {table: [dict(row) for row in self._database.execute(f"select * from {table}")] for table in TABLES}
        self._database.execute("commit")
        return tables

    async def execute(self, statements: Sequence[str], *, commit: bool) -> None:
        # In a thread: it may have to wait until the gateway has written.
        await asyncio.to_thread(self._execute, statements, commit)

    async def reset(self) -> None:
        await asyncio.to_thread(self._reset)

    def _execute(self, statements: Sequence[str], commit: bool) -> None:
        self._database.execute("begin immediate")
        try:
            for statement in statements:
                self._database.execute(statement)
        except sqlite3.IntegrityError:
            commit = False
        self._database.execute("commit" if commit else "rollback")

    def _reset(self) -> None:
        self._database.execute("begin immediate")
        for table in reversed(TABLES):
            self._database.execute(f"delete from {table}")
        for table in TABLES:
            for row in self._first[table]:
                marks = ", ".join("?" for _ in row)
                self._database.execute(f"insert into {table} ({', '.join(row)}) values ({marks})", [*row.values()])
        self._database.execute("commit")


class PostgresContents:
    telling = False

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Any = None  # Any: asyncpg has no types
        self._first: Tables = {}

    async def open(self) -> None:
        self._connection = await asyncpg.connect(self._url)
        self._first = await self.read()

    async def close(self) -> None:
        await self._connection.close()

    async def read(self) -> Tables:
        async with self._connection.transaction(isolation="repeatable_read"):
            return {
                table: [dict(row) for row in await self._connection.fetch(f"select * from {table}")] for table in TABLES
            }

    async def execute(self, statements: Sequence[str], *, commit: bool) -> None:
        transaction = self._connection.transaction()
        await transaction.start()
        try:
            for statement in statements:
                await self._connection.execute(statement)
        except asyncpg.IntegrityConstraintViolationError:
            commit = False
        await (transaction.commit() if commit else transaction.rollback())

    async def reset(self) -> None:
        async with self._connection.transaction():
            await self._connection.execute(f"truncate {', '.join(TABLES)} restart identity cascade")
            for table in TABLES:
                rows = self._first[table]
                marks = ", ".join(f"${number}" for number in range(1, len(rows[0]) + 1))
                insert = f"insert into {table} ({', '.join(rows[0])}) values ({marks})"
                await self._connection.executemany(insert, [[*row.values()] for row in rows])
                sequence = f"select setval(pg_get_serial_sequence('{table}', 'id'), {len(rows)})"
                await self._connection.execute(sequence)


class MysqlContents:
    telling = True

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Any = None  # Any: asyncmy's types are wrong
        self._first: Tables = {}
        self._closing = AsyncExitStack()

    async def open(self) -> None:
        self._connection = await self._closing.enter_async_context(connected(self._url))
        self._first = await self.read()

    async def close(self) -> None:
        await self._closing.aclose()

    async def read(self) -> Tables:
        await self._ask("start transaction with consistent snapshot, read only")
        tables = {table: await self._ask(f"select * from {table}") for table in TABLES}
        await self._ask("commit")
        return tables

    async def execute(self, statements: Sequence[str], *, commit: bool) -> None:
        await self._ask("begin")
        try:
            for statement in statements:
                await self._ask(statement)
        except IntegrityError:
            commit = False
        await self._ask("commit" if commit else "rollback")

    async def reset(self) -> None:
        await self._ask("begin")
        for table in reversed(TABLES):
            await self._ask(f"delete from {table}")
        for table in TABLES:
            for row in self._first[table]:
                marks = ", ".join(["%s"] * len(row))
                await self._ask(f"insert into {table} ({', '.join(row)}) values ({marks})", [*row.values()])
        await self._ask("commit")
        for table in TABLES:
            await self._ask(f"alter table {table} auto_increment = {len(self._first[table]) + 1}")

    async def _ask(self, sql: str, values: Sequence[Any] | None = None) -> Any:
        """Any: rows of columns of every type."""
        return await ask(self._connection, sql, values, DictCursor)
