"""Writes where UPDATE and DELETE answer no rows: MySQL.

The rows are looked for and locked first, which gives their keys and what is told of them as they were; then they are
written by their keys, and what an UPDATE changed of what is told is read again. So nobody who writes at the same time
can add a row that is written and not told. Where nothing is told and nobody is answered, one statement does.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import orjson

from tidegate.core.expressions import Literal
from tidegate.core.integration import Answer
from tidegate.core.json import Given, Json
from tidegate.core.objects import Access
from tidegate.resolvers.integrations.relational.columns import again
from tidegate.resolvers.integrations.relational.compiled_writes import CompiledWrite, Make, told_with
from tidegate.resolvers.integrations.relational.connection import Connection
from tidegate.resolvers.integrations.relational.images import MOST_IMAGES, Told, Values, columns_of, images_of, told
from tidegate.resolvers.integrations.relational.inputs import is_sent
from tidegate.resolvers.integrations.relational.keyed import read_keys
from tidegate.resolvers.integrations.relational.new_rows import known_again
from tidegate.resolvers.integrations.relational.verbs import Creating, Deleting, Updating
from tidegate.resolvers.integrations.relational.writes import (
    delete_locked_statement,
    inserted_statement,
    locked_statement,
    told_statement,
    update_keys_statement,
)

_Rows = Sequence[Sequence[Any]]
"""Any: rows hold what the database does."""


class LockedWrite(CompiledWrite):
    """A write compiled for MySQL."""

    def _kinds(self) -> dict[str, Make]:
        verb = self.verb
        if isinstance(verb, Creating) and not self._returns:
            row, item = verb.row, verb.target
            return {
                **super()._kinds(),
                "made": lambda draft: inserted_statement(
                    draft, item, {name: value for name, value in row.items() if draft.given.sent(value)}
                ),
            }
        if not isinstance(verb, Updating | Deleting):
            return super()._kinds()
        few = self._is_bare
        kinds: dict[str, Make] = {"write": lambda draft: locked_statement(draft, verb, few=few)}
        if isinstance(verb, Updating):
            kinds["by key"] = lambda draft: update_keys_statement(draft, verb, among=True)
            kinds["now"] = lambda draft: told_statement(draft, verb.target)
            if few:
                kinds["at once"] = lambda draft: update_keys_statement(draft, verb, among=False)
        elif few:
            kinds["by key"] = lambda draft: delete_locked_statement(draft, verb, among=True)
            kinds["at once"] = lambda draft: delete_locked_statement(draft, verb, among=False)
        return kinds

    @property
    def _is_bare(self) -> bool:
        """Nobody asks which rows: none is answered, and none held against a rule."""
        return self._is_counted and (isinstance(self.verb, Deleting) or self._rule(Access.UPDATE) is None)

    @property
    def _returns(self) -> bool:
        return self.setting.dialect.returns_inserted(self.setting.tables.release)

    async def _inserted(self, connection: Connection, values: Sequence[Given]) -> _Rows:
        if self._returns:
            return await super()._inserted(connection, values)
        await self._execute("write", connection, values)
        return known_again(await self._rows("made", connection, values))

    async def _update(self, verb: Updating, connection: Connection, values: Sequence[Given]) -> Answer:
        self._refuse_nulls(verb.set, values)
        fields = [name for name, value in verb.set.items() if is_sent(values[self.known.place(value)])]
        if not fields:
            return await self._found(connection, values)
        item = self._item
        columns = columns_of(self.setting, item, fields)
        tells = told(self.setting, item)
        if self._is_bare and not tells.now:
            count = await self._execute("at once", connection, values)
            return told_with(self._number(count), self._touches(count, columns, None))
        rows = await self._rows("write", connection, values)
        if self._is_bare and len(rows) > MOST_IMAGES:
            count = await self._execute("at once", connection, values)
            return told_with(self._number(count), self._touches(count, columns, None))
        count = await self._by_key(rows, connection, values)
        written = self._moved(verb, fields, rows, values)
        images = await self._images(tells, columns, rows, written, count, connection, values)
        if self._is_bare:
            answer = self._number(count)
        else:
            answer = await self._answer(Access.UPDATE, written, connection, values)
        return told_with(answer, self._touches(count, columns, images))

    async def _delete(self, verb: Deleting, connection: Connection, values: Sequence[Given]) -> Answer:
        if not self._is_bare:
            return await super()._delete(verb, connection, values)
        tells = told(self.setting, self._item)
        rows = await self._rows("write", connection, values) if tells.now else ()
        if not tells.now or len(rows) > MOST_IMAGES:
            count = await self._execute("at once", connection, values)
            return told_with(self._number(count), self._touches(count, None, None))
        count = await self._by_key(rows, connection, values)
        images = images_of(tells, rows) if count == len(rows) else None
        return told_with(self._number(count), self._touches(count, None, images))

    async def _by_key(self, rows: _Rows, connection: Connection, values: Sequence[Given]) -> int:
        if not rows:
            return 0
        return await self._execute("by key", connection, [*values, read_keys(self.setting, self._item, rows)])

    def _moved(self, verb: Updating, fields: Collection[str], rows: _Rows, values: Sequence[Given]) -> _Rows:
        """The keys of the rows as they are now, where the key itself is set."""
        item = self._item
        moved: dict[int, Json] = {}
        for index, field in enumerate(item.key):
            if field in fields:
                value = verb.set[field]
                found = value.value if isinstance(value, Literal) else values[self.known.place(value)]
                stored = self.setting.storing(item, item.columns[field])(found)  # type: ignore[arg-type]
                moved[index] = again(stored)
        if not moved:
            return rows
        keys = [orjson.loads(row[0]) for row in rows]
        return [(orjson.dumps([moved.get(place, part) for place, part in enumerate(key)]),) for key in keys]

    async def _images(
        self,
        tells: Told,
        columns: frozenset[str] | None,
        rows: _Rows,
        written: _Rows,
        count: int,
        connection: Connection,
        values: Sequence[Given],
    ) -> list[Values] | None:
        before = images_of(tells, rows)
        if before is None or count != len(rows):
            # More than were locked: of a key that names several rows.
            return None
        known = self.setting.tables.known[self._item.table].columns
        changed = (name for name in tells.now if columns is None or name in columns or known[name].generated)
        if not rows or not any(changed):
            return before
        now = await self._rows("now", connection, [*values, read_keys(self.setting, self._item, written)])
        after = images_of(tells, now, start=0)
        return None if after is None or len(now) != count else [*before, *after]
