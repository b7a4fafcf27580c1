"""One connection to SQLite: rows in, rows out, errors in the project's words."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import sqlglot
from sqlglot import expressions

from tidegate.core.errors import Code, OperationError
from tidegate.core.json import Json
from tidegate.resolvers.integrations.relational.connection import Asked, First, ResultColumn
from tidegate.resolvers.integrations.relational.tables import Family
from tidegate.resolvers.integrations.relational.violations import Vocabulary
from tidegate.resolvers.integrations.sqlite.errors import translate
from tidegate.resolvers.integrations.sqlite.worker import Worker

T = TypeVar("T")

_PARAMETERS: Final = re.compile(r"current statement uses ([0-9]+)")


class SqliteConnection:
    """Implements `relational.connection.Connection`. `read_only` is what the connection is set to now, none where
    nobody knows: the command that sets it was cancelled, and may have been carried out or not."""

    def __init__(self, worker: Worker, vocabulary: Vocabulary, *, read_only: bool) -> None:
        self.worker = worker
        self.read_only: bool | None = read_only
        self.broken = False
        self._vocabulary = vocabulary

    async def rows(self, sql: str, arguments: Sequence[Json | bytes]) -> Sequence[Sequence[Any]]:
        _refuse_nul(arguments)
        try:
            return await self.worker.execute_fetchall(sql, arguments)  # type: ignore[return-value]
        except Exception as error:
            raise translate(error, self._vocabulary) from error
        except asyncio.CancelledError:
            self.worker.interrupt_now()
            raise

    async def row(self, sql: str, arguments: Sequence[Json | bytes]) -> Sequence[Any] | None:
        found = await self.rows(sql, arguments)
        return found[0] if found else None

    async def execute(self, sql: str, arguments: Sequence[Json | bytes]) -> int:
        _refuse_nul(arguments)
        return await self.call(lambda connection: _count(connection, sql, arguments))

    async def written(
        self, sql: str, arguments: Sequence[Json | bytes], most: int
    ) -> tuple[int, Sequence[Sequence[Any]]]:
        _refuse_nul(arguments)
        return await self.call(lambda connection: _some(connection, sql, arguments, most))

    async def each(self, asked: Sequence[Asked]) -> Sequence[First | OperationError]:
        return await self.call(lambda connection: [self._first(connection, *each) for each in asked])

    async def parameters(self, sql: str) -> Sequence[str]:  # noqa: ARG002 - there are no types
        return ()

    async def columns(self, sql: str) -> Sequence[ResultColumn]:
        names = await self.call(lambda connection: _describe(connection, sql))
        return [ResultColumn(name, Family.UNKNOWN) for name in names]

    async def allow_writes(self, *, allowed: bool) -> None:
        """For a database in memory, which has one connection for everything."""
        if self.read_only is not (not allowed):
            self.read_only = None
            await self.control(f"pragma query_only = {'off' if allowed else 'on'}")
            self.read_only = not allowed

    async def begin(self) -> None:
        """Opens a transaction, the only one in this process."""
        await self.allow_writes(allowed=True)
        await self.control("begin immediate")

    async def commit(self) -> None:
        await self.control("commit")

    async def control(self, command: str) -> None:
        await self.call(lambda connection: connection.execute(command).fetchall())

    async def call(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """`work` in the connection's thread, its errors translated."""
        try:
            return await self.worker.call(work)
        except Exception as error:
            raise translate(error, self._vocabulary) from error
        except asyncio.CancelledError:
            self.worker.interrupt_now()
            raise

    def _first(
        self, connection: sqlite3.Connection, sql: str, arguments: Sequence[Json | bytes]
    ) -> First | OperationError:
        """In the connection's thread. Raises where the caller was cancelled."""
        try:
            _refuse_nul(arguments)
            rows = connection.execute(sql, arguments).fetchall()
        except OperationError as error:
            return error
        except Exception as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
                raise
            failure = translate(error, self._vocabulary)
            failure.__cause__ = error
            return failure
        return rows[0] if rows else None

    async def close(self) -> None:
        """Never raises."""
        try:
            await self.worker.close()
        except (sqlite3.Error, ValueError):
            self.broken = True


def _some(
    connection: sqlite3.Connection, sql: str, arguments: Sequence[Json | bytes], most: int
) -> tuple[int, Sequence[Sequence[Any]]]:
    cursor = connection.execute(sql, arguments)
    rows = cursor.fetchmany(most)
    return len(rows) + sum(1 for _ in cursor), rows


def _refuse_nul(arguments: Sequence[Json | bytes]) -> None:
    for argument in arguments:
        if type(argument) is str and "\x00" in argument:
            raise OperationError(Code.BAD_USER_INPUT, "A value does not fit: a text without NUL characters is wanted.")


def _count(connection: sqlite3.Connection, sql: str, arguments: Sequence[Json | bytes]) -> int:
    before = connection.total_changes
    cursor = connection.execute(sql, arguments)
    cursor.fetchall()
    if cursor.rowcount >= 0:
        return cursor.rowcount
    # Python counts for statements that begin with INSERT, UPDATE or DELETE; this one begins with WITH, or reads.
    if connection.total_changes == before:
        return 0
    return int(connection.execute("select changes()").fetchone()[0])


def _describe(connection: sqlite3.Connection, sql: str) -> list[str]:
    """The names of the columns that `sql` would answer. Python tells them of a statement that has run, so it runs
    one that answers no rows and changes nothing: for a write, what its RETURNING would select."""
    # SQLite's other word for it, which sqlglot does not know.
    known = f"insert or {sql.lstrip()}" if sql.lstrip()[:7].lower() == "replace" else sql
    try:
        statement = sqlglot.parse_one(known, dialect="sqlite")
    except sqlglot.errors.SqlglotError:
        statement = None
    described = f"select * from ({sql.rstrip().rstrip(';')}\n) limit 0"
    if isinstance(statement, expressions.Insert | expressions.Update | expressions.Delete):
        # So that a mistake in it is found.
        _run_with_nulls(connection, f"explain {sql}")
        returning, target = statement.args.get("returning"), statement.find(expressions.Table)
        if returning is None or target is None:
            return []
        selected = ", ".join(item.sql(dialect="sqlite") for item in returning.expressions)
        described = f"select {selected} from {target.sql(dialect='sqlite')} limit 0"
    return [column[0] for column in _run_with_nulls(connection, described).description or ()]


def _run_with_nulls(connection: sqlite3.Connection, sql: str) -> sqlite3.Cursor:
    """Runs a statement with null for every parameter. How many there are, only SQLite knows for certain."""
    try:
        cursor = connection.execute(sql)
    except sqlite3.ProgrammingError as error:
        wanted = _PARAMETERS.search(str(error))
        if wanted is None:
            raise
        cursor = connection.execute(sql, (None,) * int(wanted[1]))
    cursor.fetchall()
    return cursor
