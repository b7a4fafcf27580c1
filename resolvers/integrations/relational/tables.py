"""What a database says of its own tables: names, families of types, and what it promises.

`reflection.py` of each driver writes these; the statements read them. Before the integration is open nothing is known,
and then everything is taken to be nullable and of unknown family: the statements are longer, never wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


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
    ON COLUMN says, for `init --from` and `pull`. `plain`: two values are equal for the database only where they are
    written the same; false for collations that ignore case and the like, and where that is not known. `folds`: two
    texts of printable ASCII are equal for it only where they are the same but for the case of letters and for blanks at
    the end."""

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
    plain: bool = False
    folds: bool = False


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`columns` here equal `target_columns` of `target`, pairwise. `target` is named as `ReflectedTable.name` is."""

    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReflectedTable:
    """`name` is as an author writes it in `table:`: bare in the default schema, else `schema.table`. `strict` is
    true where the database enforces the families of its columns: always on PostgreSQL, STRICT tables on SQLite.

    For live queries: `identity` is the table's name in footprints, the same whatever the search path. `sources` are the
    identities of the tables that a view reads, none where that is not known (and for tables, which are their own).
    `effects` are the identities of the tables that any write to this one may change besides (inheritance), none where
    it may be anything (rules, triggers that do more than set columns of the row: those columns are `stamped`).
    `removals` are those that deleting rows may change besides, and `moves` those that a change of the columns
    `referenced` may: foreign keys with ON DELETE and ON UPDATE actions, and on from there; none where that may be
    anything. Of a view they are those of the tables below it.
    `opaque`: reading it reads who knows what (row security, foreign tables). `is_folded`: a unique index of it may take
    for equal what its columns tell apart, as with a collation of its own."""

    name: str
    columns: Mapping[str, ReflectedColumn]
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    is_view: bool = False
    strict: bool = True
    comment: str = ""
    identity: str = ""
    sources: frozenset[str] | None = None
    effects: frozenset[str] | None = None
    removals: frozenset[str] | None = frozenset()
    moves: frozenset[str] | None = frozenset()
    referenced: frozenset[str] = frozenset()
    stamped: frozenset[str] = frozenset()
    opaque: bool = False
    is_folded: bool = False


UNKNOWN_COLUMN = ReflectedColumn("", Family.UNKNOWN)


@dataclass(slots=True)
class Tables:
    """What is known of one integration's tables: nothing until it is opened, then what was reflected. Mutable, one for
    each integration: the integration calls `learn`, and statements compiled for an older `version` are made anew."""

    known: Mapping[str, ReflectedTable] = field(default_factory=dict)
    version: int = 0
    release: int = 0
    source: str = ""
    """The database's name in footprints: the same for all integrations with the same database."""
    functions: frozenset[str] = frozenset()
    """As in `Reflection`."""
    compared: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The columns, by the table's name as authors write it, whose values some read of the project is keyed by: what
    the images of a touch have to tell."""
    derived: dict[Hashable, Any] = field(default_factory=dict)
    """What was worked out for a write from all this, kept until more is learnt. Any: each kind has its own."""

    def learn(
        self,
        known: Mapping[str, ReflectedTable],
        release: int = 0,
        source: str = "",
        functions: frozenset[str] = frozenset(),
    ) -> None:
        """`release` is the server's major version, as in `Reflection`; so are `source` and `functions`."""
        self.known = known
        self.release = release
        self.source = source
        self.functions = functions
        self.version += 1
        self.derived.clear()

    def column(self, table: str, column: str) -> ReflectedColumn:
        """Never fails: what is not known is `UNKNOWN_COLUMN`."""
        found = self.known.get(table)
        return found.columns.get(column, UNKNOWN_COLUMN) if found else UNKNOWN_COLUMN
