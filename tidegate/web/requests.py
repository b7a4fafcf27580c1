"""The parameters of GraphQL over HTTP, from a body or from an address, each of the shape it must have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl

from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse

from tidegate.web.answers import bad_request
from tidegate.web.bodies import read_json


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a client asks. Any: variables are the client's JSON, coerced by the document; so are extensions."""

    query: str
    operation_name: str | None
    variables: Mapping[str, Any] | None
    extensions: Mapping[str, Any] | None = None


def from_body(body: bytes) -> Parameters:
    """Raises `Refusal`."""
    if not body:
        raise bad_request("The request has no body.")
    value = read_json(body)
    if isinstance(value, list):
        raise bad_request("Batches are not answered: send one request for each operation.")
    if not isinstance(value, dict):
        raise bad_request("The request must be a JSON object.")
    return from_json(value)


_NAMES: Final = frozenset({"query", "operationName", "variables", "extensions"})


def from_address(query_string: bytes) -> Parameters:
    """Raises `Refusal`."""
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=20,
        )
    except ValueError:
        raise bad_request("The address has parameters that cannot be read.") from None
    # Any: read from JSON below.
    value: dict[str, Any] = {}
    for name, text in pairs:
        if name not in _NAMES:
            continue
        if name in value:
            raise bad_request(f'The parameter "{name}" is given twice.')
        value[name] = text
    for name in ("variables", "extensions"):
        if name in value:
            value[name] = read_json(value[name]) if value[name] else None
    return from_json(value)


# Any: a JSON object as it was sent.
def from_json(value: Mapping[str, Any]) -> Parameters:
    """Raises `Refusal`."""
    query, name, variables, extensions = map(value.get, ("query", "operationName", "variables", "extensions"))
    if not isinstance(query, str):
        raise bad_request('The parameter "query" must be a text.')
    if name is not None and not isinstance(name, str):
        raise bad_request('The parameter "operationName" must be a text or null.')
    if variables is not None and not isinstance(variables, dict):
        raise bad_request('The parameter "variables" must be an object or null.')
    if extensions is not None and not isinstance(extensions, dict):
        raise bad_request('The parameter "extensions" must be an object or null.')
    return Parameters(query, name, variables, extensions)


def operation_type(query: str, operation_name: str | None, most_tokens: int) -> OperationType:
    """What this would do. A document that cannot be read counts as a query: executing it says what is wrong with it,
    and executes nothing."""
    # What is remembered is bounded in bytes, too.
    find = _operation_type if len(query) <= _REMEMBERED else _operation_type.__wrapped__
    return find(query, operation_name, most_tokens)


def is_subscription(asked: Parameters, most_tokens: int) -> bool:
    # Nearly every document is cleared without being parsed.
    if "subscription" not in asked.query:
        return False
    return operation_type(asked.query, asked.operation_name, most_tokens) is OperationType.SUBSCRIPTION


_REMEMBERED: Final = 16_384


@lru_cache(maxsize=256)
def _operation_type(query: str, operation_name: str | None, most_tokens: int) -> OperationType:
    try:
        document = parse(query, no_location=True, max_tokens=most_tokens)
    except (GraphQLError, RecursionError):
        return OperationType.QUERY
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if operation_name is not None:
        operations = [node for node in operations if node.name is not None and node.name.value == operation_name]
    return operations[0].operation if len(operations) == 1 else OperationType.QUERY
