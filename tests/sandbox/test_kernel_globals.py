"""What programs see of the gateway: each global's contract."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest

from tests.sandbox.script import Refusal, run, value


def response(data: str = "", status: int = 200, **headers: str) -> dict[str, Any]:
    return {"status": status, "headers": headers, "data": data}


def asked_by(expression: str, answer: Any = None) -> dict[str, Any]:
    done = run(f"function run() {{ return {expression}; }}", answers=[response() if answer is None else answer])
    assert done.failure is None, done.failure
    ((what, (request,)),) = done.asked
    assert what == "http"
    return dict(request)


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "$http({ url: 'https://a.example' })": ("GET", {}),
    "$http({ method: 'post', url: 'https://a.example' })": ("POST", {}),
    "$http.get('https://a.example')": ("GET", {}),
    "$http.delete('https://a.example', { headers: { a: 1 } })": ("DELETE", {"headers": {"a": "1"}}),
    "$http.head('https://a.example')": ("HEAD", {}),
    "$http.get('https://a.example', { params: { a: 1, b: { c: [2] }, d: null, e: undefined, f: 'é' } })": (
        "GET",
        {"params": {"a": "1", "b": '{"c":[2]}', "f": "é"}},
    ),
    "$http.post('https://a.example', 'a=1&b=2')": ("POST", {"data": "a=1&b=2", "headers": FORM}),
    "$http.post('https://a.example', { a: 1, b: { c: 'ü&' } })": (
        "POST",
        {"data": "a=1&b=%7B%22c%22%3A%22%C3%BC%26%22%7D", "headers": FORM},
    ),
    "$http.put('https://a.example', { a: [1] }, { headers: { 'content-type': 'application/json' } })": (
        "PUT",
        {"data": '{"a":[1]}', "headers": {"content-type": "application/json"}},
    ),
    "$http.patch('https://a.example', '{}', { headers: { 'Content-Type': 'application/json' } })": (
        "PATCH",
        {"data": "{}", "headers": JSON},
    ),
    "$http({ method: 'POST', url: 'https://a.example', data: 5, headers: { 'Content-Type': 'text/plain' } })": (
        "POST",
        {"data": "5", "headers": {"Content-Type": "text/plain"}},
    ),
}


@pytest.mark.parametrize("expression", REQUESTS)
def test_request(expression: str) -> None:
    method, more = REQUESTS[expression]
    plain: dict[str, Any] = {"method": method, "url": "https://a.example", "params": {}, "data": None, "headers": {}}
    assert asked_by(expression) == plain | more


@pytest.mark.parametrize(
    ("text", "expected"), [('{"a":[1]}', {"a": [1]}), ("plain", "plain"), ("", ""), ("12", 12), ("null", None)]
)
def test_answer_is_parsed(text: str, expected: Any) -> None:
    assert value("$http.get('https://a.example')", answers=[response(text, 201)]) == expected


def test_answer_that_is_an_error() -> None:
    done = run(
        """function run() {
             try { $http.get("https://a.example"); }
             catch (e) { return [e instanceof Error, e.name, e.status, e.data, e.headers, e.message]; }
           }""",
        answers=[response('{"secret":"inside"}', 404, etag="x")],
    )
    assert done.value == [True, 404, 404, {"secret": "inside"}, {"etag": "x"}, '{"secret":"inside"}']


def test_uncaught_error_tells_no_body() -> None:
    failure = run("function run() { $http.get('https://a.example'); }", answers=[response("inside", 500)]).failed()
    assert (failure.name, failure.status, failure.message) == ("500", 500, "$http was answered with status 500")
    assert "inside" not in failure.message + failure.stack


def test_no_answer() -> None:
    code = "function run() { try { $http.get('x:'); } catch (e) { return [e.name, e.message, e.status]; } }"
    done = run(code, answers=[Refusal("No such host.", "ENOTFOUND")])
    assert done.value == ["ENOTFOUND", "No such host.", None]


def test_async_of_backand_does_not_care() -> None:
    done = run(
        "function run() { return [$http({ url: 'https://a.example', async: true })]; }",
        answers=[Refusal("No such host.")],
    )
    assert done.value == [None]
    assert len(done.asked) == 1


def test_emits() -> None:
    done = run(
        """function run() {
             return [
               socket.emitUsers("items_updated", { a: 1 }, ["ann@desk.example", "bob@desk.example"]),
               socket.emitRole("items_updated", "text", "support"),
               socket.emitAll("items_updated", '{"b":[2]}'),
             ];
           }""",
        answers=[
            {"status": 200, "message": "ok"},
            {"status": 502, "message": "no role"},
            {"status": 200, "message": "ok"},
        ],
    )
    assert [answer["status"] for answer in done.value] == [200, 502, 200]
    assert done.asked == [
        ("emit", ["users", "items_updated", {"a": 1}, ["ann@desk.example", "bob@desk.example"]]),
        ("emit", ["role", "items_updated", "text", "support"]),
        ("emit", ["all", "items_updated", {"b": [2]}, None]),
    ]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("socket.emitRole('e', {}, '')", "if emitRole is called, you must specify a role"),
        ("socket.emitRole('e', {})", "if emitRole is called, you must specify a role"),
        ("socket.emitUsers('e', {}, null)", "if emitUsers is called, you must specify users"),
        ("socket.emitUsers('e', {})", "if emitUsers is called, you must specify users"),
    ],
)
def test_emit_without_audience(expression: str, message: str) -> None:
    done = run(f"function run() {{ return {expression}; }}")
    assert done.value == {"status": 502, "message": message}
    assert done.asked == []


def test_emit_that_fails_does_not_throw() -> None:
    assert value("socket.emitAll('e', 1)", answers=[Refusal("Gone.")]) == {"status": 502, "message": "Gone."}


def test_operations() -> None:
    done = run(
        "function run() { return [gateway.call('ticket', { id: 7 }), gateway.call('all')]; }", answers=[{"id": 7}]
    )
    assert done.value == [{"id": 7}, None]
    assert done.asked == [("call", ["ticket", {"id": 7}]), ("call", ["all", {}])]


def test_hashes() -> None:
    done = run(
        "function run() { return [security.hash('secret'), security.compare('secret', 'hash')]; }",
        answers=["hash", True],
    )
    assert done.value == ["hash", True]
    assert done.asked == [("hash", ["secret"]), ("compare", ["secret", "hash"])]


def test_settings() -> None:
    settings = {"Config": {"a": {"b": [1]}}, "CONSTS": {"apiUrl": "https://gate.example"}}
    code = "function run() { try { Config.a.b.push(2); } catch (e) { return [e.name, CONSTS.apiUrl, Config]; } }"
    assert run(code, settings=settings).value == ["TypeError", "https://gate.example", {"a": {"b": [1]}}]


@pytest.mark.parametrize("text", ["", "a", "ab", "abc", "\x00\xff\n", "x" * 1000])
def test_base64(text: str) -> None:
    encoded = base64.b64encode(text.encode("latin-1")).decode()
    assert value("[btoa(input.text), atob(input.encoded)]", given={"text": text, "encoded": encoded}) == [encoded, text]


@pytest.mark.parametrize("expression", ["btoa('€')", "atob('a')", "atob('ab%=')", "atob('abcde')"])
def test_no_base64(expression: str) -> None:
    failure = run(f"function run() {{ return {expression}; }}").failed()
    assert failure.name == "InvalidCharacterError"


def test_base64_is_forgiving() -> None:
    assert value("[atob(' Y W\\nJj '), atob('YQ'), atob('YQ==')]") == ["abc", "a", "a"]


LINES = {
    "'text', 1, true, null, undefined": "text 1 true null undefined",
    "{ a: 1, b: 'x', 'c-d': [1, [2]] }": '{ a: 1, b: "x", "c-d": [ 1, [ 2 ] ] }',
    "[], {}, [,1]": "[] {} [ <empty>, 1 ]",
    "new Date(0), /a/gi, () => 1, function named() {}": (
        "1970-01-01T00:00:00.000Z /a/gi [Function: anonymous] [Function: named]"
    ),
    "new Map([[{ a: 1 }, 2]]), new Set(['x'])": 'Map(1) { { a: 1 } => 2 } Set(1) { "x" }',
    "new (class Ticket { id = 1 })()": "Ticket { id: 1 }",
    "10n, Symbol('s'), -0, NaN": "10n Symbol(s) -0 NaN",
    "{ get a() { throw 1; } }": "{ a: [Getter] }",
    "{ a: { b: { c: { d: { e: 1 } } } } }": "{ a: { b: { c: { d: [Object] } } } }",
    "[...Array(102).keys()].length, Array(102).fill(0)": f"102 [ {'0, ' * 100}… 2 more ]",
    "Object.create(null)": "{}",
    "((a) => (a.self = a))({})": "{ self: [Circular] }",
    "new Uint8Array([1, 2])": "Uint8Array { 0: 1, 1: 2 }",
}


@pytest.mark.parametrize("given", LINES)
def test_line(given: str) -> None:
    done = run(f"function run() {{ console.log({given}); }}")
    assert done.lines == [("log", LINES[given])]


def test_line_of_an_error() -> None:
    done = run("function run() {\n  console.error('failed:', new TypeError('x'));\n}")
    assert done.lines == [("error", "failed: TypeError: x\n    at run (actions/tidy.js:2:32)")]


def test_levels() -> None:
    done = run(
        "function run() { for (const level of ['log', 'info', 'debug', 'warn', 'error']) console[level](level); }"
    )
    assert done.lines == [("log", "log"), ("log", "info"), ("log", "debug"), ("warn", "warn"), ("error", "error")]


def test_lines_are_bounded() -> None:
    done = run("function run() { console.log('x'.repeat(100000), 'y'.repeat(100000)); }")
    ((_, text),) = done.lines
    assert len(text) == 8193
    assert text.endswith("…")


def test_random_numbers() -> None:
    code = "function run() { return Array.from({ length: 1000 }, Math.random); }"
    numbers = run(code).value
    assert all(0 <= number < 1 for number in numbers)
    assert len(set(numbers)) == 1000
    assert 400 < sum(number < 0.5 for number in numbers) < 600
    assert not set(numbers) & set(run(code).value)


def test_random_bytes() -> None:
    code = "[crypto.randomUUID(), crypto.randomUUID(), [...crypto.getRandomValues(new Uint8Array(64))]]"
    first, second, filled = value(code)
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", first)
    assert first != second
    assert len(set(filled)) > 32
    view = "(() => { const all = new Uint16Array(8); crypto.getRandomValues(all.subarray(2, 6)); return [...all]; })()"
    assert [index for index, number in enumerate(value(view)) if number == 0][:2] == [0, 1]


def test_globals_can_be_replaced() -> None:
    assert value("(() => { moment = 1; globalThis._ = 2; return [moment, _]; })()") == [1, 2]
    assert run("const _ = { mine: true };\nfunction run() { return _; }").value == {"mine": True}
    assert run("function uuid() { return 'mine'; }\nfunction run() { return uuid(); }").value == "mine"
