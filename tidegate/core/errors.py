"""Why a request failed, in the words a client may see."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from tidegate.core.json import Json


class Code(StrEnum):
    """The stable `extensions.code` of an error."""

    BAD_USER_INPUT = "BAD_USER_INPUT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    REFUSED = "REFUSED"
    ACTION_FAILED = "ACTION_FAILED"
    UPSTREAM_FAILED = "UPSTREAM_FAILED"
    TIMEOUT = "TIMEOUT"
    LIMIT = "LIMIT"
    INTERNAL = "INTERNAL"


PASSING: Final = frozenset({Code.REFUSED, Code.UNAUTHENTICATED, Code.FORBIDDEN})
"""Refusals: no `try` of a function turns them into something else."""


class OperationError(Exception):
    """This request failed. `message` reaches the client as it stands, so it never holds SQL, paths or secrets;
    `extensions` is merged beside the code. What happened inside goes into `__cause__`, and so into the log only."""

    def __init__(self, code: Code, message: str, extensions: Mapping[str, Json] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.extensions: Mapping[str, Json] = {**(extensions or {}), "code": str(code)}
        self.step = ""
        """The label of the step of a function that failed: for the function's own handlers, never for a client."""
