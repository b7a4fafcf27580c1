"""Notices commits by others in a SQLite file.

SQLite tells nobody of a commit, but keeps a count that changes for a connection when another one commits, and never by
its own commits. So the one connection that writes is asked. While the files stay as they are nothing is asked at all.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from tidegate.core.errors import OperationError

INTERVAL: Final = 0.2
"""Seconds between two looks at the files: two system calls."""

Ask: TypeAlias = Callable[[], Awaitable[tuple[object, int]]]
"""The connection that writes, and its `pragma data_version`. Raises `OperationError`."""

_Look: TypeAlias = tuple[tuple[int, int, int] | None, ...]


class Watching:
    """Looks from `open` to `close`. `changed` is called after a commit by somebody else."""

    def __init__(self, file: str, ask: Ask, changed: Callable[[], None]) -> None:
        self._files = (file, f"{file}-wal")
        self._ask = ask
        self._changed = changed
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Raises `OperationError`."""
        # Looked at first: what comes in between is asked about.
        seen = self._look()
        self._task = asyncio.create_task(self._stay(seen, await self._ask()))

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _stay(self, seen: _Look, version: tuple[object, int]) -> None:
        unsettled = True
        while True:
            await asyncio.sleep(INTERVAL)
            now = self._look()
            if now == seen and not unsettled:
                continue
            try:
                newer = await self._ask()
            except OperationError:
                # Nobody knows; asked again the next time.
                unsettled = True
                continue
            # A file's time has steps of some milliseconds: what came in the same step as what was seen looks the same.
            unsettled = now != seen
            seen = now
            if newer != version:
                # By another connection than before, the counts cannot be compared: somebody may have.
                version = newer
                self._changed()

    def _look(self) -> _Look:
        return tuple(_state(file) for file in self._files)


def _state(file: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(file)  # noqa: PTH116 - five times as fast as pathlib
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
