"""Filters and sort keys as written."""

from __future__ import annotations

import pytest

from tidegate.core.expressions import Expression, Items, Literal, Record, Reference, Text
from tidegate.core.filters import EVERY_ROW, All, AnyOf, Comparison, Filter, Not, Operator, Order, Related, Sent
from tidegate.core.integration import Surroundings
from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.location import Location
from tidegate.core.objects import Column, DataObject, Relation
from tidegate.core.problems import Problems
from tidegate.core.query import OrderBy, operators_for, order_values, parse_filter, parse_order, sent_order
from tidegate.core.types import Argument, EnumType, InputType, ListOf, Named, NonNull, TypeRef

AT = Location("f.yaml")


def columns(**types: TypeRef) -> dict[str, Column]:
    return {name: Column(name, name, type, 0, AT) for name, type in types.items()}


TICKETS = DataObject(
    name="tickets",
    integration="db",
    table="tickets",
    key=("id",),
    type="Ticket",
    columns=columns(
        id=NonNull(Named("ID")),
        title=NonNull(Named("String")),
        status=Named("Status"),
        size=Named("Int"),
        data=Named("JSON"),
        tags=ListOf(NonNull(Named("String"))),
        createdAt=Named("DateTime"),
    ),
    relations={"comments": Relation("comments", "comments", True, (("ticketId", "id"),), (), None, AT)},
    access={},
    at=AT,
)
COMMENTS = DataObject("comments", "db", "comments", ("id",), "Comment", columns(text=Named("String")), {}, {}, AT)
SURROUNDINGS = Surroundings(
    objects={"tickets": TICKETS, "comments": COMMENTS},
    types={
        "Status": EnumType("Status", {"Todo": "", "Done": ""}, AT),
        "Search": InputType("Search", {"title": Argument("title", NonNull(Named("String")), AT)}, AT),
        "TicketFilter": InputType("TicketFilter", {}, AT),
        "TicketOrder": EnumType("TicketOrder", {}, AT),
    },
    roles=("anonymous",),
    limits=Limits(),
)
ARGUMENT_TYPES: dict[str, TypeRef] = {
    "status": Named("Status"),
    "statuses": ListOf(NonNull(Named("Status"))),
    "must": NonNull(Named("Status")),
    "id": NonNull(Named("ID")),
    "low": Named("Int"),
    "search": Named("Search"),
    "where": Named("TicketFilter"),
    "order": ListOf(NonNull(Named("TicketOrder"))),
}
ARGUMENTS = {name: Argument(name, type, AT) for name, type in ARGUMENT_TYPES.items()}


def written(value: object) -> Expression:
    """A filter as Python literals: a text that begins with `$` is a reference."""
    match value:
        case dict():
            return Record({k: written(v) for k, v in value.items()}, dict.fromkeys(value, AT), AT)
        case list():
            return Items(tuple(written(v) for v in value), AT)
        case str() if value.startswith("$"):
            root, *path = value[1:].split(".")
            return Reference(root, tuple(path), AT)
        case str() | int() | float() | None:
            return Literal(value, AT)
    raise AssertionError(value)


def read(value: object) -> tuple[Filter, list[str]]:
    problems = Problems()
    found = parse_filter(written(value), TICKETS, SURROUNDINGS, problems, ARGUMENTS)
    return found, [str(problem) for problem in problems.found]


def comparison(field: str, operator: Operator, value: Expression, optional: bool = False) -> Comparison:
    return Comparison(field, operator, value, optional, AT)


def literal(value: Json) -> Literal:
    return Literal(value, AT)


STATUS = Reference("args", ("status",), AT)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, EVERY_ROW),
        ({"status": "Todo"}, comparison("status", Operator.EQ, literal("Todo"))),
        ({"id": 7}, comparison("id", Operator.EQ, literal("7"))),
        ({"status": "$args.status"}, comparison("status", Operator.EQ, STATUS, optional=True)),
        ({"status": "$args.must"}, comparison("status", Operator.EQ, Reference("args", ("must",), AT))),
        (
            {"title": {"contains": "$args.search.title"}},
            comparison("title", Operator.CONTAINS, Reference("args", ("search", "title"), AT), optional=True),
        ),
        (
            {"size": {"gte": 1, "lt": 9}},
            All((comparison("size", Operator.GTE, literal(1)), comparison("size", Operator.LT, literal(9)))),
        ),
        (
            {"status": {"in": ["Todo", "$args.status"]}},
            comparison("status", Operator.IN, Items((literal("Todo"), STATUS), AT)),
        ),
        (
            {"status": {"in": "$args.statuses"}},
            comparison("status", Operator.IN, Reference("args", ("statuses",), AT), optional=True),
        ),
        (
            {"size": {"between": ["$args.low", 9]}},
            All(
                (
                    comparison("size", Operator.GTE, Reference("args", ("low",), AT), optional=True),
                    comparison("size", Operator.LTE, literal(9)),
                )
            ),
        ),
        (
            {"size": {"between": [1, 9]}},
            comparison("size", Operator.BETWEEN, Items((literal(1), literal(9)), AT)),
        ),
        (
            {"or": [{"id": 1}, {"not": {"data": {"isNull": True}}}]},
            AnyOf(
                (
                    comparison("id", Operator.EQ, literal("1")),
                    Not(comparison("data", Operator.IS_NULL, literal(True))),
                )
            ),
        ),
        (
            {"comments": {"text": {"startsWith": "a"}}},
            Related("comments", comparison("text", Operator.STARTS_WITH, literal("a")), AT),
        ),
        ("$args.where", Sent(Reference("args", ("where",), AT))),
        (
            {"and": ["$args.where", {"id": 1}]},
            All((Sent(Reference("args", ("where",), AT)), comparison("id", Operator.EQ, literal("1")))),
        ),
        ({"title": "$currentUser.email"}, comparison("title", Operator.EQ, Reference("currentUser", ("email",), AT))),
        (
            {"createdAt": {"gt": "2026-01-01T01:00:00+01:00"}},
            comparison("createdAt", Operator.GT, literal("2026-01-01T00:00:00Z")),
        ),
        ({"tags": ["a"]}, comparison("tags", Operator.EQ, Items((literal("a"),), AT))),
    ],
)
def test_filters(value: object, expected: Filter) -> None:
    assert read(value) == (expected, [])


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"statsu": "Todo"}, '"statsu" is not a field of tickets. Did you mean "status"?'),
        ({"status": "Tood"}, '"status" of tickets is a Status; "Tood" is not a value of Status. Did you mean "Todo"?'),
        ({"title": 5}, '"title" of tickets is a String; 5 is not a String. For text, put it in quotes: "5".'),
        (
            {"size": "$args.id"},
            None,
        ),
        (
            {"size": "$args.status"},
            '"size" of tickets is an Int; $args.status is a Status. Declare the argument as Int.',
        ),
        ({"size": {"contain": 1}}, '"contain" is not an operator. Did you mean "contains"?'),
        ({"size": {"contains": 1}}, '"contains" cannot compare "size": it is an Int.'),
        ({"data": 1}, '"data" cannot be compared: it is a JSON.'),
        ({"status": None}, "A comparison with null finds nothing. Write status: { isNull: true }."),
        ({"status": ["Todo"]}, '"status" of tickets is compared with a list. Write status: { in: [ … ] }.'),
        ({"status": "$args.statuses"}, '"status" of tickets is compared with a list.'),
        ({"status": {"in": "Todo"}}, '"in" takes a list.'),
        ({"size": {"between": [1]}}, '"between" takes two values'),
        ({"or": {"id": 1}}, '"or" takes a list of filters.'),
        ("all", "A filter is a mapping of fields to values."),
        ("$args.status", "A filter of tickets is a TicketFilter; $args.status is a Status."),
        ("$currentUser.filter", "A whole filter cannot be taken from $currentUser.filter."),
        ({"comments": {"txt": 1}}, '"txt" is not a field of comments. Did you mean "text"?'),
    ],
)
def test_mistakes_in_filters(value: object, sentence: str | None) -> None:
    problems = read(value)[1]
    if sentence is None:
        assert problems == []
    else:
        assert len(problems) == 1
        assert problems[0].startswith(f"{AT}: {sentence}")


def test_a_text_with_holes_is_never_optional() -> None:
    problems = Problems()
    text = Text(("Q: ", STATUS), AT)
    found = parse_filter(Record({"title": text}, {"title": AT}, AT), TICKETS, SURROUNDINGS, problems, ARGUMENTS)
    assert found == comparison("title", Operator.EQ, text)
    assert not problems


def order(value: object) -> tuple[OrderBy, list[str]]:
    problems = Problems()
    found = parse_order(written(value), TICKETS, SURROUNDINGS, problems, ARGUMENTS)
    return found, [problem.sentence for problem in problems.found]


def test_orders() -> None:
    assert order("-createdAt") == ((Order("createdAt", True, AT),), [])
    assert order(["title", "-id"]) == ((Order("title", False, AT), Order("id", True, AT)), [])
    assert order("$args.order") == (Reference("args", ("order",), AT), [])
    assert order("-creatdAt")[1] == ['"creatdAt" is not a field of tickets.']
    assert order(["id", "-id"])[1] == ['"id" is a sort key twice.']
    assert order("data")[1] == ['Rows cannot be ordered by "data": it is a JSON.']
    assert order("$args.status")[1] == ["The order of tickets cannot be taken from $args.status."]
    assert order(3)[1] == ["A sort key is the name of a field, with - before it for descending."]


def test_sent_orders() -> None:
    assert order_values(TICKETS)[:2] == ("id_ASC", "id_DESC")
    assert sent_order("created_at_DESC", AT) == Order("created_at", True, AT)


def test_every_operator_is_for_some_type() -> None:
    types = (column.type for column in TICKETS.columns.values())
    assert {operator for type in types for operator in operators_for(type, SURROUNDINGS.types)} == set(Operator)
