"""The documentation as `make docs` builds it: whole, and asking nobody for anything."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.async_api import ViewportSize, async_playwright, expect

from tests.docs.site import Page, is_ours, nowhere, pages

ROOT = Path(__file__).parents[2]
PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(target)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return target.resolve()


@pytest.fixture(scope="module")
def found(site: Path) -> dict[Path, Page]:
    return pages(site)


def test_every_page_is_built(site: Path) -> None:
    sources = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    assert {path.relative_to(site) for path in pages(site)} == sources


def test_every_link_and_anchor_leads_somewhere(found: dict[Path, Page]) -> None:
    assert nowhere(found) == []
    assert sum(len(page.links) for page in found.values()) > 1000


def test_nothing_is_loaded_from_elsewhere(site: Path, found: dict[Path, Page]) -> None:
    assert [(file.name, load) for file, page in found.items() for load in page.loads if not is_ours(load)] == []
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert re.findall(r"(?:url\(|@import)\s*['\"]?(?:\w+:)?//[^)'\"]*", styles) == []


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


async def test_a_browser_asks_nobody_else(site: Path) -> None:
    """Whatever the scripts of the theme could do: a page is opened, something is looked for, and found."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    Thread(target=server.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{server.server_port}"
    asked: list[str] = []
    complaints: list[str] = []
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = await browser.new_page()
            page.on("request", lambda request: asked.append(request.url))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda said: complaints.append(said.text))
            page.set_default_timeout(60_000)
            await page.set_viewport_size(PHONE)
            for place in (
                "index.html",
                "decisions/0007-live-queries.html",
                "reference/live.html",
                "reference/format.html",
            ):
                await page.goto(f"{origin}/{place}", wait_until="networkidle")
                # Wide tables and blocks are scrolled by themselves, with the keyboard too.
                assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), place
                assert await page.locator(".md-typeset__scrollwrap:not([tabindex])").count() == 0, place
            await page.set_viewport_size(DESKTOP)
            await page.keyboard.press("s")
            await page.keyboard.type("headTimeout bodyTimeout")
            hits = page.locator(".md-search-result__list")
            await expect(hits).to_contain_text("The format of a project", timeout=60_000)
            await browser.close()
    finally:
        server.shutdown()
        server.server_close()
    assert [url for url in asked if not url.startswith((origin, "data:", "blob:"))] == []
    assert any("search_index" in url for url in asked)
    assert complaints == []
