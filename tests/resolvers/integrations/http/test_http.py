"""What is asked of another server for an operation, and what is made of its answer."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.resolvers.integrations.http.world import KEY, TOKEN, Shop, shop

pytestmark = pytest.mark.asyncio(loop_scope="module")

OPERATIONS = """
customer:
  kind: query
  minRole: anonymous
  args: { id: ID! }
  returns: Customer
  run:
    use: crm
    get:
      path: "/customers/{{ args.id }}"
      fields: { firstName: $.first_name, address: { from: $.addr, fields: { zip: "$['zip-code']" } } }
customers:
  kind: query
  minRole: anonymous
  args: { q: String, tags: "[String!]", page: Int }
  returns: "[Customer!]!"
  run:
    use: crm
    get: { path: /customers, params: { q: $args.q, tag: $args.tags, page: $args.page, fixed: true }, data: $.items }
names: { kind: query, minRole: anonymous, returns: "[String!]!",
  run: { use: crm, get: { path: /deep, data: "$.a[*].b[*].n" } } }
anything: { kind: query, minRole: anonymous, args: { p: JSON }, returns: JSON,
  run: { use: crm, get: { path: /anything, params: $args.p } } }
must: { kind: query, minRole: anonymous, returns: Customer!, run: { use: crm, get: /must } }
parts:
  kind: query
  minRole: anonymous
  args: { a: String, b: JSON }
  returns: JSON
  run: { use: crm, get: "/parts/{{ args.a }}{{ args.b }}/end.json" }
text: { kind: query, minRole: anonymous, returns: String, run: { use: crm, get: /text } }
picture: { kind: query, minRole: anonymous, returns: Bytes, run: { use: crm, get: /picture } }
json: { kind: query, minRole: anonymous, returns: JSON, run: { use: crm, get: /json } }
whole:
  kind: query
  minRole: anonymous
  returns: Whole!
  run: { use: crm, get: { path: /whole, data: $.x, missing: [404, 409] } }
wholeJson: { kind: query, minRole: anonymous, returns: JSON, run: { use: crm, get: { path: /whole, envelope: true } } }
search:
  kind: query
  minRole: anonymous
  args: { q: JSON }
  returns: JSON
  run: { use: crm, post: { path: /search, body: { query: $args.q, limit: 10 }, reads: true } }
create:
  kind: mutation
  minRole: anonymous
  args: { input: JSON, token: String, header: String }
  returns: JSON
  run:
    use: crm
    post: { path: /customers, body: $args.input, headers: { X-Token: "{{ args.token }}!", X-Or-Not: $args.header } }
form: { kind: mutation, minRole: anonymous, args: { v: JSON }, returns: JSON,
  run: { use: crm, put: { path: /form, form: { a: 1, b: [x, "ü&"], c: null, v: $args.v } } } }
note: { kind: mutation, minRole: anonymous, args: { v: String! }, returns: JSON,
  run: { use: crm, patch: { path: /note, text: "Dear {{ args.v }}", headers: { content-type: text/markdown } } } }
upload: { kind: mutation, minRole: anonymous, args: { v: Bytes! }, returns: Boolean!,
  run: { use: crm, post: { path: /up, binary: $args.v } } }
remove: { kind: mutation, minRole: anonymous, args: { id: ID! }, returns: Boolean!,
  run: { use: crm, delete: { path: "/customers/{{ args.id }}", missing: 404 } } }
calls:
  kind: query
  minRole: anonymous
  returns: JSON
  steps:
    - { call: customer, with: { id: 7 }, as: found }
    - { use: crm, get: /json, as: raw }
    - { use: crm, get: { path: /not-there }, as: nothing }
    - return: { found: $found, raw: $raw, nothing: $nothing }
misses:
  kind: query
  minRole: anonymous
  returns: JSON
  steps: [ { use: crm, get: /not-there, missing: Nobody is there. } ]
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    async with shop(tmp_path_factory.mktemp("shop"), OPERATIONS) as opened:
        yield opened


ADA = {"id": 7, "name": "Ada", "first_name": "A.", "level": "GOLD", "credit": 12.5, "since": "2026-01-01T00:00:00Z"}
MORE = {"tags": ["a"], "addr": {"street": "Main", "zip-code": "12", "secret": 1}, "more": "than is wanted"}


async def test_a_declared_type(desk: Shop) -> None:
    desk.crm.on("/customers/7", ADA | MORE)
    text = '{ customer(id: "7") { id called: name firstName level since tags address { zip street } __typename } }'
    assert await desk.ask(text) == {
        "id": "7",
        "called": "Ada",
        "firstName": "A.",
        "level": "GOLD",
        "since": "2026-01-01T00:00:00Z",
        "tags": ["a"],
        "address": {"zip": "12", "street": "Main"},
        "__typename": "Customer",
    }
    asked = desk.crm.last()
    assert (asked.method, asked.target) == ("GET", f"/api/customers/7?key={KEY}")
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert await desk.ask('{ customer(id: "8") { id } }') is None
    assert await desk.ask('{ customer(id: "7") { credit } }', "admin") == {"credit": "12.5"}


async def test_a_path_into_the_answer_and_params(desk: Shop) -> None:
    desk.crm.on("/customers?q=a%26b%20%C3%A9&tag=x&tag=y&fixed=true", {"items": [{"id": 1, "name": "One"}]})
    found = await desk.ask('{ customers(q: "a&b é", tags: ["x", "y"]) { id name } }')
    assert found == [{"id": "1", "name": "One"}]
    desk.crm.on("/customers?page=2&fixed=true", {"items": []})
    assert await desk.ask("{ customers(q: null, tags: [], page: 2) { id name } }") == []
    for params in ({"a": "b&c=d", "key": "mine"}, {"a": [1, None, True], "b": {"c": 1}}, None):
        await desk.ask("query($p: JSON) { anything(p: $p) }", p=params)
    first, second, third = (request.target for request in desk.crm.server.asked[-3:])
    assert first == f"/api/anything?a=b%26c%3Dd&key={KEY}"
    assert second == f"/api/anything?a=1&a=true&b=%7B%22c%22%3A%201%7D&key={KEY}"
    assert third == f"/api/anything?key={KEY}"
    assert (await desk.ask('{ anything(p: ["x"]) }'))["code"] == "BAD_USER_INPUT"
    desk.crm.on("/deep", {"a": [{"b": [{"n": "x"}, {}]}, {"c": 1}, {"b": [{"n": "y"}]}]})
    assert await desk.ask("{ names }") == ["x", "y"]


@pytest.mark.parametrize(
    ("a", "b", "path"),
    [
        ("x", "y", "xy"),
        ("a/b?c#d%2e", "", None),
        ("a/b?c#d%2e", 1, "a%2Fb%3Fc%23d%252e1"),
        ("é ", True, "%C3%A9%20true"),
        (".", ".", None),
        ("..", "", None),
        ("x", "../admin", None),
        ("x/..", "a", None),
        ("..\\", "a", None),
        ("a\r\nHost: x", "b", None),
        ("\x00", "b", None),
        ("\u2028", "b", None),
        (None, "b", None),
        ("", "b", None),
        ("a", {"b": 1}, None),
        ("a", [1], None),
        ("a" * 3000, "b", None),
        ("//evil.example", "b", "%2F%2Fevil.exampleb"),
        ("@evil.example", "b", "%40evil.exampleb"),
    ],
)
async def test_a_value_stays_in_its_segment(desk: Shop, a: Any, b: Any, path: str | None) -> None:
    count = len(desk.crm.log)
    answer = await desk.ask("query($a: String, $b: JSON) { parts(a: $a, b: $b) }", a=a, b=b)
    if path is None:
        assert (answer["code"], len(desk.crm.log)) == ("BAD_USER_INPUT", count)
    else:
        assert desk.crm.last().target == f"/api/parts/{path}/end.json?key={KEY}"


async def test_other_answers_than_json(desk: Shop) -> None:
    desk.crm.on("/text", "Grüße".encode("latin-1"), content_type="text/plain; charset=iso-8859-1")
    assert await desk.ask("{ text }") == "Grüße"
    desk.crm.on("/picture", b"\x89PNG\xff", content_type="image/png")
    assert await desk.ask("{ picture }") == base64.b64encode(b"\x89PNG\xff").decode()
    for content, kind, expected in (
        (b'{"a": 1}', "application/problem+json", {"a": 1}),
        (b"\xef\xbb\xbf[1]", "application/json; charset=utf-8", [1]),
        (b"plain", "text/html", "plain"),
        (b"\xff", "application/zip", "/w=="),
        (b"", "application/json", None),
    ):
        desk.crm.on("/json", content, content_type=kind)
        assert await desk.ask("{ json }") == expected


async def test_with_status_and_headers(desk: Shop) -> None:
    desk.crm.on("/whole", {"x": [1]}, 201, x_total="5", set_cookie="secret=1")
    answer = await desk.ask("{ whole { response statusCode headers } }")
    assert (answer["response"], answer["statusCode"], answer["headers"]["x-total"]) == ([1], 201, "5")
    assert "set-cookie" not in answer["headers"]
    assert (await desk.ask("{ wholeJson }"))["response"] == {"x": [1]}
    desk.crm.on("/whole", {"x": [1]}, 409)
    assert await desk.ask("{ whole { response statusCode } }") == {"response": None, "statusCode": 409}


async def test_bodies(desk: Shop) -> None:
    for target in ("/search", "/customers", "/form", "/note", "/up"):
        desk.crm.on(target, {"ok": 1})
    await desk.ask('{ search(q: {a: [1, null, "x"]}) }')
    assert desk.crm.last().body == b'{"query":{"a":[1,null,"x"]},"limit":10}'
    await desk.ask('mutation { create(input: {n: 1.5}, token: "t") }')
    asked = desk.crm.last()
    assert (asked.body, asked.headers["content-type"]) == (b'{"n":1.5}', "application/json")
    assert (asked.headers["x-token"], "x-or-not" in asked.headers) == ("t!", False)
    await desk.ask("mutation { create }")
    assert (desk.crm.last().body, "content-type" in desk.crm.last().headers) == (b"", False)
    await desk.ask("mutation { form(v: [1, null, 2]) }")
    assert desk.crm.last().body == b"a=1&b=x&b=%C3%BC%26&v=1&v=2"
    assert desk.crm.last().headers["content-type"] == "application/x-www-form-urlencoded"
    await desk.ask('mutation { note(v: "é") }')
    assert desk.crm.last().body == "Dear é".encode()
    assert desk.crm.last().headers["content-type"] == "text/markdown"
    desk.crm.on("/up", None, 204)
    assert await desk.ask('mutation { upload(v: "AP8=") }') is True
    assert desk.crm.last().body == b"\x00\xff"
    desk.crm.on("DELETE /customers/3", None, 204)
    assert await desk.ask('mutation { remove(id: "3") }') is True
    assert await desk.ask('mutation { remove(id: "4") }') is False
    for value in ("a\r\nx-evil: 1", "a\nb"):
        refused = await desk.ask("mutation($v: String) { create(token: $v) }", v=value)
        assert refused["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429, 500, 503, 302, 304])
async def test_a_status_that_says_no(desk: Shop, status: int) -> None:
    desk.crm.on("/must", {"why": "the database password is hunter2"}, status)
    assert await desk.ask("{ must { id } }") == {
        "message": "Another server could not do this.",
        "code": "UPSTREAM_FAILED",
        "status": status,
    }


WRONG: list[tuple[Any, dict[str, str], str]] = [
    (b"<html>hunter2</html>", {"content_type": "text/html"}, "its answer is no JSON but text/html"),
    (b"hunter2{", {"content_type": "application/json"}, "its answer is no JSON, though it says so"),
    (b"hunter2", {"content_type": "text/plain"}, "its answer is no JSON but text/plain"),
    (b"[" * 300 + b"]" * 300, {"content_type": "application/json"}, "its answer is more than 200 values deep"),
    (["hunter2"], {}, "Customer! is wanted at the body, and a list is there"),
    ("hunter2", {}, "Customer! is wanted at the body, and a text is there"),
    (b"", {}, "Customer! is wanted at the body, and there is nothing"),
]


@pytest.mark.parametrize(("body", "headers", "log"), WRONG)
async def test_an_answer_of_another_shape(
    desk: Shop, body: Any, headers: Any, log: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk.crm.on("/must", body, **headers)
    answer = await desk.ask("{ must { id } }")
    assert (answer["code"], answer["message"]) == (
        "UPSTREAM_FAILED",
        "What another server answered is not what was to be expected.",
    )
    assert caplog.messages == [f"crm: what must is answered does not fit: {log}."]


async def test_a_field_of_another_type(desk: Shop, caplog: pytest.LogCaptureFixture) -> None:
    for part, message in (
        ({"name": None}, "Cannot return null for non-nullable field Customer.name."),
        ({"name": ["hunter2"]}, "Wrong value for field Customer.name: Not a String."),
        ({"level": "hunter2"}, "Wrong value for field Customer.level: Not a value of Level."),
        ({"since": "hunter2"}, "Wrong value for field Customer.since: Not a DateTime."),
        ({"address": "hunter2"}, "Expected an object of type Address for field Customer.address."),
        ({"tags": {"hunter2": 1}}, "Expected a list for field Customer.tags."),
    ):
        desk.crm.on("/must", {"id": 1, "name": "x", **part})
        answer = await desk.ask("{ must { name level since tags address { street } } }")
        assert (answer["code"], answer["message"]) == ("INTERNAL", message)
        assert caplog.messages[-1].endswith(message)
    assert "hunter2" not in caplog.text


async def test_as_steps(desk: Shop) -> None:
    """Of a called operation, what the role may read; of a step, all of it."""
    desk.crm.on("/customers/7", ADA | MORE)
    desk.crm.on("/json", {"a": 1})
    answer = await desk.ask("{ calls }")
    assert (answer["raw"], answer["nothing"]) == ({"a": 1}, None)
    assert answer["found"] == {"id": 7, "firstName": "A.", "address": {"street": "Main", "zip": "12"}} | {
        name: (ADA | MORE)[name] for name in ("name", "level", "since", "tags", "credit")
    }
    answer = await desk.ask("{ misses }")
    assert (answer["code"], answer["message"]) == ("NOT_FOUND", "Nobody is there.")


async def test_nothing_secret_is_logged(desk: Shop, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "tidegate"):
        desk.crm.answers["/must"] = lambda request: request.close()
        answer = await desk.ask("{ must { id } }")
        desk.crm.answers["/must"] = lambda request: asyncio.Event().wait()
        assert (answer["code"], answer["message"]) == ("UPSTREAM_FAILED", "Another server cannot be reached.")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await desk.ask("{ must { id } }")
        desk.crm.on("/must", ADA)
        assert await desk.ask("{ must { id } }") == {"id": "7"}
    assert caplog.messages
    for secret in (TOKEN, KEY, "127.0.0.1"):
        assert secret not in caplog.text


async def test_a_gateway_starts_while_the_server_is_down(tmp_path: Path) -> None:
    async with shop(tmp_path, OPERATIONS) as opened:
        await opened.crm.server.__aexit__()
        assert (await opened.ask("{ must { id } }"))["code"] == "UPSTREAM_FAILED"
