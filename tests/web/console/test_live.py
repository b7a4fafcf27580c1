"""What happens, as the page hears of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from tests.realtime.screens import change, connect, watch
from tests.web.console.conftest import Console, events, token
from tests.web.streaming import until
from tidegate.core.emission import Audience, Emission
from tidegate.insight import KEPT, MOST_DATA, MOST_MESSAGE
from tidegate.web.console_live import MOST_FOLLOWERS, MOST_WAITING


class Heard:
    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.lost = 0
        self.end: Any = None
        self._news = asyncio.Event()

    def take(self, event: str, data: Any) -> None:
        if event == "batch":
            self.records += data["records"]
            self.lost += data["lost"]
        else:
            self.end = data
        self._news.set()

    async def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first record like this."""
        async with asyncio.timeout(60):
            while True:
                for record in self.records:
                    if wanted(record):
                        return record
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def hearing(console: Console, **headers: str) -> AsyncIterator[Heard]:
    heard = Heard()

    async def listen() -> None:
        async with console.client.stream("GET", "/console/api/live", headers=headers) as answer:
            assert answer.status_code == 200
            async for event, data in events(answer):
                heard.take(event, data)

    task = asyncio.create_task(listen())
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def of(kind: str, **values: Any) -> Callable[[dict[str, Any]], bool]:
    return lambda record: record["kind"] == kind and all(record[name] == value for name, value in values.items())


def emission(number: int = 1, data: Any = None) -> Emission:
    return Emission(f"rang{number}", data, Audience.ALL)


async def test_everything_that_happens(author: Console) -> None:
    async with hearing(author) as heard:
        ada = await connect(author.gateway, "ada")
        screen, _ = watch(ada, "subscription { myTickets { id } }")
        await screen.next(1)
        assert (await heard.until(of("refresh", operation="myTickets")))["watchers"] == 1
        await change(ada, 'mutation { createTicket(title: "A", description: "B") { id } }')
        assert (await heard.until(of("change", cause="createTicket")))["woken"] == 1
        refreshed = await heard.until(of("refresh", cause="createTicket"))
        assert (refreshed["outcome"], refreshed["read"]["keys"]) == ("sent", ["email"])
        sam = await connect(author.gateway, "sam")
        await change(sam, 'mutation { escalateTicket(id: "1", reason: "Now.") { id } }')
        run = await heard.until(lambda each: of("run", function="escalateTicket")(each) and each["seconds"] is not None)
        assert (run["role"], run["user"], run["origin"], run["failure"]) == ("support", "4", "client", None)
        event = await heard.until(of("event", event="ticketEscalated"))
        assert (event["audience"], event["role"], event["receivers"], event["data"]["id"]) == (
            "role",
            "support",
            0,
            "1",
        )
        await ada.execute("{ ticketsByStatus { tickets } }", None, None)
        error = await heard.until(of("error", operation="ticketsByStatus"))
        assert (error["code"], error["role"]) == ("FORBIDDEN", "customer")
        logging.getLogger("tidegate.resolvers").warning("The database grumbles.")
        assert (await heard.until(of("log", message="The database grumbles.")))["level"] == "warning"
        await author.gateway.reload()
        await heard.until(of("reload"))
    # Whoever comes later is told what was.
    async with hearing(author) as heard:
        await heard.until(of("event", event="ticketEscalated"))
        await heard.until(of("error", operation="ticketsByStatus"))


async def test_what_is_inside_is_for_authors(operator: Console) -> None:
    async with hearing(operator, **token("kim")) as heard:
        logging.getLogger("tidegate.resolvers").error("SELECT secrets FROM vault")
        operator.gateway.rooms.emit([Emission("rang", {"pin": 4711}, Audience.USERS, ("ada@acme.example",))])
        event = await heard.until(of("event", event="rang"))
        assert (event["users"], event["bytes"], "data" in event) == (1, 12, False)
        assert "vault" not in str(heard.records)
        assert "4711" not in str(heard.records)


async def test_bounds(author: Console) -> None:
    author.gateway.rooms.emit([emission(number) for number in range(KEPT * 2)])
    logging.getLogger("tidegate.web").error("%s", "x" * (MOST_MESSAGE * 2))
    author.gateway.rooms.emit([emission(-1, "y" * MOST_DATA)])
    async with hearing(author) as heard:
        event = await heard.until(of("event", event="rang-1"))
        assert (event["bytes"], "data" in event) == (MOST_DATA + 2, False)
        assert len([each for each in heard.records if each["kind"] == "event"]) == KEPT
        assert len((await heard.until(of("log")))["message"]) == MOST_MESSAGE
        # More than a batch holds, before there is time to tell of it.
        author.gateway.rooms.emit([emission(number) for number in range(10_000, 10_000 + MOST_WAITING * 2)])
        await heard.until(of("event", event=f"rang{10_000 + MOST_WAITING * 2 - 1}"))
        assert heard.lost == MOST_WAITING


async def test_no_more_than_so_many_follow(operator: Console) -> None:
    kim = token("kim")
    streams = [operator.client.stream("GET", "/console/api/live", headers=kim) for _ in range(MOST_FOLLOWERS)]
    for stream in streams:
        assert (await stream.__aenter__()).status_code == 200
    assert await operator.refused("live", **kim) == (429, "LIMIT")
    await streams.pop().__aexit__(None, None, None)
    async with asyncio.timeout(60):
        while True:
            async with operator.client.stream("GET", "/console/api/live", headers=kim) as again:
                if again.status_code == 200:
                    break
            await asyncio.sleep(0.05)
    for stream in streams:
        await stream.__aexit__(None, None, None)


async def test_who_may_not_any_more_is_told_no_more(operator: Console) -> None:
    async with hearing(operator, **token("kim")) as heard:
        operator.gateway.rooms.emit([emission(1)])
        await heard.until(of("event", event="rang1"))
        file = operator.folder / "tidegate.yaml"
        file.write_text(file.read_text().replace("support, admin]", "support, admin, owner]"))
        await operator.gateway.reload()
        operator.gateway.rooms.emit([emission(2)])
        await until(lambda: heard.end is not None)
        assert heard.end["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        assert not [each for each in heard.records if of("event", event="rang2")(each)]
