"""The runner: role first, then values, then one session, all before the deadline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tidegate.core.call import Call
from tidegate.core.catalog import Auth, Catalog, Cors
from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression, Literal, Reference
from tidegate.core.integration import Answer, Compiled, Declaration, Prepared, Session, Surroundings
from tidegate.core.json import MISSING, Given, Json
from tidegate.core.limits import Limits
from tidegate.core.location import Location
from tidegate.core.operation import Kind, Operation, Plan, Request
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

    def compile(self, selection: Selection | None, rank: int) -> Compiled:
        return self

    def describe(self) -> str:
        return "echo"


@dataclass
class Recorder:
    """An integration that keeps a log of its sessions."""

    name: str = "echo"
    log: list[str] = field(default_factory=list)

    def prepare(self, declaration: Declaration, surroundings: Surroundings) -> Prepared:
        raise NotImplementedError(declaration.verb)

    async def open(self) -> None: ...

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
        self.log.append("commit" if writes else "done")

    async def execute(self, compiled: Compiled, values: Sequence[Given]) -> Answer:
        assert isinstance(compiled, Echo)
        await asyncio.sleep(compiled.sleeps)
        if compiled.fails:
            raise OperationError(Code.CONFLICT, "That is taken.")
        self.log.append(f"execute {list(values)}")
        return Answer(value=compiled.answers if compiled.answers is not None else str(list(values)))


def operation(*steps: Echo, rank: int = 0, name: str = "echo") -> Operation:
    plan = Plan(tuple(Request("echo", step, HERE) for step in steps), None)
    roles = ("anonymous", "customer", "support")
    return Operation(name, Kind.QUERY, roles[rank], rank, {}, Named("String"), plan, 1.0, HERE)


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
        self.runner = LocalRunner(self.catalog)

    async def run(
        self, operation: Operation, user: CurrentUser, arguments: Mapping[str, Json] | None = None, seconds: float = 5.0
    ) -> Answer:
        runnable = self.runner.compile(operation, None, user.rank)
        deadline = asyncio.get_running_loop().time() + seconds
        return await self.runner.run(runnable, Call(operation, user, arguments or {}, {}, deadline))


async def test_a_role_that_is_too_low_is_refused_before_any_session() -> None:
    wanted = operation(Echo(()), rank=1)
    bench = Bench(wanted)
    with pytest.raises(OperationError) as signed_out:
        await bench.run(wanted, user(0, verified=False))
    with pytest.raises(OperationError) as too_low:
        await bench.run(wanted, user(0))
    assert (signed_out.value.code, too_low.value.code) == (Code.UNAUTHENTICATED, Code.FORBIDDEN)
    assert bench.recorder.log == []


async def test_a_higher_role_may_do_what_a_lower_one_may() -> None:
    wanted = operation(Echo(()), rank=1)
    bench = Bench(wanted)
    await bench.run(wanted, user(2))
    assert bench.recorder.log == ["read", "execute []", "done"]


async def test_values_come_from_arguments_identity_and_config() -> None:
    inputs = (
        Reference("args", ("title",), HERE),
        Reference("args", ("left_out",), HERE),
        Reference("currentUser", ("email",), HERE),
        Reference("currentUser", ("undeclared",), HERE),
        Reference("config", ("hours",), HERE),
        Literal(7, HERE),
    )
    wanted = operation(Echo(inputs))
    bench = Bench(wanted)
    await bench.run(wanted, user(1, email="ann@example.com"), {"title": "Leak"})
    expected = ["Leak", MISSING, "ann@example.com", None, 24, 7]
    assert bench.recorder.log[1] == f"execute {expected}"


async def test_one_writing_step_puts_all_steps_in_one_transaction() -> None:
    wanted = operation(Echo(()), Echo((), writes=True))
    bench = Bench(wanted)
    await bench.run(wanted, user(1))
    assert bench.recorder.log == ["begin", "execute []", "execute []", "commit"]


async def test_an_error_rolls_back() -> None:
    wanted = operation(Echo((), writes=True), Echo((), fails=True))
    bench = Bench(wanted)
    with pytest.raises(OperationError, match="taken"):
        await bench.run(wanted, user(1))
    assert bench.recorder.log == ["begin", "execute []", "rollback"]


async def test_the_deadline_stops_a_call_and_rolls_back() -> None:
    wanted = operation(Echo((), writes=True, sleeps=30))
    bench = Bench(wanted)
    with pytest.raises(OperationError) as stopped:
        await bench.run(wanted, user(1), seconds=0.05)
    assert stopped.value.code == Code.TIMEOUT
    assert bench.recorder.log == ["begin", "rollback"]


async def test_properties_are_asked_with_the_users_own_identity_and_only_when_needed() -> None:
    own = operation(Echo((Reference("currentUser", ("email",), HERE),), answers={"plan": "gold"}), name="own")
    plain = operation(Echo(()), name="plain")
    wanted = operation(Echo((Reference("currentUser", ("properties", "plan"), HERE),)))
    bench = Bench(own, plain, wanted, properties="own")
    await bench.run(plain, user(1, email="ann@example.com"))
    assert bench.recorder.log == ["read", "execute []", "done"]
    bench.recorder.log.clear()
    await bench.run(wanted, user(1, email="ann@example.com"))
    assert bench.recorder.log == ["read", "execute ['ann@example.com']", "done", "read", "execute ['gold']", "done"]


async def test_nobody_without_a_token_has_properties() -> None:
    own = operation(Echo((), answers={"plan": "gold"}), name="own")
    wanted = operation(Echo((Reference("currentUser", ("properties", "plan"), HERE),)))
    bench = Bench(own, wanted, properties="own")
    await bench.run(wanted, user(0, verified=False))
    assert bench.recorder.log == ["read", "execute [None]", "done"]


async def test_a_properties_query_that_needs_properties_ends() -> None:
    itself = (Reference("currentUser", ("properties", "plan"), HERE),)
    own = operation(Echo(itself, answers={"plan": "gold"}), name="own")
    bench = Bench(own, properties="own")
    await bench.run(own, user(1))
    assert bench.recorder.log[1] == "execute [None]"
