"""The journal of live queries as JSON, for people who follow it from outside: of the edition that is served, and after
a reload of the next one. It holds what the journal holds: names, tables, columns and numbers, and nobody's values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tidegate.core.catalog import Catalog
from tidegate.core.json import Json
from tidegate.realtime.journal import Changed, Entry, Refreshed, Shape

NOTHING_WRITTEN: Final = "nothing was written"
"""Why a change that only names queries did not wake another."""
RELOADED: Final[Mapping[str, Json]] = {"kind": "reload"}


def as_record(entry: Entry, catalog: Catalog) -> Mapping[str, Json]:
    """docs/reference/live.md has the keys. `catalog` is the edition's whose entry it is."""
    match entry:
        case Changed():
            return {
                "kind": "change",
                "number": entry.number,
                "at": entry.at,
                "cause": entry.cause,
                "touches": [_shape(touch) for touch in entry.touches],
                "named": sorted(entry.queries),
                "woken": entry.woken,
                "unmoved": _unmoved(entry),
            }
        case Refreshed():
            return {
                "kind": "refresh",
                "number": entry.number,
                "at": entry.at,
                "operation": entry.operation,
                "query": entry.query,
                "role": catalog.roles[entry.rank],
                "cause": entry.cause,
                "change": entry.change,
                "coalesced": entry.coalesced,
                "read": None if entry.read is None else _shape(entry.read),
                "touch": None if entry.touch is None else _shape(entry.touch),
                "watchers": entry.watchers,
                "batch": entry.batch,
                "ms": round(entry.seconds * 1000, 3),
                "bytes": entry.bytes,
                "outcome": entry.outcome,
                "error": entry.error,
            }


def _shape(shape: Shape) -> Mapping[str, Json]:
    """Not its source, which is the server's business."""
    columns = None if shape.columns is None else sorted(shape.columns)
    return {"table": shape.table, "columns": columns, "keys": list(shape.keys), "rows": shape.rows}


def _unmoved(change: Changed) -> list[Json]:
    because = None if change.touches else NOTHING_WRITTEN
    return [
        {"operation": each.operation, "query": each.query, "because": because or each.verdict}
        for each in change.unmoved
    ]
