"""MariaDB's catalogue, read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.mariadb import Server
from tests.resolvers.integrations.conftest import mysql_settings
from tidegate.resolvers.integrations.mysql.database import MysqlDatabase
from tidegate.resolvers.integrations.relational.reflection import Reflection
from tidegate.resolvers.integrations.relational.tables import Family, ForeignKey
from tidegate.resolvers.integrations.relational.violations import Vocabulary

SCHEMA = """
    create table people (
        id bigint unsigned auto_increment primary key,
        mail varchar(90) not null unique,
        nick varchar(20) comment 'How friends call them.',
        exactly varchar(20) collate utf8mb4_nopad_bin,
        nearly varchar(20) collate utf8mb4_bin,
        mood enum('sad', 'it''s fine', 'glad') default 'glad',
        boss bigint unsigned references people (id) on delete set null on update cascade,
        loud text as (upper(nick)) stored,
        quiet text as (lower(nick)) virtual,
        tiny tinyint, small smallint unsigned, medium mediumint, whole int unsigned, yes boolean, bits bit(3), bit bit,
        amount decimal(10, 2), ratio float, exact double, born year,
        at timestamp not null default current_timestamp on update current_timestamp, local datetime(6), day date,
        hour time, vast bigint unsigned, uid uuid, doc json, raw varbinary(20), filled binary(4), large longblob,
        tags set('a', 'b'), spot point, `Odd ``Name` text, age int, constraint adult check (age >= 18),
        unique key short_nick (nick(3))
    ) comment 'Everybody.'
    create table orders (
        year int, number int, person bigint unsigned not null, state varchar(9),
        primary key (year, number), constraint one_each unique (person, year),
        constraint theirs foreign key (person) references people (id) on delete cascade,
        constraint order_state check (state in ('new', 'paid'))
    )
    create table log (line text)
    create view open_orders as select o.*, p.mail from orders o join people p on p.id = o.person where state = 'new'
    create view counted as with o as (select * from open_orders) select count(*) as n from o
    create function peek() returns int reads sql data return (select count(*) from log)
    create view peeked as select id, peek() as n from people
    create trigger stamp before update on orders for each row set new.state = lower(new.state)
    create trigger noted after insert on log for each row insert into orders (year, number, person) values (1, 1, 1)
"""


@pytest.fixture
async def reflected(mysql_server: Server, mysql_database: str) -> AsyncIterator[tuple[str, Reflection]]:
    name = urlsplit(mysql_database).path[1:]
    for statement in SCHEMA.replace("\n    create", "\n\0create").split("\0")[1:]:
        mysql_server.ask(statement, database=name)
    database = MysqlDatabase("db", mysql_settings(mysql_database), Vocabulary())
    yield name, await database.open()
    await database.close()


async def test_tables_and_columns(reflected: tuple[str, Reflection]) -> None:
    _, found = reflected
    assert list(found.tables) == ["counted", "log", "open_orders", "orders", "peeked", "people"]
    assert [name for name, table in found.tables.items() if table.is_view] == ["counted", "open_orders", "peeked"]
    people = found.tables["people"]
    assert people.comment == "Everybody."
    assert {name: str(column.family) for name, column in people.columns.items()} == {
        "id": "bigint", "mail": "text", "nick": "text", "exactly": "text", "nearly": "text", "mood": "enum",
        "boss": "bigint", "loud": "text", "quiet": "text", "tiny": "smallint", "small": "integer", "medium": "integer",
        "whole": "bigint", "yes": "boolean", "bits": "other", "bit": "boolean", "amount": "numeric", "ratio": "real",
        "exact": "float", "born": "smallint", "at": "timestamptz", "local": "timestamp", "day": "date", "hour": "time",
        "uid": "uuid", "vast": "numeric", "doc": "json", "raw": "bytea", "filled": "bytea", "large": "bytea",
        "tags": "text", "spot": "other", "Odd `Name": "text", "age": "integer",
    }  # fmt: skip
    assert people.columns["mood"].values == ("sad", "it's fine", "glad")
    assert people.columns["nick"].comment == "How friends call them."
    assert people.columns["amount"].declared == "decimal(10,2)"
    columns = people.columns.values()
    assert {column.name for column in columns if not column.nullable} == {"id", "mail", "at"}
    assert {column.name for column in columns if column.has_default} == {"id", "mood", "at"}
    assert {column.name for column in columns if column.generated} == {"loud", "quiet"}
    # Most texts are equal that are written differently.
    assert {column.name for column in columns if not column.plain} == {
        "mail", "nick", "nearly", "mood", "loud", "quiet", "doc", "filled", "tags", "spot", "Odd `Name", "bits",
    }  # fmt: skip
    assert found.release >= 1006
    assert found.tables["log"].columns["line"].family is Family.TEXT


async def test_keys_and_rules(reflected: tuple[str, Reflection]) -> None:
    _, found = reflected
    people, orders = found.tables["people"], found.tables["orders"]
    assert (people.primary_key, people.unique, people.is_folded) == (("id",), (("mail",),), True)
    assert people.foreign_keys == (ForeignKey(("boss",), "people", ("id",)),)
    assert (orders.primary_key, orders.unique, orders.is_folded) == (("year", "number"), (("person", "year"),), False)
    assert orders.foreign_keys == (ForeignKey(("person",), "people", ("id",)),)
    assert found.constraints["orders", "one_each"] == ("person", "year")
    assert found.constraints["orders", "theirs"] == ("person",)
    assert found.constraints["orders", "order_state"] == ("state",)
    assert found.constraints["people", "mail"] == ("mail",)
    assert "peek" in found.functions


async def test_what_writes_carry_with_them(reflected: tuple[str, Reflection]) -> None:
    name, found = reflected
    people, orders, log = found.tables["people"], found.tables["orders"], found.tables["log"]
    assert people.identity == f"{name}.people"
    assert (people.effects, people.stamped) == (frozenset(), frozenset({"at"}))
    assert people.removals == frozenset({f"{name}.people", f"{name}.orders"})
    assert people.moves == frozenset({f"{name}.people"})
    assert people.referenced == frozenset({"id"})
    assert (orders.effects, orders.stamped) == (frozenset(), frozenset({"state"}))
    assert log.effects is None
    for view in ("open_orders", "counted"):
        assert found.tables[view].sources == frozenset({f"{name}.people", f"{name}.orders"})
    assert found.tables["open_orders"].effects == frozenset()
    assert found.tables["peeked"].sources is None


async def test_whoever_may_not_see_triggers_expects_anything(mysql_server: Server, mysql_database: str) -> None:
    name, user = urlsplit(mysql_database).path[1:], f"u{uuid4().hex[:12]}"
    mysql_server.ask("create table one (id int)", "create table two (id int)", database=name)
    mysql_server.ask(
        f"create user {user}@'%' identified by 'pw'", f"create user {user}@localhost identified by 'pw'",
        *(f"grant select, insert on {name}.* to {user}@{host}" for host in ("'%'", "localhost")),
        *(f"grant trigger on {name}.two to {user}@{host}" for host in ("'%'", "localhost")),
    )  # fmt: skip
    try:
        url = mysql_database.replace("tide:gate", f"{user}:pw")
        database = MysqlDatabase("db", mysql_settings(url), Vocabulary())
        found = await database.open()
        await database.close()
        assert (found.tables["one"].effects, found.tables["two"].effects) == (None, frozenset())
        mysql_server.ask(f"grant trigger on `{name.replace('_', chr(92) + '_')[:-3]}%`.* to {user}@localhost")
        found = await database.open()
        assert found.tables["one"].effects == frozenset()
    finally:
        mysql_server.ask(f"drop user {user}@'%', {user}@localhost")
