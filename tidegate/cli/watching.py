"""Notices that a file of the project, or of a folder that it includes, has changed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

PERIOD: Final = 0.3
"""Seconds between two looks. A project is tens of files: a look costs less than a millisecond."""

MOST: Final = 20_000
"""Files of one folder that are looked at: who includes a whole disk must not wait for it."""

_ENDINGS: Final = (".yaml", ".graphql", ".sql", ".txt", ".js", ".ts", ".py")

Snapshot: TypeAlias = Mapping[str, tuple[int, int]]
"""When each file was changed, in nanoseconds, and its size."""


def snapshot(folders: Sequence[Path]) -> Snapshot:
    return {path: mark for folder in folders for path, mark in _look(folder).items()}


def _look(folder: Path) -> Snapshot:
    found: dict[str, tuple[int, int]] = {}
    for place, folders, files in os.walk(folder):
        if len(found) >= MOST:
            break
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
    folders = _folders(folder)
    seen = snapshot(folders)
    while True:
        await asyncio.sleep(PERIOD)
        now = snapshot(folders)
        if now == seen:
            continue
        while True:
            await asyncio.sleep(PERIOD / 3)
            # Which folders are included may be what has changed.
            folders = _folders(folder)
            later = snapshot(folders)
            if later == now:
                break
            now = later
        seen = now
        await changed()


def _folders(folder: Path) -> Sequence[Path]:
    # Not at the top: `tidegate --help` would wait for GraphQL libraries.
    from tidegate.schema.inclusion import folders_to_watch

    return (folder, *folders_to_watch(folder))
