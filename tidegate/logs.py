"""How the log is written: for people, or one JSON object on each line."""

from __future__ import annotations

import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from tidegate.settings import LogFormat, Settings

_QUIET: Final = ("httpx", "httpcore", "aiosqlite", "asyncio")
"""Libraries whose own news is not the operator's."""

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
"""All but the tab."""


class JsonLines(logging.Formatter):
    """Whoever logs with `extra={"structured": {...}}` has these fields in the object too."""

    def format(self, record: logging.LogRecord) -> str:
        # Any: what is structured is of any shape.
        line: dict[str, Any] = {
            **getattr(record, "structured", {}),
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()


class TextLines(logging.Formatter):
    """A message goes on in lines that are indented, and rules no terminal: what somebody else wrote into it, a program
    say, or a client, looks like no line of ours."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base's
        record.message = _CONTROLS.sub(_shown, record.message)
        return super().formatMessage(record)


def _shown(found: re.Match[str]) -> str:
    return "\n    " if found[0] == "\n" else f"\\x{ord(found[0]):02x}"


def configure_logs(settings: Settings) -> None:
    """Everything goes to standard error. Called once, by whoever owns the process."""
    handler = logging.StreamHandler(sys.stderr)
    if settings.log_format is LogFormat.JSON:
        handler.setFormatter(JsonLines())
    else:
        handler.setFormatter(TextLines("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.root.level))
    # uvicorn tells each start and stop in five lines, and warns of every request that is not HTTP: anybody on the
    # network could fill the log.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
