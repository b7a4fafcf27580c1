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
from tidegate.resolvers.integrations.relational.request_schemas import VERBS, request_schema
from tidegate.resolvers.integrations.relational.settings import Settings, count_schema, duration_schema
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
        "migrations": {
            "type": "string",
            "description": "The folder of NNNN_name.sql files, applied in order at start. Default: none.",
        },
        "readers": count_schema(8, 1000, "Connections for queries, at most. They cannot write."),
        "writers": count_schema(4, 1000, "Connections for mutations, at most."),
        "waitTimeout": duration_schema("10s", "How long a call waits for a free connection."),
        "connectTimeout": duration_schema("10s", "How long making a connection may take."),
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


class PostgresKind:
    """Implements `IntegrationKind`."""

    @property
    def verbs(self) -> frozenset[str]:
        return VERBS

    @property
    def settings(self) -> Mapping[str, Any]:
        """Any: JSON Schema is open-ended."""
        return _SETTINGS

    def request_schema(self, verb: str) -> Mapping[str, Any]:
        """Any: JSON Schema is open-ended."""
        return request_schema(verb)

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
