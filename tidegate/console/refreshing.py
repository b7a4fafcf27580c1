"""Which mutations refresh which queries, of everything that a gateway serves: found once for each edition of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from functools import partial
from time import thread_time
from typing import Any, Final

from tidegate.core.footprint import Touch
from tidegate.description.compiled import runnable_of
from tidegate.description.explanation import Explained, Explanation, Seen
from tidegate.edition import Edition

SHARE: Final = 4
"""Of the time, one part in so many is spent on compiling: hundreds of queries are, and clients are waiting, too."""


class Refreshing:
    """Asks nothing of anybody: it goes by what the databases have said when they were opened."""

    def __init__(self) -> None:
        self._edition: Edition | None = None
        self._explanation: Explanation | None = None
        self._finding = asyncio.Lock()

    async def of(self, edition: Edition, name: str) -> Mapping[str, Any]:
        """Any: JSON."""
        if self._edition is not edition or self._explanation is None:
            self._edition = edition
            self._explanation = Explanation(edition.catalog, partial(runnable_of, edition))
        explanation = self._explanation
        # Each part of it one after the other, whoever asks: a query need not wait for all that a mutation needs.
        parts = explanation.preparing(name)
        while await self._goes_on(parts):
            pass
        return _told(explanation.of(name))

    async def _goes_on(self, parts: Iterator[None]) -> bool:
        async with self._finding:
            # Of the processor's time: on a busy machine others' would count for ours.
            began = thread_time()
            for _ in parts:
                await asyncio.sleep((SHARE - 1) * (thread_time() - began))
                return True
            return False


def _told(explained: Explained) -> Mapping[str, Any]:
    return {
        "grade": None if explained.grade is None else str(explained.grade),
        "reads": [_seen(each) for each in explained.reads],
        "touches": [_touch(each) for each in explained.touches],
        "others": list(explained.others),
        "more": list(explained.more),
        "why": explained.why,
    }


def _seen(seen: Seen) -> Mapping[str, Any]:
    return {
        "table": seen.table,
        "columns": None if seen.columns is None else sorted(seen.columns),
        "where": [
            {"column": each.column, "values": list(each.values), "optional": each.optional} for each in seen.conditions
        ],
        "grade": str(seen.grade),
    }


def _touch(touch: Touch) -> Mapping[str, Any]:
    return {"table": touch.table, "columns": None if touch.columns is None else sorted(touch.columns)}
