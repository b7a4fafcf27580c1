"""A statement in the making: names for its tables, places for its values; and a statement made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import sqlalchemy as sa

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression, Literal
from tidegate.core.integration import Surroundings
from tidegate.core.json import Given, Json, Missing
from tidegate.core.objects import Column, DataObject
from tidegate.core.types import ObjectType
from tidegate.resolvers.integrations.relational.dialects import SENT, Dialect
from tidegate.resolvers.integrations.relational.inputs import GivenValues, Operand
from tidegate.resolvers.integrations.relational.reach import compared
from tidegate.resolvers.integrations.relational.storing import Storing, stored
from tidegate.resolvers.integrations.relational.tables import ReflectedColumn, Tables

Stored: TypeAlias = Json | bytes
Rows: TypeAlias = sa.FromClause
"""Something with rows: a table, a subquery."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One parameter: where its value comes from and what it becomes on the way, or a `constant`."""

    operand: Operand | None
    storing: Storing | None
    constant: Stored = None


@dataclass(frozen=True, slots=True)
class Statement:
    """Ready for the driver. `slots` are in the order of its parameters."""

    sql: str
    slots: tuple[Slot, ...]

    def arguments(self, values: Sequence[Given]) -> list[Stored]:
        """Raises `OperationError` for a value that cannot be stored."""
        arguments: list[Stored] = []
        for slot in self.slots:
            if slot.operand is None:
                arguments.append(slot.constant)
                continue
            value = slot.operand.value(values)
            plain = None if isinstance(value, Missing) else value
            arguments.append(plain if slot.storing is None else slot.storing(plain))
        return arguments


@dataclass(frozen=True, slots=True)
class Setting:
    """What all statements of one integration share."""

    dialect: Dialect
    tables: Tables
    surroundings: Surroundings

    def object(self, name: str) -> DataObject:
        return self.surroundings.objects[name]

    def object_type(self, name: str) -> ObjectType | None:
        found = self.surroundings.types.get(name)
        return found if isinstance(found, ObjectType) else None

    def reflected(self, item: DataObject, column: Column) -> ReflectedColumn:
        return self.tables.column(item.table, column.column)

    def storing(self, item: DataObject, column: Column) -> Storing:
        return stored(self.dialect, column.type, self.reflected(item, column), self.surroundings.types)


@dataclass(slots=True)
class Draft:
    """Mutable, made for one statement. `rank` is the caller's."""

    setting: Setting
    given: GivenValues
    rank: int
    _slots: dict[str, Slot] = field(default_factory=dict)
    _names: dict[Any, str] = field(default_factory=dict)
    _tables: int = 0

    @property
    def dialect(self) -> Dialect:
        return self.setting.dialect

    def name(self) -> str:
        """A name that no other table of the statement has."""
        self._tables += 1
        return f"t{self._tables}"

    def table(self, item: DataObject, *, alias: bool = True) -> Rows:
        """The object's table, under a name of its own unless it is being written to."""
        schema, _, name = item.table.rpartition(".")
        # What another object of the same table is compared by, a write to this one has to tell.
        told = compared(self.setting.tables, item.table)
        names = dict.fromkeys([*(column.column for column in item.columns.values()), *told])
        table = sa.table(name, *(sa.column(column) for column in names), schema=schema or None)
        return table.alias(self.name()) if alias else table

    def bind(self, operand: Operand | Expression, storing: Storing | None = None) -> sa.BindParameter[Any]:
        """A parameter for a value of the call. The same value stored the same way is one parameter."""
        if isinstance(operand, Literal):
            return self.constant(operand.value if storing is None else storing(operand.value))
        place = operand if isinstance(operand, Operand) else self.given.operand(operand)
        return self._parameter(Slot(place, storing))

    def constant(self, value: Stored) -> sa.BindParameter[Any]:
        return self._parameter(Slot(None, None, value), shared=False)

    def _parameter(self, slot: Slot, *, shared: bool = True) -> sa.BindParameter[Any]:
        key = (slot.operand, slot.storing) if shared else object()
        name = self._names.get(key)
        if name is None:
            prefix = "tidegate_fixed_" if slot.operand is None else SENT
            name = self._names[key] = f"{prefix}{len(self._slots)}"
            self._slots[name] = slot
        return sa.bindparam(name, type_=sa.types.NULLTYPE)

    def finish(self, statement: sa.ClauseElement) -> Statement:
        sql, names, constants = self.dialect.compile(statement, self.setting.tables.release)
        slots = (self._slots.get(name) or Slot(None, None, constants[name]) for name in names)
        return Statement(sql, tuple(slots))

    def finish_batched(self, statement: sa.ClauseElement) -> tuple[str, tuple[str, ...]] | None:
        """The text for many calls at once, and the names of its values in the order of the parameters; none where the
        database does not ask together."""
        return self.dialect.compile_batched(statement, self.setting.tables.release)


def require_readable(draft: Draft, column: Column) -> None:
    """Raises `OperationError` (FORBIDDEN) where the caller's role may not read the column."""
    if column.rank > draft.rank:
        raise OperationError(Code.FORBIDDEN, f'Your role may not read "{column.field}".')
