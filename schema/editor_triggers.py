"""JSON Schemas of `schedule:`, `webhook:` and `touch:`, for the author's editor."""

from __future__ import annotations

from typing import Final

from tidegate.core.catalog import Catalog
from tidegate.core.triggers import Signature
from tidegate.schema.editor_rows import JsonSchema, record, words
from tidegate.schema.touch_settings import KEYS as TOUCH_KEYS
from tidegate.schema.triggers import SCHEDULE_KEYS
from tidegate.schema.webhooks import KEYS as WEBHOOK_KEYS

_TEXT: Final[JsonSchema] = {"type": "string", "minLength": 1}
_CRON: Final[JsonSchema] = _TEXT | {"description": SCHEDULE_KEYS["cron"]}
_ARGUMENTS: Final[JsonSchema] = {"type": "object", "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}}


def schedule_schema(catalog: Catalog) -> JsonSchema:
    one: JsonSchema = {
        "anyOf": [
            _CRON,
            record(
                {
                    "cron": _CRON,
                    "timeZone": _TEXT,
                    "args": _ARGUMENTS,
                    "currentUser": _user(catalog),
                },
                ("cron",),
                meanings=SCHEDULE_KEYS,
            ),
        ]
    }
    several = {"type": "array", "items": one}
    return {"anyOf": [*one["anyOf"], several]}


def webhook_schema(catalog: Catalog) -> JsonSchema:
    return record(
        {
            "path": {"type": "string", "pattern": "^[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*$"},
            "secret": _TEXT,
            "signature": words(Signature),
            "header": _TEXT,
            "args": _ARGUMENTS,
            "currentUser": _user(catalog),
        },
        ("path", "secret"),
        meanings=WEBHOOK_KEYS,
    )


def touch_schema() -> JsonSchema:
    return record({"secret": _TEXT, "signature": words(Signature), "header": _TEXT}, ("secret",), meanings=TOUCH_KEYS)


def _user(catalog: Catalog) -> JsonSchema:
    fields: dict[str, JsonSchema] = {name: {} for name in catalog.auth.current_user}
    role = words(catalog.roles, "Default: the operation's minRole.")
    return record({**fields, "role": role})
