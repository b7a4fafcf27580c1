"""A connection to MySQL or MariaDB whose session is as the statements take it to be: docs/decisions/0015-mysql.md.

What a server is set up with does not matter: everything that a statement's meaning depends on is set, and looked at.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

from asyncmy.connection import Connection
from asyncmy.constants import CLIENT, FIELD_TYPE
from asyncmy.converters import conversions
from asyncmy.errors import MySQLError, OperationalError

from tidegate.resolvers.integrations.mysql.address import Address

SQL_MODE: Final = "STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"

_OLDEST: Final = {False: (8, 0), True: (10, 6)}
"""By whether it is MariaDB."""

_LONGEST: Final = 1 << 30
"""Bytes that GROUP_CONCAT may make: `max_allowed_packet` is met before."""

_CONVERSIONS: Final = {**conversions, FIELD_TYPE.JSON: str.encode}
"""MySQL's own JSON goes on as bytes."""

_REFUSED: Final = ("mysql_clear_password", "dialog", "mysql_old_password")
"""Ways to log in by which whoever answers gets the password as it is, or as good as that."""

_TEXTS: Final = frozenset({"sql_mode", "time_zone", "lc_messages", "lc_time_names"})


class Unsuitable(Exception):
    """The server is not one that this can be done with. The sentence is for the operator."""


class Session(Connection):  # type: ignore[misc]
    """asyncmy's connection. `place` tells servers apart that answer at one address; `forgets` says whether a
    transaction is lost when it has waited too long for a lock."""

    place = ""
    forgets = False

    @property
    def alive(self) -> bool:
        return bool(self.connected) and not self._stream_broken

    async def ask(self, sql: str) -> Any:
        """Sends a text of our own. Any: rows, or none."""
        await self.query(sql)
        return self._result.rows

    def close(self) -> None:
        """At once: with TLS, an orderly end waits for somebody who may not answer any more."""
        if self._transport is not None:
            self._transport.abort()
        super().close()

    async def leave(self) -> None:
        """Says goodbye where that takes no time. Never raises but for cancellation."""
        try:
            async with asyncio.timeout(1.0):
                await self.ensure_closed()
        except (MySQLError, OSError, TimeoutError):
            self.close()
            # What asyncio closes is closed a moment later.
            await asyncio.sleep(0)


@dataclass(frozen=True, slots=True)
class Server:
    """What is said of it when a connection is made."""

    is_mariadb: bool
    version: tuple[int, int]
    words: str
    """As it gives its version itself."""

    @property
    def release(self) -> int:
        """As in `Reflection`."""
        return self.version[0] * 100 + self.version[1]


@dataclass(frozen=True, slots=True)
class Opening:
    """How connections are opened. `connect_timeout` is in seconds; `program` is what the server lists them by."""

    address: Address
    tls: ssl.SSLContext | None
    connect_timeout: float
    program: str


def cancellations() -> int:
    """How often this task was cancelled, so far. `asyncio.wait_for`, by which asyncmy waits, forgets a cancellation
    when what it waits for comes at the same moment: then this is more than before, and nothing was raised."""
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0


async def connect(opening: Opening, *, read_only: bool, statement_timeout: float) -> Session:
    """Seconds; 0 is no limit. Raises asyncmy's `MySQLError`, `OSError`, `TimeoutError` and `Unsuitable`."""
    async with asyncio.timeout(opening.connect_timeout):
        known = cancellations()
        session = await connect_bare(opening)
        try:
            await _set_up(session, read_only=read_only, statement_timeout=statement_timeout)
            if cancellations() > known:
                raise asyncio.CancelledError
        except BaseException:
            session.close()
            await asyncio.sleep(0)
            raise
    return session


async def connect_bare(opening: Opening) -> Session:
    """One whose session is as the server has it: good enough for KILL."""
    address = opening.address
    session = Session(
        user=address.user,
        # In bytes: asyncmy takes a text for latin1.
        password=address.password.encode(),
        host=address.host,
        port=address.port,
        unix_socket=address.socket or None,
        database=address.database,
        charset="utf8mb4",
        ssl=opening.tls,
        conv=_CONVERSIONS,
        client_flag=CLIENT.FOUND_ROWS,
        connect_timeout=opening.connect_timeout,
        autocommit=None,
        local_infile=False,
        program_name=opening.program,
        auth_plugin_map={} if opening.tls is not None or address.socket else dict.fromkeys(_REFUSED, _Refusing),
    )
    # asyncmy always asks for it; nothing of ours needs it.
    session._client_flag &= ~CLIENT.MULTI_STATEMENTS  # noqa: SLF001 - there is no setting for it
    try:
        await session.connect()
    except BaseException:
        session.close()
        await asyncio.sleep(0)
        raise
    return session


def server_of(session: Session) -> Server:
    """Raises `Unsuitable` where it is too old."""
    words = str(session.server_version)
    is_mariadb = "mariadb" in words.lower()
    # MariaDB before 11 pretends to be 5.5.5, for the sake of old clients.
    found = re.match(r"(?:5\.5\.5-)?(\d+)\.(\d+)", words)
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    if version < _OLDEST[is_mariadb]:
        raise Unsuitable(f"{words} is too old: MySQL 8.0 and MariaDB 10.6 are the oldest that will do")
    return Server(is_mariadb, version, words)


async def _set_up(session: Session, *, read_only: bool, statement_timeout: float) -> None:
    server = server_of(session)
    wanted = _wanted(server, statement_timeout)
    settings = ", ".join(
        f"{name} = '{value}'" if name in _TEXTS else f"{name} = {value}" for name, value in wanted.items()
    )
    await session.ask("SET NAMES utf8mb4 COLLATE utf8mb4_bin")
    await session.ask(f"SET SESSION {settings}")
    access = "READ ONLY" if read_only else "READ WRITE"
    await session.ask(f"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, {access}")
    prefix = "tx" if server.is_mariadb and server.version < (11, 1) else "transaction"
    wanted |= {
        "character_set_client": "utf8mb4",
        "character_set_results": "utf8mb4",
        "collation_connection": "utf8mb4_bin",
        f"{prefix}_read_only": int(read_only),
        f"{prefix}_isolation": "READ-COMMITTED",
    }
    names = ", ".join(f"@@session.{name}" for name in wanted)
    ((session.place, forgets, *found),) = await session.ask(
        f"SELECT concat_ws(' ', @@hostname, @@port, @@server_id), @@innodb_rollback_on_timeout, {names}"
    )
    session.forgets = bool(forgets)
    for (name, value), actual in zip(wanted.items(), found, strict=True):
        if not _is_same(value, actual):
            raise Unsuitable(f'its "{name}" is {actual} and cannot be set to {value}')


def _wanted(server: Server, statement_timeout: float) -> dict[str, str | int]:
    # For rows and for tables. A statement's own time, which MySQL measures for SELECT only, is the other limit.
    waiting = max(1, ceil(statement_timeout)) if statement_timeout else 3600
    wanted: dict[str, str | int] = {
        "sql_mode": SQL_MODE,
        "time_zone": "+00:00",
        "group_concat_max_len": _LONGEST,
        "autocommit": 1,
        "foreign_key_checks": 1,
        "unique_checks": 1,
        "sql_safe_updates": 0,
        "sql_auto_is_null": 0,
        # errors.py reads what they say.
        "lc_messages": "en_US",
        "lc_time_names": "en_US",
        "innodb_lock_wait_timeout": waiting,
        "lock_wait_timeout": waiting,
    }
    if server.is_mariadb:
        return wanted | {"max_statement_time": f"{statement_timeout:.6f}"}
    return wanted | {"max_execution_time": int(statement_timeout * 1000)}


# Any: a variable's value.
def _is_same(wanted: str | int, actual: Any) -> bool:
    return set(str(wanted).split(",")) == set(
        f"{actual:.6f}".split() if isinstance(actual, float) else str(actual).split(",")
    )


class _Refusing:
    """asyncmy asks this how to log in."""

    def __init__(self, _connection: Connection) -> None:
        pass

    def authenticate(self, _packet: object) -> object:
        raise OperationalError(2059, "it wants the password as it is, on a connection that is not encrypted")
