"""One line in the log for each run: who ran what, with which result, and how long it took."""

from __future__ import annotations

from collections.abc import Mapping
from logging import INFO, getLogger
from typing import Any, Final

import orjson

from tidegate.core.json import Json
from tidegate.core.runs import NoRecorder, Run
from tidegate.runs.records import within

MOST_ARGUMENTS: Final = 1024
"""Bytes of JSON, of all arguments together."""
MOST_ID: Final = 200
"""Bytes of JSON."""

log = getLogger("tidegate.audit")


class AuditLog(NoRecorder):
    """Implements `Recorder`. A sentence, and for a log in JSON an object `audit`: docs/reference/runs.md."""

    def ended(self, run: Run) -> None:
        if not log.isEnabledFor(INFO):
            return
        arguments = _arguments(run.arguments)
        user = within(run.user.get("id"), MOST_ID) or b'"\xe2\x80\xa6"'
        audit = _audit(run, user, arguments)
        said = [
            audit["result"],
            f"{audit['ms']} ms",
            f"{audit['steps']} step{'' if audit['steps'] == 1 else 's'}",
            *([f"{run.size} bytes"] if run.size is not None else []),
            f"run {run.id}",
            f"arguments {arguments.decode()}",
            *([f"without {', '.join(run.masked)}"] if run.masked else []),
        ]
        who = "nobody" if user == b"null" else user.decode()
        message = "%s by %s (%s) from %s: %s"
        extra = {"structured": {"audit": audit}}
        log.info(message, run.function, who, run.role, run.origin, ", ".join(said), extra=extra)


def _audit(run: Run, user: bytes, arguments: bytes) -> Mapping[str, Any]:
    """Any: JSON, some of it encoded already."""
    audit: dict[str, Any] = {
        "run": run.id,
        "function": run.function,
        "origin": run.origin,
        "user": orjson.Fragment(user),
        "role": run.role,
        "result": "ok" if run.failure is None else run.failure.code,
        "ms": _milliseconds(run.seconds or 0.0),
        "steps": len(run.steps) + run.skipped,
        "arguments": orjson.Fragment(arguments),
        "masked": run.masked,
    }
    if run.size is not None:
        audit["bytes"] = run.size
    if run.responded is not None:
        audit["respondedMs"] = _milliseconds(run.responded)
    if run.failure is not None and run.failure.place:
        audit["place"] = run.failure.place
    return audit


def _arguments(arguments: Mapping[str, Json]) -> bytes:
    """An object of JSON. A value for which there is no room is three dots."""
    room = MOST_ARGUMENTS - 2
    said = []
    for name, value in arguments.items():
        key, text = orjson.dumps(name), within(value, room)
        if text is None or len(key) + len(text) + 2 > room:
            text = '"…"'.encode()
        room -= len(key) + len(text) + 2
        if room < 0:
            break
        said.append(b"%s:%s" % (key, text))
    return b"{%s}" % b",".join(said)


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
