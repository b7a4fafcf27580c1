"""Bad input of every kind, over real HTTP, on both databases: a GraphQL error or a 4xx, never a 5xx, nothing of the
server in any body, and nothing written."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

import httpx
import pytest

from tests.attacks.hostile_values import MUTATIONS, QUERIES, VALUES, hostile, likely_filter

# Any: the class `Desk` lives in conftest.py, and what is sent here is of every type there is.
Desk = Any

NOTHING_OF_OURS = re.compile(
    r"Traceback|site-packages|\.py\b|/work|/tmp|sqlite|asyncpg|psycopg|postgres|sqlalchemy|orjson|"
    r"SELECT |INSERT |UPDATE |DELETE FROM|json_build|json_each|tidegate_|syntax error at|near \"|no such column|"
    r"relation \"|column \"|pg_catalog|desk\.db|assignee_email|internal_note|errno|Exception|\bNone\b|KeyError",
)
"""Words that no answer may hold. Nothing that is sent holds them."""


def encoded(value: object) -> bytes:
    """JSON, lone surrogates as they are escaped."""
    return json.dumps(value, ensure_ascii=True).encode()


def check(response: httpx.Response, sent: bytes) -> list[str]:
    """The codes of its errors."""
    shown = sent[:400]
    assert response.status_code < 500, (shown, response.text)
    assert NOTHING_OF_OURS.search(response.text) is None, (shown, response.text)
    answer = response.json()
    assert isinstance(answer, dict), shown
    codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
    assert "INTERNAL" not in codes, (shown, response.text)
    if response.status_code != 200:
        assert 400 <= response.status_code < 500, shown
        assert "data" not in answer, shown
        assert codes, shown
    return codes


@pytest.mark.asyncio(loop_scope="module")
async def test_values_of_every_kind_in_queries(shared_desk: Desk, bearers: Mapping[str, str]) -> None:
    before = await shared_desk.tables()
    random = Random(20261121)
    bodies = [
        encoded({"query": query, "variables": dict.fromkeys(names, value)})
        for query, names in QUERIES
        for value in random.sample(VALUES, 12)
    ]
    for _ in range(75):
        query, names = random.choice(QUERIES)
        bodies.append(encoded({"query": query, "variables": {name: hostile(random) for name in names}}))
    for _ in range(100):
        query = random.choice(QUERIES)[0] if random.random() < 0.2 else QUERIES[7][0]
        bodies.append(encoded({"query": query, "variables": {"v": likely_filter(random)}}))

    async def send(some: list[bytes]) -> None:
        for body in some:
            check(await shared_desk.send(body, bearers["sam"]), body)

    await asyncio.gather(*(send(bodies[start::8]) for start in range(8)))
    assert await shared_desk.tables() == before


async def test_values_of_every_kind_in_mutations(desk: Desk, bearers: Mapping[str, str]) -> None:
    random = Random(20261122)
    sent = [(query, dict.fromkeys(names, value)) for query, names in MUTATIONS for value in random.sample(VALUES, 6)]
    for _ in range(40):
        query, names = random.choice(MUTATIONS)
        sent.append((query, {name: hostile(random) for name in names}))
    for _ in range(25):
        query, names = random.choice(MUTATIONS[-3:-1])
        sent.append((query, {"v": likely_filter(random), "w": "x"}))
    before = await desk.tables()
    for query, variables in sent:
        body = encoded({"query": query, "variables": variables})
        codes = check(await desk.send(body, bearers[random.choice(("ada", "kim"))]), body)
        after = await desk.tables()
        if codes:
            assert after == before, body[:400]
        before = after


NO_VARIABLES: tuple[Any, ...] = (1, "x", True, [], [{}], 1.5)
NO_NAMES: tuple[Any, ...] = (1, True, [], {}, "no", "\0", "\ud800")
ID = "query($v: ID!) { ticket(id: $v) { id } }"


def bodies() -> Iterator[bytes]:
    create = 'mutation { createTicket(title: "x", description: "x") { id } }'
    yield from (b"", b" ", b"null", b"1", b'"x"', b"[]", b"[{}]", b"{}", b"{", b"}", b"{]", b"nul", b"\x00", b"\xff")
    yield from (b'{"query": "\xff"}', b'{"query": "\xed\xa0\x80"}', b"\xef\xbb\xbf{}", "{}".encode("utf-16"))
    yield from (b'{"query": NaN}', b'{"query": Infinity}', b"{'query': 1}", b'{"query": "{ a }",}', b'{"a": 1} x')
    yield from (encoded({"query": bad}) for bad in VALUES)
    yield from (encoded({"query": create, "variables": bad}) for bad in NO_VARIABLES)
    yield from (encoded({"query": create, "operationName": bad}) for bad in NO_NAMES)
    yield from (encoded({"query": create, "extensions": bad}) for bad in NO_VARIABLES)
    yield encoded([{"query": create}, {"query": create}])
    yield encoded({"query": f"mutation A {create[9:]} mutation B {create[9:]}"})
    yield b"[" * 100_000
    yield b'{"a":' * 50_000
    yield b'{"query": "{ openTickets }", "variables": ' + b"[" * 5000 + b"]" * 5000 + b"}"
    yield b'{"query": "{ openTickets }", "variables": {"v": ' + b"9" * 100_000 + b"}}"
    yield b'{"query": "' + ID.encode() + b'", "variables": {"v": ' + b"9" * 4000 + b"}}"
    yield b'{"query": "' + ID.encode() + b'", "variables": {"v": 1e' + b"9" * 400 + b"}}"
    yield b'{"query": "' + ID.encode() + b'", "variables": {"v": "\\ud800"}}'
    yield gzip.compress(encoded({"query": create}))
    yield encoded({"query": create, "x": "x" * 1_500_000})
    yield encoded({"query": f'mutation {{ createTicket(title: "{"x" * 10_000_000}", description: "x") {{ id }} }}'})
    yield encoded({"query": ID, "variables": {"v": "x" * 10_000_000}})


DOCUMENTS = (
    "",
    " ",
    "{",
    "}",
    "{}",
    "{ }",
    "query",
    "mutation",
    "{ a",
    "{ ... }",
    "#",
    "\x00",
    "\ufeff",
    "{ \x00 }",
    "{ nothing }",
    "{ tickets { id } }",
    "{ ticket { id } }",
    "{ ticket(id: 1) }",
    "{ openTickets { x } }",
    "{ ticket(id: 1, email: 2) { id } }",
    "{ ticket(id: {}) { id } }",
    "{ ticket(id: [1]) { id } }",
    "{ ticket(id: $v) { id } }",
    "query($v: Nothing) { openTickets }",
    "query($v: ID = {}) { openTickets }",
    "query($v: Ticket) { openTickets }",
    "subscription { openTickets }",
    "query { ...F }",
    "fragment F on X",
    "{ ...F } fragment F on Query { ...F }",
    "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
    "{ openTickets @skip }",
    "{ openTickets @no }",
    "{ openTickets @minRole(role: 1) }",
    "{ __proto__ }",
    "{ myTickets(first: 99999999999999999999) { id } }",
    "{ myTickets(first: 1e5) { id } }",
    '{ myTickets(first: "1") { id } }',
    "{ myTickets(first: -1) { id } }",
    "{ myTickets(status: X) { id } }",
    '{ myTickets(status: "Todo") { id } }',
    '{ search(q: "\\uD800") { id } }',
    '{ search(q: "\\u{1}") { id } }',
    '{ search(q: "\\x") { id } }',
    '{ search(q: """\\u0000""") { id } }',
    '{ search(q: "a\nb") { id } }',
    '{ allTickets(after: "x") { totalCount nodes { id } } }',
    '{ allTickets(after: "") { nodes { id } } }',
    "{ allTickets(orderBy: [id]) { totalCount } }",
    "{ allTickets(orderBy: [[id_ASC]]) { totalCount } }",
    "{ allTickets(where: []) { totalCount } }",
    "{ allTickets(where: {x: 1}) { totalCount } }",
)


def documents() -> Iterator[str]:
    yield from DOCUMENTS
    yield "{ allTickets(where: {and: " + "[{and: " * 60 + "[]" + "}]" * 60 + "}) { totalCount } }"
    yield "{ allTickets(where: {not: " + "{not: " * 60 + "{}" + "}" * 60 + "}) { totalCount } }"
    yield "{ allTickets(where: " + "{author: {tickets: " * 40 + "{}" + "}}" * 40 + ") { totalCount } }"
    yield "{ allTickets(where: {or: [" + "{id: {eq: 1}}, " * 3000 + "]}) { totalCount } }"
    yield "{ allTickets(orderBy: [" + "id_ASC, title_DESC, " * 500 + "]) { totalCount } }"
    yield "{ " + "".join(f"a{index}: openTickets " for index in range(2000)) + "}"
    yield "{ " + "people { tickets { author " * 300 + "{ id }" + "}}" * 300 + "}"
    yield "{ __schema { types " + "{ fields { type { ofType " * 30 + "{ name }" + "}}}" * 30 + "}}"
    yield "{ openTickets " + "@skip(if: false) " * 2000 + "}"
    yield "query(" + "".join(f"$v{index}: Int " for index in range(3000)) + ") { openTickets }"
    yield "{ ".ljust(900_000, " ")
    yield "{ search(q: " + "[" * 3000 + "]" * 3000 + ") { id } }"
    yield "{ " * 100_000


@pytest.mark.asyncio(loop_scope="module")
async def test_bad_bodies_and_documents(shared_desk: Desk, bearers: Mapping[str, str]) -> None:
    before = await shared_desk.tables()
    sent = [*bodies(), *(encoded({"query": document}) for document in documents())]
    for body in sent:
        response = await shared_desk.send(body, bearers["kim"])
        codes = check(response, body)
        assert codes or response.status_code == 200, body[:200]
    assert await shared_desk.tables() == before


@pytest.mark.asyncio(loop_scope="module")
async def test_bad_addresses(shared_desk: Desk, bearers: Mapping[str, str]) -> None:
    before = await shared_desk.tables()
    client = shared_desk.site.client
    for address in (
        "/graphql",
        "/graphql?",
        "/graphql?query=",
        "/graphql?query=%00",
        "/graphql?query=%ff%fe",
        "/graphql?query=%7B%20openTickets%20%7D&variables=%7B",
        "/graphql?query=%7B%20openTickets%20%7D&variables=[]",
        "/graphql?query=%7B%20openTickets%20%7D&variables=" + "%5B" * 5000,
        "/graphql?query=%7B%20openTickets%20%7D&query=%7B%20people%20%7B%20id%20%7D%20%7D",
        "/graphql?query=mutation%20%7B%20deleteTicket(id:1)%20%7B%20id%20%7D%20%7D",
        "/graphql?query=" + "%7B" * 3000,
        "/graphql/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/" + "a" * 3000,
        "/%00",
        "/health%0d%0ax: y",
    ):
        for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE", "FOO"):
            response = await client.request(method, address, headers={"authorization": f"Bearer {bearers['kim']}"})
            assert response.status_code < 500, (method, address)
            assert NOTHING_OF_OURS.search(response.text) is None, (method, address, response.text)
    for headers in (
        {"content-type": "text/plain"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-encoding": "gzip"},
        {"accept": "text/html;q=zz"},
        {"accept": "image/png"},
        {"accept": "," * 3000},
        {"origin": "https://evil.example"},
        {"x-plasmic-data-user-auth-token": "x"},
    ):
        named = {"content-type": "application/json", "authorization": f"Bearer {bearers['kim']}", **headers}
        response = await client.post("/graphql", content=encoded({"query": "{ no }"}), headers=named)
        assert response.status_code < 500, headers
        assert NOTHING_OF_OURS.search(response.text) is None, (headers, response.text)
    assert await shared_desk.tables() == before


@pytest.mark.asyncio(loop_scope="module")
async def test_between_with_other_than_two_ends(shared_desk: Desk) -> None:
    query = "query($v: TicketFilter) { allTickets(where: $v) { totalCount } }"
    for field, ends in (("id", ["1", "3"]), ("createdAt", ["2026-11-01T00:00:00Z", "2026-11-04T00:00:00Z"])):
        for number in (2, 1, 0, 3, 2):
            where = {field: {"between": (ends + ends)[:number]}}
            assert await shared_desk.codes("sam", query, v=where) == ([] if number == 2 else ["BAD_USER_INPUT"]), (
                field,
                number,
            )
