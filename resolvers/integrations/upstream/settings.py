"""The settings that integrations share which ask by HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os.path import isfile
from pathlib import Path
from typing import Any, Final

from tidegate.core.json import Json
from tidegate.core.location import Location
from tidegate.core.problems import Problems
from tidegate.core.units import DURATION_PATTERN, SIZE_PATTERN, parse_duration, parse_size
from tidegate.resolvers.integrations.upstream.breaker import Breaking
from tidegate.resolvers.integrations.upstream.exchange import is_header_name, is_header_value

CONNECT: Final = 2.0
READ: Final = 5.0
TOTAL: Final = 8.0
"""Less than an operation's 10 s: who does not answer in time is known, and in the end left alone."""
RETRIES: Final = 2
LARGEST: Final = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `read`: that nothing comes. `total`: for all attempts together."""

    connect: float = CONNECT
    read: float = READ
    total: float = TOTAL


@dataclass(frozen=True, slots=True)
class UpstreamSettings:
    """`headers` go with every request. `retries`: how often more what is safe is asked. `most`: bytes of a body, when
    it is unpacked. `ca`: a file of the certificates that vouch for the server, where these are not the system's."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeouts: Timeouts = field(default_factory=Timeouts)
    retries: int = RETRIES
    most: int = LARGEST
    ca: Path | None = None
    breaking: Breaking = field(default_factory=Breaking)


def _duration(default: str, description: str) -> dict[str, Any]:
    text = f"{description} Default: {default}."
    return {"type": "string", "pattern": DURATION_PATTERN, "default": default, "description": text}


# Any: JSON Schema is open-ended.
SETTINGS: Final[Mapping[str, Any]] = {
    "headers": {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "description": "Sent with every request. Nobody sees them: a password goes here, from ${…}.",
    },
    "timeout": {
        "type": ["string", "object"],
        "pattern": DURATION_PATTERN,
        "additionalProperties": False,
        "properties": {
            "connect": _duration("2s", "Until there is a connection."),
            "read": _duration("5s", "That nothing comes of an answer."),
            "total": _duration("8s", "Until the answer is complete, attempts and redirects included."),
        },
        "description": "How long an answer may take: 8s, or connect, read and total.",
    },
    "retries": {
        "type": "integer",
        "minimum": 0,
        "maximum": 10,
        "default": RETRIES,
        "description": "How often more it is asked what can be asked twice, where there is no connection or the answer "
        f"is 502, 503, 504 or 429. Default: {RETRIES}.",
    },
    "maxBytes": {
        "type": "string",
        "pattern": SIZE_PATTERN,
        "default": "10MiB",
        "description": "The largest answer, when it is unpacked. Default: 10MiB.",
    },
    "ca": {
        "type": "string",
        "description": "A file, from the project's folder, of the certificates (PEM) that vouch for the server. "
        "Default: the system's.",
    },
    "breaker": {
        "type": ["object", "boolean"],
        "additionalProperties": False,
        "properties": {
            "failures": {
                "type": "integer",
                "minimum": 1,
                "maximum": 1000,
                "default": Breaking().failures,
                "description": "After so many failures in a row it is left alone. Default: 5.",
            },
            "pause": _duration("10s", "How long, until one request tries again."),
        },
        "description": "When a server that fails is left alone; false: never.",
    },
}
"""JSON Schema of each, by its name."""


def upstream_settings(values: Mapping[str, Json], folder: Path, at: Location, problems: Problems) -> UpstreamSettings:
    """`values` have been held against SETTINGS; those of other names are left alone. A text that still holds a
    `${NAME}` is looked at when the environment is there."""
    read = _Reader(values, at, problems)
    given = values.get("breaker", True)
    breaker = given if isinstance(given, Mapping) else {}
    failures = breaker.get("failures", Breaking().failures)
    pause = read.seconds(breaker.get("pause"), Breaking().pause, "pause")
    return UpstreamSettings(
        headers=read.headers(),
        timeouts=read.timeouts(),
        retries=retries if isinstance(retries := values.get("retries"), int) else RETRIES,
        most=read.size(),
        ca=read.ca(folder),
        breaking=Breaking(0 if given is False else failures if isinstance(failures, int) else 5, pause),
    )


class _Reader:
    def __init__(self, values: Mapping[str, Json], at: Location, problems: Problems) -> None:
        self._values = values
        self._at = at
        self._problems = problems

    def headers(self) -> Mapping[str, str]:
        given = self._values.get("headers")
        found: dict[str, str] = {}
        for name, value in given.items() if isinstance(given, Mapping) else ():
            text = str(value).strip(" \t")
            if not is_header_name(name):
                self._problems.add(self._at, f'"{name}" cannot be a header of an integration.')
            elif not is_header_value(text) and "${" not in text:
                self._problems.add(self._at, f'The header "{name}" holds what a header cannot: it is one line.')
            else:
                found[name] = text
        return found

    def timeouts(self) -> Timeouts:
        given = self._values.get("timeout")
        if isinstance(given, Mapping):
            total = self.seconds(given.get("total"), TOTAL, "total")
            read = self.seconds(given.get("read"), min(READ, total) if "total" in given else READ, "read")
            connect = self.seconds(given.get("connect"), min(CONNECT, total), "connect")
            return Timeouts(connect, read, total if "total" in given else max(TOTAL, read, connect))
        total = self.seconds(given, TOTAL, "timeout")
        return Timeouts(min(CONNECT, total), READ if given is None else total, total)

    def seconds(self, given: Json, default: float, noun: str) -> float:
        if not isinstance(given, str) or "${" in given:
            return default
        seconds = parse_duration(given)
        if not seconds:
            self._problems.add(self._at, f'"{noun}" is a duration longer than nothing.', "Write 5s, say.")
            return default
        return seconds

    def size(self) -> int:
        given = self._values.get("maxBytes")
        if not isinstance(given, str) or "${" in given:
            return LARGEST
        return parse_size(given) or LARGEST

    def ca(self, folder: Path) -> Path | None:
        given = self._values.get("ca")
        if not isinstance(given, str) or "${" in given:
            return None
        if not isfile(folder / given):  # noqa: PTH113 - a name that is too long is no file either
            self._problems.add(self._at, f'The file "{given}", "ca" of an integration, does not exist.')
        return folder / given
