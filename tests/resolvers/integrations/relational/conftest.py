"""The project of desk.py, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.conftest import alone, ask
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
    postgres_url: str = request.getfixturevalue("postgres_url")
    name = f"test_{uuid4().hex[:16]}"
    alone(ask(postgres_url, f"create database {name} template template0"))
    with opened(folder, "postgres", urlsplit(postgres_url)._replace(path=f"/{name}").geturl()) as made:
        yield made
    alone(ask(postgres_url, f"drop database {name} with (force)"))
