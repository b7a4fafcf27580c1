"""Texts of others, numbers and times as people read them."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Final

from tidegate.core.json import Json

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
"""All but the tab and the end of a line."""


def printable(text: str, margin: int = 0) -> str:
    """What somebody else wrote, without power over a terminal; further lines begin after so many blanks."""
    return _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text).replace("\n", "\n" + " " * margin)


def as_json(value: Json) -> str:
    return printable(json.dumps(value, ensure_ascii=False))


def duration(seconds: float) -> str:
    """`1.2 ms`, `2.50 s`, `3 min 5 s`."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 59.995:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def size(number: int) -> str:
    """`214 B`, `1.5 KiB`, `2.0 MiB`."""
    if number < 1024:
        return f"{number} B"
    return f"{number / 1024:.1f} KiB" if number < 1024 * 1024 else f"{number / 1024 / 1024:.1f} MiB"


def moment(at: float) -> str:
    """Here, by the clock on the wall. `at` is in seconds since the epoch."""
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
