"""`tidegate schema`: what clients see."""

from __future__ import annotations

from pathlib import Path

import click

from tidegate.cli.console import say
from tidegate.cli.parameters import examples, folder_argument
from tidegate.cli.project import offline


@click.command(
    "schema",
    epilog=examples(
        "tidegate schema desk > schema.graphql",
        "tidegate schema desk --events > src/events.d.ts",
    ),
)
@folder_argument
@click.option("--events", is_flag=True, help="The socket events that functions emit, as TypeScript, instead.")
def command(folder: Path, events: bool) -> None:
    """Print the GraphQL schema that clients see.

    Needs no database and no environment. Roles stand in it as @minRole.
    """
    from tidegate.cli.event_types import event_types
    from tidegate.schema.api import build_api

    catalog = offline(folder)
    if events:
        say(event_types(catalog).rstrip("\n"))
    else:
        say(build_api(catalog).sdl)
