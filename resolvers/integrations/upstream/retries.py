"""Whether what is safe is asked once more, and when. No clock, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

FIRST: Final = 0.1
LONGEST: Final = 2.0
PASSING: Final = frozenset({429, 502, 503, 504})
"""Statuses that say: not now."""
FAILING: Final = frozenset({502, 503, 504})
"""Those of them that say that the server is not well."""


def pause(attempt: int, luck: float) -> float:
    """Seconds after the `attempt`-th (from 0): twice as many each time, and by `luck` (0 to 1) up to half of them less,
    so that many who failed together do not come back together."""
    return min(LONGEST, FIRST * 2.0**attempt) * (1 - luck / 2)


def asked_to_wait(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that `Retry-After` says; none where it says nothing."""
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdecimal():
        return float(said[:9])
    if not said:
        return None
    try:
        when = parsedate_to_datetime(said)
    except (ValueError, OverflowError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - (now or datetime.now(UTC))).total_seconds())
