"""Server-sent events, a stream for each operation: byte by byte, and with other people's clients."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
import pytest_asyncio

from tests.web.conftest import Running, make_gateway, running
from tests.web.fake_clients import emit
from tests.web.streaming import EVENTS, asking, bearer, node_client, socket, subscribed, token, until
from tidegate.core.live import Result
from tidegate.settings import Settings

OPENING = b":\n\n"
COMPLETE = b"event: complete\ndata:\n\n"
HELLO = b'event: next\ndata: {"data":{"hello":"world"}}\n\n'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[Running]:
    async with running(make_gateway(), Settings(port=0)) as site:
        yield site


@pytest_asyncio.fixture(loop_scope="module")
async def site(shared: Running) -> Running:
    # Those of the test before may still be going.
    await until(lambda: not shared.gateway.clients)
    return shared


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_bytes(site: Running) -> None:
    async with socket(site) as connection:
        connection.send("POST", "/graphql", {"accept": EVENTS}, asking("subscription { count(to: 2) }"))
        status, headers = await connection.head()
        body = await connection.rest()
        # The connection can be used again.
        connection.send("POST", "/graphql", {"accept": EVENTS}, asking("{ hello }"))
        assert (await connection.head())[0] == 200
    assert headers.pop("date")
    assert (status, headers) == (
        200,
        {
            "content-type": "text/event-stream; charset=utf-8",
            "cache-control": "no-store, no-transform",
            "x-accel-buffering": "no",
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "vary": "accept",
            "transfer-encoding": "chunked",
        },
    )
    results = b"".join(b'event: next\ndata: {"data":{"count":%d}}\n\n' % number for number in (1, 2))
    assert body == OPENING + results + COMPLETE


async def test_the_head_comes_before_any_result(site: Running) -> None:
    async with subscribed(site) as connection:
        assert await connection.chunk() == OPENING


async def test_line_breaks_in_a_result(site: Running) -> None:
    async with subscribed(site) as connection:
        await connection.chunk()
        await until(lambda: emit(site.gateway, Result(b'{"data":{"ticks":[{"a":"x\\n"}, \n {"a":1}\r\n]}}')))
        frame = await connection.chunk()
    assert frame.startswith(b"event: next\ndata: ")
    assert frame.count(b"\n") == 3
    assert json.loads(frame.split(b"data: ")[1]) == {"data": {"ticks": [{"a": "x\n"}, {"a": 1}]}}


async def test_a_result_is_made_into_a_frame_once(site: Running) -> None:
    result = Result(b'{"data":{"ticks":1}}')
    async with subscribed(site) as one, subscribed(site) as other:
        await until(lambda: len(site.gateway.clients) == 2)
        emit(site.gateway, result)
        frame = b'event: next\ndata: {"data":{"ticks":1}}\n\n'
        assert await one.read(len(OPENING + frame)) == await other.read(len(OPENING + frame)) == OPENING + frame
    assert list(result.frames.values()) == [frame]
    await until(lambda: not site.gateway.clients)


async def test_get(site: Running) -> None:
    for document, body in (
        ("subscription { count(to: 1) }", OPENING + b'event: next\ndata: {"data":{"count":1}}\n\n' + COMPLETE),
        ("{ hello }", HELLO + COMPLETE),
    ):
        response = await site.client.get("/graphql", params={"query": document}, headers={"accept": EVENTS})
        assert (response.status_code, response.content) == (200, body)
    for method, document in (("GET", "mutation { write }"), ("HEAD", "subscription { hello }")):
        response = await site.client.request(method, "/graphql", params={"query": document}, headers={"accept": EVENTS})
        assert response.status_code == 405


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("text/event-stream", EVENTS),
        ("Text/Event-Stream", EVENTS),
        ("text/event-stream;charset=utf-8", EVENTS),
        ("text/*", EVENTS),
        ("application/json, text/event-stream", EVENTS),
        ("text/event-stream, multipart/mixed", EVENTS),
        ("multipart/mixed, text/event-stream", "multipart/mixed"),
        ("multipart/mixed;q=0.5, text/event-stream;q=0.6", EVENTS),
        ("multipart/mixed;subscriptionSpec=1.0;boundary=x", "multipart/mixed"),
        ('Multipart/Mixed; boundary="graphql"; subscriptionSpec="1.0", application/json', "multipart/mixed"),
        ("multipart/mixed;deferSpec=20220824, text/event-stream;q=0.1", EVENTS),
    ],
)
async def test_a_subscription_takes_the_first_form_that_will_do(site: Running, accept: str, answered: str) -> None:
    headers = {"accept": accept}
    response = await site.client.post("/graphql", json={"query": "subscription { count(to: 1) }"}, headers=headers)
    assert (response.status_code, response.headers["content-type"].split(";")[0]) == (200, answered)


@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        "application/json",
        "application/graphql-response+json",
        "text/event-stream;q=0",
        "text/event-stream;charset=utf-16",
        "text/event-streams",
        "multipart/mixed;deferSpec=20220824",
        "multipart/mixed;subscriptionSpec=2.0",
        "multipart/form-data",
        "text/html",
    ],
)
async def test_a_subscription_is_never_answered_as_anything_else(site: Running, accept: str) -> None:
    query = "query Q { hello } subscription S { hello }"
    asked = {"query": query, "operationName": "S"}
    for response in (
        await site.client.post("/graphql", json=asked, headers={"accept": accept}),
        await site.client.get("/graphql", params=asked, headers={"accept": accept}),
    ):
        assert response.status_code == 406
        assert EVENTS in response.json()["errors"][0]["message"]
    assert not site.gateway.clients


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("application/graphql-response+json, application/json, text/event-stream", "application/graphql-response+json"),
        ("text/event-stream, application/json;q=0.1", "application/json"),
        ("text/event-stream, */*", "application/json"),
        ("multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json", "application/json"),
        ("multipart/mixed;subscriptionSpec=1.0", "application/json"),
        ("text/event-stream, multipart/mixed", EVENTS),
    ],
)
async def test_a_query_is_json_wherever_json_will_do(site: Running, accept: str, answered: str) -> None:
    response = await site.ask("{ hello }", accept=accept)
    assert (response.status_code, response.headers["content-type"].split(";")[0]) == (200, answered)
    assert response.text.count("world") == 1


async def test_what_takes_nothing_but_events(site: Running) -> None:
    response = await site.ask("mutation { write }", accept=EVENTS)
    assert response.content == b'event: next\ndata: {"data":{"write":1}}\n\n' + COMPLETE
    for query in ("{", "{ nope }", "{ fail }", "subscription { nope }", "subscription { forbidden }"):
        response = await site.ask(query, accept=EVENTS)
        assert (response.status_code, response.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        first, second, rest = response.text.split("\n\n")
        assert json.loads(first.removeprefix("event: next\ndata: ")).keys() == {"errors"}
        assert (second, rest) == ("event: complete\ndata:", "")


async def test_requests_that_begin_nothing(site: Running, caplog: pytest.LogCaptureFixture) -> None:
    headers = {"accept": EVENTS, "content-type": "application/json"}
    good = asking("subscription { ticks }")
    for content, more, status, code in (
        (good, {"authorization": "Bearer x"}, 401, "UNAUTHENTICATED"),
        (good, bearer(exp=1), 401, "UNAUTHENTICATED"),
        (good[:-1], {}, 400, "BAD_USER_INPUT"),
        (b"[]", {}, 400, "BAD_USER_INPUT"),
        (good, {"content-type": "text/plain"}, 415, "BAD_USER_INPUT"),
        (good, {"content-encoding": "gzip"}, 415, "BAD_USER_INPUT"),
        (asking("subscription { ticks } #" + "x" * 2_000_000), {}, 413, "LIMIT"),
        (asking("subscription { crash }"), {}, 500, "INTERNAL"),
    ):
        response = await site.client.post("/graphql", content=content, headers={**headers, **more})
        assert response.status_code == status
        assert response.headers["content-type"] == "application/json; charset=utf-8"
        assert response.json()["errors"][0]["extensions"]["code"] == code
        assert "hunter2" not in response.text
    assert "hunter2" in caplog.text
    assert not site.gateway.clients


async def test_an_expired_token_ends_the_stream(site: Running) -> None:
    async with subscribed(site, **bearer()) as connection:
        (client,) = site.gateway.clients
        emit(site.gateway, Result(b'{"data":{"ticks":1}}'))
        client.expire()
        body = await connection.rest()
    last = '{"errors":[{"message":"The token has expired.","extensions":{"code":"UNAUTHENTICATED"}}]}'
    assert (
        body.decode()
        == ':\n\nevent: next\ndata: {"data":{"ticks":1}}\n\nevent: next\ndata: ' + last + "\n\n" + COMPLETE.decode()
    )
    assert not site.gateway.clients


@pytest.mark.parametrize("kind", ["distinct", "urql"])
async def test_other_peoples_clients(site: Running, kind: str) -> None:
    async with node_client(kind, site, "/graphql", "subscription { ticks }", token()) as client:
        await until(lambda: site.gateway.clients)
        assert [client.user.id for client in site.gateway.clients] == ["ada"]
        for number in range(3):
            emit(site.gateway, Result(b'{"data":{"ticks":%d}}' % number))
            assert (await client.read())["data"] == {"ticks": number}
        await client.leave()
        await until(lambda: not site.gateway.clients)
    async with node_client(kind, site, "/graphql", "subscription { count(to: 3) }") as client:
        results = [await client.read() for _ in range(3)]
        assert [result["data"]["count"] for result in results] == [1, 2, 3]
        end = await client.read()
        if kind == "urql":
            # It gives its last result once more, as the last.
            end = await client.read()
        assert end == {"end": None}
    async with node_client(kind, site, "/graphql", "query { hello }") as client:
        assert (await client.read())["data"] == {"hello": "world"}
        assert await client.read() == {"end": None}


@pytest.mark.parametrize("kind", ["distinct", "urql"])
async def test_other_peoples_clients_hear_of_errors(site: Running, kind: str) -> None:
    async with node_client(kind, site, "/graphql", "subscription { forbidden }") as client:
        result = await client.read()
        message = result["error"] if kind == "urql" else result["errors"][0]["message"]
        assert "Your role may not watch this." in message


async def test_an_address_by_hand(site: Running) -> None:
    async with socket(site) as connection:
        connection.send("GET", "/graphql?query=" + quote("subscription { hello }"), {"accept": EVENTS})
        assert (await connection.head())[0] == 200
        assert await connection.read(len(OPENING + HELLO)) == OPENING + HELLO
