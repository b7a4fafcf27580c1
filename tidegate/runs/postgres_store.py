"""The history of runs in PostgreSQL, shared by several gateways."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar
from uuid import uuid4

import asyncpg

from tidegate.runs.store import CLAIMS_KEPT, Record, StoreFailed

T = TypeVar("T")

_TABLES: Final = """
create schema if not exists tidegate_runs;
create table if not exists tidegate_runs.runs_1 (
  number bigint generated always as identity primary key, id text not null unique, function text not null,
  record bytea not null
);
create index if not exists runs_1_of on tidegate_runs.runs_1 (function, number);
create table if not exists tidegate_runs.claims_1 (
  name text, moment text, token uuid not null, at timestamptz not null default now(), primary key (name, moment)
);
create index if not exists claims_1_at on tidegate_runs.claims_1 (at);
"""
"""The number is the version: one that is older or newer uses tables of its own."""

_LOCK: Final = 0x54675275
_PATIENCE: Final = 15.0
"""Seconds for connecting, and for each statement."""

_FAILURES: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class PostgresStore:
    """Implements `RunStore`, on one connection, which is made again when it was lost."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: asyncpg.Connection | None = None
        self._turn = asyncio.Lock()

    async def claim(self, name: str, moment: str) -> bool:
        # Where the connection is lost it is asked again, and must know its own claim.
        token = uuid4()

        async def work(connection: asyncpg.Connection) -> bool:
            async with connection.transaction():
                await connection.execute(
                    "delete from tidegate_runs.claims_1 where at < now() - make_interval(secs => $1)", CLAIMS_KEPT
                )
                await connection.execute(
                    "insert into tidegate_runs.claims_1 (name, moment, token) values ($1, $2, $3) "
                    "on conflict do nothing",
                    *(name, moment, token),
                )
            sql = "select token = $3 from tidegate_runs.claims_1 where name = $1 and moment = $2"
            return bool(await connection.fetchval(sql, name, moment, token))

        return await self._run(work)

    async def keep(self, records: Sequence[Record], most: int) -> None:
        async def work(connection: asyncpg.Connection) -> None:
            async with connection.transaction():
                await connection.executemany(
                    "insert into tidegate_runs.runs_1 (id, function, record) values ($1, $2, $3) "
                    "on conflict (id) do update set record = excluded.record",
                    [(each.id, each.function, each.text) for each in records],
                )
                # In one order, or two gateways may wait for each other.
                for function in sorted({each.function for each in records}):
                    await connection.execute(
                        "delete from tidegate_runs.runs_1 where function = $1 and number <= "
                        "(select number from tidegate_runs.runs_1 where function = $1 "
                        "order by number desc limit 1 offset $2)",
                        *(function, most),
                    )

        await self._run(work)

    async def recent(self, function: str | None, most: int) -> Sequence[Record]:
        return await self._read("$1::text is null or function = $1", function, most)

    async def find(self, start: str, most: int) -> Sequence[Record]:
        return await self._read("starts_with(id, $1)", start, most)

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                await connection.close(timeout=1.0)
            except Exception:  # noqa: BLE001 - what cannot be closed is let go
                connection.terminate()

    async def _read(self, condition: str, value: str | None, most: int) -> Sequence[Record]:
        sql = f"select id, function, record from tidegate_runs.runs_1 where {condition} order by number desc limit $2"  # noqa: S608

        async def work(connection: asyncpg.Connection) -> Sequence[Record]:
            return [Record(*row) for row in await connection.fetch(sql, value, most)]

        return await self._run(work)

    async def _run(self, work: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        async with self._turn:
            try:
                if self._connection is not None:
                    try:
                        return await work(self._connection)
                    except _FAILURES:
                        # Lost, it may be, since it was last used.
                        await self.close()
                self._connection = await self._connect()
                return await work(self._connection)
            except BaseException as error:
                # Also a cancelled one: nobody knows what the connection is in the middle of.
                await self.close()
                if isinstance(error, _FAILURES):
                    raise StoreFailed(_reason(error), shared=True) from error
                raise

    async def _connect(self) -> asyncpg.Connection:
        try:
            connection = await asyncpg.connect(
                self._url,
                timeout=_PATIENCE,
                command_timeout=_PATIENCE,
                # Through a pooler, a prepared statement may be another connection's.
                statement_cache_size=0,
                server_settings={"application_name": "tidegate runs"},
            )
        except OSError:
            # Also an error of TLS, which is a ValueError as well.
            raise
        except ValueError:
            # Its text may hold a part of the password.
            raise OSError("the address in TIDEGATE_RUNS cannot be understood") from None
        try:
            if await connection.fetchval("select to_regclass('tidegate_runs.claims_1')") is None:
                async with connection.transaction():
                    await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
                    await connection.execute(_TABLES)
        except BaseException:
            connection.terminate()
            raise
        return connection


def _reason(error: BaseException) -> str:
    """One line, for the operator."""
    text = str(error) or type(error).__name__
    return f"The database of TIDEGATE_RUNS: {text.splitlines()[0]}"
