"""Writes by others to PostgreSQL: which are heard, and what is told of them."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from tests.resolvers.integrations.postgres.conftest import Open


async def test_an_insert_tells_the_new_row(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    gateway = await open_gateway()
    await outsider.execute("insert into tickets (id, email) values (1, 'ada@example.com'), (2, null)")
    images = [{"id": 1, "email": "ada@example.com"}, {"id": 2, "email": None}]
    assert await gateway.told() == [gateway.touch("public.tickets", None, images)]


async def test_a_deletion_tells_the_old_row(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    await outsider.execute("insert into tickets (id, email) values (1, 'ada@example.com')")
    gateway = await open_gateway()
    await outsider.execute("delete from tickets")
    assert await gateway.told() == [gateway.touch("public.tickets", None, [{"id": 1, "email": "ada@example.com"}])]


async def test_an_update_tells_columns_and_rows(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    await outsider.execute("insert into tickets (id, title, email) values (1, 'a', 'x'), (2, 'b', 'y')")
    gateway = await open_gateway()
    await outsider.execute("update tickets set title = title || '!', mood = mood, email = email where id = 1")
    await outsider.execute("update tickets set email = 'z', open = true where id = 2")
    await outsider.execute("update tickets set title = title")
    assert await gateway.fence(outsider) == [
        gateway.touch("public.tickets", {"title", "shouted"}, [{"id": 1, "email": "x"}]),
        gateway.touch(
            "public.tickets", {"email", "open", "shouted"}, [{"id": 2, "email": "y"}, {"id": 2, "email": "z"}]
        ),
        gateway.touch("public.tickets", set(), [{"id": 1, "email": "x"}, {"id": 2, "email": "z"}]),
    ]


async def test_values_that_change_places_are_changed(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    await outsider.execute("insert into tickets (id, title, email) values (1, 'a', 'x'), (2, 'b', 'y')")
    gateway = await open_gateway()
    await outsider.execute("update tickets set title = case id when 1 then 'b' else 'a' end")
    (touch,) = await gateway.told()
    assert touch.columns == frozenset({"title", "shouted"})


async def test_another_primary_key_is_any_column(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    await outsider.execute("insert into tickets (id, title, email) values (1, 'a', 'x')")
    gateway = await open_gateway()
    await outsider.execute("update tickets set id = 7")
    images = [{"id": 1, "email": "x"}, {"id": 7, "email": "x"}]
    assert await gateway.told() == [gateway.touch("public.tickets", None, images)]


async def test_every_type_that_has_a_form(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    gateway = await open_gateway(tickets=("mood", "token", "open", "title", "id"))
    token = "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6"
    await outsider.execute(f"insert into tickets values (-5, 'ä\"\\ \n', null, 'cross', '{token}', false)")
    image = {"id": -5, "title": 'ä"\\ \n', "mood": "cross", "token": token.lower(), "open": False}
    assert await gateway.told() == [gateway.touch("public.tickets", None, [image])]


async def test_truncate_is_the_whole_table(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    gateway = await open_gateway()
    await outsider.execute("truncate people cascade")
    assert set(await gateway.fence(outsider)) == {gateway.touch("public.people"), gateway.touch("public.pets")}


async def test_what_cascades_tells_for_itself(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    await outsider.execute("insert into people values (1, 'Ada'); insert into pets values (1, 1), (2, 1)")
    gateway = await open_gateway(people=("id",), pets=("owner",))
    await outsider.execute("delete from people")
    touches = await gateway.fence(outsider)
    assert gateway.touch("public.people", None, [{"id": 1}]) in touches
    assert gateway.touch("public.pets", None, [{"owner": 1}, {"owner": 1}]) in touches


async def test_what_changes_nothing_tells_nothing(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    gateway = await open_gateway()
    transaction = outsider.transaction()
    await transaction.start()
    await outsider.execute("insert into tickets (id) values (1)")
    await transaction.rollback()
    await outsider.execute("update tickets set title = 'x'")
    await outsider.execute("delete from tickets")
    assert await gateway.fence(outsider) == []


async def test_a_transaction_is_told_at_once(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    gateway = await open_gateway()
    async with outsider.transaction():
        for number in range(5):
            await outsider.execute("insert into tickets (id) values ($1)", number)
    await gateway.told(lambda heard: len(heard) == 5)
    assert gateway.calls == [5]


async def test_many_rows_are_the_whole_table(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    gateway = await open_gateway()
    await outsider.execute("insert into tickets (id) select generate_series(1, 10000)")
    await outsider.execute("update tickets set title = 'x'")
    await outsider.execute("delete from tickets")
    assert await gateway.fence(outsider) == [gateway.touch("public.tickets")] * 3


async def test_many_touches_are_their_tables(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    gateway = await open_gateway()
    sent = 3000
    await outsider.execute(f"""
        do $$ begin
            for n in 1..{sent} loop insert into tickets (id) values (n); end loop;
        end $$
    """)
    touches = await gateway.fence(outsider)
    assert len(touches) <= sent
    assert {touch.table for touch in touches} == {"public.tickets"}


async def test_what_is_too_long_to_tell_is_left_out(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    await outsider.execute("insert into tickets (id, title) values (1, 'a')")
    gateway = await open_gateway()
    await outsider.execute("update tickets set email = repeat('ä', 5000)")
    await outsider.execute("insert into tickets (id, email) values (2, repeat('x', 8000))")
    await outsider.execute("update tickets set email = 'short' where id = 2")
    assert await gateway.fence(outsider) == [
        gateway.touch("public.tickets", {"email", "shouted"}),
        gateway.touch("public.tickets"),
        gateway.touch("public.tickets", {"email", "shouted"}),
    ]


async def test_a_table_of_very_many_columns(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    columns = ", ".join(f'"{"c" * 40}{number}" int' for number in range(400))
    await outsider.execute(f"create table wide (id int primary key, {columns}); insert into wide (id) values (1)")
    gateway = await open_gateway(wide=("id",))
    await outsider.execute(f"update wide set {columns.replace(' int', ' = 1')}")
    assert await gateway.told() == [gateway.touch("public.wide")]


async def test_without_a_primary_key_nobody_knows_which_columns(
    open_gateway: Open, outsider: asyncpg.Connection
) -> None:
    await outsider.execute("insert into logs values ('a')")
    gateway = await open_gateway(logs=("line",))
    await outsider.execute("update logs set line = 'b'")
    assert await gateway.told() == [gateway.touch("public.logs", None, [{"line": "a"}, {"line": "b"}])]


async def test_odd_names_and_odd_types(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    await outsider.execute("""
        create schema "Odd.one";
        create table "Odd.one"."a ""b'$tidegate$" (
            "the 'id'" int, "select" json, p point, r numrange, x txid_snapshot, a int[], n numeric,
            primary key ("the 'id'", n)
        );
    """)
    name = "Odd.one.a \"b'$tidegate$"
    gateway = await open_gateway(**{name: ("the 'id'",)})
    table = '"Odd.one"."a ""b\'$tidegate$"'
    await outsider.execute(f"insert into {table} values (1, '[1]', '(1,2)', '[1,2)', '10:20:', '{{1}}', 1.0)")
    await outsider.execute(f"update {table} set \"select\" = '[2]', p = '(1,2)', x = '11:20:'")
    await outsider.execute(f"update {table} set n = 1.00")
    image = {"the 'id'": 1}
    assert await gateway.fence(outsider) == [
        gateway.touch(name, None, [image]),
        gateway.touch(name, {"select", "x"}, [image]),
        gateway.touch(name, None, [image, image]),
    ]


@pytest.mark.parametrize(
    "change",
    [
        "alter table tickets drop column email",
        "alter table tickets rename column email to address",
        "alter table tickets drop column title cascade",
        "alter table tickets add column tidegate_row int",
    ],
)
async def test_other_columns_do_not_stop_a_write(open_gateway: Open, outsider: asyncpg.Connection, change: str) -> None:
    gateway = await open_gateway()
    await outsider.execute("insert into tickets (id) values (1)")
    await gateway.told()
    await outsider.execute(change)
    await outsider.execute("insert into tickets (id) values (2)")
    await outsider.execute("update tickets set open = true")
    touches = await gateway.fence(outsider)
    assert [touch.table for touch in touches] == ["public.tickets"] * 2
    assert touches[1].columns is None or "open" in touches[1].columns


async def test_a_role_that_may_only_insert(open_gateway: Open, outsider: asyncpg.Connection, role: str) -> None:
    gateway = await open_gateway()
    await outsider.execute(f"grant insert on tickets to {role}")
    await outsider.execute(f"""
        create schema trap authorization {role};
        set role {role};
        set search_path = trap, pg_catalog;
        create function trap.octet_length(text) returns int language sql as 'select 1 / 0';
        insert into public.tickets (id, email) values (1, 'x');
        reset role;
    """)
    assert await gateway.told() == [gateway.touch("public.tickets", None, [{"id": 1, "email": "x"}])]


async def test_own_writes_are_not_heard(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    gateway = await open_gateway()
    async with gateway.database.session(writes=True) as connection:
        await connection.execute("insert into tickets (id) values ($1)", [1])
    assert await gateway.fence(outsider) == []


async def test_two_gateways_hear_each_other(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    one, other = await asyncio.gather(open_gateway(), open_gateway(tickets=("title",), people=("name",)))
    async with one.database.session(writes=True) as connection:
        await connection.execute("insert into tickets (id, title) values ($1, $2)", [1, "a"])
    (touch,) = await other.told()
    assert touch.images is not None
    assert touch.images[0]["title"] == "a"
    async with other.database.session(writes=True) as connection:
        await connection.execute("delete from tickets", [])
    assert [touch.table for touch in await one.told()] == ["public.tickets"]
    assert await other.fence(outsider) == []


async def test_a_commit_that_nobody_knows_of_is_heard(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    """The runner has told of it, perhaps too early: what the database says then counts."""
    gateway = await open_gateway()
    written = asyncio.Event()

    async def write() -> None:
        async with gateway.database.session(writes=True) as connection:
            await connection.execute("insert into tickets (id) values ($1)", [1])
            written.set()

    writing = asyncio.ensure_future(write())
    await written.wait()
    writing.cancel()
    await asyncio.wait([writing])
    committed = await outsider.fetchval("select count(*) from tickets")
    assert len(await gateway.fence(outsider)) == committed


async def test_partitions_are_their_table(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    await outsider.execute("""
        create table events (id int, day int, note text, primary key (id, day)) partition by range (day);
        create table early (day int not null, note text, id int not null);
        alter table events attach partition early for values from (0) to (10);
        create table late partition of events for values from (10) to (100) partition by list (day);
        create table latest partition of late default;
    """)
    gateway = await open_gateway(events=("id",))
    await outsider.execute("insert into events values (1, 1, 'a'), (2, 20, 'b')")
    await outsider.execute("insert into early (id, day) values (3, 3)")
    await outsider.execute("update latest set note = 'c'")
    await outsider.execute("update events set note = 'd'")
    await outsider.execute("update events set day = 50 where id = 1")
    await outsider.execute("truncate latest")
    touches = await gateway.fence(outsider)
    assert {touch.table for touch in touches} == {"public.events"}
    assert [touch.columns for touch in touches] == [None, None, {"note"}, {"note"}, None, None]
    images = [None if touch.images is None else sorted(image["id"] for image in touch.images) for touch in touches]  # type: ignore[type-var]
    assert images == [[1, 2], [3], [2], [1, 2, 3], [1, 1], None]


async def test_inherited_rows_are_those_of_both_tables(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    await outsider.execute("create table cats (tail int) inherits (people); insert into cats values (1, 'Tom', 3)")
    gateway = await open_gateway("public.people")
    await outsider.execute("update people set name = 'Tim'")
    assert {touch.table for touch in await gateway.fence(outsider)} == {"public.people", "public.cats"}
    await outsider.execute("delete from cats")
    assert {touch.table for touch in await gateway.fence(outsider)} == {"public.people", "public.cats"}


@pytest.mark.parametrize("payload", ["", "x", "[]", "{}", '{"v": 9}', '{"v": 1, "t": "public.tickets", "n": [[1]]}'])
async def test_what_is_not_understood_may_be_anything(
    open_gateway: Open, outsider: asyncpg.Connection, payload: str
) -> None:
    gateway = await open_gateway()
    await outsider.execute(f"select pg_notify('tidegate', '{payload}')")
    assert await gateway.told() == [gateway.touch(None)]
