"""Actions on demand by their address: Backand's statuses, and the JSON that GraphQL answers."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlencode

import httpx
import jwt
import pytest
import pytest_asyncio

from tests.web.actions_project import write
from tests.web.conftest import SECRET, FakeGateway, Running, running
from tidegate.app import Gateway
from tidegate.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/1/objects/action"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    folder = tmp_path_factory.mktemp("actions")
    write(folder)
    gateway = Gateway.load(folder, {})
    await gateway.open()
    try:
        async with running(cast("FakeGateway", gateway), Settings(port=0)) as site:
            yield site
    finally:
        await gateway.close()


def token(user: str = "ada", role: str = "customer", **changes: Any) -> dict[str, str]:
    claims = {"sub": user, "role": role, "email": f"{user}@example.com", "exp": int(time.time()) + 6000, **changes}
    return {"authorization": f"Bearer {jwt.encode(claims, SECRET, 'HS256')}"}


ADA, ADMIN = token(), token("kim", "admin")


async def ask(site: Running, path: str, method: str = "GET", parameters: Any = ..., **more: Any) -> httpx.Response:
    """`path` holds the name: `tickets/1?name=tell`."""
    query = "" if parameters is ... else "&" + urlencode({"parameters": json.dumps(parameters)})
    headers = more.pop("headers", ADA)
    return await site.client.request(method, f"{PATH}/{path}{query}", headers=headers, **more)


async def graphql(site: Running, text: str, headers: dict[str, str] = ADA, **variables: Any) -> Any:
    body = {"query": text, "variables": variables}
    return (await site.client.post("/graphql", json=body, headers=headers)).json()


VALUES: list[Any] = [
    0,
    -1.5,
    1e100,
    2**53,
    "",
    'é🏃\u2028\x01\n\\"</script>',
    True,
    False,
    [],
    {},
    [None, [1, {"a": None}]],
    {"z": 1, "a": {"ä": [True]}, "": 0, "__proto__": 1},
    "null",
    0.1 + 0.2,
    list(range(500)),
]


@pytest.mark.parametrize("value", VALUES, ids=str(list(range(len(VALUES)))).strip("[]").split(", "))
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_the_same_json_as_graphql(site: Running, value: Any, method: str) -> None:
    said = await site.client.post(
        "/graphql",
        json={"query": "mutation ($v: JSON) { ticketsGive(value: $v) }", "variables": {"v": value}},
        headers=ADA,
    )
    response = await ask(site, "tickets?name=give", method, {"value": value})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.content == said.content.removeprefix(b'{"data":{"ticketsGive":').removesuffix(b"}}")
    assert response.json() == value or "__proto__" in value


async def test_nothing_returned_is_an_empty_answer(site: Running) -> None:
    for parameters in (..., {}, {"value": None}, None):
        response = await ask(site, "tickets?name=give", parameters=parameters)
        assert (response.status_code, response.content) == (200, b"")
        assert response.headers["content-length"] == "0"
    assert await graphql(site, "mutation { ticketsGive }") == {"data": {"ticketsGive": None}}


async def test_what_a_program_is_given(site: Running) -> None:
    body = {"title": "new", "level": 7, "more": {"x": 1}}
    response = await ask(site, "tickets/1?name=tell", "POST", json=body)
    assert response.json() == {
        # A declared parameter that is also a field is both.
        "userInput": {"title": "new", "level": 7},
        "dbRow": {"id": 1, "title": "one", "level": 3, "owner": "ada", "secret": "s1"},
        "parameters": {"level": 7, "more": {"x": 1}},
        "who": "ada@example.com",
        "role": "customer",
    }
    response = await ask(site, "tickets/?name=tell", "PUT", {"level": 1}, json={"level": 2, "id": 1})
    told = response.json()
    assert (told["userInput"], told["parameters"], told["dbRow"]) == ({"level": 2, "id": 1}, {"level": 1}, None)
    # A body is looked at where it may have one.
    told = (await ask(site, "tickets/1/?name=tell", "DELETE", json={"level": 2})).json()
    assert (told["userInput"], told["parameters"]) == ({}, {})
    assert (await ask(site, "tickets?name=tell&returnObject=true&x=1&x=2")).status_code == 200


async def test_parameters_are_typed(site: Running) -> None:
    given: dict[str, Any] = {"n": 1, "box": {"wide": 2, "colours": "RED"}, "colours": ["GREEN"], "big": 2**60}
    response = await ask(site, "tickets?name=typed", parameters=given)
    text = "mutation ($n: Int!, $box: Box, $colours: [Colour!], $big: BigInt)"
    text += " { ticketsTyped(n: $n, box: $box, colours: $colours, big: $big) }"
    assert response.json() == (await graphql(site, text, **given))["data"]["ticketsTyped"]
    assert response.json() == {
        "n": 1,
        "text": "hello",
        "box": {"wide": 2, "colours": ["RED"]},
        "colours": ["GREEN"],
        "big": str(2**60),
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, 'typed needs the parameter "n".'),
        ({"n": None}, 'The parameter "n" cannot be used.'),
        ({"n": "1"}, 'The parameter "n" cannot be used.'),
        ({"n": 1.5}, 'The parameter "n" cannot be used.'),
        ({"n": 1, "m": 1}, 'typed has no parameter "m".'),
        ({"n": 1, "id": 1}, 'typed has no parameter "id".'),
        ({"n": 1, "colours": ["RED", "BLUE"]}, 'The parameter "colours[1]" cannot be used.'),
        ({"n": 1, "box": {"wide": True}}, 'The parameter "box.wide" cannot be used.'),
        ({"n": 1, "box": {}}, 'The parameter "box.wide" cannot be used.'),
        ([], "The parameters are not a JSON object."),
        ("x", "The parameters are not a JSON object."),
        (1, "The parameters are not a JSON object."),
    ],
)
async def test_parameters_that_do_not_fit(site: Running, given: Any, message: str) -> None:
    response = await ask(site, "tickets?name=typed", parameters=given)
    assert (response.status_code, response.headers["content-type"]) == (417, "text/plain; charset=utf-8")
    assert response.text.startswith(message)


@pytest.mark.parametrize(
    "text", ["{", "{'a':1}", "NaN", "{}{}", "[" * 70 + "]" * 70, '{"n":' + "9" * 30 + "}", '"\\ud800"']
)
async def test_parameters_that_are_no_json(site: Running, text: str) -> None:
    response = await ask(site, f"tickets?name=typed&parameters={quote(text)}")
    assert (response.status_code, response.text) == (417, "The parameters are not a JSON object.")


async def test_a_thrown_error_is_417_and_its_message(site: Running) -> None:
    for message in ("No.", "é🏃 <b>\n\tsecond line", "x" * 3000, ""):
        response = await ask(site, "tickets?name=fails", parameters={"message": message}, headers={})
        assert (response.status_code, response.headers["content-type"]) == (417, "text/plain; charset=utf-8")
        assert response.headers["backand-action-guid"]
        said = await graphql(site, "mutation ($m: String!) { ticketsFails(message: $m) }", {}, m=message)
        assert said["errors"][0]["extensions"]["code"] == "ACTION_FAILED"
        assert response.text[:400] == said["errors"][0]["message"][:400]
    assert (await ask(site, "tickets?name=open")).headers["backand-action-guid"]


def code(response: httpx.Response) -> str:
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    (error,) = response.json()["errors"]
    return str(error["extensions"]["code"])


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nothing?name=tell", "Action not found, or is not on demand"),
        ("tickets?name=nothing", "Action not found, or is not on demand"),
        ("tickets?name=tidy", "Action not found, or is not on demand"),
        ("Tickets?name=tell", "Action not found, or is not on demand"),
        ("?name=tell", "Action not found, or is not on demand"),
        ("tickets", "actionName is missing"),
        ("tickets?name=", "actionName is missing"),
        ("tickets/99?name=tell", "There is no such row."),
        ("tickets/2?name=tell", "There is no such row."),
        ("tickets/one?name=tell", "There is no such row."),
        ("tickets/1/1?name=tell", "There is no such row."),
        ("tickets/99999999999?name=tell", "There is no such row."),
        ("tickets/%C3%A9?name=tell", "There is no such row."),
        ("votes/1?name=points", "There is no such row."),
        ("votes/1/nobody?name=points", "There is no such row."),
        ("tickets/%ff?name=tell", "There is nothing at this address."),
    ],
)
async def test_what_is_not_there_is_404(site: Running, path: str, message: str) -> None:
    response = await ask(site, path)
    assert (response.status_code, code(response)) == (404, "NOT_FOUND")
    assert response.json()["errors"][0]["message"] == message


async def test_keys(site: Running) -> None:
    strange = quote("a/b,c_d é", safe="")
    assert (await ask(site, "votes/1/ada?name=points")).json() == {"ticket": 1, "voter": "ada", "points": 5}
    assert (await ask(site, f"votes/1/{strange}?name=points")).json()["points"] == 6
    assert (await ask(site, "tags/x%2Fy?name=row", headers={})).json() == {"id": "x/y"}
    assert (await ask(site, "tags/a%20b/?name=row", headers={})).json() == {"id": "a b"}
    assert (await ask(site, "tags/a+b?name=row", headers={})).status_code == 404


async def test_who_may(site: Running) -> None:
    for headers, status, wanted in (
        ({}, 401, "UNAUTHENTICATED"),
        ({"authorization": "Bearer x.y.z"}, 401, "UNAUTHENTICATED"),
        ({"authorization": "Basic eDp5"}, 401, "UNAUTHENTICATED"),
        (token(exp=1), 401, "UNAUTHENTICATED"),
        (ADA, 403, "FORBIDDEN"),
    ):
        # What else is wrong is not told.
        response = await ask(site, "tickets/1?name=guarded", parameters={"x": 1}, headers=headers)
        assert (response.status_code, code(response)) == (status, wanted)
        assert ("www-authenticate" in response.headers) is (status == 401)
    assert (await ask(site, "tickets?name=open", headers={"cookie": "token=x"})).json() == "open"


async def test_skipped_is_an_answer_of_its_own(site: Running) -> None:
    assert (await ask(site, "tickets/1?name=guarded", headers=ADMIN)).json() == "open"
    response = await ask(site, "tickets/2?name=guarded", headers=ADMIN)
    assert (response.status_code, code(response)) == (409, "REFUSED")
    assert response.json()["errors"][0]["extensions"]["skipped"] is True


async def test_an_action_in_sql(site: Running) -> None:
    response = await ask(site, "tickets/1?name=touch", "POST", headers=ADMIN)
    assert (response.status_code, response.content) == (200, b"")
    said = await graphql(site, "{ tickets { id level } }", ADMIN)
    assert {"id": 1, "level": 4} in said["data"]["tickets"]


async def test_a_declared_type_is_held_to(site: Running) -> None:
    """With every field that is there and that the role may see."""
    seen = {"id": 1, "title": "one", "owner": "ada"}
    told = (await ask(site, "tickets/1?name=show")).json()
    assert {name: told[name] for name in seen} == seen
    assert "secret" not in told
    assert (await ask(site, "tickets/1?name=show", headers=ADMIN)).json()["secret"] == "s1"
    assert (await ask(site, "tickets?name=show")).content == b""


async def test_an_action_that_takes_too_long(site: Running) -> None:
    response = await ask(site, "tickets?name=spins", headers={})
    assert response.status_code in (417, 504)
    assert (await ask(site, "tickets?name=open", headers={})).json() == "open"


@pytest.mark.parametrize("method", ["PATCH", "HEAD", "TRACE", "PROPFIND"])
async def test_other_methods(site: Running, method: str) -> None:
    response = await ask(site, "tickets?name=open", method)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST, PUT, DELETE, OPTIONS")


async def test_bodies(site: Running) -> None:
    sent: list[tuple[bytes, str, int]] = [
        (b"", "text/plain", 200),
        (b"null", "application/json", 200),
        (b"{}", "application/json; charset=utf-8", 200),
        (b"{}", "text/plain", 415),
        (b"title=x", "application/x-www-form-urlencoded", 415),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'"x"', "application/json", 400),
        (b'{"title":"' + b"x" * 5000 + b'"}', "application/json", 413),
    ]
    for body, kind, status in sent:
        headers = {**ADA, "content-type": kind}
        response = await ask(site, "tickets?name=tell", "POST", content=body, headers=headers)
        assert response.status_code == status, (body[:20], kind)
    response = await ask(site, "tickets?name=tell&name=give")
    assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")


async def test_cors(site: Running) -> None:
    ours = {"origin": "https://app.example"}
    response = await ask(site, "tickets?name=open", headers={**ADA, **ours})
    assert response.headers["access-control-allow-origin"] == "https://app.example"
    assert response.headers["access-control-expose-headers"] == "www-authenticate, backand-action-guid"
    response = await ask(site, "tickets?name=fails", parameters={"message": "No."}, headers={**ADA, **ours})
    assert (response.status_code, response.headers["access-control-allow-origin"]) == (417, "https://app.example")
    wanted = {"access-control-request-method": "DELETE", "access-control-request-headers": "authorization"}
    response = await ask(site, "tickets?name=open", "OPTIONS", headers={**ours, **wanted})
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["access-control-allow-methods"] == "GET, POST, PUT, DELETE"
    for method in ("GET", "POST", "DELETE"):
        response = await ask(site, "tickets/1?name=touch", method, headers={**ADMIN, "origin": "https://evil.example"})
        assert (response.status_code, code(response)) == (403, "FORBIDDEN")
        assert "access-control-allow-origin" not in response.headers


async def test_after_a_reload(tmp_path: Path) -> None:
    write(tmp_path)
    gateway = Gateway.load(tmp_path, {})
    await gateway.open()
    try:
        async with running(cast("FakeGateway", gateway), Settings(port=0)) as site:
            assert (await ask(site, "tickets?name=open")).json() == "open"
            (tmp_path / "actions" / "open.js").write_text("function backandCallback() { return 'changed'; }")
            asked = asyncio.gather(*(ask(site, "tickets?name=open") for _ in range(20)))
            await gateway.reload()
            assert {response.status_code for response in await asked} == {200}
            assert (await ask(site, "tickets?name=open")).json() == "changed"
    finally:
        await gateway.close()
