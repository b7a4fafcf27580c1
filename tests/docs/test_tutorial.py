"""docs/tutorial.md, done as it is written: by its commands, with its files, in a real browser."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, async_playwright, expect

from tests.docs.blocks import Block, blocks
from tests.docs.reader import Reader, token
from tests.test_packaging import build, copy_checkout

BLOCKS = blocks("tutorial.md")
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
MINUTE = "One minute"

expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what `pip install tidegate` would fetch."""
    checkout = copy_checkout(tmp_path_factory.mktemp("tutorial") / "checkout", "links")
    (wheel,) = build(checkout, "--wheel")
    return wheel.parent


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        await opened.close()


def section(name: str) -> list[Block]:
    found = [block for block in BLOCKS if block.section == name]
    assert found, name
    return found


def borrow(folder: Path) -> None:
    """Puts our third-party packages in the place of those that pip would fetch."""
    for site in folder.glob(".venv/lib/*/site-packages"):
        (site / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n")


async def test_one_minute(tmp_path: Path, wheels: Path) -> None:
    installing = {"PIP_FIND_LINKS": str(wheels), "PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_IGNORE_INSTALLED": "1"}
    install, serve, query = section(MINUTE)
    async with Reader(tmp_path, None, **installing) as reader:
        for command in install.text.splitlines(keepends=True):
            await reader.type(command)
            borrow(tmp_path)
        assert (tmp_path / ".venv" / "bin" / "tidegate").exists()
        await reader.follow(serve)
        async with browser() as opened:
            page = await opened.new_page()
            await page.goto(f"http://{reader.place}/graphql")
            editor = page.locator(".graphiql-query-editor")
            await editor.click()
            await page.keyboard.press("Control+A")
            await page.keyboard.insert_text(query.text)
            await page.keyboard.press("Control+Enter")
            result = page.locator(".result-window")
            await expect(result).to_contain_text('"openTickets": 6')
            console = await opened.new_page()
            await console.goto(f"http://{reader.place}/console")
            await console.get_by_text("createTicket", exact=True).first.click()
            await console.get_by_role("tab", name="Run").click()
            await console.get_by_label("as", exact=True).select_option("demo:ada")
            await console.get_by_label("title").fill("The printer hums")
            await console.get_by_label("description").fill("In B flat.")
            await console.get_by_role("button", name="Run", exact=True).click()
            await expect(result).to_contain_text('"openTickets": 7')
            await console.get_by_role("link", name="Live").first.click()
            await expect(console.get_by_role("list", name="refreshes")).to_contain_text("openTickets")


Check = Callable[[Reader, BrowserContext], Awaitable[None]]


async def live(reader: Reader, windows: BrowserContext) -> None:
    one, two = await windows.new_page(), await windows.new_page()
    for page in (one, two):
        await page.goto(f"http://{reader.place}/")
        await expect(page.locator("li")).to_have_text(["☑ Read the tutorial", "☐ Write a mutation"])
    await one.get_by_label("A new task").fill("Look at two windows")
    await one.get_by_role("button", name="Add").click()
    await expect(two.locator("li").nth(2)).to_have_text("☐ Look at two windows")
    await reader.type(
        "curl -s http://127.0.0.1:8000/graphql -H 'content-type: application/json'"
        """ -d '{"query": "mutation { setDone(id: 3, done: true) { id } }"}'\n"""
    )
    await expect(one.locator("li").nth(2)).to_have_text("☑ Look at two windows")


async def each_their_own(reader: Reader, windows: BrowserContext) -> None:
    page = await windows.new_page()
    await page.goto(f"http://{reader.place}/#token={token(reader.said)}")
    await expect(page.locator("li")).to_have_text(["☐ Mine alone"])
    await page.get_by_label("A new task").fill("Mine, too")
    await page.get_by_role("button", name="Add").click()
    await expect(page.locator("li")).to_have_text(["☐ Mine alone", "☐ Mine, too"])


async def ringing(reader: Reader, windows: BrowserContext) -> None:
    page = await windows.new_page()
    await page.goto(f"http://{reader.place}/reminders.html#token={token(reader.said)}")
    await expect(page.get_by_role("status")).to_have_text("Listening.")
    *_, ring, answer = section("6. An event")
    await reader.follow(ring)
    await reader.follow(answer)
    await expect(page.get_by_role("status")).to_have_text("grace@example.com: Lunch?")


AFTER: dict[str, Check] = {
    "3. Live, in the browser": live,
    "4. Access rules": each_their_own,
    "6. An event": ringing,
}


async def test_step_by_step(tmp_path: Path, tidegate: Path) -> None:
    steps = list(dict.fromkeys(block.section for block in BLOCKS if block.section != MINUTE))
    assert AFTER.keys() < set(steps)
    async with browser() as opened, Reader(tmp_path, tidegate) as reader:
        for name in steps:
            followed = section(name)[:-2] if AFTER.get(name) is ringing else section(name)
            for block in followed:
                await reader.follow(block)
            if name in AFTER:
                windows = await opened.new_context()
                await AFTER[name](reader, windows)
                await windows.close()
