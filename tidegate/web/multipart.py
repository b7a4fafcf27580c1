"""Results as the parts of `multipart/mixed`, by Apollo's protocol of multipart subscriptions.

A part is written with the boundary behind it, for clients take a part for complete only then; what follows the
boundary, a line break or the two hyphens of the last one, is written with what comes next. So the body begins with a
boundary and has no empty part at its end.
"""

from __future__ import annotations

from typing import Final

import orjson

from tidegate.core.errors import OperationError
from tidegate.core.live import Result
from tidegate.web.answers import Header, Streamed
from tidegate.web.streams import STOPPING

_BOUNDARY: Final = b"--graphql"
_END: Final = b"--\r\n"
_NAME: Final = "multipart"


def _part(body: bytes) -> bytes:
    return b"\r\ncontent-type: application/json\r\n\r\n%b\r\n%b" % (body, _BOUNDARY)


def _failure(error: OperationError) -> bytes:
    errors = [{"message": error.message, "extensions": error.extensions}]
    return _part(orjson.dumps({"payload": None, "errors": errors})) + _END


class Multipart:
    """Implements `Framing`."""

    type: Header = (b"content-type", f'{Streamed.PARTS};boundary="graphql";subscriptionSpec=1.0'.encode())
    heartbeat = _part(b"{}")
    opening = _BOUNDARY + heartbeat
    complete = _END
    stopping = _failure(STOPPING)

    def result(self, result: Result, /) -> bytes:
        frame = result.frames.get(_NAME)
        if frame is None:
            frame = result.frames[_NAME] = _part(b'{"payload":%b}' % result.body)
        return frame

    def failure(self, error: OperationError, /) -> bytes:
        return _failure(error)


MULTIPART: Final = Multipart()
