"""Arguments that are left out, null or empty: a read may see more for it, a write never touches more."""

from __future__ import annotations

from typing import Any

import pytest

# Any: the class `Desk` lives in conftest.py; filters are JSON.
Desk = Any

LEFT_OUT: tuple[dict[str, Any], ...] = (
    {},
    {"v": None},
    {"v": {}},
    {"v": {"id": None}},
    {"v": {"id": {}}},
    {"v": {"and": []}},
    {"v": {"or": []}},
    {"v": {"and": [{}]}},
    {"v": {"or": [{}]}},
    {"v": {"and": [{"or": [{}, {"id": {"eq": "1"}}]}]}},
    {"v": {"or": [{"id": {"eq": "1"}}, {}]}},
    {"v": {"or": [{"id": {"eq": "1"}}, {"and": []}]}},
    {"v": {"or": [{"id": {"eq": "1"}}, {"title": None}]}},
    {"v": {"not": {}}},
    {"v": {"not": None}},
    {"v": {"not": {"or": []}}},
    {"v": {"not": {"and": [{}]}}},
    {"v": {"author": {}}},
    {"v": {"author": None}},
    {"v": {"not": {"author": {}}}},
    {"v": {"author": {"tickets": {}}}},
)
"""Filters that say nothing, somewhere. `v` may be left out altogether."""

WRITES = (
    'mutation($v: TicketFilter) { retitle(where: $v, title: "x") { id } }',
    'mutation($v: TicketFilter) { retitleCounted(where: $v, title: "x") }',
    "mutation($v: TicketFilter) { removeMany(where: $v) { id } }",
    "mutation($v: TicketFilter) { removeCounted(where: $v) }",
)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("who", ["ada", "kim"])
async def test_a_write_whose_filter_says_nothing_is_refused(shared_desk: Desk, who: str) -> None:
    before = await shared_desk.tables()
    for query in WRITES:
        for variables in LEFT_OUT:
            assert await shared_desk.codes(who, query, **variables) == ["BAD_USER_INPUT"], (query, variables)
        assert await shared_desk.codes(who, query.replace("($v: TicketFilter)", "").replace("$v", "{}"))
        assert await shared_desk.codes(who, query.replace("($v: TicketFilter)", "").replace("$v", "null"))
    assert await shared_desk.tables() == before


async def test_arguments_left_out_of_an_authors_filter_do_not_widen_a_write(desk: Desk) -> None:
    before = await desk.tables()
    sent: tuple[dict[str, Any], ...] = (
        {},
        {"status": None, "ids": None, "not": None},
        {"status": "Todo"},
        {"status": "Todo", "ids": None, "not": "Done"},
        {"ids": ["1"], "not": "Done"},
        {"status": "Todo", "ids": []},
    )
    query = """mutation($status: Status, $ids: [ID!], $not: Status) {
      retitleNarrowed(status: $status, ids: $ids, not: $not, title: "x")
    }"""
    for variables in sent:
        assert await desk.codes("kim", query, **variables) == ["BAD_USER_INPUT"], variables
    assert await desk.tables() == before
    given = {"status": "Todo", "ids": [], "not": "Done"}
    assert await desk.data("grace", query, **given) == {"retitleNarrowed": 2}


@pytest.mark.asyncio(loop_scope="module")
async def test_a_read_drops_what_was_left_out(shared_desk: Desk) -> None:
    query = """query($status: Status, $title: String, $priorities: [Priority!]) {
      narrowed(status: $status, title: $title, priorities: $priorities) { id }
    }"""
    for variables, wanted in (
        ({}, "1234567"),
        ({"status": "Todo"}, "2467"),
        ({"title": "rinter"}, "16"),
        ({"status": "Todo", "title": "rinter"}, "12467"),
        ({"priorities": ["LOW"]}, "12457"),
        ({"priorities": []}, "1234567"),
        ({"priorities": None, "status": None, "title": None}, "1234567"),
        ({"status": "Todo", "priorities": ["LOW", "HIGH"]}, "27"),
    ):
        found = (await shared_desk.data("sam", query, **variables))["narrowed"]
        assert "".join(sorted(ticket["id"] for ticket in found)) == wanted, variables
        mine = (await shared_desk.data("ada", query, **variables))["narrowed"]
        assert {ticket["id"] for ticket in mine} == set(wanted) & set("123"), variables


@pytest.mark.asyncio(loop_scope="module")
async def test_a_key_that_is_left_out_finds_no_row(shared_desk: Desk) -> None:
    for query, variables in (
        ("{ maybeTicket { id } }", {}),
        ("{ maybeTicket(id: null) { id } }", {}),
        ("query($v: ID) { maybeTicket(id: $v) { id } }", {}),
        ("query($v: ID) { maybeTicket(id: $v) { id } }", {"v": None}),
    ):
        assert await shared_desk.data("sam", query, **variables) == {"maybeTicket": None}, query
    assert await shared_desk.data("sam", "{ maybeTicket(id: 3) { id } }") == {"maybeTicket": {"id": "3"}}
