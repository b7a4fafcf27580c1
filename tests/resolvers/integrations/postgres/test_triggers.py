"""What watching puts into a PostgreSQL database, and takes out again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests.resolvers.integrations.postgres.conftest import Gateway, Open
from tidegate.core.integration import IntegrationUnavailable

OBJECTS = """
    select c.relname || ' ' || t.tgname || ' ' || t.tgenabled::text from pg_trigger t
    join pg_class c on c.oid = t.tgrelid where not t.tgisinternal
    union all select oid::regprocedure || ' ' || xmin from pg_proc where pronamespace = to_regnamespace('tidegate')
    union all select nspname || ' ' || xmin from pg_namespace where nspname = 'tidegate'
    order by 1
"""


async def objects(connection: asyncpg.Connection) -> list[str]:
    return [row[0] for row in await connection.fetch(OBJECTS)]


async def watched(connection: asyncpg.Connection) -> set[str]:
    return {line.split()[0] for line in await objects(connection) if "tidegate_watch_insert" in line}


async def test_tables_that_are_read_are_watched(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    await open_gateway("public.tickets", "public.pets")
    assert await watched(outsider) == {"tickets", "pets"}


async def test_where_anything_is_read_every_table_is_watched(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    await outsider.execute("create view calm as select * from tickets; create table tidegate_migrations (id int)")
    await open_gateway("public.tickets", None)
    assert await watched(outsider) == {"tickets", "logs", "people", "pets"}


async def test_the_second_time_nothing_is_made(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    await open_gateway()
    before = await objects(outsider)
    await open_gateway()
    await open_gateway("public.tickets", tickets=("id",))
    assert await objects(outsider) == before


async def test_another_set_of_tables_and_columns(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    """What another gateway may need stays."""
    older = await open_gateway("public.tickets", tickets=("id",))
    newer = await open_gateway("public.people", "public.tickets", tickets=("email",))
    assert await watched(outsider) == {"tickets", "people"}
    await outsider.execute("insert into tickets (id, email) values (1, 'x'); insert into people values (1)")
    image = {"id": 1, "email": "x"}
    for gateway in (older, newer):
        assert await gateway.fence(outsider) == [
            gateway.touch("public.tickets", None, [image]),
            gateway.touch("public.people"),
        ]


async def test_what_is_out_of_order_is_made_again(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    await open_gateway("public.tickets")
    await outsider.execute("""
        alter table tickets disable trigger tidegate_watch_insert;
        drop trigger tidegate_watch_update on tickets;
        create or replace function tidegate."public.tickets"() returns trigger language plpgsql
            as 'begin return null; end';
    """)
    gateway = await open_gateway("public.tickets")
    await outsider.execute("insert into tickets (id) values (1); update tickets set open = true")
    assert [touch.columns for touch in await gateway.fence(outsider)] == [None, {"open", "shouted"}]


async def test_many_gateways_that_start_together(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    gateways = await asyncio.gather(*(open_gateway(tickets=(name,)) for name in ("id", "email", "title", "open")))
    await outsider.execute("insert into tickets (id) values (1)")
    for gateway in gateways:
        (touch,) = await gateway.fence(outsider)
        assert touch.images == ({"id": 1, "email": None, "title": None, "open": None},)


async def test_a_renamed_table(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    await open_gateway()
    await outsider.execute("alter table tickets rename to cases; create table tickets (id int primary key)")
    gateway = await open_gateway(tickets=("id",), cases=("id",))
    await outsider.execute("insert into tickets values (1); insert into cases (id) values (2)")
    assert await gateway.fence(outsider) == [
        gateway.touch("public.tickets", None, [{"id": 1}]),
        gateway.touch("public.cases", None, [{"id": 2}]),
    ]


async def test_nothing_is_left_behind(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    before = await objects(outsider)
    watching = await open_gateway()
    await outsider.execute("alter table tickets disable trigger tidegate_watch_insert")
    removing = await open_gateway(watch=False)
    assert await objects(outsider) == before
    assert await watching.fence(outsider) == [watching.touch(None)]
    assert list(await removing.database.unwatch()) == []


async def test_what_was_not_set_is_left_alone(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    gateway = await open_gateway(watch=None)
    assert await watched(outsider) == set()
    await open_gateway()
    await open_gateway(watch=None)
    assert await watched(outsider) == {"tickets", "logs", "people", "pets"}
    assert gateway.heard == []
    assert list(await gateway.database.unwatch()) == ["public.logs", "public.people", "public.pets", "public.tickets"]


async def test_what_others_put_into_the_schema_stays(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    gateway = await open_gateway()
    await outsider.execute("create table tidegate.theirs (id int)")
    await gateway.database.unwatch()
    assert await outsider.fetchval("select to_regclass('tidegate.theirs') is not null")


def as_role(url: str, role: str) -> str:
    return urlsplit(url)._replace(netloc=f"{role}@").geturl()


async def test_a_missing_right_is_named(outsider: asyncpg.Connection, postgres_database: str, role: str) -> None:
    name = urlsplit(postgres_database).path[1:]
    await outsider.execute(f"grant select on all tables in schema public to {role}")
    gateway = Gateway(as_role(postgres_database, role))
    with pytest.raises(IntegrationUnavailable) as raised:
        await gateway.open("public.tickets", "public.people")
    message = str(raised.value)
    assert f'grant create on database "{name}" to "{role}";' in message
    assert f'grant trigger on "public"."tickets", "public"."people" to "{role}";' in message
    assert await objects(outsider) == []

    await outsider.execute(message[message.index("grant create") : message.rindex(";")])
    await gateway.open("public.tickets", "public.people")
    await outsider.execute("insert into tickets (id) values (1)")
    assert await gateway.told() == [gateway.touch("public.tickets")]
    with pytest.raises(IntegrationUnavailable, match="may not be removed"):
        await gateway.database.unwatch()
    await gateway.database.close()


async def test_what_is_made_already_needs_no_right(
    open_gateway: Open, outsider: asyncpg.Connection, postgres_database: str, role: str
) -> None:
    await open_gateway("public.tickets", tickets=("id",))
    await outsider.execute(f"grant select on tickets to {role}")
    gateway = Gateway(as_role(postgres_database, role))
    await gateway.open("public.tickets", tickets=("id",))
    await outsider.execute("insert into tickets (id) values (1)")
    assert await gateway.told() == [gateway.touch("public.tickets", None, [{"id": 1}])]
    await gateway.database.close()
    with pytest.raises(IntegrationUnavailable, match="alter function"):
        await gateway.open("public.tickets", tickets=("email",))


async def test_a_transaction_of_somebody_else_is_not_waited_for_for_ever(
    outsider: asyncpg.Connection, postgres_database: str
) -> None:
    gateway = Gateway(postgres_database)
    gateway.database.settings = replace(gateway.database.settings, wait_timeout=0.2)
    async with outsider.transaction():
        await outsider.execute("insert into tickets (id) values (1)")
        with pytest.raises(IntegrationUnavailable, match="a transaction of somebody else holds it"):
            await gateway.open("public.tickets")
    await gateway.open("public.tickets")
    await gateway.database.close()


async def test_nothing_is_asked_while_nothing_happens(open_gateway: Open, outsider: asyncpg.Connection) -> None:
    await open_gateway()
    others = """
        select pid, query, query_start, state_change, state from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend' order by pid
    """
    before = [tuple(row) for row in await outsider.fetch(others)]
    await asyncio.sleep(1.5)
    assert [tuple(row) for row in await outsider.fetch(others)] == before
    assert [row[4] for row in before] == ["idle"]
