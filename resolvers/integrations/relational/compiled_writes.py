"""A write compiled for one selection and one role: its steps, run in the session's transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression, Literal
from tidegate.core.filters import EVERY_ROW, NO_ROW
from tidegate.core.footprint import Read, Touch, Unknown
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
from tidegate.resolvers.integrations.relational.images import (
    MOST_IMAGES,
    Before,
    Told,
    Values,
    columns_of,
    images_of,
    told,
    told_of_update,
)
from tidegate.resolvers.integrations.relational.inputs import Inputs, is_sent
from tidegate.resolvers.integrations.relational.keyed import passing_statement, read_keys, rows_statement
from tidegate.resolvers.integrations.relational.new_rows import NewRows
from tidegate.resolvers.integrations.relational.reach import touches_of
from tidegate.resolvers.integrations.relational.verbs import Creating, CreatingMany, Deleting, Outcome, Shape, Updating
from tidegate.resolvers.integrations.relational.violations import Dangling
from tidegate.resolvers.integrations.relational.writes import (
    before_statement,
    create_statement,
    delete_keys_statement,
    delete_statement,
    keys_statement,
    update_statement,
)

WriteVerb = Creating | CreatingMany | Updating | Deleting
Make = Callable[[Draft], sa.ClauseElement]


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
            case Updating():
                return await self._update(self.verb, connection, values)
            case Creating() | CreatingMany():
                return await self._create(self.verb, connection, values)

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
        kinds = self._kinds()
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

    def _kinds(self) -> dict[str, Make]:
        """The statements that write, and what comes before them."""
        verb, item = self.verb, self._item
        kinds: dict[str, Make] = {}
        if isinstance(verb, Creating):
            kinds["write"] = lambda draft: create_statement(draft, item, verb.row)
        elif isinstance(verb, Updating):
            keys = not (self._is_counted and self._rule(Access.UPDATE) is None)
            if not self.setting.dialect.locks_rows and told(self.setting, item).now:
                kinds["before"] = lambda draft: before_statement(draft, verb)
            kinds["write"] = lambda draft: update_statement(draft, verb, keys=keys)
        elif isinstance(verb, Deleting):
            if self._is_counted:
                kinds["write"] = lambda draft: delete_statement(draft, verb)
            else:
                kinds["write"] = lambda draft: keys_statement(draft, item, verb.where, Access.DELETE)
        return kinds

    async def _rows(self, name: str, connection: Connection, values: Sequence[Given]) -> Sequence[Sequence[Any]]:
        """Any: rows hold what the database does."""
        if name not in self._statements:
            # What is told was not known yet when the write was compiled.
            self._all()
        statement = self._statements[name].of(values)
        return await connection.rows(statement.sql, statement.arguments(values))

    async def _execute(self, name: str, connection: Connection, values: Sequence[Given]) -> int:
        statement = self._statements[name].of(values)
        return await connection.execute(statement.sql, statement.arguments(values))

    async def _count(
        self, tells: Told, connection: Connection, values: Sequence[Given]
    ) -> tuple[int, Sequence[Sequence[Any]]]:
        """How many rows a statement wrote, and those of them that it tells of. Any: a row holds what the database
        does."""
        verb = self.verb
        if not tells.now:
            return await self._execute("write", connection, values), ()
        if isinstance(verb, Updating | Deleting) and verb.many:
            statement = self._statements["write"].of(values)
            return await connection.written(statement.sql, statement.arguments(values), MOST_IMAGES + 1)
        rows = await self._rows("write", connection, values)
        return len(rows), rows

    async def _create(self, verb: Creating | CreatingMany, connection: Connection, values: Sequence[Given]) -> Answer:
        if isinstance(verb, Creating):
            self._refuse_nulls(verb.row, values)
            rows = await self._inserted(connection, values)
        else:
            assert self._new_rows is not None
            rows = await self._new_rows.insert(connection, values)
        answer = await self._answer(Access.CREATE, rows, connection, values)
        images = images_of(told(self.setting, self._item), rows)
        return told_with(answer, self._touches(len(rows), None, images, added=True))

    async def _inserted(self, connection: Connection, values: Sequence[Given]) -> Sequence[Sequence[Any]]:
        """The new row's key and what is told of it. Any: as the database answered them."""
        return await self._rows("write", connection, values)

    async def _update(self, verb: Updating, connection: Connection, values: Sequence[Given]) -> Answer:
        self._refuse_nulls(verb.set, values)
        counted = self._is_counted and self._rule(Access.UPDATE) is None
        fields = [name for name, value in verb.set.items() if is_sent(values[self.known.place(value)])]
        if not fields:
            # The rows are found, and that is all.
            return await self._found(connection, values)
        columns = columns_of(self.setting, self._item, fields)
        tells = told_of_update(self.setting, self._item, columns)
        before: Sequence[Sequence[Any]] = ()
        if tells.before and tells.way is Before.ASKED:
            before = await self._rows("before", connection, values)
        if counted:
            count, rows = await self._count(tells, connection, values)
            answer = self._number(count)
        else:
            rows = await self._rows("write", connection, values)
            count = len(rows)
            answer = await self._answer(Access.UPDATE, rows, connection, values)
        images = images_of(tells, rows, start=0 if counted else 1)
        if images is not None and before:
            earlier = images_of(Told(tells.now), before, start=0)
            images = None if earlier is None else [*earlier, *images]
        return told_with(answer, self._touches(count, columns, images))

    async def _found(self, connection: Connection, values: Sequence[Given]) -> Answer:
        """Of an update that sets nothing."""
        found = await self._rows("write", connection, values)
        if self._is_counted and self._rule(Access.UPDATE) is None:
            return self._number(len(found))
        return await self._answer(Access.UPDATE, found, connection, values)

    async def _delete(self, verb: Deleting, connection: Connection, values: Sequence[Given]) -> Answer:
        tells = told(self.setting, self._item)
        if self._is_counted:
            count, rows = await self._count(tells, connection, values)
            return told_with(self._number(count), self._touches(count, None, images_of(tells, rows, start=0)))
        rows = await self._rows("write", connection, values)
        answer = await self._read(rows, connection, values)
        if not rows:
            return answer
        await self._execute("delete", connection, [*values, read_keys(self.setting, verb.target, rows)])
        return told_with(answer, self._touches(len(rows), None, images_of(tells, rows)))

    def _touches(
        self, count: int, columns: frozenset[str] | None, images: Sequence[Values] | None, *, added: bool = False
    ) -> tuple[Touch, ...]:
        tables, name = self.setting.tables, self._item.table
        if not count and (table := tables.known.get(name)) is not None and table.effects is not None:
            return ()
        # What a trigger does it may do for no rows as well.
        return touches_of(tables, name, columns, images, added=added)

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


def told_with(answer: Answer, touches: tuple[Touch, ...]) -> Answer:
    return Answer(answer.value, answer.json, answer.keyed, touches)
