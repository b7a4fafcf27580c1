"""Values in files, held against types."""

from __future__ import annotations

import pytest

from tidegate.core.json import Json
from tidegate.core.literals import Misfit, coerce_literal, shown
from tidegate.core.location import Location
from tidegate.core.types import (
    SCALARS,
    Argument,
    EnumType,
    InputType,
    ListOf,
    Named,
    NonNull,
    ObjectType,
    TypeDefinition,
    TypeRef,
)

AT = Location("types.graphql")
STATUS = Named("Status")
TYPES: dict[str, TypeDefinition] = {
    "Status": EnumType("Status", {"Todo": "", "Done": ""}, AT),
    "Draft": InputType(
        "Draft",
        {
            "title": Argument("title", NonNull(Named("String")), AT),
            "status": Argument("status", STATUS, AT, "Todo"),
            "size": Argument("size", Named("Int"), AT),
        },
        AT,
    ),
    "Ticket": ObjectType("Ticket", {}, AT),
}


@pytest.mark.parametrize(
    ("value", "type", "expected"),
    [
        (5, Named("Int"), 5),
        (5, Named("Float"), 5.0),
        (5, Named("ID"), "5"),
        (12.5, Named("Decimal"), "12.5"),
        (2**40, Named("BigInt"), str(2**40)),
        ("2026-01-01T01:00:00+01:00", Named("DateTime"), "2026-01-01T00:00:00Z"),
        (None, Named("Int"), None),
        ("Todo", STATUS, "Todo"),
        ("Todo", ListOf(NonNull(STATUS)), ["Todo"]),
        (["Todo", None], ListOf(STATUS), ["Todo", None]),
        ({"title": "a"}, Named("Draft"), {"title": "a", "status": "Todo"}),
        ({"title": "a", "size": 5, "status": None}, Named("Draft"), {"title": "a", "status": None, "size": 5}),
        ({"any": [1]}, Named("JSON"), {"any": [1]}),
        ("whatever", Named("Unknown"), "whatever"),
    ],
)
def test_what_fits(value: Json, type: TypeRef, expected: Json) -> None:
    assert coerce_literal(value, type, TYPES) == expected


@pytest.mark.parametrize(
    ("value", "type", "sentence", "hint"),
    [
        ("many", Named("Int"), '"many" is not an Int.', "A whole number between -2147483648 and 2147483647 is wanted."),
        (2**31, Named("Int"), "2147483648 is not an Int.", "A whole number between"),
        (5, Named("String"), "5 is not a String.", 'For text, put it in quotes: "5".'),
        ("yes", Named("Boolean"), '"yes" is not a Boolean.', "Booleans are written true and false."),
        ("Tood", STATUS, '"Tood" is not a value of Status.', 'Did you mean "Todo"?'),
        (None, NonNull(STATUS), "null is not a Status!.", "Leave the value out"),
        (["Todo", "x"], ListOf(STATUS), '"x" is not a value of Status.', "Known here: Done, Todo."),
        ("a", Named("Draft"), '"a" is not a Draft: a mapping is wanted.', ""),
        ({"titel": "a"}, Named("Draft"), '"titel" is not a field of Draft.', 'Did you mean "title"?'),
        ({"size": 1}, Named("Draft"), '{"size": 1} lacks the field "title" of Draft.', ""),
        ({}, Named("Ticket"), "{} cannot be a Ticket: it is not an input type.", ""),
    ],
)
def test_what_does_not(value: Json, type: TypeRef, sentence: str, hint: str) -> None:
    with pytest.raises(Misfit) as raised:
        coerce_literal(value, type, TYPES)
    assert raised.value.sentence == sentence
    assert raised.value.hint.startswith(hint)


@pytest.mark.parametrize("scalar", sorted(SCALARS - {"JSON"}))
def test_no_scalar_takes_a_mapping(scalar: str) -> None:
    with pytest.raises(Misfit):
        coerce_literal({"a": 1}, Named(scalar), TYPES)


def test_long_values_are_cut() -> None:
    assert len(shown("x" * 500)) == 60
