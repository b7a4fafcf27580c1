"""The same database, opened by each driver."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tidegate.resolvers.integrations.postgres.database import PostgresDatabase, PostgresSettings
from tidegate.resolvers.integrations.relational.connection import Connection
from tidegate.resolvers.integrations.relational.violations import Vocabulary
from tidegate.resolvers.integrations.sqlite.database import SqliteDatabase, SqliteSettings

AnyDatabase: TypeAlias = SqliteDatabase | PostgresDatabase
MakeDatabase: TypeAlias = Callable[[Path | None, Vocabulary | None], AnyDatabase]

SCHEMA = (
    "create table people (id integer primary key, email text not null unique, age integer check (age >= 0))",
    "create table notes (id integer primary key, person_id integer not null references people (id), text text)",
)


def sqlite_settings(file: str, migrations: Path | None = None) -> SqliteSettings:
    return SqliteSettings(file, migrations, 3, 2.0, 5.0, "normal", 64)


def postgres_settings(url: str, migrations: Path | None = None, statement_timeout: float = 20.0) -> PostgresSettings:
    return PostgresSettings(url, migrations, 3, 2, 5.0, 5.0, statement_timeout, (), "tidegate tests", 64)


@pytest.fixture(params=["sqlite", "memory", "postgres"])
def make_database(request: pytest.FixtureRequest, tmp_path: Path) -> MakeDatabase:
    """Makes databases on the same data: with a folder of migrations, with the project's words."""
    url = request.getfixturevalue("postgres_database") if request.param == "postgres" else ""

    def make(migrations: Path | None, vocabulary: Vocabulary | None) -> AnyDatabase:
        words = vocabulary or Vocabulary()
        if url:
            return PostgresDatabase("db", postgres_settings(url, migrations), words)
        file = ":memory:" if request.param == "memory" else str(tmp_path / "test.db")
        return SqliteDatabase("db", sqlite_settings(file, migrations), words)

    return make


@pytest.fixture
async def database(make_database: MakeDatabase) -> AsyncIterator[AnyDatabase]:
    """Opened, with the tables of `SCHEMA` and the project's words for them."""
    words = Vocabulary(
        {
            "people": {"id": "id", "email": "email", "age": "age"},
            "notes": {"id": "id", "person_id": "personId", "text": "text"},
        },
        {"people": "people", "notes": "notes"},
    )
    database = make_database(None, words)
    await database.open()
    try:
        async with database.session(writes=True) as connection:
            for statement in SCHEMA:
                await connection.execute(statement, [])
        if isinstance(database, PostgresDatabase):
            # The names of the rules are read when it opens.
            await database.open()
        yield database
    finally:
        await database.close()


async def ask(connection: Connection, sql: str, *arguments: object) -> list[tuple[object, ...]]:
    """Rows of `sql`, whose parameters are written `$1`, `$2`, each once and in order."""
    if "sqlite" in type(connection).__module__:
        sql = re.sub(r"\$\d+", "?", sql)
    return [tuple(row) for row in await connection.rows(sql, arguments)]  # type: ignore[arg-type]


async def count(database: AnyDatabase, table: str) -> int:
    async with database.session(writes=False) as connection:
        (row,) = await ask(connection, f"select count(*) from {table}")
    found = row[0]
    assert isinstance(found, int)
    return found
