"""A SQLite database: one connection that writes, several that read, sessions on them, opening and closing."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

from tidegate.core.errors import Code, OperationError
from tidegate.core.integration import IntegrationUnavailable
from tidegate.resolvers.integrations.relational.pool import Pool
from tidegate.resolvers.integrations.relational.reflection import Reflection
from tidegate.resolvers.integrations.relational.violations import Vocabulary
from tidegate.resolvers.integrations.sqlite.catalogue import reflect
from tidegate.resolvers.integrations.sqlite.connection import SqliteConnection
from tidegate.resolvers.integrations.sqlite.migrating import migrate
from tidegate.resolvers.integrations.sqlite.worker import MEMORY, connector

_MENDING: Final = 10.0
"""Seconds that connections in use may take to come back when the database is closed."""

_ROLLING_BACK: Final = 1.0
"""Seconds that whoever left a transaction waits to see it rolled back; then that goes on in the background."""

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

    def session(self, *, writes: bool) -> AbstractAsyncContextManager[SqliteConnection]:
        return _Writing(self.writers) if writes else _Reading(self.readers)

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


class _Reading:
    """A connection on which nothing can be written. Each statement sees what is committed when it starts."""

    __slots__ = ("_connection", "_pool")

    def __init__(self, pool: Pool[SqliteConnection]) -> None:
        self._pool = pool

    async def __aenter__(self) -> SqliteConnection:
        self._connection = self._pool.take() or await self._pool.acquire()
        if not self._connection.read_only:
            try:
                await self._connection.allow_writes(allowed=False)
            except BaseException:
                self._pool.own(_mend(self._pool, self._connection))
                raise
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None or isinstance(error, OperationError):
            self._pool.release(self._connection)
        else:
            self._pool.own(_mend(self._pool, self._connection))


class _Writing:
    """A transaction, the only one in this process."""

    __slots__ = ("_connection", "_pool")

    def __init__(self, pool: Pool[SqliteConnection]) -> None:
        self._pool = pool

    async def __aenter__(self) -> SqliteConnection:
        self._connection = self._pool.take() or await self._pool.acquire()
        try:
            if self._connection.read_only:
                await self._connection.allow_writes(allowed=True)
            await self._connection.control("begin immediate")
        except BaseException:
            self._pool.own(_mend(self._pool, self._connection))
            raise
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            try:
                await self._connection.control("commit")
            except BaseException:
                await self._roll_back()
                raise
            self._pool.release(self._connection)
        else:
            await self._roll_back()

    async def _roll_back(self) -> None:
        mending = self._pool.own(_mend(self._pool, self._connection))
        # `wait` leaves the task alone when we are cancelled ourselves.
        await asyncio.wait([mending], timeout=_ROLLING_BACK)


async def _mend(pool: Pool[SqliteConnection], connection: SqliteConnection) -> None:
    """Makes a connection usable again after a cancellation or an error."""
    try:
        await connection.worker.stop_and_roll_back()
    except (sqlite3.Error, ValueError):
        connection.broken = True
    finally:
        pool.release(connection)
