"""Tables and columns with names that need quotes, in schemas, with types of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.resolvers.integrations.relational.desk import Desk, opened

TYPES = """
enum Mood { glad sad }
type Odd { select: ID! Mixed: String group: Int order: [Odd!]! parent: Odd moods: [Mood!] mood: Mood }
type Found { select: ID! theGroup: Int }
input NewOdd { Mixed: String! group: Int moods: [Mood!] mood: Mood }
"""
OBJECTS = """
odds:
  integration: db
  table: TABLE
  key: select
  type: Odd
  columns: { select: { column: select }, Mixed: { column: 'Mixed "Case" ?:x %s' }, group: { column: group } }
  relations:
    order: { many: odds, on: { group: select }, orderBy: -Mixed }
    parent: { one: odds, on: { select: group } }
  access: { read: { anonymous: all }, create: { anonymous: { not: { Mixed: refused } } }, update: { anonymous: all },
    delete: { anonymous: all } }
"""
OPERATIONS = """
odds: { kind: query, minRole: anonymous, args: { where: OddFilter, after: String, orderBy: "[OddOrder!]" },
  returns: OddConnection!,
  run: { use: odds, list: { where: $args.where, orderBy: $args.orderBy, after: $args.after } } }
create: { kind: mutation, minRole: anonymous, args: { Mixed: String!, group: Int, mood: Mood, moods: "[Mood!]" },
  returns: Odd!,
  run: { use: odds, create: { Mixed: $args.Mixed, group: $args.group, mood: $args.mood, moods: $args.moods } } }
createMany: { kind: mutation, minRole: anonymous, args: { rows: "[NewOdd!]!" }, returns: "[Odd!]!",
  run: { use: odds, createMany: { rows: $args.rows } } }
update: { kind: mutation, minRole: anonymous, args: { id: ID!, group: Int }, returns: Odd!,
  run: { use: odds, update: { where: { select: $args.id }, set: { group: $args.group } } } }
delete: { kind: mutation, minRole: anonymous, args: { id: ID! }, returns: Odd!,
  run: { use: odds, delete: { where: { select: $args.id } } } }
raw: { kind: query, minRole: anonymous, args: { s: String! }, returns: "[Found!]!",
  run: { use: db,
    sql: 'select "select", "group" as "theGroup" from TABLE where ''a:b ? %s {{ args.s }}'' <> '''' order by 1' } }
"""
SQL = {
    "sqlite": """create table "Odd Table" ("select" integer primary key, "Mixed ""Case"" ?:x %s" text not null,
        "group" integer, moods json, mood text)""",
    "postgres": """create schema "S p"; create type "S p"."Mood" as enum ('glad', 'sad');
        create table "S p"."Odd Table" ("select" bigserial primary key, "Mixed ""Case"" ?:x %s" varchar(20) not null,
        "group" bigint, moods "S p"."Mood"[], mood "S p"."Mood")""",
    "mysql": """create table `Odd Table` (`select` integer auto_increment primary key,
        `Mixed "Case" ?:x %s` varchar(20) not null, `group` bigint, moods json, mood enum('glad', 'sad'))""",
}
TABLE = {"sqlite": "Odd Table", "postgres": "S p.Odd Table", "mysql": "Odd Table"}
QUOTED = {"sqlite": '"Odd Table"', "postgres": '"S p"."Odd Table"', "mysql": '"Odd Table"'}


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Any: pytest wants an iterator of desks."""
    kind = request.param
    url = "" if kind == "sqlite" else request.getfixturevalue(f"{kind}_database")
    operations = OPERATIONS.replace("TABLE", QUOTED[kind])
    if kind == "mysql":
        operations = operations.replace(
            '"select", "group" as "theGroup" from "Odd Table"', "`select`, `group` as `theGroup` from `Odd Table`"
        )
    others = {
        "types.graphql": TYPES,
        "objects/all.yaml": OBJECTS.replace("TABLE", TABLE[kind]),
        "operations/all.yaml": operations,
        "sql/0001_tables.sql": SQL[kind] + ";",
    }
    with opened(tmp_path, kind, url, others) as made:
        yield made


def test_names_that_need_quotes(odd: Desk) -> None:
    fields = "{ select Mixed group mood moods parent { Mixed } order { Mixed } }"
    first = odd.data(f'mutation {{ create(Mixed: "a", mood: glad, moods: [sad, glad]) {fields} }}')["create"]
    assert first == {
        "select": "1",
        "Mixed": "a",
        "group": None,
        "mood": "glad",
        "moods": ["sad", "glad"],
        "parent": None,
        "order": [],
    }
    rows = [{"Mixed": "b", "group": 1, "moods": [], "mood": "sad"}, {"Mixed": "c", "group": 1}]
    many = f"mutation ($rows: [NewOdd!]!) {{ createMany(rows: $rows) {fields} }}"
    made = odd.data(many, variables={"rows": rows})["createMany"]
    assert [(row["parent"], row["moods"], row["mood"]) for row in made] == [
        ({"Mixed": "a"}, [], "sad"),
        ({"Mixed": "a"}, None, None),
    ]
    assert odd.code(many, variables={"rows": [{"Mixed": "x"}, {"Mixed": "refused"}]}) == "FORBIDDEN"
    query = f"""query ($where: OddFilter, $after: String) {{ odds(where: $where, after: $after,
        orderBy: [group_DESC, Mixed_ASC]) {{ totalCount nodes {fields} edges {{ cursor }} }} }}"""
    page = odd.data(query)["odds"]
    assert [(node["Mixed"], [each["Mixed"] for each in node["order"]]) for node in page["nodes"]] == [
        *(("a", ["c", "b"]), ("b", []), ("c", []))
    ]
    rest = odd.data(query, variables={"after": page["edges"][0]["cursor"]})["odds"]
    assert [node["Mixed"] for node in rest["nodes"]] == ["b", "c"]
    assert rest["totalCount"] == 3
    found = odd.data(query, variables={"where": {"parent": {"Mixed": {"in": ["a"]}}, "mood": {"in": ["sad"]}}})["odds"]
    assert [node["Mixed"] for node in found["nodes"]] == ["b"]
    changed = odd.data('mutation { update(id: "3", group: 2) { parent { Mixed } } }')["update"]
    assert changed == {"parent": {"Mixed": "b"}}
    gone = odd.data('mutation { delete(id: "2") { Mixed order { Mixed } } }')["delete"]
    assert gone == {"Mixed": "b", "order": [{"Mixed": "c"}]}
    assert odd.data('{ raw(s: "?") { select theGroup } }')["raw"] == [
        {"select": "1", "theGroup": None},
        {"select": "3", "theGroup": 2},
    ]
