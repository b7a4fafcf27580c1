"""A gateway that ends, or reads its project again, while a function goes on behind its answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson

from tests.functions.world import World, open_world

STORY = """
linger:
  kind: mutation
  minRole: member
  returns: Int!
  steps:
    - { respond: 1, timeout: 100h }
    - try: [{ wait: 20h }]
      finally: [{ call: add, with: { text: at last } }]
"""


@asynccontextmanager
async def lingering(folder: Path) -> AsyncIterator[World]:
    """With a function under way that takes its time."""
    world = await open_world(folder / "project", str(folder / "notes.db"), {"operations/story.yaml": STORY}, {}, 1)
    try:
        response = await world.gateway.execute("mutation { linger }", None, None, world.user("ann"))
        assert orjson.loads(response.body) == {"data": {"linger": 1}}
        yield world
    finally:
        await world.gateway.close(0.0)


async def test_a_stop_does_not_wait_for_what_takes_a_day(tmp_path: Path) -> None:
    async with lingering(tmp_path) as world:
        pass
    (run,) = world.witness.runs
    assert run.failure is not None
    assert run.failure.code == "CANCELLED"
    assert await world.rows("select text from notes") == [("at last",)]


async def test_a_reload_does_not_wait_for_what_takes_a_day(tmp_path: Path) -> None:
    async with lingering(tmp_path) as world, asyncio.timeout(60):
        for _ in range(2):
            await world.gateway.reload()
    assert [run.failure.code for run in world.witness.runs if run.failure is not None] == ["CANCELLED"]
