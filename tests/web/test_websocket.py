"""graphql-transport-ws as a well-behaved client sees it, and where it is told that it is none."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import jwt
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from tests.web.conftest import SECRET, Running, Serving
from tests.web.fake_clients import emit
from tidegate.core.catalog import Cors
from tidegate.core.errors import Code, OperationError
from tidegate.core.limits import Limits
from tidegate.core.live import Result

PROTOCOL = Subprotocol("graphql-transport-ws")
INIT = {"type": "connection_init"}
ACK = {"type": "connection_ack"}


def token(id: str = "u1", seconds: float = 600) -> str:
    return jwt.encode({"sub": id, "role": "customer", "exp": int(time.time() + seconds)}, SECRET, "HS256")


class Talk:
    """A connection, in JSON."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, *messages: Any) -> None:
        for message in messages:
            await self.connection.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def hear(self) -> Any:
        async with asyncio.timeout(60):
            return json.loads(await self.connection.recv())

    async def closed(self) -> tuple[int, str]:
        """Code and reason, after whatever still came."""
        async with asyncio.timeout(60):
            reading = asyncio.create_task(self._read())
            while self.connection.protocol.close_rcvd is None and not reading.done():  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.005)
            # The server may not hear of our own close: then it is not waited for.
            await self.connection.close()
            await reading
            closed = self.connection.protocol.close_rcvd
            assert closed is not None, "1006"
            return closed.code, closed.reason

    async def _read(self) -> None:
        with suppress(ConnectionClosed):
            while True:
                await self.connection.recv()

    async def ask(self, id: str, query: str, **more: Any) -> None:
        await self.say({"type": "subscribe", "id": id, "payload": {"query": query, **more}})


@asynccontextmanager
async def talking(
    site: Running, *, init: Any = INIT, protocols: tuple[str, ...] = (PROTOCOL,), **more: Any
) -> AsyncIterator[Talk]:
    address = f"ws://{site.host}:{site.port}/graphql"
    async with connect(
        address, subprotocols=[Subprotocol(each) for each in protocols] or None, proxy=None, **more
    ) as connection:
        talk = Talk(connection)
        if init is not None:
            await talk.say(init)
            assert await talk.hear() == ACK
        yield talk


async def test_subscriptions_queries_and_mutations_on_one_connection(site: Running) -> None:
    async with talking(site) as talk:
        await talk.ask("a", "subscription { count(to: 2) }")
        assert await talk.hear() == {"id": "a", "type": "next", "payload": {"data": {"count": 1}}}
        assert await talk.hear() == {"id": "a", "type": "next", "payload": {"data": {"count": 2}}}
        assert await talk.hear() == {"id": "a", "type": "complete"}
        await talk.ask("a", "{ hello }")
        assert await talk.hear() == {"id": "a", "type": "next", "payload": {"data": {"hello": "world"}}}
        assert await talk.hear() == {"id": "a", "type": "complete"}
        await talk.ask("m", "mutation M { write } query Q { hello }", operationName="M", variables=None, extensions={})
        assert (await talk.hear())["payload"] == {"data": {"write": 1}}


async def test_ids_come_back_as_they_were(site: Running) -> None:
    async with talking(site) as talk:
        for id in ('"', "\\", "ä\u2028€😀", "\x00\n", "x" * 256):
            await talk.ask(id, "subscription { hello }")
            assert await talk.hear() == {"id": id, "type": "next", "payload": {"data": {"hello": "world"}}}


@pytest.mark.parametrize("size", [0, 10, 50, 100, 1000, 65_400, 65_536, 200_000])
async def test_frames_of_every_size(site: Running, size: int) -> None:
    async with talking(site, max_size=None) as talk:
        await talk.ask("a", "subscription { ticks }")
        await talk.say({"type": "ping"})
        assert await talk.hear() == {"type": "pong"}
        text = "x" * size
        assert emit(site.gateway, Result(json.dumps({"data": text}).encode())) == 1
        assert (await talk.hear())["payload"] == {"data": text}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { hello } query B { hello }", "BAD_USER_INPUT"),
        ("subscription { forbidden }", "FORBIDDEN"),
        ("subscription { crash }", "INTERNAL"),
        ("{ fail }", "TIMEOUT"),
        ("{ crash }", "INTERNAL"),
    ],
)
async def test_what_cannot_be_done_is_an_error_for_its_id(site: Running, query: str, code: str) -> None:
    async with talking(site) as talk:
        await talk.ask("a", query)
        message = await talk.hear()
        assert (message["id"], message["type"]) == ("a", "error")
        assert message["payload"][0]["extensions"]["code"] == code
        assert "hunter2" not in json.dumps(message)
        await talk.ask("a", "{ hello }")
        assert (await talk.hear())["type"] == "next"


async def test_neighbours_do_not_notice(site: Running) -> None:
    async with talking(site) as talk:
        await talk.ask("n", "subscription { ticks }")
        wrong: tuple[tuple[str, str | None], ...] = (("{", None), ("{ hello }", "B"), ("{ nope }", None), ("", None))
        for query, name in wrong:
            await talk.ask("a", query, operationName=name)
            message = await talk.hear()
            assert (message["id"], message["type"]) == ("a", "error")
            assert emit(site.gateway, Result(b'{"data":{"ticks":1}}')) == 1
            assert await talk.hear() == {"id": "n", "type": "next", "payload": {"data": {"ticks": 1}}}


async def test_an_unknown_operation_name(site: Running) -> None:
    async with talking(site) as talk:
        await talk.ask("a", "subscription A { ticks }", operationName="B")
        assert (await talk.hear())["type"] == "error"


async def test_complete_ends_it(site: Running) -> None:
    async with talking(site) as talk:
        await talk.ask("a", "subscription { ticks }")
        await talk.ask("b", "subscription { ticks }")
        await talk.say({"type": "complete", "id": "a"}, {"type": "complete", "id": "unknown"}, {"type": "ping"})
        assert await talk.hear() == {"type": "pong"}
        assert emit(site.gateway, Result(b'{"data":{"ticks":1}}')) == 1
        assert (await talk.hear())["id"] == "b"
        await talk.ask("s", "{ slow }")
        await talk.say({"type": "complete", "id": "s"}, {"type": "ping"})
        assert await talk.hear() == {"type": "pong"}
        site.gateway.release.set()
        await talk.ask("s", "{ hello }")
        assert (await talk.hear())["payload"] == {"data": {"hello": "world"}}


async def test_what_ends_by_itself_says_why(site: Running) -> None:
    async with talking(site) as talk:
        await talk.ask("a", "subscription { ticks }")
        await talk.say({"type": "ping"})
        await talk.hear()
        (client,) = site.gateway.clients
        (subscription,) = client.subscriptions
        subscription.sink.ended(OperationError(Code.FORBIDDEN, "Not any more."))
        subscription.sink.result(Result(b"{}"))
        error = {"message": "Not any more.", "extensions": {"code": "FORBIDDEN"}}
        assert await talk.hear() == {"id": "a", "type": "error", "payload": [error]}


async def test_pings_come_back_with_what_they_brought(site: Running) -> None:
    async with talking(site, init=None) as talk:
        await talk.say({"type": "ping", "payload": {"a": [1, None, "ä"]}}, {"type": "pong"}, {"type": "ping"})
        assert await talk.hear() == {"type": "pong", "payload": {"a": [1, None, "ä"]}}
        assert await talk.hear() == {"type": "pong"}
        await talk.say({"type": "connection_init", "payload": None})
        assert await talk.hear() == ACK
        await talk.say({"type": "pong", "payload": {}}, {"type": "ping", "payload": None})
        assert await talk.hear() == {"type": "pong"}


SUBSCRIBE = {"type": "subscribe", "id": "a", "payload": {"query": "subscription { ticks }"}}


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([SUBSCRIBE], 4401),
        ([{"type": "ping", "payload": {"authorization": "Bearer x"}}], 4401),
        ([INIT, INIT], 4429),
        ([INIT, SUBSCRIBE, SUBSCRIBE], 4409),
        ([INIT, {**SUBSCRIBE, "payload": {"query": "{ slow }"}}, SUBSCRIBE], 4409),
        ([""], 4400),
        (["{"], 4400),
        (["[]"], 4400),
        (["null"], 4400),
        (["1e999"], 4400),
        (["[" * 100_000 + "]" * 100_000], 4400),
        (["[" * 100_000], 4400),
        (['{"type":"ping","payload":' + '{"a":' * 500 + "1" + "}" * 501], 4400),
        (['{"type":"ping","payload":{"a":' + "9" * 5000 + "}}"], 4400),
        (['{"type":"ping","payload":{"a":"\\ud800"}}'], 4400),
        ([b"binary"], 4400),
        ([{}], 4400),
        ([{"type": 1}], 4400),
        ([{"type": ["ping"]}], 4400),
        ([{"type": "x" * 100_000}], 4400),
        (['{"type":"\\ud800"}'], 4400),
        ([{"type": "connection_init", "payload": []}], 4400),
        ([{"type": "connection_init", "payload": "x"}], 4400),
        ([{"type": "connection_init", "payload": {"authorization": 1}}], 4400),
        ([{"type": "connection_init", "payload": {"headers": {"Authorization": []}}}], 4400),
        ([INIT, {"type": "start", "id": "a", "payload": {"query": "{ hello }"}}], 4400),
        ([INIT, {"type": "ping", "payload": "x"}], 4400),
        ([INIT, {"type": "pong", "payload": 1}], 4400),
        ([INIT, {"type": "complete"}], 4400),
        ([INIT, {"type": "complete", "id": 1}], 4400),
        ([INIT, {**SUBSCRIBE, "id": ""}], 4400),
        ([INIT, {**SUBSCRIBE, "id": 1}], 4400),
        ([INIT, {**SUBSCRIBE, "id": {"a": 1}}], 4400),
        ([INIT, {**SUBSCRIBE, "id": "x" * 257}], 4400),
        ([INIT, {**SUBSCRIBE, "id": ["a"]}], 4400),
        ([INIT, {**SUBSCRIBE, "id": None}], 4400),
        ([INIT, {**SUBSCRIBE, "payload": None}], 4400),
        ([INIT, {**SUBSCRIBE, "payload": "{ hello }"}], 4400),
        ([INIT, {**SUBSCRIBE, "payload": [{"query": "{ hello }"}]}], 4400),
        ([INIT, {**SUBSCRIBE, "payload": {}}], 4400),
        ([INIT, {**SUBSCRIBE, "payload": {"query": 1}}], 4400),
        ([INIT, {**SUBSCRIBE, "payload": {"query": "{ hello }", "variables": "x"}}], 4400),
        ([INIT, {**SUBSCRIBE, "payload": {"query": "{ hello }", "variables": [1]}}], 4400),
        ([INIT, {**SUBSCRIBE, "payload": {"query": "{ hello }", "operationName": 1}}], 4400),
        ([INIT, {**SUBSCRIBE, "payload": {"query": "{ hello }", "extensions": []}}], 4400),
        ([INIT, {**SUBSCRIBE, "payload": {"query": "{ hello }", "extensions": "x"}}], 4400),
        (["x" * (1024 * 1024 + 1)], 1009),
        (["x" * (20 * 1024 * 1024)], 1009),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, int) else "",
)
async def test_what_is_no_message_closes_with_a_code(site: Running, messages: list[Any], code: int) -> None:
    # After a message that is too large, the server hears nothing of what comes, for some time.
    async with talking(site, init=None, close_timeout=1) as talk:
        with suppress(ConnectionClosed):
            await talk.say(*messages)
        closed, reason = await talk.closed()
        assert closed == code
        assert len(reason.encode()) <= 123
    async with talking(site):
        pass
    await gone(site)


async def gone(site: Running) -> None:
    async with asyncio.timeout(60):
        while site.gateway.clients:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def test_no_init_in_time(serving: Serving) -> None:
    site = await serving(limits=Limits(initTimeout=0.2))
    async with talking(site, init=None) as talk:
        assert (await talk.closed())[0] == 4408
    async with talking(site, init=None) as talk:
        with suppress(ConnectionClosed):
            await talk.say({"type": "ping"})
        assert (await talk.closed())[0] == 4408


@pytest.mark.parametrize("protocols", [(), ("graphql-ws",), ("chat", "graphql-ws")])
async def test_other_subprotocols(site: Running, protocols: tuple[str, ...]) -> None:
    async with talking(site, init=None, protocols=protocols) as talk:
        assert (await talk.closed())[0] == 4406


async def test_one_subprotocol_of_several(site: Running) -> None:
    async with talking(site, protocols=("graphql-ws", PROTOCOL)) as talk:
        assert talk.connection.subprotocol == PROTOCOL


async def test_the_limit_of_subscriptions(serving: Serving) -> None:
    site = await serving(limits=Limits(subscriptions=2))
    async with talking(site) as talk:
        for id in "abc":
            await talk.ask(id, "subscription { ticks }")
        message = await talk.hear()
        assert (message["id"], message["type"]) == ("c", "error")
        assert message["payload"][0]["extensions"]["code"] == "LIMIT"
        await talk.say({"type": "complete", "id": "a"})
        await talk.ask("c", "subscription { hello }")
        assert (await talk.hear())["type"] == "next"


async def test_queries_are_executed_ten_at_once_and_a_hundred_wait(site: Running) -> None:
    async with talking(site) as talk:
        for number in range(120):
            await talk.ask(str(number), "{ slow }")
        refused = [await talk.hear() for _ in range(10)]
        assert {message["id"] for message in refused} == {str(number) for number in range(110, 120)}
        assert {message["payload"][0]["extensions"]["code"] for message in refused} == {"LIMIT"}
        assert len(site.gateway.users) == 10
        for number in range(100, 110):
            await talk.say({"type": "complete", "id": str(number)})
        await talk.say({"type": "ping"})
        assert await talk.hear() == {"type": "pong"}
        site.gateway.release.set()
        answered = [await talk.hear() for _ in range(200)]
        assert {message["id"] for message in answered} == {str(number) for number in range(100)}
        assert len(site.gateway.users) == 100


async def test_what_is_held_is_bounded_in_bytes(serving: Serving) -> None:
    site = await serving(limits=Limits(body=10_000))
    async with talking(site) as talk:
        for id in "abcde":
            await talk.ask(id, "subscription { ticks }", variables={"x": "x" * 9000})
        message = await talk.hear()
        assert (message["id"], message["payload"][0]["extensions"]["code"]) == ("e", "LIMIT")


async def test_origins(serving: Serving) -> None:
    site = await serving(cors=Cors(origins=("https://app.example",)))
    for origin in (f"http://{site.host}:{site.port}", f"https://{site.host}:{site.port}", "https://app.example"):
        async with talking(site, additional_headers={"Origin": origin}):
            pass
    for origin in ("https://evil.example", "null", "https://app.example.evil", "http://[", f"http://{site.host}"):
        with pytest.raises(InvalidStatus) as refused:
            async with talking(site, additional_headers={"Origin": origin}):
                pass
        assert refused.value.response.status_code == 403
        assert b'"FORBIDDEN"' in (refused.value.response.body or b"")


async def test_other_addresses(site: Running) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"ws://{site.host}:{site.port}/nope", proxy=None):
            pass
    assert refused.value.response.status_code == 404


async def test_the_server_stops(serving: Serving) -> None:
    site = await serving()
    async with talking(site) as talk:
        await talk.ask("a", "subscription { ticks }")
        site.server.stop()
        assert await talk.closed() == (1001, "The server is stopping")
