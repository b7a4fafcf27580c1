"""What the connection goes through: tokens that run out, sleep, and networks that let no websocket through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import WebSocket, expect

from tests.web_demo.conftest import Demo, Opened, Screen

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Sockets:
    """The websockets of a page to /graphql, and how often it asked for a token."""

    def __init__(self, screen: Screen) -> None:
        self.opened: list[WebSocket] = []
        self.closed = asyncio.Event()
        self.tokens = 0
        self._another = asyncio.Event()
        screen.page.on("websocket", self._open)
        screen.page.on("request", self._ask)

    def _open(self, socket: WebSocket) -> None:
        if socket.url.endswith("/graphql"):
            self.opened.append(socket)
            socket.on("close", lambda _: self.closed.set())

    def _ask(self, request: Any) -> None:
        if request.url.endswith("/demo/session"):
            self.tokens += 1
            self._another.set()

    async def until_tokens(self, count: int) -> None:
        async with asyncio.timeout(60):
            while self.tokens < count:
                self._another.clear()
                await self._another.wait()


async def test_a_token_is_renewed_inside_the_connection_and_a_sleeper_gets_another(screen: Opened, demo: Demo) -> None:
    await demo.stop()
    demo.life = 6
    await demo.start()
    ada, sam = await screen(), await screen()
    sockets, clock = Sockets(ada), Sockets(sam)
    await asyncio.gather(ada.enter("Ada"), sam.enter("Sam"))
    first = ada.page.locator("[data-ticket='1'] a")
    await expect(first).to_contain_text("In progress")
    # The third token is asked for when the first one is good no more.
    await sockets.until_tokens(3)
    await sam.page.locator("[data-ticket='1'] a").click()
    moving = sam.page.get_by_role("group", name="Status of the ticket")
    await moving.get_by_role("button", name="Done").click()
    await expect(first).to_contain_text("Done")
    await sam.page.get_by_label("Your answer").fill("Are you still there?")
    await sam.page.get_by_role("button", name="Answer", exact=True).click()
    await expect(ada.page.locator(".toast")).to_contain_text("Are you still there?")
    assert len(sockets.opened) == 1
    assert not sockets.closed.is_set()

    # A lid is shut: nothing in the page goes on, its token runs out, and the gateway closes. Then it is opened.
    asleep = await ada.page.context.new_cdp_session(ada.page)
    await asleep.send("Debugger.enable")
    await asleep.send("Debugger.pause")
    nap = asyncio.create_task(ada.page.evaluate("0"))
    # When Sam has had three more, Ada's newest is too old, whenever it was made.
    await clock.until_tokens(clock.tokens + 3)
    await moving.get_by_role("button", name="To do").click()
    await asleep.send("Debugger.resume")
    await nap
    await asleep.detach()
    await expect(first).to_contain_text("To do")
    await expect(ada.page.get_by_text("Live", exact=True)).to_be_attached()
    await expect(ada.page.get_by_text("signed out")).to_have_count(0)
    assert sockets.closed.is_set()
    assert len(sockets.opened) == 2
    assert ada.complaints == []


@asynccontextmanager
async def without_websockets(demo: Demo) -> AsyncIterator[str]:
    """The address of something that passes everything on to the gateway, but for upgrades."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if b"upgrade: websocket" in head.lower():
                writer.write(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                writer.close()
                return
            answers, requests = await asyncio.open_connection("127.0.0.1", demo.port)
            requests.write(head)
            await asyncio.gather(pass_on(reader, requests), pass_on(answers, writer))
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_where_no_websocket_gets_through(screen: Opened, demo: Demo) -> None:
    async with without_websockets(demo) as origin:
        ada = await screen("Ada", origin=origin)
        await expect(ada.page.locator(".line-title")).to_have_count(3)
        sam = await screen("Sam")
        await sam.page.locator("[data-ticket='2'] a").click()
        await sam.page.get_by_role("group", name="Status of the ticket").get_by_role("button", name="Done").click()
        await expect(ada.page.locator("[data-ticket='2'] a")).to_contain_text("Done")
        # Events, by requests that wait.
        await sam.page.get_by_label("Your answer").fill("She has it now.")
        await sam.page.get_by_role("button", name="Answer", exact=True).click()
        await expect(ada.page.locator(".toast")).to_contain_text("She has it now.")
        await ada.file("Through the wall", "By server-sent events.")
        await expect(sam.page.locator(".line-title").first).to_have_text("Through the wall")
        await expect(ada.page.get_by_role("heading", name="Through the wall")).to_be_visible()
        assert [each for each in ada.complaints if "WebSocket connection" not in each] == []
        await ada.page.context.close()
