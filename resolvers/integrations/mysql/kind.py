"""Settings in tidegate.yaml -> an integration with MySQL or MariaDB."""

from __future__ import annotations

from collections.abc import Mapping
from os.path import isfile
from pathlib import Path
from typing import Any, Final

from tidegate.core.integration import Integration
from tidegate.core.json import Json
from tidegate.core.location import Location
from tidegate.resolvers.integrations.mysql.address import ENCRYPT, OFF, VERIFY, BadAddress, parse_address
from tidegate.resolvers.integrations.mysql.database import MysqlDatabase, MysqlSettings
from tidegate.resolvers.integrations.relational.dialect_mysql import MYSQL
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
            "description": "mysql://user:password@host:3306/database or mariadb://…, usually ${DATABASE_URL}. "
            "?socket=/path is a Unix socket, ?ssl-mode=REQUIRED or VERIFY_IDENTITY the same as tls.",
        },
        "tls": {
            "type": "string",
            "enum": [OFF, ENCRYPT, VERIFY],
            "description": "verify: encrypted, and the server has a certificate for its name. encrypt: whoever "
            "answers. Default: as the url says, verify where there is a ca, or else off.",
        },
        "ca": {
            "type": "string",
            "description": "A file with the certificates that are trusted, from the project's folder. "
            "Default: those of the system.",
        },
        "migrations": MIGRATIONS,
        **CONNECTIONS,
        "statementTimeout": duration_schema("30s", "When a statement is stopped that nobody waits for any more."),
        "applicationName": {
            "type": "string",
            "default": "tidegate",
            "description": "program_name in performance_schema.session_connect_attrs. Default: tidegate.",
        },
        "statements": count_schema(256, 16_000, "Prepared statements that each connection keeps."),
        "watch": {
            "type": "boolean",
            "description": "Not with MySQL, which tells nobody of writes: whoever writes past the gateway tells it, "
            "with POST /touch.",
        },
    },
}


class MysqlKind(RelationalKind):
    @property
    def settings(self) -> Mapping[str, Any]:
        return _SETTINGS

    def create(self, name: str, settings: Mapping[str, Json], folder: Path, at: Location) -> Integration:
        given = Settings(name, settings, folder, at, _SETTINGS)
        ca = None if settings.get("ca") is None or given.is_open("ca") else folder / given.text("ca")
        found = MysqlSettings(
            url=given.text("url"),
            migrations=given.migrations("migrations"),
            readers=given.count("readers"),
            writers=given.count("writers"),
            wait_timeout=given.seconds("waitTimeout"),
            connect_timeout=given.seconds("connectTimeout"),
            statement_timeout=given.seconds("statementTimeout"),
            application_name=given.text("applicationName"),
            statements=given.count("statements"),
            tls=_tls(given, settings),
            ca=ca,
        )
        if ca is not None and not isfile(ca):  # noqa: PTH113 - a name that is too long is no file either
            given.complain(f'The file "{settings["ca"]}", the ca of the integration "{name}", does not exist.')
        if ca is not None and found.tls in (OFF, ENCRYPT):
            given.complain(
                f'"ca" of the integration "{name}" is of no use with tls: {found.tls}.', f"Write tls: {VERIFY}."
            )
        if given.flag("watch"):
            given.complain(
                f'"watch" of the integration "{name}" is not for MySQL, which tells nobody of writes.',
                "Leave it out; whoever writes past the gateway tells it with POST /touch.",
            )
        if not given.is_open("url"):
            try:
                parse_address(found.url)
            except BadAddress as error:
                # The url is never shown: it may hold a password.
                given.complain(f'"url" of the integration "{name}" cannot be used: {error}.')
        given.problems.raise_any()
        vocabulary = Vocabulary()
        return RelationalIntegration(name, MYSQL, MysqlDatabase(name, found, vocabulary), vocabulary)


def _tls(given: Settings, settings: Mapping[str, Json]) -> str:
    """Empty where nothing is said."""
    value = settings.get("tls")
    if value is None or given.is_open("tls"):
        return ""
    if value not in (OFF, ENCRYPT, VERIFY):
        given.complain(f'"tls" must be one of {OFF}, {ENCRYPT}, {VERIFY}.')
        return ""
    return str(value)
