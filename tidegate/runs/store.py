"""Where the history of runs is kept, and what all such places can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

OFF: Final = "off"
HOME: Final = ".tidegate"
"""The folder in a project that is Tidegate's own."""

CLAIMS_KEPT: Final = 7 * 24 * 3600
"""Seconds after which a claim is forgotten."""


class StoreFailed(Exception):
    """The message is for the operator: no password in it. `shared`: other gateways may have better luck."""

    def __init__(self, message: str, *, shared: bool) -> None:
        super().__init__(message)
        self.shared = shared


@dataclass(frozen=True, slots=True)
class Record:
    """One run. `text` is JSON, of the shape that records.py gives it."""

    id: str
    function: str
    text: bytes


class RunStore(Protocol):
    """Opens itself when it is first asked, and again when that failed or it was lost. Everything but `close` raises
    `StoreFailed`."""

    async def claim(self, name: str, moment: str) -> bool:
        """True for exactly one of all that ask with these two, whoever shares the store."""
        ...

    async def keep(self, records: Sequence[Record], most: int) -> None:
        """Adds these, oldest first; of each function the newest `most` stay. One that is there already is replaced."""
        ...

    async def recent(self, function: str | None, most: int) -> Sequence[Record]:
        """The newest, newest first."""
        ...

    async def find(self, start: str, most: int) -> Sequence[Record]:
        """Those whose id begins so."""
        ...

    async def close(self) -> None: ...


class NoStore:
    """Keeps nothing. A claim is good for this process."""

    def __init__(self) -> None:
        self._claims: dict[tuple[str, str], None] = {}

    async def claim(self, name: str, moment: str) -> bool:
        if (name, moment) in self._claims:
            return False
        self._claims[name, moment] = None
        if len(self._claims) > _REMEMBERED:
            del self._claims[next(iter(self._claims))]
        return True

    async def keep(self, records: Sequence[Record], most: int) -> None:
        pass

    async def recent(self, function: str | None, most: int) -> Sequence[Record]:  # noqa: ARG002
        return ()

    async def find(self, start: str, most: int) -> Sequence[Record]:  # noqa: ARG002
        return ()

    async def close(self) -> None:
        pass


_REMEMBERED: Final = 10_000


def run_store(where: str, folder: Path) -> RunStore:
    """What the setting TIDEGATE_RUNS means for the project in `folder`. No I/O."""
    if where == OFF:
        return NoStore()
    if where.startswith(("postgresql://", "postgres://")):
        # Not at the top: most projects need no driver for it.
        from tidegate.runs.postgres_store import PostgresStore

        return PostgresStore(where)
    from tidegate.runs.sqlite_store import SqliteStore

    return SqliteStore(folder / where)
