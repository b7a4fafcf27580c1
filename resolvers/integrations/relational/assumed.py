"""The tables as a project's objects speak of them, for who explains a project without its database.

Only the database knows foreign keys, triggers, views, collations and functions of its own: what is derived from this is
for people to read, and nothing is refreshed by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tidegate.core.integration import Surroundings
from tidegate.core.objects import DataObject
from tidegate.core.types import EnumType, TypeDefinition, nullable
from tidegate.resolvers.integrations.relational.tables import Family, ReflectedColumn, ReflectedTable

_FAMILIES: Final = {
    "ID": Family.TEXT,
    "String": Family.TEXT,
    "Int": Family.INTEGER,
    "BigInt": Family.INTEGER,
    "Boolean": Family.BOOLEAN,
    "UUID": Family.UUID,
}


def assumed_tables(integration: str, surroundings: Surroundings) -> Mapping[str, ReflectedTable]:
    """Of the objects of one integration, by the table's name as authors write it."""
    tables: dict[str, ReflectedTable] = {}
    for item in surroundings.objects.values():
        if item.integration == integration:
            # Two objects may share a table.
            before = tables.get(item.table)
            columns = {**(before.columns if before else {}), **_columns(item, surroundings.types)}
            key = tuple(item.columns[field].column for field in item.key)
            tables[item.table] = ReflectedTable(
                item.table, columns, key, identity=item.table.lower(), effects=frozenset()
            )
    return tables


def _columns(item: DataObject, types: Mapping[str, TypeDefinition]) -> dict[str, ReflectedColumn]:
    return {
        column.column: ReflectedColumn(column.column, family, plain=family is not Family.OTHER)
        for column in item.columns.values()
        if (family := _family(str(nullable(column.type)), types))
    }


def _family(type: str, types: Mapping[str, TypeDefinition]) -> Family:
    return Family.ENUM if isinstance(types.get(type), EnumType) else _FAMILIES.get(type, Family.OTHER)
