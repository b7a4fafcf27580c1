"""docs/reference/events.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from tidegate.realtime.engine import MOST_POLLING, MOST_RECEIVED, Timing
from tidegate.realtime.events import AUTHORIZED, COST_OF_LOGIN, EVENTS, HANDSHAKE, NOT_AUTHORIZED
from tidegate.realtime.lines import ALLOWANCE, FULL, REFILL
from tidegate.realtime.protocol import LOGIN
from tidegate.web.socketio import METHODS

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
PAGE = (REFERENCE / "events.md").read_text(encoding="utf-8")
TIMING = Timing()


def test_the_events_are_named() -> None:
    assert {AUTHORIZED, NOT_AUTHORIZED, LOGIN} == set(EVENTS)
    assert set(EVENTS) <= set(re.findall(r"`(\w+)`", PAGE))


def test_the_handshake() -> None:
    table = PAGE.split("| `auth` | is |\n")[1].split("\n\n")[0]
    assert dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE)) == HANDSHAKE


def test_the_numbers_are_the_codes() -> None:
    assert f"| {MOST_RECEIVED // 1024} KiB; more ends" in PAGE
    assert f"| {ALLOWANCE:g} at once, and {REFILL:g} in a second; a login counts as {COST_OF_LOGIN + 1:g}." in PAGE
    assert f"| {MOST_POLLING}; more are answered 503" in PAGE
    assert f"is closed after {TIMING.connect:g} seconds" in PAGE
    assert f"| after {TIMING.login:g} seconds" in PAGE
    assert f"it has {TIMING.login:g} seconds to\n`login`" in PAGE
    assert f"| {TIMING.upgrade:g} seconds" in PAGE
    assert f"| every {TIMING.ping:g} seconds; {TIMING.pong:g} seconds" in PAGE
    assert f"{FULL // 1024} KiB besides" in PAGE


def test_the_address_is_listed() -> None:
    assert f"| `/socket.io/` | {METHODS.decode()} |" in (REFERENCE / "http.md").read_text(encoding="utf-8")
