"""One SQLite connection in a thread of its own, set up so that nobody can do more with it than read and write rows."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Final, TypeVar
from urllib.parse import quote

import aiosqlite

from tidegate.resolvers.integrations.relational.functions import FUNCTIONS

T = TypeVar("T")

MEMORY: Final = ":memory:"

_LIMITS: Final = {
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    # A value, a row, and so the JSON of an answer.
    sqlite3.SQLITE_LIMIT_LENGTH: 256 * 1024 * 1024,
    # LIKE takes time of the pattern's length times the text's.
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 10_000,
}
"""ATTACH would open other files; with a limit of 0 no authorizer, which costs a call for each column, is needed."""


class Worker(aiosqlite.Connection):
    """aiosqlite's connection, and any work in its thread in one hop. Its thread never keeps the process alive."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connect, 64)
        self._thread.daemon = True

    async def call(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """`work` in the connection's thread, where it goes on when the caller is cancelled: `stop_and_roll_back`."""
        result: T = await self._execute(work, self._conn)  # type: ignore[no-untyped-call]
        return result

    async def ended(self) -> None:
        """Waits for the thread of a connection that could not be made: it still has to tell the event loop, which must
        not be closed before."""
        while self._thread.is_alive():  # noqa: ASYNC110 - a thread has no event to wait for
            await asyncio.sleep(0.001)

    def interrupt_now(self) -> None:
        """Makes the statement that runs now, if any, fail."""
        self._conn.interrupt()

    async def stop_and_roll_back(self) -> None:
        """Ends what a cancelled caller left running, and its transaction. Interrupts more than once: the work may not
        have started when the first one comes, and one that hits nothing is forgotten."""
        fence = asyncio.ensure_future(self.call(_roll_back))
        while not fence.done():
            self.interrupt_now()
            await asyncio.wait([fence], timeout=0.01)
        fence.result()


def connector(file: str, *, writes: bool, busy_timeout: float, synchronous: str, statements: int) -> Worker:
    """A connection that is still to be awaited. Times in seconds."""

    def connect() -> sqlite3.Connection:
        place = MEMORY if file == MEMORY else f"file:{quote(file)}?mode={'rwc' if writes else 'rw'}"
        connection = sqlite3.connect(
            place, uri=True, isolation_level=None, timeout=busy_timeout, cached_statements=statements
        )
        try:
            for limit, most in _LIMITS.items():
                connection.setlimit(limit, most)
            if writes and file != MEMORY:
                connection.execute("pragma journal_mode = wal").fetchall()
            for name, (arity, function) in FUNCTIONS.items():
                connection.create_function(name, arity, function, deterministic=True)
            for pragma in (
                f"synchronous = {synchronous}",
                "foreign_keys = on",
                "trusted_schema = off",
                "cell_size_check = on",
                "cache_size = -16000",
                "temp_store = memory",
                f"query_only = {'off' if writes else 'on'}",
            ):
                connection.execute(f"pragma {pragma}").fetchall()
        except BaseException:
            connection.close()
            raise
        return connection

    return Worker(connect)


def _roll_back(connection: sqlite3.Connection) -> None:
    while connection.in_transaction:
        try:
            connection.execute("rollback")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
