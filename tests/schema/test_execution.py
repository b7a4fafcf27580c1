from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest
from graphql import get_introspection_query

from tidegate.core.call import Call
from tidegate.core.catalog import Catalog
from tidegate.core.errors import Code, OperationError
from tidegate.core.integration import Answer
from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.selection import Selection
from tidegate.core.user import CurrentUser
from tidegate.schema.api import Api, build_api
from tidegate.schema.document import compile_document
from tidegate.schema.execution import Response, execute
from tidegate.testing.runner import Answering, FakeRunner

Build = Callable[..., Catalog]

SDL = """
type Query { a: Int b: Int c: Int! list: [Row!]! row: Row secret: Row json: String }
type Mutation { first: Int second: Int! third: Int }
type Row { id: Int! name: String hidden: String }
"""


@pytest.fixture(scope="module")
def small(build: Build) -> Api:
    return build_api(build(SDL, ranks={"Row.hidden": 2}, roles={"secret": "admin"}, timeouts={"b": 0.05}))


async def run(api: Api, text: str, user: CurrentUser, answering: Answering, **more: object) -> Response:
    return await execute(compile_document(api, text, None), {}, user, FakeRunner(answering), **more)  # type: ignore[arg-type]


def body(response: Response) -> dict[str, Json]:
    loaded: dict[str, Json] = orjson.loads(response.body)
    assert loaded.get("errors", []) == list(response.errors)
    assert ("data" in loaded) is response.data_present
    return loaded


def named(call: Call, selection: Selection | None) -> Answer:
    return Answer(value=len(call.operation.name))


async def test_bytes_are_put_in_as_they_are(small: Api, nobody: CurrentUser) -> None:
    def answering(call: Call, selection: Selection | None) -> Answer:
        return Answer(json=b'[ {"id" : 1.50} ]' if call.operation.name == "list" else b"7")

    response = await run(small, '{ "é": a }'.replace('"é"', "x") + "", nobody, answering)
    assert response.body == b'{"data":{"x":7}}'
    response = await run(small, "{ b list { id } t: __typename a }", nobody, answering)
    assert response.body == b'{"data":{"b":7,"list":[ {"id" : 1.50} ],"t":"Query","a":7}}'
    assert response.data_present


async def test_values_are_completed_and_encoded(small: Api, nobody: CurrentUser) -> None:
    def answering(call: Call, selection: Selection | None) -> Answer:
        return (
            Answer(value={"id": 1, "name": "x"})
            if call.operation.name == "row"
            else Answer(value=[{"i": 2}], keyed=True)
        )

    response = await run(small, "{ row { n: name id __typename } list { i: id } }", nobody, answering)
    assert response.body == b'{"data":{"row":{"n":"x","id":1,"__typename":"Row"},"list":[{"i":2}]}}'


async def test_errors_are_a_fields_own(small: Api, nobody: CurrentUser) -> None:
    def answering(call: Call, selection: Selection | None) -> Answer:
        if call.operation.name == "a":
            raise OperationError(Code.NOT_FOUND, "There is no a.", {"hint": "b"})
        return Answer(json=b"1")

    response = await run(small, "{\n  x: a\n  b }", nobody, answering)
    assert body(response) == {
        "errors": [
            {
                "message": "There is no a.",
                "locations": [{"line": 2, "column": 3}],
                "path": ["x"],
                "extensions": {"hint": "b", "code": "NOT_FOUND"},
            }
        ],
        "data": {"x": None, "b": 1},
    }


async def test_a_field_that_must_not_be_null_takes_the_answer_with_it(small: Api, nobody: CurrentUser) -> None:
    def answering(call: Call, selection: Selection | None) -> Answer:
        if call.operation.name == "b":
            return Answer(json=b"1")
        raise OperationError(Code.CONFLICT, call.operation.name)

    response = await run(small, "{ a b c }", nobody, answering)
    assert body(response)["data"] is None
    assert [error["path"] for error in response.errors] == [["a"], ["c"]]
    for value in (None, "x", 2**31):
        response = await run(small, "{ b c }", nobody, lambda call, _, value=value: Answer(value=value))  # type: ignore[misc]
        assert body(response)["data"] is None


async def test_null_bytes_are_no_answer_where_there_must_be_one(small: Api, nobody: CurrentUser) -> None:
    response = await run(small, "{ a c }", nobody, lambda *_: Answer(json=b"null"))
    assert body(response)["data"] is None
    assert [error["path"] for error in response.errors] == [["c"]]


async def test_flaws_have_places_and_paths(small: Api, nobody: CurrentUser) -> None:
    rows: Json = [{"id": 1, "name": []}, {"id": 2, "name": "x"}]
    response = await run(small, "{ l: list {\n n: name id }\n}", nobody, lambda *_: Answer(value=rows))
    assert body(response) == {
        "errors": [
            {
                "message": "Wrong value for field Row.name: Not a String.",
                "locations": [{"line": 2, "column": 2}],
                "path": ["l", 0, "n"],
                "extensions": {"code": "INTERNAL"},
            }
        ],
        "data": {"l": [{"n": None, "id": 1}, {"n": "x", "id": 2}]},
    }


async def test_anything_unexpected_is_masked_and_logged(
    small: Api, nobody: CurrentUser, caplog: pytest.LogCaptureFixture
) -> None:
    def answering(call: Call, selection: Selection | None) -> Answer:
        raise RuntimeError("password hunter2 at /srv/app.py")

    with caplog.at_level(logging.ERROR, "tidegate.schema"):
        response = await run(small, "{ a }", nobody, answering)
    (error,) = response.errors
    assert error["message"] == "Internal error."
    extensions = error["extensions"]
    assert isinstance(extensions, dict)
    assert extensions["code"] == "INTERNAL"
    assert b"hunter2" not in response.body
    assert str(extensions["callId"]) in caplog.text
    assert "hunter2" in caplog.text


async def test_values_that_cannot_be_encoded_are_masked(
    small: Api, nobody: CurrentUser, caplog: pytest.LogCaptureFixture
) -> None:
    response = await run(small, "{ json a }", nobody, lambda *_: Answer(value="\ud800"))
    assert [error["path"] for error in response.errors] == [["json"], ["a"]]
    assert body(response)["data"] == {"json": None, "a": None}
    assert "\ud800".encode("utf-8", "surrogatepass") not in response.body
    assert caplog.text


async def test_errors_are_capped(build: Build, nobody: CurrentUser) -> None:
    api = build_api(build(SDL, limits=Limits(errors=3)))
    rows: Json = [{"id": 1, "name": []} for _ in range(50)]
    response = await run(api, "{ list { id name } a }", nobody, lambda *_: Answer(value=rows))
    assert len(response.errors) == 3
    assert len(body(response)["errors"]) == 3  # type: ignore[arg-type]


async def test_queries_run_at_the_same_time(small: Api, nobody: CurrentUser) -> None:
    arrived: list[str] = []
    together = asyncio.Barrier(3)

    async def answering(call: Call, selection: Selection | None) -> Answer:
        arrived.append(call.operation.name)
        await together.wait()
        return Answer(json=b"1")

    def later(call: Call, selection: Selection | None) -> object:
        return answering(call, selection)

    response = await asyncio.wait_for(run(small, "{ c a x: a }", nobody, later), 60)  # type: ignore[arg-type]
    assert response.body == b'{"data":{"c":1,"a":1,"x":1}}'
    assert arrived == ["c", "a", "a"]


async def test_mutations_run_one_after_the_other(small: Api, nobody: CurrentUser) -> None:
    events: list[str] = []

    async def answering(call: Call, selection: Selection | None) -> Answer:
        events.append(f"{call.operation.name} begins")
        await asyncio.sleep(0)
        events.append(f"{call.operation.name} ends")
        return Answer(json=b"1")

    response = await run(small, "mutation { third t: __typename first second }", nobody, answering)
    assert response.body == b'{"data":{"third":1,"t":"Mutation","first":1,"second":1}}'
    assert events == [f"{name} {what}" for name in ("third", "first", "second") for what in ("begins", "ends")]


async def test_what_follows_a_lost_answer_does_not_happen(small: Api, nobody: CurrentUser) -> None:
    asked: list[str] = []

    def answering(call: Call, selection: Selection | None) -> Answer:
        asked.append(call.operation.name)
        raise OperationError(Code.REFUSED, "No.")

    response = await run(small, "mutation { first second third }", nobody, answering)
    assert asked == ["first", "second"]
    assert body(response)["data"] is None
    assert [error["path"] for error in response.errors] == [["first"], ["second"]]


async def test_what_takes_too_long_is_cut(small: Api, nobody: CurrentUser) -> None:
    cut: list[str] = []

    async def answering(call: Call, selection: Selection | None) -> Answer:
        if call.operation.name == "a":
            return Answer(json=b"1")
        try:
            await asyncio.sleep(60)
        finally:
            cut.append(call.operation.name)
        raise AssertionError

    response = await asyncio.wait_for(run(small, "{ a b }", nobody, answering), 60)
    assert body(response)["data"] == {"a": 1, "b": None}
    assert [error["extensions"] for error in response.errors] == [{"code": "TIMEOUT"}]
    deadline = asyncio.get_running_loop().time() + 0.05
    text = "mutation { first third }"
    response = await asyncio.wait_for(run(small, text, nobody, answering, deadline=deadline), 60)
    assert [error["extensions"] for error in response.errors] == [{"code": "TIMEOUT"}] * 2
    assert cut == ["b", "first"]


async def test_the_deadline_reaches_the_runner(small: Api, nobody: CurrentUser) -> None:
    deadlines: dict[str, float] = {}

    def answering(call: Call, selection: Selection | None) -> Answer:
        deadlines[call.operation.name] = call.deadline
        return Answer(json=b"1")

    clock = asyncio.get_running_loop().time
    begun = clock()
    await run(small, "{ a b }", nobody, answering)
    ended = clock()
    assert begun + 0.05 <= deadlines["b"] <= ended + 0.05
    assert begun + 10 <= deadlines["a"] <= ended + 10
    deadlines.clear()
    await run(small, "{ a }", nobody, answering, deadline=ended + 5)
    assert deadlines == {"a": ended + 5}


async def test_cancellation_reaches_every_field(small: Api, nobody: CurrentUser) -> None:
    begun: list[str] = []
    cancelled: list[str] = []

    async def answering(call: Call, selection: Selection | None) -> Answer:
        begun.append(call.operation.name)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(call.operation.name)
            raise
        raise AssertionError

    task = asyncio.create_task(run(small, "{ a c }", nobody, answering))
    async with asyncio.timeout(60):
        while len(begun) < 2:  # noqa: ASYNC110 - a list has no event to wait for
            await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(cancelled) == ["a", "c"]


async def test_a_field_above_the_callers_role(small: Api, nobody: CurrentUser, support: CurrentUser) -> None:
    runner = FakeRunner(lambda *_: Answer(value={"id": 1, "hidden": "x"}))
    document = compile_document(small, "{ row { hidden } r: row { id } }", None)
    response = await execute(document, {}, nobody, runner)
    assert body(response)["data"] == {"row": None, "r": {"id": 1}}
    assert [error["extensions"] for error in response.errors] == [{"code": "FORBIDDEN"}]
    assert len(runner.calls) == len(runner.compiled) == 1
    response = await execute(document, {}, support, runner)
    assert body(response)["data"] == {"row": {"hidden": "x"}, "r": {"id": 1}}


async def test_who_may_not_call_is_told_that_first(small: Api, nobody: CurrentUser, support: CurrentUser) -> None:
    for user, code in ((nobody, "UNAUTHENTICATED"), (support, "FORBIDDEN")):
        runner = FakeRunner(named)
        response = await execute(compile_document(small, "{ secret { hidden } }", None), {}, user, runner)
        assert [error["extensions"] for error in response.errors] == [{"code": code}]
        assert not runner.calls


async def test_compiled_once_for_each_role(small: Api, nobody: CurrentUser, support: CurrentUser) -> None:
    runner = FakeRunner(lambda *_: Answer(json=b"1"))
    document = compile_document(small, "{ a row { id } }", None)
    for user in (nobody, support, nobody, replace(support, fields={"id": "other"})):
        await execute(document, {}, user, runner)
    compiled = [(operation.name, rank) for operation, _, rank in runner.compiled]
    assert compiled == [("a", 0), ("row", 0), ("a", 2), ("row", 2)]
    other = FakeRunner(lambda *_: Answer(json=b"2"))
    assert (await execute(document, {}, nobody, other)).body == b'{"data":{"a":2,"row":2}}'


async def test_introspection(small: Api, nobody: CurrentUser) -> None:
    runner = FakeRunner(named)
    document = compile_document(small, get_introspection_query(), None)
    first = await execute(document, {}, nobody, runner)
    schema = body(first)["data"]
    assert schema == small.schema.introspect()
    assert (await execute(document, {}, nobody, runner)).body == first.body
    assert not runner.calls


async def test_introspection_beside_fields_with_variables_and_flags(small: Api, nobody: CurrentUser) -> None:
    text = """query($name: String!, $all: Boolean = false, $skip: Boolean!) {
        a: __type(name: $name) { ...t } b: __type(name: "None") { name } n: a
        __schema @skip(if: $skip) { queryType { name @skip(if: $skip) } }
    }
    fragment t on __Type { name fields(includeDeprecated: $all) { name @skip(if: $skip) __typename } }"""
    document = compile_document(small, text, None)
    for skip in (True, False):
        response = await execute(document, {"name": "Row", "skip": skip}, nobody, FakeRunner(named))
        fields: list[Json] = [
            {"__typename": "__Field"} if skip else {"name": name, "__typename": "__Field"}
            for name in ("id", "name", "hidden")
        ]
        expected: dict[str, Json] = {"a": {"name": "Row", "fields": fields}, "b": None, "n": 1}
        if not skip:
            expected["__schema"] = {"queryType": {"name": "Query"}}
        assert body(response) == {"data": expected}


async def test_nothing_selected(small: Api, nobody: CurrentUser) -> None:
    assert (await run(small, "{ a @skip(if: true) }", nobody, named)).body == b'{"data":{}}'


async def test_a_project_without_queries_answers(build: Build, nobody: CurrentUser) -> None:
    catalog = build(SDL)
    api = build_api(replace(catalog, operations={"first": catalog.operations["first"]}))
    assert (await run(api, "{ _empty e: _empty __typename }", nobody, named)).body == (
        b'{"data":{"_empty":null,"e":null,"__typename":"Query"}}'
    )


async def test_null_for_a_flag_refuses_the_request(small: Api, nobody: CurrentUser) -> None:
    document = compile_document(small, "query($f: Boolean = true) { a @skip(if: $f) b }", None)
    assert body(await execute(document, {}, nobody, FakeRunner(named)))["data"] == {"b": 1}
    response = await execute(document, {"f": None}, nobody, FakeRunner(named))
    assert not response.data_present
    assert body(response)["errors"] == [
        {
            "message": 'Variable "$f" cannot be used. Expected a Boolean, not null.',
            "extensions": {"code": "BAD_USER_INPUT"},
        }
    ]


async def test_strawberrys_executor_masks_and_refuses_alike(
    small: Api, nobody: CurrentUser, caplog: pytest.LogCaptureFixture
) -> None:
    from tidegate.schema.reference import Context

    def answering(call: Call, selection: Selection | None) -> Answer:
        raise RuntimeError("hunter2")

    context = Context(nobody, FakeRunner(answering))
    result = await small.schema.execute("{ a row { hidden } secret { id } }", context_value=context)
    assert result.data == {"a": None, "row": None, "secret": None}
    codes = {error.path[0]: (error.extensions or {}).get("code") for error in result.errors or () if error.path}
    assert codes == {"a": "INTERNAL", "row": "FORBIDDEN", "secret": "UNAUTHENTICATED"}
    assert not any("hunter2" in error.message for error in result.errors or ())
    assert "hunter2" in caplog.text


async def test_few_answers_about_the_schema_are_kept(small: Api, nobody: CurrentUser) -> None:
    documents = [
        compile_document(small, f'{{ a{index}: __type(name: "Row") {{ name }} }}', None) for index in range(30)
    ]
    for _ in range(2):
        for index, document in enumerate(documents):
            response = await execute(document, {}, nobody, FakeRunner(named))
            assert body(response) == {"data": {f"a{index}": {"name": "Row"}}}
    assert len(small.introspected) == 8
