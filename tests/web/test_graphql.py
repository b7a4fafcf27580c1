"""`/graphql` from outside: every request gets a GraphQL answer or a 4xx, and never a 5xx for what it says."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import jwt
import pytest
import pytest_asyncio

from tests.web.conftest import SECRET, Running, make_gateway, running
from tidegate.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

GRAPHQL = "application/graphql-response+json"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[Running]:
    """One server for all of this file: starting and stopping one takes longer than most tests."""
    async with running(make_gateway(), Settings(port=0)) as site:
        yield site


@pytest.fixture
def site(shared: Running) -> Running:
    shared.gateway.users.clear()
    shared.gateway.written = 0
    return shared


def token(**changes: Any) -> str:
    claims = {"sub": "ada", "role": "admin", "exp": int(time.time()) + 600, **changes}
    return jwt.encode({name: value for name, value in claims.items() if value is not ...}, SECRET, "HS256")


def code(response: httpx.Response) -> str:
    """The code of the only error of an answer without data."""
    assert response.headers["content-type"].endswith("json; charset=utf-8")
    body = response.json()
    assert set(body) == {"errors"}
    (error,) = body["errors"]
    return str(error["extensions"]["code"])


async def test_a_query(site: Running) -> None:
    response = await site.ask("{ hello }")
    assert (response.status_code, response.json()) == (200, {"data": {"hello": "world"}})
    headers = dict(response.headers)
    assert headers.pop("date")
    assert headers == {
        "content-type": "application/json; charset=utf-8",
        "content-length": "26",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "vary": "accept",
    }


async def test_variables_and_operation_names(site: Running) -> None:
    body = {
        "query": "query A { hello } query B($t: String, $n: Int) { echo(text: $t, number: $n) }",
        "operationName": "B",
        "variables": {"t": "é\0🏃", "n": 5},
        "extensions": {"x": 1},
        "unknown": [1],
    }
    response = await site.client.post("/graphql", json=body)
    assert json.loads(response.json()["data"]["echo"]) == {"text": "é\0🏃", "number": 5}
    for media, status in (("application/json", 200), (GRAPHQL, 400)):
        ambiguous = {**body, "operationName": None}
        response = await site.client.post("/graphql", json=ambiguous, headers={"accept": media})
        assert (response.status_code, "data" in response.json()) == (status, False)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"1",
        b"true",
        b'"{ hello }"',
        b"{ hello }",
        b"[]",
        b'[{"query":"{ hello }"}]',
        b"{}",
        b'{"query":null}',
        b'{"query":1}',
        b'{"query":["{ hello }"]}',
        b'{"query":"{ hello }","variables":[]}',
        b'{"query":"{ hello }","variables":"{}"}',
        b'{"query":"{ hello }","variables":1}',
        b'{"query":"{ hello }","operationName":1}',
        b'{"query":"{ hello }","operationName":{}}',
        b'{"query":"{ hello }","extensions":[]}',
        b'{"query":"{ hello }","extensions":"x"}',
        b'{"query":"{ hello }"',
        b'{"query":"{ hello }"}{"query":"{ hello }"}',
        b'{"query":"{ \xff }"}',
        b"\xff\xfe\x00",
        gzip.compress(b'{"query":"{ hello }"}', mtime=0),
        b"[" * 100_000,
        b'{"query":"{ hello }","variables":' + b'{"a":' * 100_000,
        b'{"query":"{ hello }","variables":{"a":' + b"[" * 500 + b"]" * 500 + b"}}",
        b'{"query":"{ hello }","variables":{"n":' + b"9" * 5000 + b"}}",
        b'{"query":"{ hello }","variables":{"n":99999999999999999999}}',
        b'{"query":"{ hello }","variables":{"t":"\\ud800"}}',
        b'{"query":"{ hello }","variables":{"t":NaN}}',
        b"--x\r\nContent-Disposition: form-data; name=operations\r\n\r\n{}\r\n--x--",
    ],
)
async def test_bad_bodies(site: Running, content: bytes) -> None:
    for accept in ("*/*", GRAPHQL):
        response = await site.send(content, accept=accept)
        assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")
    assert not site.gateway.users


@pytest.mark.parametrize(
    "query", ["", "{", "\0", "{ hello \0 }", "query", "{ nope }", "\ufeff", "{ echo(number: " + "9" * 5000 + ") }", "#"]
)
async def test_documents_that_cannot_be_executed(site: Running, query: str) -> None:
    for media, status in (("application/json", 200), (GRAPHQL, 400)):
        response = await site.client.post("/graphql", json={"query": query}, headers={"accept": media})
        assert response.status_code == status
        assert response.headers["content-type"] == f"{media}; charset=utf-8"
        assert set(response.json()) == {"errors"}


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/jsonx",
        "application/json-patch+json",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "application/json, text/plain",
        "json",
        "",
    ],
)
async def test_other_content_is_not_looked_at(site: Running, kind: str) -> None:
    response = await site.send('{"query":"mutation { write }"}', content_type=kind)
    assert (response.status_code, code(response)) == (415, "BAD_USER_INPUT")
    assert response.headers["accept-post"] == "application/json"
    assert site.gateway.written == 0


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON", 'application/json;charset="UTF-8"', "application/json ; x=y"]
)
async def test_json_by_any_spelling(site: Running, kind: str) -> None:
    assert (await site.send('{"query":"{ hello }"}', content_type=kind)).status_code == 200


async def test_no_content_type_and_two(site: Running) -> None:
    request = site.client.build_request("POST", "/graphql", content=b'{"query":"{ hello }"}')
    assert (await site.client.send(request)).status_code == 415
    request.headers = httpx.Headers([*request.headers.items(), *[("content-type", "application/json")] * 2])
    response = await site.client.send(request)
    assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")


async def test_compressed_bodies_are_not_unpacked(site: Running) -> None:
    for encoding in ("gzip", "deflate", "br", "gzip, identity", "x"):
        response = await site.send(gzip.compress(b'{"query":"{ hello }"}', mtime=0), content_encoding=encoding)
        assert (response.status_code, response.headers["accept-encoding"]) == (415, "identity")
    assert (await site.send('{"query":"{ hello }"}', content_encoding="Identity")).status_code == 200


async def test_the_answers_form_is_negotiated(site: Running) -> None:
    response = await site.ask("{ hello }", accept=f"{GRAPHQL}, application/json;q=0.9")
    assert response.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"
    for accept in ("text/html", "text/event-stream;q=0", "application/json;q=0", "application/json;charset=utf-16"):
        response = await site.ask("{ hello }", accept=accept)
        assert (response.status_code, code(response)) == (406, "BAD_USER_INPUT")
    twice = [("accept", "text/html"), ("accept", GRAPHQL)]
    response = await site.client.post("/graphql", json={"query": "{ hello }"}, headers=twice)
    assert response.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"


async def test_get(site: Running) -> None:
    async def get(query_string: str, **headers: str) -> httpx.Response:
        return await site.client.get(f"/graphql?{query_string}", headers=headers)

    assert (await get("query=%7B+hello%20%7D")).json() == {"data": {"hello": "world"}}
    asked = {"query": "query A { hello } query B($t: String) { echo(text: $t) }", "operationName": "B"}
    response = await get(urlencode({**asked, "variables": '{"t":"é+&"}', "extensions": "", "other": "x"}))
    assert json.loads(response.json()["data"]["echo"]) == {"text": "é+&"}
    head = await site.client.head("/graphql?query={hello}")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "26")
    for bad in (
        "",
        "query=",
        "query",
        "query={hello}&query={hello}",
        "query={hello}&variables=[]",
        "query={hello}&variables={",
        "query={hello}&variables=1",
        "query={hello}&variables=" + "[" * 5000,
        "query={hello}&variables={%22a%22:" + "9" * 5000 + "}",
        "query=%ff",
        "query=%ED%A0%80",
        "&".join(f"a{number}=" for number in range(30)),
    ):
        response = await get(bad)
        assert response.status_code in (200, 400)
        assert set(response.json()) == {"errors"}
        if bad not in ("query=", "query"):
            assert response.status_code == 400


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("mutation { write }", None),
        ("mutation M { write }", "M"),
        ("query Q { hello } mutation M { write }", "M"),
        ("fragment F on Mutation { write } mutation { ...F }", None),
        (" #\n,mutation{write}", None),
    ],
)
async def test_get_never_writes(site: Running, query: str, name: str | None) -> None:
    for method in ("GET", "HEAD"):
        parameters = {"query": query} | ({"operationName": name} if name else {})
        response = await site.client.request(method, "/graphql", params=parameters)
        assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert site.gateway.written == 0
    assert (await site.client.post("/graphql", json={"query": "mutation { write }"})).json() == {"data": {"write": 1}}


async def test_a_get_may_name_the_query_beside_a_mutation(site: Running) -> None:
    both = {"query": "query Q { hello } mutation M { write }", "operationName": "Q"}
    assert (await site.client.get("/graphql", params=both)).json() == {"data": {"hello": "world"}}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
async def test_other_methods(site: Running, method: str) -> None:
    response = await site.client.request(method, "/graphql", json={"query": "{ hello }"})
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, POST, OPTIONS")
    assert code(response) == "BAD_USER_INPUT"


async def test_a_body_larger_than_it_claims(site: Running) -> None:
    sent = b'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n{"query":'
    answer = await site.raw(sent + b"\r\n\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_tokens(site: Running) -> None:
    assert (await site.ask("{ hello }")).status_code == 200
    assert (await site.ask("{ hello }", authorization=f"Bearer {token()}")).status_code == 200
    assert (await site.ask("{ hello }", x_plasmic_data_user_auth_token=token(sub="bob"))).status_code == 200
    assert [user.id for user in site.gateway.users] == [None, "ada", "bob"]
    site.gateway.users.clear()
    answers = set()
    for headers in (
        {"authorization": f"Bearer {token(exp=1)}"},
        {"authorization": f"Bearer {token(exp=...)}"},
        {"authorization": f"Bearer {token(aud='other')}"},
        {"authorization": f"Bearer {token(sub='')}"},
        {"authorization": f"Bearer {token()}x"},
        {"authorization": token()},
        {"authorization": "Bearer x"},
        {"authorization": "Basic YTpi"},
        {"authorization": f"Bearer {token()}", "x-plasmic-data-user-auth-token": token(sub="eve")},
        {"x-plasmic-data-user-auth-token": "x"},
    ):
        for media in ("application/json", GRAPHQL):
            response = await site.client.post(
                "/graphql", json={"query": "{ hello }"}, headers={**headers, "accept": media}
            )
            assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
            assert response.headers["www-authenticate"] == 'Bearer realm="tidegate", error="invalid_token"'
            answers.add(response.text)
        assert (await site.client.get("/graphql?query={hello}", headers=headers)).status_code == 401
    assert len(answers) == 1
    twice = [("authorization", f"Bearer {token()}")] * 2
    assert (await site.client.post("/graphql", json={"query": "{ hello }"}, headers=twice)).status_code == 401
    assert not site.gateway.users


async def test_failures_of_the_whole_request(site: Running) -> None:
    response = await site.ask("{ fail }")
    assert (response.status_code, code(response)) == (200, "TIMEOUT")
    response = await site.ask("{ fail }", accept=GRAPHQL)
    assert (response.status_code, code(response)) == (400, "TIMEOUT")


async def test_mistakes_of_ours_stay_inside(site: Running, caplog: pytest.LogCaptureFixture) -> None:
    response = await site.ask("{ crash }")
    assert (response.status_code, code(response)) == (500, "INTERNAL")
    assert "hunter2" not in response.text
    assert response.json()["errors"][0]["extensions"]["id"] in caplog.text
    assert "hunter2" in caplog.text


async def test_other_addresses(site: Running) -> None:
    assert (await site.client.get("/healthz")).json() == {"status": "ok"}
    assert (await site.client.get("/readyz")).json() == {"status": "ready"}
    for path in ("/", "/graphql/", "/GraphQL", "/nothing", "/graphiql/react.js", quote("/..;/x"), "/%ff%00"):
        response = await site.client.get(path)
        assert (response.status_code, code(response)) == (404, "NOT_FOUND")
        assert response.headers["x-content-type-options"] == "nosniff"
    response = await site.client.post("/healthz")
    assert (response.status_code, sorted(response.headers["allow"].split(", "))) == (405, ["GET", "HEAD"])
    site.server._site.ready = False
    assert (await site.client.get("/readyz")).status_code == 503
    site.server._site.ready = True
