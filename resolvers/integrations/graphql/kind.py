"""Settings in tidegate.yaml -> an integration that asks another GraphQL server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os.path import isfile
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tidegate.core.integration import Integration
from tidegate.core.json import Json
from tidegate.core.location import Location
from tidegate.core.problems import Problems
from tidegate.core.units import DURATION_PATTERN, parse_duration
from tidegate.resolvers.integrations.graphql.documents import check_subscription
from tidegate.resolvers.integrations.graphql.following import Followed, Follower, Line
from tidegate.resolvers.integrations.graphql.integration import GraphqlIntegration
from tidegate.resolvers.integrations.graphql.request import KEYS
from tidegate.resolvers.integrations.graphql.upstream_schema import Unreadable, UpstreamSchema, read_schema
from tidegate.resolvers.integrations.upstream import SETTINGS, Upstream, UpstreamSettings, upstream_settings

VERBS: Final = frozenset({"query", "mutation"})
LARGEST_DOCUMENT: Final = 1024 * 1024

_SETTINGS: Final[Mapping[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["url"],
    "properties": {
        "url": {"type": "string", "description": "Where it is asked: https://crm.example.com/graphql."},
        "schema": {
            "type": "string",
            "description": "A file of the project with its schema (SDL), which what is asked is held against.",
        },
        "poll": {
            "type": "string",
            "pattern": DURATION_PATTERN,
            "description": "How often what is read is asked again while somebody watches: 30s. Default: not at all.",
        },
        "refreshOn": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["subscription"],
                "properties": {
                    "subscription": {
                        "type": "string",
                        "minLength": 1,
                        "description": "A document, or the name of a .graphql file.",
                    },
                    "resource": {"type": "string", "minLength": 1, "description": "What it tells of."},
                },
            },
            "description": "Its subscriptions that tell of changes: what reads the resource is asked again.",
        },
        "socketUrl": {
            "type": "string",
            "description": "Where its subscriptions are, by graphql-transport-ws. Default: that of url, with ws.",
        },
        "connectionParams": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "What its subscriptions want in connection_init, beside the headers.",
        },
        "showErrors": {
            "type": "boolean",
            "default": False,
            "description": "Whether clients are told what it says of errors. Default: false.",
        },
        **SETTINGS,
    },
}


class GraphqlKind:
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
        properties = {key: schema for key, schema in KEYS.items() if verb == "query" or key != "poll"}
        one = [{"required": ["document"]}, {"required": ["field"]}]
        whole = {"type": "object", "additionalProperties": False, "properties": properties, "oneOf": one}
        return {"anyOf": [{"type": "string", "description": KEYS["document"]["description"]}, whole]}

    def create(self, name: str, settings: Mapping[str, Json], folder: Path, at: Location) -> Integration:
        problems = Problems()
        url = _checked(name, "url", str(settings["url"]), ("http", "https"), at, problems)
        known = upstream_settings(settings, folder, at, problems)
        schema = _schema(name, settings.get("schema"), folder, at, problems)
        poll = settings.get("poll")
        seconds = parse_duration(poll) if isinstance(poll, str) and "${" not in poll else None
        if isinstance(poll, str) and "${" not in poll and not seconds:
            sentence = f'"poll" of the integration "{name}" is a duration longer than nothing.'
            problems.add(at, sentence, "Write 30s, say.")
        follower = _follower(name, url, settings, known, schema, folder, at, problems)
        problems.raise_any()
        upstream = Upstream(name, known)
        show = settings.get("showErrors") is True
        return GraphqlIntegration(name, url, upstream, schema, follower, poll=seconds, show=show)


def _schema(name: str, file: Json, folder: Path, at: Location, problems: Problems) -> UpstreamSchema | None:
    if not isinstance(file, str) or "${" in file:
        return None
    path = folder / file
    if not _is_inside(path, folder):
        sentence = f'There is no file "{file}", "schema" of the integration "{name}", in the project.'
        problems.add(at, sentence, "`tidegate init DIR --from URL` writes one.")
        return None
    try:
        return UpstreamSchema(read_schema(path), Location(file))
    except Unreadable as error:
        problems.add(Location(file, error.line, error.column), error.sentence)
        return None


def _follower(
    name: str,
    url: str,
    settings: Mapping[str, Json],
    known: UpstreamSettings,
    schema: UpstreamSchema | None,
    folder: Path,
    at: Location,
    problems: Problems,
) -> Follower | None:
    given = settings.get("refreshOn")
    items = [each for each in given if isinstance(each, Mapping)] if isinstance(given, Sequence) else []
    followed: list[Followed] = []
    for item in items:
        text, place = _text(name, str(item["subscription"]), folder, at, problems)
        resource = item.get("resource")
        if text is not None:
            check_subscription(text, place, schema, problems)
            followed.append(Followed(text, resource if isinstance(resource, str) else None))
    stated = settings.get("socketUrl")
    # That of another scheme: http becomes ws, and https wss.
    address = f"ws{url[4:]}"
    if isinstance(stated, str):
        address = _checked(name, "socketUrl", stated, ("ws", "wss"), at, problems)
    params = settings.get("connectionParams")
    texts = {each: str(value) for each, value in params.items()} if isinstance(params, Mapping) else {}
    if not followed:
        for key in ("socketUrl", "connectionParams"):
            if key in settings and not items:
                sentence = f'"{key}" of the integration "{name}" is for subscriptions, and there are none.'
                problems.add(at, sentence, "Write refreshOn, or remove it.")
        return None
    return Follower(name, Line(address, known.headers, texts, known.ca), followed)


def _text(name: str, written: str, folder: Path, at: Location, problems: Problems) -> tuple[str | None, Location]:
    """A document, and where it stands."""
    if not written.endswith(".graphql") or any(character.isspace() for character in written):
        return written, at
    path = folder / written
    if not _is_inside(path, folder):
        problems.add(at, f'There is no file "{written}", of "refreshOn" of the integration "{name}", in the project.')
        return None, at
    if path.stat().st_size > LARGEST_DOCUMENT:
        problems.add(at, f'The file "{written}" has more than {LARGEST_DOCUMENT} bytes.')
        return None, at
    return path.read_text(encoding="utf-8", errors="replace"), Location(written)


def _is_inside(path: Path, folder: Path) -> bool:
    # A name that is too long is no file either.
    return isfile(path) and path.resolve().is_relative_to(folder.resolve())  # noqa: PTH113


def _checked(name: str, key: str, text: str, schemes: Sequence[str], at: Location, problems: Problems) -> str:
    if "${" in text:
        return f"{schemes[0]}://localhost"  # Checked when the environment is there.
    try:
        parts = urlsplit(text)
        fits = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, fits = urlsplit(""), False
    if not fits or parts.fragment or any(character.isspace() for character in text):
        sentence = f'"{key}" of the integration "{name}" is not the address of a server.'
        problems.add(at, sentence, f"Write {schemes[-1]}://crm.example.com/graphql.")
    elif parts.username is not None or parts.password is not None:
        sentence = f'"{key}" of the integration "{name}" holds a password.'
        problems.add(at, sentence, "Write headers: { Authorization: … }.")
    return text
