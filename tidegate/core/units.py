"""Durations and sizes with their unit."""

from __future__ import annotations

import re
from typing import Final

DURATION_PATTERN: Final = r"^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)$"
SIZE_PATTERN: Final = r"^[0-9]+(\.[0-9]+)?(B|kB|KiB|MB|MiB|GB|GiB)$"

_NUMBER: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)([A-Za-z]+)", re.ASCII)
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES: Final = {"B": 1, "kB": 1000, "MB": 1000**2, "GB": 1000**3, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}


def parse_duration(text: str) -> float | None:
    """`50ms`, `5s`, `2m`, `1.5h`, `1d` in seconds. None if it is not a duration."""
    found = _NUMBER.fullmatch(text)
    if found is None or found[2] not in _SECONDS:
        return None
    number = float(found[1])
    # 1000 divides exactly where 0.001 does not: 50ms is 0.05.
    return number / 1000 if found[2] == "ms" else number * _SECONDS[found[2]]


def parse_size(text: str) -> int | None:
    """`512B`, `64KiB`, `2MiB`, `1GB` in bytes; what is left below a byte is dropped. None if it is not a size."""
    found = _NUMBER.fullmatch(text)
    if found is None or found[2] not in _BYTES:
        return None
    return int(float(found[1]) * _BYTES[found[2]]) if "." in found[1] else int(found[1]) * _BYTES[found[2]]
