"""Subscriptions: which documents are some, with what values they are opened, and what their results look like."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from tidegate.core.catalog import Catalog
from tidegate.core.errors import Code, OperationError
from tidegate.core.integration import Answer
from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.user import CurrentUser
from tidegate.schema.api import Api, build_api
from tidegate.schema.document import compile_document
from tidegate.schema.execution import execute
from tidegate.schema.live import Opened, encode, encode_refreshed, open_subscription
from tidegate.schema.reference import Context
from tidegate.schema.request_errors import DocumentError
from tidegate.testing.runner import FakeRunner

Build = Callable[..., Catalog]

REFRESHED = "subscription ($q: [String!]!) { r: refreshed(queries: $q) { query n: query __typename } }"


def opened(api: Api, text: str, variables: dict[str, Json] | None = None) -> Opened:
    return open_subscription(compile_document(api, text, None), variables)


def result_of(api: Api, text: str, answer: Answer | OperationError) -> Any:
    call = opened(api, text).call
    assert call is not None
    return orjson.loads(encode(call)(answer).body)


@pytest.mark.parametrize(
    "text",
    [
        "subscription { name count }",
        "subscription { name n: name }",
        "subscription { ...F } fragment F on Subscription { name count }",
        "subscription { __typename }",
        "subscription { __schema { description } }",
        "subscription { name __typename }",
        "subscription { name @skip(if: false) }",
        "subscription { name @include(if: true) }",
        "subscription ($f: Boolean!) { ... @include(if: $f) { name } }",
        "subscription ($f: Boolean!) { ...F @skip(if: $f) } fragment F on Subscription { name }",
        "subscription { ...F } fragment F on Query { name }",
        "subscription { create(title: 1) { id } }",
        "subscription { nope }",
        "subscription { refreshed { query } }",
        "subscription { refreshed(queries: null) { query } }",
        'subscription { refreshed(queries: ["name"]) }',
        'subscription { refreshed(queries: ["name"]) { nope } }',
        'query { refreshed(queries: ["name"]) { query } }',
        "query { name } subscription { name }",
    ],
)
def test_documents_that_are_refused(api: Api, text: str) -> None:
    with pytest.raises(DocumentError) as refused:
        compile_document(api, text, None)
    assert {error["extensions"]["code"] for error in refused.value.errors} == {"GRAPHQL_VALIDATION_FAILED"}  # type: ignore[index, call-overload]


def test_a_live_query_is_opened_with_its_values(api: Api) -> None:
    text = "subscription S($s: Status = Doing, $n: Int) { t: tickets(status: $s, first: $n) { id } }"
    found = opened(api, text, {"n": 5})
    assert found.call is found.root
    assert found.call is not None
    assert (found.call.key, found.call.operation.name) == ("t", "tickets")
    assert found.inputs.arguments == {"status": "Doing", "first": 5}
    assert found.names == ()
    assert opened(api, text).inputs.arguments == {"status": "Doing", "first": 20}


def test_values_that_do_not_fit(api: Api) -> None:
    with pytest.raises(DocumentError, match=r"\$n"):
        opened(api, "subscription ($n: Int) { tickets(first: $n) { id } }", {"n": "x"})
    with pytest.raises(OperationError) as unusable:
        opened(api, "subscription ($i: ID = 1) { ticket(id: $i) { id } }", {"i": None})
    assert unusable.value.code == Code.BAD_USER_INPUT


def test_directives_and_fragments_below_the_top(api: Api) -> None:
    text = """
    subscription ($f: Boolean!) { ... on Subscription { ...F } }
    fragment F on Subscription { ticket(id: 1) { id @skip(if: $f) ...T } }
    fragment T on Ticket { title @include(if: $f) }
    """
    document = compile_document(api, text, None)
    for flag, expected in ((True, b'{"title":"x"}'), (False, b'{"id":"1"}')):
        call = open_subscription(document, {"f": flag}).call
        assert call is not None
        answer = Answer(value={"id": "1", "title": "x"})
        assert encode(call)(answer).body == b'{"data":{"ticket":' + expected + b"}}"


def test_bytes_are_put_in_as_they_are(api: Api) -> None:
    call = opened(api, "subscription { x: ticket(id: 1) { id } }").call
    assert call is not None
    answer = Answer(json=b'{ "id" : "1" }')
    result = encode(call)(answer)
    assert result.body == b'{"data":{"x":{ "id" : "1" }}}'
    assert encode(call)(Answer(json=b"null")).body == b'{"data":{"x":null}}'


def test_null_bytes_are_no_answer_where_there_must_be_one(api: Api) -> None:
    found = result_of(api, "subscription { count }", Answer(json=b"null"))
    assert found["data"] is None
    assert found["errors"][0]["message"] == "Cannot return null for non-nullable field Subscription.count."


def test_errors(api: Api) -> None:
    error = OperationError(Code.NOT_FOUND, "Not there.", {"hint": "x"})
    entry = {
        "message": "Not there.",
        "locations": [{"line": 1, "column": 16}],
        "path": ["name"],
        "extensions": {"hint": "x", "code": "NOT_FOUND"},
    }
    assert result_of(api, "subscription { name }", error) == {"errors": [entry], "data": {"name": None}}
    assert result_of(api, "subscription { count }", error)["data"] is None


@pytest.mark.parametrize("code", list(Code))
def test_errors_that_may_pass_by_themselves(api: Api, code: Code) -> None:
    call = opened(api, "subscription { name }").call
    assert call is not None
    error = OperationError(code, "x")
    result = encode(call)(error)
    assert result.transient is (code in (Code.TIMEOUT, Code.UPSTREAM_FAILED, Code.INTERNAL))
    assert result.answer is error


def test_errors_are_capped(build: Build, sdl: str) -> None:
    api = build_api(build(sdl, limits=Limits(errors=3)))
    found = result_of(api, "subscription { statuses }", Answer(value=["odd"] * 10))
    assert len(found["errors"]) <= 3
    rows: Json = [{"title": []}] * 10
    assert len(result_of(api, "subscription { tickets { title } }", Answer(value=rows))["errors"]) == 3


def test_what_cannot_be_encoded_is_masked(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    call = opened(api, "subscription { t: ticket(id: 1) { data } }").call
    assert call is not None
    with caplog.at_level(logging.ERROR, "tidegate.schema"):
        result = encode(call)(Answer(value={"data": "\ud800"}))
    assert orjson.loads(result.body)["errors"][0]["message"] == "Internal error."
    assert result.transient
    assert "ticket" in caplog.text


def test_refreshed(api: Api) -> None:
    found = opened(api, REFRESHED, {"q": ["name", "ticket", "name"]})
    assert found.call is None
    assert found.names == ("name", "ticket")
    result = encode_refreshed(found, "ticket")
    assert result.body == b'{"data":{"r":{"query":"ticket","n":"ticket","__typename":"Refreshed"}}}'
    assert result.topic == "ticket"
    assert not result.transient


def test_one_name_stands_for_a_list_of_one(api: Api) -> None:
    assert opened(api, 'subscription { refreshed(queries: "name") { query } }').names == ("name",)
    assert opened(api, REFRESHED, {"q": "name"}).names == ("name",)
    assert opened(api, "subscription { refreshed(queries: []) { query } }").names == ()


async def test_over_plain_http_a_subscription_is_refused(api: Api, nobody: CurrentUser) -> None:
    runner = FakeRunner(lambda *_: Answer(json=b"1"))
    response = await execute(compile_document(api, "subscription { name }", None), {}, nobody, runner)
    assert not response.data_present
    (error,) = orjson.loads(response.body)["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    assert error["message"].startswith("Subscriptions need a stream")
    assert runner.calls == []


async def test_strawberrys_executor_refuses_subscriptions(
    api: Api, nobody: CurrentUser, caplog: pytest.LogCaptureFixture
) -> None:
    runner = FakeRunner(lambda *_: Answer(json=b"1"))
    stream: Any = await api.schema.subscribe("subscription { name }", context_value=Context(nobody, runner))
    (refused,) = [result async for result in stream]
    assert refused.data is None
    assert [error.extensions["code"] for error in refused.errors] == ["BAD_USER_INPUT"]
    assert runner.calls == []
    assert "subscribe through the gateway" in caplog.text
