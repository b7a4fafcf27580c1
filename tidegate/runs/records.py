"""A run as it is kept, and back: JSON of a bounded size, without results and intermediate values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from tidegate.core.json import Json
from tidegate.core.runs import Failure, Run, RunLine, StepRun
from tidegate.runs.store import Record

MOST: Final = 64 * 1024
"""Bytes of one record."""
MOST_ARGUMENTS: Final = 16 * 1024
MOST_USER: Final = 8 * 1024
MOST_STACK: Final = 4096
"""Characters."""
MOST_TEXT: Final = 1024
"""Characters of a message, and of a line of a program."""


def record_of(run: Run) -> Record:
    """Never fails. What is too long as a whole is cut: texts are shortened, arguments or the user's fields are left out
    (`cut` names them), and of many steps and lines the first are kept."""
    try:
        text = orjson.dumps(run)
    except TypeError:
        text = b""
    if not text or len(text) > MOST - len(_WHOLE):
        text = _bounded(run)
    else:
        text = text[:-1] + _WHOLE
    return Record(run.id, run.function, text)


_WHOLE: Final = b',"cut":[],"unread":0}'


def _bounded(run: Run) -> bytes:
    arguments, user = within(run.arguments, MOST_ARGUMENTS), within(run.user, MOST_USER)
    cut = [name for name, text in (("arguments", arguments), ("user", user)) if text is None]
    arguments, user = arguments or b"{}", user or b"{}"
    head: Mapping[str, Json] = {
        "id": run.id,
        "function": run.function,
        "origin": run.origin,
        "began": run.began,
        "role": run.role,
        "masked": run.masked,
        "cut": cut,
        "seconds": run.seconds,
        "responded": run.responded,
        "size": run.size,
        "failure": _failure(run.failure),
    }
    # The numbers of what is left out have less than 100 digits.
    room = MOST - len(encoded(head)) - len(arguments) - len(user) - 200
    steps, room = _fitting([encoded(_step(step)) for step in run.steps], room)
    lines, room = _fitting([encoded(_line(line)) for line in run.lines], room)
    rest = encoded({"skipped": run.skipped + len(run.steps) - len(steps), "unread": len(run.lines) - len(lines)})
    return b'%s,"user":%s,"arguments":%s,"steps":[%s],"lines":[%s],%s' % (
        encoded(head)[:-1],
        user,
        arguments,
        b",".join(steps),
        b",".join(lines),
        rest[1:],
    )


def read_record(record: Record) -> Mapping[str, Any]:
    """As `tidegate runs show --json` prints it. Any: JSON, of the shape that docs/reference/runs.md tells."""
    # Not orjson: it reads no lone surrogates.
    found: Mapping[str, Any] = json.loads(record.text)
    return found


def run_of(record: Record) -> Run:
    found = read_record(record)
    return Run(
        id=found["id"],
        function=found["function"],
        origin=found["origin"],
        began=found["began"],
        role=found["role"],
        user=found["user"],
        arguments=found["arguments"],
        masked=tuple(found["masked"]),
        steps=[StepRun(**{**step, "failure": _failed(step["failure"])}) for step in found["steps"]],
        lines=[RunLine(**line) for line in found["lines"]],
        skipped=found["skipped"],
        responded=found["responded"],
        seconds=found["seconds"],
        size=found["size"],
        failure=_failed(found["failure"]),
    )


def encoded(value: Json) -> bytes:
    """JSON of whatever a client may have sent: also of numbers and characters that orjson refuses. Raises
    `RecursionError` for what is nested too deep."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, default=str).encode()


def within(value: Json, most: int) -> bytes | None:
    """Its JSON, where that has at most so many bytes."""
    try:
        text = encoded(value)
    except RecursionError:
        return None
    return text if len(text) <= most else None


def _fitting(texts: Sequence[bytes], room: int) -> tuple[Sequence[bytes], int]:
    """The first that fit, and the room that is left."""
    for place, text in enumerate(texts):
        if len(text) >= room:
            return texts[:place], room
        room -= len(text) + 1
    return texts, room


def _step(step: StepRun) -> Mapping[str, Json]:
    return {
        "number": step.number,
        "parent": step.parent,
        "kind": step.kind,
        "label": step.label[:MOST_TEXT],
        "at": step.at,
        "started": step.started,
        "seconds": step.seconds,
        "attempts": step.attempts,
        "size": step.size,
        "failure": _failure(step.failure),
    }


def _line(line: RunLine) -> Mapping[str, Json]:
    return {
        "step": line.step,
        "program": line.program,
        "level": line.level,
        "text": line.text[:MOST_TEXT],
    }


def _failure(failure: Failure | None) -> Mapping[str, Json] | None:
    if failure is None:
        return None
    return {
        "code": failure.code,
        "message": failure.message[:MOST_TEXT],
        "place": failure.place[:MOST_TEXT],
        "stack": failure.stack[:MOST_STACK],
    }


def _failed(found: Mapping[str, str] | None) -> Failure | None:
    return None if found is None else Failure(**found)
