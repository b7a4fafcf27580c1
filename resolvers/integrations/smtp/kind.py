"""Settings in tidegate.yaml -> an integration that sends e-mails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address
from os.path import isfile
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from tidegate.core.integration import Integration
from tidegate.core.json import Json
from tidegate.core.location import Location
from tidegate.core.problems import Problems
from tidegate.resolvers.integrations.outgoing import PAUSES
from tidegate.resolvers.integrations.smtp.addresses import Mailbox, NoAddress, mailbox
from tidegate.resolvers.integrations.smtp.integration import SmtpIntegration
from tidegate.resolvers.integrations.smtp.letters import KEYS
from tidegate.resolvers.integrations.smtp.outgoing import Server

VERBS: Final = frozenset({"send"})
PORTS: Final[Mapping[str, int]] = {"smtp": 587, "smtps": 465}
TIMEOUT: Final = 20.0
"""Seconds that the server may take for each answer."""

_SETTINGS: Final[Mapping[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["url"],
    "properties": {
        "url": {
            "type": "string",
            "description": "smtp://user:password@host:587, or smtps:// for a connection that is encrypted from the "
            "start.",
        },
        "from": {"type": "string", "description": "Who e-mails are from, unless they say so: Desk <desk@example.com>."},
        "tls": {
            "type": "string",
            "enum": ["auto", "required", "none"],
            "default": "auto",
            "description": "Of smtp://. required: nothing is sent unencrypted. auto: that too where there is a "
            "password for another machine, else encrypted where the server can. Default: auto.",
        },
        "ca": {
            "type": "string",
            "description": "A file, from the project's folder, of the certificates (PEM) that vouch for the server. "
            "Default: the system's.",
        },
    },
}


class SmtpKind:
    """Implements `IntegrationKind`. `pauses`: seconds until a letter is tried again."""

    def __init__(self, pauses: tuple[float, ...] = PAUSES) -> None:
        self._pauses = pauses

    @property
    def verbs(self) -> frozenset[str]:
        return VERBS

    @property
    def settings(self) -> Mapping[str, Any]:
        """Any: JSON Schema is open-ended."""
        return _SETTINGS

    def request_schema(self, verb: str) -> Mapping[str, Any]:  # noqa: ARG002 - there is one
        """Any: JSON Schema is open-ended."""
        texts = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
        properties = {
            key: {**(texts if key in ("to", "cc", "bcc") else {"type": "string"}), "description": meaning}
            for key, meaning in KEYS.items()
        }
        required = ["to", "subject"]
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}

    def create(self, name: str, settings: Mapping[str, Json], folder: Path, at: Location) -> Integration:
        problems = Problems()
        url = str(settings["url"])
        server = _server(name, url, str(settings.get("tls", "auto")), at, problems)
        ca = settings.get("ca")
        if isinstance(ca, str) and "${" not in ca:
            server = replace(server, ca=str(folder / ca))
            if not isfile(folder / ca):  # noqa: PTH113 - a name that is too long is no file either
                problems.add(at, f'The file "{ca}", "ca" of the integration "{name}", does not exist.')
        sender = _sender(name, settings.get("from"), at, problems)
        problems.raise_any()
        return SmtpIntegration(name, server, sender, self._pauses)


def _server(name: str, url: str, tls: str, at: Location, problems: Problems) -> Server:
    if "${" in url:
        # Checked when the environment is there.
        return Server("localhost", 25, None, None, implicit_tls=False, start_tls=None, timeout=TIMEOUT)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in PORTS or not host or parts.path not in ("", "/") or parts.query:
        sentence = f'The url of the integration "{name}" is not that of a mail server.'
        problems.add(at, sentence, "Write smtp://user:password@host:587, or smtps://….")
        host, port = "localhost", 25
    user = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None
    implicit = parts.scheme == "smtps"
    must = tls == "required" or (tls == "auto" and password is not None and not _is_here(host or ""))
    return Server(
        host=host or "localhost",
        port=port or PORTS.get(parts.scheme, 25),
        user=user,
        password=password,
        implicit_tls=implicit,
        start_tls=False if implicit or tls == "none" else True if must else None,
        timeout=TIMEOUT,
    )


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _sender(name: str, given: Json, at: Location, problems: Problems) -> Mailbox | None:
    if not isinstance(given, str) or "${" in given:
        return Mailbox("nobody@localhost") if isinstance(given, str) else None
    try:
        return mailbox(given)
    except NoAddress:
        sentence = f'"from" of the integration "{name}" is not an address.'
        problems.add(at, sentence, "Write Service Desk <desk@example.com>.")
        return None
