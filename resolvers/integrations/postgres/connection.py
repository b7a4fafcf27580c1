"""One connection to PostgreSQL: statements prepared once, arguments converted by the types the server gave them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeAlias

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from tidegate.core.errors import Code, OperationError
from tidegate.core.json import Json
from tidegate.resolvers.integrations.postgres.conversion import Convert, Misfit
from tidegate.resolvers.integrations.postgres.errors import is_lost, translate
from tidegate.resolvers.integrations.postgres.types import Types
from tidegate.resolvers.integrations.relational.connection import Asked, First, ResultColumn
from tidegate.resolvers.integrations.relational.reflection import Reflection
from tidegate.resolvers.integrations.relational.violations import Vocabulary

Connect: TypeAlias = Callable[[], Awaitable[asyncpg.Connection]]

_COUNTED: Final = ("INSERT", "UPDATE", "DELETE", "MERGE")

_STALE: Final = (asyncpg.InvalidCachedStatementError, asyncpg.exceptions.OutdatedSchemaCacheError)
"""The tables were changed under a prepared statement."""

_Run: TypeAlias = Callable[[PreparedStatement, Sequence[Any]], Awaitable[Any]]


class Shared:
    """What all connections of one database share. Mutable: `reflection` is learnt when the integration opens."""

    def __init__(self, vocabulary: Vocabulary, statements: int) -> None:
        self.vocabulary = vocabulary
        self.statements = statements
        self.types = Types()
        self.reflection = Reflection()
        self.default_schema = "public"
        self.origins: set[str] = set()
        """The marks of the writers whose writes are told by who made them (`trigger_text.ORIGIN`)."""

    def translate(self, error: Exception) -> OperationError:
        return translate(error, self.vocabulary, self.reflection.constraints, self.default_schema)


class PostgresConnection:
    """Implements `relational.connection.Connection`. At most `Shared.statements` are kept prepared.

    A connection that turns out to be lost is opened anew and the statement sent once more, if it is `read_only`:
    asking again changes nothing. A writer's is not; there, only `begin` is."""

    def __init__(
        self, raw: asyncpg.Connection, connect: Connect, shared: Shared, *, read_only: bool, origin: str = ""
    ) -> None:
        self.raw = raw
        self._connect = connect
        self._shared = shared
        self._read_only = read_only
        self._origin = origin
        self._statements: OrderedDict[str, tuple[PreparedStatement, tuple[Convert, ...]]] = OrderedDict()

    @property
    def alive(self) -> bool:
        return not self.raw.is_closed()

    async def rows(self, sql: str, arguments: Sequence[Json | bytes]) -> Sequence[Sequence[Any]]:
        try:
            statement, converters = self._statements[sql]
            self._statements.move_to_end(sql)
            return await statement.fetch(*_bound(converters, arguments))  # type: ignore[no-any-return]
        except Exception as error:  # noqa: BLE001 - everything that fails is translated
            return await self._again(error, sql, arguments, _fetch)  # type: ignore[no-any-return]

    async def row(self, sql: str, arguments: Sequence[Json | bytes]) -> Sequence[Any] | None:
        # The hot path. A statement that is not there yet takes the long way, like everything else that goes wrong.
        try:
            statement, converters = self._statements[sql]
            self._statements.move_to_end(sql)
            return await statement.fetchrow(*_bound(converters, arguments))  # type: ignore[no-any-return]
        except Exception as error:  # noqa: BLE001 - everything that fails is translated
            return await self._again(error, sql, arguments, _fetch_row)  # type: ignore[no-any-return]

    async def execute(self, sql: str, arguments: Sequence[Json | bytes]) -> int:
        try:
            statement, converters = self._statements[sql]
            self._statements.move_to_end(sql)
            return await _count(statement, _bound(converters, arguments))
        except Exception as error:  # noqa: BLE001 - everything that fails is translated
            return await self._again(error, sql, arguments, _count)  # type: ignore[no-any-return]

    async def written(
        self, sql: str, arguments: Sequence[Json | bytes], most: int
    ) -> tuple[int, Sequence[Sequence[Any]]]:
        rows = await self.rows(
            f"WITH written AS ({sql}) SELECT count(*) OVER (), * FROM written LIMIT {most}", arguments
        )
        return (rows[0][0], [row[1:] for row in rows]) if rows else (0, ())

    async def each(self, asked: Sequence[Asked]) -> Sequence[First | OperationError]:
        found: list[First | OperationError] = []
        for sql, arguments in asked:
            try:
                found.append(await self.row(sql, arguments))
            except OperationError as error:
                if error.code is Code.UPSTREAM_FAILED:
                    raise
                found.append(error)
        return found

    async def parameters(self, sql: str) -> Sequence[str]:
        try:
            statement, _ = await self._prepared(sql)
        except Exception as error:
            raise self._shared.translate(error) from error
        return [
            f"{_quoted(type.schema)}.{_quoted(type.name)}" if type.kind == "scalar" else ""
            for type in statement.get_parameters()
        ]

    async def columns(self, sql: str) -> Sequence[ResultColumn]:
        try:
            statement, _ = await self._prepared(sql)
            attributes = statement.get_attributes()
            await self._shared.types.cover(self.raw, [attribute.type.oid for attribute in attributes])
        except Exception as error:
            raise self._shared.translate(error) from error
        return [ResultColumn(attribute.name, self._shared.types[attribute.type.oid].family) for attribute in attributes]

    async def begin(self) -> None:
        """Opens a transaction. Nothing was sent before, so a connection that was lost while idle is replaced."""
        try:
            await self.raw.execute("BEGIN")
        except Exception as error:
            if not is_lost(error):
                raise self._shared.translate(error) from error
            try:
                await self._reopen()
                await self.raw.execute("BEGIN")
            except Exception as second:
                raise self._shared.translate(second) from second

    async def control(self, command: str) -> None:
        try:
            await self.raw.execute(command)
        except Exception as error:
            raise self._shared.translate(error) from error

    async def commit(self) -> None:
        """Ends the transaction. Raises if it could not be kept."""
        ended = ""
        try:
            ended = await self.raw.execute("COMMIT")
        except Exception as error:
            if is_lost(error):
                message = "The connection to the database was lost while saving. The change may have been made or not."
                raise OperationError(Code.UPSTREAM_FAILED, message) from error
            raise self._shared.translate(error) from error
        finally:
            if not ended:
                # It may still be kept, later than anybody is told: then it is heard as somebody else's.
                self._shared.origins.discard(self._origin)
        if ended != "COMMIT":
            # A statement failed and its error was swallowed: PostgreSQL rolls back whatever it is told.
            raise OperationError(Code.INTERNAL, "The database could not do this.")

    async def close(self) -> None:
        """Ends the connection, by force if it does not end at once. Never raises."""
        self._shared.origins.discard(self._origin)
        try:
            await self.raw.close(timeout=1.0)
        except Exception:  # noqa: BLE001 - what cannot be closed is let go
            self.raw.terminate()

    async def _again(self, error: Exception, sql: str, arguments: Sequence[Json | bytes], run: _Run) -> Any:
        """What did not go the short way: a statement not prepared yet, one gone stale, a lost connection, an error.
        Any: what `run` gives."""
        try:
            if isinstance(error, _STALE):
                self._statements.clear()
                if self.raw.is_in_transaction():
                    raise OperationError(
                        Code.CONFLICT, "The database's tables were just changed. Try again."
                    ) from error
            elif self._read_only and is_lost(error):
                await self._reopen()
            elif sql in self._statements:
                raise error
            return await self._prepare_and_run(sql, arguments, run, retry=self._read_only and not is_lost(error))
        except OperationError:
            raise
        except Misfit as misfit:
            message = f"A value does not fit: {misfit.wanted} is wanted."
            raise OperationError(Code.BAD_USER_INPUT, message) from misfit
        except Exception as final:
            raise self._shared.translate(final) from final

    async def _prepare_and_run(self, sql: str, arguments: Sequence[Json | bytes], run: _Run, *, retry: bool) -> Any:
        """Any: what `run` gives."""
        try:
            statement, converters = await self._prepared(sql)
            return await run(statement, _bound(converters, arguments))
        except Exception as error:
            if not (retry and is_lost(error)):
                raise
            await self._reopen()
            return await self._prepare_and_run(sql, arguments, run, retry=False)

    async def _prepared(self, sql: str) -> tuple[PreparedStatement, tuple[Convert, ...]]:
        if (found := self._statements.get(sql)) is not None:
            return found
        statement = await self.raw.prepare(sql)
        # asyncpg leaves it to the next command to end this one: until then, the tables' locks would be held.
        await self.raw.execute("SELECT")
        oids = [parameter.oid for parameter in statement.get_parameters()]
        types = self._shared.types
        await types.cover(self.raw, oids)
        found = self._statements[sql] = (statement, tuple(types[oid].convert for oid in oids))
        if len(self._statements) > self._shared.statements:
            self._statements.popitem(last=False)
        return found

    async def _reopen(self) -> None:
        self.raw.terminate()
        self._statements.clear()
        self.raw = await self._connect()


def _bound(converters: tuple[Convert, ...], arguments: Sequence[Json | bytes]) -> list[Any]:
    """Any: what asyncpg wants."""
    if len(converters) != len(arguments):
        raise ValueError(f"{len(converters)} parameters, {len(arguments)} arguments")
    return [
        None if argument is None else convert(argument)
        for convert, argument in zip(converters, arguments, strict=False)
    ]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


async def _fetch(statement: PreparedStatement, arguments: Sequence[Any]) -> Any:
    return await statement.fetch(*arguments)


async def _fetch_row(statement: PreparedStatement, arguments: Sequence[Any]) -> Any:
    return await statement.fetchrow(*arguments)


async def _count(statement: PreparedStatement, arguments: Sequence[Any]) -> int:
    await statement.fetch(*arguments)
    verb, *_, count = statement.get_statusmsg().split()
    return int(count) if verb in _COUNTED else 0
