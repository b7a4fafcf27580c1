from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.sandbox.world import World, opened
from tidegate.sandbox.sandbox import LocalSandbox


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with opened() as world:
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_sandbox() -> AsyncIterator[LocalSandbox]:
    """For the tests of a module that leave nothing behind, in the loop of the module."""
    async with opened() as world:
        yield world.sandbox


@pytest.fixture
def shared(shared_sandbox: LocalSandbox) -> World:
    """The sandbox of the module, and a host of the test's own."""
    return World(shared_sandbox)
