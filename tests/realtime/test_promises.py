"""What live queries promise: ten thousand of them cost what is changed, and nothing when idle. A thousand, by several
statements, on PostgreSQL: all else is the same code."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.realtime.screens import SECRET, change, connect, copy_desk, quiet, watch
from tidegate.app import Gateway

COUNT = {"sqlite": 10_000, "postgres": 1000}
ONE = "subscription($id: ID!) { ticket(id: $id) { id title } }"
RETITLE = "mutation($id: ID!, $title: String!) { updateTicket(id: $id, title: $title) { id } }"


@pytest_asyncio.fixture(params=COUNT)
async def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Gateway]:
    postgres = request.getfixturevalue("postgres_database") if request.param == "postgres" else None
    folder = copy_desk(
        tmp_path / "desk", postgres=postgres is not None, limits=f"subscriptions: {COUNT[request.param]}"
    )
    gateway = Gateway.load(folder, {"JWT_SECRET": SECRET, "DATABASE_URL": postgres or ""})
    await gateway.open()
    yield gateway
    await gateway.close()


async def test_a_keyed_write_asks_for_its_own_row_only(gateway: Gateway) -> None:
    sam, count = await connect(gateway, "sam"), gateway.catalog.limits.subscriptions
    screens = [watch(sam, ONE, id=str(number))[0] for number in range(1, count + 1)]
    for screen in screens:
        await screen.next(1)
    known = [number for number, screen in enumerate(screens, 1) if screen.shown[0]["data"]["ticket"] is not None]
    counters = gateway.live.journal.counters
    before = counters.refreshes
    for number in known[:5]:
        await change(sam, RETITLE, id=str(number), title=f"Once more {number}")
        title = (await screens[number - 1].next(2))["data"]["ticket"]["title"]
        assert title == f"Once more {number}"
    await quiet()
    assert counters.refreshes - before <= 6
    assert sum(len(screen.shown) for screen in screens) == count + 5
    idle = counters.asks
    await asyncio.sleep(2)
    assert counters.asks == idle
