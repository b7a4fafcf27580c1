"""`tidegate plan`: what an operation will ask of the outside world."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import click
from rich.text import Text

from tidegate.cli.console import complain, note, say
from tidegate.cli.exits import Exit
from tidegate.cli.idle import IdleSandbox
from tidegate.cli.operations import find_operation
from tidegate.cli.parameters import examples, operation_argument
from tidegate.cli.plan_steps import show_function
from tidegate.cli.project import environment, offline
from tidegate.core.action import Action
from tidegate.core.call import Runnable
from tidegate.core.errors import OperationError
from tidegate.core.operation import Operation
from tidegate.core.problems import did_you_mean
from tidegate.description.actions import describe_action
from tidegate.description.document import document_text, plain_selection
from tidegate.description.moments import moments_of
from tidegate.diagram.drawing import draw
from tidegate.diagram.mermaid import as_mermaid
from tidegate.diagram.svg import as_svg

DIAGRAMS: Final = ("mermaid", "svg")


@click.command(
    "plan",
    short_help="Print the SQL of OPERATION, or draw what it does.",
    epilog=examples(
        "tidegate plan desk myTickets",
        "tidegate plan desk ticket --role support --select '{ title comments { text author { name } } }'",
        "tidegate plan desk createTicket --diagram svg --output createTicket.svg",
    ),
)
@operation_argument
@click.option("--role", metavar="ROLE", help="The caller's role. Default: the lowest that may call it.")
@click.option("--select", "selection", metavar="'{…}'", help="The fields wanted. Default: all that are not relations.")
@click.option("--online", is_flag=True, help="Open the database first: what it promises makes statements shorter.")
@click.option("--diagram", type=click.Choice(DIAGRAMS), help="Draw its flow instead: names and places, no SQL.")
@click.option("--output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Where to draw it.")
@click.pass_context
def command(
    ctx: click.Context,
    target: tuple[Path, str],
    role: str | None,
    selection: str | None,
    online: bool,
    diagram: str | None,
    output: Path | None,
) -> None:
    """Print what OPERATION asks of its integrations: for a database, its SQL.

    Of a function, every step, with the SQL of those that ask a database. Nothing is executed. Without --online it needs
    no database and no environment.
    """
    from tidegate.schema.request_errors import DocumentError

    folder, name = target
    if diagram is not None:
        _draw(find_operation(offline(folder), name), diagram, output)
        return
    if output is not None:
        raise click.UsageError("--output is for --diagram.")
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
    if operation.plan.flow is not None:
        show_function(operation, runnable)
        return
    transaction = operation.plan.transaction
    if transaction and runnable.operation.plan.writes:
        say(Text(f"# one transaction of {transaction}", "dim"))
    for request, step in zip(operation.plan.run, runnable.steps, strict=True):
        if request.acted is None:
            say(Text(f"# {request.integration}, at {request.at}", "dim"))
            say(step.describe().rstrip("\n"))
        else:
            say(Text(f"# for each row, at {request.at}", "dim"))
            _show_acted(operation, runnable)


def _draw(operation: Operation, diagram: str, output: Path | None) -> None:
    outline = draw(operation)
    text = as_svg(outline) if diagram == "svg" else as_mermaid(outline)
    if output is None:
        say(text.rstrip("\n"))
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.FileError(str(output), error.strerror) from error
    note(f"{output} is written.")


def _show_acted(operation: Operation, runnable: Runnable) -> None:
    """What is asked and what is run, in this order."""
    for moment in moments_of(operation, runnable):
        if isinstance(moment, Action):
            say(Text(f"# {describe_action(moment)}, at {moment.at}", "dim"))
        else:
            words, asked = moment
            say(Text(f"# {words}", "dim"))
            say(asked.describe().rstrip("\n"))


async def _compile(
    folder: Path, name: str, role: str | None, selection: str | None, online: bool
) -> tuple[Operation, str, Runnable]:
    """The operation, the document that calls it and what that compiles to."""
    from tidegate.edition import Edition
    from tidegate.schema.document import compile_document

    edition = Edition.load(folder, environment(folder) if online else None, sandbox=IdleSandbox())
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
