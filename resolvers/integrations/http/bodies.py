"""What goes with a request: JSON, a form, text, or bytes."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Final

import orjson

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import as_text
from tidegate.core.json import Given, Missing
from tidegate.resolvers.integrations.http.addresses import encode_pairs

FORMS: Final[Mapping[str, str]] = {
    "body": "application/json",
    "form": "application/x-www-form-urlencoded",
    "text": "text/plain; charset=utf-8",
    "binary": "application/octet-stream",
}
"""The keys of a request, each with what it says of the body."""


def write_body(form: str, value: Given) -> bytes | None:
    """None where there is nothing to send. Raises `OperationError`: BAD_USER_INPUT for what cannot be written so."""
    if isinstance(value, Missing):
        return None
    try:
        match form:
            case "body":
                return orjson.dumps(value)
            case "form" if value is None or isinstance(value, Mapping):
                return encode_pairs(value or {}).encode("ascii")
            case "text":
                return as_text(value).encode("utf-8")
            case "binary" if value is None or isinstance(value, str):
                return b64decode(value or "", validate=True)
    except (ValueError, TypeError) as error:
        raise OperationError(Code.BAD_USER_INPUT, "A value cannot be sent in a body.") from error
    raise OperationError(Code.BAD_USER_INPUT, "A value cannot be sent in a body of this form.")
