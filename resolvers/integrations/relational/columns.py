"""A column -> the JSON text of its value, in the words of a database."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from tidegate.core.types import NonNull, TypeDefinition
from tidegate.resolvers.integrations.relational.cells import FLAW, Cell
from tidegate.resolvers.integrations.relational.columns_postgres import shown_by_postgres
from tidegate.resolvers.integrations.relational.columns_sqlite import shown_by_sqlite
from tidegate.resolvers.integrations.relational.dialects import Dialect, Sql, literal


def cell_parts(cell: Cell, dialect: Dialect, types: Mapping[str, TypeDefinition]) -> list[str | Sql]:
    """The JSON text of a value in parts, none of them null, with its flaw behind it."""
    shown = (shown_by_postgres if dialect.is_postgres else shown_by_sqlite)(cell, types)
    parts: list[str | Sql] = [shown.before, shown.text, shown.after]
    if cell.reflected.nullable:
        absent = "null" + FLAW if isinstance(cell.type, NonNull) else "null"
        parts = [sa.func.coalesce(shown.whole(dialect), literal(absent))]
    if shown.flaw is not None:
        parts.append(sa.case((shown.flaw, literal(FLAW)), else_=literal("")))
    return parts


def cell_json(cell: Cell, dialect: Dialect, types: Mapping[str, TypeDefinition]) -> Sql:
    """The same as one text."""
    return dialect.joined(cell_parts(cell, dialect, types))
