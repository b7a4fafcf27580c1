"""A project with the actions of a test, on SQLite, on PostgreSQL and on MariaDB."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.actions.world import World, open_world, prepare_database, sqlite_file, write_project
from tests.conftest import alone
from tests.postgres import Databases

Make = Callable[..., Awaitable[World]]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """On MariaDB those tests are run that their module names in `MYSQL`: what databases do differently."""
    if "database" in metafunc.fixturenames:
        named = getattr(metafunc.module, "MYSQL", ())
        more = ["mysql"] if metafunc.function.__name__ in named else []
        metafunc.parametrize("database", ["sqlite", "postgres", *more], indirect=True)


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return sqlite_file(tmp_path)
    return str(request.getfixturevalue(f"{request.param}_database"))


@pytest.fixture
async def make(database: str, tmp_path: Path) -> AsyncIterator[Make]:
    """Opens a project whose tasks have these actions; see `write_project`."""
    opened: list[World] = []

    async def make(
        actions: str,
        files: Mapping[str, str] | None = None,
        *statements: str,
        more: str = "",
        settings: str = "",
        others: Mapping[str, str] | None = None,
    ) -> World:
        await prepare_database(database, *statements)
        folder = tmp_path / "project"
        write_project(folder, database, actions, files or {}, more=more, settings=settings, others=others)
        world = await open_world(folder, database)
        opened.append(world)
        return world

    yield make
    for world in opened:
        await world.gateway.close()


@pytest.fixture
def another_database(postgres_databases: Databases) -> Iterator[str]:
    """A second empty database of PostgreSQL's."""
    url = alone(postgres_databases.take())
    yield url
    alone(postgres_databases.give_back(url))
