"""`tidegate run`: one call of one operation."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import click

from tidegate.cli.caller import caller
from tidegate.cli.calling import Wanted, call_and_print
from tidegate.cli.parameters import JsonObject, examples, operation_argument
from tidegate.core.json import Json


@click.command(
    "run",
    epilog=examples(
        "tidegate run desk myTickets --as ada",
        "tidegate run desk ticket --args '{\"id\": 1}' --as sam --select '{ title comments { text } }'",
        "tidegate run desk openTickets",
    ),
)
@operation_argument
@click.option(
    "--args", "arguments", type=JsonObject(), default="{}", metavar="JSON", help="The arguments, or @file.json."
)
@click.option(
    "--as",
    "user",
    metavar="JSON|NAME",
    help="Who calls: the claims of a token, or somebody in demo.yaml. Default: somebody without a token.",
)
@click.option("--select", "selection", metavar="'{…}'", help="The fields wanted. Default: all that are not relations.")
@click.option("-v", "--verbose", is_flag=True, help="Show the log in full.")
@click.pass_context
def command(
    ctx: click.Context,
    target: tuple[Path, str],
    arguments: Mapping[str, Json],
    user: str | None,
    selection: str | None,
    verbose: bool,
) -> None:
    """Call OPERATION once and print the answer.

    Opens the project's integrations as serve does, migrations included. A mutation really writes. The answer goes to
    standard output as JSON; the log, what programs write to their console and the time it took go to standard error. So
    do the steps of a function, as they end, with the sizes of what they gave; its run is kept for tidegate runs.
    """
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    folder, name = target
    who = partial(caller, folder=folder, text=user)
    ctx.exit(call_and_print(Wanted(folder, name, arguments, who, "command", selection, verbose)))
