"""Many operations in one stream: reservations, and who may use them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.web.conftest import Running, Serving
from tests.web.fake_clients import emit
from tests.web.streaming import EVENTS, Socket, asking, bearer, node_client, socket, token, until
from tidegate.core.catalog import Cors
from tidegate.core.limits import Limits
from tidegate.core.live import Result

STREAM = "/graphql/stream"
OPENING = b":\n\n"


async def reserve(site: Running, **headers: str) -> dict[str, str]:
    """The headers of whoever has a reservation."""
    response = await site.client.put(STREAM, headers=headers)
    assert (response.status_code, response.headers["content-type"]) == (201, "text/plain; charset=utf-8")
    assert len(response.text) >= 32
    return {**headers, "x-graphql-event-stream-token": response.text}


async def begin(site: Running, headers: dict[str, str], query: str, operation_id: str = "1") -> httpx.Response:
    content = asking(query, extensions={"operationId": operation_id})
    return await site.client.post(STREAM, content=content, headers={"content-type": "application/json", **headers})


async def stop(site: Running, headers: dict[str, str], **parameters: str) -> int:
    return (await site.client.delete(STREAM, params=parameters, headers=headers)).status_code


@asynccontextmanager
async def opened(site: Running, headers: dict[str, str]) -> AsyncIterator[Socket]:
    async with socket(site) as connection:
        connection.send("GET", STREAM, {"accept": EVENTS, **headers})
        status, answered = await connection.head()
        assert (status, answered["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert await connection.chunk() == OPENING
        yield connection


def events(body: bytes) -> list[tuple[str, Any]]:
    """Names and data. Any: JSON."""
    lines = [event.split("\n") for event in body.decode().split("\n\n") if event not in ("", ":")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in lines]


async def read(connection: Socket, count: int) -> list[tuple[str, Any]]:
    body = b""
    while body.count(b"event: ") < count:
        body += await connection.chunk()
    return events(body)


async def test_operations_in_one_stream(site: Running) -> None:
    headers = await reserve(site, **bearer())
    async with opened(site, headers) as connection:
        for operation_id, query in (("a", "subscription { ticks }"), ("b", "{ hello }"), ("é\n", "mutation { write }")):
            response = await begin(site, headers, query, operation_id)
            assert (response.status_code, response.content) == (202, b"")
        emit(site.gateway, Result(b'{"data":\n{"ticks":1}}'))
        assert await read(connection, 5) == [
            ("next", {"id": "b", "payload": {"data": {"hello": "world"}}}),
            ("complete", {"id": "b"}),
            ("next", {"id": "é\n", "payload": {"data": {"write": 1}}}),
            ("complete", {"id": "é\n"}),
            ("next", {"id": "a", "payload": {"data": {"ticks": 1}}}),
        ]
        assert await stop(site, headers, operationId="a") == 200
        assert await read(connection, 1) == [("complete", {"id": "a"})]
        assert emit(site.gateway, Result(b"{}")) == 0
        # Its id is free, and to end what has ended is no mistake.
        assert await stop(site, headers, operationId="a") == 200
        assert (await begin(site, headers, "subscription { count(to: 1) }", "a")).status_code == 202
        assert [name for name, _ in await read(connection, 2)] == ["next", "complete"]
    assert [user.id for user in site.gateway.users] == ["ada", "ada"]
    await until(lambda: not site.gateway.clients)
    assert (await begin(site, headers, "{ hello }")).status_code == 404


async def test_operations_may_begin_before_the_stream_is_opened(site: Running) -> None:
    headers = await reserve(site)
    assert (await begin(site, headers, "subscription { count(to: 2) }")).status_code == 202
    async with opened(site, headers) as connection:
        assert [name for name, _ in await read(connection, 3)] == ["next", "next", "complete"]


async def test_by_address_alone(site: Running) -> None:
    """What an EventSource can do: no headers."""
    headers = await reserve(site, **bearer())
    stream_token = headers["x-graphql-event-stream-token"]
    async with socket(site) as connection:
        connection.send("GET", f"{STREAM}?token={stream_token}", {"accept": EVENTS})
        assert (await connection.head())[0] == 200
        parameters = {"token": stream_token, "query": "{ hello }", "extensions": '{"operationId":"x"}'}
        # The stream may be opened with nothing but the token; nothing may be asked.
        assert (await site.client.get(STREAM, params=parameters)).status_code == 404
        assert (await site.client.get(STREAM, params=parameters, headers=bearer())).status_code == 202
        assert [name for name, _ in await read(connection, 2)] == ["next", "complete"]
        parameters["query"] = "mutation { write }"
        assert (await site.client.get(STREAM, params=parameters, headers=bearer())).status_code == 405


async def test_requests_that_begin_nothing(site: Running, caplog: pytest.LogCaptureFixture) -> None:
    headers = await reserve(site, **bearer())
    json_type = {"content-type": "application/json"}
    good = {"operationId": "1"}
    async with opened(site, headers):
        for content, more, status in (
            (asking("{ hello }"), {}, 400),
            (asking("{ hello }", extensions={}), {}, 400),
            (asking("{ hello }", extensions={"operationId": ""}), {}, 400),
            (asking("{ hello }", extensions={"operationId": 1}), {}, 400),
            (asking("{ hello }", extensions={"operationId": ["1"]}), {}, 400),
            (asking("{ hello }", extensions={"operationId": "x" * 257}), {}, 400),
            (asking("{", extensions=good), {}, 400),
            (asking("subscription { nope }", extensions=good), {}, 400),
            (b"{", {}, 400),
            (b"[]", {}, 400),
            (b"null", {}, 400),
            (asking("{ hello } #" + "x" * 2_000_000, extensions=good), {}, 413),
            (asking("{ hello }", extensions=good), {"content-type": "text/plain"}, 415),
            (asking("{ hello }", extensions=good), {"authorization": "Bearer x"}, 401),
            (asking("{ hello }", extensions=good), bearer(exp=1), 401),
            (asking("subscription { crash }", extensions=good), {}, 500),
        ):
            response = await site.client.post(STREAM, content=content, headers={**headers, **json_type, **more})
            assert response.status_code == status, content[:100]
            assert response.json()["errors"]
            assert "hunter2" not in response.text
        assert await stop(site, headers) == 400
        assert (await begin(site, headers, "subscription { ticks }")).status_code == 202
        assert (await begin(site, headers, "subscription { ticks }")).status_code == 409
        # What fails once it has begun is told in the stream.
        assert (await begin(site, headers, "subscription { forbidden }", "2")).status_code == 202
        again = await site.client.get(STREAM, headers={"accept": EVENTS, **headers})
        assert again.status_code == 409
        for method in ("HEAD", "PATCH"):
            response = await site.client.request(method, STREAM, headers=headers)
            assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, POST, PUT, DELETE, OPTIONS")
    assert "hunter2" in caplog.text


async def test_the_reservation_of_somebody_else(site: Running) -> None:
    adas, evas = await reserve(site, **bearer()), await reserve(site, **bearer(sub="eve"))
    nobodys = await reserve(site)
    name = "x-graphql-event-stream-token"
    async with opened(site, adas):
        assert (await begin(site, adas, "subscription { ticks }")).status_code == 202
        for mine, reserved in (
            (bearer(sub="eve"), adas[name]),
            ({}, adas[name]),
            (bearer(), evas[name]),
            (bearer(), nobodys[name]),
            (bearer(), adas[name][:-1]),
            (bearer(), "x"),
            (bearer(), ""),
        ):
            headers = {**mine, name: reserved}
            assert (await begin(site, headers, "{ hello }", "2")).status_code == 404
            assert await stop(site, headers, operationId="1") == 404
            if mine:
                response = await site.client.get(STREAM, headers={"accept": EVENTS, **headers})
                assert response.status_code == 404
        assert emit(site.gateway, Result(b"{}")) == 1
    assert not site.gateway.users


async def test_a_newer_token_of_the_same_user_is_taken(site: Running) -> None:
    headers = await reserve(site, **bearer())
    async with opened(site, headers):
        (client,) = site.gateway.clients
        assert (await begin(site, headers, "subscription { ticks }")).status_code == 202
        assert client.renewals == 0
        headers.update(bearer(exp=int(client.user.expires or 0) + 100, role="customer"))
        assert (await begin(site, headers, "{ hello }", "2")).status_code == 202
        assert (client.renewals, client.user.role) == (1, "customer")
        # One from before changes nothing.
        headers.update(bearer(exp=int(client.user.expires or 0) - 50))
        assert (await begin(site, headers, "{ hello }", "3")).status_code == 202
        assert client.renewals == 1


async def test_an_expired_token_ends_the_stream(site: Running) -> None:
    headers = await reserve(site, **bearer())
    async with opened(site, headers) as connection:
        for operation_id in ("1", "2"):
            assert (await begin(site, headers, "subscription { ticks }", operation_id)).status_code == 202
        (client,) = site.gateway.clients
        client.expire()
        told = events(await connection.rest())
    assert [(name, data["id"]) for name, data in told] == [
        ("next", "1"),
        ("complete", "1"),
        ("next", "2"),
        ("complete", "2"),
    ]
    assert told[0][1]["payload"]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert (await begin(site, headers, "{ hello }")).status_code == 404


async def test_limits(serving: Serving) -> None:
    site = await serving(limits=Limits(subscriptions=3, connections=2))
    headers = await reserve(site, **bearer())
    await reserve(site, **bearer())
    assert (await site.client.put(STREAM, headers=bearer())).status_code == 429
    async with opened(site, headers) as connection:
        for operation_id in "123":
            assert (await begin(site, headers, "subscription { ticks }", operation_id)).status_code == 202
        assert (await begin(site, headers, "subscription { ticks }", "4")).status_code == 429
        assert await stop(site, headers, operationId="2") == 200
        assert (await begin(site, headers, "subscription { ticks }", "4")).status_code == 202
        # Nor may what nobody reads grow by queries.
        for operation_id in "134":
            assert await stop(site, headers, operationId=operation_id) == 200
        assert (await begin(site, headers, "subscription { tocks }", "big")).status_code == 202
        await read(connection, 4)
        # The first is more than all buffers on the way take; the second waits.
        for size in (32_000_000, 1):
            emit(site.gateway, Result(b'{"data":"%b"}' % (b"x" * size)), "tocks")
        statuses = [(await begin(site, headers, "{ hello }", f"q{number}")).status_code for number in range(10)]
        assert statuses == [202] + [429] * 9


async def test_reservations_that_nobody_uses(site: Running) -> None:
    store = site.server._site._stream._reservations
    store.most_unused = 20
    first = await reserve(site)
    adas = await reserve(site, **bearer())
    for _ in range(store.most_unused):
        await site.client.put(STREAM)
    assert len(site.gateway.clients) == store.most_unused
    assert (await begin(site, first, "{ hello }")).status_code == 404
    # A user's own is not lost for those of nobody.
    assert (await begin(site, adas, "{ hello }")).status_code == 202
    for reservation in tuple(store._all.values()):
        reservation.stream.end()
    assert not site.gateway.clients
    assert not store._all
    assert not store._unused


async def test_a_reservation_waits_only_so_long(site: Running) -> None:
    site.server._site._stream._reservations.patience = 0.1
    headers = await reserve(site, **bearer())
    await until(lambda: not site.gateway.clients)
    assert (await begin(site, headers, "{ hello }")).status_code == 404


async def test_everything_of_the_other_address(site: Running) -> None:
    response = await site.client.post(STREAM, json={"query": "{ hello }"})
    assert (response.status_code, response.json()) == (200, {"data": {"hello": "world"}})
    async with socket(site) as connection:
        connection.send("POST", STREAM, {"accept": EVENTS}, asking("subscription { count(to: 1) }"))
        assert (await connection.head())[0] == 200
        assert (await connection.rest()).endswith(b"event: complete\ndata:\n\n")
    assert await stop(site, {}, operationId="1") == 404


async def test_pages_of_listed_origins(serving: Serving) -> None:
    site = await serving(cors=Cors(("https://page.example",)))
    asked = {
        "origin": "https://page.example",
        "access-control-request-method": "PUT",
        "access-control-request-headers": "x-graphql-event-stream-token",
    }
    response = await site.client.options(STREAM, headers=asked)
    assert response.status_code == 204
    assert response.headers["access-control-allow-methods"] == "GET, HEAD, POST, PUT, DELETE"
    assert response.headers["access-control-allow-headers"] == "x-graphql-event-stream-token"
    response = await site.client.put(STREAM, headers={"origin": "https://page.example"})
    assert (response.status_code, response.headers["access-control-allow-origin"]) == (201, "https://page.example")
    async with socket(site) as connection:
        named = {"accept": EVENTS, "x-graphql-event-stream-token": response.text, "origin": "https://page.example"}
        connection.send("GET", STREAM, named)
        _, headers = await connection.head()
        assert headers["access-control-allow-origin"] == "https://page.example"


async def test_a_stopping_server(serving: Serving) -> None:
    site = await serving(shutdown_timeout=60.0)
    await reserve(site)
    headers = await reserve(site)
    async with opened(site, headers) as connection:
        assert (await begin(site, headers, "subscription { ticks }")).status_code == 202
        site.server.stop()
        assert await connection.rest() == b""


async def test_graphql_sse(site: Running) -> None:
    async with (
        node_client("single", site, STREAM, "subscription { ticks }", token()) as ada,
        node_client("single", site, STREAM, "subscription { ticks }", token(sub="eve")) as eve,
    ):
        await until(lambda: sum(len(client.subscriptions) for client in site.gateway.clients) == 2)
        for number in range(3):
            emit(site.gateway, Result(b'{"data":{"ticks":%d}}' % number))
            for client in (ada, eve):
                assert await client.read() == {"data": {"ticks": number}}
        await ada.leave()
        await until(lambda: len(site.gateway.clients) == 1)
    for document, results in (
        ("subscription { count(to: 3) }", [{"count": 1}, {"count": 2}, {"count": 3}]),
        ("{ hello }", [{"hello": "world"}]),
    ):
        async with node_client("single", site, STREAM, document) as client:
            assert [(await client.read())["data"] for _ in results] == results
            assert await client.read() == {"end": None}
    await asyncio.sleep(0)
    await until(lambda: not site.gateway.clients)
