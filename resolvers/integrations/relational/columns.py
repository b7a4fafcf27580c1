"""A column -> the JSON text of its value, and when that text may break the schema's promise.

The text is never null: SQL's null reads `null`. Where the database does not prove what the schema says, a *flaw* is
written beside the value: one more member of the object, named `!` (no GraphQL name looks so). An answer with that
member in it is decoded and held against the schema with all of GraphQL's rules; one without goes to the client as is.
A client that stores the member's text in a JSON column makes its readers' answers slower, never different.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from tidegate.core.types import EnumType, Named, NonNull, TypeDefinition, TypeRef, nullable
from tidegate.resolvers.integrations.relational.dialects import Dialect, Sql, literal
from tidegate.resolvers.integrations.relational.tables import Family, ReflectedColumn

FLAW: Final = ',"!":1'
"""What follows a value that breaks its promise."""
FLAW_MARK: Final = b'"!":1'

INT_LOWEST: Final = -(2**31)
INT_HIGHEST: Final = 2**31 - 1

WHOLE: Final = frozenset({Family.SMALLINT, Family.INTEGER, Family.BIGINT})
FLOATING: Final = frozenset({Family.REAL, Family.FLOAT})


@dataclass(frozen=True, slots=True)
class Cell:
    """A value of a row: where it is, what the schema promises, and what the database does."""

    value: Sql
    type: TypeRef
    reflected: ReflectedColumn
    strict: bool = True


@dataclass(frozen=True, slots=True)
class Shown:
    """`text` is JSON, or null where the value is; `flaw` holds where the text is not what was promised, and does not
    where the value is null."""

    text: Sql
    flaw: Sql | None = None


def cell_json(cell: Cell, dialect: Dialect, types: Mapping[str, TypeDefinition]) -> Sql:
    """The JSON text of a value, never null, with its flaw behind it."""
    from tidegate.resolvers.integrations.relational.columns_postgres import shown_by_postgres
    from tidegate.resolvers.integrations.relational.columns_sqlite import shown_by_sqlite

    shown = (shown_by_postgres if dialect.is_postgres else shown_by_sqlite)(cell, types)
    text = shown.text
    if cell.reflected.nullable:
        absent = "null" + FLAW if isinstance(cell.type, NonNull) else "null"
        text = sa.func.coalesce(dialect.text(text) if dialect.is_postgres else text, literal(absent))
    if shown.flaw is None:
        return text
    return dialect.joined([text, sa.case((shown.flaw, literal(FLAW)), else_=literal(""))])


def enum_of(type: TypeRef, types: Mapping[str, TypeDefinition]) -> EnumType | None:
    leaf = nullable(type)
    found = types.get(leaf.name) if isinstance(leaf, Named) else None
    return found if isinstance(found, EnumType) else None
