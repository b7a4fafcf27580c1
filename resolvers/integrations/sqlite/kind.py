"""Settings in tidegate.yaml -> an integration with SQLite."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tidegate.core.integration import Integration
from tidegate.core.json import Json
from tidegate.core.location import Location
from tidegate.resolvers.integrations.relational.dialect_sqlite import SQLITE
from tidegate.resolvers.integrations.relational.integration import RelationalIntegration
from tidegate.resolvers.integrations.relational.kind import RelationalKind
from tidegate.resolvers.integrations.relational.settings import MIGRATIONS, Settings, count_schema, duration_schema
from tidegate.resolvers.integrations.relational.violations import Vocabulary
from tidegate.resolvers.integrations.sqlite.database import SqliteDatabase, SqliteSettings
from tidegate.resolvers.integrations.sqlite.worker import MEMORY

_SETTINGS: Final[Mapping[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["file"],
    "properties": {
        "file": {
            "type": "string",
            "description": "The database's file, from the project's folder; made if it is not there. :memory: keeps "
            "everything in memory, until the gateway stops or reloads.",
        },
        "migrations": MIGRATIONS,
        "readers": count_schema(4, 64, "Connections for queries, at most. They cannot write."),
        "busyTimeout": duration_schema("5s", "How long a statement waits for another process that writes."),
        "waitTimeout": duration_schema("10s", "How long a call waits for a free connection; mutations wait in turn."),
        "synchronous": {
            "type": "string",
            "enum": ["normal", "full"],
            "default": "normal",
            "description": "full: a commit is on the disk when it is answered. normal: a power cut may lose the last "
            "commits, and harms nothing. Default: normal.",
        },
        "statements": count_schema(512, 100_000, "Prepared statements that each connection keeps."),
        "watch": {
            "type": "boolean",
            "description": "Live queries hear of commits by other processes. Not for :memory:. Default: they do not.",
        },
    },
}


class SqliteKind(RelationalKind):
    @property
    def settings(self) -> Mapping[str, Any]:
        return _SETTINGS

    def create(self, name: str, settings: Mapping[str, Json], folder: Path, at: Location) -> Integration:
        given = Settings(name, settings, folder, at, _SETTINGS)
        file = given.text("file", MEMORY)
        found = SqliteSettings(
            file=file if file == MEMORY else str(folder.absolute() / file),
            migrations=given.migrations("migrations"),
            readers=given.count("readers"),
            busy_timeout=given.seconds("busyTimeout"),
            wait_timeout=given.seconds("waitTimeout"),
            synchronous=given.choice("synchronous"),
            statements=given.count("statements"),
            watch=bool(given.flag("watch")),
        )
        if file != MEMORY and not given.is_open("file") and not (folder / file).parent.is_dir():
            given.complain(f'The folder of "{file}", the file of the integration "{name}", does not exist.', "Make it.")
        if file == MEMORY and found.watch:
            given.complain(
                f'"watch" of the integration "{name}" is for files: nobody else can write to {MEMORY}.', "Leave it out."
            )
        given.problems.raise_any()
        vocabulary = Vocabulary()
        return RelationalIntegration(name, SQLITE, SqliteDatabase(name, found, vocabulary), vocabulary)
