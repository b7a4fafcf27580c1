"""A request compiled for one selection and one role: its statements, one for each shape of its values."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
import sqlalchemy as sa

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression, Literal
from tidegate.core.filters import All, AnyOf, Comparison, Filter, Not, Related
from tidegate.core.footprint import Read, Unknown
from tidegate.core.integration import Answer
from tidegate.core.json import Given
from tidegate.core.objects import Access, DataObject
from tidegate.resolvers.integrations.relational.cells import FLAW_MARK
from tidegate.resolvers.integrations.relational.connection import Connection
from tidegate.resolvers.integrations.relational.describing import describe_statement
from tidegate.resolvers.integrations.relational.drafts import Draft, Setting, Statement
from tidegate.resolvers.integrations.relational.footprints import Footprint, MakeFootprint
from tidegate.resolvers.integrations.relational.inputs import GivenValues, Inputs, Shaping
from tidegate.resolvers.integrations.relational.reachable import reachable

STATEMENTS: Final = 64
"""How many statements a compiled request keeps: the shapes of its values are the client's to choose."""


@dataclass(slots=True)
class Statements:
    """Drafts statements and keeps the latest used. Mutable."""

    setting: Setting
    rank: int
    inputs: Inputs
    draft: Callable[[Draft], sa.ClauseElement]
    shaping: Shaping = field(default_factory=Shaping)
    _kept: OrderedDict[Hashable, Statement] = field(default_factory=OrderedDict)
    _version: int = -1

    def dry(self) -> Statement:
        """The statement for values that are all there; what it needs is now among the inputs. Raises
        `OperationError`."""
        return self._make(None)

    def of(self, values: Sequence[Given]) -> Statement:
        """The statement for the shape of these values. Raises `OperationError`."""
        if self._version != self.setting.tables.version:
            self._kept.clear()
            self._version = self.setting.tables.version
        key = self.shaping.key(values)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found
        made = self._make(values)
        # Drafting may have taught us more aspects.
        self._kept[self.shaping.key(values)] = made
        if len(self._kept) > STATEMENTS:
            self._kept.popitem(last=False)
        return made

    def _make(self, values: Sequence[Given] | None) -> Statement:
        draft = Draft(self.setting, GivenValues(self.inputs, self.shaping, values), self.rank)
        return draft.finish(self.draft(draft))


Finish = Callable[[Any], Answer]
"""From the one value of the statement's one row, or none where there is no row. Any: a row holds what the database
does."""


@dataclass(slots=True, eq=False)
class CompiledRead:
    """`footprint` none: it may read anything. `error` is what is wrong with the selection for this role: it fails every
    call, whatever the rows are."""

    inputs: tuple[Expression, ...]
    statements: Statements
    finish: Finish
    footprint: Footprint | None = None
    error: OperationError | None = None

    def reads(self, values: Sequence[Given | Unknown]) -> Sequence[Read]:
        if self.error is not None:
            return ()
        if self.footprint is None:
            return (Read(self.statements.setting.tables.source, None),)
        return self.footprint.reads(values)

    def describe(self) -> str:
        return described(self.statements, self.inputs) if self.error is None else self.error.message

    async def run(self, connection: Connection, values: Sequence[Given]) -> Answer:
        if self.error is not None:
            raise OperationError(self.error.code, self.error.message)
        statement = self.statements.of(values)
        row = await connection.row(statement.sql, statement.arguments(values))
        return self.finish(None if row is None else row[0])


def compiled_read(
    setting: Setting,
    rank: int,
    draft: Callable[[Draft], sa.ClauseElement],
    finish: Finish,
    sent: Sequence[DataObject] = (),
    footprint: MakeFootprint | None = None,
) -> CompiledRead:
    """`sent` are the objects of whose rows a client may send a filter."""
    inputs = Inputs()
    statements = Statements(setting, rank, inputs, draft)
    error = None
    try:
        statements.dry()
    except OperationError as failure:
        error = failure
    add_rules(inputs, setting, rank, sent)
    made = None if footprint is None or error is not None else footprint(inputs)
    return CompiledRead(tuple(inputs.expressions), statements, finish, made, error)


def add_rules(inputs: Inputs, setting: Setting, rank: int, sent: Sequence[DataObject]) -> None:
    """What the read rules need of every object that a filter sent by a client can reach."""
    for item in reachable(setting.surroundings, sent):
        for expression in _values(item.rows(Access.READ, rank)):
            if not isinstance(expression, Literal):
                inputs.place(expression)


def _values(filter: Filter) -> Iterator[Expression]:
    match filter:
        case Comparison(value=value):
            yield value
        case Related(filter=inner) | Not(filter=inner):
            yield from _values(inner)
        case All(filters=filters) | AnyOf(filters=filters):
            for inner in filters:
                yield from _values(inner)
        case _:
            pass


def body_answer(body: bytes, *, keyed: bool) -> Answer:
    """`keyed`: for a client's selection, whose bytes go out as they are unless they are flawed. Otherwise somebody
    inside wants the value."""
    if not keyed:
        return Answer(value=orjson.loads(body), keyed=False)
    if FLAW_MARK in body:
        return Answer(value=orjson.loads(body), keyed=True)
    return Answer(json=body)


def row_answer(body: bytes | None, *, keyed: bool, required: bool) -> Answer:
    """Of a row that may not be there. Raises `OperationError` (NOT_FOUND)."""
    if body is not None:
        return body_answer(body, keyed=keyed)
    if required:
        raise not_found()
    return Answer(value=None, json=b"null" if keyed else None)


def not_found() -> OperationError:
    return OperationError(Code.NOT_FOUND, "There is no such row.")


def number_answer(number: int) -> Answer:
    """A count. Beyond GraphQL's Int it is left to GraphQL to refuse it."""
    if number >= 2**31:
        return Answer(value=number)
    return Answer(value=number, json=str(number).encode())


def described(statements: Statements, inputs: Sequence[Expression]) -> str:
    return describe_statement(statements.dry(), inputs)
