"""Why a websocket is closed, in the codes of graphql-transport-ws.

A code decides what the client does next: the npm package graphql-ws gives up after 4400, 4401, 4406, 4409, 4429, 4500
and most codes from 1000 to 1999; it connects again, with a growing pause, after 1001, 1012, 1013, 4403 and 4408.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from tidegate.core.errors import Code, OperationError

LONGEST_REASON: Final = 123
"""In bytes: what a close frame can hold."""


class CloseCode(IntEnum):
    GOING_AWAY = 1001
    """The server stops, or the client has not answered for too long."""
    INVALID_TEXT = 1007
    """The text is not UTF-8."""
    TOO_LARGE = 1009
    """A message is larger than `limits.body`."""
    TRY_LATER = 1013
    """The user has too many connections, or something failed that may pass."""
    BAD_REQUEST = 4400
    """This is no message of graphql-transport-ws."""
    UNAUTHORIZED = 4401
    """Something was asked before the connection was acknowledged."""
    FORBIDDEN = 4403
    """The token is not good, or not any more: come back with another."""
    NO_SUBPROTOCOL = 4406
    INIT_TIMEOUT = 4408
    """There was no connection_init within `limits.initTimeout`."""
    DUPLICATE = 4409
    """A subscription has this id already."""
    TWICE = 4429
    """A second connection_init."""
    INTERNAL = 4500


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
