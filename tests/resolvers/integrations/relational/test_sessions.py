"""Sessions, transactions, cancellation: the same on every database."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.resolvers.integrations.conftest import AnyDatabase, ask, count
from tidegate.core.errors import Code, OperationError
from tidegate.resolvers.integrations.mysql.database import MysqlDatabase
from tidegate.resolvers.integrations.postgres.database import PostgresDatabase
from tidegate.resolvers.integrations.relational.connection import Connection
from tidegate.resolvers.integrations.sqlite.database import SqliteDatabase

INSERT = "insert into people (id, email, age) values ($1, $2, $3)"


def slow(database: AnyDatabase) -> str:
    if isinstance(database, MysqlDatabase):
        return "select benchmark(1000000000, md5('a'))"
    return "with recursive c(x) as (select 1 union all select x + 1 from c where x < 1000000000) select count(*) from c"


def places(database: AnyDatabase) -> tuple[str, str]:
    """Two parameters, the first a number."""
    if isinstance(database, PostgresDatabase):
        return "$1::int", "$2"
    return ("?", "?") if isinstance(database, SqliteDatabase) else ("%s", "%s")


async def test_a_session_that_writes_commits_on_leaving(database: AnyDatabase) -> None:
    async with database.session(writes=True) as connection:
        await ask(connection, INSERT, 1, "ada@example.com", 36)
        await ask(connection, INSERT, 2, "bob@example.com", None)
    async with database.session(writes=False) as connection:
        rows = await ask(connection, "select id, email, age from people order by id")
    assert rows == [(1, "ada@example.com", 36), (2, "bob@example.com", None)]


async def test_an_exception_rolls_back(database: AnyDatabase) -> None:
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with database.session(writes=True) as connection:
            await ask(connection, INSERT, 1, "ada@example.com", 36)
            _ = 1 // 0
    assert await count(database, "people") == 0


async def test_a_refused_statement_rolls_back_what_came_before(database: AnyDatabase) -> None:
    with pytest.raises(OperationError) as caught:  # noqa: PT012
        async with database.session(writes=True) as connection:
            await ask(connection, INSERT, 1, "ada@example.com", 36)
            await ask(connection, INSERT, 2, "ada@example.com", 36)
    assert caught.value.code is Code.CONFLICT
    assert await count(database, "people") == 0


async def test_a_session_that_reads_cannot_write(database: AnyDatabase) -> None:
    for sql in (INSERT, "with x as (select 1) " + INSERT):
        with pytest.raises(OperationError) as caught:
            async with database.session(writes=False) as connection:
                await ask(connection, sql, 1, "ada@example.com", 36)
        assert caught.value.code is Code.INTERNAL
    assert await count(database, "people") == 0
    async with database.session(writes=True) as connection:
        await ask(connection, INSERT, 1, "ada@example.com", 36)
    assert await count(database, "people") == 1


async def test_execute_counts_rows(database: AnyDatabase) -> None:
    async with database.session(writes=True) as connection:
        for number in range(5):
            await ask(connection, INSERT, number, f"{number}@example.com", number)
        assert await connection.execute("update people set age = 7 where id > 2", []) == 2
        assert await connection.execute("delete from people where id = 77", []) == 0
        assert await connection.execute("select id from people", []) == 0
        one, _ = places(database)
        assert await connection.execute(f"delete from people where id < {one} returning id", [2]) == 2


async def test_row_is_the_first_or_none(database: AnyDatabase) -> None:
    async with database.session(writes=True) as connection:
        for number in range(3):
            await ask(connection, INSERT, number, f"{number}@example.com", number)
        row = await connection.row("select email from people order by id", [])
        assert row is not None
        assert row[0] == "0@example.com"
        assert await connection.row("select email from people where id = 9", []) is None


async def test_result_columns_are_told_without_running(database: AnyDatabase) -> None:
    one, two = places(database)
    async with database.session(writes=False) as connection:
        columns = await connection.columns(f"select id, email as mail, {one} as x from people where email = {two}")
        assert [column.name for column in columns] == ["id", "mail", "x"]
        insert = f"insert into people (id, email) values ({one}, {two})"
        assert await connection.columns(insert) == []
        assert [column.name for column in await connection.columns(f"{insert} returning id, email as mail")] == [
            "id",
            "mail",
        ]
        with pytest.raises(OperationError):
            await connection.columns("select nothing from nowhere")
    assert await count(database, "people") == 0


async def test_a_slow_statement_is_stopped_and_its_connection_lives_on(database: AnyDatabase) -> None:
    for writes in (True, False):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), database.session(writes=writes) as connection:
                await connection.rows(slow(database), [])
    async with database.session(writes=True) as connection:
        await ask(connection, INSERT, 1, "ada@example.com", 36)
    assert await count(database, "people") == 1
    # Were the statements still running, closing would wait for them in vain.
    await database.close()
    assert database.readers.opened == database.writers.opened == 0


async def test_a_session_that_reads_goes_on_after_a_statement_was_stopped(database: AnyDatabase) -> None:
    async with database.session(writes=False) as connection:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await connection.rows(slow(database), [])
            assert await ask(connection, "select 1") == [(1,)]
    assert await count(database, "people") == 0


async def test_cancelling_at_any_moment_leaves_nothing_behind(database: AnyDatabase) -> None:
    """Many calls, each cancelled somewhere: every transaction is there whole or not at all, and all connections come
    back."""
    chance = random.Random(7)
    finished: set[int] = set()

    async def write(number: int) -> None:
        async with database.session(writes=True) as connection:
            for part in range(3):
                await ask(connection, INSERT, number * 10 + part, f"{number}-{part}@example.com", part)
                await asyncio.sleep(0)
        finished.add(number)

    async def read() -> None:
        async with database.session(writes=False) as connection:
            await ask(connection, "select * from people")
            await ask(connection, "select count(*) from people")

    async def cancelled(task: asyncio.Task[None]) -> None:
        await asyncio.sleep(chance.random() * 0.01)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() or task.exception() is None

    for start in range(0, 60, 6):
        writers = [asyncio.create_task(write(number)) for number in range(start, start + 6)]
        readers = [asyncio.create_task(read()) for _ in range(6)]
        await asyncio.gather(*(cancelled(task) for task in (*writers, *readers)))
    async with database.session(writes=False) as connection:
        rows = await ask(connection, "select (id - id % 10) / 10 as p, count(*) from people group by p")
    assert {size for _, size in rows} <= {3}
    # A cancellation that comes while the commit is under way finds it done.
    assert finished <= {number for number, _ in rows}
    await database.close()
    assert database.readers.opened == database.writers.opened == 0


async def test_calls_wait_in_line_for_a_connection(database: AnyDatabase) -> None:
    async def write(number: int) -> None:
        async with database.session(writes=True) as connection:
            await ask(connection, INSERT, number, f"{number}@example.com", number)

    await asyncio.gather(*(write(number) for number in range(40)))
    assert sum(await asyncio.gather(*(count(database, "people") for _ in range(20)))) == 20 * 40
    assert database.writers.opened <= database.writers.size
    assert database.readers.opened <= database.readers.size


async def test_waiting_in_vain_for_a_connection_is_a_timeout(database: AnyDatabase) -> None:
    async with database.session(writes=True) as first:
        others = [database.session(writes=True) for _ in range(database.writers.size - 1)]
        for other in others:
            await other.__aenter__()
        database.writers.patience = 0.05
        with pytest.raises(OperationError) as caught:
            async with database.session(writes=True):
                pass
        assert caught.value.code is Code.TIMEOUT
        for other in others:
            await other.__aexit__(None, None, None)
        await ask(first, INSERT, 1, "ada@example.com", 36)
    assert await count(database, "people") == 1


@pytest.mark.parametrize(
    ("sql", "arguments", "code", "message"),
    [
        (INSERT, (2, "ada@example.com", 1), Code.CONFLICT, '"email" is already taken.'),
        (INSERT, (1, "bob@example.com", 1), Code.CONFLICT, '"id" is already taken.'),
        (INSERT, (2, None, 1), Code.BAD_USER_INPUT, '"email" must not be null.'),
        (
            INSERT,
            (2, "a\x00b", 1),
            Code.BAD_USER_INPUT,
            "A value does not fit: a text without NUL characters is wanted.",
        ),
        (INSERT, (2, "a\ud800b", 1), Code.BAD_USER_INPUT, "A value does not fit."),
        (INSERT, (10**30, "bob@example.com", 1), Code.BAD_USER_INPUT, None),
        (INSERT, (2, "bob@example.com", -1), Code.BAD_USER_INPUT, None),
        ("insert into notes (id, person_id, text) values ($1, $2, $3)", (1, 77, "x"), Code.CONFLICT, None),
        ("delete from people where id = $1", (1,), Code.CONFLICT, None),
        ("select * from nowhere", (), Code.INTERNAL, "The database could not do this."),
        ("selec", (), Code.INTERNAL, "The database could not do this."),
    ],
)
async def test_what_the_database_refuses_is_told_in_the_words_of_the_project(
    database: AnyDatabase, sql: str, arguments: tuple[object, ...], code: Code, message: str | None
) -> None:
    async with database.session(writes=True) as connection:
        await ask(connection, INSERT, 1, "ada@example.com", 36)
        await ask(connection, "insert into notes (id, person_id, text) values ($1, $2, $3)", 1, 1, "x")
    if isinstance(database, MysqlDatabase) and "a\x00b" in arguments:
        # A character like others.
        async with database.session(writes=True) as connection:
            await ask(connection, sql, *arguments)
            assert await ask(connection, "select email from people where id = 2") == [("a\x00b",)]
        return
    with pytest.raises(OperationError) as caught:
        async with database.session(writes=True) as connection:
            await ask(connection, sql, *arguments)
    assert caught.value.code is code
    assert message is None or caught.value.message == message
    for word in ("people_", "person_id", "constraint", "syntax", "relation", "insert", "table"):
        assert word not in caught.value.message.lower()
    assert await count(database, "people") == await count(database, "notes") == 1


async def test_closing_waits_for_calls_under_way(database: AnyDatabase) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def write() -> None:
        async with database.session(writes=True) as connection:
            entered.set()
            await leave.wait()
            await ask(connection, INSERT, 1, "ada@example.com", 36)

    task = asyncio.create_task(write())
    await entered.wait()
    closing = asyncio.create_task(database.close())
    await asyncio.sleep(0.01)
    leave.set()
    await task
    await closing
    assert database.writers.opened == 0
    with pytest.raises(OperationError):
        async with database.session(writes=False):
            pass


async def test_a_connection_satisfies_the_protocol(database: AnyDatabase) -> None:
    async with database.session(writes=False) as connection:
        held: Connection = connection
        assert await held.rows("select 1", [])
