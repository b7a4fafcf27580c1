"""Notices that a file of the project has changed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

PERIOD: Final = 0.3
"""Seconds between two looks. A project is tens of files: a look costs less than a millisecond."""

_ENDINGS: Final = (".yaml", ".graphql", ".sql", ".txt", ".js", ".py")

Snapshot: TypeAlias = Mapping[str, tuple[int, int]]
"""When each file was changed, in nanoseconds, and its size."""


def snapshot(folder: Path) -> Snapshot:
    found: dict[str, tuple[int, int]] = {}
    for place, folders, files in os.walk(folder):
        folders[:] = [
            name for name in folders if not name.startswith(".") and name not in ("node_modules", "__pycache__")
        ]
        for name in files:
            if name.endswith(_ENDINGS):
                path = Path(place, name)
                try:
                    status = path.stat()
                except OSError:  # It went away between the two calls.
                    continue
                found[str(path)] = (status.st_mtime_ns, status.st_size)
    return found


async def watch(folder: Path, changed: Callable[[], Awaitable[None]]) -> None:
    """Calls `changed` after each change, for as long as it is not cancelled. Several files that an editor writes one
    after the other are one change: it waits until a look finds nothing new."""
    seen = snapshot(folder)
    while True:
        await asyncio.sleep(PERIOD)
        now = snapshot(folder)
        if now == seen:
            continue
        while True:
            await asyncio.sleep(PERIOD / 3)
            later = snapshot(folder)
            if later == now:
                break
            now = later
        seen = now
        await changed()
