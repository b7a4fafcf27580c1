"""Writes and the author's own SQL, on each database."""

from __future__ import annotations

from typing import Any

from tests.resolvers.integrations.relational.desk import Desk


def test_composite_keys(desk: Desk) -> None:
    take = """mutation ($row: Int!, $letter: String!, $by: String!) {
        take(row: $row, letter: $letter, by: $by) { row letter taken } }"""
    for number in (1, 2, 3):
        made = desk.data(take, variables={"row": number, "letter": "a'b", "by": f"p{number}"})["take"]
        assert made == {"row": number, "letter": "a'b", "taken": f"p{number}"}
    assert desk.code(take, variables={"row": 1, "letter": "a'b", "by": "x"}) == "CONFLICT"
    moved = desk.data('mutation { move(row: 1, letter: "a\'b", to: 9) { row taken } }')["move"]
    assert moved == {"row": 9, "taken": "p1"}
    assert desk.code('mutation { move(row: 9, letter: "a\'b", to: 2) { row } }') == "CONFLICT"
    assert desk.code('mutation { move(row: 77, letter: "a\'b", to: 2) { row } }') == "NOT_FOUND"
    assert desk.data('mutation { leave(row: 2, letter: "a\'b") { taken } }')["leave"] == {"taken": "p2"}
    assert desk.data('mutation { leave(row: 2, letter: "a\'b") { taken } }')["leave"] is None
    assert desk.data('{ seat(row: 9, letter: "a\'b") { __typename taken } }')["seat"] == {
        "__typename": "Seat",
        "taken": "p1",
    }
    cleared = desk.data('mutation { clear(letter: "a\'b") { row } }')["clear"]
    assert cleared == [{"row": 3}, {"row": 9}]
    assert desk.data('mutation { clear(letter: "a\'b") { row } }')["clear"] == []


def test_creating_many(desk: Desk) -> None:
    query = """mutation ($rows: [NewTask!]!) {
        createMany(rows: $rows) { title kind points ownerId owner { name } price at data bytes } }"""
    rows: list[dict[str, Any]] = [
        {"title": "a", "points": 1, "ownerId": 1, "kind": "Wish"},
        {"title": None, "price": "2.500000000" if desk.kind == "mysql" else "2.5", "at": "2026-01-01T00:00:00Z"},
        {"points": 3, "title": "c", "data": {"x": [1, "y"]}, "bytes": "AP/+"},
        {},
        {"title": "e", "points": 5, "ownerId": 2},
    ]
    made = desk.data(query, variables={"rows": rows})["createMany"]
    names = {1: {"name": "Ada"}, 2: {"name": "Bob"}, None: None}
    blank = dict.fromkeys(("title", "points", "ownerId", "price", "at", "data", "bytes"))
    expected = [{**blank, **row, "kind": "Bug", "owner": names[row.get("ownerId")]} for row in rows]
    assert made == expected
    assert desk.data(query, variables={"rows": []})["createMany"] == []
    # Of one shape, in an order that is nobody's but theirs; with MariaDB in statements of 16, 2 and 1.
    rows = [{"title": f"{7 * number % 19}", "points": number if number % 3 else None} for number in range(19)]
    made = desk.data(query, variables={"rows": rows})["createMany"]
    assert [{name: each[name] for name in ("title", "points")} for each in made] == rows
    counted = "mutation ($rows: [NewTask!]!) { createCounted(rows: $rows) }"
    assert desk.data(counted, variables={"rows": [{"title": "x"}] * 20})["createCounted"] == 20
    assert desk.code(counted, variables={"rows": [{"title": "x"}] * 21}) == "LIMIT"
    before = desk.data("{ count }")
    broken = [{"title": "fine"}, {"title": "no such owner", "ownerId": 99}]
    assert desk.code(counted, variables={"rows": broken}) == "CONFLICT"
    assert desk.data("{ count }") == before


def test_what_is_left_out_stays(desk: Desk) -> None:
    made = desk.data('mutation { create(title: "t", kind: Bug, ownerId: 1) { id } }')["create"]["id"]
    query = """mutation ($id: ID!, $title: String, $kind: Kind) {
        update(id: $id, title: $title, kind: $kind) { title kind } }"""
    assert desk.data(query, variables={"id": made, "title": "u"})["update"] == {"title": "u", "kind": "Bug"}
    assert desk.data(query, variables={"id": made, "title": None})["update"] == {"title": None, "kind": "Bug"}
    assert desk.data(query, variables={"id": made})["update"] == {"title": None, "kind": "Bug"}


def test_sql_of_the_author(desk: Desk) -> None:
    for title in ("50% off", "it's", 'a "b"', "x_y"):
        desk.data(
            "mutation ($t: String) { create(title: $t, kind: Wish, points: 4, ownerId: 1) { id } }",
            variables={"t": title},
        )
    query = """query ($q: String!, $least: Int) {
        rawTasks(q: $q, least: $least) { title points owner { name tasks(limit: 1) { __typename } } } }"""
    found = desk.data(query, variables={"q": "it's"})["rawTasks"]
    owner = {"name": "Ada", "tasks": [{"__typename": "Task"}]}
    assert found == [{"title": "it's", "points": 4, "owner": owner}]
    assert desk.data(query, variables={"q": "it's", "least": 5})["rawTasks"] == []
    assert desk.data(query, variables={"q": "'; drop table tasks; --"})["rawTasks"] == []
    assert (
        desk.data("{ rawCount(kind: Wish) }")["rawCount"]
        == desk.data("{ count(where: { kind: { eq: Wish } }) }")["count"]
    )
    titles = [row["title"] for row in desk.data("{ list(orderBy: [id_ASC], limit: 50) { title } }")["list"]]
    assert desk.data("{ rawTitles }")["rawTitles"] == titles
    rows = desk.data("{ rawFound { id who: ownerName title } }")["rawFound"]
    assert [row["title"] for row in rows] == titles
    assert {row["who"] for row in rows} <= {"Ada", "Bob", "Cyd", None}


def test_sql_of_the_author_that_writes(desk: Desk) -> None:
    identity = int(desk.data('mutation { create(title: "t") { id } }')["create"]["id"])
    query = "mutation ($id: Int!, $t: String!) { rawUpdate(id: $id, title: $t) }"
    assert desk.data(query, variables={"id": identity, "t": "x'; --"})["rawUpdate"] == 1
    assert desk.data(query, variables={"id": -1, "t": "x"})["rawUpdate"] == 0
    returning = "mutation ($id: Int!, $t: String!) { rawReturning(id: $id, title: $t) { id title ownerName } }"
    found = desk.data(returning, variables={"id": identity, "t": 'q"\\'})["rawReturning"]
    assert found == {"id": str(identity), "title": 'a q"\\', "ownerName": None}
    assert desk.data(returning, variables={"id": -1, "t": "x"})["rawReturning"] is None
