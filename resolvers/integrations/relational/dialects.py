"""What differs between databases in the statements we write, apart from the JSON of a column (columns*.py)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect as CompilingDialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

Sql = sa.ColumnElement[Any]
"""An SQL expression. Any: its type is the database's business."""

ESCAPE: Final = "!"
"""Our own escape character in LIKE: unlike a backslash it means the same in every setting of every database."""

BATCH: Final = "tidegate_batch"
"""The rows with the values of many calls, in a statement that asks for all of them."""
SENT: Final = "tidegate_sent_"
"""What the name of a parameter begins with whose value comes from the call."""


class Fragment(sa.ColumnElement[Any]):
    """SQL of an author with bound values between its parts, kept to the letter. `parts` are text or expressions."""

    inherit_cache = False
    __visit_name__ = "fragment"

    def __init__(self, parts: Sequence[str | sa.ClauseElement]) -> None:
        self.parts = tuple(parts)
        self.type = sa.types.NULLTYPE


@compiles(Fragment)
def _compile_fragment(element: Fragment, compiler: SQLCompiler, **options: Any) -> str:
    return "".join(part if isinstance(part, str) else compiler.process(part, **options) for part in element.parts)


class ScalarJson(Fragment):
    """PostgreSQL: the JSON of a text, a number or a time. `json_scalar`, new in 17, looks up once for a statement what
    `to_json` looks up for each value: a fifth less for a list of a hundred rows."""

    inherit_cache = False

    def __init__(self, value: Sql) -> None:
        super().__init__(("(", value, ")"))


@compiles(ScalarJson)
def _compile_scalar_json(element: ScalarJson, compiler: SQLCompiler, **options: Any) -> str:
    newer = isinstance(compiler.dialect, _NewerPostgres)
    return ("json_scalar" if newer else "to_json") + _compile_fragment(element, compiler, **options)


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


class Source(sa.FromClause):
    """Something to select from that SQLAlchemy has no words for: an author's statement, rows made of a parameter."""

    inherit_cache = False
    __visit_name__ = "source"
    named_with_column = False

    def __init__(self, parts: Sequence[str | sa.ClauseElement]) -> None:
        self.fragment = Fragment(parts)

    @property
    def _from_objects(self) -> list[sa.FromClause]:
        return [self]


@compiles(Source)
def _compile_source(element: Source, compiler: SQLCompiler, **options: Any) -> str:
    del options  # what SQLAlchemy says of a table does not concern a fragment
    return _compile_fragment(element.fragment, compiler)


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


def literal(text: str) -> Sql:
    """A text of our own, written into the statement as it stands. Never for a value that anybody sends."""
    return Fragment(("'" + text.replace("'", "''") + "'",))


@dataclass(frozen=True)
class Dialect:
    """`name` is also sqlglot's name of it."""

    name: Literal["sqlite", "postgres"]

    @cached_property
    def compiling(self) -> CompilingDialect:
        if self.name == "postgres":
            return postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
        return sqlite.dialect(paramstyle="qmark")

    @property
    def is_postgres(self) -> bool:
        return self.name == "postgres"

    @cached_property
    def _newer(self) -> CompilingDialect:
        return _NewerPostgres(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]

    def compile(self, statement: sa.ClauseElement, release: int = 0) -> tuple[str, tuple[str, ...], Mapping[str, Any]]:
        """For a server of this major version, 0 where it is not known: the text, the names of its bound values in the
        order of its parameters, and the values that SQLAlchemy itself put in (an OFFSET of 0, say)."""
        newer = self.is_postgres and release >= 17
        compiled = statement.compile(dialect=self._newer if newer else self.compiling)
        assert isinstance(compiled, SQLCompiler)
        names = tuple(compiled.positiontup or ())
        if self.is_postgres:
            # A number may occur twice; its value is passed once.
            names = tuple(dict.fromkeys(names))
        return str(compiled), names, compiled.params

    def compile_batched(self, statement: sa.ClauseElement, release: int = 0) -> tuple[str, tuple[str, ...]]:
        """PostgreSQL: the same with columns of `BATCH`, named like the values, in the place of the values of the call.
        The names stand in the same order, so a parameter that stays has the number that it has in `compile`."""
        batched = _NewerBatchedPostgres if release >= 17 else _BatchedPostgres
        compiled = statement.compile(dialect=batched(paramstyle="numeric_dollar"))
        assert isinstance(compiled, SQLCompiler)
        return str(compiled), tuple(dict.fromkeys(compiled.positiontup or ()))

    def quoted(self, name: str) -> str:
        return self.compiling.identifier_preparer.quote(name)

    def joined(self, parts: Sequence[str | Sql]) -> Sql:
        """One text of several, none of them null. Neighbouring literals become one."""
        merged: list[str | Sql] = []
        for part in self._flat(parts):
            if isinstance(part, str) and merged and isinstance(merged[-1], str):
                merged[-1] += part
            elif part != "" if isinstance(part, str) else True:
                merged.append(part)
        pieces = [literal(part) if isinstance(part, str) else part for part in merged]
        if len(pieces) == 1:
            return pieces[0]
        if self.is_postgres:
            # VARIADIC functions take 100 arguments at most.
            while len(pieces) > 90:
                pieces = [sa.func.concat(*pieces[at : at + 90]) for at in range(0, len(pieces), 90)]
            return sa.func.concat(*pieces)
        return _Concatenation(merged, pieces)

    def _flat(self, parts: Sequence[str | Sql]) -> Iterator[str | Sql]:
        for part in parts:
            if isinstance(part, _Concatenation):
                yield from part.inner
            else:
                yield part

    def gathered(self, text: Sql) -> Sql:
        """The texts of many rows with commas between them; empty for no rows."""
        gather = sa.func.string_agg if self.is_postgres else sa.func.group_concat
        return sa.func.coalesce(gather(text, literal(",")), literal(""))

    def bytes(self, text: Sql) -> Sql:
        """A text as the UTF-8 that goes to the client, so that no driver decodes it."""
        if self.is_postgres:
            return sa.func.convert_to(text, literal("UTF8"))
        return Fragment(("CAST(", text, " AS BLOB)"))

    def hex(self, text: Sql) -> Sql:
        if self.is_postgres:
            return sa.func.encode(self.bytes(text), literal("hex"))
        return sa.func.lower(sa.func.hex(text))

    def text(self, value: Sql) -> Sql:
        if self.is_postgres:
            return Fragment(("CAST(", value, " AS text)"))
        return Fragment(("CAST(", value, " AS TEXT)"))


SQLITE: Final = Dialect("sqlite")
POSTGRES: Final = Dialect("postgres")
