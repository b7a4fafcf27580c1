"""The demo in a real Chromium, in front of a real gateway that can be stopped and comes back."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.ports import lasting_port

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "servicedesk"
DIST = ROOT / "web-demo" / "dist"
AXE = ROOT / "web-demo" / "node_modules" / "axe-core" / "axe.min.js"
ARTIFACTS = ROOT / "web-demo" / "build" / "screenshots"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PATIENCE = 120.0

expect.set_options(timeout=60_000)


@dataclass
class Demo:
    """`tidegate serve --demo --static`, at one address for as long as the test takes."""

    folder: Path
    port: int
    process: Process | None = None

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("TIDEGATE_", "JWT_"))}
        options = ("--demo", "--port", str(self.port), "--static", str(DIST))
        command = (sys.executable, "-m", "tidegate", "serve", str(self.folder), *options)
        environ["PYTHONUNBUFFERED"] = "1"
        self.process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=STDOUT, env=environ)
        assert self.process.stdout is not None
        said = b""
        async with asyncio.timeout(PATIENCE):
            while b"in a browser." not in said.partition(b"\nOpen http")[2]:
                line = await self.process.stdout.readline()
                assert line, said.decode()
                said += line

    async def stop(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(PATIENCE):
                await self.process.communicate()
        self.process = None


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Demo]:
    assert (DIST / "index.html").exists(), "The page is not built: make browser builds it."
    ignored = shutil.ignore_patterns("*.db", "*.db-*", ".env", ".tidegate")
    served = Demo(Path(shutil.copytree(EXAMPLE, tmp_path / "desk", ignore=ignored)), lasting_port())
    await served.start()
    yield served
    await served.stop()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        # Chromium's own walls want a user who is not root.
        made = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        await made.close()


@dataclass
class Screen:
    """A window of somebody's. `complaints` is what stood in its console, and whatever it asked of other addresses."""

    page: Page
    origin: str
    complaints: list[str] = field(default_factory=list)

    def watch(self) -> None:
        def said(message: Any) -> None:
            if message.type in ("error", "warning"):
                self.complaints.append(f"{message.type}: {message.text}")

        def asked(request: Any) -> None:
            if not request.url.startswith((self.origin, "data:", "blob:")):
                self.complaints.append(f"asked {request.url}")

        self.page.on("console", said)
        self.page.on("pageerror", lambda error: self.complaints.append(f"thrown: {error}"))
        self.page.on("request", asked)

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

    async def axe(self) -> list[str]:
        """What is wrong for people who cannot see, hear or point: rules, and where."""
        # What is still moving has colours of its own.
        await self.page.evaluate(
            "Promise.all(document.getAnimations().filter(a => a.effect.getTiming().iterations !== Infinity)"
            ".map(a => a.finished.catch(() => 0)))"
        )
        await self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = await self.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        return [
            f"{violation['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]

    async def shoot(self, name: str) -> None:
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=ARTIFACTS / f"{name}.png")


Opened = Callable[..., Awaitable[Screen]]


@pytest.fixture
async def screen(browser: Browser, demo: Demo) -> AsyncIterator[Opened]:
    """Opens a window: `await screen("Ada", width=390, ...)`, signed in as somebody or, without a name, as nobody."""
    async with AsyncExitStack() as stack:

        async def open_one(
            name: str | None = None, *, width: int = 1280, height: int = 800, dark: bool = False, **options: Any
        ) -> Screen:
            context = await browser.new_context(
                viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", **options
            )
            stack.push_async_callback(context.close)
            context.set_default_timeout(60_000)
            made = Screen(await context.new_page(), demo.origin)
            made.watch()
            if name is not None:
                await made.enter(name)
            return made

        yield open_one
