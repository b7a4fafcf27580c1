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
    ),
)
@folder_argument
def command(folder: Path) -> None:
    """Print the GraphQL schema that clients see.

    Needs no database and no environment. Roles stand in it as @minRole.
    """
    from tidegate.schema.api import build_api

    say(build_api(offline(folder)).sdl)
