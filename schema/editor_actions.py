"""The JSON Schema of an action, for the author's editor."""

from __future__ import annotations

from typing import Final

from tidegate.core.catalog import Catalog
from tidegate.core.units import DURATION_PATTERN
from tidegate.schema.actions import EVENTS, KEYS, WORK
from tidegate.schema.editor_rows import JsonSchema, record, words
from tidegate.schema.step_code import RUNTIMES

_TEXT: Final[JsonSchema] = {"type": "string", "minLength": 1}
_TEXTS: Final[JsonSchema] = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
_LETTER: Final[JsonSchema] = _TEXT | {"description": "A text with holes, or the name of a .txt, .md or .html file."}


def action_schema(catalog: Catalog) -> JsonSchema:
    """Of an action of any object."""
    event = words(EVENTS)
    letter = record(
        {
            "use": words(catalog.integrations, "An integration of the kind smtp."),
            **dict.fromkeys(("to", "cc", "bcc"), _TEXTS),
            "from": _TEXT,
            "replyTo": _TEXT,
            "subject": _TEXT,
            "message": _LETTER,
            "html": _LETTER,
        },
        ("use", "to", "subject"),
    )
    # Any: what is posted may have any keys.
    trigger = {
        "type": "object",
        "required": ["use"],
        "properties": {"use": words(catalog.integrations, "An integration of the kind webhook or zapier.")},
    }
    schema = record(
        {
            "on": {"anyOf": [event, {"type": "array", "items": event, "minItems": 1, "uniqueItems": True}]},
            "where": {"anyOf": [_TEXT, {"const": True}]},
            "js": {"type": "string", "pattern": r"\.(js|ts)$"},
            "python": {"type": "string", "pattern": r"\.py$"},
            "runtime": words(RUNTIMES),
            "sql": _TEXT,
            "email": letter,
            "trigger": trigger,
            "params": {"type": "object"},
            "minRole": words(catalog.roles),
            "returns": _TEXT,
            "timeout": {"type": "string", "pattern": DURATION_PATTERN},
            "description": _TEXT,
        },
        ("on",),
        meanings=KEYS,
    )
    return schema | {"oneOf": [{"required": [key]} for key in WORK]}
