"""Settings in tidegate.yaml -> an integration that posts to a hook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tidegate.core.integration import Integration
from tidegate.core.json import Json
from tidegate.core.location import Location
from tidegate.core.problems import Problems
from tidegate.core.signing import FREE, HEADERS, weakness
from tidegate.core.triggers import Signature
from tidegate.resolvers.integrations.outgoing import PAUSES
from tidegate.resolvers.integrations.upstream import SETTINGS, Upstream, is_header_name, upstream_settings
from tidegate.resolvers.integrations.upstream.breaker import Breaking
from tidegate.resolvers.integrations.webhook.deliveries import Deliveries, Hook, Seal
from tidegate.resolvers.integrations.webhook.integration import HookIntegration
from tidegate.resolvers.integrations.webhook.trigger import KEYS

VERBS: Final = frozenset({"trigger"})
LARGEST_ANSWER: Final = 64 * 1024
"""Bytes of what a hook answers, which nobody looks at."""

_OTHERS: Final[Mapping[str, Any]] = {
    "secret": {
        "type": "string",
        "description": "What is posted is signed with it: whsec_… from ${…}. Default: it is not signed.",
    },
    "signature": {
        "type": "string",
        "enum": [str(each) for each in Signature],
        "default": str(Signature.STANDARD),
        "description": "How it is signed, in the words of incoming webhooks. Default: standard.",
    },
    "header": {"type": "string", "description": "Of hmac and token: the header that carries the signature."},
    **{name: SETTINGS[name] for name in ("headers", "timeout", "ca")},
}


class HookKind:
    """Implements `IntegrationKind`. `address`: what the setting with the hook's address is called. `pauses`: seconds
    until a delivery is tried again."""

    def __init__(self, address: str, description: str, pauses: tuple[float, ...] = PAUSES) -> None:
        self._address = address
        self._description = description
        self._pauses = pauses

    @property
    def verbs(self) -> frozenset[str]:
        return VERBS

    @property
    def settings(self) -> Mapping[str, Any]:
        """Any: JSON Schema is open-ended."""
        address = {self._address: {"type": "string", "description": self._description}}
        return {
            "type": "object",
            "additionalProperties": False,
            "required": [self._address],
            "properties": {**address, **_OTHERS},
        }

    def request_schema(self, verb: str) -> Mapping[str, Any]:  # noqa: ARG002 - there is one
        """Any: JSON Schema is open-ended."""
        whole = {"type": "object", "additionalProperties": False, "properties": dict(KEYS)}
        payload = {"not": {"anyOf": [{"required": [key]} for key in KEYS]}, "description": "Sent as JSON."}
        return {"anyOf": [whole, payload]}

    def create(self, name: str, settings: Mapping[str, Json], folder: Path, at: Location) -> Integration:
        problems = Problems()
        url = self._checked(name, str(settings[self._address]), at, problems)
        known = upstream_settings({**settings, "retries": 0}, folder, at, problems)
        # Who is down is asked again, and less and less often; there is no need to leave it alone.
        known = replace(known, most=LARGEST_ANSWER, breaking=Breaking(0))
        seal = _seal(name, settings, at, problems)
        problems.raise_any()
        return HookIntegration(name, Deliveries(name, Hook(url, seal), Upstream(name, known), self._pauses))

    def _checked(self, name: str, text: str, at: Location, problems: Problems) -> str:
        """Nothing of it is shown: it may be all that is needed to post there."""
        if "${" in text:
            return "http://localhost"  # Checked when the environment is there.
        try:
            parts = urlsplit(text)
            fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            parts, fits = urlsplit(""), False
        if not fits or parts.fragment or any(character.isspace() for character in text):
            sentence = f'"{self._address}" of the integration "{name}" is not the address of a hook.'
            problems.add(at, sentence, self._description)
        elif parts.username is not None or parts.password is not None:
            sentence = f'"{self._address}" of the integration "{name}" holds a password.'
            problems.add(at, sentence, "Write headers: { Authorization: … }.")
        return text


def _seal(name: str, settings: Mapping[str, Json], at: Location, problems: Problems) -> Seal | None:
    secret, header = settings.get("secret"), settings.get("header")
    signature = Signature(str(settings.get("signature", Signature.STANDARD)))
    if not isinstance(secret, str):
        for key in ("signature", "header"):
            if key in settings:
                problems.add(at, f'The integration "{name}" has "{key}" and no "secret".', "Write one, or remove it.")
        return None
    if isinstance(header, str) and signature not in FREE:
        sentence = f'Signatures of the kind {signature} are in headers of their own: "{name}" cannot choose one.'
        problems.add(at, sentence, "Remove the key.")
    elif isinstance(header, str) and not is_header_name(header):
        problems.add(at, f'"header" of the integration "{name}" is not the name of a header.')
    found = weakness(secret, signature) if "${" not in secret else None
    if found is not None:
        problems.add(at, f'"secret" of the integration "{name}": {found[0]}', found[1])
    return Seal(signature, header.lower() if isinstance(header, str) else HEADERS[signature], secret)
