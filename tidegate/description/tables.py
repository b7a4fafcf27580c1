"""What integrations know of their tables, as far as it can be told without asking them."""

from __future__ import annotations

from collections.abc import Mapping

from tidegate.core.catalog import Catalog
from tidegate.resolvers.integrations.relational.assumed import assumed_tables
from tidegate.resolvers.integrations.relational.integration import RelationalIntegration
from tidegate.resolvers.integrations.relational.tables import ReflectedTable


def tables_by_identity(integration: object) -> Mapping[str, ReflectedTable]:
    """What an integration knows of its tables, by their names in footprints. Nothing of other integrations."""
    known = integration.tables.known if isinstance(integration, RelationalIntegration) else {}
    return {table.identity: table for table in known.values()}


def assume_tables(integration: object, catalog: Catalog) -> None:
    """Has an integration that is not opened take its tables to be as the objects say."""
    if isinstance(integration, RelationalIntegration):
        tables = assumed_tables(integration.name, catalog.surroundings)
        integration.tables.learn(tables, source=integration.name)
