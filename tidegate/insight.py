"""What happens in a gateway, for whoever looks into it: events emitted, runs of functions, errors, and the log.

The newest of each are kept, in memory alone and never more than so many; whoever follows is told of each as it comes.
Of live queries the journal tells (`tidegate.realtime.journal`).
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from time import time
from typing import Any, Final, TypeAlias

import orjson

from tidegate.core.emission import Audience, Emission
from tidegate.core.errors import OperationError
from tidegate.core.json import Json
from tidegate.core.runs import NoRecorder, Run
from tidegate.core.user import CurrentUser

KEPT: Final = 200
"""Of each kind."""
MOST_RUNNING: Final = 500
"""Runs under way that are told of."""
MOST_DATA: Final = 2048
"""Bytes of an event's data."""
MOST_MESSAGE: Final = 1024
"""Characters."""
MOST_TRACE: Final = 8192
"""Characters of a traceback: its end."""
MOST_USERS: Final = 20
"""Users told of one event."""

Happening: TypeAlias = Mapping[str, Json]
"""JSON with its `kind`: `event`, `run`, `error` or `log`, and `at` in seconds since the epoch."""
Follower: TypeAlias = Callable[[Happening], None]


class Insight(NoRecorder):
    """Implements `Recorder`, for runs. With `inner` it also has what only an author may see: the data of events, and
    the log with its tracebacks. All of it is called from the event loop, but for the log."""

    def __init__(self, *, inner: bool) -> None:
        self.inner = inner
        self._kept: dict[str, deque[Happening]] = {
            kind: deque(maxlen=KEPT) for kind in ("event", "run", "error", "log")
        }
        self._running: dict[str, Happening] = {}
        self._followers: dict[Follower, None] = {}
        self.counts: dict[str, int] = dict.fromkeys(self._kept, 0)
        """How many there were of each kind since the start."""

    def recent(self) -> list[Happening]:
        """What is kept, the oldest first."""
        kept = [happening for each in self._kept.values() for happening in each]
        return sorted((*kept, *self._running.values()), key=_moment)

    def follow(self, follower: Follower) -> Callable[[], None]:
        """The follower is told from now on, from the event loop or from a thread that logs, until the answer is
        called."""
        self._followers[follower] = None
        return lambda: (self._followers.pop(follower, None), None)[1]

    def emitted(self, emission: Emission, receivers: int) -> None:
        told: dict[str, Json] = {
            "kind": "event",
            "at": time(),
            "event": emission.event,
            "audience": str(emission.audience),
            "receivers": receivers,
        }
        if emission.audience is Audience.ROLE:
            told["role"] = emission.role
        elif emission.audience is Audience.USERS:
            told["users"] = list(emission.users[:MOST_USERS]) if self.inner else len(emission.users)
        try:
            data = orjson.dumps(emission.data)
        except TypeError:
            data = b"null"
        told["bytes"] = len(data)
        if self.inner and len(data) <= MOST_DATA:
            told["data"] = emission.data
        self._add(told)

    def begun(self, run: Run) -> None:
        if len(self._running) < MOST_RUNNING:
            self._running[run.id] = told = _run(run)
            self._tell(told)

    def ended(self, run: Run) -> None:
        self._running.pop(run.id, None)
        self._add(_run(run))

    def failed(self, errors: Sequence[Mapping[str, Any]], user: CurrentUser) -> None:
        """Any: errors as answers have them, JSON."""
        for error in errors:
            path, extensions = error.get("path") or (), error.get("extensions") or {}
            self._error(str(path[0]) if path else "", error["message"], extensions, user)

    def gave_up(self, operation: str, error: OperationError, user: CurrentUser) -> None:
        """An operation that was called without a document."""
        self._error(operation, error.message, error.extensions, user)

    def logged(self, record: logging.LogRecord) -> None:
        if not self.inner:
            return
        trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        self._add(
            {
                "kind": "log",
                "at": record.created,
                "level": record.levelname.lower(),
                "logger": record.name,
                "message": record.getMessage()[:MOST_MESSAGE],
                "trace": trace[-MOST_TRACE:],
            }
        )

    def _error(self, operation: str, message: Json, extensions: Mapping[str, Json], user: CurrentUser) -> None:
        self._add(
            {
                "kind": "error",
                "at": time(),
                "operation": operation,
                "code": str(extensions.get("code", "")),
                "message": str(message)[:MOST_MESSAGE],
                "call": extensions.get("callId"),
                "role": user.role,
            }
        )

    def _add(self, happening: Happening) -> None:
        kind = str(happening["kind"])
        self.counts[kind] += 1
        self._kept[kind].append(happening)
        self._tell(happening)

    def _tell(self, happening: Happening) -> None:
        for follower in tuple(self._followers):
            follower(happening)


class Listener(logging.Handler):
    """Passes warnings and errors of ours on to `insight`, for as long as it is a context."""

    def __init__(self, insight: Insight) -> None:
        super().__init__(logging.WARNING)
        self._insight = insight

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._insight.logged(record)
        except Exception:  # noqa: BLE001 - as handlers do
            self.handleError(record)

    def __enter__(self) -> Listener:
        logging.getLogger("tidegate").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("tidegate").removeHandler(self)


def _moment(happening: Happening) -> float:
    at = happening["at"]
    return at if isinstance(at, float) else 0.0


def _run(run: Run) -> Happening:
    failure = run.failure
    return {
        "kind": "run",
        "at": run.began,
        "id": run.id,
        "function": run.function,
        "origin": run.origin,
        "role": run.role,
        "user": run.user.get("id"),
        "seconds": run.seconds,
        "responded": run.responded,
        "steps": len(run.steps) + run.skipped,
        "bytes": run.size,
        "failure": None if failure is None else {"code": failure.code, "message": failure.message[:MOST_MESSAGE]},
    }
