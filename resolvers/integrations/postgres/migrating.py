"""Applies migrations to PostgreSQL. An advisory lock makes processes that start together wait for each other."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import asyncpg

from tidegate.core.integration import IntegrationUnavailable
from tidegate.resolvers.integrations.relational.migrations import (
    CREATE_TABLE,
    READ_APPLIED,
    Applied,
    Migration,
    failed,
    pending,
    read_migrations,
)
from tidegate.resolvers.integrations.relational.reflection import OWN_TABLE

_LOCK: Final = 0x7469_6465_6761_7465
"""`tidegate` in ASCII. Advisory locks are the database's own, so other databases are not in the way."""

_RECORD: Final = f"insert into {OWN_TABLE} (number, name, checksum, applied_at) values ($1, $2, $3, $4)"


async def migrate(connection: asyncpg.Connection, folder: Path) -> None:
    """Applies what is not applied yet. Raises `IntegrationUnavailable` with the file, the line and PostgreSQL's own
    words."""
    migrations = read_migrations(folder)
    if not migrations:
        return
    await connection.execute("select pg_advisory_lock($1)", _LOCK)
    try:
        # Asked first: an account that may not create tables can still serve a database that is up to date.
        if await connection.fetchval("select to_regclass($1)", OWN_TABLE) is None:
            await connection.execute(CREATE_TABLE)
        applied = [Applied(*row) for row in await connection.fetch(READ_APPLIED)]
        for migration in pending(migrations, applied):
            await _apply(connection, migration)
    finally:
        if not connection.is_closed():
            await connection.execute("select pg_advisory_unlock($1)", _LOCK)


async def _apply(connection: asyncpg.Connection, migration: Migration) -> None:
    await connection.execute("begin")
    try:
        # The simple protocol: as many statements as there are, dollar quotes and all, split by the server itself.
        await connection.execute(migration.sql)
        if not connection.is_in_transaction():
            raise IntegrationUnavailable(
                f"The migration {migration.name} ends its transaction itself. "
                "Take BEGIN, COMMIT and ROLLBACK out of it."
            )
        now = datetime.now(UTC).isoformat(timespec="seconds")
        await connection.execute(_RECORD, migration.number, migration.name, migration.checksum, now)
        await connection.execute("commit")
    except asyncpg.PostgresError as error:
        if not connection.is_closed():
            await connection.execute("rollback")
        position = error.position
        line = migration.sql.count("\n", 0, int(position) - 1) + 1 if position else None
        raise failed(migration, str(error), line) from error
