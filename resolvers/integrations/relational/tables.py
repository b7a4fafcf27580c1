"""What a database says of its own tables: names, families of types, and what it promises.

`reflection.py` of each driver writes these; the statements read them. Before the integration is open nothing is known,
and then everything is taken to be nullable and of unknown family: the statements are longer, never wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Family(StrEnum):
    """How a column's values are stored, as far as it matters for JSON. `OTHER` has a text form and nothing else."""

    TEXT = "text"
    CITEXT = "citext"
    SMALLINT = "smallint"
    INTEGER = "integer"
    BIGINT = "bigint"
    NUMERIC = "numeric"
    REAL = "real"
    FLOAT = "float"
    BOOLEAN = "boolean"
    TIMESTAMPTZ = "timestamptz"
    TIMESTAMP = "timestamp"
    DATE = "date"
    TIME = "time"
    TIMETZ = "timetz"
    INTERVAL = "interval"
    UUID = "uuid"
    JSON = "json"
    JSONB = "jsonb"
    BYTEA = "bytea"
    ENUM = "enum"
    ARRAY = "array"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ReflectedColumn:
    """`nullable` is false only where the database enforces it (`NOT NULL`, a primary key that cannot be null); SQLite's
    other promises are none: a column's family there is what was declared, and holds only where the table is STRICT or
    a value was converted on its way in. `has_default`: leaving it out of an INSERT is allowed although it is not
    nullable (DEFAULT, identity, serial, rowid). `generated`: computed, and cannot be written. `values` are an enum's
    labels; `element` is an array's family, and `element_values` its enum labels. `declared` is the database's own
    words for the type, for messages to the author and for casts; empty where unknown. `comment` is what COMMENT
    ON COLUMN says, for `init --from` and `pull`."""

    name: str
    family: Family
    nullable: bool = True
    has_default: bool = False
    generated: bool = False
    values: tuple[str, ...] = ()
    element: Family | None = None
    element_values: tuple[str, ...] = ()
    declared: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`columns` here equal `target_columns` of `target`, pairwise. `target` is named as `ReflectedTable.name` is."""

    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReflectedTable:
    """`name` is as an author writes it in `table:`: bare in the default schema, else `schema.table`. `strict` is
    true where the database enforces the families of its columns: always on PostgreSQL, STRICT tables on SQLite."""

    name: str
    columns: Mapping[str, ReflectedColumn]
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    is_view: bool = False
    strict: bool = True
    comment: str = ""


UNKNOWN_COLUMN = ReflectedColumn("", Family.UNKNOWN)


@dataclass(slots=True)
class Tables:
    """What is known of one integration's tables: nothing until it is opened, then what was reflected. Mutable, one for
    each integration: the integration calls `learn`, and statements compiled for an older `version` are made anew."""

    known: Mapping[str, ReflectedTable] = field(default_factory=dict)
    version: int = 0
    release: int = 0

    def learn(self, known: Mapping[str, ReflectedTable], release: int = 0) -> None:
        """`release` is the server's major version, as in `Reflection`."""
        self.known = known
        self.release = release
        self.version += 1

    def column(self, table: str, column: str) -> ReflectedColumn:
        """Never fails: what is not known is `UNKNOWN_COLUMN`."""
        found = self.known.get(table)
        return found.columns.get(column, UNKNOWN_COLUMN) if found else UNKNOWN_COLUMN
