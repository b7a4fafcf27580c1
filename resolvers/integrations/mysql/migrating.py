"""Applies migrations to MySQL, one process at a time.

What changes a table MySQL commits by itself, and what came before it too: only a migration of rows is there whole or
not at all. So it is kept how far a migration came, and who corrects what failed goes on there.

    done    so many of its statements are carried out and committed
    begun   one more, while one is carried out that MySQL commits by itself
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from asyncmy.errors import MySQLError

from tidegate.core.integration import IntegrationUnavailable
from tidegate.resolvers.integrations.mysql.errors import is_lost
from tidegate.resolvers.integrations.mysql.scripts import statements
from tidegate.resolvers.integrations.mysql.session import Session
from tidegate.resolvers.integrations.relational.migrations import (
    Applied,
    BrokenMigrations,
    Migration,
    failed,
    pending,
    read_migrations,
)
from tidegate.resolvers.integrations.relational.reflection import OWN_TABLE

_PATIENCE: Final = 3600
"""Seconds that a process waits for another one that is applying migrations."""

# The name of a lock is the whole server's.
_LOCK: Final = f"select get_lock(concat('tidegate:', md5(database())), {_PATIENCE})"
_UNLOCK: Final = "select release_lock(concat('tidegate:', md5(database())))"

_EXISTS: Final = (
    f"select 1 from information_schema.tables where table_schema = database() and table_name = '{OWN_TABLE}'"
)

_CREATE: Final = f"""
    create table if not exists {OWN_TABLE} (
        number int primary key, name text not null, checksum text not null, applied_at text not null,
        done int, begun int
    ) engine = InnoDB character set utf8mb4
"""

_READ: Final = f"select number, name, checksum, applied_at, done, begun from {OWN_TABLE} order by number"

_OF_ROWS: Final = frozenset({"insert", "update", "delete", "replace", "select", "with", "set", "values"})
"""What such a statement does waits for a commit."""

_TRANSACTIONS: Final = frozenset(
    {"begin", "commit", "rollback", "savepoint", "release", "start", "lock", "unlock", "xa"}
)

_FIRST: Final = re.compile(r"(?:/\*.*?\*/|--\s[^\n]*\n|#[^\n]*\n|\s)*(\w*)", re.DOTALL)


async def migrate(session: Session, folder: Path) -> None:
    """Applies what is not applied yet. Raises `IntegrationUnavailable` with the file, the line and MySQL's own
    words."""
    migrations = read_migrations(folder)
    if not migrations:
        return
    if (await session.ask(_LOCK))[0][0] != 1:
        raise IntegrationUnavailable("Another process has been applying migrations for an hour.")
    try:
        # Asked first: an account that may not create tables can still serve a database that is up to date.
        if not await session.ask(_EXISTS):
            await session.ask(_CREATE)
        rows = await session.ask(_READ)
        todo = pending(migrations, [Applied(*row[:3]) for row in rows if row[3]])
        begun = [row for row in rows if not row[3]]
        if begun and (not todo or todo[0].number != begun[0][0]):
            raise BrokenMigrations(
                f'The migration "{begun[0][1]}" was begun and not ended, and is not the next one in the folder. '
                "Restore it."
            )
        for migration in todo:
            await _apply(session, migration, next((row for row in begun if row[0] == migration.number), None))
    finally:
        if session.alive:
            await session.ask(_UNLOCK)


# Any: a row of `_READ`.
async def _apply(session: Session, migration: Migration, before: Sequence[Any] | None) -> None:
    texts = list(statements(migration.sql))
    for line, text in texts:
        if _first_word(text) in _TRANSACTIONS:
            raise IntegrationUnavailable(
                f"The migration {migration.name}:{line} ends its transaction itself. "
                "Take BEGIN, COMMIT and ROLLBACK out of it."
            )
    done = 0
    if before is None:
        await _note(session, f"insert into {OWN_TABLE} values ({migration.number}, %s, '', '', 0, 0)", migration.name)
    else:
        done = _carried_out(migration, texts, before)
        for _, text in texts[:done]:
            # What it has set is gone with the session that set it.
            if _first_word(text) == "set":
                await session.ask(text)
    for place in range(done, len(texts)):
        done = await _carry_out(session, migration, texts, place, done)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    await _note(
        session,
        f"update {OWN_TABLE} set checksum = %s, applied_at = %s where number = {migration.number}",
        migration.checksum,
        now,
    )
    await session.ask("commit")


async def _carry_out(
    session: Session, migration: Migration, texts: Sequence[tuple[int, str]], place: int, done: int
) -> int:
    """Answers how many are kept then."""
    line, text = texts[place]
    try:
        if _first_word(text) in _OF_ROWS:
            if not session.get_transaction_status():
                await session.ask("start transaction")
            await session.ask(text)
            return done
        await _note_progress(session, migration, texts, place, place + 1)
        done = place
        await session.ask(text)
        await _note_progress(session, migration, texts, place + 1, place + 1)
        return place + 1
    except MySQLError as error:
        if session.alive:
            # The server has said that it did not do it.
            await session.ask("rollback")
            await session.ask(f"update {OWN_TABLE} set begun = done where number = {migration.number}")
        raise _failed(migration, texts, line, done, error) from error


async def _note_progress(
    session: Session, migration: Migration, texts: Sequence[tuple[int, str]], done: int, begun: int
) -> None:
    await _note(
        session,
        f"update {OWN_TABLE} set done = {done}, begun = {begun}, checksum = %s where number = {migration.number}",
        _digest(texts[:done]),
    )
    await session.ask("commit")


def _carried_out(migration: Migration, texts: Sequence[tuple[int, str]], before: Sequence[Any]) -> int:
    """How many of its statements need not be carried out again. Raises `BrokenMigrations`."""
    done, begun = int(before[4]), int(before[5])
    if begun > done:
        line = texts[done][0] if done < len(texts) else 1
        raise BrokenMigrations(
            f"Nobody knows whether the statement in {migration.name}:{line} was carried out before the connection was "
            f"lost. Look, and then either: update {OWN_TABLE} set begun = done where number = {migration.number}; "
            f"(it was not), or: update {OWN_TABLE} set done = begun where number = {migration.number}; (it was)."
        )
    if done > len(texts) or (done and before[2] and before[2] != _digest(texts[:done])):
        raise BrokenMigrations(
            f'Of the migration "{migration.name}" the first {done} statements have been carried out already, and they '
            "were changed since. Restore them; what comes after them may be changed."
        )
    return done


def _failed(
    migration: Migration, texts: Sequence[tuple[int, str]], line: int, done: int, error: MySQLError
) -> IntegrationUnavailable:
    reason = str(error.args[1]) if len(error.args) > 1 else str(error)
    if is_lost(error):
        return IntegrationUnavailable(f"The connection was lost in the migration {migration.name}:{line}: {reason}.")
    if not done:
        return failed(migration, reason, line)
    return IntegrationUnavailable(
        f"The migration {migration.name}:{line} failed: {reason}. What stands before line {texts[done][0]} has been "
        "carried out, and MySQL cannot take it back. Correct the rest and start again: it goes on there."
    )


async def _note(session: Session, sql: str, *texts: str) -> None:
    statement = await session.prepare(sql.replace("%s", "?"))
    await statement.execute(texts)
    await statement.close()


def _digest(texts: Sequence[tuple[int, str]]) -> str:
    return sha256("\0".join(text for _, text in texts).encode()).hexdigest()


def _first_word(text: str) -> str:
    found = _FIRST.match(text)
    return found[1].lower() if found else ""
