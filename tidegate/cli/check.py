"""`tidegate check`: everything that is wrong with a project."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click
from rich.text import Text

from tidegate.cli.console import note, say, show_problems
from tidegate.cli.exits import Exit
from tidegate.cli.parameters import examples, folder_argument
from tidegate.cli.project import environment, offline
from tidegate.cli.remarks import remarks
from tidegate.core.catalog import Catalog
from tidegate.core.integration import Integration
from tidegate.core.problems import Problem, ProjectError


@click.command(
    "check",
    epilog=examples(
        "tidegate check desk",
        "tidegate check desk --online",
        "tidegate check desk --json | jq '.[].sentence'",
    ),
)
@folder_argument
@click.option("--json", "as_json", is_flag=True, help="A JSON array of {file, line, column, sentence, hint}.")
@click.option("--online", is_flag=True, help="Also hold tables, columns and SQL against the live integrations.")
@click.pass_context
def command(ctx: click.Context, folder: Path, as_json: bool, online: bool) -> None:
    """Find everything that is wrong with the project, all at once.

    Prints each problem as file:line:column, a sentence and a hint, and exits with 1 if there is one. Needs no network
    and no environment, unless --online is given. Also writes the JSON Schemas in .tidegate/ that editors complete by.
    """
    try:
        catalog = offline(folder)
        problems: Sequence[Problem] = asyncio.run(_check_programs(catalog))
        if online:
            problems = [*problems, *asyncio.run(_check_online(folder))]
    except ProjectError as error:
        problems = error.problems
        catalog = None
    if catalog is not None:
        _refresh_editor(folder, catalog)
    if as_json:
        say(json.dumps([_record(problem) for problem in problems], indent=2, ensure_ascii=False))
    elif problems:
        show_problems(problems, folder)
    elif catalog is not None:
        note(Text(f"{catalog.name} is in order: {_counts(catalog)}.", "green"))
        for remark in remarks(catalog):
            note(Text(remark, "yellow"))
    ctx.exit(Exit.PROJECT if problems else Exit.OK)


async def _check_programs(catalog: Catalog) -> Sequence[Problem]:
    """What is wrong with the project's code. Only its author's own machine reads it here, so it need not be strict."""
    if not catalog.programs:
        return ()
    from tidegate.sandbox.sandbox import LocalSandbox

    sandbox = LocalSandbox(weak=True)
    try:
        return sorted(set(await sandbox.load(catalog.programs, catalog.limits)))
    finally:
        await sandbox.close()


async def _check_online(folder: Path) -> Sequence[Problem]:
    """Raises `ProjectError` or `IntegrationUnavailable`."""
    from tidegate.edition import Edition

    edition = Edition.load(folder, environment(folder))
    catalog = edition.catalog
    await edition.authenticator.open()
    await edition.authenticator.close()
    found: set[Problem] = set()
    for integration in catalog.integrations.values():
        found.update(await _check_integration(integration, catalog))
    return sorted(found)


async def _check_integration(integration: Integration, catalog: Catalog) -> Sequence[Problem]:
    from tidegate.cli.database import is_relational

    try:
        await integration.open()
    except ProjectError as error:
        # A database knows its tables by now: what else is wrong is told in the same breath.
        more = await integration.check(catalog.surroundings) if is_relational(integration) else ()
        return [*error.problems, *more]
    try:
        return await integration.check(catalog.surroundings)
    finally:
        await integration.close()


def _refresh_editor(folder: Path, catalog: Catalog) -> None:
    """A help for the author: a folder that cannot be written is no reason to fail."""
    # Not at the top: `tidegate --help` would wait for SQL and GraphQL libraries.
    from tidegate.kinds import installed_kinds
    from tidegate.schema.editor import write_schemas

    with suppress(OSError):
        write_schemas(folder, catalog, installed_kinds())


def _record(problem: Problem) -> dict[str, str | int]:
    return {
        "file": problem.at.file,
        "line": problem.at.line,
        "column": problem.at.column,
        "sentence": problem.sentence,
        "hint": problem.hint,
    }


def _counts(catalog: Catalog) -> str:
    return ", ".join(
        f"{count} {word}{'' if count == 1 else 's'}"
        for count, word in (
            (len(catalog.operations), "operation"),
            (len(catalog.objects), "object"),
            (len(catalog.integrations), "integration"),
        )
    )
