"""The demo in a real Chromium, in front of a real gateway in this process that can be stopped and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browsing import ROOT, Window, browser, opened_page
from tests.ports import lasting_port
from tests.realtime.screens import SECRET, copy_desk
from tidegate.app import Gateway
from tidegate.cli.demo import demo_users
from tidegate.cli.passwords import demo_passwords
from tidegate.cli.sign_in import DemoDoorkeeper
from tidegate.cli.signing import own_jwt
from tidegate.settings import Environment, Settings
from tidegate.web.frontend import Frontend
from tidegate.web.server import Server, build_server, listen

__all__ = ["browser"]

DIST = ROOT / "web-demo" / "dist"
_ENVIRON = {"JWT_SECRET": SECRET}


@dataclass
class Demo:
    """What `tidegate serve --demo --static` serves, at one address for as long as the test takes. `life`: seconds that
    a token is good for."""

    folder: Path
    port: int
    page: Path = DIST
    life: int = 300
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        gateway = Gateway.load(self.folder, _ENVIRON, weak=True)
        listener = self._stack.enter_context(listen("127.0.0.1", self.port))
        await gateway.open()
        self._stack.push_async_callback(gateway.close)
        started = asyncio.Event()
        server = build_server(
            gateway,
            replace(Settings(port=self.port), environment=Environment.DEVELOPMENT),
            started.set,
            Frontend(self.page),
            DemoDoorkeeper(
                demo_users(self.folder),
                demo_passwords(self.folder),
                own_jwt(gateway.catalog, _ENVIRON),
                life=self.life,
            ),
        )
        task = asyncio.create_task(server.serve(sockets=[listener]))
        await started.wait()
        self._stack.push_async_callback(_stop, server, task)

    async def stop(self) -> None:
        await self._stack.aclose()


async def _stop(server: Server, task: asyncio.Task[None]) -> None:
    server.stop()
    await task


@pytest_asyncio.fixture(loop_scope="session")
async def demo(tmp_path: Path) -> AsyncIterator[Demo]:
    assert (DIST / "index.html").exists(), "The page is not built: make browser builds it."
    served = Demo(copy_desk(tmp_path / "desk"), lasting_port())
    await served.start()
    yield served
    await served.stop()


class Screen(Window):
    async def open(self, path: str = "/") -> None:
        await self.page.goto(f"{self.origin}{path}")

    async def enter(self, name: str) -> None:
        await self.open()
        await self.page.get_by_role("button", name=name).click()
        await expect(self.page.get_by_text("Live", exact=True)).to_be_attached()

    async def file(self, title: str, description: str) -> None:
        """Files a ticket, as a customer."""
        await self.page.get_by_role("button", name="New ticket").click()
        await self.page.get_by_label("In one line").fill(title)
        await self.page.get_by_label("What happened").fill(description)
        await self.page.get_by_role("button", name="File the ticket").click()


Opened = Callable[..., Awaitable[Screen]]


@pytest_asyncio.fixture(loop_scope="session")
async def screen(browser: Browser, demo: Demo) -> AsyncIterator[Opened]:
    """Opens a window: `await screen("Ada", width=390, ...)`, signed in as somebody or, without a name, as nobody.
    `origin`: where something stands between it and the gateway."""
    async with AsyncExitStack() as stack:

        async def open_one(name: str | None = None, *, origin: str | None = None, **options: Any) -> Screen:
            page = await stack.enter_async_context(opened_page(browser, **options))
            made = Screen(page, origin or demo.origin)
            if name is not None:
                await made.enter(name)
            return made

        yield open_one
