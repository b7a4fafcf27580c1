"""One connection to MySQL: statements prepared once and kept, values bound by the server, never written into a text."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from logging import getLogger
from typing import Any, Final, TypeAlias

from asyncmy.connection import MySQLResult, PreparedStatement
from asyncmy.errors import MySQLError
from asyncmy.protocol import FieldDescriptorPacket

from tidegate.core.errors import Code, OperationError
from tidegate.core.json import Json
from tidegate.resolvers.integrations.mysql.describing import describe
from tidegate.resolvers.integrations.mysql.errors import (
    CUT_SHORT,
    DEADLOCK,
    LOCK_TIMEOUT,
    NEEDS_NEW_PREPARE,
    TOO_MANY_PREPARED,
    WRITES,
    is_lost,
    number_of,
    translate,
)
from tidegate.resolvers.integrations.mysql.placeholders import prepared_text, refuse_misfits, spread
from tidegate.resolvers.integrations.mysql.session import Opening, Session, cancellations, connect_bare
from tidegate.resolvers.integrations.mysql.types import family_of_result
from tidegate.resolvers.integrations.relational.connection import Asked, First, ResultColumn
from tidegate.resolvers.integrations.relational.reflection import Reflection
from tidegate.resolvers.integrations.relational.violations import Vocabulary

log = getLogger(__name__)

Connect: TypeAlias = Callable[[], Awaitable[Session]]

_GRACE: Final = 1.0
"""Seconds after a statement's own time in which the server may say itself that it stopped it."""

_KILLING: Final = 5.0
"""Seconds that stopping what nobody waits for any more may take, and seeing it rolled back."""

_BY_NATURE: Final = (asyncio.CancelledError, KeyboardInterrupt, SystemExit, GeneratorExit)


class Shared:
    """What all connections of one database share. Mutable: `reflection` is learnt when the integration opens.
    `patience` is the statements' time in seconds."""

    def __init__(self, vocabulary: Vocabulary, opening: Opening, statements: int, patience: float) -> None:
        self.vocabulary = vocabulary
        self.opening = opening
        self.statements = statements
        self.patience = patience
        self.reflection = Reflection()

    def translate(self, error: Exception, sql: str = "") -> OperationError:
        return translate(error, self.vocabulary, self.reflection, sql)


class MysqlConnection:
    """Implements `relational.connection.Connection`. At most `Shared.statements` are kept prepared.

    A connection that turns out to be lost is opened anew and the statement sent once more, if it is `read_only`:
    asking again changes nothing. A writer's is not; there, only `begin` is.

    MySQL ends a transaction by itself after a deadlock, and would carry out what follows, each statement for itself or
    in a transaction of its own making. So what comes after `_ended` is refused here."""

    def __init__(self, session: Session, connect: Connect, shared: Shared, *, read_only: bool) -> None:
        self.session = session
        self._connect = connect
        self._shared = shared
        self._read_only = read_only
        self._statements: OrderedDict[str, PreparedStatement] = OrderedDict()
        self._ended: OperationError | None = None
        self._in_transaction = False
        self._stray: tuple[int, str] | None = None

    @property
    def alive(self) -> bool:
        return self.session.alive

    async def rows(self, sql: str, arguments: Sequence[Json | bytes]) -> Sequence[Sequence[Any]]:
        return (await self._run(sql, arguments)).rows or ()

    async def row(self, sql: str, arguments: Sequence[Json | bytes]) -> Sequence[Any] | None:
        rows = (await self._run(sql, arguments)).rows
        return rows[0] if rows else None

    async def execute(self, sql: str, arguments: Sequence[Json | bytes]) -> int:
        result = await self._run(sql, arguments)
        return int(result.affected_rows) if result.rows is None or WRITES.match(sql) else 0

    async def written(
        self, sql: str, arguments: Sequence[Json | bytes], most: int
    ) -> tuple[int, Sequence[Sequence[Any]]]:
        rows = await self.rows(sql, arguments)
        return len(rows), rows[:most]

    async def each(self, asked: Sequence[Asked]) -> Sequence[First | OperationError]:
        found: list[First | OperationError] = []
        for sql, arguments in asked:
            try:
                found.append(await self.row(sql, arguments))
            except OperationError as error:
                if error.code is Code.UPSTREAM_FAILED or not self.alive:
                    raise
                found.append(error)
        return found

    async def parameters(self, sql: str) -> Sequence[str]:  # noqa: ARG002 - there are no types
        return ()

    async def columns(self, sql: str) -> Sequence[ResultColumn]:
        fields = await self._guarded(lambda: self._describe(prepared_text(sql)), sql, again=self._read_only)
        return [ResultColumn(field.name, family_of_result(field)) for field in fields]

    async def begin(self) -> None:
        """Opens a transaction. Nothing was sent before, so a connection that was lost while idle is replaced."""
        self._ended = None
        await self._guarded(lambda: self.session.ask("START TRANSACTION"), again=True)
        self._in_transaction = True

    async def control(self, command: str) -> None:
        self._refuse_if_ended()
        await self._guarded(lambda: self.session.ask(command))

    async def commit(self) -> None:
        """Ends the transaction. Raises if it could not be kept."""
        self._refuse_if_ended()
        self._in_transaction = False
        try:
            await self._guarded(lambda: self.session.ask("COMMIT"))
        except OperationError as error:
            if error.code is not Code.UPSTREAM_FAILED or self.alive:
                raise
            message = "The connection to the database was lost while saving. The change may have been made or not."
            raise OperationError(Code.UPSTREAM_FAILED, message) from error

    async def roll_back(self) -> None:
        """Makes it usable again, if it still is, and sees to it that what a cancelled caller left running is stopped
        and rolled back. Never raises but for cancellation."""
        self._ended, self._in_transaction = None, False
        if self.alive:
            try:
                async with asyncio.timeout(_KILLING):
                    await self.session.ask("ROLLBACK")
            except (MySQLError, OSError, TimeoutError):
                self.session.close()
        await self._stop_stray()

    async def close(self) -> None:
        """Never raises."""
        await self._stop_stray()
        await self.session.leave()

    async def _run(self, sql: str, arguments: Sequence[Json | bytes]) -> MySQLResult:
        self._refuse_if_ended()
        values: Sequence[Any] = arguments
        text = sql
        if any(type(argument) is list or type(argument) is tuple for argument in arguments):
            text, values = spread(sql, arguments)
        refuse_misfits(values)
        try:
            result: MySQLResult = await self._guarded(
                lambda: self._execute(text, values, is_spread=text is not sql), sql, again=self._read_only
            )
        except OperationError as error:
            if number_of(error.__cause__ or error) in NEEDS_NEW_PREPARE:
                self._statements.clear()
            raise
        if self._in_transaction and not self.session.get_transaction_status():
            self._ended = OperationError(Code.INTERNAL, "The database has ended this transaction.")
            raise self._ended
        if result.warning_count and result.rows is not None:
            await self._refuse_half()
        return result

    async def _execute(self, sql: str, values: Sequence[Any], *, is_spread: bool) -> MySQLResult:
        # A text that has its `?` already is not taken for one that has not.
        key = f"?{sql}" if is_spread else sql
        statement = self._statements.get(key)
        if statement is None:
            statement = await self._prepare(key, sql if is_spread else prepared_text(sql))
        else:
            self._statements.move_to_end(key)
        result = await statement.execute(tuple(values))
        # Or an idle connection would keep the last answer, however long.
        self.session._result = None  # noqa: SLF001
        return result

    async def _prepare(self, key: str, text: str) -> PreparedStatement:
        while len(self._statements) >= self._shared.statements:
            _, oldest = self._statements.popitem(last=False)
            await oldest.close()
        try:
            statement = await self.session.prepare(text)
        except MySQLError as error:
            if number_of(error) != TOO_MANY_PREPARED or not self._statements:
                raise
            # The server's limit, for all its clients together: this one gives back what it has.
            while self._statements:
                await self._statements.popitem()[1].close()
            statement = await self.session.prepare(text)
        self._statements[key] = statement
        return statement

    async def _describe(self, text: str) -> list[FieldDescriptorPacket]:
        if not self._read_only:
            return await describe(self.session, text)
        # A statement that writes is not even prepared where nothing can be written.
        await self.session.ask("SET SESSION TRANSACTION READ WRITE")
        try:
            return await describe(self.session, text)
        finally:
            if self.alive:
                await self.session.ask("SET SESSION TRANSACTION READ ONLY")

    # Any: what `work` gives.
    async def _guarded(self, work: Callable[[], Awaitable[Any]], sql: str = "", *, again: bool = False) -> Any:
        """Does `work` within the statements' time, `again` on a new connection where the first turns out to be lost.
        Raises `OperationError`."""
        patience = self._shared.patience
        try:
            async with asyncio.timeout(patience + _GRACE if patience else None):
                try:
                    return await self._watched(work)
                except Exception as error:
                    if not (again and is_lost(error)):
                        raise
                    await self._reopen()
                    return await self._watched(work)
        except OperationError:
            raise
        except Exception as error:
            failure = self._shared.translate(error, sql)
            if self._in_transaction and (_ends(number_of(error), self.session) or not self.alive):
                self._ended = failure
            raise failure from error

    async def _watched(self, work: Callable[[], Awaitable[Any]]) -> Any:
        session = self.session
        known = cancellations()
        try:
            found = await work()
            if cancellations() > known:
                raise asyncio.CancelledError
            return found
        except _BY_NATURE:
            # asyncmy cannot use it any more, and the server does not notice that it was closed: it goes on.
            self._stray = (session.thread_id(), session.place)
            session.close()
            raise
        except MySQLError as error:
            number = number_of(error)
            if number < 1000 or 2000 <= number < 3000 or is_lost(error):
                # Not the server's own words, or its last.
                session.close()
            raise
        except BaseException:
            # Something that cannot be read: what comes next on this connection belongs to nobody knows what.
            session.close()
            raise

    async def _reopen(self) -> None:
        self.session.close()
        await self._stop_stray()
        self._statements.clear()
        self.session = await self._connect()

    def _refuse_if_ended(self) -> None:
        if self._ended is not None:
            raise OperationError(self._ended.code, self._ended.message)

    async def _refuse_half(self) -> None:
        warnings = await self._guarded(self.session.show_warnings)
        if any(number in CUT_SHORT for _, number, _ in warnings):
            raise OperationError(Code.LIMIT, "This is too large for the database.")

    async def _stop_stray(self) -> None:
        """Also waits until it is gone, and with it its locks."""
        if self._stray is None:
            return
        try:
            async with asyncio.timeout(_KILLING):
                session = await connect_bare(self._shared.opening)
                try:
                    await _kill(session, *self._stray)
                finally:
                    await session.leave()
        except (MySQLError, OSError, TimeoutError):
            log.warning("A statement that nobody waits for any more could not be stopped: it goes on for its time.")
        self._stray = None


def _ends(number: int, session: Session) -> bool:
    """Whether the server has rolled the transaction back with its statement."""
    return number == DEADLOCK or (number == LOCK_TIMEOUT and session.forgets)


async def _kill(session: Session, thread: int, place: str) -> None:
    ((here,),) = await session.ask("SELECT concat_ws(' ', @@hostname, @@port, @@server_id)")
    if here != place:
        # Behind one address there are several servers, and there the number is somebody else's.
        return
    running = f"SELECT 1 FROM information_schema.processlist WHERE id = {thread}"
    if await session.ask(running):
        await session.ask(f"KILL {thread}")
    while await session.ask(running):  # noqa: ASYNC110 - the server tells nobody
        await asyncio.sleep(0.01)
