"""An author's own SQL that writes: what it answers, and what it touches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import orjson
import sqlalchemy as sa

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression
from tidegate.core.footprint import Read, Touch, Unknown
from tidegate.core.integration import Answer
from tidegate.core.json import Given
from tidegate.core.selection import Selection
from tidegate.resolvers.integrations.relational.compiled import (
    CompiledRead,
    Finish,
    Statements,
    compiled_read,
    described,
    number_answer,
)
from tidegate.resolvers.integrations.relational.connection import Connection
from tidegate.resolvers.integrations.relational.dialects import Source
from tidegate.resolvers.integrations.relational.drafts import Draft
from tidegate.resolvers.integrations.relational.footprints import Footprint
from tidegate.resolvers.integrations.relational.inputs import Inputs
from tidegate.resolvers.integrations.relational.keyed import EXTRA
from tidegate.resolvers.integrations.relational.raw_rows import AuthorSql, author_sql, over, wrapped
from tidegate.resolvers.integrations.relational.tables import Family
from tidegate.resolvers.integrations.relational.verbs import Shape


@dataclass(frozen=True, slots=True, eq=False)
class Nothing:
    """What a write reads that anybody watches."""

    def reads(self, values: Sequence[Given | Unknown]) -> Sequence[Read]:  # noqa: ARG002 - whatever they are
        return ()


class CompiledCommand:
    """A write that answers no rows: how many there were, or whether any."""

    def __init__(self, author: AuthorSql, rank: int) -> None:
        self._author = author
        self._known = known = Inputs()
        self._statements = Statements(author.setting, rank, known, lambda draft: author_sql(draft, author.verb.text))
        self._statements.dry()
        self.inputs: tuple[Expression, ...] = tuple(known.expressions)

    def reads(self, values: Sequence[Given | Unknown]) -> Sequence[Read]:
        sql = self._author.footprint
        return () if self._author.writes else sql.reads(self._known, values)

    def describe(self) -> str:
        return described(self._statements, self.inputs)

    async def run(self, connection: Connection, values: Sequence[Given]) -> Answer:
        statement = self._statements.of(values)
        count = await connection.execute(statement.sql, statement.arguments(values))
        touches = _touches(self._author, self._known, values, some=count != 0)
        if self._author.verb.outcome.shape is Shape.COUNT:
            return replace(number_answer(count), touches=touches)
        return Answer(value=count > 0, json=b"true" if count else b"false", touches=touches)


class CompiledTelling:
    """PostgreSQL: a write that answers rows, wrapped like a read."""

    def __init__(self, author: AuthorSql, selection: Selection, rank: int, finish: Finish) -> None:
        self._author = author
        self._known = Inputs()
        self._write: CompiledRead = compiled_read(
            author.setting, rank, lambda draft: wrapped(draft, author, selection), finish, footprint=self._learn
        )
        self.inputs = self._write.inputs

    def reads(self, values: Sequence[Given | Unknown]) -> Sequence[Read]:
        return self._write.reads(values)

    def describe(self) -> str:
        return self._write.describe()

    async def run(self, connection: Connection, values: Sequence[Given]) -> Answer:
        answer = await self._write.run(connection, values)
        # Without rows there is nothing at all, or the body is one of these.
        shown = answer.value if answer.json is None else answer.json
        is_value = self._author.verb.outcome.shape is Shape.VALUE
        nothing = shown is None or (not is_value and shown in (b"null", b"[]", []))
        return replace(answer, touches=_touches(self._author, self._known, values, some=not nothing))

    def _learn(self, inputs: Inputs) -> Footprint:
        self._known = inputs
        self._author.footprint.place(inputs)
        return Nothing()


class CompiledReturning:
    """SQLite and MySQL: a write that answers rows. They cannot be wrapped, so they are handed back to the database as
    one parameter, to be made JSON of like any others."""

    def __init__(self, author: AuthorSql, selection: Selection, rank: int, finish: Finish) -> None:
        self._author = author
        self._finish = finish
        self._known = known = Inputs()
        setting = author.setting
        self._write = Statements(setting, rank, known, lambda draft: author_sql(draft, author.verb.text))
        self._read = Statements(setting, rank, known, lambda draft: _handed_back(draft, author, selection))
        self._write.dry()
        self._read.dry()
        self.inputs: tuple[Expression, ...] = tuple(known.expressions)

    def reads(self, values: Sequence[Given | Unknown]) -> Sequence[Read]:  # noqa: ARG002 - nobody watches a write
        return ()

    def describe(self) -> str:
        return f"{described(self._write, self.inputs)}\n\n{described(self._read, self.inputs)}"

    async def run(self, connection: Connection, values: Sequence[Given]) -> Answer:
        statement = self._write.of(values)
        rows = await connection.rows(statement.sql, statement.arguments(values))
        if any(isinstance(value, bytes) for row in rows for value in row):
            raise OperationError(Code.INTERNAL, "A statement that writes cannot answer bytes here.")
        extended = [*values, orjson.dumps([list(row) for row in rows], default=_as_text).decode()]
        statement = self._read.of(extended)
        row = await connection.row(statement.sql, statement.arguments(extended))
        touches = _touches(self._author, self._known, values, some=bool(rows))
        return replace(self._finish(None if row is None else row[0]), touches=touches)


def _as_text(value: object) -> str:
    """Of what MySQL's driver answers: a decimal, a time of day."""
    if not isinstance(value, timedelta):
        return str(value)
    seconds, rest = divmod(abs(value), timedelta(seconds=1))
    sign = "-" if value < timedelta() else ""
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest.microseconds:06}"


_HANDED_TEXT: Final = "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
_HANDED: Final = {Family.SMALLINT: "BIGINT", Family.INTEGER: "BIGINT", Family.BIGINT: "BIGINT", Family.BOOLEAN: "INT"}


def _touches(author: AuthorSql, inputs: Inputs, values: Sequence[Given], *, some: bool) -> tuple[Touch, ...]:
    """`some`: the statement says that it touched rows."""
    sql = author.footprint
    return () if not author.writes or (not some and sql.counts) else sql.touches(inputs, values)


def _handed_back(draft: Draft, author: AuthorSql, selection: Selection) -> sa.ClauseElement:
    name, each = draft.name(), draft.name()
    if draft.dialect.name == "mysql":
        shown = ", ".join(
            f"{draft.dialect.quoted(column.name)} {_HANDED.get(column.family, _HANDED_TEXT)} PATH '$[{index}]'"
            for index, column in enumerate(author.columns)
        )
        rows = Source(("JSON_TABLE(", draft.bind(EXTRA), f", '$[*]' COLUMNS ({shown})) AS {name}"))
        return over(draft, author, selection, name, rows)
    columns = ", ".join(
        f"json_extract({each}.value, '$[{index}]') AS {draft.dialect.quoted(column.name)}"
        for index, column in enumerate(author.columns)
    )
    rows = Source((f"(SELECT {columns} FROM json_each(", draft.bind(EXTRA), f") AS {each}) AS {name}"))
    return over(draft, author, selection, name, rows)
