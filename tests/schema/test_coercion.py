"""Variables and literals. That valid ones come to what graphql-core makes of them is shown by test_differential."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest

from tidegate.core.call import Call
from tidegate.core.catalog import Catalog
from tidegate.core.integration import Answer
from tidegate.core.json import Json
from tidegate.core.selection import Selection
from tidegate.core.user import CurrentUser
from tidegate.schema.api import Api, build_api
from tidegate.schema.document import compile_document
from tidegate.schema.execution import execute
from tidegate.schema.request_errors import DocumentError
from tidegate.testing.runner import FakeRunner

MISSING = object()


def answering(call: Call, selection: Selection | None) -> Answer:
    return Answer(value=None if call.operation.name != "count" else 1)


async def arguments(api: Api, nobody: CurrentUser, text: str, variables: dict[str, Json]) -> Json:
    """The arguments of the only field, or the errors."""
    runner = FakeRunner(answering)
    response = await execute(compile_document(api, text, None), variables, nobody, runner)
    return dict(runner.calls[0].arguments) if runner.calls else orjson.loads(response.body)


@pytest.mark.parametrize(
    ("declared", "given", "expected"),
    [
        ("$v: ID!", {"v": 3}, {"ids": ["3"]}),
        ("$v: ID! = 4", {}, {"ids": ["4"]}),
        ("$v: ID! = 4", {"v": "x"}, {"ids": ["x"]}),
    ],
)
async def test_variables_in_lists(
    api: Api, nobody: CurrentUser, declared: str, given: dict[str, Json], expected: Json
) -> None:
    assert await arguments(api, nobody, f"query({declared}) {{ maybe(ids: [$v]) {{ id }} }}", given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"first": 20, "tags": [None]}),
        ({"first": None}, {"first": None, "tags": [None]}),
        ({"first": 3, "tag": ["a"]}, {"first": 3, "tags": [["a"]]}),
        ({"where": None}, {"first": 20, "where": None, "tags": [None]}),
        ({"where": {}}, {"first": 20, "where": {"status": "Todo", "ids": [1, 2]}, "tags": [None]}),
        (
            {"where": {"ids": 7, "status": None, "range": {"low": 1.0}}},
            {"first": 20, "where": {"status": None, "ids": [7], "range": {"low": 1, "high": 9}}, "tags": [None]},
        ),
    ],
)
async def test_missing_null_and_default(api: Api, nobody: CurrentUser, given: dict[str, Json], expected: Json) -> None:
    text = """query($first: Int, $where: Filter, $tag: [String!]) {
        tickets(first: $first, where: $where, tags: [$tag]) { id }
    }"""
    assert await arguments(api, nobody, text, given) == expected


async def test_input_objects_with_variables(api: Api, nobody: CurrentUser) -> None:
    text = """query($s: Status, $i: [Int!], $l: Int!, $j: JSON) {
        tickets(where: { status: $s, ids: $i, range: { low: $l }, data: { a: [$j], b: $j } }) { id }
    }"""
    assert await arguments(api, nobody, text, {"l": 1}) == {
        "first": 20,
        "where": {"status": "Todo", "ids": [1, 2], "range": {"low": 1, "high": 9}, "data": {"a": [None]}},
    }
    given: dict[str, Json] = {"l": 1, "s": None, "i": None, "j": {"k": 1}}
    assert await arguments(api, nobody, text, given) == {
        "first": 20,
        "where": {
            "status": None,
            "ids": None,
            "range": {"low": 1, "high": 9},
            "data": {"a": [{"k": 1}], "b": {"k": 1}},
        },
    }


async def test_numbers_keep_every_digit(api: Api, nobody: CurrentUser) -> None:
    text = "{ count(price: 0.10000000000000000000000001, size: 9007199254740993) }"
    assert await arguments(api, nobody, text, {}) == {
        "price": "0.10000000000000000000000001",
        "size": "9007199254740993",
    }


@pytest.mark.parametrize(
    ("type", "value", "message"),
    [
        ("Int!", MISSING, 'Variable "$v" cannot be used. Expected a value, not null.'),
        ("Int!", None, 'Variable "$v" cannot be used. Expected a value, not null.'),
        ("Int", "secret", 'Variable "$v" cannot be used. Expected an Int.'),
        ("Int", 10**400, 'Variable "$v" cannot be used. Expected an Int of 32 bits.'),
        ("Status", "secret", 'Variable "$v" cannot be used. Expected a value of Status.'),
        ("Status", ["Todo"], 'Variable "$v" cannot be used. Expected a value of Status.'),
        ("[Int!]", [1, None], 'Variable "$v[1]" cannot be used. Expected a value, not null.'),
        ("[[Int]]", [[1], ["secret"]], 'Variable "$v[1][0]" cannot be used. Expected an Int.'),
        ("Filter", "secret", 'Variable "$v" cannot be used. Expected an object of type Filter.'),
        ("Filter", {"secret": 1}, 'Variable "$v" cannot be used. Expected only fields of Filter.'),
        ("Filter", {"range": {}}, 'Variable "$v.range.low" cannot be used. Expected a value, not null.'),
        ("Filter", {"and": [{"from": 1}]}, 'Variable "$v.and[0].from" cannot be used. Expected a String.'),
        ("JSON", float("nan"), 'Variable "$v" cannot be used. Expected JSON: every number finite.'),
        ("String", "\ud800", 'Variable "$v" cannot be used. Expected Unicode text, without lone surrogates.'),
    ],
)
async def test_wrong_variables_refuse_the_request(
    api: Api, nobody: CurrentUser, type: str, value: Json, message: str
) -> None:
    document = compile_document(api, f"query($v: {type}) {{ count(data: [$v]) }}", None)
    runner = FakeRunner(answering)
    response = await execute(document, {} if value is MISSING else {"v": value}, nobody, runner)
    assert orjson.loads(response.body) == {
        "errors": [
            {
                "message": message,
                "locations": [{"line": 1, "column": 7}],
                "extensions": {"code": "BAD_USER_INPUT"},
            }
        ]
    }
    assert not response.data_present
    assert not runner.calls


async def test_deep_values_are_refused_however_deep(api: Api, nobody: CurrentUser) -> None:
    value: Json = {}
    for _ in range(100_000):
        value = {"and": [value]}
    for type in ("JSON", "Filter"):
        document = compile_document(api, f"query($v: {type}) {{ count(data: $v) }}".replace("$v) }", "[$v]) }"), None)
        response = await execute(document, {"v": value}, nobody, FakeRunner(answering))
        assert response.errors[0]["message"] == (
            'Variable "$v" cannot be used. Expected a value nested at most 100 levels deep.'
        )
    while isinstance(value, dict) and value:  # Taken apart by hand: Python would recurse.
        value = value["and"][0]


async def test_each_wrong_variable_is_told_up_to_the_limit(api: Api, nobody: CurrentUser) -> None:
    names = [f"v{index}" for index in range(30)]
    declared = " ".join(f"${name}: Int!" for name in names)
    text = f"query({declared}) {{ count(data: [{' '.join('$' + name for name in names)}]) }}"
    response = await execute(compile_document(api, text, None), {}, nobody, FakeRunner(answering))
    assert len(response.errors) == 20
    assert orjson.loads(response.body).keys() == {"errors"}


async def test_variables_that_nobody_declared_are_ignored(api: Api, nobody: CurrentUser) -> None:
    assert await arguments(api, nobody, "{ count }", {"x": 1}) == {}
    assert await arguments(api, nobody, "query($s: BigInt) { count(size: $s) }", {"x": 1}) == {}


async def test_null_where_a_default_made_a_variable_acceptable(api: Api, nobody: CurrentUser) -> None:
    text = "query($o: [Status!] = [Todo]) { statuses(only: $o) name }"
    assert await arguments(api, nobody, text, {}) == {"only": ["Todo"]}
    runner = FakeRunner(answering)
    response = await execute(compile_document(api, text, None), {"o": None}, nobody, runner)
    body = orjson.loads(response.body)
    assert body["data"] == {"statuses": None, "name": None}
    assert [error["path"] for error in body["errors"]] == [["statuses"]]
    assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert [call.operation.name for call in runner.calls] == ["name"]


@pytest.mark.parametrize(
    "text",
    [
        "{ count(data: 1e999) }",
        "{ count(data: [{ a: -1e999 }]) }",
        "{ count(data: 99999999999999999999999) }",
        f"{{ count(data: {'9' * 5000}) }}",
        f"{{ count(size: {'9' * 5000}) }}",
        f"{{ count(price: {'9' * 5000}) }}",
        f"{{ tickets(first: {'9' * 5000}) {{ id }} }}",
        f"query($v: Int = {'9' * 5000}) {{ count(data: [$v]) }}",
        "query($v: Float = 1e999) { count(data: [$v]) }",
        "{ tickets { cost comments(limit: 1e999) { id } } }",
        '{ count(since: "yesterday") }',
        '{ count(token: "x") }',
    ],
)
def test_literals_that_no_scalar_can_hold(api: Api, text: str) -> None:
    with pytest.raises(DocumentError) as caught:
        compile_document(api, text, None)
    (error,) = caught.value.errors
    assert error["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED"}
    assert "set_int_max_str_digits" not in str(error)
    assert len(str(error["message"])) <= 500


async def test_a_float_that_is_not_finite(build: Callable[..., Catalog], nobody: CurrentUser) -> None:
    api = build_api(build("type Query { a(x: Float): Int b: B } type B { c(x: Float): Int }"))
    for field in ("a(x: 1e999)", "b { c(x: -1e999) }"):
        with pytest.raises(DocumentError) as caught:
            compile_document(api, f"{{ {field} }}", None)
        (error,) = caught.value.errors
        assert error["message"] == "An argument cannot be used. Expected a finite Float."
        assert error["locations"] == [{"line": 1, "column": 3}]
        document = compile_document(
            api, f"query($f: Boolean!) {{ t: __typename ... @skip(if: $f) {{ {field} }} }}", None
        )
        runner = FakeRunner(answering)
        assert (await execute(document, {"f": True}, nobody, runner)).body == b'{"data":{"t":"Query"}}'
        response = await execute(document, {"f": False}, nobody, runner)
        assert not response.data_present
        assert response.errors[0]["message"] == error["message"]
        assert not runner.calls
