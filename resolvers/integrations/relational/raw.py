"""An author's own SQL, wrapped so that the database makes JSON of its rows; the relations of its type included.

The columns of the result are learnt when the integration opens: a field is the column of exactly its name, or of the
name that its object gives it, or of its name in snake_case. The text itself is kept to the letter. Access rules do not
reach into it: they hold for the relations that are selected from its rows, and for nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson
import sqlalchemy as sa

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression, Reference, as_text
from tidegate.core.footprint import Read, Touch, Unknown
from tidegate.core.integration import Answer, Compiled
from tidegate.core.json import Given, Json
from tidegate.core.naming import snake_case
from tidegate.core.problems import Problem, did_you_mean
from tidegate.core.selection import Selected, Selection
from tidegate.core.types import NonNull, ObjectType, TypeRef, named
from tidegate.resolvers.integrations.relational.cells import FLAW_MARK, Cell
from tidegate.resolvers.integrations.relational.compiled import (
    CompiledRead,
    Finish,
    Statements,
    body_answer,
    compiled_read,
    described,
    number_answer,
    row_answer,
)
from tidegate.resolvers.integrations.relational.connection import Connection, ResultColumn
from tidegate.resolvers.integrations.relational.dialects import Fragment, Source, Sql
from tidegate.resolvers.integrations.relational.drafts import Draft, Setting
from tidegate.resolvers.integrations.relational.footprints import Footprint, MakeFootprint, relations_footprint
from tidegate.resolvers.integrations.relational.inputs import GivenValues, Inputs, Shaping
from tidegate.resolvers.integrations.relational.keyed import EXTRA
from tidegate.resolvers.integrations.relational.reach import reads_of
from tidegate.resolvers.integrations.relational.reachable import beyond
from tidegate.resolvers.integrations.relational.registration import register
from tidegate.resolvers.integrations.relational.rows import Computed, object_json
from tidegate.resolvers.integrations.relational.sql_footprints import SqlFootprint
from tidegate.resolvers.integrations.relational.tables import ReflectedColumn
from tidegate.resolvers.integrations.relational.verbs import Outcome, Shape, Statement

VALUE: Final = "value"
_BEFORE: Final = b'{"value":'


@dataclass(slots=True, eq=False)
class PreparedSql:
    """Mutable: it learns the columns of its result."""

    setting: Setting
    verb: Statement
    columns: tuple[ResultColumn, ...] = ()
    names: Mapping[str, int] = field(default_factory=dict)
    """The place of each field's column."""
    footprint: SqlFootprint = field(init=False)

    def __post_init__(self) -> None:
        self.footprint = SqlFootprint(self.setting, self.verb.text)

    @property
    def writes(self) -> bool:
        return self.verb.text.writes

    async def learn(self, connection: Connection) -> Sequence[Problem]:
        """The columns of the result, held against the type that is promised."""
        try:
            self.columns = tuple(await connection.columns(self._plain()))
        except OperationError as error:
            cause = f" {error.__cause__}" if error.__cause__ is not None else ""
            hint = "Say its type: {{ args.name }}::int." if "data type of parameter" in cause else ""
            return [Problem(self.verb.at, f"The database refuses this SQL:{cause.rstrip('.')}.", hint)]
        self._register()
        if not self.verb.text.answers_rows:
            return []
        return list(self._match())

    def _register(self) -> None:
        if self.writes:
            return
        self.footprint.register()
        if self.verb.target is not None:
            register(self.setting.tables, self.setting.surroundings, self.verb.target)

    def _plain(self) -> str:
        """The statement as the driver is asked about it."""
        draft = Draft(self.setting, GivenValues(Inputs(), Shaping(), None), 0)
        return draft.finish(author_sql(draft, self.verb)).sql

    def _match(self) -> Iterator[Problem]:
        names = [column.name for column in self.columns]
        found: dict[str, int] = {}
        if not names:
            yield Problem(self.verb.at, "This SQL has no columns.", "")
        definition = self._definition()
        if definition is None:
            found[VALUE] = 0
        else:
            for name, declared in definition.fields.items():
                if isinstance(self.setting.surroundings.types.get(named(declared.type)), ObjectType):
                    if self.verb.target is None or name not in self.verb.target.relations:
                        sentence = f'"{name}" of {definition.name} is an object, which SQL alone cannot answer.'
                        yield Problem(self.verb.at, sentence, "Return the type of an object with this relation.")
                    continue
                target = self.verb.target
                stored = target.columns[name].column if target and name in target.columns else name
                column = next((each for each in (name, stored, snake_case(name)) if each in names), None)
                if column is None:
                    sentence = f'This SQL has no column for "{name}" of {definition.name}.'
                    hint = did_you_mean(name, names) or f'Name one "{snake_case(name)}".'
                    yield Problem(self.verb.at, sentence, hint)
                else:
                    found[name] = names.index(column)
        self.names = found

    def _definition(self) -> ObjectType | None:
        return self.setting.object_type(named(self.verb.outcome.inner))

    def reach(self) -> Sequence[Read]:
        setting = self.setting
        if self.writes:
            return (Read(setting.tables.source, None),)
        reads = dict.fromkeys(self.footprint.reach())
        if self.verb.target is not None:
            for other in beyond(setting.surroundings, self.verb.target):
                reads |= dict.fromkeys(reads_of(setting.tables, other.table, None, {}))
        return tuple(reads)

    def compile(self, selection: Selection | None, rank: int) -> Compiled:
        verb, outcome = self.verb, self.verb.outcome
        wanted = selection or self._whole()
        keyed = selection is not None
        # Before the database is open its columns are not known, and nothing is run: `tidegate plan` shows the text.
        if outcome.shape in (Shape.COUNT, Shape.WHETHER) or not self.columns:
            return CompiledCommand(self, rank)
        finish = finish_of(outcome, keyed=keyed)
        if verb.text.writes and not self.setting.dialect.is_postgres:
            return CompiledReturning(self, wanted, rank, finish)
        if verb.text.writes:
            return CompiledTelling(self, wanted, rank, finish)
        return compiled_read(
            self.setting,
            rank,
            lambda draft: wrapped(draft, self, wanted),
            finish,
            footprint=self._reading(wanted, rank),
        )

    def _reading(self, selection: Selection, rank: int) -> MakeFootprint:
        def make(inputs: Inputs) -> Footprint:
            self.footprint.place(inputs)
            target, shown = self.verb.target, None
            if target is not None and any(each.field in target.relations for each in selection.fields):
                shown = relations_footprint(self.setting, rank, target, selection)(inputs)
            return Reading(self.footprint, inputs, shown)

        return make

    def _whole(self) -> Selection:
        definition = self._definition()
        if definition is None:
            return Selection("", (Selected(VALUE, VALUE, self._leaf()),))
        types = self.setting.surroundings.types
        fields = definition.fields.values()
        leaves = (each for each in fields if not isinstance(types.get(named(each.type)), ObjectType))
        return Selection(definition.name, tuple(Selected(each.name, each.name, each.type) for each in leaves))

    def _leaf(self) -> TypeRef:
        """What a value must be; of a list, each of its items."""
        outcome = self.verb.outcome
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


@dataclass(frozen=True, slots=True, eq=False)
class Nothing:
    """What a write reads that anybody watches."""

    def reads(self, values: Sequence[Given | Unknown]) -> Sequence[Read]:  # noqa: ARG002 - whatever they are
        return ()


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


def author_sql(draft: Draft, verb: Statement) -> Fragment:
    """The author's text with its values bound. Inside of quotes a value is text; elsewhere the database decides."""
    parts: list[str | Sql] = []
    texts = verb.text.parts
    for index, part in enumerate(texts):
        if isinstance(part, str):
            parts.append(part)
        elif _is_concatenated(texts, index):
            parts.append(draft.dialect.text(draft.bind(part, _as_text)))
        else:
            parts.append(draft.bind(part, None if draft.dialect.is_postgres else _plain_value))
    return Fragment(parts)


def _is_concatenated(parts: Sequence[str | Reference], index: int) -> bool:
    before = parts[index - 1] if index else ""
    after = parts[index + 1] if index + 1 < len(parts) else ""
    return (isinstance(before, str) and before.rstrip().endswith("||")) or (
        isinstance(after, str) and after.lstrip().startswith("||")
    )


def _as_text(value: Json) -> Json:
    return as_text(value)


def _plain_value(value: Json) -> Json:
    """SQLite takes no lists and no objects: they are JSON text there."""
    return value if value is None or isinstance(value, str | int | float) else orjson.dumps(value).decode()


def wrapped(draft: Draft, prepared: PreparedSql, selection: Selection) -> sa.ClauseElement:
    """The author's statement as a source of rows."""
    name = draft.name()
    author = author_sql(draft, prepared.verb)
    if prepared.verb.text.writes:
        # PostgreSQL only: a statement that writes can stand nowhere else.
        source = Source((name,))
        query = over(draft, prepared, selection, name, source)
        return Fragment((f"WITH {name} AS (", author, "\n) ", query))
    # The line break ends a comment that the author's text may end with.
    return over(draft, prepared, selection, name, Source(("(", author, f"\n) AS {name}")))


def over(draft: Draft, prepared: PreparedSql, selection: Selection, name: str, source: Source) -> sa.Select[Any]:
    """The JSON of the rows of `source`, whose columns are the author's. Any: one column of bytes."""
    setting, shape = prepared.setting, prepared.verb.outcome.shape
    many = shape in (Shape.ROWS, Shape.VALUES)
    most = setting.surroundings.limits.pageSize if many else 1
    used = [selected for selected in selection.fields if selected.field in prepared.names]
    reached = _reached(prepared, selection)
    columns = dict.fromkeys([*(selected.field for selected in used), *reached])
    page = draft.name()
    if prepared.verb.text.writes and not many:
        most = setting.surroundings.limits.pageSize
    inner = sa.select(sa.text(f"{name}.*")).select_from(source).limit(Fragment((str(most),)))
    rows = inner.subquery(page)
    types = {selected.field: selected.type for selected in used}
    cells = {
        each: Cell(
            Fragment((f"{page}.{draft.dialect.quoted(prepared.columns[prepared.names[each]].name)}",)),
            types.get(each) or _declared(prepared, each),
            ReflectedColumn("", prepared.columns[prepared.names[each]].family),
            strict=draft.dialect.is_postgres,
        )
        for each in columns
    }
    text = object_json(draft, selection, Computed(cells, prepared.verb.target), rows)
    if many:
        text = draft.dialect.joined(["[", draft.dialect.gathered(text), "]"])
        return sa.select(draft.dialect.bytes(text)).select_from(rows)
    return sa.select(draft.dialect.bytes(text)).select_from(rows).limit(Fragment(("1",)))


def _reached(prepared: PreparedSql, selection: Selection) -> list[str]:
    """The fields from which the selected relations start."""
    target = prepared.verb.target
    if target is None:
        return []
    relations = [target.relations[each.field] for each in selection.fields if each.field in target.relations]
    return [ours for relation in relations for _, ours in relation.on]


def _declared(prepared: PreparedSql, field_name: str) -> TypeRef:
    assert prepared.verb.target is not None
    return prepared.verb.target.columns[field_name].type


class CompiledCommand:
    """A write that answers no rows: how many there were, or whether any."""

    def __init__(self, prepared: PreparedSql, rank: int) -> None:
        self._prepared = prepared
        self._known = known = Inputs()
        self._statements = Statements(prepared.setting, rank, known, lambda draft: author_sql(draft, prepared.verb))
        self._statements.dry()
        self.inputs: tuple[Expression, ...] = tuple(known.expressions)

    def reads(self, values: Sequence[Given | Unknown]) -> Sequence[Read]:
        sql = self._prepared.footprint
        return () if self._prepared.writes else sql.reads(self._known, values)

    def describe(self) -> str:
        return described(self._statements, self.inputs)

    async def run(self, connection: Connection, values: Sequence[Given]) -> Answer:
        statement = self._statements.of(values)
        count = await connection.execute(statement.sql, statement.arguments(values))
        touches = _touches(self._prepared, self._known, values, some=count != 0)
        if self._prepared.verb.outcome.shape is Shape.COUNT:
            return replace(number_answer(count), touches=touches)
        return Answer(value=count > 0, json=b"true" if count else b"false", touches=touches)


class CompiledTelling:
    """PostgreSQL: a write that answers rows, wrapped like a read."""

    def __init__(self, prepared: PreparedSql, selection: Selection, rank: int, finish: Finish) -> None:
        self._prepared = prepared
        self._known = Inputs()
        self._write: CompiledRead = compiled_read(
            prepared.setting, rank, lambda draft: wrapped(draft, prepared, selection), finish, footprint=self._learn
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
        is_value = self._prepared.verb.outcome.shape is Shape.VALUE
        nothing = shown is None or (not is_value and shown in (b"null", b"[]", []))
        return replace(answer, touches=_touches(self._prepared, self._known, values, some=not nothing))

    def _learn(self, inputs: Inputs) -> Footprint:
        self._known = inputs
        self._prepared.footprint.place(inputs)
        return Nothing()


class CompiledReturning:
    """SQLite: a write that answers rows. They cannot be wrapped, so they are handed back to the database as one
    parameter, to be made JSON of like any others."""

    def __init__(self, prepared: PreparedSql, selection: Selection, rank: int, finish: Finish) -> None:
        self._prepared = prepared
        self._finish = finish
        self._known = known = Inputs()
        setting = prepared.setting
        self._write = Statements(setting, rank, known, lambda draft: author_sql(draft, prepared.verb))
        self._read = Statements(setting, rank, known, lambda draft: _handed_back(draft, prepared, selection))
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
        extended = [*values, orjson.dumps([list(row) for row in rows]).decode()]
        statement = self._read.of(extended)
        row = await connection.row(statement.sql, statement.arguments(extended))
        touches = _touches(self._prepared, self._known, values, some=bool(rows))
        return replace(self._finish(None if row is None else row[0]), touches=touches)


def _touches(prepared: PreparedSql, inputs: Inputs, values: Sequence[Given], *, some: bool) -> tuple[Touch, ...]:
    """`some`: the statement says that it touched rows."""
    sql = prepared.footprint
    return () if not prepared.writes or (not some and sql.counts) else sql.touches(inputs, values)


def _handed_back(draft: Draft, prepared: PreparedSql, selection: Selection) -> sa.ClauseElement:
    name, each = draft.name(), draft.name()
    columns = ", ".join(
        f"json_extract({each}.value, '$[{index}]') AS {draft.dialect.quoted(column.name)}"
        for index, column in enumerate(prepared.columns)
    )
    rows = Source((f"(SELECT {columns} FROM json_each(", draft.bind(EXTRA), f") AS {each}) AS {name}"))
    return over(draft, prepared, selection, name, rows)
