"""What the statements ask of a driver, and all they know of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from tidegate.core.errors import OperationError
from tidegate.core.json import Json
from tidegate.resolvers.integrations.relational.tables import Family


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of a statement's result. `UNKNOWN` where the database cannot tell (SQLite's expressions)."""

    name: str
    family: Family


Asked: TypeAlias = tuple[str, Sequence[Json | bytes]]
"""A statement and its arguments."""

First: TypeAlias = Sequence[Any] | None
"""Any: a row holds whatever the database does."""


class Connection(Protocol):
    """Held for one call, inside the session's transaction where there is one.

    `sql` is complete: PostgreSQL's has `$1`, `$2`, ... (a number may occur twice), SQLite's has `?`, MySQL's `%s`.
    `arguments` are JSON values, one for each number, each `?` or each `%s`. PostgreSQL's driver converts each by the
    type that the prepared statement gives the parameter: text to uuid, numeric, timestamptz (ISO 8601 with any offset;
    `timestamp` takes UTC), date, time, bytea (from base64), interval; integers within range; a list to an array of
    these; for `json` and `jsonb` the value is encoded. A value that cannot be converted is BAD_USER_INPUT. SQLite's
    gets null, booleans, numbers, text and bytes only, already in the form they are stored in: the statements convert
    them. SQLite's connections have the functions of functions.py.

    MySQL's gets what SQLite's gets, `Decimal`, and lists: docs/decisions/0015-mysql.md says what becomes of them, and
    what statements may take for granted of the session. No value is ever written into a statement: `%s` becomes `?`, a
    list as many as it has items, and the server binds them.

    Results: `bytea` and blobs come as `bytes`, `json` and `jsonb` as `bytes` of JSON text, everything else as the
    driver's own Python value. Everything that fails is raised as `OperationError`: unique and foreign key violations
    CONFLICT, other integrity errors (NOT NULL, CHECK) and bad values BAD_USER_INPUT, a lost connection UPSTREAM_FAILED,
    the rest INTERNAL.
    """

    async def rows(self, sql: str, arguments: Sequence[Json | bytes]) -> Sequence[Sequence[Any]]:
        """All rows of the result. Any: a row holds whatever the database does."""
        ...

    async def row(self, sql: str, arguments: Sequence[Json | bytes]) -> Sequence[Any] | None:
        """The first row, or none."""
        ...

    async def execute(self, sql: str, arguments: Sequence[Json | bytes]) -> int:
        """How many rows were inserted, updated or deleted."""
        ...

    async def control(self, command: str) -> None:
        """BEGIN, SAVEPOINT and the like."""
        ...

    async def written(
        self, sql: str, arguments: Sequence[Json | bytes], most: int
    ) -> tuple[int, Sequence[Sequence[Any]]]:
        """Of a statement that writes and answers rows: how many there were, and `most` of them. The others never reach
        this process, or leave it at once. Any: a row holds whatever the database does."""
        ...

    async def each(self, asked: Sequence[Asked]) -> Sequence[First | OperationError]:
        """The first row of each of several statements that read, or none; in one go where the driver has one. What is
        wrong with one is not the others' concern. Raises where the connection itself is of no use any more."""
        ...

    async def parameters(self, sql: str) -> Sequence[str]:
        """PostgreSQL: the types of a statement's parameters as SQL writes them; empty where no array carries values of
        the type as they are."""
        ...

    async def columns(self, sql: str) -> Sequence[ResultColumn]:
        """The columns that a statement would answer, without running it; empty for one that answers no rows."""
        ...
