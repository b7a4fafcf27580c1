"""PostgreSQL's own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect as CompilingDialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from tidegate.resolvers.integrations.relational.dialects import (
    BATCH,
    SENT,
    Dialect,
    Fragment,
    Sql,
    compile_fragment,
    framed_by_pipes,
    literal,
    merged,
    pieces_of,
)


class ScalarJson(Fragment):
    """PostgreSQL: the JSON of a text, a number or a time. `json_scalar`, new in 17, looks up once for a statement what
    `to_json` looks up for each value: a fifth less for a list of a hundred rows."""

    inherit_cache = False

    def __init__(self, value: Sql) -> None:
        super().__init__(("(", value, ")"))


@compiles(ScalarJson)
def _compile_scalar_json(element: ScalarJson, compiler: SQLCompiler, **options: Any) -> str:
    newer = isinstance(compiler.dialect, _NewerPostgres)
    return ("json_scalar" if newer else "to_json") + compile_fragment(element, compiler, **options)


class _NewerPostgres(postgresql.base.PGDialect):
    """PostgreSQL from 17 on."""


class _BatchedCompiler(postgresql.base.PGCompiler):
    """Values of the call are columns of the rows named `BATCH`; all other parameters stay what they are."""

    def bindparam_string(self, name: str, *arguments: Any, **options: Any) -> str:
        text = super().bindparam_string(name, *arguments, **options)
        return f"{BATCH}.{name}" if name.startswith(SENT) else text


class _BatchedPostgres(postgresql.base.PGDialect):
    """Many calls of one statement at once: multiplex.py."""

    statement_compiler = _BatchedCompiler


class _NewerBatchedPostgres(_NewerPostgres):
    statement_compiler = _BatchedCompiler


class PostgresDialect(Dialect):
    name = "postgres"
    typed = True
    strict = True
    recordsets = True
    wraps_writes = True
    updates_return = True
    locks_rows = True
    plans_limits = True
    computes_limits = True
    asks_together = True
    keeps_order = True
    compares_json = False
    guesses_types = False

    def compiling(self, release: int) -> CompilingDialect:
        return _compiling(_NewerPostgres if release >= 17 else postgresql.base.PGDialect)

    def compile(self, statement: sa.ClauseElement, release: int = 0) -> tuple[str, tuple[str, ...], Mapping[str, Any]]:
        sql, names, constants = super().compile(statement, release)
        # A number may occur twice; its value is passed once.
        return sql, tuple(dict.fromkeys(names)), constants

    def compile_batched(self, statement: sa.ClauseElement, release: int = 0) -> tuple[str, tuple[str, ...]]:
        compiled = statement.compile(dialect=_compiling(_NewerBatchedPostgres if release >= 17 else _BatchedPostgres))
        assert isinstance(compiled, SQLCompiler)
        return str(compiled), tuple(dict.fromkeys(compiled.positiontup or ()))

    def joined(self, parts: Sequence[str | Sql]) -> Sql:
        pieces = pieces_of(merged(parts))
        if len(pieces) == 1:
            return pieces[0]
        # VARIADIC functions take 100 arguments at most.
        while len(pieces) > 90:
            pieces = [sa.func.concat(*pieces[at : at + 90]) for at in range(0, len(pieces), 90)]
        return sa.func.concat(*pieces)

    def framed(self, before: str, text: Sql, after: str) -> Sql:
        text = self.text(text)
        if not before and not after:
            return text
        # Not `concat`: null must stay null.
        return framed_by_pipes(before, text, after)

    def gathered(self, text: Sql, order: Sequence[Sql] = ()) -> Sql:  # noqa: ARG002 - subqueries keep theirs
        return sa.func.coalesce(sa.func.string_agg(text, literal(",")), literal(""))

    def bytes(self, text: Sql) -> Sql:
        return sa.func.convert_to(text, literal("UTF8"))

    def hex(self, text: Sql) -> Sql:
        return sa.func.encode(self.bytes(text), literal("hex"))

    def text(self, value: Sql) -> Sql:
        return Fragment(("CAST(", value, " AS text)"))

    # Its own order, of nulls too.
    def ordered(self, value: Sql, *, descending: bool, nullable: bool) -> list[Sql]:  # noqa: ARG002
        return [value.desc() if descending else value.asc()]

    def member(self, subject: Sql, bound: Sql, *, is_bytes: bool) -> Sql:  # noqa: ARG002 - an array of any
        return Fragment((subject, " = ANY (", bound, ")"))

    def lowered(self, value: Sql) -> Sql:
        return sa.func.lower(self.text(value))

    def lowered_parameter(self, bound: Sql) -> Sql:
        return self.lowered(bound)

    def matches(self, subject: Sql, bound: Sql, *, any_case: bool, is_text: bool, is_plain: bool) -> Sql:  # noqa: ARG002
        text = subject if is_text else self.text(subject)
        if any_case:
            return Fragment(("lower(", text, ") LIKE lower(", self.text(bound), ") ESCAPE '!'"))
        return Fragment((text, " LIKE ", bound, " ESCAPE '!'"))


@cache
def _compiling(kind: type[postgresql.base.PGDialect]) -> CompilingDialect:
    return kind(paramstyle="numeric_dollar")


POSTGRES: Final = PostgresDialect()
