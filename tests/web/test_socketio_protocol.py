"""Engine.IO 4 and Socket.IO 5 as their own test suites have them, and what clients may not do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.web.events import Events, calling, serving
from tidegate.realtime.engine import MOST_RECEIVED, Timing
from tidegate.realtime.lines import ALLOWANCE

NEW = "?EIO=4&transport=polling"


@pytest_asyncio.fixture
async def events(tmp_path: Path) -> AsyncIterator[Events]:
    async with serving(tmp_path / "events", timing=Timing(connect=60, login=60)) as events:
        yield events


async def opened(events: Events) -> str:
    """The address of a new connection that polls."""
    answer = await events.http.get(NEW)
    assert answer.status_code == 200
    return f"{NEW}&sid={json.loads(answer.text[1:])['sid']}"


async def connected(events: Events, auth: str = '{"recover":true}') -> str:
    address = await opened(events)
    assert (await events.http.post(address, content=f"40{auth}")).text == "ok"
    assert (await events.http.get(address)).text.startswith("40{")
    return address


async def test_a_handshake_by_polling(events: Events) -> None:
    answer = await events.http.get(NEW)
    assert answer.headers["content-type"] == "text/plain; charset=UTF-8"
    assert answer.headers["cache-control"] == "no-store"
    opening = json.loads(answer.text.removeprefix("0"))
    assert len(opening.pop("sid")) == 20
    assert opening == {
        "upgrades": ["websocket"],
        "pingInterval": 25000,
        "pingTimeout": 20000,
        "maxPayload": MOST_RECEIVED,
    }


@pytest.mark.parametrize(
    ("method", "query", "status", "code"),
    [
        ("GET", "", 400, 0),
        ("GET", "?EIO=4", 400, 0),
        ("GET", "?transport=polling", 400, 5),
        ("GET", "?EIO=3&transport=polling", 400, 5),
        ("GET", "?EIO=4&transport=abc", 400, 0),
        ("GET", "?EIO=4&transport=websocket", 400, 3),
        ("GET", "?EIO=4&transport=polling&sid=nobody", 400, 1),
        ("GET", "?EIO=4&transport=polling&j=0", 400, 3),
        ("POST", NEW, 400, 2),
        ("PUT", NEW, 400, 2),
        ("GET", f"?{'&'.join('a=1' for _ in range(50))}", 400, 3),
    ],
)
async def test_what_is_no_handshake(events: Events, method: str, query: str, status: int, code: int) -> None:
    answer = await events.http.request(method, query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not events.lines


@pytest.mark.parametrize("query", ["?EIO=4", "?transport=websocket", "?EIO=4&transport=websocket&sid=nobody"])
async def test_what_is_no_handshake_of_a_websocket(events: Events, query: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://127.0.0.1:{events.port}/socket.io/{query}", proxy=None)
    assert refused.value.response.status_code == 400


async def test_several_packets_in_one_request(events: Events) -> None:
    address = await connected(events)
    body = "\x1e".join('42["whatever"]' for _ in range(40))
    assert (await events.http.post(address, content=body)).text == "ok"
    for number in range(3):
        events.emit("tick", number)
    await events.until(lambda: events.rooms.history.head == 3)
    assert (await events.http.get(address)).text == "\x1e".join(f'42["tick",{n},"{n + 1}"]' for n in range(3))


async def test_two_polls_at_once(events: Events) -> None:
    address = await connected(events)
    first = asyncio.create_task(events.http.get(address))
    (line,) = events.lines.values()
    await events.until(lambda: line.polling)
    assert (await events.http.get(address)).status_code == 400
    assert (await first).text == "1"
    assert (await events.http.get(address)).status_code == 400


async def test_a_poll_that_is_cancelled_ends_the_connection(events: Events) -> None:
    address = await connected(events)
    poll = asyncio.create_task(events.http.get(address))
    (line,) = events.lines.values()
    await events.until(lambda: line.polling)
    poll.cancel()
    await events.until(lambda: not events.lines and not events.seats)


async def test_a_body_that_is_too_large(events: Events) -> None:
    address = await connected(events)
    poll = asyncio.create_task(events.http.get(address))
    (line,) = events.lines.values()
    await events.until(lambda: line.polling)
    assert (await events.http.post(address, content="4" * (MOST_RECEIVED + 1))).status_code == 413
    assert (await poll).text == "1"


async def test_a_body_in_chunks_that_is_too_large(events: Events) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(MOST_RECEIVED // 1000 + 1):
            yield b"4" * 1000

    address = await connected(events)
    assert (await events.http.post(address, content=chunks())).status_code == 413
    assert not events.lines


WRONG = ["", "abc", "0", "2", "5", "6", "7", "8", "9", "31", "4", "43[]", "44{}", "451-[]", '42["disconnect"]', "4abc"]
WRONG += ["42{}", "42abc[]", "42[]", "42[1]", "42[", "40[]", '40"x"', "401{}", "41{}", '42/admin,["x"]', "40", "b4AAEC"]
WRONG += ['42["connect"]', "4" + "9" * 20, "42" + "[" * 5000, '42["x",NaN]']


@pytest.mark.parametrize("packet", WRONG)
async def test_what_clients_do_not_say_ends_the_connection(events: Events, packet: str) -> None:
    address = await connected(events)
    assert (await events.http.post(address, content=packet)).status_code == 400
    assert not events.lines
    async with calling(events) as caller:
        await caller.send(packet)
        await caller.closed()
    await events.until(lambda: not events.lines and not events.seats)


@pytest.mark.parametrize("data", [b"\x00\x01", b"42", b"\xff"])
async def test_binary_data_ends_the_connection(events: Events, data: bytes) -> None:
    async with calling(events) as caller:
        await caller.socket.send(data)
        await caller.closed()
    address = await connected(events)
    assert (await events.http.post(address, content=b"42\xff")).status_code == 400


async def test_an_event_before_connect_ends_the_connection(events: Events) -> None:
    async with calling(events, connected=False) as caller:
        await caller.send('42["login",null]')
        await caller.closed()


async def test_other_namespaces_are_not_there(events: Events) -> None:
    async with calling(events) as caller:
        await caller.send('40/admin?x=1,{"token":"x"}')
        assert await caller.next() == '44/admin,{"message":"Invalid namespace"}'
        events.emit("still", "here")
        assert (await caller.event())[:2] == ["still", "here"]


async def test_leaving_and_entering_again(events: Events) -> None:
    async with calling(events) as caller:
        await caller.send("41")
        await events.until(lambda: not events.seats)
        events.emit("nobody", 0)
        await caller.connect()
        events.emit("again", 1)
        assert (await caller.event())[:2] == ["again", 1]


async def test_other_events_are_heard_by_nobody_and_acknowledged(events: Events) -> None:
    async with calling(events) as one, calling(events) as other:
        await one.send('427["shout","hello",{"to":"all"}]')
        assert await one.next() == "437[]"
        events.emit("end", 0)
        assert (await other.event())[0] == "end"


async def test_who_says_too_much_is_let_go(events: Events) -> None:
    async with calling(events) as caller:
        for _ in range(int(ALLOWANCE) + 20):
            await caller.send('42["x"]')
        await caller.closed()


async def test_going_over_to_a_websocket(events: Events) -> None:
    address = await connected(events)
    poll = asyncio.create_task(events.http.get(address))
    (line,) = events.lines.values()
    await events.until(lambda: line.polling)
    url = f"ws://127.0.0.1:{events.port}/socket.io/{address.replace('polling', 'websocket')}"
    async with connect(url, proxy=None) as socket:
        await socket.send("2probe")
        assert await socket.recv() == "3probe"
        assert (await poll).text == "6"
        events.emit("between", 1)
        await events.until(lambda: events.rooms.history.head == 1)
        await socket.send("5")
        assert await socket.recv() == '42["between",1,"1"]'
        assert (await events.http.get(address)).status_code == 400
        with pytest.raises(InvalidStatus):
            await connect(url, proxy=None)
        events.emit("after", 2)
        assert await socket.recv() == '42["after",2,"2"]'
        await socket.send("1")
        await socket.wait_closed()
    await events.until(lambda: not events.seats)


@pytest.mark.parametrize("said", [["abc"], ["2probe", "4"], ["2probe"], ["5"]])
async def test_polling_goes_on_where_going_over_fails(events: Events, said: list[str]) -> None:
    address = await connected(events)
    url = f"ws://127.0.0.1:{events.port}/socket.io/{address.replace('polling', 'websocket')}"
    async with connect(url, proxy=None) as socket:
        for packet in said:
            await socket.send(packet)
    (line,) = events.lines.values()
    await events.until(lambda: not line.upgrading)
    events.emit("on", 1)
    answers = [await events.http.get(address)]
    if answers[0].text == "6":
        answers.append(await events.http.get(address))
    assert answers[-1].text == '42["on",1,"1"]'


async def test_a_connection_without_a_namespace_ends(tmp_path: Path) -> None:
    async with serving(tmp_path / "events", timing=Timing(connect=0.3)) as events:
        address = await opened(events)
        async with calling(events, connected=False) as caller:
            await caller.closed()
        await events.until(lambda: not events.lines)
        assert (await events.http.get(address)).status_code == 400


async def test_a_connection_whose_pings_are_not_answered_ends(tmp_path: Path) -> None:
    async with serving(tmp_path / "events", timing=Timing(ping=0.2, pong=0.3)) as events:
        await opened(events)
        async with calling(events, connected=False) as caller:
            assert await caller.socket.recv() == "2"
            await caller.closed()
        await events.until(lambda: not events.lines)


async def test_a_connection_whose_pings_are_answered_goes_on(tmp_path: Path) -> None:
    async with serving(tmp_path / "events", timing=Timing(ping=0.5, pong=60)) as events:
        address = await connected(events)
        for _ in range(2):
            assert (await events.http.get(address)).text == "2"
            await events.http.post(address, content="3")


async def test_a_ping_below_a_second_is_told_as_it_is(tmp_path: Path) -> None:
    async with serving(tmp_path / "events", timing=Timing(ping=0.5)) as events:
        assert '"pingInterval":500' in (await events.http.get(NEW)).text


async def test_polls_end_when_the_server_does(tmp_path: Path) -> None:
    async with serving(tmp_path / "events") as events:
        address = await connected(events)
        poll = asyncio.create_task(events.http.get(address))
        (line,) = events.lines.values()
        await events.until(lambda: line.polling)
        events.server.stop()
        assert (await poll).text == "1"


ORIGIN = {"origin": "https://elsewhere.example"}


async def test_pages_of_others_are_refused(events: Events) -> None:
    assert (await events.http.get(NEW, headers=ORIGIN)).status_code == 403
    preflight = {**ORIGIN, "access-control-request-method": "POST"}
    assert (await events.http.options(NEW, headers=preflight)).status_code == 403
    url = f"ws://127.0.0.1:{events.port}/socket.io/?EIO=4&transport=websocket"
    with pytest.raises(InvalidStatus) as refused:
        await connect(url, proxy=None, additional_headers=ORIGIN)
    assert refused.value.response.status_code == 403
    own = {"origin": f"http://127.0.0.1:{events.port}"}
    assert (await events.http.get(NEW, headers=own)).status_code == 200


async def test_pages_that_the_project_names_are_let_in(tmp_path: Path) -> None:
    more = "cors: { origins: [https://elsewhere.example], credentials: true }"
    async with serving(tmp_path / "events", more) as events:
        answer: httpx.Response = await events.http.get(NEW, headers=ORIGIN)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == ORIGIN["origin"]
        assert answer.headers["access-control-allow-credentials"] == "true"
        url = f"ws://127.0.0.1:{events.port}/socket.io/?EIO=4&transport=websocket"
        async with connect(url, proxy=None, additional_headers=ORIGIN) as socket:
            opening: Any = await socket.recv()
            assert opening.startswith("0{")
