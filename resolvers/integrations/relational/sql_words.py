"""What the words of an author's SQL mean in each database, as far as footprints and values depend on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from sqlglot import exp

from tidegate.resolvers.integrations.relational.comparable import LONGEST
from tidegate.resolvers.integrations.relational.dialects import Name
from tidegate.resolvers.integrations.relational.tables import Family, ReflectedColumn, ReflectedTable

Known: TypeAlias = Mapping[str, ReflectedTable]
Casts: TypeAlias = Mapping[exp.DType, frozenset[Family]]


@dataclass(frozen=True, slots=True)
class Words:
    """`table_functions`: those in FROM that look at their arguments only, none where all do that are not known as
    strangers. `casts`: what a value may be cast to and still have the form that it is sent in, where the column is of
    these families. `table`: what a name means, by the names that authors use and by identities. `takes`: whether a
    column holds a value as it was given. `nothing`: what stands for no table at all. `writes_joined`: UPDATE and DELETE
    write to any of the tables in them, and name columns by them. `joins`: what stands between two texts to make one of
    them, none where there is only a function for it."""

    table_functions: frozenset[str] | None
    casts: Casts
    table: Callable[[exp.Table, Known, Known], ReflectedTable | None]
    takes: Callable[[ReflectedColumn], bool]
    nothing: str = ""
    writes_joined: bool = False
    joins: str | None = "||"


_WHOLE: Final = frozenset({Family.SMALLINT, Family.INTEGER, Family.BIGINT})
_NUMBERS: Final[Casts] = {exp.DType.SMALLINT: _WHOLE, exp.DType.INT: _WHOLE, exp.DType.BIGINT: _WHOLE}
_CASTS: Final[Casts] = {
    **_NUMBERS,
    exp.DType.TEXT: frozenset({Family.TEXT}),
    exp.DType.VARCHAR: frozenset({Family.TEXT}),
    exp.DType.BOOLEAN: frozenset({Family.BOOLEAN}),
    exp.DType.USERDEFINED: frozenset({Family.ENUM}),
}

_TAKEN_BY_POSTGRES: Final = re.compile(r"text|character varying|smallint|integer|bigint|boolean|uuid")
"""Types that change no value on its way in; a domain may, and a limit of length cuts off blanks."""

_TAKEN_BY_MYSQL: Final = re.compile(
    r"(?:tiny|small|medium|big)?int(?:\(\d+\))?(?: unsigned)?|(?:medium|long)?text|varchar\((?P<length>\d+)\)|uuid",
    re.IGNORECASE,
)
"""An ENUM takes a number for a place, and any text loses the blanks at its end that are too many: of one that has room
for all that have a form, none."""


def _in_sqlite(source: exp.Table, known: Known, identities: Known) -> ReflectedTable | None:  # noqa: ARG001
    return identities.get(source.name.lower()) if source.db.lower() in ("", "main") else None


def _in_postgres(source: exp.Table, known: Known, identities: Known) -> ReflectedTable | None:
    name, schema = _folded(source.this), _folded(source.args.get("db"))
    return identities.get(f"{schema}.{name}") if schema else known.get(name)


def _in_mysql(source: exp.Table, known: Known, identities: Known) -> ReflectedTable | None:
    """To the letter: whether a server minds the case of a name or not, one that differs is only not known."""
    return identities.get(f"{source.db}.{source.name}") if source.db else known.get(source.name)


def _folded(name: exp.Expr | None) -> str:
    if not isinstance(name, exp.Identifier):
        return ""
    return name.name if name.quoted else name.name.lower()


def _taken_by_sqlite(column: ReflectedColumn) -> bool:
    return column.plain


def _taken_by_postgres(column: ReflectedColumn) -> bool:
    return column.family is Family.ENUM or _TAKEN_BY_POSTGRES.fullmatch(column.declared) is not None


def _taken_by_mysql(column: ReflectedColumn) -> bool:
    if column.has_default and column.family in _WHOLE:
        # Where it counts up by itself, 0 is the next number.
        return False
    found = _TAKEN_BY_MYSQL.fullmatch(column.declared)
    return found is not None and int(found["length"] or LONGEST) >= LONGEST


WORDS: Final[Mapping[Name, Words]] = {
    "sqlite": Words(frozenset({"json_each", "json_tree", "generate_series"}), _CASTS, _in_sqlite, _taken_by_sqlite),
    "postgres": Words(None, {**_CASTS, exp.DType.UUID: frozenset({Family.UUID})}, _in_postgres, _taken_by_postgres),
    # A text that is cast has the connection's collation, which may win over the column's.
    # Its `||` is OR: our sessions never have PIPES_AS_CONCAT.
    "mysql": Words(
        frozenset({"json_table"}), _NUMBERS, _in_mysql, _taken_by_mysql, nothing="dual", writes_joined=True, joins=None
    ),
}
