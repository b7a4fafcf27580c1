"""What is SQLite's own: files, other processes, what an author's SQL may not do."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.resolvers.integrations.conftest import sqlite_settings
from tidegate.core.errors import Code, OperationError
from tidegate.core.integration import IntegrationUnavailable
from tidegate.resolvers.integrations.relational.violations import Vocabulary
from tidegate.resolvers.integrations.sqlite.database import SqliteDatabase, SqliteSettings


def databases_in(folder: Path) -> set[str]:
    return {path.name.split("-")[0] for path in folder.iterdir()}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    database = SqliteDatabase("db", sqlite_settings(str(tmp_path / "odd name?#%.db")), Vocabulary())
    await database.open()
    async with database.session(writes=True) as connection:
        await connection.execute("create table t (id integer primary key, n integer) strict", [])
    yield database
    await database.close()


async def test_names_of_files_mean_themselves(database: SqliteDatabase, tmp_path: Path) -> None:
    assert (tmp_path / "odd name?#%.db").is_file()


async def test_connections_are_set_up(database: SqliteDatabase) -> None:
    for writes in (True, False):
        async with database.session(writes=writes) as connection:
            for pragma, value in (
                ("journal_mode", "wal"),
                ("foreign_keys", 1),
                ("trusted_schema", 0),
                ("synchronous", 1),
                ("query_only", 0 if writes else 1),
                ("busy_timeout", 2000),
            ):
                row = await connection.row(f"pragma {pragma}", [])
                assert row is not None
                assert row[0] == value, pragma


@pytest.mark.parametrize(
    "sql",
    [
        "attach ':memory:' as other",
        "attach 'file:other.db?mode=rwc' as other",
        "vacuum into 'copy.db'",
        "select load_extension('x')",
        "select writefile('x', 'y')",
        "select readfile('/etc/passwd')",
    ],
)
async def test_no_other_file_can_be_reached(database: SqliteDatabase, sql: str, tmp_path: Path) -> None:
    for writes in (True, False):
        with pytest.raises(OperationError) as caught:
            async with database.session(writes=writes) as connection:
                await connection.rows(sql, [])
        assert caught.value.code is Code.INTERNAL
    assert databases_in(tmp_path) == {"odd name?#%.db"}


async def test_a_reader_sees_the_last_commit_while_somebody_writes(database: SqliteDatabase) -> None:
    async with database.session(writes=True) as writer:
        await writer.execute("insert into t (n) values (?)", [1])
        async with database.session(writes=False) as reader:
            row = await reader.row("select count(*) from t", [])
            assert row is not None
            assert row[0] == 0
    async with database.session(writes=False) as reader:
        row = await reader.row("select count(*) from t", [])
        assert row is not None
        assert row[0] == 1


async def test_another_process_that_writes_too_long_is_a_timeout(database: SqliteDatabase) -> None:
    quick = SqliteDatabase("db", SqliteSettings(database.settings.file, None, 1, 0.05, 5.0, "normal", 16), Vocabulary())
    await quick.open()
    other = sqlite3.connect(database.settings.file, isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(OperationError) as caught:
        async with quick.session(writes=True):
            pass
    assert caught.value.code is Code.TIMEOUT
    other.execute("rollback")
    other.close()
    async with quick.session(writes=True) as connection:
        await connection.execute("insert into t (n) values (?)", [1])
    await quick.close()


async def test_strict_tables_say_which_value_does_not_fit(tmp_path: Path) -> None:
    words = Vocabulary({"t": {"n": "number"}})
    database = SqliteDatabase("db", sqlite_settings(str(tmp_path / "x.db")), words)
    await database.open()
    async with database.session(writes=True) as connection:
        await connection.execute("create table t (id integer primary key, n integer) strict", [])
    with pytest.raises(OperationError, match=r'The value of "number" does not fit\.') as caught:
        async with database.session(writes=True) as connection:
            await connection.execute("insert into t (n) values (?)", ["x"])
    assert caught.value.code is Code.BAD_USER_INPUT
    await database.close()


async def test_rules_raised_by_triggers_are_refusals(database: SqliteDatabase) -> None:
    async with database.session(writes=True) as connection:
        await connection.execute(
            "create trigger no before delete on t begin select raise(abort, 'secret words'); end", []
        )
        await connection.execute("insert into t (n) values (1)", [])
    with pytest.raises(OperationError) as caught:
        async with database.session(writes=True) as connection:
            await connection.execute("delete from t", [])
    assert caught.value.code is Code.REFUSED
    assert "secret" not in caught.value.message


async def test_a_pattern_that_would_take_too_long_is_refused(database: SqliteDatabase) -> None:
    with pytest.raises(OperationError) as caught:
        async with database.session(writes=False) as connection:
            await connection.rows("select 1 where 'x' like ?", ["%a" * 20_000])
    assert caught.value.code is Code.BAD_USER_INPUT


async def test_what_cannot_be_opened_is_said(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("this is not a database, and long enough to be none" * 10)
    for file, reason in ((tmp_path / "no" / "x.db", "unable to open"), (tmp_path / "text.db", "not a database")):
        database = SqliteDatabase("db", sqlite_settings(str(file)), Vocabulary())
        with pytest.raises(IntegrationUnavailable, match=reason):
            await database.open()
        assert database.writers.opened == 0


async def test_readers_work_at_the_same_time(database: SqliteDatabase) -> None:
    inside = asyncio.Barrier(3)

    async def read() -> None:
        async with database.session(writes=False) as connection:
            await inside.wait()
            await connection.row("select 1", [])

    await asyncio.gather(read(), read(), read())
    assert database.readers.opened == 3


@pytest.mark.parametrize("cancelled_while_writing", [True, False])
async def test_a_cancelled_switch_between_reading_and_writing_is_made_again(cancelled_while_writing: bool) -> None:
    """A database in memory has one connection for both. The command that switches it is carried out, but whoever gave
    it is cancelled before hearing of it."""
    database = SqliteDatabase("db", sqlite_settings(":memory:"), Vocabulary())
    await database.open()
    async with database.session(writes=True) as connection:
        await connection.execute("create table t (id integer primary key)", [])

    async def enter(*, writes: bool) -> None:
        async with database.session(writes=writes):
            pass

    await enter(writes=not cancelled_while_writing)
    entering = asyncio.create_task(enter(writes=cancelled_while_writing))
    await asyncio.sleep(0)
    time.sleep(0.05)  # noqa: ASYNC251 - the connection's thread works, the event loop does not hear of it
    entering.cancel()
    await asyncio.wait([entering])
    assert entering.cancelled()
    async with database.session(writes=True) as connection:
        await connection.execute("insert into t (id) values (1)", [])
    async with database.session(writes=False) as connection:
        with pytest.raises(OperationError):
            await connection.execute("insert into t (id) values (2)", [])
        assert await connection.rows("select id from t", []) == [(1,)]
    await database.close()
