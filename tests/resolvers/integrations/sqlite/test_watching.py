"""Commits by other processes to a SQLite file."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.resolvers.integrations.conftest import sqlite_settings
from tidegate.core.footprint import Touch
from tidegate.core.location import Location
from tidegate.core.problems import ProjectError
from tidegate.resolvers.integrations.relational.tables import Tables
from tidegate.resolvers.integrations.relational.violations import Vocabulary
from tidegate.resolvers.integrations.sqlite import kind
from tidegate.resolvers.integrations.sqlite.database import SqliteDatabase
from tidegate.resolvers.integrations.sqlite.watching import INTERVAL

PATIENCE = 60.0


class Gateway:
    """A file that is watched as a gateway does it. `calls` is what it was told, call by call."""

    def __init__(self, file: Path, *, watch: bool = True) -> None:
        settings = replace(sqlite_settings(str(file)), watch=watch)
        self.database = SqliteDatabase("db", settings, Vocabulary())
        self.tables = Tables()
        self.calls: list[tuple[Touch, ...]] = []

    async def open(self) -> None:
        reflection = await self.database.open()
        self.tables.learn(reflection.tables, reflection.release, reflection.source)
        await self.database.watch(self.tables, (), lambda touches: self.calls.append(tuple(touches)))

    async def write(self) -> None:
        async with self.database.session(writes=True) as connection:
            await connection.execute("insert into t (n) values (1)", [])

    async def told(self) -> list[tuple[Touch, ...]]:
        async with asyncio.timeout(PATIENCE):
            while not self.calls:  # noqa: ASYNC110 - a list has no event to wait for
                await asyncio.sleep(0.01)
        calls = [*self.calls]
        self.calls.clear()
        return calls

    async def rest(self) -> None:
        """Until everything that was written has been looked at."""
        await asyncio.sleep(INTERVAL * 4)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "odd name?#%.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table t (id integer primary key, n integer)")
    connection.close()
    return path


@pytest.fixture
async def gateway(file: Path) -> AsyncIterator[Gateway]:
    gateway = Gateway(file)
    await gateway.open()
    yield gateway
    await gateway.database.close()


async def elsewhere(file: Path, *statements: str) -> None:
    """Runs statements in another process."""
    script = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\nfor s in sys.argv[2:]: c.execute(s)\nc.close()"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, str(file), *statements)
    assert await process.wait() == 0


async def test_a_commit_elsewhere_may_have_changed_anything(gateway: Gateway, file: Path) -> None:
    anything = (Touch(gateway.tables.source, None),)
    for _ in range(3):
        await elsewhere(file, "insert into t (n) values (1)", "commit")
        assert await gateway.told() == [anything]
    await elsewhere(file, "create table u (id)", "drop table u", "vacuum")
    assert set(await gateway.told()) == {anything}


async def test_own_commits_are_not_heard(gateway: Gateway) -> None:
    for _ in range(20):
        await gateway.write()
        await asyncio.sleep(INTERVAL / 8)
    await gateway.rest()
    assert gateway.calls == []


async def test_what_is_rolled_back_is_not_heard(gateway: Gateway, file: Path) -> None:
    await elsewhere(file, "begin", "insert into t (n) values (1)", "rollback", "begin immediate", "commit")
    await gateway.rest()
    assert gateway.calls == []


async def test_a_commit_between_own_ones(gateway: Gateway, file: Path) -> None:
    await gateway.write()
    await elsewhere(file, "insert into t (n) values (1)", "commit")
    await gateway.write()
    assert await gateway.told() == [(Touch(gateway.tables.source, None),)]
    await gateway.rest()
    assert gateway.calls == []


async def test_a_commit_while_the_writer_is_in_use(gateway: Gateway, file: Path) -> None:
    """Nobody else can commit while a transaction that writes is open; the writer is asked when it is free."""
    in_time = False
    while not in_time:
        gateway.calls.clear()
        await elsewhere(file, "insert into t (n) values (1)", "commit")
        async with gateway.database.session(writes=True) as connection:
            await connection.execute("insert into t (n) values (1)", [])
            # Before the other process has ended, it may have been looked at.
            in_time = not gateway.calls
            await gateway.rest()
            assert gateway.calls == [] or not in_time
    assert await gateway.told() == [(Touch(gateway.tables.source, None),)]


async def test_two_gateways_hear_each_other(gateway: Gateway, file: Path) -> None:
    other = Gateway(file)
    await other.open()
    await other.rest()
    gateway.calls.clear()
    await other.write()
    assert set(await gateway.told()) == {(Touch(gateway.tables.source, None),)}
    await gateway.rest()
    assert other.calls == []
    await other.database.close()


async def test_a_new_writer_may_have_missed_something(gateway: Gateway) -> None:
    connection = await gateway.database.writers.acquire()
    gateway.database.writers.drop(connection)
    await gateway.write()
    assert await gateway.told() == [(Touch(gateway.tables.source, None),)]


async def test_nothing_is_asked_while_nothing_happens(gateway: Gateway) -> None:
    await gateway.rest()
    asked: list[str] = []
    async with gateway.database.session(writes=True) as connection:
        await connection.call(lambda raw: raw.set_trace_callback(asked.append))
    await gateway.rest()
    asked.clear()
    await gateway.rest()
    assert asked == []


async def test_without_the_setting_nothing_is_heard(file: Path) -> None:
    gateway = Gateway(file, watch=False)
    await gateway.open()
    await elsewhere(file, "insert into t (n) values (1)", "commit")
    await gateway.rest()
    assert gateway.calls == []
    assert list(await gateway.database.unwatch()) == []
    await gateway.database.close()


def test_memory_cannot_be_watched(tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        kind.create("db", {"file": ":memory:", "watch": True}, tmp_path, Location("tidegate.yaml"))
    (problem,) = caught.value.problems
    assert problem.sentence == '"watch" of the integration "db" is for files: nobody else can write to :memory:.'
    kind.create("db", {"file": ":memory:", "watch": False}, tmp_path, Location("tidegate.yaml"))
