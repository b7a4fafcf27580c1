from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from random import Random

import orjson
import pytest
from graphql import get_introspection_query
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.core.catalog import Catalog
from tidegate.core.integration import Answer
from tidegate.core.limits import Limits
from tidegate.core.user import CurrentUser
from tidegate.schema.api import Api, build_api
from tidegate.schema.document import compile_document
from tidegate.schema.execution import execute, refused
from tidegate.schema.request_errors import DocumentError, ErrorEntry
from tidegate.testing.documents import DocumentWriter
from tidegate.testing.runner import FakeRunner

Build = Callable[..., Catalog]


def errors(api: Api, text: str, name: str | None = None) -> tuple[ErrorEntry, ...]:
    with pytest.raises(DocumentError) as caught:
        compile_document(api, text, name)
    return caught.value.errors


def code(api: Api, text: str, name: str | None = None) -> object:
    extensions = errors(api, text, name)[0]["extensions"]
    assert isinstance(extensions, dict)
    return extensions["code"]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("", 1, 1),
        ("{", 1, 2),
        ("{ name", 1, 7),
        ("{ }", 1, 3),
        ("{ ticket(id: 1) { } }", 1, 19),
        ("{ name }}", 1, 9),
        ("\n\n  { name( }", 3, 11),
        ('{ ticket(id: "a\nb") { id } }', 1, 16),
        ("{ na\x00me }", 1, 5),
        ("query { name } \x07", 1, 16),
        ('{ ticket(id: "\\ud800") { id } }', 1, 15),
        ('{ ticket(id: "\ud800") { id } }', 1, 15),
        ("{ \ud800 }", 1, 3),
        ("{ na\u200bme }", 1, 5),
    ],
)
def test_a_syntax_error_says_where(api: Api, text: str, line: int, column: int) -> None:
    (error,) = errors(api, text)
    assert error["extensions"] == {"code": "GRAPHQL_PARSE_FAILED"}
    assert error["locations"] == [{"line": line, "column": column}]
    str(error["message"]).encode()


def test_a_byte_order_mark_and_commas_are_ignored(api: Api) -> None:
    assert compile_document(api, "\ufeff,,{,name,,}", None).kind == "query"


def test_errors_are_capped(api: Api) -> None:
    text = "{ tickets { " + " ".join(f"x{index}" for index in range(300)) + " } }"
    assert len(errors(api, text)) == 20


def test_suggestions_are_given_only_if_asked_for(api: Api) -> None:
    for text in ("{ nam }", "{ ticket(idd: 1) { id } }", "{ tickets(status: Tod) { id } }", "{ name @skp(if: true) }"):
        assert not any("mean" in str(error["message"]) for error in errors(api, text))
    for text in ("{ tickets(where: { rang: null }) { id } }", "query($f: Filtr) { name }", "{ ...on Tickt { id } }"):
        assert not any("mean" in str(error["message"]) for error in errors(api, text))
    with pytest.raises(DocumentError, match="Did you mean 'name'"):
        compile_document(api, "{ nam }", None, suggestions=True)


SEVERAL = "query a { name } mutation b { remove(id: 1) } query c { count }"


def test_the_operation_is_chosen_by_name(api: Api) -> None:
    assert compile_document(api, SEVERAL, "a").kind == "query"
    assert compile_document(api, SEVERAL, "b").kind == "mutation"
    assert compile_document(api, SEVERAL, "c").name == "c"
    assert compile_document(api, "query a { name }", None).name == "a"
    assert compile_document(api, "{ name }", None).name is None


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        (SEVERAL, None, "BAD_USER_INPUT"),
        (SEVERAL, "d", "BAD_USER_INPUT"),
        (SEVERAL, "", "BAD_USER_INPUT"),
        ("{ name }", "a", "BAD_USER_INPUT"),
        ("fragment f on Ticket { id }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("{ name } { name }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("query a { name } query a { name }", "a", "GRAPHQL_VALIDATION_FAILED"),
        ("type A { b: Int }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { name count }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("query a { name } query b { nope }", "a", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
def test_a_document_that_says_too_little(api: Api, text: str, name: str | None, expected: str) -> None:
    assert code(api, text, name) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{ nope }",
        "{ tickets }",
        "{ name { id } }",
        "{ ticket { id } }",
        "{ ticket(id: null) { id } }",
        "{ ticket(id: 1, id: 1) { id } }",
        "{ ticket(id: [1]) { id } }",
        "{ ticket(nope: 1, id: 1) { id } }",
        "{ tickets(status: Nope) { id } }",
        '{ tickets(status: "Todo") { id } }',
        "{ tickets(first: 1.5) { id } }",
        "{ tickets(where: { nope: 1 }) { id } }",
        "{ tickets(where: { range: {} }) { id } }",
        "{ tickets(where: { from: 1, from: 1 }) { id } }",
        "{ ticket(id: $v) { id } }",
        "query($v: ID!) { name }",
        "query($v: ID) { ticket(id: $v) { id } }",
        "query($v: Int!) { ticket(id: $v) { id } }",
        "query($v: Ticket) { name }",
        "query($v: Nope) { name }",
        "query($v: ID!, $v: ID!) { ticket(id: $v) { id } }",
        "{ ...f }",
        "{ name } fragment f on Query { name }",
        "{ ...f } fragment f on Query { ...f }",
        "{ ...f } fragment f on Nope { name }",
        "{ ...f } fragment f on Status { name }",
        "{ ...on Ticket { id } }",
        "{ name @nope }",
        "{ name @skip }",
        "{ name @skip(if: 1) }",
        "{ name @skip(if: true) @skip(if: true) }",
        "query @skip(if: true) { name }",
        '{ name @minRole(role: "admin") }',
        "{ name name: count }",
        "{ ticket(id: 1) { id } ticket(id: 2) { id } }",
        "{ a: ticket(id: 1) { b: id } ...f } fragment f on Query { a: ticket(id: 1) { b: title } }",
        "mutation { name }",
        "mutation { __schema { types { name } } }",
        "{ ticket(id: 1) { __schema { types { name } } } }",
    ],
)
def test_the_rules_of_validation(api: Api, text: str) -> None:
    assert code(api, text) == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize(
    ("limits", "text", "message"),
    [
        (Limits(tokens=5), "{ a b c d }", "Document contains more than 5 tokens."),
        (Limits(tokens=5), "#\n" * 9 + "{a}", "Document contains more than 5 comments."),
        (Limits(body=20), "{ name }" + " " * 20, "Source contains more than 20 code points."),
        (Limits(depth=2), "{ ticket(id: 1) { parent { id } } }", "more than 2 levels of fields"),
        (
            Limits(depth=2),
            "{ ...f } fragment f on Query { ticket(id: 1) { ...g } } fragment g on Ticket { ... { parent { id } } }",
            "more than 2 levels of fields",
        ),
        (Limits(fields=3), "{ a: name b: name c: name d: name }", "more than 3 fields, with"),
        (Limits(fields=3), "{ ticket(id: 1) { ...f ...f } } fragment f on Ticket { id id }", "more than 3 fields"),
        (
            Limits(fields=500, rootFields=500),
            "".join(f"query q{i} {{ ...f }} " for i in range(12)) + "fragment f on Query {" + "name " * 450 + "}",
            "more than 5000 fields in all",
        ),
        (Limits(aliases=1), "{ a: name b: name }", "more than 1 aliases"),
        (Limits(directives=1), "query($f: Boolean!) { a: name @skip(if: $f) @include(if: $f) }", "1 directives"),
        (Limits(rootFields=2), "{ ...f ... { name } } fragment f on Query { name name }", "more than 2 fields at"),
        (Limits(), "{" + "...{" * 120 + "name" + "}" * 121, "more than 100 levels of selections"),
        (Limits(), "{" + "ticket(id: 1) {" * 300 + "id" + "}" * 301, "nested too deeply"),
        (Limits(), "{ name(a: " + "[" * 51 + "]" * 51 + ") }", "values of more than 50 levels"),
        (Limits(), "query($a: JSON = " + "{a:" * 51 + "1" + "}" * 51 + ") { name }", "values of more than 50 levels"),
        (Limits(), "{ name(a: " + "[" * 300 + "]" * 300 + ") }", "nested too deeply"),
    ],
)
def test_limits(build: Build, sdl: str, limits: Limits, text: str, message: str) -> None:
    (error,) = errors(build_api(build(sdl, limits=limits)), text)
    assert error["extensions"] == {"code": "LIMIT"}
    assert message in str(error["message"])
    assert str(error["message"]).endswith(".")


def test_just_within_the_limits(build: Build, sdl: str) -> None:
    limits = Limits(depth=2, fields=4, aliases=1, directives=1, rootFields=2, tokens=22)
    text = "{ a: ticket(id: 1) { id } ...f } fragment f on Query { name @skip(if: true) }"
    api = build_api(build(sdl, limits=replace(limits, tokens=40)))
    assert compile_document(api, text, None).kind == "query"


def test_the_standard_introspection_query_is_within_the_limits(build: Build, sdl: str) -> None:
    api = build_api(build(sdl, limits=Limits(depth=3, fields=10)))
    for text in (
        get_introspection_query(),
        get_introspection_query(
            specified_by_url=True,
            directive_is_repeatable=True,
            schema_description=True,
            input_value_deprecation=True,
        ),
    ):
        assert compile_document(api, text, None).kind == "query"


@pytest.mark.parametrize(
    "text",
    [
        "{ __schema { types { name } } }",
        '{ a: __type(name: "Ticket") { name } }',
        "{ ...f } fragment f on Query { ... { __schema { types { name } } } }",
    ],
)
def test_introspection_can_be_refused(api: Api, text: str) -> None:
    assert compile_document(api, text, None).kind == "query"
    with pytest.raises(DocumentError, match="Introspection is not allowed here") as caught:
        compile_document(api, text, None, introspection=False)
    assert caught.value.errors[0]["locations"]


def test_typename_is_not_introspection(api: Api) -> None:
    assert compile_document(api, "{ __typename tickets { __typename } }", None, introspection=False).kind == "query"


def test_messages_are_cut_and_can_be_encoded(api: Api) -> None:
    (error,) = errors(api, "{ " + "a" * 100_000 + " }")
    assert len(str(error["message"])) == 500


def test_what_is_kept_of_a_document_weighs_little(api: Api) -> None:
    text = "query($f: Boolean!) { tickets { " + "id " * 500 + "title @skip(if: $f) } }"
    changing = compile_document(api, text, None)
    fixed = compile_document(api, text.replace("$f)", "true)").replace("query($f: Boolean!)", ""), None)
    assert fixed.weight < changing.weight
    assert fixed.shape({}) is fixed.shape({})


@settings(max_examples=400, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    edits=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 6), st.text(st.characters(), max_size=3)), max_size=4),
    name=st.none() | st.just("main") | st.text(max_size=3),
)
async def test_any_text_is_compiled_or_refused(
    api: Api, nobody: CurrentUser, seed: int, edits: list[tuple[int, int, str]], name: str | None
) -> None:
    text = DocumentWriter(api.catalog, Random(seed), size=8).write().text
    for place, length, new in edits:
        text = text[:place] + new + text[place + length :]
    try:
        document = compile_document(api, text, name)
    except DocumentError as error:
        orjson.loads(refused(error).body)
        return
    response = await execute(document, {"v0": 1, "flag0": True}, nobody, FakeRunner(lambda *_: Answer()))
    assert orjson.loads(response.body)


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from('{}()[]$:!.@"#,&| \n\ud800éaq0'), max_size=30))
def test_any_characters_are_compiled_or_refused(api: Api, text: str) -> None:
    with contextlib.suppress(DocumentError):
        compile_document(api, text, None)
