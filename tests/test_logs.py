"""The log, as a process writes it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

SCRIPT = """
import logging, os
from tidegate.logs import configure_logs
from tidegate.settings import Settings
configure_logs(Settings.read(os.environ))
log = logging.getLogger("tidegate.test")
log.debug("hidden")
log.info("é %s", "shown")
logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
logging.getLogger("httpx").info("GET ...")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("broken\\nin two")
"""


def logged(**environment: str) -> str:
    environ = {**os.environ, **environment}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    return done.stderr


def test_text() -> None:
    lines = logged().splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d INFO    tidegate\.test: é shown", lines[0])
    assert lines[1].endswith("ERROR   tidegate.test: broken")
    assert lines[-1] == "ZeroDivisionError: division by zero"


def test_what_others_wrote_looks_like_no_line_of_ours() -> None:
    script = SCRIPT + 'log.info("said: %s", "one\\n12:00:00 ERROR   tidegate: two\\r\\x1b[31m\\x9b\\u2028\\tthree")'
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    *_, first, second = done.stderr.split("\n")[:-1]
    assert first.endswith("INFO    tidegate.test: said: one")
    assert second == "    12:00:00 ERROR   tidegate: two\\x0d\\x1b[31m\\x9b\\x2028\tthree"


def test_json() -> None:
    first, second = map(json.loads, logged(TIDEGATE_LOG_FORMAT="json").splitlines())
    assert first["time"].endswith("+00:00")
    del first["time"], second["time"]
    assert first == {"level": "info", "logger": "tidegate.test", "message": "é shown"}
    assert second.pop("exception").endswith("ZeroDivisionError: division by zero")
    assert second == {"level": "error", "logger": "tidegate.test", "message": "broken\nin two"}


def test_levels() -> None:
    assert "shown" not in logged(TIDEGATE_LOG_LEVEL="warning")
    assert "hidden" in logged(TIDEGATE_LOG_LEVEL="debug")
    assert "httpx" not in logged(TIDEGATE_LOG_LEVEL="debug")
