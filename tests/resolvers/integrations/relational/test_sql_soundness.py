"""Random data, the corpus and a real database: whatever changes an answer concerns its reads, and whatever a write of
the corpus changed is covered by its touches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.resolvers.integrations.relational.corpus import footprint_of, statements
from tests.resolvers.integrations.relational.stores import (
    Dump,
    Row,
    Rows,
    Store,
    mysql_store,
    postgres_store,
    sqlite_store,
)
from tidegate.core.expressions import Reference
from tidegate.core.footprint import Key, Read, Touch, Verdict, judge
from tidegate.core.json import Json
from tidegate.resolvers.integrations.relational.drafts import Draft, Statement
from tidegate.resolvers.integrations.relational.inputs import GivenValues, Inputs, Shaping
from tidegate.resolvers.integrations.relational.raw_rows import author_sql
from tidegate.resolvers.integrations.relational.reach import image_of
from tidegate.resolvers.integrations.relational.reflection import Reflection
from tidegate.resolvers.integrations.relational.sql_footprints import SqlFootprint
from tidegate.resolvers.integrations.relational.tables import ReflectedTable

SETTINGS: Final = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))

CHANGES: Final = 5
"""One after the other, to the same rows."""

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
    "posts": {"id": few, "title": st.sampled_from(["a", "red", "open"]), "length": maybe},
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


class Asked:
    """A statement of the corpus, as it is sent to the database."""

    def __init__(self, footprint: SqlFootprint) -> None:
        self.footprint = footprint
        self.inputs = Inputs()
        draft = Draft(footprint.setting, GivenValues(self.inputs, Shaping(), None), 0)
        self.statement: Statement = draft.finish(author_sql(draft, footprint.text))
        footprint.place(self.inputs)

    def given(self, values: Mapping[str, Json]) -> list[Json]:
        return [values[each.path[-1]] for each in self.inputs.expressions if isinstance(each, Reference)]

    def run(self, store: Store, values: Mapping[str, Json]) -> Rows | None:
        """Whatever order the rows come in; none where the database refuses it."""
        rows = store.rows(self.statement.sql, self.statement.arguments(self.given(values)))
        return None if rows is None else sorted(rows, key=repr)

    def reads(self, values: Mapping[str, Json]) -> Sequence[Read]:
        return self.footprint.reads(self.inputs, self.given(values))

    def touches(self, values: Mapping[str, Json]) -> Sequence[Touch]:
        return self.footprint.touches(self.inputs, self.given(values))


class World:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.reflection = store.reflection
        corpus = [footprint_of(store.kind, store.reflection, each) for each in statements(store.kind)]
        self.reads = [Asked(each) for each in corpus if not each.text.writes]
        self.writes = [Asked(each) for each in corpus if each.text.writes]
        self.tables = {name: columns for name, columns in TABLES.items() if name in store.reflection.tables}

    def fill(self, data: st.DataObject) -> None:
        for table, columns in self.tables.items():
            for row in data.draw(st.lists(st.fixed_dictionaries(dict(columns)), max_size=5), label=table):
                self.insert(table, row)

    def insert(self, table: str, row: Row) -> None:
        # Rows that break a rule are left out.
        self.store.rows(f"insert into {table} ({', '.join(row)}) values ({self._marks(len(row))})", list(row.values()))

    def _marks(self, count: int) -> str:
        if self.store.kind == "postgres":
            return ", ".join(f"${number}" for number in range(1, count + 1))
        return ", ".join([{"sqlite": "?", "mysql": "%s"}[self.store.kind]] * count)

    def change(self, data: st.DataObject) -> None:
        """Somebody writes one row."""
        table = data.draw(st.sampled_from(sorted(self.tables)), label="changed")
        row = data.draw(st.fixed_dictionaries(dict(TABLES[table])), label="new")
        key = next(iter(TABLES[table]))
        match data.draw(st.sampled_from(["insert", "update", "delete"]), label="how"):
            case "insert":
                self.insert(table, row)
            case "delete":
                self.store.rows(f"delete from {table} where {key} = {self._marks(1)}", [row[key]])
            case _:
                column = data.draw(st.sampled_from(sorted(row)), label="column")
                new, old = self._marks(2).split(", ")
                sql = f"update {table} set {column} = {new} where {key} = {old}"
                self.store.rows(sql, [row[column], row[key]])


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


@pytest.fixture(params=["sqlite", "postgres", "mysql"], scope="module")
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    match request.param:
        case "sqlite":
            opened = sqlite_store()
        case "postgres":
            opened = postgres_store(request.getfixturevalue("postgres_url"))
        case _:
            opened = mysql_store(request.getfixturevalue("mysql_server"))
    with opened as store:
        yield World(store)


def missed_reads(world: World, data: st.DataObject) -> Iterator[str]:
    """What is wrong: an answer changed and no read was concerned."""
    values = data.draw(st.fixed_dictionaries({**VALUES}), label="values")
    world.store.execute("begin")
    try:
        world.fill(data)
        before, dump = [each.run(world.store, values) for each in world.reads], world.store.dump()
        for _ in range(CHANGES):
            world.change(data)
            changed = world.store.dump()
            touches = [_true_touch(each) for each in _changes(world.reflection, dump, changed)]
            after = [each.run(world.store, values) for each in world.reads] if touches else before
            for asked, answer, other in zip(world.reads, before, after, strict=True):
                if other == answer or answer is None:
                    continue
                reads = asked.reads(values)
                if not any(judge(read, touch) is Verdict.CONCERNED for read in reads for touch in touches):
                    yield f"{asked.statement.sql}: {answer} became {other}, reads {reads}, touches {touches}"
            before, dump = after, changed
    finally:
        world.store.execute("rollback")


def missed_touches(world: World, data: st.DataObject) -> Iterator[str]:
    """What is wrong: a row changed and no touch covers it."""
    values = data.draw(st.fixed_dictionaries({**VALUES}), label="values")
    world.store.execute("begin")
    try:
        world.fill(data)
        before = world.store.dump()
        for asked in world.writes:
            world.store.execute("savepoint one")
            done = asked.run(world.store, values) is not None
            after = world.store.dump() if done else before
            world.store.execute("rollback to one")
            touches = asked.touches(values) if done else ()
            for changed in _changes(world.reflection, before, after):
                for read in _keyed_reads(changed):
                    if not any(judge(read, touch) is Verdict.CONCERNED for touch in touches):
                        yield f"{asked.statement.sql}: {changed} is not among {touches}"
    finally:
        world.store.execute("rollback")


@SETTINGS
@given(data=st.data())
def test_no_answer_changes_without_a_read_concerned(world: World, data: st.DataObject) -> None:
    assert list(missed_reads(world, data)) == []


@SETTINGS
@given(data=st.data())
def test_no_row_changes_without_a_touch_that_covers_it(world: World, data: st.DataObject) -> None:
    assert list(missed_touches(world, data)) == []
