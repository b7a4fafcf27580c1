"""Everything that is asked of another server, held against what it says of itself now."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from graphql import GraphQLError, parse, specified_rules, validate

from tidegate.core.location import Location
from tidegate.core.problems import Problem
from tidegate.resolvers.integrations.graphql.introspection import NotTold, introspect
from tidegate.resolvers.integrations.upstream import Upstream

PATIENCE: Final = 5.0
"""Seconds: a gateway starts although another server hangs."""


class Comparison:
    """Of one integration: `add` what is prepared, then ask for `problems`."""

    def __init__(self, name: str, url: str, upstream: Upstream) -> None:
        self._name = name
        self._url = url
        self._upstream = upstream
        self._documents: dict[str, Location] = {}

    def add(self, document: str, at: Location) -> None:
        self._documents.setdefault(document, at)

    async def problems(self) -> Sequence[Problem]:
        """None where the server does not tell its schema, as many do not."""
        if not self._documents:
            return ()
        first = min(self._documents.values())
        try:
            async with asyncio.timeout(PATIENCE):
                schema = await introspect(self._upstream, self._url)
        except TimeoutError:
            return [Problem(first, f'"{self._name}" does not answer.')]
        except NotTold as error:
            return [] if error.refused else [Problem(first, f'"{self._name}": {error.sentence}')]
        found: list[Problem] = []
        for text, at in self._documents.items():
            try:
                errors: Sequence[GraphQLError] = validate(schema, parse(text), specified_rules, max_errors=5)
            except (GraphQLError, TypeError) as error:
                errors = [error] if isinstance(error, GraphQLError) else []
            for each in errors:
                sentence = each.message.splitlines()[0].rstrip(".?")
                hint = "Its schema is another now: write the file of schema: anew."
                found.append(Problem(at, f'"{self._name}" does not take this: {sentence}.', hint))
        return found
