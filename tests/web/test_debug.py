"""`/debug/live` of a real service desk: what it tells, and to whom."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
import pytest_asyncio

from tests.realtime.screens import SECRET, bearer, change, connect, copy_desk, watch
from tests.web.conftest import FakeGateway, Running, Serving, running
from tests.web.streaming import Socket, socket, until
from tests.web.streaming import bearer as fake_bearer
from tidegate.app import Gateway
from tidegate.realtime.journal import MOST_TOUCHES, MOST_UNMOVED
from tidegate.settings import Environment, Settings
from tidegate.web.debug import MOST_FOLLOWERS, WAITING

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "live.md"
LIVE = "/debug/live"
MINE = "subscription { myTickets { id title } }"
RENAME = "mutation($id: ID!, $title: String) { updateTicket(id: $id, title: $title) { id } }"
FILE = 'mutation { createTicket(title: "The printer burns", description: "hot") { id } }'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copy_desk(tmp_path / "desk")


@pytest_asyncio.fixture
async def gateway(folder: Path) -> AsyncIterator[Gateway]:
    gateway = Gateway.load(folder, {"JWT_SECRET": SECRET})
    await gateway.open()
    yield gateway
    await gateway.close()


@pytest_asyncio.fixture
async def site(gateway: Gateway) -> AsyncIterator[Running]:
    async with running(cast("FakeGateway", gateway), Settings(port=0)) as site:
        yield site


@pytest_asyncio.fixture
async def near(gateway: Gateway) -> AsyncIterator[Running]:
    """The same in development."""
    settings = Settings(port=0, environment=Environment.DEVELOPMENT)
    async with running(cast("FakeGateway", gateway), settings) as site:
        yield site


def token(who: str, **changes: Any) -> dict[str, str]:
    """Any: claims are JSON."""
    return {name.decode(): value.decode() for name, value in bearer(who, **changes)}


class Followed:
    def __init__(self, connection: Socket) -> None:
        self.raw = b""
        self._connection = connection

    async def next(self, kind: str = "") -> Any:
        """The next event, of this kind. Any: JSON."""
        while True:
            while b"\n\n" not in self.raw:
                chunk = await self._connection.chunk()
                assert chunk, self.raw
                self.raw += chunk
            event, self.raw = self.raw.split(b"\n\n", 1)
            if event.startswith(b"event: "):
                name, data = event.removeprefix(b"event: ").split(b"\ndata: ")
                if kind in ("", name.decode()):
                    return {"event": name.decode(), **json.loads(data)}

    async def rest(self) -> bytes:
        return self.raw + await self._connection.rest()


@asynccontextmanager
async def following(site: Running, path: str = LIVE, **headers: str) -> AsyncIterator[Followed]:
    async with socket(site) as connection:
        connection.send("GET", path, headers)
        status, _ = await connection.head()
        assert status == 200
        assert await connection.read(3) == b":\n\n"
        yield Followed(connection)


async def refused(site: Running, **headers: str) -> tuple[int, str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await site.client.get(LIVE, headers=named)
    return answer.status_code, answer.json()["errors"][0]["extensions"]["code"]


async def test_it_tells_why(site: Running, gateway: Gateway) -> None:
    async with following(site, **token("kim")) as followed:
        ada, grace = await connect(gateway, "ada"), await connect(gateway, "grace")
        hers, _ = watch(ada, MINE)
        first = await followed.next()
        assert (first["event"], first["operation"], first["cause"]) == ("refresh", "myTickets", "first watched")
        again, _ = watch(ada, MINE)
        await again.next(1)
        watch(grace, MINE)
        await followed.next("refresh")
        ticket = (await hers.next(1))["data"]["myTickets"][0]["id"]
        await change(ada, RENAME, id=ticket, title="The printer burns")
        written = await followed.next()
        (touch,) = written["touches"]
        assert (written["event"], written["cause"], written["woken"]) == ("change", "updateTicket", 1)
        assert (touch["table"], touch["columns"], touch["rows"]) == ("tickets", ["title", "updated_at"], 2)
        assert written["unmoved"] == []
        refreshed = await followed.next()
        assert refreshed["event"] == "refresh"
        assert (refreshed["operation"], refreshed["role"], refreshed["query"]) == (
            "myTickets",
            "customer",
            first["query"],
        )
        assert (refreshed["cause"], refreshed["change"]) == ("updateTicket", written["number"])
        assert (refreshed["read"]["table"], refreshed["read"]["keys"]) == ("tickets", ["email"])
        assert (refreshed["watchers"], refreshed["batch"], refreshed["outcome"]) == (2, 1, "sent")
        assert refreshed["ms"] > 0
        assert refreshed["bytes"] == len(orjson.dumps(await hers.next(2)))


async def test_it_tells_why_not(site: Running, gateway: Gateway) -> None:
    async with following(site, f"{LIVE}?unmoved=1", **token("kim")) as followed:
        ada, grace = await connect(gateway, "ada"), await connect(gateway, "grace")
        for client, text in ((ada, MINE), (grace, MINE), (grace, "subscription { me { name } }")):
            screen, _ = watch(client, text)
            await screen.next(1)
        queries = [(await followed.next())["query"] for _ in range(3)]
        await change(ada, FILE)
        written = await followed.next("change")
        assert written["unmoved"] == [
            {"operation": "myTickets", "query": queries[1], "because": "other rows"},
            {"operation": "me", "query": queries[2], "because": "another table"},
        ]
        await change(await connect(gateway, "sam"), "mutation { closeTickets(ids: []) }")
        written = await followed.next("change")
        assert (written["touches"], written["named"]) == ([], ["averageAge", "ticketsByStatus"])
        assert {each["because"] for each in written["unmoved"]} == {"nothing was written"}


async def test_nobodys_values_are_told_and_no_sql(site: Running, gateway: Gateway) -> None:
    async with socket(site) as connection:
        connection.send("GET", f"{LIVE}?unmoved=1", token("kim"))
        await connection.head()
        ada = await connect(gateway, "ada")
        screen, _ = watch(ada, MINE)
        watch(await connect(gateway, "sam"), 'subscription { ticket(id: "3") { title } }')
        await screen.next(1)
        await change(ada, FILE)
        await screen.next(2)
        said = b""
        while said.count(b"event: refresh") < 3:
            said += await connection.chunk()
    for word in (b"ada@", b"acme", b"printer", b"select", b"SELECT", b"desk.db", str(gateway.catalog.folder).encode()):
        assert word not in said


async def test_who_may_follow(site: Running) -> None:
    assert await refused(site) == (401, "UNAUTHENTICATED")
    assert await refused(site, authorization="Bearer nonsense") == (401, "UNAUTHENTICATED")
    for who in ("ada", "sam"):
        assert await refused(site, **token(who)) == (403, "FORBIDDEN")
    posted = await site.client.post(LIVE, headers=token("kim"))
    assert (posted.status_code, posted.headers["allow"]) == (405, "GET")
    assert "access-control-allow-origin" not in posted.headers
    async with following(site, **token("kim")):
        pass


async def test_in_development_this_machine_may(near: Running, gateway: Gateway) -> None:
    port = near.port
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", "LOCALHOST", "[::1]"):
        async with AsyncExitStack() as stack:
            stream = await stack.enter_async_context(near.client.stream("GET", LIVE, headers={"host": host}))
            assert stream.status_code == 200, host
    for headers in (
        {"host": "desk.example"},
        {"host": f"127.0.0.1.desk.example:{port}"},
        {"host": f"localhost.desk.example:{port}"},
        {"host": ""},
        {"origin": "https://desk.example"},
        {"origin": "null"},
        {"sec_fetch_site": "none"},
        {"x_forwarded_for": "127.0.0.1"},
        {"forwarded": "for=127.0.0.1"},
    ):
        assert await refused(near, **headers) == (401, "UNAUTHENTICATED"), headers
    assert await refused(near, **token("sam")) == (403, "FORBIDDEN")
    await until(lambda: not cast("Any", gateway)._clients._clients)


async def test_a_reload_is_survived(site: Running, gateway: Gateway) -> None:
    async with following(site, **token("kim")) as followed:
        ada = await connect(gateway, "ada")
        screen, _ = watch(ada, MINE)
        await screen.next(1)
        await followed.next("refresh")
        for shown in (2, 3):
            await gateway.reload()
            assert (await followed.next("reload")) == {"event": "reload", "kind": "reload"}
            await followed.next("refresh")
            await change(ada, FILE)
            assert (await followed.next("change"))["cause"] == "createTicket"
            assert (await followed.next("refresh"))["cause"] == "createTicket"
            await screen.next(shown)


async def test_a_reload_that_takes_the_right_away(site: Running, gateway: Gateway, folder: Path) -> None:
    settings = folder / "tidegate.yaml"
    async with following(site, **token("kim")) as followed:
        settings.write_text(settings.read_text().replace("support, admin]", "support, admin, owner]"))
        await gateway.reload()
        assert (await followed.next())["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        assert await followed.rest() == b""


async def test_the_role_of_everybody_is_not_enough(site: Running, gateway: Gateway, folder: Path) -> None:
    settings = folder / "tidegate.yaml"
    text = settings.read_text().replace("auth:\n", "auth:\n  defaultRole: admin\n")
    settings.write_text(text)
    await gateway.reload()
    assert gateway.catalog.auth.default_role == "admin"
    assert await refused(site, **token("kim")) == (403, "FORBIDDEN")


async def test_a_token_that_expires(site: Running) -> None:
    """It goes on for five seconds after its end, and so for four."""
    async with following(site, **token("kim", exp=int(time.time()) - 1)) as followed:
        ended = await followed.next()
        assert (ended["event"], ended["errors"][0]["extensions"]["code"]) == ("end", "UNAUTHENTICATED")
        assert await followed.rest() == b""


async def test_it_ends_with_the_gateway(site: Running, gateway: Gateway) -> None:
    async with following(site, **token("kim")) as followed:
        await gateway.close()
        assert await followed.rest() == b""


async def test_it_ends_with_the_server(serving: Serving) -> None:
    site = await serving()
    async with following(site, **fake_bearer()) as followed:
        site.server.stop()
        assert await followed.rest() == b""


async def test_not_too_many_follow(serving: Serving) -> None:
    site = await serving()
    async with AsyncExitStack() as stack:
        for _ in range(MOST_FOLLOWERS):
            await stack.enter_async_context(following(site, **fake_bearer()))
        assert await refused(site, **fake_bearer()) == (429, "LIMIT")
        assert len(site.gateway.clients) == MOST_FOLLOWERS
    await until(lambda: not site.gateway.clients)
    assert not site.gateway.followers
    async with following(site, **fake_bearer()):
        pass


async def test_who_is_slow_loses_the_oldest(serving: Serving) -> None:
    """What waits has a limit, whatever is told."""
    site = await serving()
    wide = "x" * 10_000
    async with socket(site) as connection:
        connection.send("GET", LIVE, fake_bearer())
        await connection.head()
        await until(lambda: site.gateway.followers)
        (records,) = site.gateway.followers
        for number in range(5000):
            records.put_nowait({"kind": "change", "number": number, "wide": wide})
        await until(records.empty)
        (stream,) = cast("Any", site.server)._site._streams._streams
        assert stream.waiting <= WAITING
        records.put_nowait(None)
        body = (await connection.rest()).decode()
    told = [json.loads(event.split("data: ")[1])["number"] for event in body.split("\n\n") if "data: " in event]
    assert told == sorted(set(told))
    assert told[-WAITING:] == list(range(5000 - WAITING, 5000))
    assert len(told) < 5000


def test_the_reference_has_the_numbers() -> None:
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert f"{MOST_FOLLOWERS} may follow at once" in page
    assert f"the newest {WAITING} events" in page
    assert f"lists {MOST_TOUCHES} touches and {MOST_UNMOVED} unmoved queries at most" in page


async def test_the_reference_has_the_keys(site: Running, gateway: Gateway) -> None:
    rows = dict(re.findall(r"^\| `(change|refresh)` \| (.*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    async with following(site, **token("kim")) as followed:
        ada = await connect(gateway, "ada")
        screen, _ = watch(ada, MINE)
        await screen.next(1)
        await change(ada, FILE)
        for kind in ("change", "refresh"):
            told = (await followed.next(kind)).keys() - {"event", "kind", "at", "error", "unmoved"}
            assert {name for name in told if f"`{name}`" not in rows[kind]} <= {"number"}
