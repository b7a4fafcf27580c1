"""The history of runs in a SQLite file, which several processes of one machine may share."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from logging import getLogger
from pathlib import Path
from time import monotonic, sleep, time
from typing import Final, TypeVar

from tidegate.runs.store import CLAIMS_KEPT, HOME, Record, StoreFailed

T = TypeVar("T")
log = getLogger(__name__)

VERSION: Final = 1
APPLICATION: Final = 0x54675275
"""`TgRu`: how a file says that it is ours (SQLite's `application_id`)."""

_STATEMENTS: Final = (
    "create table runs (number integer primary key, id text unique, function text, record blob not null) strict",
    "create index runs_of on runs (function, number)",
    "create table claims (name text, moment text, at real not null, primary key (name, moment)) strict, without rowid",
    "create index claims_at on claims (at)",
    f"pragma application_id = {APPLICATION}",
    f"pragma user_version = {VERSION}",
)

_BROKEN: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_PATIENCE: Final = 5.0
"""Seconds to wait for another process that writes."""

_AMISS: Final = "this is a database of something else, and is left alone"


class _Outdated(Exception):
    """Of another version of Tidegate."""


class SqliteStore:
    """Implements `RunStore`, in one thread of its own. The file is for nobody but its owner: what was called with what
    is in it. One that is broken, or of another version, is moved aside; one that is not ours is left alone."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._thread: ThreadPoolExecutor | None = None
        self._connection: sqlite3.Connection | None = None
        self._node: tuple[int, int] | None = None

    async def claim(self, name: str, moment: str) -> bool:
        def work(connection: sqlite3.Connection) -> bool:
            now = time()
            connection.execute("begin immediate")
            connection.execute("delete from claims where at < ?", (now - CLAIMS_KEPT,))
            made = connection.execute("insert or ignore into claims values (?, ?, ?)", (name, moment, now)).rowcount
            connection.execute("commit")
            return made == 1

        return await self._run(work)

    async def keep(self, records: Sequence[Record], most: int) -> None:
        def work(connection: sqlite3.Connection) -> None:
            connection.execute("begin immediate")
            connection.executemany(
                "insert or replace into runs (id, function, record) values (?, ?, ?)",
                [(each.id, each.function, each.text) for each in records],
            )
            connection.executemany(
                "delete from runs where function = ?1 and number <= "
                "(select number from runs where function = ?1 order by number desc limit 1 offset ?2)",
                [(function, most) for function in {each.function for each in records}],
            )
            connection.execute("commit")

        await self._run(work)

    async def recent(self, function: str | None, most: int) -> Sequence[Record]:
        return await self._read("?1 is null or function = ?1", function, most)

    async def find(self, start: str, most: int) -> Sequence[Record]:
        return await self._read("substr(id, 1, length(?1)) = ?1", start, most)

    async def close(self) -> None:
        if self._thread is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
            self._thread.shutdown()
            self._thread = None

    async def _read(self, condition: str, value: str | None, most: int) -> Sequence[Record]:
        sql = f"select id, function, record from runs where {condition} order by number desc limit ?2"  # noqa: S608

        def work(connection: sqlite3.Connection) -> Sequence[Record]:
            return [Record(*row) for row in connection.execute(sql, (value, most))]

        if self._connection is None and not self._file.exists():
            # Who only looks makes no file.
            return ()
        return await self._run(work)

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "runs")
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._attempt, work)

    def _attempt(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            try:
                return self._work(work)
            except (sqlite3.DatabaseError, _Outdated) as error:
                if not isinstance(error, _Outdated) and (_code(error) not in _BROKEN or not self._may_be_moved()):
                    raise
                self._move_aside("of another version of Tidegate" if isinstance(error, _Outdated) else "broken")
                return self._work(work)
        except (OSError, sqlite3.Error, _Outdated) as error:
            self._disconnect()
            reason = getattr(error, "strerror", None) or error
            shared = isinstance(error, sqlite3.Error) and _code(error) in _BUSY
            raise StoreFailed(f"{self._file}: {reason}", shared=shared) from error

    def _work(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Where the file was taken away, or put in the place of another, it is opened anew."""
        if self._connection is None or self._node != _node(self._file):
            self._disconnect()
            self._connection = self._connect()
        try:
            return work(self._connection)
        except BaseException:
            with suppress(sqlite3.Error):
                self._connection.execute("rollback")
            raise

    def _connect(self) -> sqlite3.Connection:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(self._file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        connection = sqlite3.connect(self._file, isolation_level=None, timeout=_PATIENCE)
        try:
            for pragma in ("trusted_schema = off", "cell_size_check = on", "synchronous = normal"):
                connection.execute(f"pragma {pragma}")
            if not _is_ours(connection):
                _make(connection)
            self._node = _node(self._file)
        except BaseException:
            connection.close()
            raise
        return connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _may_be_moved(self) -> bool:
        """Whether what is broken was surely ours: a wrong word in the setting costs nobody a file."""
        if self._file.parent.name == HOME:
            return True
        with self._file.open("rb") as file:
            head = file.read(100)
        return head.startswith(b"SQLite format 3\0") and int.from_bytes(head[68:72]) == APPLICATION

    def _move_aside(self, why: str) -> None:
        """Keeps it for whoever wants to look. Raises `OSError`."""
        self._disconnect()
        number = 1
        while (aside := self._file.with_name(f"{self._file.name}.{number}")).exists():
            number += 1
        log.warning("The history of runs in %s is %s. It is now %s, and a new one begins.", self._file, why, aside.name)
        for ending in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                Path(f"{self._file}{ending}").rename(f"{aside}{ending}")


def _make(connection: sqlite3.Connection) -> None:
    """The tables, in an empty file, unless another process is quicker."""
    until = monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("pragma journal_mode = wal").fetchall()
            break
        except sqlite3.OperationalError as error:
            # Here SQLite itself does not wait for others.
            if _code(error) not in _BUSY or monotonic() > until:
                raise
            sleep(0.05)
    connection.execute("begin immediate")
    try:
        if not _is_ours(connection):
            for statement in _STATEMENTS:
                connection.execute(statement)
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def _is_ours(connection: sqlite3.Connection) -> bool:
    """False for an empty file. Raises `_Outdated`, and `OSError` for a database of somebody else."""
    (application,) = connection.execute("pragma application_id").fetchone()
    (version,) = connection.execute("pragma user_version").fetchone()
    if application == APPLICATION:
        if version != VERSION:
            raise _Outdated
        return True
    (tables,) = connection.execute("select count(*) from sqlite_schema").fetchone()
    if tables or application:
        raise OSError(_AMISS)
    return False


def _node(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _code(error: sqlite3.Error) -> int:
    """Without what SQLite says more in the higher bits."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
