"""`tidegate run`: one call of one operation."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import click
from rich.text import Text

from tidegate.cli.caller import caller
from tidegate.cli.console import note, say
from tidegate.cli.document import document_text, plain_selection
from tidegate.cli.exits import Exit
from tidegate.cli.operations import find_operation
from tidegate.cli.parameters import JsonObject, examples, operation_argument
from tidegate.cli.program_lines import programs_shown
from tidegate.cli.project import environment, runs_weak
from tidegate.core.errors import Code
from tidegate.core.json import Json

_OUTSIDE: Final = frozenset({Code.UPSTREAM_FAILED, Code.TIMEOUT})


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
    standard output as JSON; the log, what programs write to their console and the time it took go to standard error.
    """
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    folder, name = target
    with nullcontext() if verbose else programs_shown():
        answer = asyncio.run(_call(folder, name, arguments, user, selection))
    say(json.dumps(answer, indent=2, ensure_ascii=False))
    errors = answer.get("errors", [])
    codes = {error.get("extensions", {}).get("code") for error in errors}
    ctx.exit(Exit.OK if not errors else Exit.OUTSIDE if codes & _OUTSIDE else Exit.PROJECT)


async def _call(
    folder: Path, name: str, arguments: Mapping[str, Json], as_whom: str | None, selection: str | None
) -> dict[str, Any]:
    """A GraphQL response. Any: its JSON."""
    from tidegate.app import Gateway
    from tidegate.schema.document import compile_document
    from tidegate.schema.request_errors import DocumentError

    environ = environment(folder)
    gateway = Gateway.load(folder, environ, weak=runs_weak(environ))
    operation = find_operation(gateway.catalog, name)
    user = caller(gateway.catalog, folder, as_whom)
    unknown = sorted(set(arguments) - set(operation.arguments))
    if unknown:
        raise click.BadParameter(f"{name} has no argument {', '.join(unknown)}.", param_hint="--args")
    fields = selection if selection is not None else plain_selection(gateway.catalog, operation.returns, user.rank)
    text = document_text(operation, arguments, fields)
    note(Text(text, "dim"))
    try:
        # The author may be told what they may have meant; clients are not.
        compile_document(gateway.api, text, None, suggestions=True)
    except DocumentError as error:
        return {"errors": list(error.errors)}
    await gateway.open()
    try:
        started = perf_counter()
        response = await gateway.execute(text, None, arguments, user)
        note(Text(f"{(perf_counter() - started) * 1000:.1f} ms, as {user.role}", "dim"))
        answer: dict[str, Any] = json.loads(response.body)
        return answer
    finally:
        await gateway.close()
