"""What live queries have done since somebody asked last, across reloads: it is taken from the journal when somebody
wants it, and nothing is done for it when it happens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tidegate.app import Gateway
from tidegate.edition import Edition
from tidegate.following import RELOADED, as_record


@dataclass(frozen=True, slots=True)
class Mark:
    """Up to which entry of which edition's journal it was told."""

    edition: Edition
    number: int


@dataclass(frozen=True, slots=True)
class News:
    """Implements the web's `News`. Any: JSON."""

    records: Sequence[Mapping[str, Any]]
    lost: int
    mark: Mark


def news(gateway: Gateway, mark: object, most: int) -> News:
    """Everything since the `mark`, the newest `most`; since now for no mark."""
    edition = gateway.edition
    if not isinstance(mark, Mark):
        return News((), 0, Mark(edition, edition.live.journal.last))
    if mark.edition is edition:
        return _since(mark, most)
    # What the older one does from now on is for the calls under way.
    older, newer = _since(mark, most), _since(Mark(edition, 0), most)
    return News((*older.records, RELOADED, *newer.records), older.lost + newer.lost, newer.mark)


def _since(mark: Mark, most: int) -> News:
    journal, catalog = mark.edition.live.journal, mark.edition.catalog
    entries = journal.entries(mark.number)[-most:]
    records = [as_record(entry, catalog) for entry in entries]
    return News(records, journal.last - mark.number - len(entries), Mark(mark.edition, journal.last))
