"""Migrations: which are applied, what stops the start. On every database."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.resolvers.integrations.conftest import MakeDatabase, ask, count
from tidegate.core.integration import IntegrationUnavailable
from tidegate.resolvers.integrations.mysql.database import MysqlDatabase
from tidegate.resolvers.integrations.postgres.database import PostgresDatabase
from tidegate.resolvers.integrations.relational.migrations import BrokenMigrations, read_migrations
from tidegate.resolvers.integrations.sqlite.database import SqliteDatabase
from tidegate.resolvers.integrations.sqlite.migrating import statements

USERS = "create table users (id integer primary key, name text not null);\ninsert into users values (1, 'a;b');"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    folder.mkdir()
    return folder


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name.removeprefix('m')}.sql").write_text(text)


async def open_once(make_database: MakeDatabase, folder: Path) -> None:
    database = make_database(folder, None)
    try:
        await database.open()
    finally:
        await database.close()


async def test_they_are_applied_in_order_and_once(make_database: MakeDatabase, folder: Path) -> None:
    write(folder, m0001_users=USERS, m0002_more="insert into users select id + 1, name from users")
    database = make_database(folder, None)
    reflection = await database.open()
    assert list(reflection.tables) == ["users"], "our own table is not the project's"
    assert await count(database, "users") == 2
    await database.open()
    assert await count(database, "users") == 2
    write(folder, m0003_last="delete from users where id = 1;\n-- nothing more;\n;\n")
    await database.open()
    async with database.session(writes=False) as connection:
        assert await ask(connection, "select id, name from users") == [(2, "a;b")]
        applied = await ask(connection, "select number, name from tidegate_migrations order by number")
    assert applied == [(1, "0001_users.sql"), (2, "0002_more.sql"), (3, "0003_last.sql")]
    await database.close()


async def test_one_that_fails_is_rolled_back_and_names_its_line(make_database: MakeDatabase, folder: Path) -> None:
    write(folder, m1_users=USERS, m2_bad="insert into users values (2, 'b');\n\ninsert into nowhere values (1);\n")
    database = make_database(folder, None)
    with pytest.raises(
        IntegrationUnavailable, match=r"The migration 2_bad\.sql:3 failed and was rolled back: .*nowhere"
    ):
        await database.open()
    await database.close()
    write(folder, m2_bad="insert into users values (2, 'b')")
    database = make_database(folder, None)
    await database.open()
    # A database in memory began anew; the others have kept the first migration.
    assert await count(database, "users") == 2
    await database.close()


async def test_one_that_ends_its_transaction_is_refused(make_database: MakeDatabase, folder: Path) -> None:
    write(folder, m1_users=USERS + "commit;")
    with pytest.raises(IntegrationUnavailable, match="ends its transaction itself"):
        await open_once(make_database, folder)


async def test_what_was_applied_must_not_change(make_database: MakeDatabase, folder: Path) -> None:
    write(folder, m1_users=USERS, m2_more="select 1")
    database = make_database(folder, None)
    await database.open()
    write(folder, m1_users=USERS.replace("\n", "\r\n"))
    await database.open()  # The same, with the line ends of another system.
    write(folder, m1_users=USERS + " ")
    with pytest.raises(BrokenMigrations, match=r'"1_users\.sql" was changed after it was applied'):
        await database.open()
    await database.close()


async def test_an_applied_one_without_its_file_stops_the_start(make_database: MakeDatabase, folder: Path) -> None:
    write(folder, m1_users=USERS, m2_more="select 1")
    database = make_database(folder, None)
    await database.open()
    (folder / "2_more.sql").unlink()
    with pytest.raises(BrokenMigrations, match=r'"2_more\.sql", which is not in the folder'):
        await database.open()
    await database.close()


async def test_one_cannot_come_before_those_applied(make_database: MakeDatabase, folder: Path) -> None:
    write(folder, m5_users=USERS)
    database = make_database(folder, None)
    await database.open()
    write(folder, m4_late="select 1")
    with pytest.raises(BrokenMigrations, match=r'"4_late\.sql" comes before others .* Give it the next number, 6\.'):
        await database.open()
    await database.close()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("users.sql",), "has no number"),
        (("1_a.sql", "01_b.sql"), "have the same number"),
        (("1_a.sql", "3_b.sql"), "Number 2 is missing"),
    ],
)
def test_names_that_make_no_sense(folder: Path, names: tuple[str, ...], message: str) -> None:
    for name in names:
        (folder / name).write_text("select 1")
    with pytest.raises(BrokenMigrations, match=message):
        read_migrations(folder)


def test_a_file_that_is_not_text_is_named(folder: Path) -> None:
    (folder / "1_a.sql").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(BrokenMigrations, match=r'"1_a\.sql" cannot be read as UTF-8'):
        read_migrations(folder)


def test_other_files_are_left_alone(folder: Path) -> None:
    write(folder, m1_a="select 1")
    (folder / "README.md").write_text("hello")
    assert [migration.name for migration in read_migrations(folder)] == ["1_a.sql"]


async def test_gateways_that_start_together_apply_each_once(make_database: MakeDatabase, folder: Path) -> None:
    write(
        folder, m1_users=USERS, m2_more="insert into users values (2, 'b')", m3_last="insert into users values (3, 'c')"
    )
    databases = [make_database(folder, None) for _ in range(5)]
    await asyncio.gather(*(database.open() for database in databases))
    for database in databases:
        assert await count(database, "users") == 3
        await database.close()


async def test_triggers_and_dollar_quotes(make_database: MakeDatabase, folder: Path) -> None:
    kind = type(make_database(None, None))
    each = "for each row " if kind is MysqlDatabase else ""
    trigger = (
        "create function note() returns trigger language plpgsql as $body$ begin "
        "insert into log values ('x;y'); update log set what = what || ';'; return new; end; $body$;\n"
        "create trigger noted after insert on users for each row execute function note();"
        if kind is PostgresDatabase
        else f"create trigger noted after insert on users {each}begin\n"
        "insert into log values ('x;y'); update log set what = 'x;y;'; end;"
    )
    write(folder, m1_users=f"{USERS} create table log (what text);\n{trigger}\ninsert into users values (2, 'b');")
    database = make_database(folder, None)
    await database.open()
    async with database.session(writes=False) as connection:
        assert await ask(connection, "select what from log") == [("x;y;",)]
    await database.close()


def test_statements_are_split_where_sqlite_says() -> None:
    script = (
        "-- a;b\nselect ';';;\n\n  select /* ; */ 1; create trigger t after insert on x begin select 1; end;\nselect 2"
    )
    assert list(statements(script)) == [
        (1, "-- a;b\nselect ';';"),
        (4, "select /* ; */ 1;"),
        (4, "create trigger t after insert on x begin select 1; end;"),
        (5, "select 2"),
    ]


async def test_sqlite_tables_can_be_made_anew_but_links_must_hold(make_database: MakeDatabase, folder: Path) -> None:
    if type(make_database(None, None)) is not SqliteDatabase:
        return
    write(
        folder,
        m1_users=USERS + "create table notes (id integer primary key, user_id integer references users (id));"
        "insert into notes values (1, 1);",
        m2_anew="create table anew (id integer primary key, name text); insert into anew select * from users;"
        "drop table users; alter table anew rename to users;",
    )
    database = make_database(folder, None)
    await database.open()
    async with database.session(writes=False) as connection:
        assert await ask(connection, "select n.id, u.name from notes n join users u on u.id = n.user_id") == [
            (1, "a;b")
        ]
        assert await ask(connection, "pragma foreign_keys") == [(1,)]
    write(folder, m3_bad="delete from users")
    with pytest.raises(IntegrationUnavailable, match='a row of "notes" points at a row of "users"'):
        await database.open()
    await database.close()
