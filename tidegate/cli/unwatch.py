"""`tidegate unwatch`: takes out of the databases what `watch: true` put there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click
from rich.text import Text

from tidegate.cli.console import note, say
from tidegate.cli.parameters import examples, folder_argument
from tidegate.cli.project import environment, online
from tidegate.core.catalog import Catalog


@click.command("unwatch", epilog=examples("tidegate unwatch desk"))
@folder_argument
def command(folder: Path) -> None:
    """Remove the triggers that `watch: true` made.

    Of all gateways with the same database: none of them hears of writes by others any more. Take the setting out of
    tidegate.yaml first, or the next start makes them again.
    """
    tables = asyncio.run(_unwatch(online(folder, environment(folder))))
    for table in tables:
        say(Text.assemble(("- ", "red"), table))
    if not tables:
        note("There was nothing to remove.")


async def _unwatch(catalog: Catalog) -> Sequence[str]:
    """Raises `IntegrationUnavailable`."""
    from tidegate.resolvers.integrations.relational.integration import RelationalIntegration

    removed: list[str] = []
    for name, integration in sorted(catalog.integrations.items()):
        if isinstance(integration, RelationalIntegration):
            removed += [f"{name}: {table}" for table in await integration.unwatch()]
    return removed
