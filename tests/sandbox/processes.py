"""The sandbox's processes, as the system sees them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import psutil

from tests.sandbox.world import PATIENCE


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - nobody tells of the end of a process that is not ours
            await asyncio.sleep(0.02)


def hold_up_until(holds: Callable[[], bool]) -> None:
    """The event loop does nothing else meanwhile."""
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def zygotes() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children():
        try:
            if any(part.endswith("boot.py") for part in child.cmdline()):
                found.append(child)
        except psutil.Error:
            continue
    return found


def companions() -> list[psutil.Process]:
    return [child for worker in workers() for child in _children(worker)]


def workers() -> list[psutil.Process]:
    found = []
    for zygote in zygotes():
        for child in _children(zygote):
            with suppress(psutil.NoSuchProcess):
                if child.status() != psutil.STATUS_ZOMBIE:
                    found.append(child)
    return found


def _children(process: psutil.Process) -> list[psutil.Process]:
    """Of one that may end while it is looked at: then none."""
    try:
        children: list[psutil.Process] = process.children()
    except psutil.NoSuchProcess:
        return []
    return children
