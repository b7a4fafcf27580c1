"""docs/reference/live.md says of websockets what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from tidegate.web.closing import CloseCode
from tidegate.web.messages import LONGEST_ID
from tidegate.web.sockets import GONE_AFTER, MOST_BUFFERED, PING_AFTER

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "live.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("\n## Websockets\n")[2].partition("\n## ")[0]
BY_THE_LIBRARY = {1002}


def test_every_code_is_explained() -> None:
    cells = re.findall(r"^\| (\d{4}(?:, \d{4})*) \|", SECTION, re.MULTILINE)
    explained = {int(code) for cell in cells for code in cell.split(", ")}
    assert explained == set(CloseCode) | BY_THE_LIBRARY


def test_the_numbers_are_the_codes() -> None:
    assert f"1 to {LONGEST_ID} characters" in SECTION
    assert f"{GONE_AFTER:g} seconds, a ping after {PING_AFTER:g} included" in SECTION
    assert f"more than {MOST_BUFFERED // 1024} KiB" in SECTION
