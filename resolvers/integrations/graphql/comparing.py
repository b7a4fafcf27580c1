"""Everything that is asked of another server, held against what it says of itself now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

from graphql import (
    GraphQLError,
    GraphQLSchema,
    OperationType,
    get_named_type,
    is_leaf_type,
    parse,
    specified_rules,
    validate,
)

from tidegate.core.location import Location
from tidegate.core.problems import Problem
from tidegate.resolvers.integrations.graphql.fields import TYPENAME, differences
from tidegate.resolvers.integrations.graphql.introspection import NotTold, introspect
from tidegate.resolvers.integrations.graphql.request import Wish
from tidegate.resolvers.integrations.upstream import Upstream

PATIENCE: Final = 5.0
"""Seconds: a gateway starts although another server hangs."""


class Comparison:
    """Of one integration: `add` what is prepared, then ask for `problems`."""

    def __init__(self, name: str, url: str, upstream: Upstream) -> None:
        self._name = name
        self._url = url
        self._upstream = upstream
        self._wishes: list[tuple[Wish, Location]] = []

    def add(self, wish: Wish, at: Location) -> None:
        self._wishes.append((wish, at))

    async def problems(self) -> Sequence[Problem]:
        """None where the server does not tell its schema, as many do not."""
        if not self._wishes:
            return ()
        first = min(at for _, at in self._wishes)
        try:
            async with asyncio.timeout(PATIENCE):
                schema = await introspect(self._upstream, self._url)
        except TimeoutError:
            return [Problem(first, f'"{self._name}" does not answer.')]
        except NotTold as error:
            return [] if error.refused else [Problem(first, f'"{self._name}": {error.sentence}')]
        found: list[Problem] = []
        seen: set[tuple[str, str]] = set()
        for wish, at in self._wishes:
            for sentence in _complaints(wish, schema, seen):
                hint = "Its schema is another now: write the file of schema: anew."
                found.append(Problem(at, f'"{self._name}" does not take this: {sentence}', hint))
        return found


def _complaints(wish: Wish, schema: GraphQLSchema, seen: set[tuple[str, str]]) -> Iterator[str]:
    stitched = wish.stitched
    if stitched is not None:
        root = schema.get_root_type(OperationType(wish.verb))
        field = root.fields.get(stitched.name) if root is not None else None
        if field is None:
            yield f'There is no {wish.verb} "{stitched.name}".'
            return
        text = stitched.document("" if is_leaf_type(get_named_type(field.type)) else TYPENAME)
        if stitched.returns is not None:
            subject = f'"{stitched.name}"'
            yield from (said for said, _ in differences(stitched.returns, field.type, wish.types, subject, seen))
    else:
        assert wish.document is not None
        text = wish.document.text
    try:
        errors: Sequence[GraphQLError] = validate(schema, parse(text), specified_rules, max_errors=5)
    except TypeError:
        # What it says of itself is no schema that could be asked.
        return
    for each in errors:
        sentence = each.message.splitlines()[0]
        yield sentence if sentence.endswith(("?", ".")) else f"{sentence}."
