"""An integration that answers with what it is asked, and a runner on it whose changes are kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tidegate.core.call import Call
from tidegate.core.catalog import Auth, Catalog, Cors
from tidegate.core.change import Change, Outside, unheard
from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression
from tidegate.core.footprint import Key, Read, Touch, Unknown
from tidegate.core.integration import Answer, Compiled, Declaration, Prepared, Session, Surroundings
from tidegate.core.json import Given, Json
from tidegate.core.limits import Limits
from tidegate.core.live import Question
from tidegate.core.location import Location
from tidegate.core.operation import AUTO, Kind, Operation, Plan, Refresh, Request
from tidegate.core.problems import Problem
from tidegate.core.selection import Selection
from tidegate.core.types import Named
from tidegate.core.user import CurrentUser
from tidegate.resolvers.runner import LocalRunner

HERE = Location("operations/test.yaml")


@dataclass(frozen=True)
class Echo:
    """Answers with the values it was given, in the order of its inputs."""

    inputs: tuple[Expression, ...]
    writes: bool = False
    fails: bool = False
    sleeps: float = 0.0
    answers: Json = None
    touches: tuple[Touch, ...] = ()
    table: str = "tickets"

    def compile(self, selection: Selection | None, rank: int) -> Compiled:
        return self

    def reads(self, values: Sequence[Given | Unknown]) -> Sequence[Read]:
        keys = tuple(Key(f"column{place}", frozenset({value})) for place, value in enumerate(values))
        return (Read("echo", self.table, None, keys),)

    def reach(self) -> Sequence[Read]:
        return (Read("echo", self.table),)

    def describe(self) -> str:
        return "echo"


@dataclass
class Recorder:
    """An integration that keeps a log of its sessions. `committing` is how long a commit takes, `lost` that it fails
    as where the connection is lost."""

    name: str = "echo"
    source: str = "echo"
    irrevocable: bool = False
    log: list[str] = field(default_factory=list)
    committing: float = 0.0
    lost: bool = False
    executed: asyncio.Event = field(default_factory=asyncio.Event)

    def prepare(self, declaration: Declaration, surroundings: Surroundings) -> Prepared:
        raise AssertionError(f"{declaration.verb}: what echoes is made by hand")

    async def open(self, outside: Outside = unheard) -> None: ...

    async def close(self) -> None: ...

    async def check(self, surroundings: Surroundings) -> Sequence[Problem]:
        return ()

    @asynccontextmanager
    async def session(self, *, writes: bool) -> AsyncIterator[Session]:
        self.log.append("begin" if writes else "read")
        try:
            yield self
        except BaseException:
            self.log.append("rollback")
            raise
        await asyncio.sleep(self.committing)
        if self.lost:
            raise OperationError(Code.UPSTREAM_FAILED, "The database is not there.")
        self.log.append("commit" if writes else "done")

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        self.log.append("attempt")
        yield

    async def execute(self, compiled: Compiled, values: Sequence[Given]) -> Answer:
        assert isinstance(compiled, Echo)
        await asyncio.sleep(compiled.sleeps)
        if compiled.fails:
            raise OperationError(Code.CONFLICT, "That is taken.")
        self.log.append(f"execute {list(values)}")
        self.executed.set()
        value = compiled.answers if compiled.answers is not None else str(list(values))
        return Answer(value=value, touches=compiled.touches)

    async def execute_many(
        self, compiled: Compiled, batch: Sequence[Sequence[Given]]
    ) -> Sequence[Answer | OperationError]:
        assert isinstance(compiled, Echo)
        await asyncio.sleep(compiled.sleeps)
        self.log.append(f"execute many {[list(values) for values in batch]}")
        return [Answer(value=str(list(values))) for values in batch]


@dataclass
class Heard:
    """A bus that keeps what it is told, and how far `log` was then."""

    log: list[str]
    changes: list[Change] = field(default_factory=list)
    moments: list[list[str]] = field(default_factory=list)

    def publish(self, change: Change) -> None:
        self.changes.append(change)
        self.moments.append(list(self.log))


def operation(
    *steps: Echo,
    rank: int = 0,
    name: str = "echo",
    kind: Kind = Kind.QUERY,
    refresh: Refresh = AUTO,
) -> Operation:
    plan = Plan(tuple(Request("echo", step, HERE) for step in steps), None)
    roles = ("anonymous", "customer", "support")
    return Operation(name, kind, roles[rank], rank, {}, Named("String"), plan, 1.0, HERE, refresh=refresh)


TICKET = Touch("echo", "tickets")
COMMENT = Touch("echo", "comments")


def mutation(*touches: Touch, refresh: Refresh = AUTO) -> Operation:
    return operation(Echo((), writes=True, touches=touches), name="write", kind=Kind.MUTATION, refresh=refresh)


def user(rank: int, *, verified: bool = True, **fields: Json) -> CurrentUser:
    return CurrentUser(("anonymous", "customer", "support")[rank], rank, fields, None, verified)


class Bench:
    """A runner with one recording integration."""

    def __init__(self, *operations: Operation, properties: str | None = None) -> None:
        self.recorder = Recorder()
        self.catalog = Catalog(
            name="bench",
            folder=Path(),
            roles=("anonymous", "customer", "support"),
            auth=Auth(None, {}, "anonymous", properties),
            cors=Cors(),
            limits=Limits(),
            config={"hours": 24},
            integrations={"echo": self.recorder},
            types={},
            objects={},
            operations={each.name: each for each in operations},
        )
        self.heard = Heard(self.recorder.log)
        self.runner = LocalRunner(self.catalog, self.heard)

    async def run(
        self, operation: Operation, user: CurrentUser, arguments: Mapping[str, Json] | None = None, seconds: float = 5.0
    ) -> Answer:
        return (await self.call(operation, user, arguments, seconds))[1]

    async def call(
        self, operation: Operation, user: CurrentUser, arguments: Mapping[str, Json] | None = None, seconds: float = 5.0
    ) -> tuple[Call, Answer]:
        runnable = self.runner.compile(operation, None, user.rank)
        call = Call(operation, user, arguments or {}, {}, self.deadline(seconds))
        return call, await self.runner.run(runnable, call)

    def deadline(self, seconds: float = 5.0) -> float:
        return asyncio.get_running_loop().time() + seconds

    def pose(
        self, operation: Operation, user: CurrentUser, many: Iterable[Mapping[str, Json]], **properties: Json
    ) -> list[Question]:
        """A question for each of several arguments."""
        runnable = self.runner.compile(operation, None, user.rank)
        calls = [Call(operation, user, arguments, {}, 0.0) for arguments in many]
        return [self.runner.pose(runnable, call, properties) for call in calls]
