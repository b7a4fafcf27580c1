"""An author's own SQL, wrapped so that the database makes JSON of its rows; the relations of its type included.

The columns of the result are learnt when the integration opens: a field is the column of exactly its name, or of the
name that its object gives it, or of its name in snake_case. The text itself is kept to the letter. Access rules do not
reach into it: they hold for the relations that are selected from its rows, and for nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from tidegate.core.errors import OperationError
from tidegate.core.footprint import Read, Unknown
from tidegate.core.integration import Answer, Compiled
from tidegate.core.json import Given, Json
from tidegate.core.naming import snake_case
from tidegate.core.problems import Problem, did_you_mean
from tidegate.core.selection import Selected, Selection
from tidegate.core.types import Field, Named, NonNull, ObjectType, TypeRef, named
from tidegate.resolvers.integrations.relational.cells import AS_STORED, FLAW_MARK
from tidegate.resolvers.integrations.relational.compiled import (
    Finish,
    body_answer,
    compiled_read,
    row_answer,
)
from tidegate.resolvers.integrations.relational.connection import Connection
from tidegate.resolvers.integrations.relational.drafts import Draft, Setting
from tidegate.resolvers.integrations.relational.footprints import Footprint, MakeFootprint, relations_footprint
from tidegate.resolvers.integrations.relational.inputs import GivenValues, Inputs, Shaping
from tidegate.resolvers.integrations.relational.raw_rows import AuthorSql, author_sql, wrapped
from tidegate.resolvers.integrations.relational.raw_writes import CompiledCommand, CompiledReturning, CompiledTelling
from tidegate.resolvers.integrations.relational.reach import reads_of
from tidegate.resolvers.integrations.relational.reachable import beyond
from tidegate.resolvers.integrations.relational.registration import register
from tidegate.resolvers.integrations.relational.sql_footprints import SqlFootprint
from tidegate.resolvers.integrations.relational.verbs import Outcome, Shape, Statement

VALUE: Final = "value"
_BEFORE: Final = b'{"value":'
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class PreparedSql:
    """A request in the author's own SQL."""

    def __init__(self, setting: Setting, verb: Statement) -> None:
        self.sql = AuthorSql(setting, verb)

    @property
    def writes(self) -> bool:
        return self.sql.writes

    async def learn(self, connection: Connection) -> Sequence[Problem]:
        """The columns of the result, held against the type that is promised."""
        try:
            self.sql.columns = tuple(await connection.columns(self._plain()))
        except OperationError as error:
            cause = f" {error.__cause__}" if error.__cause__ is not None else ""
            hint = "Say its type: {{ args.name }}::int." if "data type of parameter" in cause else ""
            return [Problem(self.sql.verb.at, f"The database refuses this SQL:{cause.rstrip('.')}.", hint)]
        self._register()
        if not self.sql.verb.text.answers_rows:
            return []
        return list(self._match())

    def _register(self) -> None:
        if self.writes:
            return
        self.sql.footprint.register()
        if self.sql.verb.target is not None:
            register(self.sql.setting.tables, self.sql.setting.surroundings, self.sql.verb.target)

    def _plain(self) -> str:
        """The statement as the driver is asked about it."""
        draft = Draft(self.sql.setting, GivenValues(Inputs(), Shaping(), None), 0)
        return draft.finish(author_sql(draft, self.sql.verb.text)).sql

    def _match(self) -> Iterator[Problem]:
        names = [column.name for column in self.sql.columns]
        found: dict[str, int] = {}
        if not names:
            yield Problem(self.sql.verb.at, "This SQL has no columns.", "")
        definition = self._definition()
        if self.sql.verb.outcome.inner == Named(AS_STORED):
            for name in names:
                if not _NAME.fullmatch(name):
                    sentence = f'The column "{name}" of this SQL cannot be named by later steps.'
                    yield Problem(self.sql.verb.at, sentence, "Give it a name with AS.")
        if definition is None:
            found[VALUE] = 0
        else:
            for name, declared in definition.fields.items():
                if isinstance(self.sql.setting.surroundings.types.get(named(declared.type)), ObjectType):
                    if self.sql.verb.target is None or name not in self.sql.verb.target.relations:
                        sentence = f'"{name}" of {definition.name} is an object, which SQL alone cannot answer.'
                        yield Problem(self.sql.verb.at, sentence, "Return the type of an object with this relation.")
                    continue
                target = self.sql.verb.target
                stored = target.columns[name].column if target and name in target.columns else name
                column = next((each for each in (name, stored, snake_case(name)) if each in names), None)
                if column is None:
                    sentence = f'This SQL has no column for "{name}" of {definition.name}.'
                    hint = did_you_mean(name, names) or f'Name one "{snake_case(name)}".'
                    yield Problem(self.sql.verb.at, sentence, hint)
                else:
                    found[name] = names.index(column)
        self.sql.names = found

    def _definition(self) -> ObjectType | None:
        verb = self.sql.verb
        if verb.outcome.inner == Named(AS_STORED):
            type = Named(AS_STORED)
            return ObjectType(
                type.name, {each.name: Field(each.name, type, verb.at) for each in self.sql.columns}, verb.at
            )
        return self.sql.setting.object_type(named(verb.outcome.inner))

    def reach(self) -> Sequence[Read]:
        setting = self.sql.setting
        if self.writes:
            return (Read(setting.tables.source, None),)
        reads = dict.fromkeys(self.sql.footprint.reach())
        if self.sql.verb.target is not None:
            for other in beyond(setting.surroundings, self.sql.verb.target):
                reads |= dict.fromkeys(reads_of(setting.tables, other.table, None, {}))
        return tuple(reads)

    def compile(self, selection: Selection | None, rank: int) -> Compiled:
        verb, outcome = self.sql.verb, self.sql.verb.outcome
        wanted = selection or self._whole()
        keyed = selection is not None
        # Before the database is open its columns are not known, and nothing is run: `tidegate plan` shows the text.
        if outcome.shape in (Shape.COUNT, Shape.WHETHER) or not self.sql.columns:
            return CompiledCommand(self.sql, rank)
        finish = finish_of(outcome, keyed=keyed)
        if verb.text.writes and not self.sql.setting.dialect.wraps_writes:
            return CompiledReturning(self.sql, wanted, rank, finish)
        if verb.text.writes:
            return CompiledTelling(self.sql, wanted, rank, finish)
        return compiled_read(
            self.sql.setting,
            rank,
            lambda draft: wrapped(draft, self.sql, wanted),
            finish,
            footprint=self._reading(wanted, rank),
        )

    def _reading(self, selection: Selection, rank: int) -> MakeFootprint:
        def make(inputs: Inputs) -> Footprint:
            self.sql.footprint.place(inputs)
            target, shown = self.sql.verb.target, None
            if target is not None and any(each.field in target.relations for each in selection.fields):
                shown = relations_footprint(self.sql.setting, rank, target, selection)(inputs)
            return Reading(self.sql.footprint, inputs, shown)

        return make

    def _whole(self) -> Selection:
        definition = self._definition()
        if definition is None:
            return Selection("", (Selected(VALUE, VALUE, self._leaf()),))
        types = self.sql.setting.surroundings.types
        fields = definition.fields.values()
        leaves = (each for each in fields if not isinstance(types.get(named(each.type)), ObjectType))
        return Selection(definition.name, tuple(Selected(each.name, each.name, each.type) for each in leaves))

    def _leaf(self) -> TypeRef:
        """What a value must be; of a list, each of its items."""
        outcome = self.sql.verb.outcome
        return NonNull(outcome.inner) if isinstance(outcome.type, NonNull) else outcome.inner  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What the author's statement reads, and what the relations do that are selected from its rows."""

    sql: SqlFootprint
    inputs: Inputs
    relations: Footprint | None

    def reads(self, values: Sequence[Given | Unknown]) -> Sequence[Read]:
        own = self.sql.reads(self.inputs, values)
        return own if self.relations is None else (*own, *self.relations.reads(values))


def finish_of(outcome: Outcome, *, keyed: bool) -> Finish:
    match outcome.shape:
        case Shape.ROWS:
            return lambda body: body_answer(body, keyed=keyed)
        case Shape.ROW:
            return lambda body: row_answer(body, keyed=keyed, required=outcome.required)
        case Shape.VALUES:
            return lambda body: Answer(value=[row[VALUE] for row in orjson.loads(body)])
        case _:
            return _value_answer


def _value_answer(body: Any) -> Answer:
    """Of `{"value": …}`, or of no row. Any: bytes, or none."""
    if body is None:
        return Answer(value=None)
    value: Json = orjson.loads(body)[VALUE]
    if FLAW_MARK in body:
        return Answer(value=value)
    return Answer(value=value, json=bytes(body[len(_BEFORE) : -1]))
