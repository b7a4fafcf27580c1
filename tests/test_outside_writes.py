"""Writes that this gateway did not make, on the screens of people who watch."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from tests.realtime.screens import SECRET, change, connect, copy_desk, watch
from tidegate.app import Gateway

MINE = "subscription { myTickets { id title } }"
FILE = 'mutation($title: String!) { createTicket(title: $title, description: "-") { id } }'
RENAME = "update tickets set title = 'From outside'"


@pytest.fixture(params=["sqlite", "postgres"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = copy_desk(tmp_path / "desk", postgres=request.param == "postgres")
    settings = folder / "tidegate.yaml"
    text = settings.read_text()
    settings.write_text(text.replace(f"kind: {request.param},", f"kind: {request.param}, watch: true,"))
    assert "watch: true" in settings.read_text()
    return folder


@pytest_asyncio.fixture
async def gateways(folder: Path, postgres_database: str) -> AsyncIterator[list[Gateway]]:
    """Two on the same database."""
    environment = {"JWT_SECRET": SECRET, "DATABASE_URL": postgres_database}
    opened = [Gateway.load(folder, environment), Gateway.load(folder, environment)]
    for gateway in opened:
        await gateway.open()
    yield opened
    for gateway in opened:
        await gateway.close()


async def test_what_somebody_else_writes_is_shown(
    gateways: list[Gateway], folder: Path, postgres_database: str
) -> None:
    ada = await connect(gateways[0], "ada")
    await change(ada, FILE, title="From inside")
    screen, _ = watch(ada, MINE)
    await screen.next(1)
    if "kind: postgres, watch: true" in (folder / "tidegate.yaml").read_text():
        connection = await asyncpg.connect(postgres_database)
        await connection.execute(RENAME)
        await connection.close()
    else:
        with closing(sqlite3.connect(folder / "desk.db")) as file, file:
            file.execute(RENAME)
    after = (await screen.next(2))["data"]["myTickets"]
    assert after
    assert {ticket["title"] for ticket in after} == {"From outside"}


async def test_what_another_gateway_writes_is_shown(gateways: list[Gateway]) -> None:
    one, other = gateways
    screen, _ = watch(await connect(one, "ada"), MINE)
    await screen.next(1)
    await change(await connect(other, "ada"), FILE, title="From the other")
    after = (await screen.next(2))["data"]["myTickets"]
    assert "From the other" in {ticket["title"] for ticket in after}
