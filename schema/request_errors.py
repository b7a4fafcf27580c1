"""Errors as GraphQL answers write them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from graphql import GraphQLError

from tidegate.core.errors import Code
from tidegate.core.json import Json
from tidegate.schema.selection import Positions

ErrorEntry: TypeAlias = Mapping[str, Json]
"""`message`, `extensions.code`, and `locations` and `path` where there are any."""

PARSE_FAILED: Final = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED: Final = "GRAPHQL_VALIDATION_FAILED"

DOCUMENT_CODES: Final[Mapping[str, str]] = {
    PARSE_FAILED: "the document is not GraphQL",
    VALIDATION_FAILED: "the document asks for what the schema does not have",
}
"""Codes beside those of `core.errors`, of documents that are not executed at all; other servers call them the same."""

_LONGEST: Final = 500


class DocumentError(Exception):
    """The request cannot be executed at all: the answer has these errors and no `data`."""

    def __init__(self, errors: Sequence[ErrorEntry]) -> None:
        super().__init__(str(errors[0]["message"]))
        self.errors = tuple(errors)


def refusal(code: str | Code, message: str, positions: Positions = ()) -> DocumentError:
    """One error about the request as a whole."""
    return DocumentError([entry(message, str(code), positions)])


def entry(
    message: str,
    code: str,
    positions: Positions = (),
    path: Sequence[str | int] | None = None,
    extensions: Mapping[str, Json] | None = None,
) -> ErrorEntry:
    """Messages may quote the client's document, so they are cut to a readable length and made encodable."""
    made: dict[str, Json] = {"message": _readable(message)}
    if positions:
        made["locations"] = [{"line": line, "column": column} for line, column in positions]
    if path is not None:
        made["path"] = list(path)
    made["extensions"] = {**(extensions or {}), "code": code}
    return made


def of_graphql(errors: Iterable[GraphQLError], code: str) -> list[ErrorEntry]:
    """graphql-core's errors about a document."""
    return [
        entry(_without_cause(error.message), code, tuple((place.line, place.column) for place in error.locations or ()))
        for error in errors
    ]


def _without_cause(message: str) -> str:
    """graphql-core quotes foreign exceptions: Python's own words about an integer it finds too long, say."""
    expected, quoted, _ = message.partition(", but encountered error ")
    return f"{expected}." if quoted else message


def _readable(message: str) -> str:
    if len(message) > _LONGEST:
        message = message[: _LONGEST - 1] + "…"
    return message if message.isascii() else message.encode("utf-8", "replace").decode()
