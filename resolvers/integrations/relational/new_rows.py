"""The rows of a `createMany`: what a client sent and what the author fixed, inserted in as few statements as can be."""

from __future__ import annotations

from base64 import b64decode
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression, Literal, as_text
from tidegate.core.json import Given, Json, Missing
from tidegate.core.types import NonNull, named
from tidegate.resolvers.integrations.relational.compiled import Statements
from tidegate.resolvers.integrations.relational.connection import Connection
from tidegate.resolvers.integrations.relational.describing import describe_statement
from tidegate.resolvers.integrations.relational.drafts import Setting
from tidegate.resolvers.integrations.relational.inputs import Inputs
from tidegate.resolvers.integrations.relational.keyed import EXTRA
from tidegate.resolvers.integrations.relational.tables import Family
from tidegate.resolvers.integrations.relational.verbs import CreatingMany
from tidegate.resolvers.integrations.relational.writes import (
    insert_many_statement,
    insert_rows_statement,
    insert_statement,
    inserted_statement,
)

AT_ONCE: Final = 128
"""Rows in a statement that has a place for each value: powers of two up to here, so that few are prepared."""

_MOST_VALUES: Final = 65_535
"""Of MySQL's prepared statements."""

KEPT: Final = 32
"""Statements kept for different sets of fields: which fields a row has is the client's to choose."""


def known_again(rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    """Of the row that was just inserted. Any: as the database answered it. Raises `OperationError`."""
    if len(rows) != 1:
        raise OperationError(Code.INTERNAL, "The database does not say which key the new row has.")
    return rows


@dataclass(slots=True, eq=False)
class NewRows:
    """Mutable: keeps a statement for each set of fields."""

    setting: Setting
    rank: int
    inputs: Inputs
    verb: CreatingMany
    _statements: OrderedDict[tuple[str, ...], Statements] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self.inputs.place(self.verb.rows)
        for value in self.verb.set.values():
            if not isinstance(value, Literal):
                self.inputs.place(value)

    def describe(self, inputs: Sequence[Expression]) -> str:
        names = (*self.verb.fields, *(name for name in self.verb.set if name not in self.verb.fields))
        return describe_statement(self._of(names).dry(), inputs)

    async def insert(self, connection: Connection, values: Sequence[Given]) -> list[Sequence[Any]]:
        """The keys of the new rows, in the order sent. Any: as the database answered them. Raises `OperationError`."""
        rows = self._rows(values)
        grouped: dict[tuple[str, ...], list[int]] = {}
        for number, row in enumerate(rows):
            grouped.setdefault(tuple(row), []).append(number)
        keys: dict[int, Sequence[Any]] = {}
        for names, numbers in grouped.items():
            answered = await self._insert(connection, names, [rows[number] for number in numbers], values)
            if len(answered) != len(numbers):
                # A rule or a trigger of the database swallowed some: nobody can say which.
                raise OperationError(Code.CONFLICT, "The database did not keep every row.")
            keys.update(zip(numbers, answered, strict=True))
        return [keys[number] for number in range(len(rows))]

    async def _insert(
        self,
        connection: Connection,
        names: tuple[str, ...],
        rows: Sequence[Mapping[str, Json]],
        values: Sequence[Given],
    ) -> Sequence[Sequence[Any]]:
        """Any: rows as the database answers them."""
        statements = self._of(names)
        if self.setting.dialect.recordsets and names:
            extended: list[Given] = [*values, [self._record(row) for row in rows]]
            statement = statements.of(extended)
            return await connection.rows(statement.sql, statement.arguments(extended))
        found: list[Sequence[Any]] = []
        if self._lists and names:
            while len(found) < len(rows):
                left = min(len(rows) - len(found), AT_ONCE, _MOST_VALUES // len(names))
                some = [*rows[len(found) : len(found) + (1 << left.bit_length() - 1)]]
                extended = [*values, some]
                statement = statements.of(extended)
                answered = await connection.rows(statement.sql, statement.arguments(extended))
                if len(answered) != len(some):
                    return []
                found += answered
            return found
        made = self._made(names)
        for row in rows:
            extended = [*values, row]
            statement = statements.of(extended)
            if made is None:
                found += await connection.rows(statement.sql, statement.arguments(extended))
                continue
            await connection.execute(statement.sql, statement.arguments(extended))
            statement = made.of(extended)
            found += known_again(await connection.rows(statement.sql, statement.arguments(extended)))
        return found

    @property
    def _lists(self) -> bool:
        return self.setting.dialect.inserts_lists(self.setting.tables.release)

    def _made(self, names: tuple[str, ...]) -> Statements | None:
        """Where INSERT answers nothing: what finds the row again."""
        item, setting = self.verb.target, self.setting
        if setting.dialect.returns_inserted(setting.tables.release):
            return None
        given = {name: EXTRA.within(name) for name in names}
        return Statements(setting, self.rank, self.inputs, lambda made: inserted_statement(made, item, given))

    def _of(self, names: tuple[str, ...]) -> Statements:
        kept = self._statements
        if names not in kept:
            draft = insert_statement
            if names and self.setting.dialect.recordsets:
                draft = insert_many_statement
            elif names and self._lists:
                draft = insert_rows_statement
            item = self.verb.target
            kept[names] = Statements(self.setting, self.rank, self.inputs, lambda made: draft(made, item, names))
            if len(kept) > KEPT:
                kept.popitem(last=False)
        kept.move_to_end(names)
        return kept[names]

    def _rows(self, values: Sequence[Given]) -> list[dict[str, Json]]:
        sent = values[self.inputs.place(self.verb.rows)]
        if isinstance(sent, Missing) or sent is None:
            sent = []
        if not isinstance(sent, Sequence) or isinstance(sent, str):
            raise OperationError(Code.BAD_USER_INPUT, "The rows are not a list.")
        most = self.setting.surroundings.limits.batchSize
        if len(sent) > most:
            raise OperationError(Code.LIMIT, f"At most {most} rows are created at once.")
        fixed = {name: value for name, value in self._fixed(values) if not isinstance(value, Missing)}
        columns = self.verb.target.columns
        order = [name for name in columns if name in self.verb.fields or name in fixed]
        rows = []
        for number, row in enumerate(sent):
            if not isinstance(row, Mapping):
                raise OperationError(Code.BAD_USER_INPUT, "A row is not an object.", {"row": number})
            merged = {**row, **fixed}
            made = {name: merged[name] for name in order if name in merged}
            for name, value in made.items():
                if value is None and isinstance(columns[name].type, NonNull):
                    about: Mapping[str, Json] = {"fields": [name], "row": number}
                    raise OperationError(Code.BAD_USER_INPUT, f'"{name}" must not be null.', about)
            rows.append(made)
        return rows

    def _fixed(self, values: Sequence[Given]) -> list[tuple[str, Given]]:
        return [
            (name, value.value if isinstance(value, Literal) else values[self.inputs.place(value)])
            for name, value in self.verb.set.items()
        ]

    def _record(self, row: Mapping[str, Json]) -> dict[str, Json]:
        """A row as PostgreSQL makes one of the table's type of it."""
        record: dict[str, Json] = {}
        for name, value in row.items():
            column = self.verb.target.columns[name]
            family = self.setting.reflected(self.verb.target, column).family
            is_text = named(column.type) in ("String", "ID") and not isinstance(value, list | tuple)
            if family is Family.BYTEA and isinstance(value, str):
                record[column.column] = "\\x" + b64decode(value).hex()
            else:
                record[column.column] = as_text(value) if is_text and value is not None else value
        return record
