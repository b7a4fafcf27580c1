"""The npm socket.io-client 4.8, by websocket, by polling, and from the one to the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.web.events import Browser, Events, browsing, serving, token
from tidegate.core.emission import Audience
from tidegate.realtime.engine import Timing

TRANSPORTS = pytest.mark.parametrize("transports", [["websocket"], ["polling"], ["polling", "websocket"]], ids="+".join)


@pytest_asyncio.fixture
async def events(tmp_path: Path) -> AsyncIterator[Events]:
    async with serving(tmp_path / "events") as events:
        yield events


def connects(browser: Browser) -> list[bool]:
    """Of each connection, whether the client was told that it missed nothing."""
    return [word["connect"] for word in browser.said if "connect" in word]


async def has_connected(browser: Browser, times: int = 1) -> None:
    await browser.until(lambda _: len(connects(browser)) == times)


async def has_heard(browser: Browser, name: str) -> None:
    await browser.until(lambda _: any(event[0] == name for event in browser.events()))


async def test_two_browsers_of_one_user_and_nobody_else(events: Events) -> None:
    ada, bob = {"token": token("ada")}, {"token": token("bob", "agent")}
    async with AsyncExitStack() as stack:

        async def browser(auth: Any, *transports: str) -> Browser:
            return await stack.enter_async_context(browsing(events, auth=auth, transports=transports))

        one, two = await browser(ada, "websocket"), await browser(ada, "polling")
        other, nobody = await browser(bob, "polling", "websocket"), await browser({}, "websocket")
        for each in (one, two, other, nobody):
            await has_connected(each)
        events.emit("for ada", {"n": 1}, Audience.USERS, "ada")
        events.emit("for agents", {"n": 2}, Audience.ROLE, role="agent")
        events.emit("for all", {"n": 3})
        for each in (one, two, other, nobody):
            await has_heard(each, "for all")
        assert one.events() == two.events() == [["for ada", {"n": 1}], ["for all", {"n": 3}]]
        assert other.events() == [["for agents", {"n": 2}], ["for all", {"n": 3}]]
        assert nobody.events() == [["for all", {"n": 3}]]


@TRANSPORTS
async def test_what_was_missed_comes_once_and_in_order(tmp_path: Path, transports: list[str]) -> None:
    """A thousand events, while the connection is cut again and again."""
    async with (
        serving(tmp_path / "events", "limits: { eventsKept: 2000 }") as events,
        browsing(events, auth={"token": token("ada")}, transports=transports) as browser,
    ):
        for number in range(1000):
            if number % 200 == 100:
                await has_connected(browser, 1 + number // 200)
                await events.cut()
            events.emit("tick", number, Audience.USERS, "ada")
            if number % 3 == 0:
                events.emit("tock", number, Audience.USERS, "bob")
            if number % 10 == 0:
                await asyncio.sleep(0)
            if number == 0:
                await has_connected(browser)
        await browser.until(lambda _: len(browser.events()) >= 999)
        # The first was emitted before anybody was there.
        assert browser.events() == [["tick", number] for number in range(1, 1000)]
        assert connects(browser) == [False, True, True, True, True, True]


@TRANSPORTS
async def test_what_is_not_kept_is_told(tmp_path: Path, transports: list[str]) -> None:
    async with (
        serving(tmp_path / "events", "limits: { eventsKept: 3 }") as events,
        browsing(events, auth={"token": token("ada")}, transports=transports) as browser,
    ):
        await has_connected(browser)
        for times, mine in ((2, True), (3, False)):
            await browser.do("disconnect")
            await events.until(lambda: not events.seats)
            for number in range(5):
                events.emit("much", number, Audience.USERS, "bob" if mine else "ada")
            await browser.do("connect")
            await has_connected(browser, times)
        assert connects(browser) == [False, True, False]
        events.emit("end", None)
        await has_heard(browser, "end")
        assert browser.events() == [["end", None]]


async def test_somebody_else_recovers_nothing(events: Events) -> None:
    async with browsing(events, auth={"token": token("ada")}) as browser:
        await has_connected(browser)
        await browser.do("auth", {"token": token("bob")})
        await events.cut()
        events.emit("for both", 1, Audience.USERS, "ada", "bob")
        await has_connected(browser, 2)
        events.emit("end", None)
        await has_heard(browser, "end")
        assert connects(browser) == [False, False]
        assert browser.events() == [["end", None]]


async def test_backands_login_and_what_comes_after_it(events: Events) -> None:
    async with browsing(events, transports=["websocket"]) as browser:
        await has_connected(browser)
        await browser.do("emit", "login", f"Bearer {token('ada')}", None, "app")
        await has_heard(browser, "authorized")
        events.emit("items_updated", [1], Audience.USERS, "ada")
        await has_heard(browser, "items_updated")
        await events.cut()
        await has_connected(browser, 2)
        # What it missed as ada is not given to who is nobody yet, and it must not think that it missed nothing.
        assert connects(browser) == [False, False]
        await browser.do("emit", "login", "nonsense", None, "app")
        await has_heard(browser, "notAuthorized")


@TRANSPORTS
async def test_a_token_that_expires(tmp_path: Path, transports: list[str]) -> None:
    timing = Timing(login=0.3)
    async with (
        serving(tmp_path / "events", timing=timing) as events,
        browsing(events, auth={"token": token("ada")}, transports=transports) as browser,
    ):
        await has_connected(browser)
        await browser.do("emit", "login", token("ada", seconds=3))
        await has_heard(browser, "notAuthorized")
        events.emit("between", 1, Audience.USERS, "ada")
        await has_heard(browser, "between")
        assert connects(browser) == [False, True]


async def test_a_token_that_is_refused(events: Events) -> None:
    async with browsing(events, auth={"token": "nonsense"}) as browser:
        await browser.until(bool)
        (only,) = browser.said
        assert only["data"] == {"code": "UNAUTHENTICATED"}
        await browser.do("auth", {"token": token("ada")})
        await browser.do("connect")
        await has_connected(browser)


async def test_nothing_is_added_for_whoever_wants_that(events: Events) -> None:
    async with browsing(events, auth={"recover": False}, transports=["websocket"]) as browser:
        await has_connected(browser)
        events.emit("one", "text")
        await has_heard(browser, "one")
        assert {"event": ["one", "text"]} in browser.said


async def test_a_tab_that_was_suspended(tmp_path: Path) -> None:
    """It is given no more than it takes, and all of it in the end."""
    async with (
        serving(tmp_path / "events", "limits: { eventsBytes: 100MiB }") as events,
        browsing(events, auth={"token": token("ada")}, transports=["websocket"]) as browser,
    ):
        await has_connected(browser)
        await browser.do("deaf")
        (seat,) = events.rooms.members.seats.values()
        text = "x" * 50_000
        for number in range(400):
            events.emit("much", [number, text], Audience.USERS, "ada")
        await events.until(lambda: not events.rooms._pending and seat.behind)
        assert seat.heard < 400
        await browser.do("hear")
        await browser.until(lambda _: len(browser.events()) >= 400)
        assert [event[1][0] for event in browser.events()] == list(range(400))
        assert connects(browser) == [False]
