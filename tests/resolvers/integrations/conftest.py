"""The same database, opened by each driver."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tidegate.resolvers.integrations.mysql.connection import MysqlConnection
from tidegate.resolvers.integrations.mysql.database import MysqlDatabase, MysqlSettings
from tidegate.resolvers.integrations.postgres.database import PostgresDatabase, PostgresSettings
from tidegate.resolvers.integrations.relational.connection import Connection
from tidegate.resolvers.integrations.relational.violations import Vocabulary
from tidegate.resolvers.integrations.sqlite.connection import SqliteConnection
from tidegate.resolvers.integrations.sqlite.database import SqliteDatabase, SqliteSettings

AnyDatabase: TypeAlias = SqliteDatabase | PostgresDatabase | MysqlDatabase
MakeDatabase: TypeAlias = Callable[[Path | None, Vocabulary | None], AnyDatabase]

SCHEMA = (
    "create table people (id integer primary key, email text not null unique, age integer check (age >= 0))",
    "create table notes (id integer primary key, person_id integer not null references people (id), text text)",
)


def sqlite_settings(file: str, migrations: Path | None = None) -> SqliteSettings:
    return SqliteSettings(file, migrations, 3, 2.0, 5.0, "normal", 64)


def postgres_settings(url: str, migrations: Path | None = None, statement_timeout: float = 20.0) -> PostgresSettings:
    return PostgresSettings(url, migrations, 3, 2, 5.0, 5.0, statement_timeout, (), "tidegate tests", 64)


def mysql_settings(url: str, migrations: Path | None = None, statement_timeout: float = 20.0) -> MysqlSettings:
    return MysqlSettings(url, migrations, 3, 2, 5.0, 5.0, statement_timeout, "tidegate tests", 64)


@pytest.fixture(params=["sqlite", "memory", "postgres", "mysql"])
def make_database(request: pytest.FixtureRequest, tmp_path: Path) -> MakeDatabase:
    """Makes databases on the same data: with a folder of migrations, with the project's words."""
    url = request.getfixturevalue(f"{request.param}_database") if request.param in ("postgres", "mysql") else ""

    def make(migrations: Path | None, vocabulary: Vocabulary | None) -> AnyDatabase:
        words = vocabulary or Vocabulary()
        if request.param == "postgres":
            return PostgresDatabase("db", postgres_settings(url, migrations), words)
        if request.param == "mysql":
            return MysqlDatabase("db", mysql_settings(url, migrations), words)
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
        for statement in SCHEMA:
            await define(database, statement)
        if not isinstance(database, SqliteDatabase):
            # The names of the rules are read when it opens.
            await database.open()
        yield database
    finally:
        await database.close()


async def define(database: AnyDatabase, statement: str) -> None:
    """A statement that makes or changes a table."""
    async with database.session(writes=True) as connection:
        if isinstance(connection, MysqlConnection):
            # It ends the transaction, which a session that writes does not take well.
            await connection.session.ask(statement)
            await connection.begin()
        else:
            await connection.execute(statement, [])


async def ask(connection: Connection, sql: str, *arguments: object) -> list[tuple[object, ...]]:
    """Rows of `sql`, whose parameters are written `$1`, `$2`, each once and in order."""
    if isinstance(connection, SqliteConnection):
        sql = re.sub(r"\$\d+", "?", sql)
    elif isinstance(connection, MysqlConnection):
        sql = re.sub(r"\$\d+", "%s", sql.replace("%", "%%"))
    return [tuple(row) for row in await connection.rows(sql, arguments)]  # type: ignore[arg-type]


async def count(database: AnyDatabase, table: str) -> int:
    async with database.session(writes=False) as connection:
        (row,) = await ask(connection, f"select count(*) from {table}")
    found = row[0]
    assert isinstance(found, int)
    return found
