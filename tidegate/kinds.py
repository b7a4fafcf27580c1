"""Which kinds of integration there are: ours and anybody's, all found by entry point."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Final, cast

from tidegate.core.integration import IntegrationKind

GROUP: Final = "tidegate.integrations"

OURS: Final = {
    "sqlite": "tidegate.resolvers.integrations.sqlite:kind",
    "postgres": "tidegate.resolvers.integrations.postgres:kind",
    "mysql": "tidegate.resolvers.integrations.mysql:kind",
    "http": "tidegate.resolvers.integrations.http:kind",
    "smtp": "tidegate.resolvers.integrations.smtp:kind",
    "webhook": "tidegate.resolvers.integrations.webhook:kind",
    "zapier": "tidegate.resolvers.integrations.webhook:zapier",
}
"""The same table as in pyproject.toml (a test holds them together), for a clone that is run without being installed.
An installed package cannot take one of these names."""


def installed_kinds() -> Mapping[str, IntegrationKind]:
    """Every kind by the name that `kind:` uses."""
    found = {point.name: point for point in entry_points(group=GROUP)}
    found |= {name: EntryPoint(name, value, GROUP) for name, value in OURS.items()}
    return {name: cast(IntegrationKind, point.load()) for name, point in found.items()}
