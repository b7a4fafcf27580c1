"""Servers that answer what they should not; polling; and whoever tells of changes by /touch."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from graphql import GraphQLError, build_schema, graphql_sync

from tests.resolvers.integrations.graphql.world import ask, opened, screen, serving, until, write
from tests.resolvers.servers import Request, Server
from tidegate.app import Gateway

TOKEN = "s3cret-of-the-other-one"
TOUCH = "the secret of whoever tells, 16 bytes"
SDL = """
type Query { person(id: ID!): Person people: [Person!]! number: Int! many(count: Int!): [Person!]! }
type Mutation { rename(name: String!): Person }
type Person { id: ID! name: String best: Person }
"""
PROJECT = """
name: desk
roles: [anonymous]
limits: { timeout: 30s }
touch: { secret: "${TOUCH}" }
integrations:
  crm:
    kind: graphql
    url: "${CRM}"
    headers: { Authorization: "Bearer ${TOKEN}" }
    schema: crm.graphql
    timeout: 20s
    retries: 0
    breaker: false
    maxBytes: 64KiB
"""
FILES = {
    "types.graphql": "type Person { id: ID! name: String best: Person } type Joined { id: ID! whole: Person }",
    "crm.graphql": SDL,
    "operations/all.yaml": """
person:
  kind: query
  minRole: anonymous
  args: { id: ID! }
  returns: Person
  run:
    use: crm
    query: { field: person, args: { id: $args.id }, resource: people }
tagged:
  kind: query
  minRole: anonymous
  args: { tag: String }
  returns: Person
  run: { use: crm, query: { field: person, args: { id: 1 }, headers: { X-Tag: "<{{ args.tag }}>" } } }
parts:
  kind: query
  minRole: anonymous
  returns: "[Person]"
  run: { use: crm, query: { document: "{ people { id name } }", partial: true, resource: people } }
joined:
  kind: query
  minRole: anonymous
  args: { count: Int! }
  returns: "[Joined!]!"
  run: { use: crm, query: { field: many, args: { count: $args.count }, select: id } }
  join: { whole: { call: person, with: { id: $row.id } } }
number: { kind: query, minRole: anonymous, returns: Int!, run: { use: crm, query: "{ number }" } }
polled:
  kind: query
  minRole: anonymous
  returns: Int!
  run: { use: crm, query: { field: number, resource: number, poll: 50ms } }
rename:
  kind: mutation
  minRole: anonymous
  args: { name: String! }
  returns: Person
  run: { use: crm, mutation: { field: rename, args: { name: $args.name }, resource: people } }
""",
}


class Other(Server):
    """Answers what it is told; `asked` holds what it was asked."""

    def __init__(self) -> None:
        self.body: bytes = b""
        self.status = 200
        self.type = "application/json"
        super().__init__(self._say)

    def _say(self, request: Request) -> None:
        request.answer(self.body, self.status, content_type=self.type)

    def says(self, body: object, status: int = 200, type: str = "application/json") -> None:
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.status, self.type = status, type

    async def __aenter__(self) -> Other:
        await super().__aenter__()
        return self


@asynccontextmanager
async def asking(tmp_path: Path, more: str = "") -> AsyncIterator[tuple[Gateway, Other]]:
    async with Other() as other:
        environ = {"CRM": f"http://127.0.0.1:{other.port}/graphql", "TOKEN": TOKEN, "TOUCH": TOUCH}
        folder = write(tmp_path, {**FILES, "tidegate.yaml": PROJECT.rstrip("\n") + more})
        async with opened(folder, environ) as gateway:
            other.asked.clear()
            yield gateway, other


PERSON = {"data": {"person": {"id": 1, "name": "Ada"}}}
DENIED = {
    "errors": [{"message": f"No: {TOKEN}", "extensions": {"code": "FORBIDDEN"}, "path": ["person"]}],
    "data": None,
}

UNABLE = "Another server could not do this."
UNEXPECTED = "What another server answered is not what was to be expected."
FAILURES: dict[str, tuple[object, int, str, str]] = {
    "errors": (DENIED, 200, "application/json", UNABLE),
    "errors with a status": (DENIED, 401, "application/graphql-response+json", UNABLE),
    "part of the data": ({**DENIED, **PERSON}, 200, "application/json", UNABLE),
    "a status": (b"<html>", 502, "text/html", UNABLE),
    "a page": (b"<html>", 200, "text/html", UNEXPECTED),
    "JSON that says it is none": (PERSON, 200, "text/plain", UNEXPECTED),
    "broken JSON": (b'{"data": {', 200, "application/json", UNEXPECTED),
    "more values within values than can be told": (
        b'{"data": {"number": %s}}' % (b"[" * 400 + b"]" * 400),
        200,
        "application/json",
        UNEXPECTED,
    ),
    "no data": ({"datum": 1}, 200, "application/json", UNEXPECTED),
    "null": (b"null", 200, "application/json", UNEXPECTED),
    "another shape": ({"data": {"person": [1]}}, 200, "application/json", UNEXPECTED),
    "another status": (PERSON, 404, "application/json", UNABLE),
}


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Gateway, Other]]:
    async with asking(tmp_path) as pair:
        yield pair


async def test_failures_are_told_in_our_words(pair: tuple[Gateway, Other], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    gateway, other = pair
    for name, (body, status, type, message) in FAILURES.items():
        other.says(body, status, type)
        said = await ask(gateway, "{ person(id: 1) { name } }")
        (error,) = said["errors"]
        assert (error["message"], error["extensions"]) == (message, {"code": "UPSTREAM_FAILED", "status": status}), name
    other.says({"data": {"person": {"id": "x" * 70_000}}})
    said = await ask(gateway, "{ person(id: 1) { name } }")
    assert said["errors"][0]["extensions"]["code"] == "LIMIT"
    assert TOKEN not in caplog.text
    assert "it is answered with errors (FORBIDDEN)" in caplog.text
    other.says(PERSON, 200, "application/graphql-response+json; charset=utf-8")
    assert (await ask(gateway, "{ person(id: 1) { name } }"))["data"] == {"person": {"name": "Ada"}}


async def test_what_is_sent(pair: tuple[Gateway, Other]) -> None:
    gateway, other = pair
    other.says(PERSON)
    await ask(gateway, '{ person(id: "1") { n: name } }')
    await ask(gateway, '{ tagged(tag: "é") { name } }')
    request, tagged = other.asked
    assert json.loads(request.body) == {
        "query": "query($id: ID!) { person(id: $id) { n: name } }",
        "variables": {"id": "1"},
    }
    assert (request.method, request.headers["content-type"]) == ("POST", "application/json")
    assert (request.headers["authorization"], tagged.headers["x-tag"]) == (f"Bearer {TOKEN}", "<é>")
    assert request.headers["accept"].startswith("application/graphql-response+json, application/json")
    said = await ask(gateway, '{ tagged(tag: "a\\r\\nX-Evil: 1") { name } }')
    assert said["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_what_is_joined_is_asked_for_together(pair: tuple[Gateway, Other]) -> None:
    gateway, other = pair
    schema = build_schema(SDL)
    filler = 0

    def person(_info: object, id: str) -> dict[str, str]:
        if id == "13":
            raise GraphQLError("unlucky")
        return {"id": id, "name": f"P{id}" + "." * filler}

    def many(_info: object, count: int) -> list[dict[str, str]]:
        return [{"id": str(number)} for number in range(count)]

    def answer(request: Request) -> None:
        root = {"person": person, "many": many}
        asked = json.loads(request.body)
        result = graphql_sync(schema, asked["query"], root, variable_values=asked.get("variables"))
        request.answer(json.dumps(result.formatted).encode(), content_type="application/json")

    other._answer = answer
    said = await ask(gateway, "{ joined(count: 12) { id whole { name } } }")
    assert said["data"]["joined"] == [{"id": f"{each}", "whole": {"name": f"P{each}"}} for each in range(12)]
    assert len(other.asked) == 2
    # Where there is something wrong with one, each is asked for by itself.
    other.asked.clear()
    said = await ask(gateway, "{ joined(count: 14) { whole { name } } }")
    assert len(other.asked) == 2 + 14
    assert said["errors"][0]["extensions"]["code"] == "UPSTREAM_FAILED"
    # So it is where all of them together are too large.
    filler = 10_000
    said = await ask(gateway, "{ joined(count: 12) { whole { name } } }")
    assert [len(each["whole"]["name"]) for each in said["data"]["joined"]] == [10_002] * 10 + [10_003] * 2


async def test_part_of_an_answer_where_it_is_wanted(pair: tuple[Gateway, Other]) -> None:
    gateway, other = pair
    other.says({"data": {"people": [{"id": "1", "name": None}, None]}, "errors": DENIED["errors"]})
    assert (await ask(gateway, "{ parts { id name } }"))["data"] == {"parts": [{"id": "1", "name": None}, None]}
    other.says(DENIED)
    assert (await ask(gateway, "{ parts { id } }"))["errors"][0]["extensions"]["code"] == "UPSTREAM_FAILED"


async def test_errors_may_be_shown(tmp_path: Path) -> None:
    async with asking(tmp_path, "\n    showErrors: true\n") as (gateway, other):
        other.says({"errors": [{"message": "No\nsuch person\u0000" + "!" * 1000, "extensions": {"code": "NOT_FOUND"}}]})
        (error,) = (await ask(gateway, "{ person(id: 1) { name } }"))["errors"]
    assert error["message"].startswith("No such person !!!")
    assert len(error["message"]) == 500
    assert error["extensions"] == {"code": "UPSTREAM_FAILED", "status": 200}


async def test_a_mutation_that_may_have_been_done_refreshes(pair: tuple[Gateway, Other]) -> None:
    gateway, other = pair
    other.says(PERSON)
    shown = await screen(gateway, "subscription { person(id: 1) { name } }")
    other.says({"data": {"person": {"id": 1, "name": "Eve"}, "rename": None}, "errors": [{"message": "late"}]})

    def one_of_each(request: Request) -> None:
        if b"mutation" in request.body:
            request.answer(b'{"data":{"rename":null},"errors":[{"message":"late"}]}', content_type="application/json")
        else:
            request.answer(b'{"data":{"person":{"name":"Eve"}}}', content_type="application/json")

    other._answer = one_of_each
    said = await ask(gateway, 'mutation { rename(name: "Eve") { name } }')
    assert said["errors"][0]["extensions"]["code"] == "UPSTREAM_FAILED"
    assert (await shown.next(2))["data"] == {"person": {"name": "Eve"}}


async def test_one_poll_for_all_who_watch_and_touches(pair: tuple[Gateway, Other]) -> None:
    gateway, other = pair
    other.says({"data": {"number": 1, "person": {"name": "Ada"}}})
    async with serving(gateway) as url:
        numbers = [await screen(gateway, "subscription { polled }") for _ in range(3)]
        person = await screen(gateway, "subscription { person(id: 1) { name } }")
        count = len([each for each in other.asked if b"person" in each.body])
        other.says({"data": {"number": 2, "person": {"name": "Eve"}}})
        for each in numbers:
            assert (await each.next(2))["data"] == {"polled": 2}
        # Nobody tells of people.
        assert len([each for each in other.asked if b"person" in each.body]) == count
        async with httpx.AsyncClient(trust_env=False, verify=False, timeout=60) as client:
            address, headers = url.replace("/graphql", "/touch"), {"authorization": f"Bearer {TOUCH}"}
            told = {"integration": "crm", "resource": "people"}
            response = await client.post(address, json=told, headers=headers)
            # What names no resource reads anything.
            assert response.json() == {"data": {"queries": ["joined", "number", "parts", "person", "tagged"]}}
            assert (await person.next(2))["data"] == {"person": {"name": "Eve"}}
            told = {"integration": "crm", "resource": "peple"}
            response = await client.post(address, json=told, headers=headers)
            assert response.status_code == 422
            assert 'Did you mean "people"?' in response.json()["errors"][0]["message"]


async def test_a_gateway_starts_without_it_and_finds_it_when_it_is_there(tmp_path: Path) -> None:
    async with Other() as gone:
        port = gone.port
    environ = {"CRM": f"http://127.0.0.1:{port}/graphql", "TOKEN": TOKEN, "TOUCH": TOUCH}
    folder = write(tmp_path, {**FILES, "tidegate.yaml": PROJECT})
    async with opened(folder, environ) as gateway:
        (error,) = (await ask(gateway, "{ person(id: 1) { name } }"))["errors"]
        assert (error["message"], error["extensions"]) == (
            "Another server cannot be reached.",
            {"code": "UPSTREAM_FAILED"},
        )
        assert str(port) not in json.dumps(error)
        shown = await screen(gateway, "subscription { person(id: 1) { name } }")
        other = Other()
        other.says(PERSON)
        server = await asyncio.start_server(other._serve, "127.0.0.1", port)
        try:
            await until(lambda: "data" in shown.shown[-1] and shown.shown[-1]["data"]["person"])
        finally:
            server.close()
