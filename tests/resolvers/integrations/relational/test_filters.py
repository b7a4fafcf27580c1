"""Filters, orders and pages, held against plain Python on random trees: the same on both databases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.resolvers.integrations.relational.desk import Desk
from tests.resolvers.integrations.relational.oracle import in_order, passes

FIELDS = "id title kind points weight price big done due at ownerId"
TITLES = ("a", "A", "ab", "100%", "1_0", "a\\b", "it's", "[x]*?", "É é", "", "b!a")
KINDS = ("Bug", "Wish", "Chore")
MOMENTS = ("2026-11-21T05:47:00Z", "2026-11-21T05:47:00.5Z", "1999-12-31T23:59:59.999Z")
SETTINGS = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "title": st.sampled_from(TITLES) | st.text(alphabet="ab%_\\![]*?'é", max_size=3),
    "kind": st.sampled_from(KINDS),
    "points": st.integers(-3, 3),
    "weight": st.sampled_from([0.0, 0.1, -2.5, 1e300]),
    "price": st.sampled_from(["0", "1.5", "10", "9.25"]),
    "big": st.sampled_from(["1", "9007199254740993", "-5"]),
    "done": st.booleans(),
    "due": st.sampled_from(["2026-01-01", "2026-12-31"]),
    "at": st.sampled_from(MOMENTS),
    "id": st.integers(1, 45).map(str),
}
TEXT_OPERATORS = (
    *("contains", "startsWith", "endsWith", "eqAnyCase", "neAnyCase"),
    *("containsAnyCase", "startsWithAnyCase", "endsWithAnyCase"),
)


@pytest.fixture(scope="module")
def rows(desk: Desk) -> list[dict[str, Any]]:
    """Forty rows of everything, as the API shows them."""
    made = []
    for number in range(40):
        row: dict[str, Any] = {
            "title": [*TITLES, None][number % 12],
            "kind": [*KINDS, None][number % 4],
            "points": [None, -1, 0, 1, 2][number % 5],
            "weight": [0.1, None, 1e300][number % 3],
            "price": ["1.5", "10", None][number % 3],
            "big": ["9007199254740993", None, "-5", "1"][number % 4],
            "done": [True, False, None][number % 3],
            "due": ["2026-01-01", None][number % 2],
            "at": [*MOMENTS, None][number % 4],
            "ownerId": [1, 2, 3, None][number % 4],
        }
        made.append(row)
    query = """mutation ($title: String, $kind: Kind, $points: Int, $weight: Float, $price: Decimal, $big: BigInt,
        $done: Boolean, $due: Date, $at: DateTime, $ownerId: Int) { create(title: $title, kind: $kind, points: $points,
        weight: $weight, price: $price, big: $big, done: $done, due: $due, at: $at, ownerId: $ownerId) { id } }"""
    for row in made:
        row["id"] = desk.data(query, variables=row)["create"]["id"]
    # PostgreSQL shows as many decimals as it was given.
    shown = desk.data(f"{{ list(limit: 50) {{ {FIELDS} }} }}")["list"]
    assert len(shown) == 40
    return list(shown)


@st.composite
def comparisons(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from(sorted(VALUES)))
    values = VALUES[name]
    operators = ["eq", "ne", "isNull", "isNotNull"]
    if name != "done":
        operators += ["in", "notIn"]
    if name not in ("done", "kind"):
        operators += ["gt", "gte", "lt", "lte", "between"]
    if name == "title":
        # Texts are in the database's own order, which is not Python's.
        operators = [each for each in operators if each not in ("gt", "gte", "lt", "lte", "between")]
        operators += TEXT_OPERATORS
    operator = draw(st.sampled_from(operators))
    operand: Any
    if operator in ("isNull", "isNotNull"):
        operand = draw(st.booleans())
    elif operator in ("in", "notIn"):
        operand = draw(st.lists(values, max_size=3))
    elif operator == "between":
        operand = [draw(values), draw(values)]
    else:
        operand = draw(values)
    if operator.endswith("AnyCase") and isinstance(operand, str):
        # Lower case beyond ASCII is a matter of the database's locale.
        operand = operand.encode("ascii", "ignore").decode()
    return {name: {operator: operand}}


def joined(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        st.builds(lambda parts: {"and": parts}, st.lists(inner, max_size=3)),
        st.builds(lambda parts: {"or": parts}, st.lists(inner, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
        st.builds(lambda one, other: {**one, **other}, inner, inner),
    )


people = st.sampled_from(
    [
        {"name": {"eq": "Ada"}},
        {"team": {"ne": "red"}},
        {"team": {"isNull": True}},
        {"team": {"in": ["red", "blue"]}},
        {},
    ]
)
filters = st.recursive(comparisons() | people.map(lambda inner: {"owner": inner}), joined, max_leaves=8)
PEOPLE: dict[int, dict[str, Any]] = {
    1: {"id": "1", "name": "Ada", "team": "red"},
    2: {"id": "2", "name": "Bob", "team": "blue"},
    3: {"id": "3", "name": "Cyd", "team": None},
}


def owners(row: Any) -> list[dict[str, Any]]:
    return [PEOPLE[row["ownerId"]]] if row["ownerId"] else []


@SETTINGS
@given(where=filters)
def test_any_filter_finds_what_python_finds(desk: Desk, rows: list[dict[str, Any]], where: dict[str, Any]) -> None:
    query = (
        "query ($where: TaskFilter) { list(where: $where, orderBy: [id_ASC], limit: 50) { id } count(where: $where) }"
    )
    found = desk.data(query, variables={"where": where})
    expected = [row["id"] for row in in_order(rows, []) if passes(where, row, {"owner": owners}) is True]
    assert [row["id"] for row in found["list"]] == expected
    assert found["count"] == len(expected)


SORTABLE = ("points", "weight", "price", "big", "due", "at", "done", "id")


@SETTINGS
@given(
    order=st.lists(st.sampled_from([f"{n}_{d}" for n in SORTABLE for d in ("ASC", "DESC")]), max_size=4),
    size=st.integers(1, 13),
    where=st.just({}) | filters,
)
def test_pages_put_together_are_the_list(
    desk: Desk, rows: list[dict[str, Any]], order: list[str], size: int, where: dict[str, Any]
) -> None:
    named: dict[str, str] = {}
    for key in order:
        named.setdefault(key.rpartition("_")[0], key)
    wanted = in_order([row for row in rows if passes(where, row, {"owner": owners}) is True], list(named.values()))
    assert list(pages(desk, order, size, where)) == [row["id"] for row in wanted]


def pages(desk: Desk, order: list[str], size: int, where: dict[str, Any]) -> Iterator[str]:
    query = """query ($where: TaskFilter, $orderBy: [TaskOrder!], $first: Int, $after: String) {
        tasks(where: $where, orderBy: $orderBy, first: $first, after: $after) {
            edges { cursor at: node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
            nodes { id } totalCount } }"""
    after, seen = None, 0
    while True:
        variables = {"where": where, "orderBy": order, "first": size, "after": after}
        page = desk.data(query, variables=variables)["tasks"]
        identities = [edge["at"]["id"] for edge in page["edges"]]
        assert identities == [node["id"] for node in page["nodes"]]
        assert len(identities) <= size
        yield from identities
        seen += len(identities)
        info = page["pageInfo"]
        assert info["hasPreviousPage"] == (after is not None)
        assert info["hasNextPage"] == (seen < page["totalCount"])
        cursors = [edge["cursor"] for edge in page["edges"]]
        assert (info["startCursor"], info["endCursor"]) == ((cursors[0], cursors[-1]) if cursors else (None, None))
        if not info["hasNextPage"]:
            return
        after = info["endCursor"]


@pytest.mark.parametrize("cursor", ["", "zz", "5b315d", "5b5b315d5d", "7b7d", "ff", "5b", "00" * 9000, "' or 1=1 --"])
def test_a_cursor_of_something_else_is_refused(desk: Desk, rows: list[dict[str, Any]], cursor: str) -> None:
    query = "query ($after: String) { tasks(orderBy: [points_ASC], after: $after) { nodes { id } } }"
    assert desk.code(query, variables={"after": cursor}) == "BAD_USER_INPUT"


def test_the_default_order_of_text_is_total(desk: Desk, rows: list[dict[str, Any]]) -> None:
    """Whatever order a database has for texts, pages follow it."""
    whole = desk.data("{ list(orderBy: [title_DESC, kind_ASC], limit: 50) { id } }")["list"]
    assert list(pages(desk, ["title_DESC", "kind_ASC"], 7, {})) == [row["id"] for row in whole]


def test_sizes_are_bounded(desk: Desk, rows: list[dict[str, Any]]) -> None:
    assert desk.code("{ list(limit: 51) { id } }") == "LIMIT"
    assert desk.code("{ list(limit: -1) { id } }") == "BAD_USER_INPUT"
    assert desk.code("{ list(offset: -1) { id } }") == "BAD_USER_INPUT"
    assert desk.code("{ people { tasks(limit: 51) { id } } }") == "LIMIT"
    assert desk.data("{ list(limit: 0) { id } }") == {"list": []}
    many: dict[str, Any] = {"or": [{"points": {"eq": number}} for number in range(70)]}
    assert desk.code("query ($w: TaskFilter) { list(where: $w) { id } }", variables={"w": many}) == "LIMIT"
    deep: dict[str, Any] = {"points": {"eq": 1}}
    for _ in range(45):
        deep = {"not": deep}
    assert desk.code("query ($w: TaskFilter) { list(where: $w) { id } }", variables={"w": deep}) in (
        "LIMIT",
        "BAD_USER_INPUT",
    )


def test_what_was_not_sent_is_not_asked(desk: Desk, rows: list[dict[str, Any]]) -> None:
    def found(arguments: str) -> list[str]:
        return [row["id"] for row in desk.data(f"{{ optional{arguments} {{ id }} }}")["optional"]]

    assert found("") == found("(kind: null, least: null)") == [row["id"] for row in in_order(rows, [])]
    assert found("(kind: Bug)") == [row["id"] for row in in_order(rows, []) if row["kind"] == "Bug"]
    assert found("(least: 1)") == [row["id"] for row in in_order(rows, []) if (row["points"] or 0) >= 1]
    assert found('(team: "red")') == [row["id"] for row in in_order(rows, []) if row["ownerId"] == 1]
    assert found("(kinds: [])") == []
    expected = [row["id"] for row in in_order(rows, []) if row["title"] == "a" and row["kind"] == "Bug"]
    assert [row for row in found('(title: "a", kinds: [Bug])') if row in expected] == expected


def test_nothing_that_is_sent_is_read_as_sql(desk: Desk, rows: list[dict[str, Any]]) -> None:
    attacks = [
        "' or '1'='1",
        "'; drop table tasks; --",
        '" or ""="',
        "\\' or 1=1 --",
        "%",
        "_",
        "$1",
        "?",
        ":p0",
        "{{ x }}",
    ]
    queries = [
        "query ($x: String) { found: list(where: { title: { eq: $x } }) { id } }",
        "query ($x: String!) { found: list(where: { title: { in: [$x] } }) { id } }",
        "query ($x: String) { found: list(where: { title: { contains: $x } }) { id } }",
        "query ($x: String) { found: list(where: { title: { eqAnyCase: $x } }) { id } }",
        "query ($x: String) { found: list(where: { owner: { name: { startsWith: $x } } }) { id } }",
    ]
    for attack in attacks:
        for query in queries:
            found = desk.data(query, variables={"x": attack})["found"]
            literal = [row for row in rows if row["title"] and attack in row["title"]] if "contains" in query else []
            assert sorted(row["id"] for row in found) == sorted(row["id"] for row in literal), (attack, query)
    assert len(desk.data("{ list(limit: 50) { id } }")["list"]) == 40


def test_a_nul_byte_harms_nothing(desk: Desk, rows: list[dict[str, Any]]) -> None:
    answer = desk.ask("query ($x: String) { list(where: { title: { eq: $x } }) { id } }", variables={"x": "a\0b"})
    assert answer.get("data") == {"list": []} or answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


def test_every_kind_of_selection(desk: Desk, rows: list[dict[str, Any]]) -> None:
    """Aliases, nested lists with their own limits, the same relation twice, deep nesting: one statement each."""
    found = desk.data(
        """{ people { name best: tasks(limit: 1) { id points } rest: tasks(offset: 1, limit: 2) { id }
            tasks { __typename owner { boss { boss { id } } tasks(limit: 1) { owner { name } } } } } }"""
    )["people"]
    for person, number in zip(found, (1, 2, 3), strict=True):
        mine = in_order([row for row in rows if row["ownerId"] == number], ["points_DESC"])
        assert person["best"] == [{"id": mine[0]["id"], "points": mine[0]["points"]}]
        assert [task["id"] for task in person["rest"]] == [row["id"] for row in mine[1:3]]
        nested = {"boss": {"boss": {"id": str(number)}}, "tasks": [{"owner": {"name": person["name"]}}]}
        assert person["tasks"] == [{"__typename": "Task", "owner": nested}] * 5


def test_groups(desk: Desk, rows: list[dict[str, Any]]) -> None:
    found = desk.data("{ groups { kind tasks points heaviest titles mean } }")["groups"]
    assert [group["kind"] for group in found] == ["Bug", "Chore", "Wish", None]
    for group in found:
        mine = [row for row in rows if row["kind"] == group["kind"]]
        points = [row["points"] for row in mine if row["points"] is not None]
        assert group["tasks"] == len(mine)
        assert group["points"] == sum(points)
        assert group["heaviest"] == max(row["weight"] for row in mine if row["weight"] is not None)
        assert group["titles"] == len({row["title"] for row in mine if row["title"] is not None})
        assert abs(group["mean"] - sum(points) / len(points)) < 1e-9


def test_statements_name_no_value(desk: Desk) -> None:
    """Every value is a parameter, also in the plan that is shown to the author."""
    prepared = desk.gateway.catalog.operations["optional"].plan.run[-1].prepared
    sql = prepared.compile(None, 3).describe().split("\n  1 = ")[0]
    assert not re.search(r"'(Bug|Wish|red)' *=|= *'(Bug|Wish|red)'", sql)


def test_one_row_is_never_any_row(desk: Desk, rows: list[dict[str, Any]]) -> None:
    """What a list would drop, a request for one row does not: without its argument it finds nothing."""
    assert desk.data("{ maybeTask { id } }") == {"maybeTask": None}
    assert desk.data("{ maybeTask(id: null, title: null) { id } }") == {"maybeTask": None}
    first = rows[0]["id"]
    assert desk.data("query ($id: ID) { maybeTask(id: $id) { id } }", variables={"id": first}) == {
        "maybeTask": {"id": first}
    }
