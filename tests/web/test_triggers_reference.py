"""docs/reference/triggers.md says what is so."""

from __future__ import annotations

import re
from http import HTTPStatus
from pathlib import Path

from tidegate.core.errors import Code
from tidegate.core.signing import HEADERS
from tidegate.core.triggers import Signature
from tidegate.scheduler import BACK, GRACE
from tidegate.schema.triggers import SCHEDULE_KEYS
from tidegate.schema.webhooks import KEYS as WEBHOOK_KEYS
from tidegate.web import touches
from tidegate.web.deliveries import AGE, REMEMBERED
from tidegate.web.signatures import TOLERANCE
from tidegate.web.webhooks import _STATUSES

PAGE = (Path(__file__).parents[2] / "docs/reference/triggers.md").read_text()


def test_every_signature_and_its_header() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \| (?:are|count)", PAGE, re.MULTILINE))
    assert rows.keys() == {str(signature) for signature in Signature}
    for name, said in rows.items():
        assert HEADERS[Signature(name)] in said.lower()


def test_every_status() -> None:
    rows = re.findall(r"^\| ([\d, ]+) \| (.*) \|", PAGE, re.MULTILINE)
    said = {int(status): text for statuses, text in rows for status in statuses.split(", ")}
    for code in Code:
        status = _STATUSES.get(code, HTTPStatus.EXPECTATION_FAILED)
        assert status in said
        # Nobody but the signature's check says that somebody is not who they should be.
        assert code in said[status] or code is Code.UNAUTHENTICATED


def test_numbers() -> None:
    assert (TOLERANCE, "five minutes away" in PAGE) == (300, True)
    assert (AGE, "for ten\nminutes" in PAGE) == (600, True)
    assert f"{REMEMBERED:,} of all webhooks" in PAGE
    assert (GRACE, "runs have five seconds to end" in PAGE) == (5, True)
    assert (BACK.total_seconds(), "set back by up to an hour" in PAGE) == (3600, True)


def test_keys_are_used() -> None:
    for key in (*SCHEDULE_KEYS, *WEBHOOK_KEYS):
        assert re.search(rf"\b{key}\b", PAGE), key


def test_touches() -> None:
    section = PAGE.split("\n## Touches\n")[1]
    assert dict(re.findall(r"^\| `(\w+)` \| (.*) \|", section, re.MULTILINE)) == touches.KEYS
    assert f"a list of up to {touches.MOST}," in section
    assert f"POST {touches.PATH}" in section
