"""What SQLite's catalogue says for live queries: of tables and views."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tidegate.resolvers.integrations.relational.reflection import Reflection
from tidegate.resolvers.integrations.sqlite.catalogue import reflect

SCHEMA = """
    create table People (
        id integer primary key, email text, code string, ok boolean, token uuid, at datetime, n numeric, any_thing,
        boss integer references people on delete set null, loud text generated always as (upper(email))
    );
    create table folded (login text collate nocase, id integer);
    create table orders (id integer primary key, person integer references PEOPLE on delete cascade, code text unique);
    create table lines (id integer primary key, order_code text references orders (code) on update set null);
    create table notes (id integer primary key, person integer references people on delete cascade);
    create table log (text text);
    create table audited (id integer primary key);
    create trigger noted after delete on audited begin insert into log values ('x'); end;
    create table hangs (id integer primary key, audited integer references audited on delete cascade);
    create table tops (id integer primary key, hang integer references hangs on delete cascade);
    create table replacing (id integer primary key on /* see below */ conflict -- so
        replace, person integer);
    create virtual table found using fts5 (body);
    create view orders_of as select p.email, o.id from people p join orders o on o.person = p.id;
    create view emails as select distinct email from Orders_Of where 'orders' <> '';
    create view listed as select * from notes where person in people;
    create view strange as select * from pragma_table_info('people');
    create view schema_of as select name from sqlite_schema;
    create view searched as select body from found;
    create view named as with notes as (select 1 as id) select id from notes;
"""


@pytest.fixture
def reflected() -> Iterator[Reflection]:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA)
    yield reflect(connection)
    connection.close()


def test_identities(reflected: Reflection) -> None:
    assert reflected.tables["People"].identity == "people"
    assert len({table.identity for table in reflected.tables.values()}) == len(reflected.tables)


def test_plain_columns(reflected: Reflection) -> None:
    tables = reflected.tables
    people = [name for name, column in tables["People"].columns.items() if column.plain]
    assert people == ["id", "email", "ok", "token", "boss"]
    assert not any(column.plain for name in ("folded", "found") for column in tables[name].columns.values())


def test_sources_of_views(reflected: Reflection) -> None:
    assert {name: table.sources for name, table in reflected.tables.items() if table.is_view} == {
        "orders_of": frozenset({"people", "orders"}),
        "emails": frozenset({"people", "orders"}),
        "listed": frozenset({"notes", "people"}),
        "strange": None,
        "schema_of": None,
        "searched": None,
        # Whether a name means a table or a WITH is left open.
        "named": frozenset({"notes"}),
    }


def test_effects(reflected: Reflection) -> None:
    tables = reflected.tables
    assert {name for name, table in tables.items() if table.effects is None and not table.is_view} == {
        "audited",
        "found",
    }
    assert tables["replacing"].effects == frozenset({"replacing"})
    assert tables["People"].removals == frozenset({"people", "orders", "notes"})
    assert (tables["orders"].moves, tables["orders"].referenced) == (frozenset({"lines"}), frozenset({"code"}))
    assert tables["hangs"].removals == frozenset({"tops"})
    assert tables["People"].moves == frozenset()


def test_a_trigger_further_on_is_reached(reflected: Reflection) -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA + "create trigger t after delete on tops begin delete from log; end;")
    tables = reflect(connection).tables
    connection.close()
    assert tables["hangs"].removals is None
    assert tables["hangs"].effects == frozenset()


def test_opaque_tables(reflected: Reflection) -> None:
    assert [name for name, table in reflected.tables.items() if table.opaque] == ["found"]


def test_the_source_is_the_file_by_whatever_path(tmp_path: Path) -> None:
    sources = []
    sqlite3.connect(tmp_path / "a.db").execute("create table t (id)").connection.close()
    os.link(tmp_path / "a.db", tmp_path / "b.db")
    for name in ("a.db", "b.db", "c.db", ":memory:", ":memory:"):
        connection = sqlite3.connect(name if name == ":memory:" else tmp_path / name)
        connection.execute("pragma user_version = 1")
        sources.append(reflect(connection).source)
        connection.close()
    assert sources[0] == sources[1]
    assert len(set(sources)) == 4
