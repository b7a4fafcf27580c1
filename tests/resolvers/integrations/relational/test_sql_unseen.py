"""Writes in authors' SQL whose effect the database does not count or does not show, and those who watch it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import alone, ask
from tests.realtime.screens import SECRET, change, connect, watch
from tidegate.app import Gateway

SETTINGS = """
name: unseen
roles: [anonymous, support]
auth:
  jwt: {{ algorithms: [HS256], secret: "${{JWT_SECRET}}", audience: servicedesk }}
  currentUser: {{ id: sub, role: role }}
integrations:
  db: {{ kind: {kind}, {place} }}
"""
OPERATIONS = """
shown:
  kind: query
  minRole: support
  returns: "[JSON]!"
  run: {{ use: db, sql: "{read}" }}
written:
  kind: mutation
  minRole: support
  returns: "{returns}"
  run: {{ use: db, sql: "{write}" }}
"""
ITEMS = """
create table items (id integer primary key, n integer);
create table log (n integer);
insert into items values (1, 1);
"""
LOGGED = """
create function logged() returns trigger language plpgsql as
$$ begin insert into log values (2); return null; end $$;
"""


@dataclass(frozen=True)
class Case:
    """`write` makes `read` answer otherwise."""

    name: str
    kind: str
    schema: str
    read: str
    write: str


LOG = "select n from log"
SET = "update items set n = 2 where id = 1"
SET_NOTHING = "update items set n = 2 where id = 77"
CASES = [
    Case(
        "a view with a trigger",
        "sqlite",
        f"""{ITEMS}
        create view shown as select id, n from items;
        create trigger written instead of update on shown
        begin update items set n = new.n where id = new.id; end;""",
        "select n from items where id = 1",
        "update shown set n = 2 where id = 1",
    ),
    Case(
        "a trigger that writes and ignores",
        "sqlite",
        f"""{ITEMS}
        create trigger ignored before update on items
        begin insert into log values (new.n); select raise(ignore); end;""",
        LOG,
        SET,
    ),
    Case(
        "a trigger that stamps, and one that ignores",
        "sqlite",
        f"""{ITEMS}
        create trigger ignored before insert on items
        begin update items set n = 7 where id = new.id; select raise(ignore); end;""",
        "select n from items where id = 1",
        "insert into items values (1, 2)",
    ),
    Case("a row replaced", "sqlite", ITEMS, "select n from items where id = 1", "replace into items values (1, 2)"),
    Case(
        "a unique index that ignores case",
        "sqlite",
        """create table people (email text, n integer);
        create unique index one_each on people (email collate nocase);
        insert into people values ('ada', 1);""",
        "select n from people where email = 'ada'",
        "insert into people values ('ADA', 2) on conflict (email) do update set n = 2",
    ),
    Case(
        "a view with a trigger",
        "postgres",
        f"""{ITEMS}
        create view shown as select id, n from items;
        create function written() returns trigger language plpgsql as
        $$ begin update items set n = new.n where id = new.id; return null; end $$;
        create trigger written instead of update on shown for each row execute function written();""",
        "select n from items where id = 1",
        "update shown set n = 2 where id = 1",
    ),
    Case(
        "a trigger that writes and ignores",
        "postgres",
        f"{ITEMS} {LOGGED} create trigger t before update on items for each row execute function logged();",
        LOG,
        SET,
    ),
    Case(
        "a trigger of the statement",
        "postgres",
        f"{ITEMS} {LOGGED} create trigger t after update on items for each statement execute function logged();",
        LOG,
        SET_NOTHING,
    ),
    Case(
        "a rule",
        "postgres",
        f"{ITEMS} create rule logged as on update to items do instead insert into log values (new.n);",
        LOG,
        SET,
    ),
    Case(
        "rows found by what is generated",
        "postgres",
        """create table sums (id integer primary key, n integer, twice integer generated always as (n * 2) stored);
        insert into sums values (1, 1);""",
        "select id from sums where twice = 6",
        "update sums set n = 3 where twice = 2",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[f"{case.kind}: {case.name}" for case in CASES])
async def test_it_is_shown(case: Case, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    await _watched(case, "Int!", request, tmp_path)


ANSWERED = [case for case in CASES if case.name.endswith("ignores") or case.name.endswith("statement")]


@pytest.mark.parametrize("case", ANSWERED, ids=[f"{case.kind}: {case.name}" for case in ANSWERED])
async def test_it_is_shown_if_rows_are_answered(case: Case, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    answering = Case(case.name, case.kind, case.schema, case.read, f"{case.write} returning n")
    await _watched(answering, "[JSON]!", request, tmp_path)


async def _watched(case: Case, returns: str, request: pytest.FixtureRequest, folder: Path) -> None:
    url = request.getfixturevalue("postgres_database") if case.kind == "postgres" else ""
    if url:
        alone(ask(url, case.schema))
    else:
        with closing(sqlite3.connect(folder / "unseen.db")) as connection:
            connection.executescript(case.schema)
    place = 'url: "${DATABASE_URL}"' if url else "file: unseen.db"
    (folder / "tidegate.yaml").write_text(SETTINGS.format(kind=case.kind, place=place))
    (folder / "operations").mkdir()
    written = OPERATIONS.format(read=case.read, write=case.write, returns=returns)
    (folder / "operations" / "all.yaml").write_text(written)
    gateway = Gateway.load(folder, {"JWT_SECRET": SECRET, "DATABASE_URL": url})
    await gateway.open()
    try:
        sam = await connect(gateway, "sam")
        screen, _ = watch(sam, "subscription { shown }")
        before = await screen.next(1)
        await change(sam, "mutation { written }")
        assert await screen.next(2) != before
    finally:
        await gateway.close()
