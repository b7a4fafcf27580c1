"""Settings in tidegate.yaml -> an integration that asks another server by HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tidegate.core.integration import Integration
from tidegate.core.json import Json
from tidegate.core.location import Location
from tidegate.core.problems import Problems
from tidegate.core.units import DURATION_PATTERN, parse_duration
from tidegate.resolvers.integrations.http.integration import HttpIntegration
from tidegate.resolvers.integrations.http.request import KEYS, VERBS
from tidegate.resolvers.integrations.upstream import SETTINGS, Upstream, upstream_settings

_SETTINGS: Final[Mapping[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["baseUrl"],
    "properties": {
        "baseUrl": {"type": "string", "description": "Where every path begins: https://crm.example.com/api."},
        "params": {
            "type": "object",
            "additionalProperties": {"type": ["string", "number", "boolean", "array", "null"]},
            "description": "Sent with every request, after the ?.",
        },
        "poll": {
            "type": "string",
            "pattern": DURATION_PATTERN,
            "description": "How often what is read is asked again while somebody watches: 30s. Default: not at all.",
        },
        **SETTINGS,
    },
}


class HttpKind:
    """Implements `IntegrationKind`."""

    @property
    def verbs(self) -> frozenset[str]:
        return frozenset(VERBS)

    @property
    def settings(self) -> Mapping[str, Any]:
        """Any: JSON Schema is open-ended."""
        return _SETTINGS

    def request_schema(self, verb: str) -> Mapping[str, Any]:
        """Any: JSON Schema is open-ended."""
        unwanted = ("body", "form", "text", "binary", "reads") if verb == "get" else ()
        properties = {key: schema for key, schema in KEYS.items() if key not in unwanted}
        whole = {"type": "object", "additionalProperties": False, "required": ["path"], "properties": properties}
        return {"anyOf": [{"type": "string", "description": "The path."}, whole]}

    def create(self, name: str, settings: Mapping[str, Json], folder: Path, at: Location) -> Integration:
        problems = Problems()
        base = _base(name, str(settings["baseUrl"]), at, problems)
        upstream = Upstream(name, upstream_settings(settings, folder, at, problems))
        poll = settings.get("poll")
        known = poll if isinstance(poll, str) and "${" not in poll else None
        seconds = parse_duration(known) if known is not None else None
        if known is not None and not seconds:
            sentence = f'"poll" of the integration "{name}" is a duration longer than nothing.'
            problems.add(at, sentence, "Write 30s, say.")
        params = settings.get("params")
        problems.raise_any()
        return HttpIntegration(name, base, upstream, params if isinstance(params, Mapping) else {}, seconds)


def _base(name: str, text: str, at: Location, problems: Problems) -> str:
    """Without a slash at its end."""
    if "${" in text:
        return "http://localhost"  # Checked when the environment is there.
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, fits = urlsplit(""), False
    if not fits or parts.query or parts.fragment or any(character.isspace() for character in text):
        sentence = f'"baseUrl" of the integration "{name}" is not the address of a server.'
        problems.add(at, sentence, "Write https://crm.example.com/api; what follows a ? is params.")
    elif parts.username is not None or parts.password is not None:
        sentence = f'"baseUrl" of the integration "{name}" holds a password.'
        problems.add(at, sentence, "Write headers: { Authorization: … }.")
    return text.rstrip("/")
