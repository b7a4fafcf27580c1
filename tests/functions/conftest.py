"""Gateways that a test opens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.functions.desk import Desk


@pytest.fixture(params=["sqlite", "postgres"])
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    file = str(tmp_path / "desk.db")
    database = request.getfixturevalue("postgres_database") if request.param == "postgres" else file
    desk = Desk(tmp_path, database)
    async with desk.server:
        await desk.open()
        try:
            yield desk
        finally:
            await desk.gateway.close()
