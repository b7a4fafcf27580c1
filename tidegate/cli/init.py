"""`tidegate init`: a new project."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import click
from rich.text import Text

from tidegate.cli.console import complain, note, say
from tidegate.cli.exits import Exit
from tidegate.cli.origins import Origin, find_origin
from tidegate.cli.parameters import examples
from tidegate.scaffold.project import ROLES, database_project, service_desk, write_files
from tidegate.scaffold.survey import survey, without
from tidegate.scaffold.yaml_text import Opening

MOST_NOTES: Final = 20
"""What could not be taken over as it is, and is told."""


@click.command(
    "init",
    short_help="Make a new project in DIR.",
    epilog=examples(
        "tidegate init desk",
        "tidegate init shop --from postgresql://me@localhost/shop",
        "tidegate init shop --from shop.db --read-role anonymous --skip audit_log",
        "tidegate init crm --from https://crm.example.com/openapi.json",
        "tidegate init crm --from https://crm.example.com/graphql --header 'Authorization: Bearer …'",
    ),
)
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--from",
    "address",
    metavar="ADDRESS",
    help="Make the project from the tables of this database (postgresql://…, mysql://…, or the path of a SQLite file), "
    "from this OpenAPI document (https://…, or the path of a .json or .yaml file), or from this GraphQL server (https://…).",
)
@click.option(
    "--read-role", type=click.Choice(ROLES), default="admin", show_default=True, help="Lowest role that reads."
)
@click.option("--write-role", type=click.Choice(ROLES), default="admin", show_default=True, help="… and that writes.")
@click.option("--skip", metavar="NAME", multiple=True, help="Leave a table or an operation out; can be repeated.")
@click.option(
    "--header", "headers", metavar="NAME:VALUE", multiple=True, help="What a GraphQL server wants; can be repeated."
)
@click.pass_context
def command(
    ctx: click.Context,
    folder: Path,
    address: str | None,
    read_role: str,
    write_role: str,
    skip: tuple[str, ...],
    headers: tuple[str, ...],
) -> None:
    """Make a new project in DIR: a service desk on SQLite, or with --from, an API for what you have.

    --from a database writes a type and an object for each table and view, with its relations from the foreign keys, and
    operations that list, get, create, update and delete. --from an OpenAPI document writes an operation for each path
    and method, and its types; --from a GraphQL server, one for each query and mutation that it tells of. Only admins
    may call them, until you say otherwise. Addresses of databases and secrets go into .env, which is not for git. Files
    that are there already are never overwritten.
    """
    opening = Opening(read_role, write_role)
    made = service_desk() if address is None else asyncio.run(_made_from(folder, address, skip, opening, headers))
    try:
        write_files(folder, made)
    except FileExistsError as error:
        complain(f"Nothing was written, because {folder} has {error} already. Choose another folder.")
        ctx.exit(Exit.USAGE)
    say(Text.assemble((f"{len(made)} files", "bold"), " in ", (str(folder), "bold"), "."))
    if address is not None:
        _explain(made, opening)
    note(Text.assemble("Next: ", (f"tidegate serve {folder} --demo", "bold cyan")))


async def _made_from(
    folder: Path, address: str, skip: tuple[str, ...], opening: Opening, headers: tuple[str, ...]
) -> Mapping[str, str]:
    origin, text = await find_origin(address)
    if headers and origin is not Origin.GRAPHQL:
        raise click.BadParameter("Only a GraphQL server is sent headers.", param_hint="--header")
    match origin:
        case Origin.OPENAPI:
            return _from_openapi(folder, text, address, skip, opening)
        case Origin.GRAPHQL:
            return await _from_graphql(folder, address, skip, opening, headers)
        case Origin.DATABASE:
            return await _from_database(folder, address, skip, opening)


def _from_openapi(folder: Path, text: str, address: str, skip: tuple[str, ...], opening: Opening) -> Mapping[str, str]:
    from tidegate.scaffold.openapi_document import NoDocument
    from tidegate.scaffold.openapi_project import openapi_project

    try:
        made = openapi_project(folder, text, address, skip, opening)
    except NoDocument as error:
        raise click.BadParameter(str(error), param_hint="--from") from error
    _tell(made.notes)
    return made.files


async def _from_graphql(
    folder: Path, address: str, skip: tuple[str, ...], opening: Opening, headers: tuple[str, ...]
) -> Mapping[str, str]:
    from tidegate.cli.introspecting import introspected
    from tidegate.scaffold.graphql_project import graphql_project
    from tidegate.scaffold.openapi_document import NoDocument

    schema, sent = await introspected(address, headers)
    try:
        made = graphql_project(folder, schema, address, sent, skip, opening)
    except NoDocument as error:
        raise click.BadParameter(str(error), param_hint="--from") from error
    _tell(made.notes)
    return made.files


def _tell(notes: Sequence[str]) -> None:
    for line in notes[:MOST_NOTES]:
        note(line)
    if len(notes) > MOST_NOTES:
        note(f"… and {len(notes) - MOST_NOTES} more like these.")


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
    counted = f"{objects} objects. " if objects else ""
    note(f"{counted}The role {opening.read} may read, and {opening.write} may write.")
    beside = ", and the same role under access in objects/" if objects else ""
    note(f"To open more: lower a minRole in operations/{beside}.")
