"""Random data, the corpus and a real SQLite: whatever changes an answer concerns its reads, and whatever a write of
the corpus changed is covered by its touches."""

from __future__ import annotations

import sqlite3
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.resolvers.integrations.relational.corpus import FOLDER, footprint_of, statements
from tidegate.core.expressions import Reference
from tidegate.core.footprint import Key, Read, Touch, Verdict, judge
from tidegate.core.json import Json
from tidegate.resolvers.integrations.relational.inputs import Inputs
from tidegate.resolvers.integrations.relational.reach import image_of
from tidegate.resolvers.integrations.relational.reflection import Reflection
from tidegate.resolvers.integrations.relational.sql_footprints import SqlFootprint
from tidegate.resolvers.integrations.relational.sql_text import SqlText
from tidegate.resolvers.integrations.relational.tables import ReflectedTable
from tidegate.resolvers.integrations.sqlite.catalogue import reflect

SETTINGS: Final = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

Row = Mapping[str, Any]
"""Any: what SQLite holds."""
Dump = Mapping[str, Mapping[Hashable, Row]]
"""The rows of each table by what names them."""

few = st.integers(1, 4)
words = st.sampled_from(["a", "b", "A", "1", "open", "red"])
maybe = st.none() | few
TABLES: Final[Mapping[str, Mapping[str, st.SearchStrategy[Any]]]] = {
    "people": {"id": few, "email": words, "name": words, "team": st.none() | words, "age": maybe},
    "tickets": {
        "id": few,
        "title": words,
        "status": st.sampled_from(["open", "done"]),
        "author_id": maybe,
        "assignee_id": maybe,
        "points": maybe,
        "open": st.none() | st.booleans(),
        "note": st.none() | words,
    },
    "comments": {"id": few, "ticket_id": few, "author": words, "body": words, "parent_id": maybe},
    "tags": {"ticket_id": few, "tag": words},
    "accounts": {"login": words, "person_id": maybe},
    "codes": {"code": words, "n": maybe},
    "words": {"word": words | st.sampled_from(["01", "1.0"]), "n": maybe},
    "audited": {"id": few, "x": words},
}
VALUES: Final[Mapping[str, st.SearchStrategy[Json]]] = {
    "id": maybe | st.sampled_from(["1", "2", "x"]),
    "ids": st.lists(few),
    "other": few,
    "points": maybe,
    "title": words,
    "team": words,
    "name": words | st.sampled_from(["01", "1.0"]),
    "email": words,
}


@dataclass(frozen=True, slots=True)
class World:
    connection: sqlite3.Connection
    reflection: Reflection
    reads: Sequence[SqlFootprint]
    writes: Sequence[SqlFootprint]

    def fill(self, data: st.DataObject) -> None:
        for table, columns in TABLES.items():
            for row in data.draw(st.lists(st.fixed_dictionaries(dict(columns)), max_size=5), label=table):
                self.insert(table, row)

    def insert(self, table: str, row: Row) -> None:
        marks = ", ".join("?" * len(row))
        # Rows that break a rule are left out.
        self._try(f"insert into {table} ({', '.join(row)}) values ({marks})", list(row.values()))

    def _try(self, sql: str, arguments: Sequence[Any]) -> bool:
        try:
            self.connection.execute(sql, arguments).fetchall()
        except (sqlite3.IntegrityError, sqlite3.OperationalError):
            return False
        return True

    def run(self, text: SqlText, values: Mapping[str, Json]) -> list[Any] | None:
        """Rows; none where the database refuses it."""
        sql = "".join("?" if isinstance(part, Reference) else part for part in text.parts)
        arguments = [values[part.path[-1]] for part in text.parts if isinstance(part, Reference)]
        try:
            return self.connection.execute(sql, arguments).fetchall()
        except (sqlite3.IntegrityError, sqlite3.OperationalError):
            return None

    def change(self, data: st.DataObject) -> None:
        """Somebody writes one row."""
        table = data.draw(st.sampled_from(sorted(TABLES)), label="changed")
        row = data.draw(st.fixed_dictionaries(dict(TABLES[table])), label="new")
        key = next(iter(TABLES[table]))
        match data.draw(st.sampled_from(["insert", "update", "delete"]), label="how"):
            case "insert":
                self.insert(table, row)
            case "delete":
                self._try(f"delete from {table} where {key} = ?", [row[key]])
            case _:
                column = data.draw(st.sampled_from(sorted(row)), label="column")
                self._try(f"update {table} set {column} = ? where {key} = ?", [row[column], row[key]])

    def dump(self) -> Dump:
        found: dict[str, dict[Hashable, Row]] = {}
        for name, table in self.reflection.tables.items():
            if table.is_view:
                continue
            by = "ticket_id, tag" if name == "tags" else "rowid"
            cursor = self.connection.execute(f"select {by}, * from {name}")
            names = [each[0] for each in cursor.description][by.count(",") + 1 :]
            width = by.count(",") + 1
            found[name] = {row[:width]: dict(zip(names, row[width:], strict=True)) for row in cursor}
        return found


@dataclass(frozen=True, slots=True)
class Changed:
    table: ReflectedTable
    old: Row | None
    new: Row | None

    @property
    def columns(self) -> frozenset[str] | None:
        if self.old is None or self.new is None:
            return None
        return frozenset(name for name in self.old if _told_apart(self.old[name], self.new[name]))


def _told_apart(one: object, other: object) -> bool:
    return one != other or type(one) is not type(other)


def _changes(reflection: Reflection, before: Dump, after: Dump) -> Iterator[Changed]:
    for name in before:
        for key in before[name].keys() | after[name].keys():
            changed = Changed(reflection.tables[name], before[name].get(key), after[name].get(key))
            if changed.old is None or changed.new is None or changed.columns:
                yield changed


def _true_touch(changed: Changed) -> Touch:
    images = tuple(image_of(changed.table, row) for row in (changed.old, changed.new) if row is not None)
    return Touch("db", changed.table.identity, changed.columns, images)


def _keyed_reads(changed: Changed) -> Iterator[Read]:
    """Reads of nothing but what changed: of the row as it was, and as it is. A read looks at what it is keyed by."""
    for row in (changed.old, changed.new):
        if row is None:
            continue
        image = image_of(changed.table, row)
        keys = [Key(name, frozenset({form})) for name, form in image.items() if form is not None]
        if changed.columns is None:
            yield Read("db", changed.table.identity, None, tuple(keys))
            continue
        for column in changed.columns:
            told = [key for key in keys if key.column == column or key.column not in changed.columns]
            columns = {column, *(key.column for key in told)}
            yield Read("db", changed.table.identity, frozenset(columns), tuple(told))


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript((FOLDER / "sqlite.sql").read_text())
    connection.execute("pragma foreign_keys = on")
    reflection = reflect(connection)
    corpus = [footprint_of("sqlite", reflection, each) for each in statements("sqlite")]
    reads, writes = ([each for each in corpus if each.text.writes is writes] for writes in (False, True))
    yield World(connection, reflection, reads, writes)
    connection.close()


def missed_reads(world: World, data: st.DataObject) -> Iterator[str]:
    """What is wrong: an answer changed and no read was concerned."""
    values = data.draw(st.fixed_dictionaries({**VALUES}), label="values")
    world.connection.execute("begin")
    try:
        world.fill(data)
        before = [world.run(each.text, values) for each in world.reads]
        dump = world.dump()
        world.change(data)
        touches = [_true_touch(each) for each in _changes(world.reflection, dump, world.dump())]
        for footprint, answer in zip(world.reads, before, strict=True):
            after = world.run(footprint.text, values)
            if after == answer or answer is None:
                continue
            inputs = footprint.inputs()
            reads = footprint.reads(inputs, _given(inputs, values))
            if not any(judge(read, touch) is Verdict.CONCERNED for read in reads for touch in touches):
                yield f"{footprint.text.parts}: {answer} became {after}, reads {reads}, touches {touches}"
    finally:
        world.connection.execute("rollback")


def missed_touches(world: World, data: st.DataObject) -> Iterator[str]:
    """What is wrong: a row changed and no touch covers it."""
    values = data.draw(st.fixed_dictionaries({**VALUES}), label="values")
    world.connection.execute("begin")
    try:
        world.fill(data)
        before = world.dump()
        for footprint in world.writes:
            world.connection.execute("savepoint one")
            done = world.run(footprint.text, values) is not None
            after = world.dump()
            world.connection.execute("rollback to one")
            inputs = footprint.inputs()
            touches = footprint.touches(inputs, _given(inputs, values)) if done else ()
            for changed in _changes(world.reflection, before, after):
                for read in _keyed_reads(changed):
                    if not any(judge(read, touch) is Verdict.CONCERNED for touch in touches):
                        yield f"{footprint.text.parts}: {changed} is not among {touches}"
    finally:
        world.connection.execute("rollback")


def _given(inputs: Inputs, values: Mapping[str, Json]) -> list[Json]:
    return [values[each.path[-1]] for each in inputs.expressions if isinstance(each, Reference)]


@SETTINGS
@given(data=st.data())
def test_no_answer_changes_without_a_read_concerned(world: World, data: st.DataObject) -> None:
    assert list(missed_reads(world, data)) == []


@SETTINGS
@given(data=st.data())
def test_no_row_changes_without_a_touch_that_covers_it(world: World, data: st.DataObject) -> None:
    assert list(missed_touches(world, data)) == []
