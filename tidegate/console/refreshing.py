"""Which mutations refresh which queries, of everything that a gateway serves: found once for each edition of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from time import perf_counter
from typing import Any, Final

from tidegate.core.call import Runnable
from tidegate.core.footprint import Touch
from tidegate.description.compiled import runnables_of
from tidegate.description.explanation import Explained, Explanation, Seen
from tidegate.edition import Edition

SHARE: Final = 4
"""Of the time, one part in so many is spent on compiling: hundreds of queries are, and clients are waiting, too."""


class Refreshing:
    """Asks nothing of anybody: it goes by what the databases have said when they were opened."""

    def __init__(self) -> None:
        self._edition: Edition | None = None
        self._explanation: Explanation | None = None
        self._runnables: dict[str, Sequence[Runnable]] = {}
        self._finding = asyncio.Lock()

    async def of(self, edition: Edition, name: str) -> Mapping[str, Any]:
        """Any: JSON."""
        if self._edition is not edition or self._explanation is None:
            self._edition, self._runnables = edition, {}
            self._explanation = Explanation(edition.catalog, self._runnables)
        explanation, runnables = self._explanation, self._runnables
        for each in explanation.needed(name):
            # One after the other, whoever asks: a query need not wait for all that a mutation needs.
            async with self._finding:
                if each not in runnables:
                    runnables[each] = await _patiently(runnables_of(edition, edition.catalog.operations[each]))
        return _told(explanation.of(name))


async def _patiently(runnables: Iterator[Runnable]) -> Sequence[Runnable]:
    found, began = [], perf_counter()
    for runnable in runnables:
        found.append(runnable)
        await asyncio.sleep((SHARE - 1) * (perf_counter() - began))
        began = perf_counter()
    return found


def _told(explained: Explained) -> Mapping[str, Any]:
    return {
        "grade": None if explained.grade is None else str(explained.grade),
        "reads": [_seen(each) for each in explained.reads],
        "touches": [_touch(each) for each in dict.fromkeys(explained.touches)],
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
