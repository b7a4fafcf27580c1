"""The one thing a client is told about a token that is not good, and what the operator's log is told instead."""

from __future__ import annotations

from typing import Final

from tidegate.core.errors import Code, OperationError

NOT_ACCEPTED: Final = "The token is missing, malformed, expired or not meant for this server."
"""Every failure has this message: which check failed would help only somebody who is forging tokens."""


class Refused(Exception):
    """Why a token is not good. For the log: it may name claims and keys, and never holds the token."""


def unauthenticated(reason: Refused) -> OperationError:
    """What the client sees; the reason is its cause."""
    error = OperationError(Code.UNAUTHENTICATED, NOT_ACCEPTED)
    error.__cause__ = reason
    return error
