"""types.graphql and type expressions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.core.json import MISSING
from tidegate.core.location import Location
from tidegate.core.problems import Problems
from tidegate.core.types import EnumType, InputType, ListOf, Named, NonNull, ObjectType, TypeRef
from tidegate.schema.tree import ScalarNode
from tidegate.schema.type_expressions import parse_type
from tidegate.schema.typedefs import read_types, settle_defaults

NAMES = st.from_regex(r"[A-Z][A-Za-z0-9_]{0,8}", fullmatch=True)
TYPES: st.SearchStrategy[TypeRef] = st.recursive(
    NAMES.map(Named),
    lambda inner: inner.map(lambda type: type if isinstance(type, NonNull) else NonNull(type)) | inner.map(ListOf),
    max_leaves=6,
)
TEXT = '''
"""Where a ticket stands."""
enum Status { "To do." Todo Done }

"""A request."""
type Ticket {
  "Its number."
  id: ID!
  tags: [[String!]]
  old: Int @deprecated
  older: Int @deprecated(reason: "Use old.")
}

input Draft {
  "What is wrong."
  title: String! = "?"
  status: [Status!] = Todo
  rank: Float = 1
  deep: Draft
}
'''


def expression(text: str) -> ScalarNode:
    return ScalarNode(text, Location("f.yaml", 3, 5), text)


@given(TYPES)
def test_a_type_reads_as_it_is_shown(type: TypeRef) -> None:
    problems = Problems()
    found = parse_type(expression(str(type)), "It", problems)
    assert not problems.found
    assert found is not None
    assert found.type == type
    assert found.default is MISSING


@given(st.text('[]!= AB12"${}.\\#\n', max_size=12), st.booleans())
def test_any_text_is_a_type_or_a_problem(text: str, default_allowed: bool) -> None:
    problems = Problems()
    found = parse_type(expression(text), "It", problems, default_allowed=default_allowed)
    assert (found is None) == (len(problems.found) == 1)


@pytest.mark.parametrize(
    ("text", "type", "default"),
    [
        ("Int = 20", "Int", 20),
        ("Int! = -1", "Int!", -1),
        ('String = "a, b"', "String", "a, b"),
        ("Status = Todo", "Status", "Todo"),
        ("[Int!] = [1, 2]", "[Int!]", [1, 2]),
        ("Draft = { title: null, deep: { rank: 1.5 } }", "Draft", {"title": None, "deep": {"rank": 1.5}}),
        ("Boolean = true", "Boolean", True),
    ],
)
def test_defaults(text: str, type: str, default: object) -> None:
    problems = Problems()
    found = parse_type(expression(text), "It", problems, default_allowed=True)
    assert not problems.found
    assert found is not None
    assert (str(found.type), found.default) == (type, default)


def test_declarations() -> None:
    problems = Problems()
    file = read_types(TEXT, problems)
    settle_defaults(file, file.types, problems)
    assert not problems.found
    status, ticket, draft = file.types["Status"], file.types["Ticket"], file.types["Draft"]
    assert isinstance(status, EnumType)
    assert isinstance(ticket, ObjectType)
    assert isinstance(draft, InputType)
    assert (status.values, status.description) == ({"Todo": "To do.", "Done": ""}, "Where a ticket stands.")
    assert ticket.at == Location("types.graphql", 6, 6)
    assert ticket.fields["id"].description == "Its number."
    assert str(ticket.fields["tags"].type) == "[[String!]]"
    assert ticket.fields["tags"].at == Location("types.graphql", 9, 3)
    assert ticket.fields["old"].deprecated == "No longer supported"
    assert ticket.fields["older"].deprecated == "Use old."
    assert {name: argument.default for name, argument in draft.fields.items()} == {
        "title": "?",
        "status": ["Todo"],
        "rank": 1.0,
        "deep": MISSING,
    }
    assert draft.fields["title"].description == "What is wrong."


@given(st.text(max_size=30))
def test_any_text_is_types_or_problems(text: str) -> None:
    problems = Problems()
    file = read_types(text, problems)
    assert file.readable or problems.found
