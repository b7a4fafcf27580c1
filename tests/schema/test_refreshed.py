"""A mutation's answer says which queries may answer otherwise now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import orjson
import pytest

from tidegate.core.call import Call
from tidegate.core.catalog import Catalog
from tidegate.core.change import Change
from tidegate.core.errors import Code, OperationError
from tidegate.core.integration import Answer
from tidegate.core.selection import Selection
from tidegate.core.user import CurrentUser
from tidegate.schema.api import Api, build_api
from tidegate.schema.document import compile_document
from tidegate.schema.execution import execute
from tidegate.testing.runner import FakeRunner

SDL = """
type Query { a: Int b: Int }
type Mutation { first: Int second: Int! third: [Int!] fails: Int unknown: Int nothing: Int }
"""
CHANGES: Mapping[str, frozenset[str]] = {
    "first": frozenset({"b", "a"}),
    "second": frozenset({"c"}),
    "third": frozenset({"b"}),
    "unknown": frozenset({"b"}),
}


@pytest.fixture(scope="module")
def small(build: Callable[..., Catalog]) -> Api:
    return build_api(build(SDL))


def writing(call: Call, selection: Selection | None) -> Answer:
    """As a runner does: what was committed, or may have been, stands in the call."""
    name = call.operation.name
    if name == "fails":
        raise OperationError(Code.CONFLICT, "That is taken.")
    if name in CHANGES:
        call.change = Change(name, (), CHANGES[name])
    if name == "unknown":
        raise OperationError(Code.TIMEOUT, "This took too long.")
    return Answer(json=b"1") if name == "first" else Answer(value=None if name == "second" else [1, "x"])


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("mutation { first }", '{"data":{"first":1},"extensions":{"refreshed":["a","b"]}}'),
        ("mutation { x: first first }", '{"data":{"x":1,"first":1},"extensions":{"refreshed":["a","b"]}}'),
        ("mutation { __typename }", '{"data":{"__typename":"Mutation"}}'),
        ("query { a }", '{"data":{"a":null}}'),
    ],
)
async def test_the_whole_answer(small: Api, nobody: CurrentUser, text: str, body: str) -> None:
    def answering(call: Call, selection: Selection | None) -> Answer:
        return Answer(value=None) if call.operation.name == "a" else writing(call, selection)

    response = await execute(compile_document(small, text, None), {}, nobody, FakeRunner(answering))
    assert response.body.decode() == body


@pytest.mark.parametrize(
    ("text", "refreshed"),
    [
        ("mutation { fails }", None),
        ("mutation { nothing }", None),
        ("mutation { fails first }", ["a", "b"]),
        # It was written, whatever its answer was worth.
        ("mutation { third }", ["b"]),
        ("mutation { second }", ["c"]),
        ("mutation { first third second }", ["a", "b", "c"]),
        # What follows a lost answer does not happen.
        ("mutation { second first }", ["c"]),
        # Nobody knows whether it was committed.
        ("mutation { unknown }", ["b"]),
    ],
)
async def test_the_queries_named(small: Api, nobody: CurrentUser, text: str, refreshed: list[str] | None) -> None:
    response = await execute(compile_document(small, text, None), {}, nobody, FakeRunner(writing))
    extensions = orjson.loads(response.body).get("extensions")
    assert extensions == ({"refreshed": refreshed} if refreshed else None)


@dataclass(slots=True)
class Forgetful(FakeRunner):
    def refreshed_by(self, change: Change, rank: int) -> list[str]:
        raise RuntimeError("hunter2")


async def test_what_cannot_be_found_out_is_not_told(
    small: Api, nobody: CurrentUser, caplog: pytest.LogCaptureFixture
) -> None:
    response = await execute(compile_document(small, "mutation { first }", None), {}, nobody, Forgetful(writing))
    assert response.body == b'{"data":{"first":1}}'
    assert "hunter2" in caplog.text
