"""How questions are drawn, and writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from tests.attacks.oracle import RELATIONS
from tests.realtime.stories.oracle import KINDS, Question
from tests.realtime.stories.steps import (
    SEATS,
    Burst,
    Outside,
    Reload,
    Subscribe,
    Write,
)

EMAILS = ("ada@acme.example", "alan@acme.example", "grace@globex.example", "sam@desk.example", "sue@desk.example")
STATUSES = ("Todo", "InProgress", "Done")
PRIORITIES = ("LOW", "NORMAL", "HIGH", "URGENT")
TEAMS = ("acme", "globex")
TITLES = ("Fire", "Paper", "fire drill", "100%")


class _Long(str):
    """Is not written out where a story is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "LARGE"


LARGE = _Long("x" * 30_000)
"""A few of these fill a socket that nobody reads."""

emails, statuses, priorities = st.sampled_from(EMAILS), st.sampled_from(STATUSES), st.sampled_from(PRIORITIES)
strangers = st.sampled_from((*EMAILS[:3], *EMAILS, "nobody@else.example"))
teams = st.sampled_from(TEAMS)
titles = st.sampled_from(TITLES)
ids = st.integers(1, 9).map(str)
seats = st.integers(0, len(SEATS) - 1)
writers = st.sampled_from(("kim", "sam", "ada", "grace", "alan"))


def _one(fields: Mapping[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """A mapping with one of these."""
    return st.one_of([st.fixed_dictionaries({name: values}) for name, values in fields.items()])


def _comparisons(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return _one({"eq": values, "in": st.lists(values, max_size=3, unique=True), "ne": values})


_nulls = st.booleans().map(lambda value: {"isNull": value})
_users = _one(
    {"email": _comparisons(emails), "team": st.one_of(_comparisons(teams), _nulls), "role": st.just({"eq": "customer"})}
)
_words = _one({"internal": st.booleans().map(lambda value: {"eq": value}), "email": _comparisons(emails)})
_tickets = _one(
    {
        "status": _comparisons(statuses),
        "priority": _comparisons(priorities),
        "email": _comparisons(emails),
        "id": _comparisons(ids),
        "assigneeEmail": st.one_of(_comparisons(emails), _nulls),
        "title": st.sampled_from(("Fire", "a", "%")).map(lambda text: {"contains": text}),
        "internalNote": _nulls,
        "author": st.one_of(_users, st.just({})),
        "assignee": _users,
        "comments": st.one_of(_words, st.just({})),
    }
)
filters = st.recursive(
    _tickets,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=2).map(lambda each: {"or": each}),
        st.lists(inner, min_size=1, max_size=2).map(lambda each: {"and": each}),
        inner.map(lambda each: {"not": each}),
    ),
    max_leaves=3,
)
_comment_filters = st.one_of(
    _words, _tickets.map(lambda each: {"ticket": each}), _users.map(lambda each: {"author": each})
)

_FIELDS = {
    "users": ("email", "name", "role", "team"),
    "tickets": ("title", "status", "priority", "email", "assigneeEmail", "description"),
    "comments": ("ticketId", "email", "text", "internal"),
}


@st.composite
def selections(draw: st.DrawFn, table: str, depth: int = 0) -> dict[str, Any]:
    made: dict[str, Any] = {"id": None}
    for name in draw(st.lists(st.sampled_from(_FIELDS[table]), max_size=3, unique=True)):
        made[name] = None
    if table == "tickets" and draw(st.integers(0, 15)) == 15:
        made["internalNote"] = None
    if depth < 2:
        for relation in draw(st.lists(st.sampled_from(sorted(RELATIONS[table])), max_size=2 - depth, unique=True)):
            made[relation] = draw(selections(RELATIONS[table][relation][0], depth + 1))
    return made


_ARGS: Mapping[str, st.SearchStrategy[dict[str, Any]]] = {
    "mine": st.fixed_dictionaries({}, optional={"status": statuses}),
    "ticket": st.fixed_dictionaries({"id": ids}),
    "firstTicket": st.fixed_dictionaries({"where": filters}),
    "found": st.fixed_dictionaries({}, optional={"where": filters, "first": st.integers(1, 3)}),
    "page": st.fixed_dictionaries({}, optional={"where": filters, "first": st.integers(1, 3)}),
    "tally": st.fixed_dictionaries({}, optional={"status": statuses, "priority": priorities}),
    "tallied": st.fixed_dictionaries({"where": filters}),
    "byStatus": st.fixed_dictionaries({}, optional={"where": filters}),
    "talk": st.fixed_dictionaries({"ticketId": ids}),
    "said": st.fixed_dictionaries({"where": _comment_filters}),
    "sqlMine": st.fixed_dictionaries({"status": statuses}),
    "sqlTeam": st.fixed_dictionaries({"team": teams}),
    "sqlBusy": st.fixed_dictionaries({"priority": priorities}),
    "sqlUnion": st.fixed_dictionaries({"status": statuses}),
    "fnMine": st.fixed_dictionaries({}, optional={"status": statuses}),
    "fnNested": st.fixed_dictionaries({"status": statuses}),
    "fnTicket": st.fixed_dictionaries({"id": ids}),
    "fnPick": st.fixed_dictionaries({"status": statuses}),
    "fnFilter": st.fixed_dictionaries({"status": statuses}),
    "fnBranch": st.fixed_dictionaries({"id": ids, "all": st.booleans()}),
    "fnCode": st.fixed_dictionaries({"id": ids}),
}


@st.composite
def questions(draw: st.DrawFn) -> Question:
    kind = KINDS[draw(st.sampled_from(sorted(KINDS)))]
    args = draw(_ARGS.get(kind.name, st.just({})))
    return Question(kind.name, args, draw(selections(kind.table)) if kind.table else {})


_TOLD = ("retitle", "setStatus", "setPriority", "give", "remove", "file", "hide", "carry", "move", "fn")


@st.composite
def told_writes(draw: st.DrawFn) -> Write:
    """Those of which it is known what they may change, also when many happen at once."""
    who, id = draw(writers), draw(ids)
    match draw(st.sampled_from(_TOLD)):
        case "retitle":
            title = draw(titles)
            return Write(who, "retitle", {"id": id, "title": title}, (("tickets", id, {"title": title}),))
        case "setStatus":
            status = draw(statuses)
            return Write(who, "setStatus", {"id": id, "status": status}, (("tickets", id, {"status": status}),))
        case "setPriority":
            priority = draw(priorities)
            return Write(
                who, "setPriority", {"id": id, "priority": priority}, (("tickets", id, {"priority": priority}),)
            )
        case "give":
            to = draw(strangers)
            return Write(who, "give", {"id": id, "to": to}, (("tickets", id, {"email": to}),))
        case "remove":
            return Write(who, "remove", {"id": id}, ())
        case "file":
            row = draw(_rows)
            plain = {"status": "Todo", "priority": "NORMAL", "assigneeEmail": None, "internalNote": None}
            return Write(who, "file", row, (("tickets", None, {**plain, **row}),))
        case "hide":
            internal = draw(st.booleans())
            return Write(who, "hide", {"id": id, "internal": internal}, (("comments", id, {"internal": internal}),))
        case "carry":
            to = draw(ids)
            return Write(who, "carry", {"id": id, "to": to}, (("comments", id, {"ticketId": to}),))
        case "fn":
            title, status = draw(titles), draw(statuses)
            name = draw(st.sampled_from(("fnBoth", "fnTogether", "fnUndone", "fnHalf", "fnTail")))
            changes = (("tickets", id, {"title": title}), ("tickets", id, {"status": status}))
            return Write(who, name, {"id": id, "title": title, "status": status}, changes)
        case _:
            team = draw(st.none() | teams)
            return Write(who, "move", {"id": id, "team": team}, (("users", id, {"team": team}),))


_rows = st.fixed_dictionaries(
    {"title": titles, "description": st.sampled_from(("x", "x", LARGE)), "email": strangers},
    optional={"status": statuses},
)
_WRITES: Mapping[str, st.SearchStrategy[dict[str, Any]]] = {
    "assign": st.fixed_dictionaries({"id": ids}, optional={"to": st.none() | emails, "note": st.none() | titles}),
    "fileMany": st.fixed_dictionaries({"rows": st.lists(_rows, min_size=1, max_size=3)}),
    "giveAll": st.fixed_dictionaries({"where": filters, "to": strangers}),
    "closeAll": st.fixed_dictionaries({"where": filters}),
    "removeAll": st.fixed_dictionaries({"where": filters}),
    "comment": st.fixed_dictionaries({"ticketId": ids, "text": titles, "internal": st.booleans()}),
    "withdraw": st.fixed_dictionaries({"id": ids}),
    "sqlClose": st.fixed_dictionaries({"email": emails}),
    "sqlRemove": st.fixed_dictionaries({"email": emails, "status": statuses}),
    "sqlCopy": st.fixed_dictionaries({"status": statuses}),
    "sqlEnrol": st.fixed_dictionaries({"email": strangers, "team": st.none() | teams}),
}


@st.composite
def writes(draw: st.DrawFn) -> Write:
    if draw(st.booleans()):
        return draw(told_writes())
    name = draw(st.sampled_from(sorted(_WRITES)))
    return Write(draw(writers), name, draw(_WRITES[name]))


_statements = st.one_of(
    st.builds("update tickets set status = '{}' where id = {}".format, statuses, ids),
    st.builds("update tickets set email = '{}' where id = {}".format, emails, ids),
    st.builds("update tickets set assignee_email = null where email = '{}'".format, emails),
    st.builds("update tickets set title = '{}' where priority = '{}'".format, titles, priorities),
    st.builds("delete from tickets where id = {}".format, ids),
    st.builds("delete from comments where internal = {}".format, st.sampled_from(("true", "false"))),
    st.builds("update comments set internal = not internal where ticket_id = {}".format, ids),
    st.builds("update users set team = '{}' where id = {}".format, teams, ids),
    st.builds("update users set team = null where id = {}".format, ids),
    st.builds("insert into tickets (title, description, email) values ('{}', '-', '{}')".format, titles, emails),
    st.builds(
        "insert into comments (ticket_id, email, body) select min(id), '{}', '{}' from tickets".format, emails, titles
    ),
    st.builds(
        "insert into users (email, name, role, team) values ('{}', 'New', 'customer', '{}')".format, strangers, teams
    ),
)
outside = st.builds(
    Outside,
    st.lists(_statements, min_size=1, max_size=3).map(tuple),
    st.sampled_from((True, True, True, False)),
)
_subscribe = st.builds(Subscribe, seats, questions())
_told = st.one_of(told_writes(), told_writes(), _subscribe)
# A reload is another gateway to open.
_at_once = st.integers(0, 15).flatmap(lambda chance: st.just(Reload()) if chance == 15 else _told)
bursts = st.lists(_at_once, min_size=2, max_size=5).map(lambda steps: Burst(tuple(steps)))
