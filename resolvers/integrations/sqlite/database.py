"""A SQLite database: one connection that writes, several that read, sessions on them, opening and closing."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tidegate.core.change import Outside, unheard
from tidegate.core.errors import Code, OperationError
from tidegate.core.integration import IntegrationUnavailable
from tidegate.resolvers.integrations.relational.pool import Pool
from tidegate.resolvers.integrations.relational.reflection import Reflection
from tidegate.resolvers.integrations.relational.sessions import Reading, Writing
from tidegate.resolvers.integrations.relational.violations import Vocabulary
from tidegate.resolvers.integrations.sqlite.catalogue import reflect
from tidegate.resolvers.integrations.sqlite.connection import SqliteConnection
from tidegate.resolvers.integrations.sqlite.migrating import migrate
from tidegate.resolvers.integrations.sqlite.worker import MEMORY, connector

_MENDING: Final = 10.0
"""Seconds that connections in use may take to come back when the database is closed."""

_OLDEST: Final = (3, 38)
"""The first SQLite that can do what our statements ask of it (RETURNING, STRICT, JSON operators)."""


@dataclass(frozen=True, slots=True)
class SqliteSettings:
    """`file` is a whole path, or `:memory:`. Times in seconds."""

    file: str
    migrations: Path | None
    readers: int
    busy_timeout: float
    wait_timeout: float
    synchronous: str
    statements: int


class SqliteDatabase:
    """Implements `relational.integration.Database`. In WAL mode readers and the writer do not wait for each other. A
    database in memory belongs to its connection: there is one, for everybody in turn."""

    def __init__(self, name: str, settings: SqliteSettings, vocabulary: Vocabulary) -> None:
        self.name = name
        self.settings = settings
        self._vocabulary = vocabulary
        self.writers = self._pool(1, writes=True)
        self.readers = self.writers if settings.file == MEMORY else self._pool(settings.readers, writes=False)

    async def open(self, outside: Outside = unheard) -> Reflection:  # noqa: ARG002 - outside writes come next
        if sqlite3.sqlite_version_info < _OLDEST:
            raise IntegrationUnavailable(
                f"SQLite {sqlite3.sqlite_version} is too old: 3.38 is the oldest that will do."
            )
        folder = self.settings.migrations
        try:
            async with self.session(writes=True) as connection:
                await connection.control("commit")
                if folder is not None:
                    await connection.worker.call(lambda raw: migrate(raw, folder))
                found = await connection.worker.call(reflect)
                await connection.control("begin")
                return found
        except IntegrationUnavailable:
            await self.close()
            raise
        except (OperationError, sqlite3.Error) as error:
            await self.close()
            cause = error.__cause__ if isinstance(error, OperationError) and error.__cause__ else error
            raise IntegrationUnavailable(
                f'The database of "{self.name}" in {self.settings.file} cannot be used: {cause}.'
            ) from error

    def session(self, *, writes: bool) -> AbstractAsyncContextManager[SqliteConnection]:
        return Writing(self.writers, _mend) if writes else _Reading(self.readers, _mend)

    async def close(self) -> None:
        await asyncio.gather(*(pool.shut(_MENDING) for pool in {self.readers, self.writers}))

    def _pool(self, size: int, *, writes: bool) -> Pool[SqliteConnection]:
        settings = self.settings

        async def connect() -> SqliteConnection:
            worker = connector(
                settings.file,
                writes=writes,
                busy_timeout=settings.busy_timeout,
                synchronous=settings.synchronous,
                statements=settings.statements,
            )
            try:
                await worker
            except BaseException as error:
                pool.own(worker.ended())
                if isinstance(error, sqlite3.Error):
                    raise OperationError(Code.UPSTREAM_FAILED, "The database cannot be reached.") from error
                raise
            return SqliteConnection(worker, self._vocabulary, read_only=not writes)

        pool = Pool(
            connect,
            size=size,
            patience=settings.wait_timeout,
            alive=lambda connection: not connection.broken,
            close=SqliteConnection.close,
        )
        return pool


class _Reading(Reading[SqliteConnection]):
    """The one connection of a database in memory also writes: it is told not to."""

    __slots__ = ()

    async def __aenter__(self) -> SqliteConnection:
        connection = await super().__aenter__()
        if connection.read_only is not True:
            try:
                await connection.allow_writes(allowed=False)
            except BaseException:
                self._pool.own(_mend(self._pool, connection))
                raise
        return connection


async def _mend(pool: Pool[SqliteConnection], connection: SqliteConnection) -> None:
    """Makes a connection usable again after a cancellation or an error."""
    try:
        await connection.worker.stop_and_roll_back()
    except (sqlite3.Error, ValueError):
        connection.broken = True
    finally:
        pool.release(connection)
