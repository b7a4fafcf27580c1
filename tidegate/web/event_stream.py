"""Results as server-sent events, by the protocol of GraphQL over SSE. Lines end in LF alone: several clients know no
other."""

from __future__ import annotations

from typing import Final

import orjson

from tidegate.core.errors import OperationError
from tidegate.core.live import Result
from tidegate.web.answers import Header, Streamed, error_body

COMPLETE: Final = b"event: complete\ndata:\n\n"
TYPE: Final[Header] = (b"content-type", f"{Streamed.EVENTS}; charset=utf-8".encode())

_OWN: Final = "event-stream"
_SHARED: Final = "event-stream payload"


class EventStream:
    """Implements `Framing` for a stream that is one operation's."""

    type = TYPE
    # Some browsers do not believe in a stream before its first byte.
    opening = b":\n\n"
    heartbeat = b":\n\n"
    complete = COMPLETE
    # Not complete: a client that loses its connection comes again.
    stopping = b""

    def result(self, result: Result, /) -> bytes:
        frame = result.frames.get(_OWN)
        if frame is None:
            frame = result.frames[_OWN] = next_event(result.body)
        return frame

    def failure(self, error: OperationError, /) -> bytes:
        return next_event(error_body(error.message, error.extensions)) + COMPLETE


EVENT_STREAM: Final = EventStream()


class Labelled:
    """The events of one operation in a stream that it shares with others."""

    def __init__(self, operation_id: str) -> None:
        label = orjson.dumps(operation_id)
        self._head = b'event: next\ndata: {"id":%b,"payload":' % label
        self.complete = b'event: complete\ndata: {"id":%b}\n\n' % label

    def result(self, result: Result) -> bytes:
        # What differs between subscribers is in front, so the rest is made once for all of them.
        rest = result.frames.get(_SHARED)
        if rest is None:
            rest = result.frames[_SHARED] = one_line(result.body) + b"}\n\n"
        return self._head + rest

    def next(self, body: bytes) -> bytes:
        return b"%b%b}\n\n" % (self._head, one_line(body))


def next_event(body: bytes) -> bytes:
    return b"event: next\ndata: %b\n\n" % one_line(body)


def one_line(body: bytes) -> bytes:
    """JSON without line breaks: PostgreSQL puts some between the elements of a list. Inside of texts they are
    escaped."""
    if b"\n" in body:
        body = body.replace(b"\n", b" ")
    return body.replace(b"\r", b" ") if b"\r" in body else body
