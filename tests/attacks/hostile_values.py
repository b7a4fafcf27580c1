"""Values of every kind for arguments, and filters that are nearly right. Any: they are of every type there is."""

from __future__ import annotations

from random import Random
from typing import Any

TEXTS: tuple[Any, ...] = (
    "",
    "\0",
    "a\0b",
    "\ud800",
    "\udfff\ud800",
    "\ufeff",
    "\uffff",
    "\u202eabc",
    "é",
    "e\u0301",
    "🏃" * 40,
    "x" * 70_000,
    "'",
    '"',
    "\\",
    "\\'",
    "%",
    "_",
    "[a-z]*?",
    "!",
    "' or '1'='1",
    "'; drop table tickets; --",
    "1; drop table tickets",
    ") or 1=1 --",
    "$1",
    ":id",
    "?1",
    "@p",
    "{{ args.id }}",
    "$args.id",
    "$currentUser.email",
    "${JWT_SECRET}",
    "<script>alert(1)</script>",
    "1e5",
    " 1",
    "1 ",
    "+1",
    "-0",
    "0x10",
    "١",
    "1_000",
    "9" * 19,
    "9" * 30,
    "9" * 500,
    "NaN",
    "null",
    "true",
    "2026-02-30T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "0000-00-00T00:00:00Z",
    "infinity",
    "5b5d",
    "5b315d",
    "5b6e756c6c5d",
    "7b7d",
    "zz",
    "5b" * 4000,
    b'["x",{"a":1}]'.hex(),
    b"[1e400,1]".hex(),
    b"[18446744073709551615,18446744073709551615]".hex(),
    b'["\\u0000","\\u0000"]'.hex(),
    b'["2026-11-02T08:30:00Z","one"]'.hex(),
    b'["infinity",1]'.hex(),
    b"[true,false]".hex(),
    b"[null,null]".hex(),
    b"[null]".hex(),
    b"[1]".hex(),
    b"[-1.5]".hex(),
)
NUMBERS: tuple[Any, ...] = (0, -0.0, -1, 1, 2, 1.5, 1e308, 2**31 - 1, 2**31, 2**53, 2**63 - 1, -(2**63), 2**63, 10**40)
OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [None], [[]], {"": None}, {"eq": {}}, ["x", 1], {"__proto__": 1})
VALUES = (*TEXTS, *NUMBERS, *OTHERS)
OPERATORS = (
    *("eq", "ne", "in", "notIn", "gt", "gte", "lt", "lte", "between", "contains", "startsWith", "endsWith"),
    *("eqAnyCase", "neAnyCase", "containsAnyCase", "startsWithAnyCase", "endsWithAnyCase", "isNull", "isNotNull"),
)
FIELDS = (
    *("id", "title", "description", "status", "priority", "email", "assigneeEmail", "internalNote", "createdAt"),
    *("author", "assignee", "comments", "and", "or", "not", "password", "author.email", "__typename", "rowid", "ctid"),
)
QUERIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("query($v: Status, $w: Int) { myTickets(status: $v, first: $w) { id } }", ("v", "w")),
    ("query($v: ID!) { ticket(id: $v) { id title } }", ("v",)),
    ("query($v: String!) { search(q: $v) { id } }", ("v",)),
    ("query($v: String) { allTickets(after: $v) { nodes { id } pageInfo { endCursor } } }", ("v",)),
    (
        "query($v: String) { allTickets(after: $v, orderBy: [assigneeEmail_ASC, createdAt_DESC]) { totalCount } }",
        ("v",),
    ),
    ("query($v: String) { allTickets(after: $v, orderBy: [id_ASC]) { nodes { id } totalCount } }", ("v",)),
    ("query($v: [TicketOrder!]) { allTickets(orderBy: $v) { nodes { id } } }", ("v",)),
    ("query($v: TicketFilter) { allTickets(where: $v) { totalCount nodes { id } } }", ("v",)),
    ("query($v: Int, $w: Int) { listTickets(limit: $v, offset: $w) { id } }", ("v", "w")),
    ("query($v: Int, $w: Int) { people { tickets(limit: $v, offset: $w) { id } } }", ("v", "w")),
    ("query($v: Boolean!) { openTickets @skip(if: $v) people @include(if: $v) { id } }", ("v",)),
    ("query($v: CommentFilter) { countComments(where: $v) }", ("v",)),
    ("query($v: Status, $w: [Priority!]) { narrowed(status: $v, priorities: $w) { id } }", ("v", "w")),
)
MUTATIONS: tuple[tuple[str, str], ...] = (
    ("mutation($v: String!, $w: Priority) { createTicket(title: $v, description: $v, priority: $w) { id } }", "vw"),
    ("mutation($v: [NewTicket!]!) { createTickets(rows: $v) { id } }", "v"),
    ("mutation($v: [AnyTicket!]!) { fileTickets(rows: $v) { id } }", "v"),
    ("mutation($v: ID!, $w: String) { updateTicket(id: $v, title: $w) { id } }", "vw"),
    ("mutation($v: ID!, $w: Status!) { setStatus(id: $v, status: $w) { id } }", "vw"),
    ("mutation($v: ID!, $w: String) { assign(id: $v, to: $w) { id } }", "vw"),
    ("mutation($v: [ID!]!) { closeTickets(ids: $v) }", "v"),
    ("mutation($v: ID!, $w: String!) { addComment(ticketId: $v, text: $w) { id } }", "vw"),
    ("mutation($v: TicketFilter, $w: String!) { retitleCounted(where: $v, title: $w) }", "vw"),
    ("mutation($v: TicketFilter) { removeMany(where: $v) { id } }", "v"),
    ("mutation($v: ID!) { deleteTicket(id: $v) { id } }", "v"),
)


def hostile(random: Random, depth: int = 0) -> Any:
    """A value of some type: often bad, sometimes shaped like a filter."""
    match random.randrange(10):
        case 0 | 1 if depth < 4:
            return {random.choice((*FIELDS, *OPERATORS)): hostile(random, depth + 1) for _ in range(2)}
        case 2 if depth < 4:
            field, operator = random.choice(FIELDS), random.choice(OPERATORS)
            return {field: {operator: hostile(random, depth + 2)}}
        case 3 if depth < 4:
            return [hostile(random, depth + 1) for _ in range(random.randrange(4))]
        case 4:
            return random.choice(NUMBERS)
        case 5:
            return random.choice(OTHERS)
        case _:
            return random.choice(TEXTS)


def likely_filter(random: Random, depth: int = 0) -> Any:
    """A filter that fits the schema, so that it comes through to the database, with values that are odd."""
    text, number = random.choice(TEXTS), random.choice(TEXTS + NUMBERS)
    moment = random.choice(("2026-11-02T08:30:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999-23:00", text))
    match random.randrange(11):
        case 0:
            return {"id": {random.choice(("eq", "ne", "gt", "lte")): number}}
        case 1:
            return {"id": {random.choice(("in", "notIn", "between")): [number] * random.randrange(4)}}
        case 2:
            return {"title": {random.choice(OPERATORS[9:17]): text}}
        case 3:
            return {"assigneeEmail": {random.choice(("eq", "ne", "gt", "contains")): text}}
        case 4:
            return {"createdAt": {random.choice(("eq", "gt", "lte")): moment}}
        case 5:
            return {"createdAt": {random.choice(("in", "notIn", "between")): [moment] * random.randrange(4)}}
        case 6:
            return {"status": {random.choice(("in", "notIn")): ["Todo"] * random.randrange(3)}}
        case 7 if depth < 4:
            return {"and": [likely_filter(random, depth + 1) for _ in range(random.randrange(3))]}
        case 8 if depth < 4:
            return {"or": [likely_filter(random, depth + 1) for _ in range(random.randrange(3))]}
        case 9 if depth < 4:
            return {"not": likely_filter(random, depth + 1)}
        case _:
            return {"author": {"email": {"eq": text}}, "title": {"isNull": random.choice((True, False, None))}}
