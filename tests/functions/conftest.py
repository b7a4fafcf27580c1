"""Gateways that a test opens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.functions.desk import Desk


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    database = str(tmp_path / "desk.db")
    if request.param != "sqlite":
        database = request.getfixturevalue(f"{request.param}_database")
    desk = Desk(tmp_path, database)
    async with desk.server:
        await desk.open()
        try:
            yield desk
        finally:
            await desk.gateway.close()
