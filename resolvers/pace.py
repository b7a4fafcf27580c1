"""Work without a pause makes way for others, and for its own deadline."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Final

AT_A_TIME: Final = 0.005
"""Seconds of work after which others have their turn."""


class Pace:
    """Of one call."""

    def __init__(self) -> None:
        self._since = monotonic()

    async def keep(self) -> None:
        """For each step, and for each item of a list that is gone through: most often it does nothing."""
        if monotonic() - self._since > AT_A_TIME:
            await asyncio.sleep(0)
            self._since = monotonic()
