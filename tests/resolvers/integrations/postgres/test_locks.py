"""Between calls, nobody else who wants a table waits for us."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.conftest import ask
from tests.resolvers.integrations.conftest import postgres_settings
from tidegate.core.errors import OperationError
from tidegate.resolvers.integrations.postgres.database import PostgresDatabase
from tidegate.resolvers.integrations.relational.violations import Vocabulary

LOCK = "begin; lock table t in access exclusive mode nowait; commit"


@pytest.fixture
async def database(postgres_database: str) -> AsyncIterator[PostgresDatabase]:
    await ask(postgres_database, "create table t (id int primary key)")
    database = PostgresDatabase("db", postgres_settings(postgres_database), Vocabulary())
    await database.open()
    yield database
    await database.close()


@pytest.mark.parametrize("sql", ["select id from t", "insert into t (id) values ($1)"])
async def test_a_statement_that_was_described_locks_nothing(
    database: PostgresDatabase, postgres_database: str, sql: str
) -> None:
    async with database.session(writes=False) as connection:
        await connection.parameters(sql)
        await connection.columns(sql)

    await ask(postgres_database, LOCK)


async def test_a_read_whose_values_do_not_fit_locks_nothing(database: PostgresDatabase, postgres_database: str) -> None:
    with pytest.raises(OperationError):
        async with database.session(writes=False) as connection:
            await connection.row("select id from t where id = $1", ["no number"])

    await ask(postgres_database, LOCK)
