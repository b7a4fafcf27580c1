"""What MySQL's own types look like to clients, how they are compared and sorted, and pages of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mariadb import Server
from tests.resolvers.integrations.relational.desk import Desk, mysql_place, opened

TABLES = """
create table `things` (
    `id` integer unsigned auto_increment primary key, `name` varchar(50) character set latin1,
    `loud` varchar(50), `mood` enum('sad', 'glad', 'mad'), `flag` bit(1), `tiny` tinyint(1), `ratio` float,
    `great` bigint unsigned, `key_` binary(16), `moods` set('x', 'y', 'z'), `year_` year, `at` datetime, `on_` date,
    `clock` time(3), `text_` longtext, `amount` decimal(12, 2), `parent` integer unsigned
) collate utf8mb4_general_ci;
create table `pets` (`id` varchar(20) primary key, `owner` varchar(50)) collate utf8mb4_unicode_ci;
"""
OBJECTS = """
things:
  integration: db
  table: things
  key: id
  type: Thing
  columns: { key: { column: key_ }, year: { column: year_ }, on: { column: on_ }, text: { column: text_ } }
  relations:
    children: { many: things, on: { parent: id }, orderBy: [-mood, id], limit: 2 }
    pets: { many: pets, on: { owner: loud }, orderBy: id }
  access: { read: { anonymous: all }, create: { anonymous: all } }
pets:
  integration: db
  table: pets
  key: id
  type: Pet
  access: { read: { anonymous: all }, create: { anonymous: all }, update: { anonymous: all } }
"""
TYPES = """
enum Mood { sad glad mad }
type Thing {
  id: ID! name: String loud: String mood: Mood flag: Boolean tiny: Boolean ratio: Float great: BigInt key: UUID
  moods: String year: Int at: DateTime on: Date clock: Time text: JSON amount: Decimal parent: Int
  children: [Thing!]! pets: [Pet!]!
}
type Pet { id: ID! owner: String }
"""
FIELDS = "name loud mood flag tiny ratio great key moods year at on clock text amount"
OPERATIONS = """
things: { kind: query, minRole: anonymous,
  args: { where: ThingFilter, orderBy: "[ThingOrder!]", first: Int, after: String },
  returns: ThingConnection!,
  run: { use: things, list: { where: $args.where, orderBy: $args.orderBy, limit: $args.first, after: $args.after } } }
create: { kind: mutation, minRole: anonymous,
  args: { name: String, loud: String, mood: Mood, flag: Boolean, tiny: Boolean,
  ratio: Float, great: BigInt, key: UUID, moods: String, year: Int, at: DateTime, on: Date, clock: Time, text: JSON,
  amount: Decimal, parent: Int }, returns: Thing!, run: { use: things, create: { name: $args.name, loud: $args.loud,
  mood: $args.mood, flag: $args.flag, tiny: $args.tiny, ratio: $args.ratio, great: $args.great, key: $args.key,
  moods: $args.moods, year: $args.year, at: $args.at, on: $args.on, clock: $args.clock, text: $args.text,
  amount: $args.amount, parent: $args.parent } } }
pet: { kind: mutation, minRole: anonymous, args: { id: ID!, owner: String }, returns: Pet!,
  run: { use: pets, create: { id: $args.id, owner: $args.owner } } }
renamePet: { kind: mutation, minRole: anonymous, args: { was: ID!, id: ID! }, returns: Pet!,
  run: { use: pets, update: { where: { id: $args.was }, set: { id: $args.id } } } }
raw: { kind: query, minRole: anonymous, returns: "[Thing!]!",
  run: { use: db, sql: "select * from things order by id desc" } }
clear: { kind: mutation, minRole: anonymous, returns: Int!, run: { use: db, sql: "delete from things" } }
"""
FIRST = {
    "name": 'é "x" \\',
    "loud": "Ada",
    "mood": "mad",
    "flag": True,
    "tiny": False,
    "ratio": 0.1,
    "great": "9223372036854775807",
    "key": "0b0e7a1e-8c4e-4a7b-9d6e-1f2a3b4c5d6e",
    "moods": "x,z",
    "year": 2026,
    "at": "2026-11-21T05:47:00Z",
    "on": "2026-02-28",
    "clock": "05:47:09.5",
    "text": {"a": [1, "b"]},
    "amount": "12.50",
}


@pytest.fixture(scope="module")
def desk(mysql_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    others = {
        "types.graphql": TYPES,
        "objects/all.yaml": OBJECTS,
        "operations/all.yaml": OPERATIONS,
        "sql/0001_tables.sql": TABLES,
    }
    folder: Path = tmp_path_factory.mktemp("columns")
    with mysql_place(mysql_server, "utf8mb4_general_ci") as url, opened(folder, "mysql", url, others) as made:
        yield made


def create(desk: Desk, **values: Any) -> Any:
    """Any: JSON."""
    arguments = "$name: String $loud: String $mood: Mood $flag: Boolean $tiny: Boolean $ratio: Float $great: BigInt "
    arguments += "$key: UUID $moods: String $year: Int $at: DateTime $on: Date $clock: Time $text: JSON "
    arguments += "$amount: Decimal $parent: Int"
    given = " ".join(f"{name}: ${name}" for name in (*FIELDS.split(), "parent"))
    return desk.data(f"mutation ({arguments}) {{ create({given}) {{ id {FIELDS} }} }}", variables=values)["create"]


def test_types_of_mysql(desk: Desk) -> None:
    desk.data("mutation { clear }")
    made = create(desk, **FIRST)
    assert made == {**FIRST, "id": made["id"]}
    query = f"query ($where: ThingFilter) {{ things(where: $where) {{ nodes {{ {FIELDS} }} }} }}"
    for name, value in FIRST.items():
        if name in ("text", "flag", "tiny", "moods"):
            continue
        for comparison in ({"eq": value}, {"in": [value]}):
            found = desk.data(query, variables={"where": {name: comparison}})["things"]["nodes"]
            if name == "ratio":
                # As MySQL has it: the nearest FLOAT is not the number that was sent.
                assert found == []
            else:
                assert found == [FIRST], (name, comparison)
    assert desk.data(f"{{ raw {{ {FIELDS} }} }}")["raw"] == [FIRST]


def test_what_no_promise_holds_for(desk: Desk) -> None:
    desk.data("mutation { clear }")
    desk.run("insert into things (id, tiny, ratio, clock, text_) values (1, 2, 16777216, '838:59:59', 'no json')")
    found = desk.data("{ things { nodes { ratio text tiny } } }")["things"]["nodes"]
    # What is no JSON is a text, and any number but 0 is true for GraphQL.
    assert found == [{"ratio": 16777216, "text": "no json", "tiny": True}]
    errors = desk.ask("{ things { nodes { clock } } }")["errors"]
    assert [error["path"] for error in errors] == [["things", "nodes", 0, "clock"]]


@pytest.mark.parametrize(
    "order", ["mood_ASC", "mood_DESC", "ratio_ASC", "great_DESC", "key_ASC", "loud_ASC", "at_DESC"]
)
def test_pages_in_the_order_of_the_database(desk: Desk, order: str) -> None:
    """Labels in the order in which they were declared; texts whatever their letters' case."""
    desk.data("mutation { clear }")
    keys = [f"0b0e7a1e-8c4e-4a7b-9d6e-1f2a3b4c5d0{number}" for number in range(4)]
    for number in range(9):
        mood = (None, "sad", "glad", "mad")[number % 4]
        ratio, great = (None, 0.1, 1e10, -2.5)[number * 3 % 4], (None, "9223372036854775807", "5")[number % 3]
        at = (None, "2026-11-21T05:47:00Z", "1999-01-01T00:00:00Z")[number % 3]
        loud = (None, "b", "A", "a", "B")[number % 5]
        create(desk, mood=mood, ratio=ratio, great=great, key=(*keys, None)[number % 5], loud=loud, at=at)
    query = """query ($orderBy: [ThingOrder!], $first: Int, $after: String) {
        things(orderBy: $orderBy, first: $first, after: $after) {
            nodes { id mood } pageInfo { endCursor hasNextPage } } }"""
    whole = desk.data(query, variables={"orderBy": [order], "first": 50})["things"]["nodes"]
    assert len(whole) == 9
    if order == "mood_ASC":
        assert [node["mood"] for node in whole] == ["sad"] * 2 + ["glad"] * 2 + ["mad"] * 2 + [None] * 3
    after, seen, more = None, [], True
    while more:
        page = desk.data(query, variables={"orderBy": [order], "first": 2, "after": after})["things"]
        seen += page["nodes"]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert seen == whole


def test_equal_is_what_the_column_takes_for_equal_and_contains_is_to_the_letter(desk: Desk) -> None:
    desk.data("mutation { clear }")
    for loud in ("Ada", "ada ", "Bob"):
        create(desk, loud=loud)
    query = "query ($where: ThingFilter) { things(where: $where) { totalCount } }"
    for comparison, count in (
        ({"eq": "ADA"}, 2),
        ({"in": ["ADA", "x"]}, 2),
        ({"ne": "ADA"}, 1),
        ({"contains": "Ad"}, 1),
        ({"startsWith": "ad"}, 1),
        ({"containsAnyCase": "AD"}, 2),
        ({"eqAnyCase": "ADA"}, 1),
        ({"endsWith": "b"}, 1),
    ):
        found = desk.data(query, variables={"where": {"loud": comparison}})["things"]
        assert found == {"totalCount": count}, comparison


def test_relations_and_keys_of_texts(desk: Desk) -> None:
    desk.data("mutation { clear }")
    parent = int(create(desk, loud="ada")["id"])
    for mood in ("sad", "mad", "glad"):
        create(desk, mood=mood, parent=parent)
    for name in ("Rex", 'it\'s ["1"]'):
        desk.data("mutation ($id: ID!) { pet(id: $id, owner: null) { id } }", variables={"id": name})
    renamed = desk.data('mutation { renamePet(was: "REX", id: "Max ") { id } }')["renamePet"]
    assert renamed == {"id": "Max "}
    query = """query ($where: ThingFilter) { things(where: $where) {
        nodes { children { mood } two: children(limit: 1, offset: 1) { mood } } } }"""
    found = desk.data(query, variables={"where": {"id": {"eq": str(parent)}}})["things"]["nodes"]
    assert found == [{"children": [{"mood": "mad"}, {"mood": "glad"}], "two": [{"mood": "glad"}]}]
