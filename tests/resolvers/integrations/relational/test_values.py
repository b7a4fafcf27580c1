"""Values of every type: in, out, and out of shape."""

from __future__ import annotations

from typing import Any

import pytest

from tests.resolvers.integrations.relational.desk import Desk

VALUES: dict[str, Any] = {
    "title": 'a "quoted" \\ text % _ \t\n é 🐘 \u2028',
    "kind": "Wish",
    "points": -2147483648,
    "weight": 0.1 + 0.2,
    "price": "12345678901234567890.123456789",
    "big": "9223372036854775807",
    "done": False,
    "due": "2026-02-28",
    "at": "2026-11-21T05:47:00.123Z",
    "clock": "05:47:09",
    "token": "123e4567-e89b-42d3-a456-426614174000",
    "data": {"a": [1, 2.5, None, True, {"!": 1}], "é": '"!":1'},
    "bytes": "AP/+",
    "tags": ["a", 'b"', ""],
}
ARGUMENTS = (
    "$title: String, $kind: Kind, $points: Int, $weight: Float, $price: Decimal, $big: BigInt, $done: Boolean, "
    "$due: Date, $at: DateTime, $clock: Time, $token: UUID, $data: JSON, $bytes: Bytes, $tags: [String!]"
)
CREATE = f"mutation ({ARGUMENTS}) {{ create({', '.join(f'{n}: ${n}' for n in VALUES)}) {{ id {' '.join(VALUES)} }} }}"


def test_every_type_comes_back_as_it_went_in(desk: Desk) -> None:
    # SQLite keeps a decimal as the nearest floating number, unless the column is text.
    sent = {**VALUES, "price": "1234567.25"} if desk.kind == "sqlite" else VALUES
    made = desk.data(CREATE, variables=sent)["create"]
    read = desk.data(f"query ($id: ID!) {{ task(id: $id) {{ id {' '.join(VALUES)} }} }}", variables={"id": made["id"]})
    assert made == read["task"] == {**sent, "id": made["id"]}


def test_nulls_and_what_is_left_out(desk: Desk) -> None:
    made = desk.data(CREATE, variables=dict.fromkeys(VALUES))["create"]
    assert made == {**dict.fromkeys(VALUES), "id": made["id"]}
    made = desk.data("mutation { create { id title done } }")["create"]
    assert made == {"id": made["id"], "title": None, "done": None}


@pytest.mark.parametrize("name", [name for name in VALUES if name not in ("data", "tags")])
def test_every_type_can_be_compared(desk: Desk, name: str) -> None:
    value = "7.25" if name == "price" else VALUES[name]
    identity = desk.data(CREATE, variables={**VALUES, name: value, "price": "7.25"})["create"]["id"]
    query = "query ($where: TaskFilter) { list(where: $where, orderBy: [id_DESC], limit: 1) { id } }"
    for comparison in ({"eq": value}, {"in": [value]}, {"isNull": False}):
        if name == "done" and "in" in comparison:
            continue
        found = desk.data(query, variables={"where": {name: comparison}})["list"]
        assert found == [{"id": identity}], comparison
    for comparison in ({"ne": value}, {"notIn": [value]}, {"isNull": True}):
        if name == "done" and "notIn" in comparison:
            continue
        found = desk.data(query, variables={"where": {name: comparison, "id": {"eq": identity}}})["list"]
        assert found == [], comparison


def test_what_breaks_the_promises_of_the_schema_is_a_graphql_error(desk: Desk) -> None:
    for row in (
        "(1, 'fine', 'Bug', 1)",
        "(2, null, 'Bug', 1)",
        "(3, 'unknown kind', 'Nonsense', 1)",
        "(4, 'too great', 'Bug', 3000000000)",
    ):
        desk.run(f"insert into loose values {row}")
    query = "query ($id: ID!) { strict(id: $id) { __typename id title kind points } }"
    fine = desk.ask(query, variables={"id": "1"})
    assert fine == {
        "data": {"strict": {"__typename": "Strict", "id": "1", "title": "fine", "kind": "Bug", "points": 1}}
    }
    for number, field in ((2, "title"), (3, "kind"), (4, "points")):
        answer = desk.ask(query, variables={"id": str(number)})
        assert answer["data"] == {"strict": None}
        assert [error["path"] for error in answer["errors"]] == [["strict", field]]
        selected = " ".join({"id", "title", "kind", "points"} - {field})
        whole = desk.ask(f"query ($id: ID!) {{ strict(id: $id) {{ {selected} }} }}", variables={"id": str(number)})
        assert "errors" not in whole
    nulls = desk.ask("{ all: stricts { key: id text: title } }")
    assert nulls["data"] is None
    assert [error["path"] for error in nulls["errors"]] == [["all", 1, "text"]]
    assert desk.ask("{ stricts { id } }")["data"] == {"stricts": [{"id": str(number)} for number in (1, 2, 3, 4)]}


def test_numbers_out_of_range_are_the_clients_mistake(desk: Desk) -> None:
    for identity in ("abc", "99999999999999999999", "1.5", "", "1; drop table tasks"):
        assert desk.code("query ($id: ID!) { task(id: $id) { id } }", variables={"id": identity}) == "BAD_USER_INPUT"
