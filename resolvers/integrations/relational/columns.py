"""A column -> the JSON text of its value, in the words of a database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import sqlalchemy as sa

from tidegate.core.json import Json
from tidegate.core.types import NonNull, TypeDefinition
from tidegate.resolvers.integrations.relational.cells import FLAW, Cell, Shown
from tidegate.resolvers.integrations.relational.columns_mysql import raw_json as mysql_raw_json
from tidegate.resolvers.integrations.relational.columns_mysql import rebound_by_mysql, shown_by_mysql, sorted_by_mysql
from tidegate.resolvers.integrations.relational.columns_postgres import shown_by_postgres
from tidegate.resolvers.integrations.relational.columns_sqlite import raw_json as sqlite_raw_json
from tidegate.resolvers.integrations.relational.columns_sqlite import shown_by_sqlite
from tidegate.resolvers.integrations.relational.dialects import Dialect, Name, Sql, literal
from tidegate.resolvers.integrations.relational.storing import Storing
from tidegate.resolvers.integrations.relational.tables import ReflectedColumn


def cell_parts(cell: Cell, dialect: Dialect, types: Mapping[str, TypeDefinition]) -> list[str | Sql]:
    """The JSON text of a value in parts, none of them null, with its flaw behind it."""
    shown = _SHOWN[dialect.name](cell, types)
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


_SHOWN: Final[Mapping[Name, Callable[[Cell, Mapping[str, TypeDefinition]], Shown]]] = {
    "sqlite": shown_by_sqlite,
    "postgres": shown_by_postgres,
    "mysql": shown_by_mysql,
}


def stored_json(cell: Cell, dialect: Dialect, types: Mapping[str, TypeDefinition]) -> Sql:
    """A value as JSON, never null, that `rebound` makes the same value of again."""
    match dialect.name:
        case "sqlite":
            return sqlite_raw_json(cell.value)
        case "mysql":
            return mysql_raw_json(cell.value, cell.reflected)
        case "postgres":
            return cell_json(cell, dialect, types)


def rebound(dialect: Dialect, storing: Storing, reflected: ReflectedColumn) -> Storing:
    """How what `stored_json` gave is bound. `storing` is how the column's values are."""
    match dialect.name:
        case "sqlite":
            return _as_is
        case "mysql":
            return rebound_by_mysql(reflected)
        case "postgres":
            return storing


def sorted_value(dialect: Dialect, value: Sql, reflected: ReflectedColumn) -> Sql:
    """By which ORDER BY sorts a column's values, to be compared with what `stored_json` gave."""
    return sorted_by_mysql(value, reflected) if dialect.name == "mysql" else value


def again(stored: Json | bytes) -> Json:
    """MySQL: what `stored_json` gives of a value that was bound so."""
    if isinstance(stored, bytes):
        return stored.hex()
    return stored if stored is None or isinstance(stored, bool | int | float | str) else str(stored)


def _as_is(value: Json) -> Json:
    return value
