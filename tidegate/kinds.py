"""Which kinds of integration there are: ours and anybody's, all found by entry point."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from logging import getLogger
from types import MappingProxyType
from typing import Final, cast

from tidegate.core.integration import IntegrationKind

log = getLogger(__name__)

GROUP: Final = "tidegate.integrations"

OURS: Final = {
    "sqlite": "tidegate.resolvers.integrations.sqlite:kind",
    "postgres": "tidegate.resolvers.integrations.postgres:kind",
    "mysql": "tidegate.resolvers.integrations.mysql:kind",
    "http": "tidegate.resolvers.integrations.http:kind",
    "graphql": "tidegate.resolvers.integrations.graphql:kind",
    "smtp": "tidegate.resolvers.integrations.smtp:kind",
    "webhook": "tidegate.resolvers.integrations.webhook:kind",
    "zapier": "tidegate.resolvers.integrations.webhook:zapier",
}
"""The same table as in pyproject.toml (a test holds them together), for a clone that is run without being installed.
An installed package cannot take one of these names."""


@cache
def installed_kinds() -> Mapping[str, IntegrationKind]:
    """Every kind by the name that `kind:` uses. Somebody's that cannot be loaded is no reason to have none. Looked for
    once: to go through all that is installed takes longer than to compile a small project."""
    kinds: dict[str, IntegrationKind] = {}
    for point in entry_points(group=GROUP):
        if point.name not in OURS:
            try:
                kinds[point.name] = cast(IntegrationKind, point.load())
            except Exception as error:  # noqa: BLE001 - it is other people's code
                log.warning('The kind "%s" (%s) cannot be loaded: %r', point.name, point.value, error)
    ours = {name: EntryPoint(name, value, GROUP) for name, value in OURS.items()}
    return MappingProxyType({**{name: cast(IntegrationKind, point.load()) for name, point in ours.items()}, **kinds})
