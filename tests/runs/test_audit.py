"""The audit line."""

from __future__ import annotations

import json
import subprocess
import sys
from logging import LogRecord
from typing import Any

import orjson
import pytest

from tests.runs.made import made
from tidegate.core.json import Json
from tidegate.core.runs import Failure, Run
from tidegate.logs import JsonLines
from tidegate.runs.audit import MOST_ARGUMENTS, AuditLog

FAILURE = Failure("TIMEOUT", "A step of triageTicket took too long and was stopped.", "functions/judge.js:3:9")


def logged(run: Run, caplog: pytest.LogCaptureFixture) -> LogRecord:
    with caplog.at_level("INFO", "tidegate.audit"):
        AuditLog().ended(run)
    (record,) = (each for each in caplog.records if each.name == "tidegate.audit")
    return record


def structured(record: LogRecord) -> dict[str, Any]:
    line = orjson.loads(JsonLines().format(record))
    assert {"time", "level", "logger", "message", "audit"} == set(line)
    found: dict[str, Any] = line["audit"]
    return found


def test_a_run_that_went_well(caplog: pytest.LogCaptureFixture) -> None:
    run = made()
    run.responded = 0.0021
    record = logged(run, caplog)
    assert record.getMessage() == (
        "triageTicket by 7 (support) from client: ok, 12.3 ms, 2 steps, 214 bytes, "
        f'run {run.id}, arguments {{"id":1}}, without password'
    )
    assert structured(record) == {
        "run": run.id,
        "function": "triageTicket",
        "origin": "client",
        "user": 7,
        "role": "support",
        "result": "ok",
        "ms": 12.3,
        "respondedMs": 2.1,
        "steps": 2,
        "bytes": 214,
        "arguments": {"id": 1},
        "masked": ["password"],
    }


def test_a_run_that_failed(caplog: pytest.LogCaptureFixture) -> None:
    run = made(failure=FAILURE)
    run.user, run.masked, run.size, run.skipped = {}, (), None, 40
    record = logged(run, caplog)
    assert record.getMessage() == (
        f'triageTicket by nobody (support) from client: TIMEOUT, 12.3 ms, 42 steps, run {run.id}, arguments {{"id":1}}'
    )
    found = structured(record)
    assert (found["result"], found["place"], found["user"]) == ("TIMEOUT", "functions/judge.js:3:9", None)


@pytest.mark.parametrize(
    "arguments",
    [
        {"text": "x" * 100_000, "id": 1},
        {"text": ["é" * 900], "more": "y" * 200, "id": 1},
        {f"argument{number}": "x" * 30 for number in range(200)},
        {"text": "\ud800", "number": 2**70},
    ],
)
def test_arguments_are_bounded(arguments: dict[str, Json], caplog: pytest.LogCaptureFixture) -> None:
    record = logged(made(arguments=arguments), caplog)
    # A reader that takes lone surrogates.
    found = json.loads(JsonLines().format(record))["audit"]["arguments"]
    assert len(json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")) <= (
        MOST_ARGUMENTS
    )
    for name, value in found.items():
        assert value in (arguments[name], "…")
    if "id" in arguments:
        assert found["id"] == 1


def test_a_log_of_warnings_has_none(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING", "tidegate.audit"):
        AuditLog().ended(made())
    assert caplog.records == []


def test_what_was_sent_looks_like_no_line_of_ours() -> None:
    script = (
        "import os\n"
        "from tests.runs.made import made\n"
        "from tidegate.logs import configure_logs\n"
        "from tidegate.runs.audit import AuditLog\n"
        "from tidegate.settings import Settings\n"
        "configure_logs(Settings())\n"
        "run = made(arguments={'text': 'one\\n12:00:00 INFO two\\x1b[31m\\u2028\\x9b'})\n"
        "run.user = {'id': 'me\\nand you'}\n"
        "AuditLog().ended(run)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    (line,) = done.stderr.split("\n")[:-1]
    assert "\x1b" not in line
    assert "\x9b" not in line
    assert "\u2028" not in line
