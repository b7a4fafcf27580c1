"""The history of runs in a SQLite file, which several processes of one machine may share."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import time
from typing import TypeVar

from tidegate.runs.sqlite_file import SqliteFile
from tidegate.runs.store import CLAIMS_KEPT, Record

T = TypeVar("T")


class SqliteStore:
    """Implements `RunStore`, in one thread of its own."""

    def __init__(self, file: Path) -> None:
        self._file = SqliteFile(file)
        self._thread: ThreadPoolExecutor | None = None

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
            await asyncio.get_running_loop().run_in_executor(self._thread, self._file.close)
            self._thread.shutdown()
            self._thread = None

    async def _read(self, condition: str, value: str | None, most: int) -> Sequence[Record]:
        sql = f"select id, function, record from runs where {condition} order by number desc limit ?2"  # noqa: S608

        def work(connection: sqlite3.Connection) -> Sequence[Record]:
            return [Record(*row) for row in connection.execute(sql, (value, most))]

        if not self._file.is_there:
            # Who only looks makes none.
            return ()
        return await self._run(work)

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "runs")
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._file.perform, work)
