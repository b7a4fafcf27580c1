"""Tokens that are not good, and what a client can learn of the server: on both databases, over real HTTP."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tidegate.core.integration import Integration, Session

# Any: the class `Desk` lives in conftest.py; claims are JSON.
Desk = Any

ALL = "{ openTickets allTickets { totalCount } myTickets { id } me { id } }"
WRITE = 'mutation { createTicket(title: "x", description: "x") { id } }'


class Counting:
    """Passes everything on to an integration and counts the sessions that are asked for: nothing reaches the database
    in another way."""

    def __init__(self, inner: Integration) -> None:
        self.inner = inner
        self.sessions = 0

    def session(self, *, writes: bool) -> AbstractAsyncContextManager[Session]:
        self.sessions += 1
        return self.inner.session(writes=writes)

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


@pytest.fixture
def counting(shared_desk: Desk) -> Iterator[Counting]:
    integrations = shared_desk.gateway.catalog.integrations
    counting = Counting(integrations["db"])
    integrations["db"] = counting
    yield counting
    integrations["db"] = counting.inner


def encoded(value: object) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def bad_tokens(desk: Desk) -> dict[str, str]:
    token: Callable[..., str] = desk.token
    now = int(time.time())
    good = token("kim")
    head, payload, signature = good.split(".")
    claims = {"sub": "6", "email": "kim@desk.example", "role": "admin", "aud": "servicedesk", "exp": now + 600}
    return {
        "forged": token("kim", secret="another secret, of more than 32 bytes too"),
        "a short secret": token("kim", secret="x" * 32),
        "expired": token("kim", exp=now - 60),
        "expired long ago": token("kim", exp=0),
        "never expires": token("kim", exp=...),
        "expires in words": token("kim", exp="tomorrow"),
        "expires at the end of time": token("kim", exp=10**400),
        "not yet": token("kim", nbf=now + 600),
        "issued tomorrow": token("kim", iat=now + 86400),
        "another audience": token("kim", aud="another"),
        "no audience": token("kim", aud=...),
        "a prefix of the audience": token("kim", aud="service"),
        "nobody": token("kim", sub=...),
        "nobody's name": token("kim", sub=""),
        "alg none": token("kim", secret="", algorithm="none"),
        "alg none by hand": f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{encoded(claims)}.",
        "alg nOnE with the signature": f"{encoded({'alg': 'nOnE'})}.{payload}.{signature}",
        "no alg": f"{encoded({'typ': 'JWT'})}.{payload}.{signature}",
        "alg a list": f"{encoded({'alg': ['HS256']})}.{payload}.{signature}",
        "another alg": token("kim", secret=desk.secret * 2, algorithm="HS512"),
        "an embedded key": f"{encoded({'alg': 'HS256', 'jwk': {'kty': 'oct', 'k': 'eA'}})}.{payload}.{signature}",
        "a file for a key": f"{encoded({'alg': 'HS256', 'kid': '../../etc/passwd'})}.{payload}.{signature}",
        "claims changed": f"{head}.{encoded({**claims, 'role': 'root'})}.{signature}",
        "no signature": f"{head}.{payload}.",
        "two parts": f"{head}.{payload}",
        "four parts": f"{good}.{signature}",
        "a bit flipped": good[:-2] + ("A" if good[-2] != "A" else "B") + good[-1],
        "claims a list": f"{head}.{encoded([1])}.{signature}",
        "dots": "..",
        "not base64": "!.!.!",
        "long": "a" * 20_000,
        "a word": "x",
    }


@pytest.mark.asyncio(loop_scope="module")
async def test_bad_tokens_are_unauthenticated_and_never_reach_the_database(
    shared_desk: Desk, counting: Counting
) -> None:
    before = await shared_desk.tables()
    body = json.dumps({"query": ALL}).encode()
    write = json.dumps({"query": WRITE}).encode()
    messages: set[str] = set()
    for name, bearer in bad_tokens(shared_desk).items():
        for sent in (body, write):
            for headers in (
                {"authorization": f"Bearer {bearer}"},
                {"x_plasmic_data_user_auth_token": bearer},
            ):
                response = await shared_desk.send(sent, **headers)
                if len(bearer) > 10_000 and response.status_code == 431:
                    continue
                assert response.status_code == 401, (name, response.text)
                assert response.headers["www-authenticate"].startswith("Bearer"), name
                answer = response.json()
                assert "data" not in answer, name
                assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"], name
                messages.add(answer["errors"][0]["message"])
    assert len(messages) == 1
    assert counting.sessions == 0
    assert await shared_desk.tables() == before
    assert (await shared_desk.send(body, shared_desk.token("kim"))).status_code == 200
    assert counting.sessions == 4


@pytest.mark.asyncio(loop_scope="module")
async def test_without_a_token_or_with_too_low_a_role_the_database_is_not_asked(
    shared_desk: Desk, counting: Counting
) -> None:
    for who, query, codes in (
        (None, "{ myTickets { id } }", ["UNAUTHENTICATED"]),
        (None, WRITE, ["UNAUTHENTICATED"]),
        (None, "{ a: me { id } b: people { id } c: allTickets { totalCount } }", ["UNAUTHENTICATED"]),
        ("ada", "{ allTickets { totalCount } }", ["FORBIDDEN"]),
        ("ada", "mutation { setStatus(id: 1, status: Done) { id } }", ["FORBIDDEN"]),
        ("ada", "{ ticket(id: 1) { internalNote } }", ["FORBIDDEN"]),
        ("ada", "mutation { deleteTicket(id: 1) { id } }", ["FORBIDDEN"]),
        ("sam", "mutation { deleteTicket(id: 1) { id } }", ["FORBIDDEN"]),
    ):
        assert set(await shared_desk.codes(who, query)) == set(codes), query
    assert counting.sessions == 0


@pytest.mark.asyncio(loop_scope="module")
async def test_a_role_that_the_project_does_not_know_is_the_lowest(shared_desk: Desk) -> None:
    body = json.dumps({"query": "{ openTickets myTickets { id } }"}).encode()
    for role in ("root", "Admin", "admin ", ["root"], {"admin": True}, 3, True, "customer,admin"):
        response = await shared_desk.send(body, shared_desk.token("kim", role=role))
        assert [error["extensions"]["code"] for error in response.json().get("errors", ())] == ["FORBIDDEN"], role


@pytest.mark.asyncio(loop_scope="module")
async def test_identity_of_odd_shapes_finds_nothing(shared_desk: Desk) -> None:
    body = json.dumps({"query": "{ myTickets { id } ticketCount me { id } people { id team } }"}).encode()
    emails: tuple[Any, ...] = (
        ...,
        None,
        "",
        [],
        {},
        ["ada@acme.example"],
        1,
        True,
        "%",
        "*",
        "ada@acme.example ",
        "\0",
        "\ud800",
    )
    for email in emails:
        for org in (..., None, {}, {"team": None}, {"team": ["acme"]}, {"team": {"ne": ""}}, {"team": "%"}, "acme"):
            response = await shared_desk.send(body, shared_desk.token("ada", email=email, org=org))
            assert response.status_code in (200, 401), response.text
            assert "INTERNAL" not in response.text, (email, org, response.text)
            data = response.json().get("data")
            if data is not None:
                assert (data["myTickets"], data["ticketCount"], data["me"]) == ([], 0, None), (email, org)
                assert all(person["team"] is None for person in data["people"]), (email, org)


@pytest.mark.asyncio(loop_scope="module")
async def test_the_api_shows_nothing_of_the_server(shared_desk: Desk) -> None:
    types = "fields { name description args { name description defaultValue } } inputFields { name defaultValue }"
    directives = "directives { name args { name } }"
    query = f"{{ __schema {{ types {{ name description enumValues {{ name }} {types} }} {directives} }} }}"
    shown = json.dumps(await shared_desk.data(None, query)) + shared_desk.gateway.api.sdl
    for word in (
        *(
            "currentUser",
            "$args",
            "org.team",
            "servicedesk",
            "JWT_SECRET",
            "desk.db",
            "sqlite",
            "postgres",
            "migrations",
        ),
        *(
            "select ",
            "lower(",
            " like '",
            "ticket_ages",
            "average_age",
            "assignee_email",
            "internal_note",
            "created_at",
        ),
        *("ticket_id", '"body"', "users_email", "@acme", "@desk", "identity", "tidegate.yaml"),
    ):
        assert word not in shown, word
    fields = [
        field for type in (await shared_desk.data(None, query))["__schema"]["types"] for field in type["fields"] or ()
    ]
    arguments = {argument["name"] for field in fields for argument in field["args"]}
    assert not arguments & {"email", "role", "currentUser", "team", "user"}
