"""Somebody who is not the gateway asks a MySQL or MariaDB."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncmy
from asyncmy.cursors import Cursor

from tidegate.resolvers.integrations.mysql.address import parse_address


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    """A connection that commits by itself until it is told otherwise. Any: asyncmy's types are wrong."""
    address = parse_address(url)
    connection = await asyncmy.connect(
        user=address.user,
        password=address.password,
        unix_socket=address.socket,
        database=address.database,
        charset="utf8mb4",
        autocommit=True,
    )
    try:
        yield connection
    finally:
        await connection.ensure_closed()


async def ask(connection: Any, sql: str, values: Sequence[Any] | None = None, rows: type = Cursor) -> Any:
    """Any: rows, of columns of every type."""
    async with connection.cursor(rows) as cursor:
        await cursor.execute(sql, values)
        return await cursor.fetchall()


async def ask_mysql(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """What the last of them answers, in a connection of its own. Any: as above."""
    found: Any = []
    async with connected(url) as connection:
        for statement in statements:
            found = await ask(connection, statement)
    return [tuple(row) for row in found]
