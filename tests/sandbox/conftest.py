from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.sandbox.world import World, open_sandbox


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World(open_sandbox())
    try:
        await world.load()
        yield world
    finally:
        await world.sandbox.close()
