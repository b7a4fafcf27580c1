"""Reads the settings that relational integrations share: durations, counts, names and folders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from os.path import isdir
from pathlib import Path
from typing import Any, Final

from tidegate.core.json import Json
from tidegate.core.location import Location
from tidegate.core.problems import Problems
from tidegate.resolvers.integrations.relational.migrations import BrokenMigrations, read_migrations

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")

DURATION_PATTERN: Final = r"^[0-9]+(\.[0-9]+)?(ms|s|m|h)$"


def duration_schema(default: str, description: str) -> dict[str, Any]:
    """JSON Schema of a duration with its unit. Any: JSON Schema is open-ended."""
    return {
        "type": "string",
        "pattern": DURATION_PATTERN,
        "default": default,
        "description": f"{description} Default: {default}.",
    }


def count_schema(default: int, most: int, description: str) -> dict[str, Any]:
    """JSON Schema of a count of one or more. Any: JSON Schema is open-ended."""
    text = f"{description} Default: {default}."
    return {"type": "integer", "minimum": 1, "maximum": most, "default": default, "description": text}


# Any: JSON Schema is open-ended.
MIGRATIONS: Final[Mapping[str, Any]] = {
    "type": "string",
    "description": "The folder of NNNN_name.sql files, applied in order at start. Default: none.",
}
CONNECTIONS: Final[Mapping[str, Any]] = {
    "readers": count_schema(8, 1000, "Connections for queries, at most. They cannot write."),
    "writers": count_schema(4, 1000, "Connections for mutations, at most."),
    "waitTimeout": duration_schema("10s", "How long a call waits for a free connection."),
    "connectTimeout": duration_schema("10s", "How long making a connection may take."),
}
"""By name, of databases that are servers."""


class Settings:
    """The settings of one integration. What is wrong is collected in `problems`, at the integration's place. A text
    that still holds a `${NAME}` is open: the project is checked without its environment, and the default stands in.
    Defaults are those of `schema`, the kind's JSON Schema."""

    # Any: JSON Schema is open-ended.
    def __init__(
        self, name: str, values: Mapping[str, Json], folder: Path, at: Location, schema: Mapping[str, Any]
    ) -> None:
        self._name = name
        self._schema = schema["properties"]
        self._values = values
        self._folder = folder
        self._at = at
        self.problems = Problems()

    def complain(self, sentence: str, hint: str = "") -> None:
        self.problems.add(self._at, sentence, hint)

    def is_open(self, key: str) -> bool:
        value = self._values.get(key)
        return isinstance(value, str) and "${" in value

    def text(self, key: str, default: str = "") -> str:
        """`default` stands in where the schema has none."""
        default = self._schema[key].get("default", default)
        value = self._values.get(key, default)
        if isinstance(value, str) and value and "\x00" not in value:
            return value
        self.complain(f'"{key}" of the integration "{self._name}" must be a text that is not empty.')
        return default

    def texts(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        value = self._values.get(key)
        if value is None:
            return default
        if isinstance(value, list | tuple) and value and all(isinstance(item, str) and item for item in value):
            return tuple(str(item) for item in value)
        self.complain(f'"{key}" of the integration "{self._name}" must be a list of names.')
        return default

    def choice(self, key: str) -> str:
        """One of the words that the schema lists."""
        options, default = self._schema[key]["enum"], str(self._schema[key]["default"])
        value = self._values.get(key, default)
        if self.is_open(key):
            return default
        if isinstance(value, str) and value in options:
            return value
        self.complain(f'"{key}" of the integration "{self._name}" must be one of {", ".join(options)}.')
        return default

    def flag(self, key: str) -> bool | None:
        """None where it is not set."""
        value = self._values.get(key)
        if value is None or isinstance(value, bool) or self.is_open(key):
            return value if isinstance(value, bool) else None
        self.complain(f'"{key}" of the integration "{self._name}" must be true or false.')
        return None

    def count(self, key: str) -> int:
        default = int(self._schema[key]["default"])
        value = self._values.get(key, default)
        if self.is_open(key):
            return default
        if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
            return value
        self.complain(f'"{key}" of the integration "{self._name}" must be a whole number of at least 1.')
        return default

    def seconds(self, key: str) -> float:
        """A duration (`50ms`, `5s`, `2m`, `1h`) in seconds."""
        default = str(self._schema[key]["default"])
        value = self._values.get(key, default)
        found = _DURATION.fullmatch(default if self.is_open(key) else value) if isinstance(value, str) else None
        if found is None:
            self.complain(
                f'"{key}" of the integration "{self._name}" must be a duration with its unit.',
                f"For example {default}.",
            )
            found = _DURATION.fullmatch(default)
            assert found is not None
        return float(found[1]) * _UNITS[found[2]]

    def migrations(self, key: str) -> Path | None:
        """The folder of migrations, or none where it is not set. It must be there, and its files in order."""
        if self._values.get(key) is None or self.is_open(key):
            return None
        path = self._folder / self.text(key, ".")
        if not isdir(path):  # noqa: PTH112 - a name that is too long is no folder either
            self.complain(
                f'The folder "{self._values[key]}", where the integration "{self._name}" has its migrations, '
                "does not exist.",
                "It is sought in the project's folder.",
            )
            return None
        try:
            read_migrations(path)
        except BrokenMigrations as error:
            self.complain(str(error))
        return path
