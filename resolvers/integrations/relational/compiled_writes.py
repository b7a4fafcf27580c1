"""A write compiled for one selection and one role: its steps, run in the session's transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression, Literal
from tidegate.core.filters import EVERY_ROW, NO_ROW
from tidegate.core.footprint import Read, Unknown
from tidegate.core.integration import Answer
from tidegate.core.json import Given
from tidegate.core.objects import Access, DataObject
from tidegate.core.selection import Selection
from tidegate.core.types import NonNull
from tidegate.resolvers.integrations.relational.compiled import (
    Statements,
    add_rules,
    body_answer,
    described,
    not_found,
    number_answer,
    row_answer,
)
from tidegate.resolvers.integrations.relational.connection import Connection
from tidegate.resolvers.integrations.relational.drafts import Draft, Setting
from tidegate.resolvers.integrations.relational.filters import has_related, has_sent
from tidegate.resolvers.integrations.relational.inputs import Inputs
from tidegate.resolvers.integrations.relational.keyed import passing_statement, read_keys, rows_statement
from tidegate.resolvers.integrations.relational.new_rows import NewRows
from tidegate.resolvers.integrations.relational.verbs import Creating, CreatingMany, Deleting, Outcome, Shape, Updating
from tidegate.resolvers.integrations.relational.violations import Dangling
from tidegate.resolvers.integrations.relational.writes import (
    create_statement,
    delete_keys_statement,
    delete_statement,
    keys_statement,
    update_statement,
)

WriteVerb = Creating | CreatingMany | Updating | Deleting


@dataclass(slots=True, eq=False)
class CompiledWrite:
    """`keyed`: the answer is for a client's selection. Statements are drafted when they are first needed."""

    setting: Setting
    verb: WriteVerb
    selection: Selection
    rank: int
    keyed: bool
    known: Inputs = field(default_factory=Inputs)
    error: OperationError | None = None
    _statements: dict[str, Statements] = field(default_factory=dict)
    _new_rows: NewRows | None = None

    def __post_init__(self) -> None:
        verb, item = self.verb, self.verb.target
        try:
            for statements in self._all():
                statements.dry()
            if isinstance(verb, CreatingMany):
                self._new_rows = NewRows(self.setting, self.rank, self.known, verb)
        except OperationError as failure:
            self.error = failure
        if isinstance(verb, Updating | Deleting) and has_sent(verb.where):
            add_rules(self.known, self.setting, self.rank, [item])

    @property
    def inputs(self) -> tuple[Expression, ...]:
        return tuple(self.known.expressions)

    def reads(self, values: Sequence[Given | Unknown]) -> Sequence[Read]:  # noqa: ARG002 - nobody watches a write
        return ()

    def describe(self) -> str:
        if self.error is not None:
            return self.error.message
        texts = [described(statements, self.inputs) for statements in self._all()]
        if self._new_rows is not None:
            texts.insert(0, self._new_rows.describe(self.inputs))
        return "\n\n".join(texts)

    async def run(self, connection: Connection, values: Sequence[Given]) -> Answer:
        if self.error is not None:
            raise OperationError(self.error.code, self.error.message)
        self._refuse()
        try:
            return await self._write(connection, values)
        except Dangling as dangling:
            # Whose rule looks at the row pointed at must not learn whether there is one that it may not see.
            access = self._access
            if access is Access.DELETE or not has_related(self._item.rows(access, self.rank)):
                raise
            raise self._forbidden(access) from dangling

    async def _write(self, connection: Connection, values: Sequence[Given]) -> Answer:
        match self.verb:
            case Deleting():
                return await self._delete(self.verb, connection, values)
            case Updating() if self._is_counted and self._rule(Access.UPDATE) is None:
                return await self._update_counted(self.verb, connection, values)
            case Updating():
                self._refuse_nulls(self.verb.set, values)
                keys = await self._rows("write", connection, values)
                return await self._answer(Access.UPDATE, keys, connection, values)
            case Creating():
                self._refuse_nulls(self.verb.row, values)
                keys = await self._rows("write", connection, values)
                return await self._answer(Access.CREATE, keys, connection, values)
            case CreatingMany():
                assert self._new_rows is not None
                rows = await self._new_rows.insert(connection, values)
                return await self._answer(Access.CREATE, rows, connection, values)

    @property
    def _item(self) -> DataObject:
        return self.verb.target

    @property
    def _outcome(self) -> Outcome:
        return self.verb.outcome

    @property
    def _is_counted(self) -> bool:
        return self._outcome.shape in (Shape.COUNT, Shape.WHETHER)

    @property
    def _access(self) -> Access:
        match self.verb:
            case Updating():
                return Access.UPDATE
            case Deleting():
                return Access.DELETE
            case _:
                return Access.CREATE

    def _rule(self, access: Access) -> object:
        filter = self._item.rows(access, self.rank)
        return None if filter == EVERY_ROW else filter

    def _refuse(self) -> None:
        """Before any statement: a role that no rule reaches."""
        if self._item.rows(self._access, self.rank) == NO_ROW:
            raise OperationError(Code.FORBIDDEN, f"Your role may not {self._access} {self._item.name}.")

    def _forbidden(self, access: Access) -> OperationError:
        return OperationError(Code.FORBIDDEN, f"Your role may not {access} {self._item.name} like this.")

    def _refuse_nulls(self, assignments: Mapping[str, Expression], values: Sequence[Given]) -> None:
        for name, expression in assignments.items():
            if isinstance(self._item.columns[name].type, NonNull):
                found = expression.value if isinstance(expression, Literal) else values[self.known.place(expression)]
                if found is None:
                    raise OperationError(Code.BAD_USER_INPUT, f'"{name}" must not be null.', {"fields": [name]})

    def _all(self) -> list[Statements]:
        """Every statement of this write, in the order they may be run."""
        verb, item = self.verb, self._item
        kinds: dict[str, Callable[[Draft], sa.ClauseElement]] = {}
        if isinstance(verb, Creating):
            kinds["write"] = lambda draft: create_statement(draft, item, verb.row)
        elif isinstance(verb, Updating):
            keys = not (self._is_counted and self._rule(Access.UPDATE) is None)
            kinds["write"] = lambda draft: update_statement(draft, verb, keys=keys)
        elif isinstance(verb, Deleting):
            if self._is_counted:
                kinds["write"] = lambda draft: delete_statement(draft, verb)
            else:
                kinds["write"] = lambda draft: keys_statement(draft, item, verb.where, Access.DELETE)
        if self._access is not Access.DELETE and self._rule(self._access) is not None:
            kinds["pass"] = lambda draft: passing_statement(draft, item, self._access)
        if not self._is_counted:
            many = self._outcome.shape is Shape.ROWS
            kinds["read"] = lambda draft: rows_statement(
                draft, item, self.selection, many=many, as_given=not isinstance(verb, Updating)
            )
            if isinstance(verb, Deleting):
                kinds["delete"] = lambda draft: delete_keys_statement(draft, item)
        for name, draft in kinds.items():
            if name not in self._statements:
                self._statements[name] = Statements(self.setting, self.rank, self.known, draft)
        return list(self._statements.values())

    async def _rows(self, name: str, connection: Connection, values: Sequence[Given]) -> Sequence[Sequence[Any]]:
        """Any: rows hold what the database does."""
        statement = self._statements[name].of(values)
        return await connection.rows(statement.sql, statement.arguments(values))

    async def _execute(self, name: str, connection: Connection, values: Sequence[Given]) -> int:
        statement = self._statements[name].of(values)
        if statement.sql.startswith("SELECT"):
            return len(await connection.rows(statement.sql, statement.arguments(values)))
        return await connection.execute(statement.sql, statement.arguments(values))

    async def _update_counted(self, verb: Updating, connection: Connection, values: Sequence[Given]) -> Answer:
        self._refuse_nulls(verb.set, values)
        return self._number(await self._execute("write", connection, values))

    async def _delete(self, verb: Deleting, connection: Connection, values: Sequence[Given]) -> Answer:
        if self._is_counted:
            return self._number(await self._execute("write", connection, values))
        rows = await self._rows("write", connection, values)
        answer = await self._read(rows, connection, values)
        if rows:
            extended = [*values, read_keys(self.setting, verb.target, rows)]
            await self._execute("delete", connection, extended)
        return answer

    async def _answer(
        self, access: Access, rows: Sequence[Sequence[Any]], connection: Connection, values: Sequence[Given]
    ) -> Answer:
        """Of rows just written: held against their rule, and read back. Any: a key as the database answered it."""
        if rows and "pass" in self._statements:
            keys = read_keys(self.setting, self._item, rows)
            passing = await self._rows("pass", connection, [*values, keys])
            if passing[0][0] < len(rows):
                raise self._forbidden(access)
        if self._is_counted:
            return self._number(len(rows))
        return await self._read(rows, connection, values)

    async def _read(self, rows: Sequence[Sequence[Any]], connection: Connection, values: Sequence[Given]) -> Answer:
        required = self._outcome.required
        if not rows:
            if self._outcome.shape is Shape.ROWS:
                return Answer(value=[], json=b"[]" if self.keyed else None)
            return row_answer(None, keyed=self.keyed, required=required)
        most = self.setting.surroundings.limits.pageSize
        if len(rows) > max(most, self.setting.surroundings.limits.batchSize):
            raise OperationError(Code.LIMIT, f"More than {most} rows would be answered. Nothing was changed.")
        found = await self._rows("read", connection, [*values, read_keys(self.setting, self._item, rows)])
        body = found[0][0] if found else None
        if body is None and required:
            if isinstance(self.verb, Deleting):
                raise not_found()
            raise OperationError(Code.FORBIDDEN, f"Your role may not read the row of {self._item.name} that results.")
        if self._outcome.shape is Shape.ROWS:
            return body_answer(body or b"[]", keyed=self.keyed)
        return row_answer(body, keyed=self.keyed, required=required)

    def _number(self, count: int) -> Answer:
        if self._outcome.shape is Shape.COUNT:
            return number_answer(count)
        return Answer(value=count > 0, json=b"true" if count else b"false")
