"""Which mutations refresh which queries, of everything that a gateway serves: found once for each edition of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from tidegate.core.call import Runnable
from tidegate.core.footprint import Touch
from tidegate.description.compiled import runnables_of
from tidegate.description.explanation import Explained, Explanation, Seen
from tidegate.edition import Edition


class Refreshing:
    """Asks nothing of anybody: it goes by what the databases have said when they were opened."""

    def __init__(self) -> None:
        self._edition: Edition | None = None
        self._explanation: Explanation | None = None
        self._finding = asyncio.Lock()

    async def of(self, edition: Edition, name: str) -> Mapping[str, Any]:
        """Any: JSON."""
        async with self._finding:
            if self._edition is not edition or self._explanation is None:
                self._explanation = Explanation(edition.catalog, await _runnables(edition))
                self._edition = edition
        return _told(self._explanation.of(name))


async def _runnables(edition: Edition) -> Mapping[str, Sequence[Runnable]]:
    """Every operation, for each role that may call it. Others have their turn in between."""
    found: dict[str, Sequence[Runnable]] = {}
    for name, operation in edition.catalog.operations.items():
        found[name] = runnables_of(edition, operation)
        await asyncio.sleep(0)
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
