"""SQLite's catalogue, read."""

from __future__ import annotations

import sqlite3

import pytest

from tidegate.resolvers.integrations.relational.tables import Family, ForeignKey
from tidegate.resolvers.integrations.sqlite.catalogue import family_of, reflect

SCHEMA = """
    create table people (
        id integer primary key, mail text not null unique, nick varchar(20) default 'x', boss integer references people,
        loud text generated always as (upper(nick)), at datetime, yes boolean, doc json, raw blob, anything
    );
    create table orders (
        year integer, number integer, person integer not null references PEOPLE (id), primary key (year, number)
    );
    create table lines (
        year int, number int, position int, article text, primary key (year, number, position),
        foreign key (year, number) references orders
    ) without rowid;
    create table strict_one (code text primary key, n int not null) strict;
    create unique index lines_article on lines (article, number);
    create unique index lines_partial on lines (position) where position > 3;
    create unique index lines_computed on lines (lower(article));
    create view open_orders as select year, number + 1 as next from orders;
    create table tidegate_migrations (number integer primary key);
"""


def test_the_catalogue() -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA)
    reflection = reflect(connection)
    connection.close()
    tables = reflection.tables
    assert list(tables) == ["lines", "open_orders", "orders", "people", "strict_one"]
    people = tables["people"]
    assert people.primary_key == ("id",)
    assert people.unique == (("mail",),)
    assert people.foreign_keys == (ForeignKey(("boss",), "people", ("id",)),)
    assert {name: column.family for name, column in people.columns.items()} == {
        "id": Family.INTEGER,
        "mail": Family.TEXT,
        "nick": Family.TEXT,
        "boss": Family.INTEGER,
        "loud": Family.TEXT,
        "at": Family.TIMESTAMP,
        "yes": Family.BOOLEAN,
        "doc": Family.JSON,
        "raw": Family.BYTEA,
        "anything": Family.UNKNOWN,
    }
    assert [name for name, column in people.columns.items() if not column.nullable] == ["id", "mail"]
    assert [name for name, column in people.columns.items() if column.has_default] == ["id", "nick"]
    assert [name for name, column in people.columns.items() if column.generated] == ["loud"]
    assert people.columns["nick"].declared == "varchar(20)"
    assert tables["orders"].foreign_keys == (ForeignKey(("person",), "people", ("id",)),)
    # SQLite lets the key of an ordinary table be null.
    assert all(tables["orders"].columns[name].nullable for name in ("year", "number"))
    assert not any(tables["lines"].columns[name].nullable for name in ("year", "number", "position"))
    assert tables["lines"].foreign_keys == (ForeignKey(("year", "number"), "orders", ("year", "number")),)
    assert tables["lines"].unique == (("article", "number"),)
    assert (tables["strict_one"].strict, tables["people"].strict) == (True, False)
    assert not tables["strict_one"].columns["code"].nullable
    assert tables["open_orders"].is_view


@pytest.mark.parametrize(
    ("declared", "family"),
    [
        ("", Family.UNKNOWN),
        ("INT", Family.INTEGER),
        ("BIGINT", Family.BIGINT),
        ("TINYINT", Family.SMALLINT),
        ("NVARCHAR(160)", Family.TEXT),
        ("CLOB", Family.TEXT),
        ("NUMERIC(10,2)", Family.NUMERIC),
        ("DOUBLE PRECISION", Family.FLOAT),
        ("TIMESTAMP WITH TIME ZONE", Family.TIMESTAMPTZ),
        ("TIMESTAMP", Family.TIMESTAMP),
        ("DATE", Family.DATE),
        ("TIME", Family.TIME),
        ("BOOL", Family.BOOLEAN),
        ("UUID", Family.UUID),
        ("GEOMETRY", Family.OTHER),
    ],
)
def test_families(declared: str, family: Family) -> None:
    assert family_of(declared) is family
