"""Applies migrations to SQLite. BEGIN IMMEDIATE makes processes that start together wait for each other."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

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

_RECORD: Final = f"insert into {OWN_TABLE} (number, name, checksum, applied_at) values (?, ?, ?, ?)"
_EXISTS: Final = "select 1 from sqlite_schema where type = 'table' and name = ?"


def migrate(connection: sqlite3.Connection, folder: Path) -> None:
    """Applies what is not applied yet. Foreign keys are not enforced meanwhile, because SQLite changes a table by
    making it anew; they are checked before each migration is kept, and actions such as ON DELETE CASCADE do nothing.
    Raises `IntegrationUnavailable` with the file, the line and SQLite's own words."""
    migrations = read_migrations(folder)
    if not migrations or not _pending(connection, migrations):
        return
    connection.execute("pragma foreign_keys = off")
    try:
        while True:
            connection.execute("begin immediate")
            try:
                connection.execute(CREATE_TABLE)
                todo = _pending(connection, migrations)
                if todo:
                    _apply(connection, todo[0])
                connection.execute("commit")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("rollback")
                raise
            if len(todo) <= 1:
                return
    finally:
        connection.execute("pragma foreign_keys = on")


def _pending(connection: sqlite3.Connection, migrations: tuple[Migration, ...]) -> tuple[Migration, ...]:
    if connection.execute(_EXISTS, (OWN_TABLE,)).fetchone() is None:
        return migrations
    return pending(migrations, [Applied(*row) for row in connection.execute(READ_APPLIED)])


def _apply(connection: sqlite3.Connection, migration: Migration) -> None:
    for line, statement in statements(migration.sql):
        try:
            connection.execute(statement).fetchall()
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise failed(migration, str(error), line) from error
        if not connection.in_transaction:
            raise IntegrationUnavailable(
                f"The migration {migration.name}:{line} ends its transaction itself. "
                "Take BEGIN, COMMIT and ROLLBACK out of it."
            )
    broken = connection.execute("pragma foreign_key_check").fetchone()
    if broken is not None:
        raise failed(migration, f'a row of "{broken[0]}" points at a row of "{broken[2]}" that does not exist')
    now = datetime.now(UTC).isoformat(timespec="seconds")
    connection.execute(_RECORD, (migration.number, migration.name, migration.checksum, now))


def statements(script: str) -> Iterator[tuple[int, str]]:
    """The statements of a script, each with the line it starts on. SQLite itself says where one is complete, so
    semicolons in texts, comments and the bodies of triggers are none of our business."""
    start = 0
    while True:
        end = script.find(";", start)
        while end >= 0 and not sqlite3.complete_statement(script[start : end + 1]):
            end = script.find(";", end + 1)
        statement = script[start:] if end < 0 else script[start : end + 1]
        text = statement.lstrip()
        if text.strip("; \t\r\n"):
            blank = len(statement) - len(text)
            yield script.count("\n", 0, start + blank) + 1, text
        if end < 0:
            return
        start = end + 1
