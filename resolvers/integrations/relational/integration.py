"""What the integrations with SQL databases share: requests become statements, sessions run them.

    kind.create -> RelationalIntegration(name, POSTGRES, database, ...) -> prepare ... -> open -> session / execute

The database itself (connections, transactions, migrations, its catalogue) is the driver's: see `Database`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Protocol, cast

from tidegate.core.change import Outside, unheard
from tidegate.core.errors import Code, OperationError
from tidegate.core.footprint import Read
from tidegate.core.integration import Answer, Compiled, Declaration, Prepared, Session, Surroundings, execute_each
from tidegate.core.json import Given
from tidegate.core.problems import Problem, Problems, ProjectError
from tidegate.resolvers.integrations.relational.audit import audit_create, audit_objects
from tidegate.resolvers.integrations.relational.compiled import CompiledRead
from tidegate.resolvers.integrations.relational.connection import Connection
from tidegate.resolvers.integrations.relational.dialects import Dialect
from tidegate.resolvers.integrations.relational.multiplex import Multiplexer
from tidegate.resolvers.integrations.relational.prepared import prepare_request
from tidegate.resolvers.integrations.relational.reflection import Reflection
from tidegate.resolvers.integrations.relational.tables import Tables
from tidegate.resolvers.integrations.relational.violations import Vocabulary


class Database(Protocol):
    """A driver's half."""

    async def open(self) -> Reflection:
        """Connects, applies migrations, reads the catalogue. Raises `IntegrationUnavailable`."""
        ...

    async def watch(self, tables: Tables, reads: Sequence[Read], outside: Outside) -> None:
        """From then on `outside` is told of writes by others to what `reads` look at, if the settings say
        `watch: true`. Opened databases only. Raises `IntegrationUnavailable`."""
        ...

    async def unwatch(self) -> Sequence[str]:
        """Takes out of the database what `watch` put there; it need not be open. Answers the tables that were watched.
        Raises `IntegrationUnavailable`."""
        ...

    def session(self, *, writes: bool) -> AbstractAsyncContextManager[Connection]:
        """With `writes`, one transaction, committed on leaving, rolled back on any exception or cancellation; without,
        a connection on which the database itself refuses to write."""
        ...

    async def close(self) -> None: ...


class RelationalCompiled(Compiled, Protocol):
    """A statement, or several, for one selection and one role."""

    async def run(self, connection: Connection, values: Sequence[Given]) -> Answer:
        """Raises `OperationError`."""
        ...


class RelationalPrepared(Prepared, Protocol):
    """A request to a relational database."""

    async def learn(self, connection: Connection) -> Sequence[Problem]:
        """Asks the opened database what only it knows: the columns of the author's own SQL. What does not fit is a
        problem of the project."""
        ...


class RelationalIntegration:
    """Implements core's `Integration`. `tables` is what the database says of its tables: nothing before `open`."""

    irrevocable = False

    def __init__(self, name: str, dialect: Dialect, database: Database, vocabulary: Vocabulary) -> None:
        self.name = name
        self.tables = Tables()
        self._dialect = dialect
        self._database = database
        self._vocabulary = vocabulary
        self._multiplexer = Multiplexer()
        self._prepared: list[tuple[Declaration, RelationalPrepared]] = []

    @property
    def source(self) -> str:
        return self.tables.source or self.name

    def prepare(self, declaration: Declaration, surroundings: Surroundings) -> Prepared:
        self._vocabulary.learn(self.name, surroundings.objects)
        prepared: RelationalPrepared = prepare_request(self._dialect, declaration, surroundings, self.tables, self.name)
        self._prepared.append((declaration, prepared))
        return prepared

    async def open(self, outside: Outside = unheard) -> None:
        """Raises `ProjectError` too, where the author's SQL does not fit the database."""
        reflection = await self._database.open()
        source = reflection.source or self.name
        self.tables.learn(reflection.tables, reflection.release, source, reflection.functions)
        try:
            problems = await self._learn()
            if problems:
                raise ProjectError(problems)
            if outside is not unheard:
                reads = [read for _, prepared in self._prepared for read in prepared.reach()]
                await self._database.watch(self.tables, reads, outside)
        except BaseException:
            await self._database.close()
            raise

    async def check(self, surroundings: Surroundings) -> Sequence[Problem]:
        """Objects against tables, and what each `create` fills. The author's SQL was checked by `open`."""
        known = self.tables.known
        objects = [item for item in surroundings.objects.values() if item.integration == self.name]
        problems = Problems()
        problems.extend(audit_objects(objects, surroundings.types, known))
        for declaration, _ in self._prepared:
            problems.extend(audit_create(declaration, known, surroundings))
        return problems.found

    def session(self, *, writes: bool) -> AbstractAsyncContextManager[Session]:
        return _Sessions(self._database.session(writes=writes), self._multiplexer)

    async def unwatch(self) -> Sequence[str]:
        """Takes out of the database what noticing writes by others needed. Answers the tables that were watched."""
        return await self._database.unwatch()

    async def close(self) -> None:
        await self._database.close()

    async def _learn(self) -> Sequence[Problem]:
        """Read-only: describing a statement never runs it."""
        found: list[Problem] = []
        async with self._database.session(writes=False) as connection:
            for _, prepared in self._prepared:
                found.extend(await prepared.learn(connection))
        return found


class _Session:
    """A connection held for one call."""

    __slots__ = ("_attempts", "_connection", "_lost", "_multiplexer")

    def __init__(self, connection: Connection, multiplexer: Multiplexer) -> None:
        self._connection = connection
        self._multiplexer = multiplexer
        self._lost = False
        self._attempts = 0

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        # Each of those within each other has a name of its own: in MySQL a second one takes the first one's place.
        self._attempts += 1
        try:
            async with self._savepoint(f"attempt{self._attempts}"):
                yield
        finally:
            self._attempts -= 1

    @asynccontextmanager
    async def _savepoint(self, name: str) -> AsyncIterator[None]:
        await self._connection.control(f"SAVEPOINT {name}")
        try:
            yield
        except Exception:
            # Who is cut off leaves it to the transaction. Where that has ended too (SQLite: a trigger that raises
            # ROLLBACK) nothing more may be written: each statement would be kept by itself.
            self._lost = True
            await self._connection.control(f"ROLLBACK TO SAVEPOINT {name}")
            await self._connection.control(f"RELEASE SAVEPOINT {name}")
            self._lost = False
            raise
        await self._connection.control(f"RELEASE SAVEPOINT {name}")

    async def execute(self, compiled: Compiled, values: Sequence[Given]) -> Answer:
        if self._lost:
            raise OperationError(Code.REFUSED, "The database has ended this transaction.")
        # What was compiled elsewhere is never handed in here.
        return await cast(RelationalCompiled, compiled).run(self._connection, values)

    async def execute_many(
        self, compiled: Compiled, batch: Sequence[Sequence[Given]]
    ) -> Sequence[Answer | OperationError]:
        if isinstance(compiled, CompiledRead):
            return await self._multiplexer.ask(self._connection, compiled, batch)
        return await execute_each(self, compiled, batch)


class _Sessions:
    __slots__ = ("_connections", "_multiplexer")

    def __init__(self, connections: AbstractAsyncContextManager[Connection], multiplexer: Multiplexer) -> None:
        self._connections = connections
        self._multiplexer = multiplexer

    async def __aenter__(self) -> Session:
        return _Session(await self._connections.__aenter__(), self._multiplexer)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        return await self._connections.__aexit__(kind, error, traceback)
