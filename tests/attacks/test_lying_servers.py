"""A server that an integration asks answers whatever it likes: clients get JSON of the promised types, or an error that
says nothing of what came; and nobody else waits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema, introspection_from_schema

from tidegate.app import Gateway
from tidegate.auth.claims import anonymous
from tidegate.resolvers.integrations.graphql.introspection import NotTold, introspect
from tidegate.resolvers.integrations.http.answers import CROWD
from tidegate.resolvers.integrations.upstream import Upstream, UpstreamSettings
from tidegate.scaffold.openapi_document import Document, NoDocument, is_openapi

TYPES = (
    *("Int", "Float", "String", "Boolean", "ID", "BigInt", "Decimal"),
    *("DateTime", "Date", "Time", "UUID", "JSON", "Color", "Bytes"),
)
PROJECT = """
name: liar
roles: [anonymous]
integrations: { up: { kind: http, baseUrl: "${UP}", breaker: false }, graph: { kind: graphql, url: "${UP}" } }
"""
GRAPH = """
graph: { kind: query, minRole: anonymous, returns: JSON, run: { use: graph, query: { document: "{ v }" } } }
"""
OPERATION = """
s{0}: {{ kind: query, minRole: anonymous, returns: {0}, run: {{ use: up, get: {{ path: /x, data: $.v }} }} }}
o{0}: {{ kind: query, minRole: anonymous, returns: O{0}, run: {{ use: up, get: {{ path: /x, data: $.v }} }} }}
"""
ASKED = ("s{0}", "o{0} {{ v l o {{ v }} __typename }}")
VALUES = (
    *("1e400", "123456789012345678901234567890", "-0.0", "2147483648", "true", "9" * 400, f'"{"9" * 5000}"'),
    *('"hunter2"', '"\\ud800"', '"NaN"', '"1e999999999"', '"１"', '[[1, "hunter2"]]', '{"hunter2": 1}'),
    *('{"v": {"v": 1}}', '{"l": [null]}', '{"o": ["hunter2"]}', '{"v": 1, "v": []}', '{"__typename": "hunter2"}'),
    *('"0001-01-01T00:00:00-14:00"', '"9999-12-31T23:59:59-01:00"', '{"l": [1, 1.5, "1", true]}'),
)
CROWDS = (b"{}", b"[" * 20 + b"]" * 20)


class Liar:
    """Answers every request with `body`."""

    body = b""

    async def start(self) -> tuple[asyncio.Server, str]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]
                await reader.readexactly(int(length or b"0"))
                said = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
                writer.write(said % len(self.body) + self.body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def lying(folder: Path) -> AsyncIterator[tuple[Liar, Any]]:
    """The server, and a function that asks the gateway. Any: it gives the whole answer, JSON."""
    liar = Liar()
    server, address = await liar.start()
    files = {
        "tidegate.yaml": PROJECT,
        "types.graphql": "enum Color { RED }\n"
        + "".join(f"type O{name} {{ v: {name}, l: [{name}!], o: O{name} }}\n" for name in TYPES),
        "operations/all.yaml": GRAPH + "".join(OPERATION.format(name) for name in TYPES),
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    gateway = Gateway.load(folder, {"UP": address})
    await gateway.open()
    user = anonymous(gateway.catalog.auth, gateway.catalog.roles)

    async def ask(text: str) -> Any:
        body = (await gateway.execute(text, None, {}, user)).body
        return json.loads(body, parse_constant=refuse)

    try:
        yield liar, ask
    finally:
        await gateway.close()
        server.close()


def refuse(word: str) -> None:
    raise AssertionError(f"{word} is not JSON")


async def test_what_comes_is_of_the_promised_type_or_an_error(tmp_path: Path) -> None:
    async with lying(tmp_path) as (liar, ask):
        for value in VALUES:
            liar.body = f'{{"v": {value}}}'.encode()
            for text in ASKED:
                answer = await ask(f"{{ {' '.join(map(text.format, TYPES))} }}")
                for error in answer.get("errors", ()):
                    assert error["extensions"]["code"] in ("UPSTREAM_FAILED", "INTERNAL"), (value, answer)
                    assert "hunter2" not in error["message"]
                assert_ints(answer["data"][f"{text[0]}Int"], value)
                if text[0] == "o":
                    assert {each["__typename"] for each in answer["data"].values() if each} <= {f"O{n}" for n in TYPES}


def assert_ints(shown: Any, value: str) -> None:
    """Any: JSON."""
    for each in shown if isinstance(shown, list) else [shown]:
        if isinstance(each, dict):
            assert each["__typename"] == "OInt"
            assert_ints(each["v"], value)
            assert_ints(each["l"] or [], value)
        else:
            assert each is None or (type(each) is int and -(2**31) <= each < 2**31), (value, shown)


async def test_an_answer_of_nothing_but_brackets_is_not_read(tmp_path: Path) -> None:
    """Each takes the machine's memory and time a hundredfold, and all clients wait for it."""
    async with lying(tmp_path) as (liar, ask):
        for each in CROWDS:
            items = b",".join([each] * (CROWD * 2 // len(each) + 1))
            liar.body = b'{"data": {"v": null}, "v": [' + items + b"]}"
            for text in ("{ sJSON }", "{ oJSON { v } }", "{ graph }"):
                (error,) = (await ask(text))["errors"]
                assert error["extensions"]["code"] == "UPSTREAM_FAILED", (each, text)
        # As many as there may be honestly: a large list of small rows.
        row = b'{"id": 1234567, "at": [12.345678, 45.678901], "of": {"name": "somebody"}}'
        liar.body = b'{"v": [' + b",".join([row] * 100_000) + b"]}"
        assert len((await ask("{ sJSON }"))["data"]["sJSON"]) == 100_000


async def test_what_a_server_says_of_itself() -> None:
    """`tidegate init --from` and `check --online` ask for it."""
    told = introspection_from_schema(build_schema("type Query { a(x: Int): T } type T { id: ID! } enum E { ONE }"))
    liar = Liar()
    server, address = await liar.start()
    upstream = Upstream("liar", UpstreamSettings())
    await upstream.open()
    try:
        for old, new in (
            ('"name": "a"', '"name": "a: Int } type Evil { b"'),
            ('"name": "T"', '"name": "../../T"'),
            ('"name": "x"', '"name": "x\\n"'),
            ('"name": "ONE"', '"name": {"a": 1}'),
            ('"types": [', f'"types": [{{"kind": "OBJECT", "name": "Deep", "fields": {"[" * 900}{"]" * 900}}}, '),
        ):
            said = json.dumps(told)
            assert old in said
            liar.body = f'{{"data": {said.replace(old, new)}}}'.encode()
            with pytest.raises(NotTold, match="cannot be understood"):
                await introspect(upstream, address)
        liar.body = json.dumps({"data": told}).encode()
        assert set((await introspect(upstream, address)).type_map) >= {"Query", "T", "E"}
    finally:
        await upstream.close()
        server.close()


@pytest.mark.parametrize("text", ["x: " + "[" * 100_000, "- " * 100_000, "? " * 100_000, "{a: " * 100_000, "[" * 9999])
def test_a_document_that_is_far_too_deep(text: str) -> None:
    """The library ends the whole process over it."""
    with pytest.raises(NoDocument, match="too deep"):
        Document(text)
    assert not is_openapi(text)
