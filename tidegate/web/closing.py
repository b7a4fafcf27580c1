"""Why a websocket is closed, in the codes of graphql-transport-ws.

A code decides what the client does next: the npm package graphql-ws gives up after 4400, 4401, 4406, 4409, 4429, 4500
and most codes from 1000 to 1999; it connects again, with a growing pause, after 1001, 1012, 1013, 4403 and 4408.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from tidegate.core.errors import Code, OperationError

LONGEST_REASON: Final = 123
"""In bytes: what a close frame can hold."""


class CloseCode(IntEnum):
    GOING_AWAY = 1001
    BAD_FRAME = 1002
    INVALID_TEXT = 1007
    TOO_LARGE = 1009
    TRY_LATER = 1013
    BAD_REQUEST = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    NO_SUBPROTOCOL = 4406
    INIT_TIMEOUT = 4408
    DUPLICATE = 4409
    TWICE = 4429
    INTERNAL = 4500


WHEN: Final[Mapping[CloseCode, str]] = {
    CloseCode.GOING_AWAY: "the server stops, or nothing was heard for 40 seconds, a ping after 20 included",
    CloseCode.BAD_FRAME: "a frame is wrong; the library says so",
    CloseCode.INVALID_TEXT: "a text is not UTF-8",
    CloseCode.TOO_LARGE: "a message is larger than `limits.body`",
    CloseCode.TRY_LATER: "the user has `limits.connections` connections, or something failed that may pass",
    CloseCode.BAD_REQUEST: (
        "no message of the protocol: not a JSON object, an unknown type, a payload or id of the wrong shape"
    ),
    CloseCode.UNAUTHORIZED: "`subscribe`, or a renewal, before `connection_init`",
    CloseCode.FORBIDDEN: "the token is not good, or not any more",
    CloseCode.NO_SUBPROTOCOL: "the client does not offer `graphql-transport-ws`",
    CloseCode.INIT_TIMEOUT: "no `connection_init` within `limits.initTimeout`",
    CloseCode.DUPLICATE: "the id is in use",
    CloseCode.TWICE: "a second `connection_init`",
    CloseCode.INTERNAL: "a mistake of Tidegate's; the log has more",
}

COMING_BACK: Final = frozenset({CloseCode.GOING_AWAY, CloseCode.TRY_LATER, CloseCode.FORBIDDEN, CloseCode.INIT_TIMEOUT})
"""After which graphql-ws connects again by itself."""


class Closing(Exception):
    """The connection has to be closed. `reason` is shown to the client."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def bad_message(reason: str) -> Closing:
    return Closing(CloseCode.BAD_REQUEST, reason)


def closing_of(error: OperationError) -> Closing:
    """For an error that concerns the whole connection."""
    if error.code in (Code.UNAUTHENTICATED, Code.FORBIDDEN):
        return Closing(CloseCode.FORBIDDEN, "Forbidden")
    return Closing(CloseCode.TRY_LATER, "Too many connections" if error.code is Code.LIMIT else "Try again later")


def shortened(reason: str) -> str:
    """A reason that fits in a close frame."""
    return reason.encode("utf-8", "replace")[:LONGEST_REASON].decode("utf-8", "ignore")
