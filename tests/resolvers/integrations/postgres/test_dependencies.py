"""What PostgreSQL's catalogue says for live queries: of tables, views and functions."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.conftest import ask
from tests.resolvers.integrations.conftest import postgres_settings
from tidegate.resolvers.integrations.postgres.database import PostgresDatabase
from tidegate.resolvers.integrations.relational.reflection import Reflection
from tidegate.resolvers.integrations.relational.violations import Vocabulary

SCHEMA = """
    create schema sales;
    create domain short as varchar(3);
    create domain blank as char(3);
    create type mood as enum ('sad', 'glad');
    create table people (
        id integer primary key, name text, code char(3), coded blank, nick short, mood mood, spot name, exact numeric,
        boss integer references people on delete set null
    );
    create table sales.orders (
        id integer primary key, person integer references people on delete cascade, code text unique
    );
    create table lines (id integer primary key, order_code text references sales.orders (code) on update cascade);
    create table notes (id integer primary key, person integer references people on delete cascade);
    create table plain (id integer primary key, person integer references people);
    create table log (text text);
    create function note_it() returns trigger language plpgsql as
        $$ begin insert into log values ('x'); return new; end $$;
    create function tell_it() returns trigger language plpgsql as $$ begin return null; end $$;
    create trigger noted after insert or delete on notes for each row execute function note_it();
    create trigger tidegate_plain after insert on plain for each statement execute function tell_it();
    create table ruled (id integer);
    create rule quiet as on delete to ruled do also insert into log values ('x');
    create table parent (id integer);
    create table child (extra integer) inherits (parent);
    create table measures (at date not null, value float8) partition by range (at);
    create table measures_2026 partition of measures for values from ('2026-01-01') to ('2027-01-01');
    create function number_it() returns integer language plpgsql as $$ begin return 1; end $$;
    create table numbered (id integer default number_it());
    create table secret (id integer);
    alter table secret enable row level security;
    create view orders_of as select p.name, o.id from people p join sales.orders o on o.person = p.id;
    create view names as select distinct name from orders_of;
    create materialized view kept as select count(*) as n from names, measures_2026;
    create view secrets as select * from secret;
    create view called as select number_it() as n;
    create view system as select relname from pg_class;
    create view setting as select current_setting('tidegate.x') as x;
    create view now_and_then as select now() as at, lower(name) as name from people;
    create view written as select id from plain;
    create function write_it() returns trigger language plpgsql as $$ begin return new; end $$;
    create trigger writes instead of insert on written for each row execute function write_it();
    create function plus_it(integer, integer) returns integer language sql as $$ select 1 $$;
    create operator <+> (leftarg = integer, rightarg = integer, function = plus_it);
"""


@pytest.fixture
async def reflected(postgres_database: str) -> AsyncIterator[Reflection]:
    await ask(postgres_database, SCHEMA)
    database = PostgresDatabase("db", postgres_settings(postgres_database), Vocabulary())
    yield await database.open()
    await database.close()


async def test_identities(reflected: Reflection) -> None:
    tables = reflected.tables
    assert (tables["people"].identity, tables["sales.orders"].identity) == ("public.people", "sales.orders")
    assert len({table.identity for table in tables.values()}) == len(tables)


async def test_plain_columns(reflected: Reflection) -> None:
    columns = reflected.tables["people"].columns
    assert [name for name, column in columns.items() if not column.plain] == ["code", "coded", "spot"]


async def test_sources_of_views(reflected: Reflection) -> None:
    found = {name: table.sources for name, table in reflected.tables.items() if table.is_view}
    both = frozenset({"public.people", "sales.orders"})
    assert found == {
        "orders_of": both,
        "names": both,
        "kept": both | {"public.measures"},
        "secrets": None,
        "called": None,
        "system": None,
        "setting": None,
        "now_and_then": frozenset({"public.people"}),
        "written": frozenset({"public.plain"}),
    }
    assert all(table.sources is None for table in reflected.tables.values() if not table.is_view)


async def test_effects(reflected: Reflection) -> None:
    tables = reflected.tables
    effects = {name: table.effects for name, table in tables.items() if not table.is_view and table.effects}
    assert effects == {"child": frozenset({"public.parent"}), "parent": frozenset({"public.child"})}
    wild = {name for name, table in tables.items() if not table.is_view and table.effects is None}
    assert wild == {"notes", "ruled", "numbered"}
    assert tables["written"].effects is None
    assert tables["orders_of"].effects == frozenset()


async def test_foreign_keys_carry_removals_and_moves_on(reflected: Reflection) -> None:
    tables = reflected.tables
    # Deleting a person deletes notes, and those have a trigger.
    assert tables["people"].removals is None
    assert tables["people"].moves == frozenset()
    assert tables["sales.orders"].removals == frozenset()
    assert (tables["sales.orders"].moves, tables["sales.orders"].referenced) == (
        frozenset({"public.lines"}),
        frozenset({"code"}),
    )
    # A constraint that only refuses changes nothing.
    assert "public.plain" not in (tables["people"].moves or ())


async def test_opaque_tables(reflected: Reflection) -> None:
    assert [name for name, table in reflected.tables.items() if table.opaque] == ["secret"]


async def test_functions_of_which_nobody_knows(reflected: Reflection) -> None:
    strange = {"note_it", "number_it", "current_setting", "query_to_xml", "pg_read_file", "lo_get", "<+>"}
    assert strange <= reflected.functions
    known = {"lower", "now", "random", "nextval", "to_char", "coalesce", "json_agg", "gen_random_uuid", "pg_sleep"}
    assert not known & reflected.functions


async def test_the_source_is_the_database_whoever_asks(postgres_database: str, reflected: Reflection) -> None:
    again = PostgresDatabase("other", postgres_settings(postgres_database), Vocabulary())
    assert (await again.open()).source == reflected.source
    await again.close()
