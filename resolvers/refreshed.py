"""A change -> the names of the queries that may answer otherwise now."""

from __future__ import annotations

from collections.abc import Sequence

from tidegate.core.catalog import Catalog
from tidegate.core.change import Change
from tidegate.core.footprint import Read, Verdict, judge
from tidegate.core.operation import Kind


class Refreshed:
    """For one catalog, whose integrations are open when `by` is first called."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._reach: dict[str, tuple[Read, ...]] | None = None
        self._latest: tuple[Change, Sequence[str]] = (Change(""), ())

    def by(self, change: Change, rank: int) -> Sequence[str]:
        """The queries that a role of this rank may call, sorted."""
        if change.is_empty:
            return ()
        if self._latest[0] is not change:
            # Everybody who listens for names asks about the same change.
            self._latest = (
                change,
                [name for name, reads in self._reaches().items() if _concerned(change, name, reads)],
            )
        operations = self._catalog.operations
        return [name for name in self._latest[1] if operations[name].rank <= rank]

    def _reaches(self) -> dict[str, tuple[Read, ...]]:
        if self._reach is None:
            self._reach = {
                name: tuple(read for step in operation.plan.run for read in step.prepared.reach())
                for name, operation in sorted(self._catalog.operations.items())
                if operation.kind is Kind.QUERY
            }
        return self._reach


def _concerned(change: Change, name: str, reads: Sequence[Read]) -> bool:
    if name in change.queries:
        return True
    return any(judge(read, touch) is Verdict.CONCERNED for touch in change.touches for read in reads)
