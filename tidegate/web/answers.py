"""What goes back: status, headers and JSON, for answers and for refusals alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final, NamedTuple, TypeAlias

import orjson
from starlette.types import Send

from tidegate.core.errors import Code

Header: TypeAlias = tuple[bytes, bytes]


class Media(StrEnum):
    """The two forms of a GraphQL response: the old one, which answers 200 whatever the document's fate, and the new
    one, whose status tells."""

    JSON = "application/json"
    GRAPHQL = "application/graphql-response+json"


class Streamed(StrEnum):
    """The two forms of an answer that goes on: server-sent events, and multipart as Apollo Client asks for it."""

    EVENTS = "text/event-stream"
    PARTS = "multipart/mixed"


SAFETY: Final[tuple[Header, ...]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
)
"""On every answer: no guessing at types, nothing kept in caches, no addresses told to others."""

HEADERS: Final[Mapping[Media, tuple[Header, ...]]] = {
    media: ((b"content-type", f"{media}; charset=utf-8".encode()), *SAFETY) for media in Media
}

CHALLENGE: Final[Header] = (b"www-authenticate", b'Bearer realm="tidegate", error="invalid_token"')
CLOSE: Final[Header] = (b"connection", b"close")


class Refusal(Exception):
    """The request is refused as HTTP, before anything of it is executed. `message` is shown to the client."""

    def __init__(self, status: HTTPStatus, message: str, code: Code, *headers: Header) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = headers


def bad_request(message: str) -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, message, Code.BAD_USER_INPUT)


def error_body(message: str, extensions: Mapping[str, Any]) -> bytes:
    """A GraphQL response that holds one error and no data. Any: extensions are JSON."""
    return orjson.dumps({"errors": [{"message": message, "extensions": extensions}]})


def errors_body(errors: Sequence[Mapping[str, Any]]) -> bytes:
    """A GraphQL response that holds errors and no data. Any: errors are JSON objects."""
    return orjson.dumps({"errors": errors})


class Reply(NamedTuple):
    """A whole answer; its length is added when it is sent."""

    status: int
    headers: tuple[Header, ...]
    body: bytes = b""


def refusal_reply(refusal: Refusal, media: Media = Media.JSON, headers: tuple[Header, ...] = ()) -> Reply:
    body = error_body(refusal.message, {"code": refusal.code})
    return Reply(refusal.status, (*HEADERS[media], *headers, *refusal.headers), body)


async def answer(send: Send, reply: Reply) -> None:
    status, headers, body = reply
    if status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
        headers = (*headers, (b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
