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


WHEN: Final[Mapping[Code, str]] = {
    Code.BAD_USER_INPUT: (
        "what was sent cannot be taken: an argument that does not fit its type, a value that the database's own rules "
        "refuse, a request that is no JSON"
    ),
    Code.UNAUTHENTICATED: "there is no token where one is needed, or the token is not good, or not any more",
    Code.FORBIDDEN: (
        "the role may not do this, or not with these rows: `minRole`, access rules; or a browser's origin is not listed"
    ),
    Code.NOT_FOUND: "there is no such row where one is promised, no such operation, or nothing at this address",
    Code.CONFLICT: (
        "it contradicts what is there: a unique key, a row that others need; or somebody else changed the same data at "
        "the same time"
    ),
    Code.REFUSED: "the project's own rule says no: `refuse`, a trigger of the database, a condition of an action",
    Code.ACTION_FAILED: (
        "the project's code threw an error; or something that it computed cannot be used: an e-mail's address, a row"
    ),
    Code.UPSTREAM_FAILED: "another system failed: it is not there, broke off, answered an error or nothing that fits",
    Code.TIMEOUT: "it took longer than it may, or waited too long for a lock, a connection or another server",
    Code.LIMIT: "it is more than the project's `limits` allow, or than a server would take",
    Code.INTERNAL: "a mistake of the project's or of Tidegate's; the log has more, under the id that stands beside it",
}
"""When each comes. The message says what it was in this case."""

BESIDE: Final[Mapping[str, str]] = {
    "committed": "true where the change is made all the same: it is an action that comes after it that failed",
    "skipped": "true where an action on demand was not run, for its condition does not hold",
    "status": "what another server answered",
    "fields": "a list of the fields that it is about",
    "row": "of several rows that were sent, the number of the first that is refused, from 0",
    "callId": "of INTERNAL: what the log has more under",
    "id": "of INTERNAL, where there was no call yet: the same",
}
"""What may stand in `extensions` beside the code."""

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
