"""A request's header fields: each once, and saying that the body is JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from tidegate.core.errors import Code
from tidegate.web.answers import Header, Refusal, bad_request

_SINGLE: Final = frozenset(
    {b"content-type", b"content-length", b"content-encoding", b"origin", b"x-graphql-event-stream-token"}
)


def merged(headers: Sequence[Header]) -> dict[bytes, bytes]:
    """Repeated headers as one, where that has a meaning. Raises `Refusal` where it has none."""
    fields: dict[bytes, bytes] = {}
    for name, value in headers:
        if name not in fields:
            fields[name] = value
        elif name in _SINGLE:
            raise bad_request(f"The header {name.decode('latin-1')} is given twice.")
        else:
            fields[name] += b", " + value
    return fields


def check_content(fields: Mapping[bytes, bytes]) -> None:
    """Raises `Refusal`."""
    # A form or a plain text could be sent by any page without asking: what is not JSON is not looked at.
    if not _is_json(fields.get(b"content-type")):
        raise Refusal(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "The request's Content-Type must be application/json, in UTF-8.",
            Code.BAD_USER_INPUT,
            (b"accept-post", b"application/json"),
        )
    if fields.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        raise Refusal(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "The request's body must not be compressed.",
            Code.BAD_USER_INPUT,
            (b"accept-encoding", b"identity"),
        )


@lru_cache(maxsize=64)
def _is_json(content_type: bytes | None) -> bool:
    if content_type is None or len(content_type) > 200:
        return False
    name, *parameters = content_type.decode("latin-1").lower().split(";")
    if name.strip() != "application/json":
        return False
    pairs = (parameter.partition("=") for parameter in parameters)
    charsets = [value.strip().strip('"') for key, _, value in pairs if key.strip() == "charset"]
    return all(charset in ("utf-8", "utf8") for charset in charsets)
