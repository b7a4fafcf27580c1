"""What happens when PostgreSQL goes away, comes back, changes under us, or cannot be reached."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.conftest import ask, start_postgres
from tests.resolvers.integrations.conftest import postgres_settings
from tidegate.core.errors import Code, OperationError
from tidegate.core.integration import IntegrationUnavailable
from tidegate.resolvers.integrations.postgres.database import PostgresDatabase
from tidegate.resolvers.integrations.relational.violations import Vocabulary

KILL = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
"""


def database_at(url: str, statement_timeout: float = 20.0) -> PostgresDatabase:
    return PostgresDatabase("db", postgres_settings(url, statement_timeout=statement_timeout), Vocabulary())


@pytest.fixture
async def database(postgres_database: str) -> AsyncIterator[PostgresDatabase]:
    await ask(postgres_database, "create table t (id int primary key, x int)")
    database = database_at(postgres_database)
    await database.open()
    yield database
    await database.close()


async def read(database: PostgresDatabase) -> object:
    async with database.session(writes=False) as connection:
        row = await connection.row("select count(*)::int from t", [])
    assert row is not None
    return row[0]


async def write(database: PostgresDatabase, number: int) -> None:
    async with database.session(writes=True) as connection:
        await connection.execute("insert into t (id) values ($1)", [number])


async def test_connections_killed_while_idle_are_not_noticed(
    database: PostgresDatabase, postgres_database: str
) -> None:
    for number in range(3):
        await write(database, number)
        assert await read(database) == number + 1
        await ask(postgres_database, KILL)


async def test_a_read_is_asked_again_on_a_new_connection(database: PostgresDatabase, postgres_database: str) -> None:
    async with database.session(writes=False) as connection:
        assert await connection.row("select count(*) from t", []) is not None
        await ask(postgres_database, KILL)
        assert await connection.row("select count(*) from t", []) is not None
        assert await connection.row("select 1 where $1 = 1", [1]) is not None


async def test_a_transaction_that_is_killed_fails_and_the_next_one_works(
    database: PostgresDatabase, postgres_database: str
) -> None:
    with pytest.raises(OperationError) as caught:  # noqa: PT012
        async with database.session(writes=True) as connection:
            await connection.execute("insert into t (id) values ($1)", [1])
            await ask(postgres_database, KILL)
            await connection.execute("insert into t (id) values ($1)", [2])
    assert caught.value.code is Code.UPSTREAM_FAILED
    assert await read(database) == 0
    await write(database, 3)
    assert await read(database) == 1


async def test_a_commit_that_is_killed_says_that_nobody_knows(
    database: PostgresDatabase, postgres_database: str
) -> None:
    with pytest.raises(OperationError, match="may have been made or not") as caught:  # noqa: PT012
        async with database.session(writes=True) as connection:
            await connection.execute("insert into t (id) values ($1)", [1])
            await ask(postgres_database, KILL)
    assert caught.value.code is Code.UPSTREAM_FAILED
    await write(database, 2)


async def test_a_swallowed_error_does_not_become_a_silent_rollback(database: PostgresDatabase) -> None:
    with pytest.raises(OperationError) as caught:  # noqa: PT012
        async with database.session(writes=True) as connection:
            await connection.execute("insert into t (id) values ($1)", [1])
            with pytest.raises(OperationError):
                await connection.execute("insert into t (id) values ($1)", [1])
    assert caught.value.code is Code.INTERNAL
    assert await read(database) == 0


async def test_tables_that_change_under_prepared_statements(database: PostgresDatabase, postgres_database: str) -> None:
    await write(database, 1)
    async with database.session(writes=False) as connection:
        assert [tuple(row) for row in await connection.rows("select * from t", [])] == [(1, None)]
    await ask(postgres_database, "alter table t add column y text default 'new'", "alter table t drop column x")
    async with database.session(writes=False) as connection:
        assert [tuple(row) for row in await connection.rows("select * from t", [])] == [(1, "new")]
    await ask(postgres_database, "alter table t add column z int")
    async with database.session(writes=True) as connection:
        await connection.rows("select * from t", [])
    await ask(postgres_database, "alter table t add column zz int")
    await ask(postgres_database, "create type mood as enum ('glad')", "alter table t add column m mood")
    with pytest.raises(OperationError) as caught:
        async with database.session(writes=True) as connection:
            await connection.rows("select * from t", [])
    assert caught.value.code is Code.CONFLICT
    async with database.session(writes=True) as connection:
        await connection.execute("update t set m = $1", ["glad"])
        rows = await connection.rows("select * from t", [])
    assert [tuple(row) for row in rows] == [(1, "new", None, None, "glad")]


async def test_a_deadlock_is_a_conflict_for_one_of_the_two(database: PostgresDatabase) -> None:
    await write(database, 1)
    await write(database, 2)
    both = asyncio.Barrier(2)

    async def change(first: int, second: int) -> str:
        try:
            async with database.session(writes=True) as connection:
                await connection.execute("update t set x = 1 where id = $1", [first])
                await both.wait()
                await connection.execute("update t set x = 1 where id = $1", [second])
        except OperationError as error:
            return str(error.code)
        return "done"

    assert sorted(await asyncio.gather(change(1, 2), change(2, 1))) == ["CONFLICT", "done"]


async def test_a_statement_beyond_its_time_is_a_timeout(postgres_database: str) -> None:
    database = database_at(postgres_database, statement_timeout=0.05)
    await database.open()
    with pytest.raises(OperationError) as caught:
        async with database.session(writes=False) as connection:
            await connection.row("select pg_sleep(20)", [])
    assert caught.value.code is Code.TIMEOUT
    await database.close()


async def test_rules_raised_by_triggers_are_refusals(database: PostgresDatabase) -> None:
    with pytest.raises(OperationError) as caught:
        async with database.session(writes=True) as connection:
            await connection.execute("do $$ begin raise exception 'secret words'; end $$", [])
    assert caught.value.code is Code.REFUSED
    assert "secret" not in caught.value.message


async def test_statements_are_kept_within_bounds(database: PostgresDatabase) -> None:
    async with database.session(writes=False) as connection:
        for number in range(200):
            assert await connection.row(f"select {number}", []) is not None
        row = await connection.row("select count(*)::int from pg_prepared_statements", [])
    assert row is not None
    assert 64 <= row[0] <= 64 + 32


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"path": "/not_there"}, 'database "not_there" does not exist'),
        ({"query": "host=/nowhere"}, "No such file or directory"),
        ({"netloc": "postgres:hunter2@127.0.0.1:1", "query": ""}, "127.0.0.1:1"),
        ({"netloc": "postgres:hunter2@127.0.0.1:70000", "query": ""}, "its url cannot be used"),
        ({"query": "sslmode=hunter2"}, "its url cannot be used"),
    ],
)
async def test_what_cannot_be_reached_is_said_without_the_password(
    postgres_url: str, change: dict[str, str], reason: str
) -> None:
    url = urlsplit(postgres_url)._replace(**change).geturl()
    with pytest.raises(IntegrationUnavailable) as caught:
        await database_at(url).open()
    assert reason in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.fixture
def own_server() -> Iterator[Any]:
    """A server of this test's own, to be stopped and started. Any: the package has no types."""
    server = start_postgres(Path(tempfile.gettempdir()) / f"tidegate-postgres-{uuid4().hex[:12]}")
    yield server
    server.cleanup()


async def test_a_restarted_server_needs_no_restart_of_ours(own_server: Any) -> None:
    url = own_server.get_uri()
    await ask(url, "create table t (id int primary key, x int)")
    database = database_at(url)
    await database.open()
    await write(database, 1)
    assert await read(database) == 1
    await asyncio.to_thread(own_server._stop)
    for _ in range(2):
        with pytest.raises(OperationError) as caught:
            await read(database)
        assert caught.value.code is Code.UPSTREAM_FAILED
        with pytest.raises(OperationError) as caught:
            await write(database, 2)
        assert caught.value.code is Code.UPSTREAM_FAILED
    await asyncio.to_thread(own_server.ensure_postgres_running)
    await write(database, 2)
    assert await read(database) == 2
    await database.close()
