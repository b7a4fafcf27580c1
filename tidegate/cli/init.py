"""`tidegate init`: a new project."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import click
from rich.text import Text

from tidegate.cli.console import complain, note, say
from tidegate.cli.exits import Exit
from tidegate.cli.parameters import examples
from tidegate.scaffold.project import ROLES, database_project, service_desk, write_files
from tidegate.scaffold.survey import survey, without
from tidegate.scaffold.yaml_text import Opening


@click.command(
    "init",
    short_help="Make a new project in DIR.",
    epilog=examples(
        "tidegate init desk",
        "tidegate init shop --from postgresql://me@localhost/shop",
        "tidegate init shop --from shop.db --read-role anonymous --skip audit_log",
    ),
)
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--from",
    "address",
    metavar="DATABASE_URL",
    help="Make the project from the tables of this database: postgresql://…, or the path of a SQLite file.",
)
@click.option(
    "--read-role", type=click.Choice(ROLES), default="admin", show_default=True, help="Lowest role that reads."
)
@click.option("--write-role", type=click.Choice(ROLES), default="admin", show_default=True, help="… and that writes.")
@click.option("--skip", metavar="TABLE", multiple=True, help="Leave a table out; can be repeated.")
@click.pass_context
def command(
    ctx: click.Context, folder: Path, address: str | None, read_role: str, write_role: str, skip: tuple[str, ...]
) -> None:
    """Make a new project in DIR: a service desk on SQLite, or with --from, an API for a database that you have.

    --from writes a type and an object for each table and view, with its relations from the foreign keys, and operations
    that list, get, create, update and delete. Only admins may call them, until you say otherwise. The database's
    address goes into .env, which is not for git. Files that are there already are never overwritten.
    """
    opening = Opening(read_role, write_role)
    made = service_desk() if address is None else asyncio.run(_from_database(folder, address, skip, opening))
    try:
        write_files(folder, made)
    except FileExistsError as error:
        complain(f"Nothing was written, because {folder} has {error} already. Choose another folder.")
        ctx.exit(Exit.USAGE)
    say(Text.assemble((f"{len(made)} files", "bold"), " in ", (str(folder), "bold"), "."))
    if address is not None:
        _explain(made, opening)
    note(Text.assemble("Next: ", (f"tidegate serve {folder} --demo", "bold cyan")))


async def _from_database(folder: Path, address: str, skip: tuple[str, ...], opening: Opening) -> Mapping[str, str]:
    from tidegate.cli.database import reflect, source_of

    source = source_of(address, folder)
    tables = await reflect(source, folder)
    unknown = sorted(set(skip) - set(tables))
    if unknown:
        raise click.BadParameter(f"The database has no table {', '.join(unknown)}.", param_hint="--skip")
    outline = without(survey(tables), skip)
    for table in outline.keyless:
        if table not in skip:
            note(f"The table {table} is left out: it has neither a primary key nor a unique rule without nulls.")
    if not outline.objects:
        raise click.BadParameter("The database has no tables.", param_hint="--from")
    return database_project(folder, outline, source, opening)


def _explain(made: Mapping[str, str], opening: Opening) -> None:
    objects = sum(path.startswith("objects/") for path in made)
    note(f"{objects} objects. The role {opening.read} may read, and {opening.write} may write.")
    note("To open more: lower a minRole in operations/, and the same role under access in objects/.")
