"""One request that reads, asked with many values at once: what refreshes many live queries of one plan.

SQLite answers all statements in one visit to its thread, MySQL one after the other. PostgreSQL answers those of the
same text by one statement:

    SELECT tidegate_place, (<the statement, with tidegate_batch.tidegate_sent_0 where $1 was>)
    FROM unnest($1::int4[], …) WITH ORDINALITY AS tidegate_batch (tidegate_sent_0, …, tidegate_place)

so that it is parsed, planned and sent once. Whatever cannot be asked so, or fails, is asked alone: an answer never
depends on what else was asked.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tidegate.core.errors import Code, OperationError
from tidegate.core.integration import Answer
from tidegate.core.json import Given
from tidegate.resolvers.integrations.relational.compiled import CompiledRead, Statements
from tidegate.resolvers.integrations.relational.connection import Asked, Connection, First
from tidegate.resolvers.integrations.relational.dialects import BATCH
from tidegate.resolvers.integrations.relational.drafts import Draft, Statement, Stored
from tidegate.resolvers.integrations.relational.inputs import GivenValues

MOST_AT_ONCE: Final = 256
"""Questions of one statement, and of one visit to SQLite's thread. More hardly make it faster, and somebody who waits
for the connection waits longer."""

_FEW: Final = 4
"""So many are asked alone when the statement that asked for all of them failed."""

_KEPT: Final = 256
"""Statements kept: which shapes there are is for clients to choose."""

_PLACE: Final = "tidegate_place"
_TAKE_LISTS: Final = frozenset({'"pg_catalog"."json"', '"pg_catalog"."jsonb"'})


@dataclass(frozen=True, slots=True)
class Batched:
    """A statement for many values. `sent` says which of its parameters are arrays with a value for each question, and
    whether such a value may be a list itself."""

    sql: str
    sent: tuple[tuple[int, bool], ...]

    def carries(self, arguments: Sequence[Stored]) -> bool:
        """An array of lists would be taken for one with more dimensions."""
        return not any(
            isinstance(arguments[place], list | tuple) for place, takes_lists in self.sent if not takes_lists
        )

    def arguments(self, asked: Sequence[Asked]) -> list[Any]:
        """Any: a list of values, which may be bytes, is not quite JSON."""
        arguments: list[Any] = list(asked[0][1])
        for place, _ in self.sent:
            arguments[place] = [each[place] for _, each in asked]
        return arguments


@dataclass(slots=True)
class _Group:
    """Questions with the same statement, by their places among all. `values` are those of the first."""

    statement: Statement
    values: Sequence[Given]
    places: list[int] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)


class Multiplexer:
    """For one integration. Mutable: keeps its statements, and which cannot be asked so."""

    def __init__(self, most: int = MOST_AT_ONCE) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, Batched | None] = OrderedDict()

    async def ask(
        self, connection: Connection, compiled: CompiledRead, batch: Sequence[Sequence[Given]]
    ) -> list[Answer | OperationError]:
        """An answer for each, in order."""
        found: list[First | OperationError] = [None] * len(batch)
        for group in self._groups(compiled, batch, found):
            for start in range(0, len(group.asked), self._most):
                part = slice(start, start + self._most)
                firsts = await self._together(connection, compiled.statements, group, group.asked[part])
                for place, first in zip(group.places[part], firsts, strict=True):
                    found[place] = first
        return [_finished(compiled, first) for first in found]

    def _groups(
        self, compiled: CompiledRead, batch: Sequence[Sequence[Given]], found: list[First | OperationError]
    ) -> list[_Group]:
        """What is wrong with a question's own values is written down as its answer."""
        at_one_visit = not compiled.statements.setting.dialect.asks_together
        groups: dict[int, _Group] = {}
        for place, values in enumerate(batch):
            try:
                if compiled.error is not None:
                    raise OperationError(compiled.error.code, compiled.error.message)
                statement = compiled.statements.of(values)
                arguments = statement.arguments(values)
            except OperationError as error:
                found[place] = error
                continue
            key = 0 if at_one_visit else id(statement)
            group = groups.get(key) or groups.setdefault(key, _Group(statement, values))
            group.places.append(place)
            group.asked.append((statement.sql, arguments))
        return list(groups.values())

    async def _together(
        self, connection: Connection, statements: Statements, group: _Group, asked: Sequence[Asked]
    ) -> Sequence[First | OperationError]:
        if len(asked) == 1 or not statements.setting.dialect.asks_together:
            return await _alone(connection, asked)
        batched = await self._batched(connection, statements, group)
        if batched is None or not all(batched.carries(arguments) for _, arguments in asked):
            return await _alone(connection, asked)
        return await _at_once(connection, batched, asked)

    async def _batched(self, connection: Connection, statements: Statements, group: _Group) -> Batched | None:
        statement = group.statement
        key = (statement.sql, tuple(slot.operand is None for slot in statement.slots))
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        try:
            made = await _made(connection, statements, group)
        except OperationError as error:
            if error.code is Code.UPSTREAM_FAILED:
                return None
            made = None
        self._kept[key] = made
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return made


async def _made(connection: Connection, statements: Statements, group: _Group) -> Batched | None:
    """None for what only the statement itself can ask. Raises `OperationError` where the database says so."""
    statement = group.statement
    sent = [place for place, slot in enumerate(statement.slots) if slot.operand is not None]
    if not sent or BATCH in statement.sql:
        return None
    types = await connection.parameters(statement.sql)
    if not all(types[place] for place in sent):
        return None
    draft = Draft(statements.setting, GivenValues(statements.inputs, statements.shaping, group.values), statements.rank)
    finished = draft.finish_batched(statements.draft(draft))
    if finished is None:
        return None
    text, names = finished
    arrays = ", ".join(f"${place + 1}::{types[place]}[]" for place in sent)
    columns = ", ".join([*(names[place] for place in sent), _PLACE])
    sql = (
        f"SELECT {BATCH}.{_PLACE}, (\n{text}\n) FROM unnest({arrays}) WITH ORDINALITY AS {BATCH} ({columns})"
        f" ORDER BY {BATCH}.{_PLACE}"
    )
    # What cannot be asked in this place (an aggregate over nothing but a parameter, say) is refused here.
    await connection.parameters(sql)
    return Batched(sql, tuple((place, types[place] in _TAKE_LISTS) for place in sent))


async def _at_once(
    connection: Connection, batched: Batched, asked: Sequence[Asked]
) -> Sequence[First | OperationError]:
    """Halved where it fails, until what fails is alone."""
    if len(asked) <= _FEW:
        return await _alone(connection, asked)
    try:
        rows = await connection.rows(batched.sql, batched.arguments(asked))
    except OperationError as error:
        if error.code is Code.UPSTREAM_FAILED:
            return [error] * len(asked)
        middle = len(asked) // 2
        return [
            *await _at_once(connection, batched, asked[:middle]),
            *await _at_once(connection, batched, asked[middle:]),
        ]
    if [row[0] for row in rows] != list(range(1, len(asked) + 1)):
        return await _alone(connection, asked)
    return [(row[1],) for row in rows]


async def _alone(connection: Connection, asked: Sequence[Asked]) -> Sequence[First | OperationError]:
    try:
        return await connection.each(asked)
    except OperationError as error:
        return [error] * len(asked)


def _finished(compiled: CompiledRead, first: First | OperationError) -> Answer | OperationError:
    if isinstance(first, OperationError):
        return first
    try:
        return compiled.finish(None if first is None else first[0])
    except OperationError as error:
        return error
