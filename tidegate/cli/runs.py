"""`tidegate runs`: what functions did, step by step, afterwards."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from tidegate.auth.claims import anonymous
from tidegate.cli.calling import Wanted, call_and_print
from tidegate.cli.console import note, say
from tidegate.cli.kept import find, recent
from tidegate.cli.parameters import Folder, JsonObject, examples, folder_or_operation
from tidegate.cli.run_shown import in_full, table, who
from tidegate.core.catalog import Catalog
from tidegate.core.json import Json
from tidegate.core.runs import Run
from tidegate.core.user import CurrentUser


class Runs(click.Group):
    """What is not the name of a command is what `list` is about."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(
    "runs",
    cls=Runs,
    short_help="Show the last runs of functions, step by step.",
    epilog=examples(
        "tidegate runs desk",
        "tidegate runs desk triageTicket",
        "tidegate runs show desk 3f2a",
        "tidegate runs replay desk 3f2a",
    ),
)
def command() -> None:
    """Show the last runs of functions: who ran what, from where, with which result.

    The server keeps them, and so does tidegate run: limits.runsKept of each function, in what TIDEGATE_RUNS names.
    Without the name of a command, list is meant.
    """


def folder_and_id(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[Path, str]:
    """Reads `[DIR] ID`."""
    match value:
        case (start,):
            where = "."
        case (where, start):
            pass
        case _:
            raise click.UsageError("Name the run, and before it the folder if that is not the current one.", ctx)
    folder: Path = Folder().convert(where, param, ctx)
    return folder, start


@command.command(
    "list", epilog=examples("tidegate runs desk triageTicket -n 5", "tidegate runs desk --json | jq '.[].failure'")
)
@click.argument("target", metavar="[DIR] [FUNCTION]", nargs=-1, callback=folder_or_operation)
@click.option(
    "-n",
    "most",
    metavar="NUMBER",
    type=click.IntRange(1, 1000),
    default=20,
    show_default=True,
    help="How many, at most.",
)
@click.option("--json", "as_json", is_flag=True, help="A JSON array of all that is kept of them.")
def list_runs(target: tuple[Path, str | None], most: int, as_json: bool) -> None:
    """List the last runs, the newest first."""
    from tidegate.runs.records import read_record, run_of

    folder, function = target
    records = recent(folder, function, most)
    if as_json:
        say(json.dumps([read_record(record) for record in records], indent=2, ensure_ascii=False))
    elif records:
        for line in table([run_of(record) for record in records]):
            say(line)
    else:
        note(f"No runs{f' of {function}' if function else ''} are kept.")


@command.command("show", epilog=examples("tidegate runs show desk 3f2a", "tidegate runs show desk 3f2a --json"))
@click.argument("target", metavar="[DIR] ID", nargs=-1, callback=folder_and_id)
@click.option("--json", "as_json", is_flag=True, help="All that is kept of it, as JSON.")
def show(target: tuple[Path, str], as_json: bool) -> None:
    """Show one run in full: its steps, how long they took, what they said, and how they failed.

    The beginning of the ID is enough. How long a step took is followed by when it began, from the beginning of the run.
    """
    from tidegate.runs.records import read_record, run_of

    record = find(*target)
    found = read_record(record)
    if as_json:
        say(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for line in in_full(run_of(record), found):
        say(line)


@command.command(
    "replay",
    epilog=examples("tidegate runs replay desk 3f2a", 'tidegate runs replay desk 3f2a --args \'{"password": "…"}\''),
)
@click.argument("target", metavar="[DIR] ID", nargs=-1, callback=folder_and_id)
@click.option(
    "--args",
    "given",
    type=JsonObject(),
    default="{}",
    metavar="JSON",
    help="Arguments in the place of those kept, or @file.json. Private ones are not kept: they are given here.",
)
@click.option("--select", "selection", metavar="'{…}'", help="The fields wanted. Default: all that are not relations.")
@click.option("-v", "--verbose", is_flag=True, help="Show the log in full.")
@click.pass_context
def replay(
    ctx: click.Context, target: tuple[Path, str], given: Mapping[str, Json], selection: str | None, verbose: bool
) -> None:
    """Run it once more: the project as it is now, with the same arguments and as the same user.

    A mutation really writes, once more. As with tidegate run, the answer goes to standard output and everything else to
    standard error.
    """
    from tidegate.runs.records import read_record, run_of

    level = logging.DEBUG if verbose else logging.INFO
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")
    folder, _ = target
    record = find(*target)
    run, found = run_of(record), read_record(record)
    arguments = _arguments(run, found, given)
    note(f"{run.function}, once more as {who(run)}")
    wanted = Wanted(folder, run.function, arguments, lambda catalog: _user(run, found, catalog), "replay", selection)
    ctx.exit(call_and_print(wanted))


def _arguments(run: Run, found: Mapping[str, Any], given: Mapping[str, Json]) -> Mapping[str, Json]:
    """Any: the record's JSON."""
    missing = [name for name in run.masked if name not in given]
    if missing:
        message = f"{', '.join(missing)}: private, so not kept. Give {'it' if len(missing) == 1 else 'them'} again."
        raise click.BadParameter(message, param_hint="--args")
    if "arguments" in found["cut"] and not given:
        raise click.BadParameter("The arguments were too long to be kept. Give them again.", param_hint="--args")
    return {**run.arguments, **given}


def _user(run: Run, found: Mapping[str, Any], catalog: Catalog) -> CurrentUser:
    """Any: the record's JSON."""
    if "user" in found["cut"]:
        raise click.UsageError("The user's fields were too long to be kept.")
    if run.role not in catalog.roles:
        raise click.UsageError(f'The project has no role "{run.role}" any more.')
    nobody = anonymous(catalog.auth, catalog.roles)
    fields = {**nobody.fields, **run.user}
    if run.role == nobody.role and fields == nobody.fields:
        return nobody
    return CurrentUser(run.role, catalog.roles.index(run.role), fields, None, verified=True)
