"""Chromium, once for each process of tests, and windows in it that notice what is wrong with a page.

Tests that use `browser` run in the loop of the session: `pytestmark = pytest.mark.asyncio(loop_scope="session")`.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

ROOT: Final = Path(__file__).parents[1]
CHROMIUM: Final = os.environ.get("CHROMIUM", "/usr/bin/chromium")
AXE: Final = ROOT / "web-demo" / "node_modules" / "axe-core" / "axe.min.js"
SHOTS: Final = ROOT / "web-demo" / "build" / "screenshots"
PATIENCE: Final = 60_000
"""Milliseconds for whatever must come."""

_STILL: Final = """
Promise.all(document.getAnimations().filter(a => a.effect.getTiming().iterations !== Infinity)
  .map(a => a.finished.catch(() => 0)))
"""

expect.set_options(timeout=PATIENCE)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        # Chromium's own walls want a user who is not root.
        made = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        await made.close()


class Window:
    """Somebody's window. `complaints`: what stood in its console, but for what has one of the words of `forgiven` in
    it, and whatever it asked of other addresses."""

    def __init__(self, page: Page, origin: str, forgiven: Sequence[str] = ()) -> None:
        self.page = page
        self.origin = origin
        self.complaints: list[str] = []
        self._forgiven = forgiven
        page.on("console", lambda said: self._hear(said.type, said.text))
        page.on("pageerror", lambda error: self.complaints.append(f"thrown: {error}"))
        page.on("request", lambda asked: self._ask(asked.url))

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not any(word in text for word in self._forgiven):
            self.complaints.append(f"{kind}: {text}")

    def _ask(self, url: str) -> None:
        if not url.startswith((self.origin, "data:", "blob:")):
            self.complaints.append(f"asked {url}")

    async def axe(self) -> list[str]:
        """What is wrong for people who cannot see, hear or point: rules, and where."""
        # What is still moving has colours of its own.
        await self.page.evaluate(_STILL)
        # As a debugger does: the page's own policy would not let it in.
        session = await self.page.context.new_cdp_session(self.page)
        options = {
            "expression": AXE.read_text(encoding="utf-8") + "; axe.run(document, { resultTypes: ['violations'] })",
            "awaitPromise": True,
            "returnByValue": True,
            "allowUnsafeEvalBlockedByCSP": True,
        }
        answer = await session.send("Runtime.evaluate", options)
        await session.detach()
        found: Any = answer["result"]["value"]
        return [
            f"{violation['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]

    async def shoot(self, name: str) -> None:
        """A picture for people to look at."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=SHOTS / f"{name}.png")


@asynccontextmanager
async def opened_page(
    browser: Browser, *, width: int = 1280, height: int = 800, dark: bool = False, **options: Any
) -> AsyncIterator[Page]:
    """A page of somebody who has never been here. `options` are those of Playwright's contexts."""
    context = await browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", **options
    )
    context.set_default_timeout(PATIENCE)
    yield await context.new_page()
    await context.close()
