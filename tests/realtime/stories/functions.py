"""What functions answer, in plain Python: each of their reads may see another world than the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

from tests.attacks.oracle import Row

if TYPE_CHECKING:
    from tests.realtime.stories.oracle import Asker

LONGEST: Final = 12
"""Reads between which it is looked for where a world has changed."""

NEAR: Final = 4
"""Worlds that come while one call reads. More of them would take long to look through."""

Answering = Callable[["Reads", Mapping[str, Any]], Any]
"""Any: JSON."""


class Reads:
    """Gives the caller in the world of each read, one after the other. `ends`: after how many reads each world but the
    last was over."""

    def __init__(self, askers: Sequence[Asker], ends: Sequence[int] = ()) -> None:
        self._askers = askers
        self._ends = ends
        self._count = 0

    def __call__(self) -> Asker:
        place = sum(end <= self._count for end in self._ends)
        self._count += 1
        return self._askers[place]


def torn(askers: Sequence[Asker]) -> Iterator[Reads]:
    """Every way in which two or three worlds that are near each other, in order, may be seen by one call."""
    for place, first in enumerate(askers):
        for count in (1, 2):
            for later in combinations(askers[place + 1 : place + NEAR], count):
                for ends in combinations(range(1, LONGEST), count):
                    yield Reads((first, *later), ends)


def _sorted(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: int(row["id"]))


def _of(asker: Asker, id: str) -> Row | None:
    return next((row for row in asker.rows("tickets") if row["id"] == id), None)


def _mine(reads: Reads, args: Mapping[str, Any]) -> Any:
    asker, wanted = reads(), args.get("status")
    rows = [row for row in asker.rows("tickets") if row["email"] == asker.email and wanted in (None, row["status"])]
    return [[row["id"], row["status"], row["title"]] for row in _sorted(rows)]


def _ticket(reads: Reads, args: Mapping[str, Any]) -> Any:
    found = _of(reads(), args["id"])
    if found is None:
        return None
    return [found["title"], next((by["team"] for by in reads().rows("users") if by["email"] == found["email"]), None)]


def _pick(reads: Reads, args: Mapping[str, Any]) -> Any:
    rows = _sorted([row for row in reads().rows("tickets") if row["status"] == args["status"]])
    return _ticket(reads, {"id": rows[0]["id"]}) if rows else "none"


def _filter(reads: Reads, args: Mapping[str, Any]) -> Any:
    return [row["id"] for row in _sorted(reads().rows("tickets")) if row["status"] == args["status"]]


def _talks(reads: Reads, _args: Mapping[str, Any]) -> Any:
    asker = reads()
    rows = _sorted([row for row in asker.rows("tickets") if row["email"] == asker.email])
    return [[row["id"], _talk(reads(), row["id"])] for row in rows]


def _talk(asker: Asker, id: str) -> Any:
    return [row["text"] for row in _sorted([row for row in asker.rows("comments") if row["ticketId"] == id])]


def _title(reads: Reads, args: Mapping[str, Any]) -> Any:
    found = _of(reads(), args["id"])
    return None if found is None else found["title"]


def _branch(reads: Reads, args: Mapping[str, Any]) -> Any:
    return len(reads().rows("tickets")) if args["all"] else _title(reads, args)


def _who(reads: Reads, _args: Mapping[str, Any]) -> Any:
    asker = reads()
    rows = asker.world.rows["tickets"]
    return [asker.team, sum(row["email"] == asker.email and row["status"] != "Done" for row in rows)]


FUNCTIONS: Final[Mapping[str, tuple[Mapping[str, str], Answering]]] = {
    "fnMine": ({"status": "Status"}, _mine),
    "fnNested": ({"status": "Status!"}, _mine),
    "fnTicket": ({"id": "ID!"}, _ticket),
    "fnPick": ({"status": "Status!"}, _pick),
    "fnFilter": ({"status": "Status!"}, _filter),
    "fnTalks": ({}, _talks),
    "fnBranch": ({"id": "ID!", "all": "Boolean!"}, _branch),
    "fnWho": ({}, _who),
    "fnCode": ({"id": "ID!"}, _title),
}
"""name: (types of its arguments, what it answers)"""
