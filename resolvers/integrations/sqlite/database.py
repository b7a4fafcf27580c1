"""A SQLite database: one connection that writes, several that read, sessions on them, opening and closing."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tidegate.core.change import Outside
from tidegate.core.errors import Code, OperationError
from tidegate.core.footprint import Read, Touch
from tidegate.core.integration import IntegrationUnavailable
from tidegate.resolvers.integrations.relational.pool import Pool
from tidegate.resolvers.integrations.relational.reflection import Reflection
from tidegate.resolvers.integrations.relational.sessions import Reading, Writing
from tidegate.resolvers.integrations.relational.tables import Tables
from tidegate.resolvers.integrations.relational.violations import Vocabulary
from tidegate.resolvers.integrations.sqlite.catalogue import reflect
from tidegate.resolvers.integrations.sqlite.connection import SqliteConnection
from tidegate.resolvers.integrations.sqlite.migrating import migrate
from tidegate.resolvers.integrations.sqlite.watching import Watching
from tidegate.resolvers.integrations.sqlite.worker import MEMORY, connector

_MENDING: Final = 10.0
"""Seconds that connections in use may take to come back when the database is closed."""

_OLDEST: Final = (3, 38)
"""The first SQLite that can do what our statements ask of it (RETURNING, STRICT, JSON operators)."""


@dataclass(frozen=True, slots=True)
class SqliteSettings:
    """`file` is a whole path, or `:memory:`. Times in seconds. `watch`: whether commits by others are noticed."""

    file: str
    migrations: Path | None
    readers: int
    busy_timeout: float
    wait_timeout: float
    synchronous: str
    statements: int
    watch: bool = False


class SqliteDatabase:
    """Implements `relational.integration.Database`. In WAL mode readers and the writer do not wait for each other. A
    database in memory belongs to its connection: there is one, for everybody in turn."""

    def __init__(self, name: str, settings: SqliteSettings, vocabulary: Vocabulary) -> None:
        self.name = name
        self.settings = settings
        self._vocabulary = vocabulary
        self.writers = self._pool(1, writes=True)
        self.readers = self.writers if settings.file == MEMORY else self._pool(settings.readers, writes=False)
        self._watching: Watching | None = None

    async def open(self) -> Reflection:
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

    async def watch(self, tables: Tables, reads: Sequence[Read], outside: Outside) -> None:  # noqa: ARG002 - any table
        """Others' commits may have been to any table."""
        if not self.settings.watch:
            return
        touches = (Touch(tables.source, None),)
        self._watching = Watching(self.settings.file, self._data_version, lambda: outside(touches))
        try:
            await self._watching.open()
        except OperationError as error:
            raise IntegrationUnavailable(f'The database of "{self.name}" cannot be watched: {error}') from error

    async def unwatch(self) -> Sequence[str]:
        """Nothing was put there."""
        return ()

    def session(self, *, writes: bool) -> AbstractAsyncContextManager[SqliteConnection]:
        return Writing(self.writers, _mend) if writes else _Reading(self.readers, _mend)

    async def close(self) -> None:
        if self._watching is not None:
            await self._watching.close()
        await asyncio.gather(*(pool.shut(_MENDING) for pool in {self.readers, self.writers}))

    async def _data_version(self) -> tuple[object, int]:
        """No transaction: that would wait for whoever writes."""
        connection = self.writers.take() or await self.writers.acquire()
        try:
            version = await connection.call(lambda raw: int(raw.execute("pragma data_version").fetchone()[0]))
        except BaseException:
            self.writers.own(_mend(self.writers, connection))
            raise
        self.writers.release(connection)
        return connection, version

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
