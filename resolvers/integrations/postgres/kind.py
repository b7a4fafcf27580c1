"""Settings in tidegate.yaml -> an integration with PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tidegate.core.integration import Integration
from tidegate.core.json import Json
from tidegate.core.location import Location
from tidegate.resolvers.integrations.postgres.database import PostgresDatabase, PostgresSettings
from tidegate.resolvers.integrations.relational.dialect_postgres import POSTGRES
from tidegate.resolvers.integrations.relational.integration import RelationalIntegration
from tidegate.resolvers.integrations.relational.kind import RelationalKind
from tidegate.resolvers.integrations.relational.settings import (
    CONNECTIONS,
    MIGRATIONS,
    Settings,
    count_schema,
    duration_schema,
)
from tidegate.resolvers.integrations.relational.violations import Vocabulary

_SETTINGS: Final[Mapping[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["url"],
    "properties": {
        "url": {
            "type": "string",
            "description": "postgresql://user:password@host:5432/database?sslmode=verify-full, usually "
            "${DATABASE_URL}. TLS is as sslmode, sslrootcert, sslcert and sslkey say, as in libpq.",
        },
        "migrations": MIGRATIONS,
        **CONNECTIONS,
        "statementTimeout": duration_schema("30s", "When PostgreSQL stops a statement that nobody waits for any more."),
        "searchPath": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Schemas, in the order they are searched. Default: as the database is set up.",
        },
        "applicationName": {
            "type": "string",
            "default": "tidegate",
            "description": "How connections are shown in pg_stat_activity. Default: tidegate.",
        },
        "statements": count_schema(512, 100_000, "Prepared statements that each connection keeps."),
        "watch": {
            "type": "boolean",
            "description": "Live queries hear of writes by others, by triggers that are made in the schema tidegate. "
            "false removes what true made. Default: they do not, and nothing is made or removed.",
        },
    },
}


class PostgresKind(RelationalKind):
    @property
    def settings(self) -> Mapping[str, Any]:
        return _SETTINGS

    def create(self, name: str, settings: Mapping[str, Json], folder: Path, at: Location) -> Integration:
        given = Settings(name, settings, folder, at, _SETTINGS)
        found = PostgresSettings(
            url=given.text("url"),
            migrations=given.migrations("migrations"),
            readers=given.count("readers"),
            writers=given.count("writers"),
            wait_timeout=given.seconds("waitTimeout"),
            connect_timeout=given.seconds("connectTimeout"),
            statement_timeout=given.seconds("statementTimeout"),
            search_path=given.texts("searchPath", ()),
            application_name=given.text("applicationName"),
            statements=given.count("statements"),
            watch=given.flag("watch"),
        )
        if not given.is_open("url") and not _is_address(found.url):
            # Never shown: it may hold a password.
            given.complain(f'"url" of the integration "{name}" must begin with postgresql:// and name a database.')
        given.problems.raise_any()
        vocabulary = Vocabulary()
        return RelationalIntegration(name, POSTGRES, PostgresDatabase(name, found, vocabulary), vocabulary)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        # A host of several is fine with PostgreSQL, and not with urllib.
        return url.startswith(("postgresql://", "postgres://")) and "," in url
    return parts.scheme in ("postgresql", "postgres")
