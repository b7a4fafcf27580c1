"""Whatever arrives at `/graphql`, the answer is JSON of a status below 500, and nothing is written by GET."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.conftest import make_gateway
from tidegate.web.endpoint import GraphQLEndpoint

words = st.sampled_from(
    [
        *("{ hello }", "mutation { write }", "query A { hello } mutation B { write }", "{", "", "\0", "{ nope }"),
        *("A", "B", "application/json", "text/html", "*/*", "application/graphql-response+json;q=0.5", "gzip"),
        *("Bearer a.b.c", "Bearer", "https://x", "null", "10", "99999999999999999999"),
    ]
)
raw = st.binary(max_size=30) | words.map(str.encode)
names = st.sampled_from(
    [
        *(b"accept", b"content-type", b"content-encoding", b"content-length", b"origin", b"authorization"),
        *(b"access-control-request-method", b"access-control-request-headers", b"x-plasmic-data-user-auth-token"),
    ]
)
json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=4,
)
parameters = st.fixed_dictionaries(
    {}, optional={"query": words | json, "operationName": words | json, "variables": json, "extensions": json}
)
bodies = st.one_of(raw, parameters.map(orjson.dumps), json.map(orjson.dumps))
good_type = st.just([(b"content-type", b"application/json")])
parts = st.lists(st.tuples(st.sampled_from(["query", "operationName", "variables", "x"]), words | st.just("%ff")))


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "POST", "POST", "OPTIONS", "PUT", "X"]),
    headers=good_type | st.lists(st.tuples(names, raw), max_size=4),
    query_string=raw | parts.map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs).encode()),
    body=bodies,
    cut=st.integers(0, 40),
)
def test_anything(method: str, headers: list[tuple[bytes, bytes]], query_string: bytes, body: bytes, cut: int) -> None:
    gateway = make_gateway()
    messages = [
        {"type": "http.request", "body": body[:cut], "more_body": True},
        {"type": "http.request", "body": body[cut:], "more_body": False},
    ]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return messages.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": "/graphql", "headers": headers, "query_string": query_string}
    asyncio.run(GraphQLEndpoint(gateway)(scope, receive, send))
    start, end = sent
    assert start["status"] < 500
    if start["status"] == 204:
        assert method == "OPTIONS"
    else:
        answer = orjson.loads(end["body"])
        assert ("data" in answer) == (start["status"] == 200 and "errors" not in answer)
    if method != "POST":
        assert gateway.written == 0
    assert all(value.isascii() and b"\r" not in value and b"\n" not in value for _, value in start["headers"])
