from __future__ import annotations

import pytest

from tidegate.core.expressions import Literal, Reference
from tidegate.core.json import Json
from tidegate.core.selection import Selected, Selection
from tidegate.schema.api import Api
from tidegate.schema.document import compile_document
from tidegate.schema.shape import FieldCall, Shape


def shape(api: Api, text: str, variables: dict[str, Json] | None = None) -> Shape:
    document = compile_document(api, text, None)
    return document.shape(document.coerce(variables))


def call(api: Api, text: str, variables: dict[str, Json] | None = None) -> FieldCall:
    (found,) = shape(api, text, variables).calls
    return found


def shown(selection: Selection | None) -> str:
    """`id b:title comments(limit=3 offset=$v){id}`."""
    return " ".join(map(_field, selection.fields)) if selection else ""


def _field(selected: Selected) -> str:
    name = selected.field if selected.key == selected.field else f"{selected.key}:{selected.field}"
    arguments = " ".join(f"{key}={_value(value)}" for key, value in selected.arguments.items())
    inner = f"{{{shown(selected.selection)}}}" if selected.selection else ""
    return name + (f"({arguments})" if arguments else "") + inner


def _value(value: object) -> str:
    match value:
        case Literal(value=inner):
            return repr(inner)
        case Reference(root="variables", path=(name,)):
            return f"${name}"
    raise AssertionError(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ tickets { title id } }", "title id"),
        ("{ tickets { a: id id b: id } }", "a:id id b:id"),
        ("{ tickets { id title id } }", "id title"),
        ("{ tickets { __typename t: __typename } }", "__typename t:__typename"),
        ("{ tickets { parent { id } title parent { title id } } }", "parent{id title} title"),
        ("{ tickets { id } tickets { title } }", "id title"),
        ("{ tickets { id ... { title } ... on Ticket { urgency id } } }", "id title urgency"),
        (
            "{ tickets { ...f id } } fragment f on Ticket { title parent { ...g } } fragment g on Ticket { open }",
            "title parent{open} id",
        ),
        ("{ tickets { ...f ...f parent { ...f } } } fragment f on Ticket { id }", "id parent{id}"),
        ("{ tickets { ... on Ticket @skip(if: true) { id } title } }", "title"),
        ("{ tickets { ...f @include(if: false) title } } fragment f on Ticket { id }", "title"),
        ("{ tickets { ...f @include(if: false) ...f } } fragment f on Ticket { id }", "id"),
        ("{ tickets { id @skip(if: true) @include(if: true) title @skip(if: false) @include(if: false) } }", ""),
        ("{ tickets { id @skip(if: false) @include(if: true) } }", "id"),
        ("{ tickets { id @skip(if: true) id } }", "id"),
        ("{ tickets { comments { id } } }", "comments(limit=10){id}"),
        ("{ tickets { comments(offset: 2, limit: null) { id } } }", "comments(limit=None offset=2){id}"),
        (
            "{ tickets { comments(where: { ids: 3 }) { id } } }",
            "comments(limit=10 where={'status': 'Todo', 'ids': [3]}){id}",
        ),
        ("{ tickets { comments { replies { id } } } }", "comments(limit=10){replies{id}}"),
        (
            "query($l: Int) { tickets { comments(offset: $l) { replies(limit: $l) { id } } } }",
            "comments(limit=10 offset=$l){replies(limit=$l){id}}",
        ),
        ("query($l: Int) { tickets { comments(limit: $l) { id } } }", "comments(limit=$0){id}"),
        (
            "query($l: Int! = 1) { tickets { drafts(first: $l) { id } d: drafts(first: $l) { id } } }",
            "drafts(first=$0){id} d:drafts(first=$1){id}",
        ),
    ],
)
def test_what_is_selected(api: Api, text: str, expected: str) -> None:
    selection = call(api, text).selection
    assert selection is not None
    assert selection.type == "Ticket"
    assert shown(selection) == expected


FLAGS = """query($a: Boolean!, $b: Boolean = true) {
    tickets { id @include(if: $a) title @skip(if: $a) ... @include(if: $b) { urgency } }
    name @skip(if: $a)
}"""


def test_one_shape_for_each_combination_of_flags(api: Api) -> None:
    text = FLAGS.replace("$b: Boolean =", "$b: Boolean! =")
    document = compile_document(api, text, None)
    assert document.flags == ("a", "b")
    shapes = {(a, b): document.shape(document.coerce({"a": a, "b": b})) for a in (True, False) for b in (True, False)}
    assert {flags: [shown(found.selection) for found in shape.calls] for flags, shape in shapes.items()} == {
        (True, True): ["id urgency"],
        (True, False): ["id"],
        (False, True): ["title urgency", ""],
        (False, False): ["title", ""],
    }
    assert document.shape(document.coerce({"a": True})) is shapes[True, True]


def test_shapes_are_bounded(api: Api) -> None:
    names = [f"f{index}" for index in range(10)]
    declared = " ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: name @include(if: ${name})" for name in names)
    document = compile_document(api, f"query({declared}) {{ {fields} }}", None)
    for number in range(1024):
        document.shape({name: bool(number >> index & 1) for index, name in enumerate(names)})
    assert len(document._shapes) <= 64


def test_positions_are_of_every_place_that_asks(api: Api) -> None:
    found = call(api, "{\n tickets { id\n  parent { id } }\n ...f }\nfragment f on Query { tickets { id } }")
    assert found.at == ((2, 2), (5, 23))
    assert found.selection is not None
    places = {selected.field: found.collected.positions[selected] for selected in found.selection.fields}
    assert places == {"id": ((2, 12), (5, 33)), "parent": ((3, 3),)}


def test_the_highest_rank_of_a_selection_counts(build: object) -> None:
    from collections.abc import Callable
    from typing import cast

    from tidegate.core.catalog import Catalog
    from tidegate.schema.api import build_api

    catalog = cast("Callable[..., Catalog]", build)(
        "type Query { a: A b: A } type A { x: Int y: Int z: A }", ranks={"A.x": 1, "A.y": 3}
    )
    api = build_api(catalog)
    found = shape(api, "{ a { z { x } } b { x z { z { y } } } __typename }").calls
    assert [entry.collected.rank for entry in found] == [1, 3]
    skipped = shape(api, "query($s: Boolean!) { a { x z { y @skip(if: $s) } } }", {"s": True}).calls
    assert [entry.collected.rank for entry in skipped] == [1]


def test_the_arguments_of_a_field_at_the_top_are_expressions(api: Api) -> None:
    found = call(api, "query($f: Int, $s: Status) { tickets(first: $f, status: $s) { id } }")
    assert {name: _value(value) for name, value in found.arguments.items()} == {"status": "$s", "first": "$0"}
    assert found.inputs({}).arguments == {"first": 20}
    assert found.inputs({"f": None, "s": "Todo"}).arguments == {"first": None, "status": "Todo"}
    assert found.inputs({"f": 3}).variables == {"f": 3, "0": 3}
