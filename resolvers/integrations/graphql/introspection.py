"""What a GraphQL server says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

import orjson
from graphql import GraphQLError, GraphQLSchema, build_client_schema, get_introspection_query, print_schema

from tidegate.core.errors import OperationError
from tidegate.resolvers.integrations.upstream import Asked, Upstream

_QUERY: Final = get_introspection_query(descriptions=True)


class NotTold(Exception):
    """Why there is no schema: a sentence for the operator, without addresses. `refused`: the server is there, and
    does not tell."""

    def __init__(self, sentence: str, *, refused: bool) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.refused = refused


async def introspect(upstream: Upstream, url: str) -> GraphQLSchema:
    """`upstream` is open. Raises `NotTold`."""
    content = orjson.dumps({"query": _QUERY, "operationName": "IntrospectionQuery"})
    headers = {"accept": "application/json", "content-type": "application/json"}
    try:
        reply = await upstream.ask(Asked("POST", url, headers, content), safe=True)
    except OperationError as error:
        why = str(error.__cause__ or error.message).rstrip(".")
        raise NotTold(f"It cannot be asked for its schema: {why}.", refused=False) from error
    try:
        answer = orjson.loads(reply.body)
    except ValueError:
        answer = None
    data = answer.get("data") if isinstance(answer, Mapping) else None
    if not isinstance(data, Mapping) or not data.get("__schema"):
        raise NotTold(f"It does not tell its schema (status {reply.status}).", refused=True)
    try:
        # Any: the library wants its own type of the JSON.
        schema = build_client_schema(cast(Any, data))
        # Fields and names are looked at when they are wanted: all of them now.
        print_schema(schema)
    except (GraphQLError, TypeError, KeyError, AttributeError, ValueError, RecursionError) as error:
        raise NotTold("What it tells of its schema cannot be understood.", refused=True) from error
    return schema
