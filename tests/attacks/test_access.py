"""Who sees and writes what: random requests on both databases, held against an oracle in plain Python."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from tests.attacks.oracle import MANY, RELATIONS, RESTRICTED, Reader, World, names_restricted

# Any: the class `Desk` lives in conftest.py; answers and variables are JSON.
Desk = Any

PEOPLE = ("ada", "alan", "grace", "sam", "kim")
LEAVES = {
    "users": ("id", "email", "name", "role", "team"),
    "tickets": ("id", "title", "status", "priority", "email", "assigneeEmail", "internalNote"),
    "comments": ("id", "ticketId", "email", "text", "internal"),
}
VALUES: Mapping[str, tuple[Any, ...]] = {
    "id": ("1", "2", "3", "5", "7", "99"),
    "ticketId": ("1", "3", "5"),
    "email": ("ada@acme.example", "grace@globex.example", "sam@desk.example", "nobody"),
    "assigneeEmail": ("sam@desk.example", "sue@desk.example"),
    "name": ("Ada", "Grace", "Kim"),
    "role": ("customer", "support", "admin"),
    "team": ("acme", "globex"),
    "status": ("Todo", "InProgress", "Done"),
    "priority": ("LOW", "NORMAL", "HIGH", "URGENT"),
    "title": ("printer", "Printer", "The", "I", "%", "_"),
    "text": ("Order", "Refund", "is", "."),
    "internalNote": ("Again", "Refund", "Looks like the old router."),
    "internal": (True, False),
}
ENUMS = ("role", "status", "priority")
NUMBERS = ("id", "ticketId")
FIND = {"tickets": "findTickets", "comments": "findComments", "users": "findUsers"}
TYPE = {"tickets": "Ticket", "comments": "Comment", "users": "User"}


async def reader(desk: Desk, who: str, world: World | None = None) -> Reader:
    claims = desk.claims[who]
    org = claims.get("org", {})
    world = world or World.of(await desk.tables())
    return Reader(world, claims["email"], claims["role"], org.get("team"))


def comparison(random: Random, field: str) -> dict[str, Any]:
    value = random.choice(VALUES[field])
    several = [random.choice(VALUES[field]) for _ in range(random.randrange(3))]
    operators: list[tuple[str, Any]] = [("eq", value), ("ne", value), ("isNull", True), ("isNotNull", True)]
    if field != "internal":
        operators += [("in", several), ("notIn", several)]
    if field in NUMBERS:
        operators += [("gt", value), ("lte", value)]
    elif field not in ENUMS and field != "internal":
        words = ("contains", "startsWith", "endsWith", "containsAnyCase", "eqAnyCase")
        operators += [(word, value[: random.randrange(1, 9)]) for word in words]
    return dict(random.sample(operators, 1 if random.random() < 0.8 else 2))


def filter_of(random: Random, table: str, restricted: bool, depth: int = 0) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for _ in range(random.choice((1, 1, 2))):
        match random.randrange(8):
            case 0 if depth < 3:
                made["and"] = [filter_of(random, table, restricted, depth + 1) for _ in range(random.randrange(3))]
            case 1 if depth < 3:
                made["or"] = [filter_of(random, table, restricted, depth + 1) for _ in range(random.randrange(3))]
            case 2 if depth < 3:
                made["not"] = filter_of(random, table, restricted, depth + 1)
            case 3 | 4 if depth < 3:
                relation = random.choice(list(RELATIONS[table]))
                empty = random.random() < 0.2
                target = RELATIONS[table][relation][0]
                made[relation] = {} if empty else filter_of(random, target, restricted, depth + 1)
            case _:
                fields = [name for name in LEAVES[table] if restricted or (table, name) not in RESTRICTED]
                restricts = restricted and table == "tickets" and random.random() < 0.3
                field = "internalNote" if restricts else random.choice(fields)
                made[field] = comparison(random, field)
    return made


def selection_of(random: Random, table: str, depth: int = 0) -> dict[str, Any]:
    """field: None, or the selection of a relation. The id is always there."""
    made: dict[str, Any] = {"id": None}
    for field in random.sample(LEAVES[table], 3):
        if (table, field) not in RESTRICTED:
            made[field] = None
    for relation, (target, _, _) in RELATIONS[table].items():
        if depth < 3 and random.random() < 0.5:
            made[relation] = selection_of(random, target, depth + 1)
    return made


def written(selection: Mapping[str, Any]) -> str:
    return " ".join(name if inner is None else f"{name} {{ {written(inner)} }}" for name, inner in selection.items())


def check_node(table: str, node: Mapping[str, Any], selection: Mapping[str, Any], asked_by: Reader) -> None:
    """That the row may be seen, is as it is, and that everything below it is exactly what may be seen."""
    (row,) = (row for row in asked_by.world.rows[table] if row["id"] == node["id"])
    assert asked_by.sees(table, row), (table, node)
    for name, inner in selection.items():
        if inner is None:
            assert node[name] == row[name], (table, name)
            continue
        target = RELATIONS[table][name][0]
        wanted = {other["id"] for other in asked_by.related(table, row, name)}
        below = node[name] if (table, name) in MANY else [] if node[name] is None else [node[name]]
        assert {other["id"] for other in below} == wanted, (table, name, node)
        for other in below:
            check_node(target, other, inner, asked_by)


@pytest.mark.asyncio(loop_scope="module")
async def test_random_questions_find_exactly_what_their_asker_may_see(shared_desk: Desk) -> None:
    random = Random(7)
    readers = {who: await reader(shared_desk, who) for who in PEOPLE}
    forbidden = answered = 0
    for _ in range(60):
        who, table = random.choice(PEOPLE), random.choice(list(FIND))
        asked_by = readers[who]
        where = filter_of(random, table, restricted=random.random() < 0.4)
        selection = selection_of(random, table)
        query = f"""query($where: {TYPE[table]}Filter) {{
          page: {FIND[table]}(where: $where) {{ totalCount nodes {{ {written(selection)} }} edges {{ node {{ id }} }} }}
        }}"""
        answer = await shared_desk.ask(who, query, where=where)
        codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
        if names_restricted(table, where) and not asked_by.is_support:
            assert codes == ["FORBIDDEN"], (who, where, answer)
            assert answer["data"] is None
            forbidden += 1
            continue
        assert not codes, (who, where, answer)
        page = answer["data"]["page"]
        wanted = sorted(row["id"] for row in asked_by.found(table, where))
        assert sorted(node["id"] for node in page["nodes"]) == wanted, (who, table, where)
        assert sorted(edge["node"]["id"] for edge in page["edges"]) == wanted
        assert page["totalCount"] == len(wanted), (who, table, where)
        for node in page["nodes"]:
            check_node(table, node, selection, asked_by)
        answered += bool(wanted)
    assert forbidden > 3
    assert answered > 20


@pytest.mark.asyncio(loop_scope="module")
async def test_counts_and_groups_count_what_may_be_seen(shared_desk: Desk) -> None:
    random = Random(8)
    query = """query($where: TicketFilter) {
      countTickets(where: $where) countByStatus(where: $where) { status tickets }
      firstTicket(where: $where) { id } listTickets(where: $where) { id }
    }"""
    for _ in range(30):
        who = random.choice(PEOPLE)
        asked_by = await reader(shared_desk, who)
        where = filter_of(random, "tickets", restricted=False)
        data = await shared_desk.data(who, query, where=where)
        wanted = asked_by.found("tickets", where)
        assert data["countTickets"] == len(wanted), (who, where, data)
        assert {row["status"]: row["tickets"] for row in data["countByStatus"]} == Counter(r["status"] for r in wanted)
        assert sorted(row["id"] for row in data["listTickets"]) == sorted(row["id"] for row in wanted)
        first = data["firstTicket"]
        assert (first and first["id"]) == (min((row["id"] for row in wanted), key=int) if wanted else None)


@pytest.mark.asyncio(loop_scope="module")
async def test_pages_walk_over_what_may_be_seen_and_nothing_else(shared_desk: Desk) -> None:
    random = Random(9)
    query = """query($where: TicketFilter, $orderBy: [TicketOrder!], $first: Int, $after: String) {
      findTickets(where: $where, orderBy: $orderBy, first: $first, after: $after) {
        nodes { id } edges { cursor } pageInfo { hasNextPage endCursor }
      }
    }"""
    cursors: list[str] = []
    for _ in range(18):
        who = random.choice(PEOPLE)
        asked_by = await reader(shared_desk, who)
        where = filter_of(random, "tickets", restricted=False)
        fields = random.sample(("id", "title", "status", "priority", "email", "assigneeEmail", "createdAt"), 2)
        order = [f"{field}_{random.choice(('ASC', 'DESC'))}" for field in fields]
        seen: list[str] = []
        after = None
        while True:
            sent = {"where": where, "orderBy": order, "first": random.choice((1, 2, 3)), "after": after}
            page = (await shared_desk.data(who, query, **sent))["findTickets"]
            seen += [node["id"] for node in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            cursors += [edge["cursor"] for edge in page["edges"]]
            if not page["pageInfo"]["hasNextPage"]:
                break
        assert sorted(seen) == sorted(row["id"] for row in asked_by.found("tickets", where)), (who, order, where)
    # Somebody else's cursors, of any order, lead to one's own rows or to an error.
    for cursor in random.sample(cursors, min(12, len(cursors))):
        answer = await shared_desk.ask("grace", query, first=100, after=cursor, orderBy=["status_ASC", "title_DESC"])
        if "errors" not in answer:
            mine = {row["id"] for row in (await reader(shared_desk, "grace")).rows("tickets")}
            assert {node["id"] for node in answer["data"]["findTickets"]["nodes"]} <= mine


@pytest.mark.asyncio(loop_scope="module")
async def test_what_only_support_may_read_cannot_be_felt_for(shared_desk: Desk) -> None:
    attempts: tuple[tuple[str, dict[str, Any]], ...] = (
        ("{ myTickets { internalNote } }", {}),
        ("{ myTickets { n: internalNote @include(if: true) } }", {}),
        ("{ me { tickets { ...F } } } fragment F on Ticket { internalNote }", {}),
        ("{ findComments { nodes { ticket { internalNote } } } }", {}),
        ("{ findTickets { edges { node { internalNote } } } }", {}),
        ("{ findTickets(orderBy: [internalNote_ASC]) { nodes { id } } }", {}),
        ("{ findTickets(orderBy: [id_ASC, internalNote_DESC]) { edges { cursor } } }", {}),
        ("{ listTickets(orderBy: [internalNote_DESC]) { id } }", {}),
        ("query($o: [TicketOrder!]) { findTickets(orderBy: $o) { totalCount } }", {"o": "internalNote_ASC"}),
        ('{ countTickets(where: { internalNote: { startsWith: "A" } }) }', {}),
        ("{ countTickets(where: { internalNote: { isNull: false } }) }", {}),
        ("{ countTickets(where: { internalNote: {} }) }", {}),
        ("{ countTickets(where: { not: { or: [{ and: [{ internalNote: { isNull: true } }] }] } }) }", {}),
        ("{ countComments(where: { ticket: { internalNote: { isNull: false } } }) }", {}),
        ("{ findUsers(where: { tickets: { internalNote: { isNull: false } } }) { totalCount } }", {}),
        ("{ countByStatus(where: { internalNote: { isNull: false } }) { status } }", {}),
        ("{ firstTicket(where: { internalNote: { isNull: false } }) { id } }", {}),
        ("{ notes { internalNote } }", {}),
        ("{ notes { tickets } }", {}),
        ("{ lastNote { note } }", {}),
        ("{ countedNotes { notes } }", {}),
        ('mutation { retitle(where: { internalNote: { isNull: false } }, title: "x") { id } }', {}),
        ('mutation { retitle(where: { id: { eq: 1 } }, title: "x") { internalNote } }', {}),
        ("mutation { removeMany(where: { internalNote: { isNull: false } }) { id } }", {}),
        ("mutation { remove(id: 2) { internalNote } }", {}),
        ('mutation { createTicket(title: "x", description: "x") { internalNote } }', {}),
    )
    before = await shared_desk.tables()
    for query, variables in attempts:
        answer = await shared_desk.ask("ada", query, **variables)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"], query
        for note in ("Again", "router", "Refund"):
            assert note not in json.dumps(answer)
    assert await shared_desk.tables() == before
    for query in ("{ lastNote { note } }", "{ notes { tickets } }"):
        assert await shared_desk.codes("sam", query) == []


WRITES: tuple[tuple[str, str], ...] = (
    ("mutation($w: TicketFilter, $x: String!) { a: retitle(where: $w, title: $x) { id email } }", "retitle"),
    ("mutation($w: TicketFilter, $x: String!) { a: retitleCounted(where: $w, title: $x) }", "retitle"),
    ("mutation($w: TicketFilter!, $x: String!) { a: giveAll(where: $w, to: $x) }", "give"),
    ("mutation($i: ID!, $x: String!) { a: give(id: $i, to: $x) { id email } }", "give"),
    ("mutation($i: ID!) { a: remove(id: $i) { id email comments { id } } }", "remove"),
    ("mutation($w: TicketFilter) { a: removeMany(where: $w) { id email } }", "remove"),
    ("mutation($w: TicketFilter) { a: removeCounted(where: $w) }", "remove"),
    ("mutation($i: ID!, $x: String!) { a: updateTicket(id: $i, title: $x) { id email } }", "retitle"),
    ("mutation($r: [AnyTicket!]!) { a: fileTickets(rows: $r) { id email } }", "file"),
    ("mutation($i: ID!, $x: String!) { a: addComment(ticketId: $i, text: $x) { id email } }", "comment"),
)
"""Each with what it does. `$w` is a filter, `$i` an id, `$x` a text (an address for `give`), `$r` new rows."""


async def test_random_writes_touch_only_what_their_writer_may_touch(desk: Desk) -> None:
    random = Random(10)
    done: Counter[str] = Counter()
    world = World.of(await desk.tables())
    for number in range(100):
        who = random.choice(PEOPLE)
        asked_by = await reader(desk, who, world)
        query, kind = random.choice(WRITES)
        where = filter_of(random, "tickets", restricted=asked_by.is_support)
        emails = ("ada@acme.example", "alan@acme.example", "grace@globex.example")
        id = random.choice([row["id"] for row in world.rows["tickets"]] + ["999"])
        x = random.choice(emails) if kind == "give" else f"changed {number}"
        rows = [
            {"title": f"new {number}", "description": "x", "email": random.choice((asked_by.email, *emails))}
            for _ in range(random.choice((1, 2, 3)))
        ]
        sent = {name: value for name, value in (("w", where), ("i", id), ("x", x), ("r", rows)) if f"${name}" in query}
        answer = await desk.ask(who, query, **sent)
        after = World.of(await desk.tables())
        told = answer["data"] and answer["data"]["a"]
        if "errors" in answer:
            assert after == world, (who, query, sent, answer)
            continue
        check_written(kind, asked_by, world, after, told, (who, query, sent, answer))
        done[kind] += after != world
        world = after
        if len(world.rows["tickets"]) < 4:
            refill = 'mutation { createTicket(title: "new", description: "x") { id } }'
            for filer in ("ada", "grace", "alan"):
                await desk.data(filer, refill)
            world = World.of(await desk.tables())
    assert min(done[kind] for kind in ("retitle", "give", "remove", "file", "comment")) > 0, done


def check_written(kind: str, by: Reader, before: World, after: World, told: Any, about: object) -> None:
    """`told` is what the client was answered. Any: it is JSON."""
    old = {row["id"]: row for row in before.rows["tickets"]}
    new = {row["id"]: row for row in after.rows["tickets"]}
    later = Reader(after, by.email, by.role, by.team)
    assert before.rows["users"] == after.rows["users"], about
    gone = [old[id] for id in old.keys() - new.keys()]
    made = [new[id] for id in new.keys() - old.keys()]
    changed = [(old[id], new[id]) for id in old.keys() & new.keys() if old[id] != new[id]]
    assert not gone or kind == "remove", about
    assert not made or kind == "file", about
    assert not changed or kind in ("retitle", "give"), about
    for row in gone:
        assert by.role == "admin" or (row["email"] == by.email and row["status"] == "Todo"), about
    for row in made:
        assert by.is_support or row["email"] == by.email, about
        assert row["status"] == "Todo", about
    for was, became in changed:
        assert by.sees("tickets", was), about
        assert by.is_support or (was["email"] == became["email"] == by.email), about
    if kind != "comment":
        kept = {
            row["id"] for row in before.rows["comments"] if row["ticketId"] not in {ticket["id"] for ticket in gone}
        }
        assert {row["id"] for row in after.rows["comments"]} == kept, about
        for row in told if isinstance(told, list) else [told] if isinstance(told, dict) else []:
            assert by.is_support or row["email"] == by.email, about
            assert later.sees("tickets", row) if kind != "remove" else by.sees("tickets", old[row["id"]]), about
    else:
        (comment,) = after.rows["comments"][len(before.rows["comments"]) :]
        assert comment["email"] == by.email, about
        assert by.is_support or old[comment["ticketId"]]["email"] == by.email, about


@pytest.mark.asyncio(loop_scope="module")
async def test_what_may_not_be_seen_and_what_does_not_exist_look_alike(shared_desk: Desk) -> None:
    for query in (
        'mutation($id: ID!) { a: addComment(ticketId: $id, text: "x") { id } }',
        'mutation($id: ID!) { a: updateTicket(id: $id, title: "x") { id } }',
        "mutation($id: ID!) { a: remove(id: $id) { id } }",
        "query($id: ID!) { a: ticket(id: $id) { id } }",
    ):
        assert await shared_desk.ask("ada", query, id="5") == await shared_desk.ask("ada", query, id="999"), query
    # Who may see every ticket is told.
    assert await shared_desk.codes("sam", 'mutation { addComment(ticketId: 999, text: "x") { id } }') == ["CONFLICT"]
