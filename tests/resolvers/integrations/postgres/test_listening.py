"""The connection that hears of writes by others: lost, found again, gone without a word."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import asyncpg
import pytest

from tests.conftest import ask, start_postgres
from tests.resolvers.integrations.postgres.conftest import SCHEMA, Gateway, Open
from tidegate.resolvers.integrations.postgres.watching import keep_alive


async def test_a_lost_connection_may_have_missed_anything(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    gateway = await open_gateway()
    for number in range(3):
        await outsider.execute("""
            select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()
        """)
        assert await gateway.told() == [gateway.touch(None)]
        await outsider.execute("insert into tickets (id, email) values ($1, 'x')", number)
        assert await gateway.told() == [gateway.touch("public.tickets", None, [{"id": number, "email": "x"}])]


@pytest.fixture
def own_server() -> Iterator[Any]:
    """A server of this test's own, to be stopped and started. Any: the package has no types."""
    server = start_postgres(Path(tempfile.gettempdir()) / f"tidegate-postgres-{uuid4().hex[:12]}")
    yield server
    server.cleanup()


async def test_a_server_that_starts_again(own_server: Any) -> None:
    url = own_server.get_uri()
    await ask(url, SCHEMA)
    gateway = Gateway(url)
    await gateway.open(tickets=("id",))
    await asyncio.to_thread(own_server._stop)
    await asyncio.to_thread(own_server.ensure_postgres_running)
    assert await gateway.told() == [gateway.touch(None)]
    await ask(url, "insert into tickets (id) values (1)")
    assert await gateway.told() == [gateway.touch("public.tickets", None, [{"id": 1}])]
    await gateway.database.close()


async def test_a_copy_without_triggers_gets_them(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    """As after a restore, or where another server took over."""
    gateway = await open_gateway()
    await outsider.execute("drop schema tidegate cascade")
    await outsider.execute("""
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()
    """)
    assert await gateway.told() == [gateway.touch(None)]
    await outsider.execute("insert into logs values ('x')")
    assert await gateway.told() == [gateway.touch("public.logs")]


async def test_a_peer_that_vanishes_is_noticed_by_the_kernel(postgres_database: str) -> None:
    """Over TCP, which the tests' own server does not speak: through a relay."""
    place = f"{parse_qs(urlsplit(postgres_database).query)['host'][0]}/.s.PGSQL.5432"
    kept: list[asyncio.Task[None]] = []

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, thither = await asyncio.open_unix_connection(place)
        kept.append(asyncio.create_task(carry(there, writer)))
        await carry(reader, thither)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    connection = await asyncpg.connect(
        urlsplit(postgres_database)._replace(netloc=f"postgres@127.0.0.1:{port}", query="").geturl()
    )
    keep_alive(connection)
    found = connection._transport.get_extra_info("socket")
    assert found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    await connection.close()
    server.close()
    await asyncio.gather(*kept)
