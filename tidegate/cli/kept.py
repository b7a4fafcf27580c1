"""The history of runs of a project, as the commands see it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.project import environment
from tidegate.core.integration import IntegrationUnavailable
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
    """The newest first. Raises `IntegrationUnavailable`."""
    return _ask(folder, lambda store: store.recent(function, most))


def find(folder: Path, start: str) -> Record:
    """The run whose id begins so. Raises `IntegrationUnavailable`, and a usage error where there is none, or more than
    one."""
    found = _ask(folder, lambda store: store.find(start, 2))
    if not found:
        raise click.UsageError(f'No run "{start}" is kept.')
    if len(found) > 1:
        raise click.UsageError(f'The ids of several runs begin with "{start}".')
    return found[0]


def _ask(folder: Path, question: Callable[[RunStore], Awaitable[Sequence[Record]]]) -> Sequence[Record]:
    from tidegate.runs.store import StoreFailed

    async def ask() -> Sequence[Record]:
        store = kept_in(folder, environment(folder))
        try:
            return await question(store)
        finally:
            await store.close()

    try:
        return asyncio.run(ask())
    except StoreFailed as error:
        raise IntegrationUnavailable(f"The history of runs cannot be read. {error}.") from error
