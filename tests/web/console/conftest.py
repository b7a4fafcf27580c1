"""The console of a service desk, in front of a real gateway in this process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.realtime.screens import SECRET, bearer, copy_desk
from tidegate.app import Gateway
from tidegate.console.inside import Inside
from tidegate.insight import Insight, Listener
from tidegate.runs.history import History
from tidegate.runs.several import Several
from tidegate.runs.store import run_store
from tidegate.settings import Environment, Settings
from tidegate.web.console_calls import Watchers
from tidegate.web.server import Server, build_server, listen

MARKED = {"x-tidegate-console": "1"}
Told = list[tuple[str, Any]]
"""Any: JSON."""


def token(who: str, **changes: Any) -> dict[str, str]:
    """Any: claims are JSON."""
    return {name.decode(): value.decode() for name, value in bearer(who, **changes)}


@dataclass
class Console:
    """A server under test. `client` sends what the page sends, and no token."""

    gateway: Gateway
    server: Server
    insight: Insight
    history: History
    folder: Path
    port: int
    client: httpx.AsyncClient

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # Any: JSON.
    async def get(self, path: str, **headers: str) -> Any:
        answer = await self.client.get(f"/console/api/{path}", headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refused(self, path: str, body: Any = None, *, method: str = "", **headers: str) -> tuple[int, str]:
        """The status and the code."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        method = method or ("GET" if body is None else "POST")
        answer = await self.client.request(method, f"/console/api/{path}", json=body, headers=named)
        return answer.status_code, answer.json()["errors"][0]["extensions"]["code"]

    async def call(self, path: str, body: Mapping[str, Any], **headers: str) -> Told:
        """Everything that is told of a call."""
        told: Told = []
        async with self.client.stream("POST", f"/console/api/{path}", json=body, headers=headers) as answer:
            assert answer.status_code == 200, await answer.aread()
            async for event, data in events(answer):
                told.append((event, data))
        return told


async def events(answer: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
    unread = ""
    async for text in answer.aiter_text():
        unread += text
        while "\n\n" in unread:
            event, unread = unread.split("\n\n", 1)
            if event.startswith("event: "):
                name, _, data = event.removeprefix("event: ").partition("\ndata:")
                yield name, json.loads(data) if data.strip() else None


def only(told: Told, event: str) -> Any:
    (found,) = [data for name, data in told if name == event]
    return found


Opened = Callable[..., Awaitable[Console]]


@asynccontextmanager
async def running(folder: Path, demo: Sequence[Mapping[str, Any]] = (), **changes: Any) -> AsyncIterator[Console]:
    """Any: settings are of any type."""
    settings = replace(Settings(port=0), **changes)
    insight = Insight(inner=settings.environment is Environment.DEVELOPMENT)
    store = run_store("runs.db", folder)
    history = History(store)
    recorder = Several(history, insight, Watchers())
    gateway = Gateway.load(folder, {"JWT_SECRET": SECRET}, weak=True, recorder=recorder, insight=insight)
    inside = Inside(gateway, insight, store, lambda: demo)
    with Listener(insight), listen(settings.host, settings.port) as listener:
        async with history:
            await gateway.open()
            started = asyncio.Event()
            server = build_server(gateway, settings, started.set, inside=inside)
            port = listener.getsockname()[1]
            task = asyncio.create_task(server.serve(sockets=[listener]))
            await started.wait()
            client = httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}", headers=MARKED, trust_env=False, verify=False, timeout=120
            )
            async with client:
                yield Console(gateway, server, insight, history, folder, port, client)
            server.stop()
            await task
            await gateway.close()


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Opened]:
    """Starts a server: `await opened(demo=..., **settings)`."""
    async with AsyncExitStack() as stack:
        numbers = count()

        async def start(**changes: Any) -> Console:
            folder = copy_desk(tmp_path / f"desk{next(numbers)}")
            return await stack.enter_async_context(running(folder, **changes))

        yield start


@pytest.fixture
async def author(opened: Opened) -> Console:
    """In development."""
    return await opened(environment=Environment.DEVELOPMENT)


@pytest.fixture
async def operator(opened: Opened) -> Console:
    """In production, with TIDEGATE_CONSOLE=admins."""
    return await opened()
