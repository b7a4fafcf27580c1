"""A database's address on the command line -> its tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click

from tidegate.core.integration import Integration
from tidegate.core.location import Location
from tidegate.resolvers.integrations.relational.integration import RelationalIntegration
from tidegate.resolvers.integrations.relational.tables import ReflectedTable
from tidegate.scaffold.project import Source


def source_of(address: str, folder: Path) -> Source:
    """How tidegate.yaml in `folder` names the database. Raises a usage error where it is not a kind that can be read,
    or a SQLite file that is not there."""
    scheme = urlsplit(address).scheme
    if scheme in ("postgresql", "postgres"):
        return Source("postgres", {"url": "${DATABASE_URL}"}, {"DATABASE_URL": address})
    if scheme in ("mysql", "mariadb"):
        return Source("mysql", {"url": "${DATABASE_URL}"}, {"DATABASE_URL": address})
    if scheme not in ("", "sqlite", "file") and "://" in address:
        raise click.BadParameter(f"{scheme}:// is neither PostgreSQL nor MySQL nor SQLite.", param_hint="--from")
    file = Path(unquote(urlsplit(address).path) if scheme in ("sqlite", "file") else address)
    if scheme == "sqlite" and not file.exists() and str(file).startswith("/"):
        # sqlite:///desk.db is a relative path in the addresses of SQLAlchemy; sqlite:////tmp/desk.db is not.
        file = Path(str(file)[1:])
    if not file.is_file():
        raise click.BadParameter(f"There is no file {file}.", param_hint="--from")
    inside = file.resolve()
    if inside.is_relative_to(folder.resolve()):
        return Source("sqlite", {"file": inside.relative_to(folder.resolve()).as_posix()}, {})
    # A path of this machine does not belong in git.
    return Source("sqlite", {"file": "${DATABASE_FILE}"}, {"DATABASE_FILE": str(inside)})


async def reflect(source: Source, folder: Path) -> Mapping[str, ReflectedTable]:
    """Every table and view of the database. Raises `IntegrationUnavailable`, or `ProjectError` where its address makes
    no sense."""
    from tidegate.kinds import installed_kinds

    settings = {name: _filled(str(value), source.environment) for name, value in source.settings.items()}
    return await tables_of(installed_kinds()[source.kind].create("db", settings, folder, Location("tidegate.yaml")))


async def tables_of(integration: Integration) -> Mapping[str, ReflectedTable]:
    """Every table and view of a relational integration, which is opened and closed. Raises `IntegrationUnavailable`."""
    assert isinstance(integration, RelationalIntegration)
    await integration.open()
    try:
        return integration.tables.known
    finally:
        await integration.close()


def is_relational(integration: object) -> bool:
    return isinstance(integration, RelationalIntegration)


def _filled(value: str, environment: Mapping[str, str]) -> str:
    for name, text in environment.items():
        value = value.replace(f"${{{name}}}", text)
    return value
