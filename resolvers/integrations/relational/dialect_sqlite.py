"""SQLite's own words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect as CompilingDialect

from tidegate.resolvers.integrations.relational.dialects import (
    Dialect,
    Fragment,
    Sql,
    framed_by_pipes,
    literal,
    merged,
    pieces_of,
)


class SqliteDialect(Dialect):
    name = "sqlite"
    typed = False
    strict = False
    recordsets = False
    wraps_writes = False
    updates_return = True
    locks_rows = False
    plans_limits = False
    computes_limits = True
    asks_together = False
    keeps_order = True
    compares_json = True
    guesses_types = False

    def compiling(self, release: int) -> CompilingDialect:  # noqa: ARG002 - all are alike
        return _compiling()

    def joined(self, parts: Sequence[str | Sql]) -> Sql:
        inner = merged(_flat(parts))
        pieces = pieces_of(inner)
        return pieces[0] if len(pieces) == 1 else _Concatenation(inner, pieces)

    def framed(self, before: str, text: Sql, after: str) -> Sql:
        return framed_by_pipes(before, text, after) if before or after else text

    def gathered(self, text: Sql, order: Sequence[Sql] = ()) -> Sql:  # noqa: ARG002 - subqueries keep theirs
        return sa.func.coalesce(sa.func.group_concat(text, literal(",")), literal(""))

    def bytes(self, text: Sql) -> Sql:
        return Fragment(("CAST(", text, " AS BLOB)"))

    def hex(self, text: Sql) -> Sql:
        return sa.func.lower(sa.func.hex(text))

    def text(self, value: Sql) -> Sql:
        return Fragment(("CAST(", value, " AS TEXT)"))

    def ordered(self, value: Sql, *, descending: bool, nullable: bool) -> list[Sql]:
        directed = value.desc() if descending else value.asc()
        if not nullable:
            return [directed]
        return [directed.nulls_first() if descending else directed.nulls_last()]

    def member(self, subject: Sql, bound: Sql, *, is_bytes: bool) -> Sql:
        subject = Fragment(("hex(", subject, ")")) if is_bytes else subject
        return Fragment((subject, " IN (SELECT value FROM json_each(", bound, "))"))

    def lowered(self, value: Sql) -> Sql:
        return Fragment(("tidegate_lower(", value, ")"))

    def lowered_parameter(self, bound: Sql) -> Sql:
        return bound

    # Its columns are compared to the letter by GLOB, whatever their collation.
    def matches(self, subject: Sql, bound: Sql, *, any_case: bool, is_text: bool, is_plain: bool) -> Sql:  # noqa: ARG002
        return Fragment((self.lowered(subject) if any_case else subject, " GLOB ", bound))


@cache
def _compiling() -> CompilingDialect:
    return sqlite.dialect(paramstyle="qmark")


class _Concatenation(Fragment):
    """SQLite's `a || b || …`, which can be taken apart again. No brackets, because nothing there binds tighter, and its
    parser holds 100 levels before 3.46: with them, four relations inside each other would be too many."""

    inherit_cache = False

    def __init__(self, inner: Sequence[str | Sql], pieces: Sequence[Sql]) -> None:
        self.inner = tuple(inner)
        separated: list[str | Sql] = []
        for piece in pieces:
            separated += [" || ", piece] if separated else [piece]
        super().__init__(separated)


def _flat(parts: Sequence[str | Sql]) -> Iterator[str | Sql]:
    for part in parts:
        if isinstance(part, _Concatenation):
            yield from part.inner
        else:
            yield part


SQLITE: Final = SqliteDialect()
