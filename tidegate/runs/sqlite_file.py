"""A SQLite file of ours: made, opened, and moved aside where it is of no more use."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from logging import getLogger
from pathlib import Path
from time import monotonic, sleep
from typing import Final, TypeVar

from tidegate.runs.store import HOME, StoreFailed

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
_PATIENCE: Final = 15.0
"""Seconds to wait for another process that writes."""

_AMISS: Final = "this is a database of something else, and is left alone"
_NEWER: Final = "this is of a newer version of Tidegate, and is left alone"
_ASIDE: Final = 9
"""Files that were moved aside, at most; of more, the last is replaced."""


class _Outdated(Exception):
    """Of an older version of Tidegate."""


class SqliteFile:
    """Everything but `is_there` in one thread. The file is for nobody but its owner: what was called with what is in
    it. One that is broken, or of an older version, is moved aside; one that is newer or not ours is left alone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._node: tuple[int, int] | None = None

    @property
    def is_there(self) -> bool:
        return self._connection is not None or self._path.exists()

    def perform(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Opens the file before, where it is not open. Raises `StoreFailed`."""
        try:
            try:
                return self._work(work)
            except (sqlite3.DatabaseError, _Outdated) as error:
                if not isinstance(error, _Outdated) and (_code(error) not in _BROKEN or not self._may_be_moved()):
                    raise
                self._move_aside("of an older version of Tidegate" if isinstance(error, _Outdated) else "broken")
                return self._work(work)
        except (OSError, sqlite3.Error, _Outdated) as error:
            self.close()
            reason = getattr(error, "strerror", None) or error
            shared = isinstance(error, sqlite3.Error) and _code(error) in _BUSY
            raise StoreFailed(f"{self._path}: {reason}", shared=shared) from error

    def _work(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Where the file was taken away, or put in the place of another, it is opened anew."""
        if self._connection is None or self._node != _node(self._path):
            self.close()
            self._connection = self._connect()
        try:
            return work(self._connection)
        except BaseException:
            with suppress(sqlite3.Error):
                self._connection.execute("rollback")
            raise

    def _connect(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=_PATIENCE)
        try:
            for pragma in ("trusted_schema = off", "cell_size_check = on", "synchronous = normal"):
                connection.execute(f"pragma {pragma}")
            if not _is_ours(connection):
                _make(connection)
            self._node = _node(self._path)
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _may_be_moved(self) -> bool:
        """Whether what is broken was surely ours: a wrong word in the setting costs nobody a file."""
        if self._path.parent.name == HOME:
            return True
        with self._path.open("rb") as file:
            head = file.read(100)
        return head.startswith(b"SQLite format 3\0") and int.from_bytes(head[68:72]) == APPLICATION

    def _move_aside(self, why: str) -> None:
        """Keeps it for whoever wants to look. Raises `OSError`."""
        self.close()
        number = 1
        while (aside := self._path.with_name(f"{self._path.name}.{number}")).exists() and number < _ASIDE:
            number += 1
        log.warning("The history of runs in %s is %s. It is now %s, and a new one begins.", self._path, why, aside.name)
        for ending in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                Path(f"{self._path}{ending}").rename(f"{aside}{ending}")


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
    """False for an empty file. Raises `_Outdated`, and `OSError` for what is left alone."""
    (application,) = connection.execute("pragma application_id").fetchone()
    (version,) = connection.execute("pragma user_version").fetchone()
    if application == APPLICATION:
        if version > VERSION:
            # Moved aside, it would come back at the next run of the other process, and so for ever.
            raise OSError(_NEWER)
        if version < VERSION:
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
