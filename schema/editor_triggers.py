"""JSON Schemas of `schedule:`, `webhook:` and `touch:`, for the author's editor."""

from __future__ import annotations

from typing import Final

from tidegate.core.catalog import Catalog
from tidegate.core.triggers import Signature
from tidegate.schema.editor_rows import JsonSchema, record, words

_TEXT: Final[JsonSchema] = {"type": "string", "minLength": 1}
_CRON: Final[JsonSchema] = _TEXT | {
    "description": "minute, hour, day of the month, month, day of the week: 0 7 * * 1-5."
}
_SECRET: Final[JsonSchema] = _TEXT | {"description": "From the environment: ${NAME}."}
_ARGUMENTS: Final[JsonSchema] = {"type": "object", "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}}


def schedule_schema(catalog: Catalog) -> JsonSchema:
    one: JsonSchema = {
        "anyOf": [
            _CRON,
            record(
                {
                    "cron": _CRON,
                    "timeZone": _TEXT | {"description": "Such as Europe/Berlin. Default: UTC."},
                    "args": _ARGUMENTS | {"description": "Values, and $config.x."},
                    "currentUser": _user(catalog),
                },
                ("cron",),
            ),
        ]
    }
    several = {"type": "array", "items": one}
    return {"anyOf": [*one["anyOf"], several], "description": "Of a mutation: when the gateway runs it by itself."}


def webhook_schema(catalog: Catalog) -> JsonSchema:
    arguments = _ARGUMENTS | {
        "description": "Values, $body.x, $query.x and $headers.x-name. Default: the fields of the body."
    }
    webhook = record(
        {
            "path": {"type": "string", "pattern": "^[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*$"},
            "secret": _SECRET,
            "signature": words(Signature, "How requests are signed. Default: hmac."),
            "header": _TEXT | {"description": "Of hmac and token: the header that carries the signature."},
            "args": arguments,
            "currentUser": _user(catalog),
        },
        ("path", "secret"),
    )
    return webhook | {"description": "Other systems run it by POST /webhooks/{path}."}


def touch_schema() -> JsonSchema:
    touch = record(
        {
            "secret": _SECRET,
            "signature": words(Signature, "How requests are signed. Default: token."),
            "header": _TEXT | {"description": "Of hmac and token: the header. Default of token: authorization."},
        },
        ("secret",),
    )
    return touch | {"description": "Who may tell by POST /touch that something was written past the gateway."}


def _user(catalog: Catalog) -> JsonSchema:
    fields: dict[str, JsonSchema] = {name: {} for name in catalog.auth.current_user}
    role = words(catalog.roles, "Default: the operation's minRole.")
    return record({**fields, "role": role}) | {"description": "Who runs it; what is not said is null."}
