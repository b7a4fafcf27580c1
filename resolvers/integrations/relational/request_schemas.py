"""JSON Schemas of the verbs, for the author's editor. What a body means is checked when it is prepared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_VALUE: Final = {"description": "A value, or a reference such as $args.title."}
_COUNT: Final = {"type": ["integer", "string"], "description": "A number, or a reference such as $args.first."}
_WHERE: Final = {
    "type": ["object", "string"],
    "description": "Which rows: fields and the values they must have, operators, and, or, not; or $args.where.",
}
_ORDER: Final = {
    "type": ["string", "array"],
    "items": {"type": "string"},
    "description": "Fields to sort by, a - before a field for descending; or $args.orderBy.",
}
_FIELDS: Final = {
    "type": ["object", "string"],
    "additionalProperties": _VALUE,
    "description": "Fields and their values; or an argument of an input type.",
}
_ROWS: Final = {
    "type": ["string", "array"],
    "description": "The rows: a list of fields and values, or an argument that is a list of an input type.",
}


def _body(required: tuple[str, ...] = (), **properties: object) -> dict[str, Any]:
    """Any: JSON Schema is open-ended."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_BODIES: Final[Mapping[str, Mapping[str, Any]]] = {
    "list": _body(where=_WHERE, orderBy=_ORDER, limit=_COUNT, offset=_COUNT, after=_VALUE),
    "get": _body(("where",), where=_WHERE),
    "count": _body(where=_WHERE),
    "aggregate": _body(
        ("values",),
        where=_WHERE,
        groupBy={
            "type": ["string", "array"],
            "items": {"type": "string"},
            "description": "Fields: there is a row of the result for each of their values.",
        },
        values={"type": "object", "description": "Fields of the result: count, or { min: createdAt } and the like."},
        orderBy=_ORDER,
        limit=_COUNT,
    ),
    "create": _FIELDS,
    "createMany": _body(("rows",), rows=_ROWS, set=_FIELDS),
    "update": _body(("where", "set"), where=_WHERE, set=_FIELDS),
    "updateMany": _body(("where", "set"), where=_WHERE, set=_FIELDS),
    "delete": _body(("where",), where=_WHERE),
    "deleteMany": _body(("where",), where=_WHERE),
    "sql": {"type": "string", "description": "One statement, or the name of a .sql file; {{ args.x }} is bound."},
}

VERBS: Final = frozenset(_BODIES)


def request_schema(verb: str) -> Mapping[str, Any]:
    """Any: JSON Schema is open-ended."""
    return _BODIES[verb]
