"""What happens when MariaDB loses connections, transactions and patience, or tables change under us."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from tests.mariadb import Server
from tests.resolvers.integrations.conftest import mysql_settings
from tidegate.core.errors import Code, OperationError
from tidegate.core.integration import IntegrationUnavailable
from tidegate.resolvers.integrations.mysql.database import MysqlDatabase
from tidegate.resolvers.integrations.relational.violations import Vocabulary

NUMBERS = "(with recursive c (x) as (select 1 union all select x + 1 from c where x < 900) select x from c)"
SLOW = (
    f"select count(*) from {NUMBERS} one, {NUMBERS} two, {NUMBERS} three, {NUMBERS} four where one.x > two.x + four.x"
)


class Desk:
    """A database that is open, and somebody with the rights to disturb it."""

    def __init__(self, server: Server, url: str) -> None:
        self.server = server
        self.name = urlsplit(url).path[1:]
        self.url = url
        self.database = MysqlDatabase("db", mysql_settings(url), Vocabulary())

    def ask(self, *statements: str) -> str:
        return self.server.ask(*statements, database=self.name)

    def kill(self) -> None:
        running = f"select id from information_schema.processlist where db = '{self.name}' and id <> connection_id()"
        self.server.ask(*(f"kill {number}" for number in self.server.ask(running).split()))

    async def read(self) -> object:
        async with self.database.session(writes=False) as connection:
            row = await connection.row("select count(*) from t", [])
            assert row is not None
            return row[0]

    async def write(self, number: int) -> None:
        async with self.database.session(writes=True) as connection:
            await connection.execute("insert into t (id) values (%s)", [number])


@pytest.fixture
async def desk(mysql_server: Server, mysql_database: str) -> AsyncIterator[Desk]:
    desk = Desk(mysql_server, mysql_database)
    desk.ask("create table t (id int primary key, x int)")
    await desk.database.open()
    yield desk
    await desk.database.close()


async def test_a_read_is_asked_again_on_a_new_connection(desk: Desk) -> None:
    async with desk.database.session(writes=False) as connection:
        assert await connection.row("select count(*) from t", []) is not None
        desk.kill()
        assert await connection.row("select count(*) from t", []) is not None
        assert await connection.row("select 1 from dual where %s = 1", [1]) is not None
        desk.kill()
        assert [column.name for column in await connection.columns("select id from t")] == ["id"]


async def test_a_transaction_that_is_killed_fails_and_the_next_one_works(desk: Desk) -> None:
    with pytest.raises(OperationError) as caught:  # noqa: PT012
        async with desk.database.session(writes=True) as connection:
            await connection.execute("insert into t (id) values (%s)", [1])
            desk.kill()
            with pytest.raises(OperationError):
                await connection.execute("insert into t (id) values (%s)", [2])
            # Whoever goes on all the same does not go on in another transaction.
            await connection.execute("insert into t (id) values (%s)", [3])
    assert caught.value.code is Code.UPSTREAM_FAILED
    assert await desk.read() == 0
    await desk.write(3)
    assert await desk.read() == 1


async def test_a_commit_that_is_killed_says_that_nobody_knows(desk: Desk) -> None:
    with pytest.raises(OperationError, match="may have been made or not") as caught:  # noqa: PT012
        async with desk.database.session(writes=True) as connection:
            await connection.execute("insert into t (id) values (%s)", [1])
            desk.kill()
    assert caught.value.code is Code.UPSTREAM_FAILED
    await desk.write(2)
    # Idle connections that were lost are replaced.
    desk.kill()
    await desk.write(4)


async def test_a_deadlock_ends_the_transaction_of_one_of_the_two_whatever_it_does_then(desk: Desk) -> None:
    await desk.write(1)
    await desk.write(2)
    both = asyncio.Barrier(2)

    async def change(first: int, second: int, mark: int) -> str:
        try:
            async with desk.database.session(writes=True) as connection:
                await connection.execute("insert into t values (%s, 0)", [mark])
                await connection.control("SAVEPOINT attempt")
                await connection.execute("update t set x = 1 where id = %s", [first])
                await both.wait()
                try:
                    await connection.execute("update t set x = 1 where id = %s", [second])
                except OperationError:
                    for again in (
                        connection.control("ROLLBACK TO SAVEPOINT attempt"),
                        connection.execute("insert into t values (%s, 1)", [mark + 100]),
                        connection.row("select 1", []),
                    ):
                        with pytest.raises(OperationError, match="Somebody else changed"):
                            await again
        except OperationError as error:
            return str(error.code)
        return "done"

    assert sorted(await asyncio.gather(change(1, 2, 10), change(2, 1, 20))) == ["CONFLICT", "done"]
    assert await desk.read() == 3


async def test_waiting_too_long_for_somebody_elses_row_is_a_timeout(desk: Desk) -> None:
    await desk.write(1)
    short = MysqlDatabase("db", replace(mysql_settings(desk.url), statement_timeout=0.3), Vocabulary())
    await short.open()
    async with desk.database.session(writes=True) as holder:
        await holder.execute("update t set x = 1", [])
        with pytest.raises(OperationError) as caught:
            async with short.session(writes=True) as connection:
                await connection.execute("update t set x = 2", [])
    assert caught.value.code is Code.TIMEOUT
    for writes in (True, False):
        with pytest.raises(OperationError) as caught:
            async with short.session(writes=writes) as connection:
                await connection.row(SLOW, [])
        assert caught.value.code is Code.TIMEOUT
    assert desk.ask("select x from t") == "1\n"
    await short.close()


async def test_what_nobody_waits_for_any_more_is_stopped_and_its_locks_are_given_back(desk: Desk) -> None:
    await desk.write(1)
    running = f"select count(*) from information_schema.processlist where db = '{desk.name}' and command <> 'Sleep'"

    async def work(*, writes: bool) -> None:
        async with desk.database.session(writes=writes) as connection:
            if writes:
                await connection.execute("update t set x = 5", [])
            await connection.row(SLOW, [])

    async def until(enough: Callable[[int], bool]) -> None:
        while not enough(int(desk.ask(running))):  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.01)

    for writes in (True, False):
        task = asyncio.create_task(work(writes=writes))
        async with asyncio.timeout(30):
            await until(lambda others: others >= 2)
            task.cancel()
            await asyncio.wait([task])
            await until(lambda others: others < 2)
    assert desk.ask("update t set x = 7", "select x from t") == "7\n"


async def test_tables_that_change_under_prepared_statements(desk: Desk) -> None:
    await desk.write(1)
    async with desk.database.session(writes=False) as connection:
        assert await connection.rows("select * from t", []) == ((1, None),)
        desk.ask("alter table t add column y varchar(20) not null default 'new'", "alter table t drop column x")
        assert await connection.rows("select * from t", []) == ((1, "new"),)
        desk.ask("alter table t modify column id varchar(9)")
        assert await connection.rows("select * from t", []) == (("1", "new"),)


async def test_what_commits_by_itself_is_no_success(desk: Desk) -> None:
    with pytest.raises(OperationError) as caught:  # noqa: PT012
        async with desk.database.session(writes=True) as connection:
            await connection.execute("insert into t (id) values (1)", [])
            await connection.execute("create table u (id int)", [])
    assert caught.value.code is Code.INTERNAL
    await desk.write(2)


async def test_what_triggers_refuse(desk: Desk) -> None:
    async with desk.database.session(writes=True) as connection:
        await connection.session.ask(
            "create trigger careful before insert on t for each row begin "
            "if new.id > 5 then signal sqlstate '45000' set message_text = 'secret words'; end if; end"
        )
        await connection.begin()
    with pytest.raises(OperationError) as caught:
        await desk.write(7)
    assert caught.value.code is Code.REFUSED
    assert "secret" not in caught.value.message


async def test_statements_are_kept_within_bounds(desk: Desk) -> None:
    async with desk.database.session(writes=False) as connection:
        for number in range(100):
            assert await connection.row(f"select {number}", []) == (number,)
            many = list(range(number + 1))
            assert await connection.row("select count(*) from t where id in (%s)", [many]) == (0,)
        assert len(connection._statements) == 64
        row = await connection.row(
            "select variable_value from information_schema.session_status where variable_name = 'Com_stmt_close'", []
        )
        assert row is not None
        assert int(row[0]) >= 100


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"path": "/not_there"}, "Unknown database 'not_there'"),
        ({"query": "socket=/nowhere"}, "No such file or directory"),
        ({"netloc": "tide:hunter2@127.0.0.1:1", "query": ""}, "127.0.0.1:1"),
        ({"netloc": "tide:hunter2@localhost"}, "Access denied"),
        ({"netloc": "tide:hunter2@127.0.0.1:70000", "query": ""}, "it cannot be read"),
        ({"query": "sslmode=hunter2"}, "only socket and ssl-mode are known"),
    ],
)
async def test_what_cannot_be_reached_is_said_without_the_password(
    mysql_server: Server, change: dict[str, str], reason: str
) -> None:
    url = urlsplit(mysql_server.url)._replace(**change).geturl()
    with pytest.raises(IntegrationUnavailable) as caught:
        await MysqlDatabase("db", mysql_settings(url), Vocabulary()).open()
    assert reason in str(caught.value)
    assert "hunter2" not in str(caught.value)
