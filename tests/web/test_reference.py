"""docs/reference/http.md and the code say the same."""

from __future__ import annotations

import re
from http import HTTPStatus
from pathlib import Path

from tidegate.auth.headers import LONGEST_TOKEN
from tidegate.web.bodies import DEEPEST
from tidegate.web.protocol import MOST_HEADERS
from tidegate.web.reservations import MOST_UNUSED, UNUSED
from tidegate.web.single_connection import LONGEST_ID
from tidegate.web.streams import HEARTBEAT

ROOT = Path(__file__).parents[2]
LIVE = (ROOT / "docs" / "reference" / "live.md").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "reference" / "http.md").read_text(encoding="utf-8")


def test_every_status_is_explained() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tidegate" / "web").glob("*.py"))
    used = {int(HTTPStatus[name]) for name in re.findall(r"HTTPStatus\.([A-Z_]+)", source)}
    assert {int(status) for status in re.findall(r"^\| (\d{3}) \|", PAGE, re.MULTILINE)} == used


def test_the_numbers_are_the_codes() -> None:
    assert f"more than {DEEPEST} levels" in PAGE
    assert f"more than {MOST_HEADERS}" in PAGE
    assert f"more than {LONGEST_TOKEN} bytes" in PAGE
    assert f"waits {UNUSED:g} seconds" in LIVE
    assert f"At most\n  {MOST_UNUSED} wait" in LIVE
    assert f"at most {LONGEST_ID} characters" in LIVE
    assert f"about {HEARTBEAT:g} seconds" in LIVE
