"""What `serve --demo` prints: tokens, and something to paste."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import inf
from shlex import quote
from typing import Any, Final

from rich.text import Text

from tidegate.auth.claims import user_of
from tidegate.auth.refusal import Refused
from tidegate.cli.signing import sign
from tidegate.core.catalog import Catalog, Jwt
from tidegate.core.json import Json
from tidegate.core.operation import Kind, Operation
from tidegate.core.types import ListOf, nullable
from tidegate.core.user import CurrentUser
from tidegate.description.document import document_text, plain_selection

LIFE: Final = 24 * 3600
"""Seconds that a demo token is good for."""


def demonstration(catalog: Catalog, users: Mapping[str, Mapping[str, Json]], jwt: Jwt, origin: str) -> Text:
    """A token for each user, and a call that the first of them may make."""
    text = Text()
    first: tuple[CurrentUser, str] | None = None
    for name, claims in users.items():
        token = sign(claims, jwt, LIFE)
        try:
            user = user_of(claims, inf, catalog.auth, catalog.roles)
        except Refused as reason:
            text.append(f"\n{name}: the project would refuse this token: {reason}.\n", "yellow")
            continue
        first = first or (user, token)
        text.append(f"\n{name}", "bold").append(f" ({user.role})\n", "dim").append(f"{token}\n")
    if first is not None:
        user, token = first
        operation = _something_to_ask(catalog, user)
        if operation is not None:
            text.append("\nTry it:\n", "bold").append(_curl(catalog, operation, user, token, origin))
    return text


def demo_tokens(catalog: Catalog, users: Mapping[str, Mapping[str, Json]], jwt: Jwt) -> Sequence[Mapping[str, Any]]:
    """A token for each user that the project would take. Any: JSON."""
    found = []
    for name, claims in users.items():
        try:
            role = user_of(claims, inf, catalog.auth, catalog.roles).role
        except Refused:
            continue
        found.append({"name": name, "role": role, "claims": claims, "token": sign(claims, jwt, LIFE)})
    return found


def _something_to_ask(catalog: Catalog, user: CurrentUser) -> Operation | None:
    """A query that needs no arguments: rather many rows than one value, rather one for this role than for everybody."""
    queries = [
        operation
        for operation in catalog.operations.values()
        if operation.kind is Kind.QUERY
        and operation.rank <= user.rank
        and not any(argument.required for argument in operation.arguments.values())
    ]
    return max(
        queries, key=lambda operation: (isinstance(nullable(operation.returns), ListOf), operation.rank), default=None
    )


def _curl(catalog: Catalog, operation: Operation, user: CurrentUser, token: str, origin: str) -> str:
    query = document_text(operation, (), plain_selection(catalog, operation.returns, user.rank))
    body = json.dumps({"query": query}, ensure_ascii=False)
    return (
        f"curl {origin}/graphql \\\n"
        f"  -H 'content-type: application/json' \\\n"
        f"  -H 'authorization: Bearer {token}' \\\n"
        f"  -d {quote(body)}\n"
    )
