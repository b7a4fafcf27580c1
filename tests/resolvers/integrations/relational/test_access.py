"""Who sees and touches which rows: every verb, held against the rules in plain Python."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from tests.resolvers.integrations.relational.desk import Desk

TEAMS = {1: "red", 2: "blue", 3: None, None: None}
CALLERS = [
    ("member", "red"),
    ("member", "blue"),
    ("member", None),
    ("member", "green"),
    ("lead", None),
    ("admin", "red"),
]


def sees(role: str, team: str | None, row: dict[str, Any]) -> bool:
    if role != "member":
        return True
    return row["kind"] == "Wish" or (team is not None and TEAMS[row["ownerId"]] == team)


@pytest.fixture(scope="module")
def rows(desk: Desk) -> list[dict[str, Any]]:
    made = []
    for number, (kind, owner) in enumerate(product(("Bug", "Wish", "Chore", None), (1, 2, 3, None))):
        row = {"title": f"t{number}", "kind": kind, "ownerId": owner, "points": number}
        query = (
            "mutation ($title: String, $kind: Kind, $ownerId: Int, $points: Int) { create(title: $title, kind: $kind, "
        )
        query += "ownerId: $ownerId, points: $points) { id } }"
        made.append({**row, "id": desk.data(query, variables=row)["create"]["id"]})
    return made


@pytest.mark.parametrize(("role", "team"), CALLERS)
def test_reads(desk: Desk, rows: list[dict[str, Any]], role: str, team: str | None) -> None:
    caller: dict[str, Any] = {"role": role, "team": team}
    mine = [row["id"] for row in rows if sees(role, team, row)]
    found = desk.data("{ list(orderBy: [points_ASC]) { id } count tasks { totalCount nodes { id } } }", **caller)
    assert [row["id"] for row in found["list"]] == mine
    assert found["count"] == found["tasks"]["totalCount"] == len(mine)
    assert sorted(node["id"] for node in found["tasks"]["nodes"]) == sorted(mine)
    groups = desk.data("{ groups { kind tasks } }", **caller)["groups"]
    assert sum(group["tasks"] for group in groups) == len(mine)
    for row in rows:
        one = desk.data("query ($id: ID!) { task(id: $id) { id } }", variables={"id": row["id"]}, **caller)["task"]
        assert one == ({"id": row["id"]} if row["id"] in mine else None)
        code = desk.ask("query ($id: ID!) { theTask(id: $id) { id } }", variables={"id": row["id"]}, **caller)
        assert ("errors" in code) == (row["id"] not in mine)
    people = desk.data("{ people { name team tasks(limit: 50) { id owner { team } } } }", **caller)["people"]
    for person in people:
        assert role != "member" or person["team"] == team
        owner = {"Ada": 1, "Bob": 2, "Cyd": 3}[person["name"]]
        expected = [row["id"] for row in reversed(rows) if row["ownerId"] == owner and row["id"] in mine]
        assert [task["id"] for task in person["tasks"]] == expected


@pytest.mark.parametrize(("role", "team"), CALLERS)
def test_a_condition_on_a_relation_sees_what_the_caller_sees(
    desk: Desk, rows: list[dict[str, Any]], role: str, team: str | None
) -> None:
    """A member of red must not learn, by asking, that Bob (of blue) owns a wish."""
    query = '{ list(where: { owner: { name: { eq: "Bob" } } }, orderBy: [points_ASC]) { id owner { name } } }'
    found = desk.data(query, role=role, team=team)["list"]
    visible = role != "member" or team == "blue"
    assert [row["id"] for row in found] == [row["id"] for row in rows if row["ownerId"] == 2 and visible]
    hidden = desk.data("{ list(where: { kind: { eq: Wish } }) { owner { name } } }", role="member", team=None)["list"]
    assert [row["owner"] for row in hidden] == [None] * 4


def test_fields_above_the_callers_role(desk: Desk, rows: list[dict[str, Any]]) -> None:
    for query in (
        "{ people { salary } }",
        '{ list(where: { note: { eq: "x" } }) { id } }',
        "{ list(where: { not: { or: [{ note: { isNull: true } }] } }) { id } }",
        "{ list(where: { owner: { salary: { gt: 1 } } }) { id } }",
        "{ list(orderBy: [note_ASC]) { id } }",
        "{ tasks(orderBy: [note_ASC]) { edges { cursor } } }",
        "{ list { owner { salary } } }",
    ):
        assert desk.code(query, role="lead") == "FORBIDDEN", query
        assert "errors" not in desk.ask(query, role="admin")


def test_an_identity_without_a_field_finds_nothing(desk: Desk) -> None:
    assert desk.data("{ people { id } mine { id } notMine { id } }", role="admin") == {
        "people": [{"id": "1"}, {"id": "2"}, {"id": "3"}],
        "mine": [],
        "notMine": [],
    }
    known = desk.data("{ mine { id } notMine { id } }", role="admin", team="red", email="Bob")
    assert known == {"mine": [{"id": "3"}], "notMine": [{"id": "2"}]}


def test_creating_what_the_rule_does_not_allow(desk: Desk) -> None:
    before = desk.data("{ count }")["count"]
    query = 'mutation ($owner: Int) { create(title: "new", ownerId: $owner) { id owner { team } } }'
    for owner in (2, 3, None):
        assert desk.code(query, role="member", team="red", variables={"owner": owner}) == "FORBIDDEN"
    assert desk.code(query, role="member", team=None, variables={"owner": 3}) == "FORBIDDEN"
    rows = "mutation ($rows: [NewTask!]!) { createMany(rows: $rows) { id kind ownerId } }"
    mixed = {"rows": [{"title": "a", "ownerId": 1}, {"title": "b", "ownerId": 2}]}
    assert desk.code(rows, role="member", team="red", variables=mixed) == "FORBIDDEN"
    assert desk.data("{ count }")["count"] == before
    made = desk.data(query, role="member", team="red", variables={"owner": 1})["create"]
    assert made["owner"] == {"team": "red"}


def test_updating_what_the_rule_does_not_allow(desk: Desk, rows: list[dict[str, Any]]) -> None:
    query = (
        "mutation ($id: ID!, $title: String, $owner: Int) { update(id: $id, title: $title, ownerId: $owner) { title } }"
    )
    for row in rows:
        answer = desk.ask(query, role="member", team="red", variables={"id": row["id"], "title": "changed"})
        if row["ownerId"] == 1:
            assert answer["data"] == {"update": {"title": "changed"}}
        else:
            # A row of another team is there to be read if it is a wish, and still cannot be changed.
            assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    mine = rows[0]["id"]
    given_away = {"id": mine, "title": "stolen", "owner": 2}
    assert desk.code(query, role="member", team="red", variables=given_away) == "FORBIDDEN"
    kept = desk.data("query ($id: ID!) { task(id: $id) { title ownerId } }", variables={"id": mine})["task"]
    assert kept == {"title": "changed", "ownerId": 1}
    chore = "mutation ($id: ID!) { update(id: $id, kind: Chore) { kind } }"
    assert desk.code(chore, role="lead", variables={"id": mine}) == "FORBIDDEN"


def test_updating_many_touches_only_what_the_rules_allow(desk: Desk, rows: list[dict[str, Any]]) -> None:
    query = "mutation { updateSome(where: { points: { gte: 0 } }, points: 7) }"
    assert desk.data(query, role="member", team="blue")["updateSome"] == 4
    changed = {row["id"] for row in desk.data("{ list(where: { points: { eq: 7 } }) { id } }")["list"]}
    assert changed == {row["id"] for row in rows if row["ownerId"] == 2 or row["points"] == 7}
    assert (
        desk.data("mutation { updateSome(where: { kind: { eq: Chore } }, points: 9) }", role="lead")["updateSome"] == 0
    )
    found = desk.data("mutation { updateKind(kind: Wish, points: 5) { ownerId points } }", role="lead")["updateKind"]
    assert found == [{"ownerId": owner, "points": 5} for owner in (1, 2, 3, None)]


def test_a_write_says_which_rows(desk: Desk, rows: list[dict[str, Any]]) -> None:
    before = desk.data("{ list(orderBy: [id_ASC], limit: 50) { id points } }")
    empties: list[Any] = [
        *(None, {}, {"and": []}, {"or": []}, {"not": {}}, {"or": [{}, {"points": {"eq": 1}}]}, {"points": {}}),
        *({"not": {"or": []}}, {"points": None}, {"owner": {}}, {"and": [{"and": [{}]}]}),
    ]
    for empty in empties:
        variables = {"where": empty}
        query = "mutation ($where: TaskFilter) { updateSome(where: $where, points: 1) }"
        assert desk.code(query, variables=variables) == "BAD_USER_INPUT", empty
        query = "mutation ($where: TaskFilter) { deleteSome(where: $where) }"
        assert desk.code(query, variables=variables) == "BAD_USER_INPUT", empty
    assert desk.code("mutation { updateSome(points: 1) }") == "BAD_USER_INPUT"
    assert desk.code("mutation { deleteSome }") == "BAD_USER_INPUT"
    assert desk.code("mutation { updateKind(points: 1) { id } }") == "BAD_USER_INPUT"
    assert desk.code("mutation { updateKind(kind: null, points: 1) { id } }") == "BAD_USER_INPUT"
    assert desk.data("{ list(orderBy: [id_ASC], limit: 50) { id points } }") == before


def test_deleting(desk: Desk, rows: list[dict[str, Any]]) -> None:
    assert desk.code("mutation { deleteSome(where: { points: { gte: 0 } }) }", role="member", team="red") == "FORBIDDEN"
    query = "mutation ($id: ID!) { remove(id: $id) }"
    assert desk.data(query, role="lead", variables={"id": rows[0]["id"]}) == {"remove": True}
    assert desk.data(query, role="lead", variables={"id": rows[0]["id"]}) == {"remove": False}
    assert desk.data("mutation { deleteSome(where: { kind: { eq: Wish } }) }", role="lead") == {"deleteSome": 4}
