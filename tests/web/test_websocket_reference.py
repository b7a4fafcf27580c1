"""docs/reference/live.md says of websockets what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tidegate.web.closing import COMING_BACK, WHEN, CloseCode, Closing
from tidegate.web.messages import (
    ACK,
    FROM_CLIENTS,
    FROM_US,
    LONGEST_ID,
    NEXT_END,
    PONG_ALONE,
    RENEWED,
    complete,
    error,
    next_prefix,
    read_message,
)
from tidegate.web.sockets import GONE_AFTER, MOST_BUFFERED, PING_AFTER

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "live.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("\n## Websockets\n")[2].partition("\n## ")[0]


def test_every_code_is_explained() -> None:
    rows = re.findall(r"^\| (\d{4}) \| (.*) \| (yes|no) \|", SECTION, re.MULTILINE)
    assert {int(code): when for code, when, _ in rows} == WHEN
    assert {int(code) for code, _, back in rows if back == "yes"} == COMING_BACK
    assert set(WHEN) == set(CloseCode)


def test_every_message_is_told_of() -> None:
    """Those that clients may send are those that are read; those of ours are those that are written."""
    tried = {*FROM_CLIENTS, *FROM_US, "start", "stop"}
    assert {type for type in tried if is_read(type)} == set(FROM_CLIENTS)
    written = (ACK, PONG_ALONE, RENEWED, next_prefix("1") + b"{}" + NEXT_END, error("1", []), complete("1"))
    assert {json.loads(message)["type"] for message in written} == set(FROM_US)


def is_read(type: str) -> bool:
    try:
        read_message(json.dumps({"type": type, "id": "1", "payload": {"query": "{ a }"}}))
    except Closing:
        return False
    return True


def test_the_numbers_are_the_codes() -> None:
    assert f"1 to {LONGEST_ID} characters" in SECTION
    assert f"{GONE_AFTER:g} seconds, a ping after {PING_AFTER:g} included" in SECTION
    assert f"more than {MOST_BUFFERED // 1024} KiB" in SECTION
