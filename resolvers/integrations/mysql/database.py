"""A MySQL or MariaDB database: two pools of connections, sessions on them, opening and closing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from asyncmy.errors import MySQLError

from tidegate.core.change import Outside
from tidegate.core.errors import Code, OperationError
from tidegate.core.footprint import Read
from tidegate.core.integration import IntegrationUnavailable
from tidegate.resolvers.integrations.mysql import catalogue
from tidegate.resolvers.integrations.mysql.address import OFF, VERIFY, Address, parse_address, tls_context
from tidegate.resolvers.integrations.mysql.connection import MysqlConnection, Shared
from tidegate.resolvers.integrations.mysql.migrating import migrate
from tidegate.resolvers.integrations.mysql.session import Opening, Session, Unsuitable, connect
from tidegate.resolvers.integrations.relational.pool import Pool
from tidegate.resolvers.integrations.relational.reflection import Reflection
from tidegate.resolvers.integrations.relational.sessions import Reading, Writing
from tidegate.resolvers.integrations.relational.tables import Tables
from tidegate.resolvers.integrations.relational.violations import Vocabulary

_MENDING: Final = 6.0
"""Seconds that connections in use may take to come back when the database is closed."""


@dataclass(frozen=True, slots=True)
class MysqlSettings:
    """Times in seconds. `tls` is empty where neither the settings nor the URL say anything."""

    url: str = field(repr=False)
    migrations: Path | None
    readers: int
    writers: int
    wait_timeout: float
    connect_timeout: float
    statement_timeout: float
    application_name: str
    statements: int
    tls: str = ""
    ca: Path | None = None


class MysqlDatabase:
    """Implements `relational.integration.Database`. Readers are sessions that the server itself keeps from writing
    (`SET SESSION TRANSACTION READ ONLY`), so a read needs no transaction and takes one round trip."""

    def __init__(self, name: str, settings: MysqlSettings, vocabulary: Vocabulary) -> None:
        self.name = name
        self.settings = settings
        self._vocabulary = vocabulary
        self._shared: Shared | None = None
        self.readers = self._pool(settings.readers, read_only=True)
        self.writers = self._pool(settings.writers, read_only=False)

    async def open(self) -> Reflection:
        try:
            shared = self._shared = self._shared or self._share()
            operator = await connect(shared.opening, read_only=False, statement_timeout=0.0)
        except IntegrationUnavailable:
            raise
        except Exception as error:
            raise IntegrationUnavailable(self._reason(error)) from error
        try:
            if self.settings.migrations is not None:
                await migrate(operator, self.settings.migrations)
            shared.reflection = await catalogue.reflect(operator)
            return shared.reflection
        except (MySQLError, OSError) as error:
            raise IntegrationUnavailable(self._reason(error)) from error
        finally:
            await operator.leave()

    async def watch(self, tables: Tables, reads: Sequence[Read], outside: Outside) -> None:
        """Nothing: MySQL tells nobody of writes. Whoever writes past the gateway tells it: POST /touch."""

    async def unwatch(self) -> Sequence[str]:
        """Nothing was put there."""
        return ()

    def session(self, *, writes: bool) -> AbstractAsyncContextManager[MysqlConnection]:
        return Writing(self.writers, _mend) if writes else Reading(self.readers, _mend)

    async def close(self) -> None:
        await asyncio.gather(self.readers.shut(_MENDING), self.writers.shut(_MENDING))

    def _share(self) -> Shared:
        settings = self.settings
        address = parse_address(settings.url)
        tls = settings.tls or (VERIFY if settings.ca is not None else address.tls or OFF)
        opening = Opening(
            address,
            None if address.socket else tls_context(tls, settings.ca),
            settings.connect_timeout,
            settings.application_name,
        )
        return Shared(self._vocabulary, opening, settings.statements, settings.statement_timeout)

    def _pool(self, size: int, *, read_only: bool) -> Pool[MysqlConnection]:
        timeout = self.settings.statement_timeout

        async def connect_session() -> Session:
            assert self._shared is not None
            return await connect(self._shared.opening, read_only=read_only, statement_timeout=timeout)

        async def connect_one() -> MysqlConnection:
            try:
                session = await connect_session()
            except (MySQLError, OSError, Unsuitable) as error:
                raise OperationError(Code.UPSTREAM_FAILED, "The database cannot be reached.") from error
            assert self._shared is not None
            return MysqlConnection(session, connect_session, self._shared, read_only=read_only)

        return Pool(
            connect_one,
            size=size,
            patience=self.settings.wait_timeout,
            alive=lambda connection: connection.alive,
            close=MysqlConnection.close,
        )

    def _reason(self, error: BaseException) -> str:
        """For the operator: where, and why, without the password."""
        try:
            address: Address | None = parse_address(self.settings.url)
        except ValueError as bad:
            return f'The url of "{self.name}" cannot be used: {bad}.'
        if isinstance(error, TimeoutError):
            why = "it did not answer in time"
        elif isinstance(error, MySQLError) and len(error.args) > 1:
            why = str(error.args[1])
        else:
            why = str(error)
        assert address is not None
        for secret in {address.password, self.settings.url} - {""}:
            why = why.replace(secret, "…")
        return f'The database of "{self.name}" at {address.place} cannot be used: {why}.'


async def _mend(pool: Pool[MysqlConnection], connection: MysqlConnection) -> None:
    """Makes a connection usable again after a cancellation or an error, or has it given up."""
    try:
        await connection.roll_back()
    except BaseException:
        connection.session.close()
        raise
    finally:
        pool.release(connection)
