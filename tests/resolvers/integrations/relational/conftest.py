"""The project of desk.py, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import alone
from tests.postgres import Databases
from tests.resolvers.integrations.relational.desk import Desk, mysql_place, opened


@pytest.fixture(params=["sqlite", "postgres", "mysql"], scope="module")
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Shared by the tests of a module."""
    folder: Path = tmp_path_factory.mktemp("desk")
    if request.param == "sqlite":
        with opened(folder, "sqlite") as made:
            yield made
        return
    if request.param == "mysql":
        with mysql_place(request.getfixturevalue("mysql_server")) as url, opened(folder, "mysql", url) as made:
            yield made
        return
    databases: Databases = request.getfixturevalue("postgres_databases")
    url = alone(databases.take())
    with opened(folder, "postgres", url) as made:
        yield made
    alone(databases.give_back(url))
