"""`tidegate plan`: what an operation will ask of the outside world."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
from rich.text import Text

from tidegate.cli.console import complain, say
from tidegate.cli.document import document_text, plain_selection
from tidegate.cli.exits import Exit
from tidegate.cli.operations import find_operation
from tidegate.cli.parameters import examples, operation_argument
from tidegate.cli.project import environment
from tidegate.core.call import Runnable
from tidegate.core.errors import OperationError
from tidegate.core.operation import Operation
from tidegate.core.problems import did_you_mean


@click.command(
    "plan",
    short_help="Print the SQL of OPERATION.",
    epilog=examples(
        "tidegate plan desk myTickets",
        "tidegate plan desk ticket --role support --select '{ title comments { text author { name } } }'",
    ),
)
@operation_argument
@click.option("--role", metavar="ROLE", help="The caller's role. Default: the lowest that may call it.")
@click.option("--select", "selection", metavar="'{…}'", help="The fields wanted. Default: all that are not relations.")
@click.option("--online", is_flag=True, help="Open the database first: what it promises makes statements shorter.")
@click.pass_context
def command(
    ctx: click.Context, target: tuple[Path, str], role: str | None, selection: str | None, online: bool
) -> None:
    """Print what OPERATION asks of its integrations: for a database, its SQL.

    Nothing is executed. Without --online it needs no database and no environment.
    """
    from tidegate.schema.request_errors import DocumentError

    folder, name = target
    try:
        operation, text, runnable = asyncio.run(_compile(folder, name, role, selection, online))
    except DocumentError as error:
        for entry in error.errors:
            complain(str(entry["message"]))
        ctx.exit(Exit.USAGE)
    except OperationError as error:
        complain(error.message)
        ctx.exit(Exit.PROJECT)
    say(Text(f"# {operation.kind} {operation.name}, minRole {operation.min_role}, at {operation.at}", "dim"))
    say(Text(f"# {text}", "dim"))
    transaction = operation.plan.transaction
    if transaction and runnable.operation.plan.writes:
        say(Text(f"# one transaction of {transaction}", "dim"))
    for step, request in zip(runnable.steps, operation.plan.run, strict=True):
        say(Text(f"# {request.integration}, at {request.at}", "dim"))
        say(step.describe().rstrip("\n"))


async def _compile(
    folder: Path, name: str, role: str | None, selection: str | None, online: bool
) -> tuple[Operation, str, Runnable]:
    """The operation, the document that calls it and what that compiles to."""
    from tidegate.edition import Edition
    from tidegate.schema.document import compile_document

    edition = Edition.load(folder, environment(folder) if online else None)
    catalog = edition.catalog
    operation = find_operation(catalog, name)
    if role is not None and role not in catalog.roles:
        hint = did_you_mean(role, catalog.roles)
        raise click.BadParameter(f'The project has no role "{role}". {hint}', param_hint="--role")
    rank = catalog.roles.index(role) if role is not None else operation.rank
    fields = selection if selection is not None else plain_selection(catalog, operation.returns, rank)
    text = document_text(operation, operation.arguments, fields)
    (call,) = compile_document(edition.api, text, None, suggestions=True).shape({}).calls
    if not online:
        return operation, text, edition.runner.compile(operation, call.selection, rank)
    await edition.open()
    try:
        return operation, text, edition.runner.compile(operation, call.selection, rank)
    finally:
        await edition.close()
