"""`tidegate pull`: what the database has and the project lacks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from tidegate.cli.console import note, say
from tidegate.cli.parameters import examples, folder_argument
from tidegate.cli.project import environment
from tidegate.core.problems import Problems
from tidegate.scaffold.yaml_text import Opening

if TYPE_CHECKING:
    from tidegate.scaffold.pulling import Pulled


@click.command("pull", epilog=examples("tidegate pull desk", "tidegate pull desk --dry-run", "tidegate pull --no-new"))
@folder_argument
@click.option("--integration", metavar="NAME", help="Which database, where the project has several.")
@click.option("--new/--no-new", default=True, show_default=True, help="Whether tables without an object get one.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def command(folder: Path, integration: str | None, new: bool, dry_run: bool) -> None:
    """Bring types.graphql and objects/ up to date with the database.

    Adds: a field for each new column, a value for each new label of an enum, a type and an object for each new table,
    which only the highest role may use. Nothing is removed or reordered, and comments stay; what is gone from the
    database is reported. Migrations are applied first, as by serve.
    """
    pulled = asyncio.run(_pull(folder, integration, new))
    for path, text in pulled.files.items():
        if not dry_run:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    for sentence in pulled.done:
        say(Text.assemble(("+ ", "green"), sentence))
    for sentence in pulled.left:
        note(Text.assemble(("? ", "yellow"), sentence))
    if not pulled.done:
        note("The project has everything that the database has.")
    elif dry_run:
        note("Nothing was written.")


async def _pull(folder: Path, wanted: str | None, new: bool) -> Pulled:
    from tidegate.cli.database import tables_of
    from tidegate.kinds import installed_kinds
    from tidegate.scaffold.pulling import pull
    from tidegate.scaffold.written import read_manuscript
    from tidegate.schema.environment import Environment
    from tidegate.schema.folder import ProjectFolder
    from tidegate.schema.integration_settings import create_integrations
    from tidegate.schema.project import read_project

    problems = Problems()
    files = ProjectFolder(folder, problems)
    environ = Environment(environment(folder), problems)
    project = read_project(files, environ, problems)
    created = create_integrations(project.integrations, installed_kinds(), environ, files, problems)
    problems.raise_any()
    name = _choose(wanted, created)
    manuscript = read_manuscript(files, name, problems)
    problems.raise_any()
    tables = await tables_of(created[name])
    highest = project.roles[-1]
    return pull(manuscript, tables, name, frozenset(created), Opening(highest, highest), new=new)


def _choose(wanted: str | None, integrations: Mapping[str, object]) -> str:
    from tidegate.cli.database import is_relational

    databases = [name for name, integration in integrations.items() if is_relational(integration)]
    if wanted is not None:
        if wanted in databases:
            return wanted
        raise click.BadParameter(f"The project has no database {wanted}.", param_hint="--integration")
    if len(databases) == 1:
        return databases[0]
    known = f" It has {', '.join(databases)}." if databases else ""
    raise click.UsageError(f"Say which database with --integration.{known}")
