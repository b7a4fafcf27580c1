"""A PostgreSQL database: two pools of connections, sessions on them, opening and closing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Final
from urllib.parse import urlsplit

import asyncpg

from tidegate.core.change import Outside
from tidegate.core.errors import Code, OperationError
from tidegate.core.footprint import Read
from tidegate.core.integration import IntegrationUnavailable
from tidegate.resolvers.integrations.postgres import catalogue
from tidegate.resolvers.integrations.postgres.connection import PostgresConnection, Shared
from tidegate.resolvers.integrations.postgres.migrating import migrate
from tidegate.resolvers.integrations.postgres.trigger_text import ORIGIN
from tidegate.resolvers.integrations.postgres.triggers import MissingRight, remove
from tidegate.resolvers.integrations.postgres.watching import Watching
from tidegate.resolvers.integrations.relational.pool import Pool
from tidegate.resolvers.integrations.relational.reflection import Reflection
from tidegate.resolvers.integrations.relational.sessions import Reading, Writing
from tidegate.resolvers.integrations.relational.tables import Tables
from tidegate.resolvers.integrations.relational.violations import Vocabulary

_MENDING: Final = 5.0
"""Seconds that a cancelled statement may take to end before its connection is given up."""


@dataclass(frozen=True, slots=True)
class PostgresSettings:
    """Times in seconds. `search_path` is empty where the database's own is used. `watch`: whether writes by others are
    noticed; what that left in the database is removed where it is false, and left alone where it is not set."""

    url: str = field(repr=False)
    migrations: Path | None
    readers: int
    writers: int
    wait_timeout: float
    connect_timeout: float
    statement_timeout: float
    search_path: tuple[str, ...]
    application_name: str
    statements: int
    watch: bool | None = None


class PostgresDatabase:
    """Implements `relational.integration.Database`. Readers are sessions that PostgreSQL itself keeps from writing
    (`default_transaction_read_only`), so a read needs no transaction and takes one round trip."""

    def __init__(self, name: str, settings: PostgresSettings, vocabulary: Vocabulary) -> None:
        self.name = name
        self.settings = settings
        self.shared = Shared(vocabulary, settings.statements)
        self.readers = self._pool(settings.readers, read_only=True)
        self.writers = self._pool(settings.writers, read_only=False)
        self._watching: Watching | None = None

    async def open(self) -> Reflection:
        try:
            operator = await self._connect_operator()
        except Exception as error:
            raise IntegrationUnavailable(self._reason(error)) from error
        try:
            if self.settings.migrations is not None:
                await migrate(operator, self.settings.migrations)
            return await self._reflect(operator)
        except asyncpg.PostgresError as error:
            raise IntegrationUnavailable(self._reason(error)) from error
        finally:
            await operator.close(timeout=self.settings.connect_timeout)

    async def watch(self, tables: Tables, reads: Sequence[Read], outside: Outside) -> None:
        if self.settings.watch is None:
            return
        if not self.settings.watch:
            await self.unwatch()
            return
        self._watching = Watching(
            self._connect_operator, tables, reads, self.shared.origins, outside, self.settings.wait_timeout
        )
        try:
            await self._watching.open()
        except Exception as error:
            raise IntegrationUnavailable(self._reason(error)) from error

    async def unwatch(self) -> Sequence[str]:
        try:
            operator = await self._connect_operator()
            try:
                return await remove(operator, self.settings.wait_timeout)
            finally:
                await operator.close(timeout=self.settings.connect_timeout)
        except Exception as error:
            raise IntegrationUnavailable(self._reason(error)) from error

    def session(self, *, writes: bool) -> AbstractAsyncContextManager[PostgresConnection]:
        return Writing(self.writers, _mend) if writes else Reading(self.readers, _mend)

    async def close(self) -> None:
        if self._watching is not None:
            await self._watching.close()
        await asyncio.gather(self.readers.shut(_MENDING), self.writers.shut(_MENDING))

    async def _reflect(self, connection: asyncpg.Connection) -> Reflection:
        shared = self.shared
        shared.default_schema = await connection.fetchval("select current_schema()") or "public"
        shared.reflection = await catalogue.reflect(connection, shared.types, shared.default_schema)
        return shared.reflection

    def _pool(self, size: int, *, read_only: bool) -> Pool[PostgresConnection]:
        timeout = self.settings.statement_timeout

        async def connect() -> PostgresConnection:
            origin = "" if read_only else token_hex(8)

            async def connect_raw() -> asyncpg.Connection:
                return await self._connect_raw(read_only=read_only, statement_timeout=timeout, origin=origin)

            try:
                raw = await connect_raw()
            except Exception as error:
                raise OperationError(Code.UPSTREAM_FAILED, "The database cannot be reached.") from error
            if origin:
                self.shared.origins.add(origin)
            return PostgresConnection(raw, connect_raw, self.shared, read_only=read_only, origin=origin)

        return Pool(
            connect,
            size=size,
            patience=self.settings.wait_timeout,
            alive=lambda connection: connection.alive,
            close=PostgresConnection.close,
        )

    async def _connect_operator(self) -> asyncpg.Connection:
        return await self._connect_raw(read_only=False, statement_timeout=0.0)

    async def _connect_raw(self, *, read_only: bool, statement_timeout: float, origin: str = "") -> asyncpg.Connection:
        settings = self.settings
        server = {
            "application_name": settings.application_name,
            "timezone": "UTC",
            "datestyle": "ISO, YMD",
            "intervalstyle": "iso_8601",
            "bytea_output": "hex",
            "default_transaction_read_only": "on" if read_only else "off",
            "statement_timeout": str(int(statement_timeout * 1000)),
            # Compiling a statement costs more than the short ones of an API take.
            "jit": "off",
        }
        if origin:
            server[ORIGIN] = origin
        if settings.search_path:
            server["search_path"] = ", ".join(_quoted(schema) for schema in settings.search_path)
        raw = await asyncpg.connect(
            settings.url, timeout=settings.connect_timeout, server_settings=server, statement_cache_size=16
        )
        try:
            await raw.set_type_codec("json", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary")
            await raw.set_type_codec(
                "jsonb", schema="pg_catalog", encoder=_to_jsonb, decoder=_from_jsonb, format="binary"
            )
            await raw.set_type_codec("interval", schema="pg_catalog", encoder=str, decoder=str, format="text")
        except BaseException:
            raw.terminate()
            raise
        return raw

    def _reason(self, error: BaseException) -> str:
        """For the operator: where, and why, without the password."""
        try:
            parts = urlsplit(self.settings.url)
            place = f"{parts.hostname or 'localhost'}{f':{parts.port}' if parts.port else ''}{parts.path}"
            secrets = {parts.password or "", self.settings.url} - {""}
        except ValueError:
            place, secrets = "its url", {self.settings.url}
        if isinstance(error, TimeoutError):
            why = "it did not answer in time"
        elif isinstance(error, asyncpg.PostgresError | OSError | MissingRight):
            why = str(error)
        else:
            why = "its url cannot be used"
        for secret in secrets:
            why = why.replace(secret, "…")
        return f'The database of "{self.name}" at {place} cannot be used: {why}.'


async def _mend(pool: Pool[PostgresConnection], connection: PostgresConnection) -> None:
    """Makes a connection usable again after a cancellation or an error: asyncpg first waits for the statement that it
    cancelled. One that does not come round is given up."""
    try:
        async with asyncio.timeout(_MENDING):
            if connection.alive:
                await connection.raw.execute("ROLLBACK")
    except Exception:  # noqa: BLE001 - whatever it is, the connection is of no use
        connection.raw.terminate()
    except BaseException:
        connection.raw.terminate()
        raise
    finally:
        pool.release(connection)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _to_jsonb(encoded: bytes) -> bytes:
    return b"\x01" + encoded


def _from_jsonb(sent: bytes) -> bytes:
    return sent[1:]
