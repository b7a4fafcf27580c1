"""The history of runs of a project, as the commands see it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.project import environment
from tidegate.settings import Settings, SettingsError, variable

if TYPE_CHECKING:
    from tidegate.runs.store import Record, RunStore


def kept_in(folder: Path, environ: Mapping[str, str]) -> RunStore:
    """Raises a usage error where TIDEGATE_RUNS means nothing."""
    # Not at the top: it imports a database.
    from tidegate.runs.store import run_store

    name = variable("runs")
    try:
        # The other settings are those of a server.
        settings = Settings.read({name: environ.get(name, "")})
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    return run_store(settings.runs, folder)


def recent(folder: Path, function: str | None, most: int) -> Sequence[Record]:
    """The newest first. Raises `StoreFailed`."""

    async def ask() -> Sequence[Record]:
        store = kept_in(folder, environment(folder))
        try:
            return await store.recent(function, most)
        finally:
            await store.close()

    return asyncio.run(ask())


def find(folder: Path, start: str) -> Record:
    """The run whose id begins so. Raises `StoreFailed`, and a usage error where there is none, or more than one."""

    async def ask() -> Sequence[Record]:
        store = kept_in(folder, environment(folder))
        try:
            return await store.find(start, 2)
        finally:
            await store.close()

    found = asyncio.run(ask())
    if len(found) != 1:
        raise click.UsageError(
            f'The ids of several runs begin with "{start}".' if found else f'No run "{start}" is kept.'
        )
    return found[0]
