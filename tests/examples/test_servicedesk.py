"""What the service desk promises: the same on both databases."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tidegate.schema.api import build_api

EXAMPLE = Path(__file__).parents[2] / "examples" / "servicedesk"

# Any: the fixture `desk` lives in conftest.py, which importlib mode keeps from being imported.
Desk = Any


@pytest.mark.asyncio(loop_scope="module")
async def test_customers_see_their_own_tickets_and_never_anothers(first_day: Desk) -> None:
    everything = "{ myTickets { title email } ticketCount }"
    assert await first_day.data("ada", everything) == {
        "myTickets": [
            {"title": "I forgot my password", "email": "ada@acme.example"},
            {"title": "New laptop for a new colleague", "email": "ada@acme.example"},
            {"title": "The printer is on fire", "email": "ada@acme.example"},
        ],
        "ticketCount": 3,
    }
    theirs = await first_day.data("grace", everything)
    assert {ticket["email"] for ticket in theirs["myTickets"]} == {"grace@globex.example"}
    assert await first_day.data(
        "grace", "{ mine: ticket(id: 5) { title } ada: ticket(id: 1) { title } none: ticket(id: 99) { id } }"
    ) == {
        "mine": {"title": "Invoice 1042 is wrong"},
        "ada": None,
        "none": None,
    }


@pytest.mark.asyncio(loop_scope="module")
async def test_lists_can_be_narrowed(first_day: Desk) -> None:
    query = "query($status: Status, $first: Int) { myTickets(status: $status, first: $first) { id status priority } }"
    assert await first_day.data("ada", query, status="Done") == {
        "myTickets": [{"id": "3", "status": "Done", "priority": "LOW"}]
    }
    assert len((await first_day.data("ada", query, first=2))["myTickets"]) == 2
    assert await first_day.data("ada", "{ ticketCount(status: Todo, priority: NORMAL) }") == {"ticketCount": 1}


async def test_who_may_do_what(desk: Desk) -> None:
    everybodys = "{ allTickets { totalCount } }"
    assert await desk.codes(None, everybodys) == ["UNAUTHENTICATED"]
    assert await desk.codes("ada", everybodys) == ["FORBIDDEN"]
    assert await desk.data("sam", everybodys) == {"allTickets": {"totalCount": 7}}
    assert await desk.data(None, "{ openTickets }") == {"openTickets": 6}
    remove = "mutation { deleteTicket(id: 6) { title } }"
    assert await desk.codes("ada", remove) == ["FORBIDDEN"]
    assert await desk.codes("sam", remove) == ["FORBIDDEN"]
    assert await desk.data("kim", remove) == {"deleteTicket": {"title": "Printer out of paper"}}
    assert await desk.data("kim", remove) == {"deleteTicket": None}


@pytest.mark.asyncio(loop_scope="module")
async def test_one_refusal_leaves_the_other_fields_their_answers(first_day: Desk) -> None:
    answer = await first_day.ask("ada", "{ ticketCount me { internal: tickets { internalNote } } }")
    assert answer["data"] == {"ticketCount": 3, "me": None}
    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["me"], "FORBIDDEN")


@pytest.mark.asyncio(loop_scope="module")
async def test_notes_are_for_support(first_day: Desk) -> None:
    query = "{ ticket(id: 1) { title internalNote } }"
    assert await first_day.codes("ada", query) == ["FORBIDDEN"]
    assert await first_day.data("sam", query) == {
        "ticket": {"title": "The printer is on fire", "internalNote": "Again. Bring water."}
    }
    through_a_filter = '{ allTickets(where: { internalNote: { startsWith: "Refund" } }) { nodes { id } } }'
    assert await first_day.data("sam", through_a_filter) == {"allTickets": {"nodes": [{"id": "5"}]}}


@pytest.mark.asyncio(loop_scope="module")
async def test_relations_obey_the_rules_of_what_they_lead_to(first_day: Desk) -> None:
    query = """{ ticket(id: 1) {
      author { name team } assignee { name } comments { text internal author { name } ticket { id } }
    } }"""
    for_ada = (await first_day.data("ada", query))["ticket"]
    assert for_ada == {
        "author": {"name": "Ada", "team": "acme"},
        "assignee": {"name": "Sam"},
        "comments": [
            {
                "text": "Please stay away from it. We are on our way.",
                "internal": False,
                "author": {"name": "Sam"},
                "ticket": {"id": "1"},
            },
            {
                "text": "It is out now, but it smells.",
                "internal": False,
                "author": {"name": "Ada"},
                "ticket": {"id": "1"},
            },
        ],
    }
    for_sam = (await first_day.data("sam", query))["ticket"]
    assert [comment["internal"] for comment in for_sam["comments"]] == [False, False, True]


@pytest.mark.asyncio(loop_scope="module")
async def test_people_are_colleagues_and_who_helps(first_day: Desk) -> None:
    query = "{ people { name tickets { id } } }"
    people = {person["name"]: person["tickets"] for person in (await first_day.data("ada", query))["people"]}
    assert list(people) == ["Ada", "Alan", "Kim", "Sam", "Sue"]
    assert people["Ada"] == [{"id": "3"}, {"id": "2"}, {"id": "1"}]
    assert people["Alan"] == []
    assert len((await first_day.data("sam", query))["people"]) == 6
    assert await first_day.data("grace", "{ me { name role team tickets(limit: 1) { title } } }") == {
        "me": {
            "name": "Grace",
            "role": "customer",
            "team": "globex",
            "tickets": [{"title": "Door badge does not open lab_2"}],
        }
    }


@pytest.mark.asyncio(loop_scope="module")
async def test_pages_of_everybodys_tickets(first_day: Desk) -> None:
    query = """query($after: String, $where: TicketFilter, $orderBy: [TicketOrder!]) {
      allTickets(first: 3, after: $after, where: $where, orderBy: $orderBy) {
        nodes { id } edges { cursor } pageInfo { hasNextPage endCursor } totalCount
      }
    }"""
    seen: list[str] = []
    after = None
    while True:
        page = (await first_day.data("sam", query, after=after))["allTickets"]
        seen += [node["id"] for node in page["nodes"]]
        assert page["totalCount"] == 7
        assert page["edges"][-1]["cursor"] == page["pageInfo"]["endCursor"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == ["7", "6", "5", "4", "3", "2", "1"]
    where = {
        "or": [{"priority": {"in": ["URGENT"]}}, {"author": {"team": {"eq": "globex"}}}],
        "not": {"status": {"eq": "Todo"}},
    }
    found = (await first_day.data("sam", query, where=where, orderBy=["title_DESC"]))["allTickets"]
    assert ([node["id"] for node in found["nodes"]], found["totalCount"]) == (["1", "5"], 2)


@pytest.mark.asyncio(loop_scope="module")
async def test_search_takes_signs_as_they_are_and_cannot_be_left(first_day: Desk) -> None:
    query = "query($q: String!) { search(q: $q) { title author { name } } }"
    assert [ticket["title"] for ticket in (await first_day.data("sam", query, q="PRINTER"))["search"]] == [
        "Printer out of paper",
        "The printer is on fire",
    ]
    assert (await first_day.data("sam", query, q="fire"))["search"][0]["author"] == {"name": "Ada"}
    for hostile in ("' or '1'='1", "'; drop table tickets; --", '"', "\\"):
        assert (await first_day.data("sam", query, q=hostile))["search"] == []
    assert await first_day.data("sam", "{ ticketCount }") == {"ticketCount": 7}
    assert await first_day.codes("ada", query, q="x") == ["FORBIDDEN"]


@pytest.mark.asyncio(loop_scope="module")
async def test_the_dashboard(first_day: Desk) -> None:
    answer = await first_day.data(
        "sam", "{ ticketsByStatus { status tickets oldest } averageAge { priority tickets averageHours } }"
    )
    assert [(row["status"], row["tickets"], row["oldest"][:16]) for row in answer["ticketsByStatus"]] == [
        ("Done", 1, "2026-11-04T10:15"),
        ("InProgress", 2, "2026-11-02T08:30"),
        ("Todo", 4, "2026-11-03T09:00"),
    ]
    assert [(row["priority"], row["tickets"]) for row in answer["averageAge"]] == [
        ("HIGH", 2),
        ("LOW", 1),
        ("NORMAL", 2),
        ("URGENT", 1),
    ]
    assert all(isinstance(row["averageHours"], float) for row in answer["averageAge"])


async def test_a_ticket_is_filed_in_the_callers_name(desk: Desk) -> None:
    create = """mutation {
      createTicket(title: "No coffee", description: "Since noon.") { id email status priority author { name } }
    }"""
    made = (await desk.data("grace", create))["createTicket"]
    assert made == {
        "id": "8",
        "email": "grace@globex.example",
        "status": "Todo",
        "priority": "NORMAL",
        "author": {"name": "Grace"},
    }
    assert await desk.data("ada", "{ ticket(id: 8) { id } }") == {"ticket": None}
    assert await desk.codes(None, create) == ["UNAUTHENTICATED"]


async def test_several_tickets_or_none(desk: Desk) -> None:
    create = "mutation($rows: [NewTicket!]!) { createTickets(rows: $rows) { title priority email } }"
    rows = [{"title": "One", "description": "1"}, {"title": "Two", "description": "2", "priority": "HIGH"}]
    assert await desk.data("ada", create, rows=rows) == {
        "createTickets": [
            {"title": "One", "priority": "NORMAL", "email": "ada@acme.example"},
            {"title": "Two", "priority": "HIGH", "email": "ada@acme.example"},
        ]
    }
    assert await desk.codes("ada", create, rows=[rows[0], {"title": "Three", "description": "3", "email": "x"}])
    assert await desk.codes("ada", create, rows=[rows[0], {"title": "Three", "description": None}])
    assert await desk.data("ada", "{ ticketCount }") == {"ticketCount": 5}


async def test_words_of_a_ticket_can_be_changed_by_who_filed_it(desk: Desk) -> None:
    change = 'mutation($id: ID!) { updateTicket(id: $id, title: "Burnt") { title description createdAt updatedAt } }'
    changed = (await desk.data("ada", change, id="1"))["updateTicket"]
    assert (changed["title"], changed["description"]) == ("Burnt", "Third floor, beside the lift.")
    assert changed["createdAt"].startswith("2026-11-02T08:30:00")
    # The database's trigger says when, and the answer is the row as it is now.
    assert not changed["updatedAt"].startswith("2026-11-02T08:31")
    assert await desk.codes("grace", change, id="1") == ["NOT_FOUND"]
    assert await desk.codes("grace", change, id="nonsense") == ["BAD_USER_INPUT"]


async def test_support_works_on_tickets(desk: Desk) -> None:
    work = """mutation {
      setStatus(id: 2, status: InProgress) { status }
      setPriority(id: 2, priority: HIGH) { priority }
      assign(id: 2, to: "sue@desk.example", note: "Ordered.") { assignee { name } internalNote }
      closeTickets(ids: [4, 5, 99])
    }"""
    assert await desk.data("sam", work) == {
        "setStatus": {"status": "InProgress"},
        "setPriority": {"priority": "HIGH"},
        "assign": {"assignee": {"name": "Sue"}, "internalNote": "Ordered."},
        "closeTickets": 2,
    }
    assert set(await desk.codes("ada", work)) == {"FORBIDDEN"}
    assert await desk.codes("sam", "mutation { closeTickets(ids: []) }") in ([], ["BAD_USER_INPUT"])
    assert await desk.data("sam", "{ ticketCount(status: Done) }") == {"ticketCount": 3}
    assert await desk.codes("sam", 'mutation { assign(id: 2, to: "nobody@desk.example") { id } }') == ["CONFLICT"]


async def test_comments_go_to_tickets_one_may_see(desk: Desk) -> None:
    say = """mutation($on: ID!) {
      addComment(ticketId: $on, text: "Thanks!") { text internal author { name } ticket { title } }
    }"""
    assert (await desk.data("ada", say, on="1"))["addComment"] == {
        "text": "Thanks!",
        "internal": False,
        "author": {"name": "Ada"},
        "ticket": {"title": "The printer is on fire"},
    }
    assert await desk.codes("ada", say, on="5") == ["FORBIDDEN"]
    assert len((await desk.data("sam", "{ ticket(id: 5) { comments { id } } }"))["ticket"]["comments"]) == 2
    note = 'mutation { addInternalComment(ticketId: 1, text: "Psst.") { internal } }'
    assert await desk.codes("ada", note) == ["FORBIDDEN"]
    assert await desk.data("sam", note) == {"addInternalComment": {"internal": True}}
    assert len((await desk.data("ada", "{ ticket(id: 1) { comments { id } } }"))["ticket"]["comments"]) == 3


@pytest.mark.asyncio(loop_scope="module")
async def test_clients_see_nothing_of_the_server(first_day: Desk) -> None:
    sdl = build_api(first_day.gateway.catalog).sdl
    for field in re.findall(r"^  \w+\([^)]*\)", sdl, re.MULTILINE):
        assert "email" not in field.lower()
    for secret in ("currentUser", "select *", "desk.db", "postgresql", "lower(title)"):
        assert secret not in sdl
    assert '@minRole(role: "support")' in sdl
    introspection = "{ __schema { queryType { fields { name args { name } } } } }"
    fields = (await first_day.data(None, introspection))["__schema"]["queryType"]["fields"]
    arguments = {field["name"]: [argument["name"] for argument in field["args"]] for field in fields}
    assert arguments["myTickets"] == ["status", "first"]
    assert arguments["me"] == []


def test_both_databases_begin_with_the_same_rows() -> None:
    first, second = (EXAMPLE / "sql" / folder for folder in ("migrations", "migrations-postgres"))
    assert (first / "0002_first_day.sql").read_text() == (second / "0002_first_day.sql").read_text()


def test_demo_users_are_those_of_the_first_day() -> None:
    users = yaml.safe_load((EXAMPLE / "demo.yaml").read_text())
    rows = (EXAMPLE / "sql/migrations/0002_first_day.sql").read_text()
    for name, claims in users.items():
        assert f"('{claims['email']}', '{name.capitalize()}', '{claims['role']}'" in rows


async def test_what_a_mutation_refreshes_is_told(desk: Desk) -> None:
    closed = await desk.ask("sam", "mutation { closeTickets(ids: [1]) }")
    assert {"averageAge", "ticketsByStatus", "myTickets"} <= set(closed["extensions"]["refreshed"])
    said = await desk.ask("ada", 'mutation { addComment(ticketId: 1, text: "a") { id } }')
    assert "ticket" in said["extensions"]["refreshed"]
    assert "ticketCount" not in said["extensions"]["refreshed"]
    filed = await desk.ask("ada", 'mutation { createTicket(title: "a", description: "b") { id } }')
    # Nothing that the caller may not call.
    assert {"myTickets", "openTickets", "ticketCount"} <= set(filed["extensions"]["refreshed"])
    assert "allTickets" not in filed["extensions"]["refreshed"]
