"""Subscriptions as Apollo Client asks for them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from email.parser import BytesParser

import pytest
import pytest_asyncio

from tests.web.conftest import Running, make_gateway, running
from tests.web.fake_clients import emit
from tests.web.streaming import PARTS, asking, bearer, node_client, socket, subscribed, token, until
from tidegate.core.live import Result
from tidegate.settings import Settings

APOLLO = f"{PARTS},application/graphql-response+json,application/json;q=0.9"
HEAD = b"\r\ncontent-type: application/json\r\n\r\n"
BETWEEN = b"\r\n--graphql"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[Running]:
    async with running(make_gateway(), Settings(port=0)) as site:
        yield site


@pytest_asyncio.fixture(loop_scope="module")
async def site(shared: Running) -> Running:
    # Those of the test before may still be going.
    await until(lambda: not shared.gateway.clients)
    return shared


async def test_the_bytes(site: Running) -> None:
    async with socket(site) as connection:
        connection.send("POST", "/graphql", {"accept": APOLLO}, asking("subscription { count(to: 2) }"))
        status, headers = await connection.head()
        body = await connection.rest()
    assert (status, headers["content-type"]) == (200, 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0')
    assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-store, no-transform", "no")
    parts = (b"{}", b'{"payload":{"data":{"count":1}}}', b'{"payload":{"data":{"count":2}}}')
    assert body == b"--graphql" + b"".join(HEAD + part + BETWEEN for part in parts) + b"--\r\n"
    # And to a parser of other people's, that takes the standard at its word.
    message = BytesParser().parsebytes(f"Content-Type: {headers['content-type']}\r\n\r\n".encode() + body)
    assert not message.defects
    read = [json.loads(part.get_payload(decode=True)) for part in message.walk() if not part.is_multipart()]  # type: ignore[arg-type]
    assert read == [{}, {"payload": {"data": {"count": 1}}}, {"payload": {"data": {"count": 2}}}]


async def test_a_part_is_complete_when_it_comes(site: Running) -> None:
    result = Result(b'{"data":{"ticks":1}}')
    async with subscribed(site, accept=PARTS) as connection:
        assert await connection.chunk() == b"--graphql" + HEAD + b"{}" + BETWEEN
        emit(site.gateway, result)
        part = HEAD + b'{"payload":{"data":{"ticks":1}}}' + BETWEEN
        assert await connection.chunk() == part
    assert list(result.frames.values()) == [part]


async def test_an_expired_token_ends_the_stream(site: Running) -> None:
    async with subscribed(site, accept=PARTS, **bearer()) as connection:
        await connection.chunk()
        (client,) = site.gateway.clients
        client.expire()
        error = b'{"message":"The token has expired.","extensions":{"code":"UNAUTHENTICATED"}}'
        assert await connection.rest() == HEAD + b'{"payload":null,"errors":[%b]}' % error + BETWEEN + b"--\r\n"


async def test_requests_that_begin_nothing(site: Running) -> None:
    for query, headers, status, code in (
        ("subscription { ticks }", {"authorization": "Bearer x"}, 401, "UNAUTHENTICATED"),
        ("subscription { nope }", {}, 400, "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { forbidden }", {}, 403, "FORBIDDEN"),
        ("subscription { crash }", {}, 500, "INTERNAL"),
    ):
        for accept, kind in ((PARTS, "application/json"), (APOLLO, "application/graphql-response+json")):
            response = await site.client.post("/graphql", json={"query": query}, headers={"accept": accept, **headers})
            assert (response.status_code, response.headers["content-type"]) == (status, f"{kind}; charset=utf-8")
            assert response.json()["errors"][0]["extensions"]["code"] == code
    assert not site.gateway.clients


async def test_apollo_client(site: Running) -> None:
    async with node_client("apollo", site, "/graphql", "subscription { ticks }", token()) as client:
        await until(lambda: site.gateway.clients)
        for number in range(3):
            emit(site.gateway, Result(b'{"data":{"ticks":%d}}' % number))
            # Each when it comes, not when the next one does.
            assert await client.read() == {"data": {"ticks": number}}
        (connected,) = site.gateway.clients
        connected.expire()
        assert "The token has expired." in (await client.read())["error"]
    async with node_client("apollo", site, "/graphql", "subscription { count(to: 3) }") as client:
        assert [(await client.read())["data"]["count"] for _ in range(3)] == [1, 2, 3]
        assert await client.read() == {"end": None}
    async with node_client("apollo", site, "/graphql", "subscription { ticks }") as client:
        await until(lambda: site.gateway.clients)
        await client.leave()
        await until(lambda: not site.gateway.clients)
    async with node_client("apollo", site, "/graphql", "query { hello }") as client:
        assert await client.read() == {"data": {"hello": "world"}}


async def test_apollo_client_hears_of_errors(site: Running) -> None:
    async with node_client("apollo", site, "/graphql", "subscription { forbidden }") as client:
        assert "Your role may not watch this." in json.dumps(await client.read())
