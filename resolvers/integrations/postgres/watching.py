"""Hears of writes by others: a connection that listens to the triggers of triggers.py.

It asks the database nothing while nothing happens. What it did not hear because it was lost may have been anything.
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from logging import getLogger
from typing import Any, Final

import asyncpg
import orjson

from tidegate.core.change import Outside
from tidegate.core.footprint import Image, Read, Touch
from tidegate.resolvers.integrations.postgres.trigger_text import CHANNEL, VERSION, Watched
from tidegate.resolvers.integrations.postgres.triggers import MissingRight, install
from tidegate.resolvers.integrations.relational.reach import compared, image_of
from tidegate.resolvers.integrations.relational.tables import ReflectedTable, Tables

log = getLogger(__name__)

MOST_TOUCHES: Final = 1000
"""Of notifications that come together; if there are more, only their tables count."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
"""Seconds between attempts to connect again."""

_KEEPALIVE: Final = (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 30_000))
"""A peer that vanished without a word is noticed within half a minute, by the kernel: no statement is sent for it."""


def wanted_tables(tables: Tables, reads: Iterable[Read]) -> Sequence[Watched]:
    """Those that `reads` may look at; every table where that may be anything."""
    identities = {read.table for read in reads}
    return [
        Watched(
            table.identity,
            tuple(table.columns),
            table.primary_key,
            compared(tables, name),
            named=table.identity in identities,
        )
        for name, table in tables.known.items()
        if table.identity and not table.is_view and (None in identities or table.identity in identities)
    ]


class Watching:
    """Listens from `open` to `close`. `origins` are the marks of the gateway's own writers, whose writes are told by
    who made them. Mutable and shared: it is asked at each notification."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[asyncpg.Connection]],
        tables: Tables,
        reads: Sequence[Read],
        origins: Collection[str],
        outside: Outside,
        patience: float,
    ) -> None:
        self._connect = connect
        self._tables = tables
        self._wanted = wanted_tables(tables, reads)
        self._origins = origins
        self._outside = outside
        self._patience = patience
        self._by_identity = {table.identity: table for table in tables.known.values()}
        self._shared: Mapping[str, Collection[str]] = {}
        self._heard: list[Touch] = []
        self._lost: asyncio.Event | None = None
        self._connection: asyncpg.Connection | None = None
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Raises what connecting raises, and `MissingRight`."""
        lost = await self._listen()
        self._task = asyncio.create_task(self._stay(lost))

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._drop()

    async def _listen(self) -> asyncio.Event:
        """Answers what is set when the connection is lost. It may be another server by now, or an older copy, so the
        triggers are looked after each time."""
        lost = asyncio.Event()
        connection = self._connection = await self._connect()
        try:
            keep_alive(connection)
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(CHANNEL, self._note)
            self._shared = await install(connection, self._wanted, self._patience)
        except BaseException:
            connection.terminate()
            raise
        return lost

    async def _stay(self, lost: asyncio.Event) -> None:
        while True:
            await lost.wait()
            log.warning("The connection that hears of writes by others was lost.")
            pause = _FIRST_PAUSE
            while (again := await self._again()) is None:
                # Not all gateways at the same moment.
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
                pause = min(pause * 2, _LONGEST_PAUSE)
            lost = again
            log.warning("Writes by others are heard again.")
            self._outside([Touch(self._tables.source, None)])

    async def _again(self) -> asyncio.Event | None:
        try:
            return await self._listen()
        except MissingRight as error:
            log.warning("Writes by others cannot be heard: %s.", error)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
            pass
        return None

    async def _drop(self) -> None:
        if self._connection is None:
            return
        try:
            await self._connection.close(timeout=1.0)
        except Exception:  # noqa: BLE001 - what cannot be closed is let go
            self._connection.terminate()

    def _note(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        touches = self._touches(str(payload))
        if not touches:
            return
        if not self._heard:
            # What one packet brought is told as one: it may be one transaction.
            asyncio.get_running_loop().call_soon(self._tell_heard)
        self._heard += touches

    def _tell_heard(self) -> None:
        heard, self._heard = self._heard, []
        if len(heard) > MOST_TOUCHES:
            tables = dict.fromkeys(touch.table for touch in heard)
            heard = [Touch(self._tables.source, table) for table in tables]
        self._outside(heard)

    def _touches(self, payload: str) -> Sequence[Touch]:
        """Anybody who may connect may send anything: what is not understood may have been anything."""
        source = self._tables.source
        try:
            told = orjson.loads(payload)
            if told.get("by") in self._origins:
                return ()
            if told.get("gone"):
                log.warning("Writes by others are not heard any more: the triggers were removed.")
            if told["v"] != VERSION:
                return (Touch(source, None),)
            touch = self._touch(told)
        except (ValueError, KeyError, TypeError, AttributeError):
            return (Touch(source, None),)
        return (touch, *(Touch(source, other) for other in sorted(self._shared.get(told["t"], ()))))

    # Any: JSON.
    def _touch(self, told: Mapping[str, Any]) -> Touch:
        table = self._by_identity.get(told["t"])
        columns, before, after = told.get("c"), told.get("o"), told.get("n")
        if table is None:
            return Touch(self._tables.source, str(told["t"]))
        changed = None
        if columns is not None:
            generated = (column.name for column in table.columns.values() if column.generated)
            changed = frozenset(columns).union(generated if columns else ())
        images = None
        if after is not None:
            images = tuple(_images(table, told["k"], [*(before or ()), *after]))
        return Touch(self._tables.source, table.identity, changed, images)


def keep_alive(connection: asyncpg.Connection) -> None:
    """There is no setting of asyncpg for it."""
    raw = connection._transport.get_extra_info("socket")  # noqa: SLF001
    if raw is None or raw.family not in (socket.AF_INET, socket.AF_INET6):
        return
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        if hasattr(socket, name):
            raw.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _images(table: ReflectedTable, keys: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterable[Image]:
    for row in rows:
        yield image_of(table, dict(zip(keys, row, strict=True)))
