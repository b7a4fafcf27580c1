"""A database in memory that live queries can be asked of, on a real event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

from tidegate.core.call import Runnable
from tidegate.core.change import Change
from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression
from tidegate.core.footprint import Key, Read, Touch
from tidegate.core.integration import Answer, Compiled, Prepared
from tidegate.core.json import Given
from tidegate.core.live import Question, Result
from tidegate.core.location import Location
from tidegate.core.operation import Kind, Operation, Plan, Request
from tidegate.core.selection import Selection
from tidegate.core.types import Named

HERE = Location("operations/test.yaml")


@dataclass(frozen=True)
class Nothing:
    """A request nobody executes: the world answers."""

    writes: bool = False
    inputs: tuple[Expression, ...] = ()

    def compile(self, selection: Selection | None, rank: int) -> Compiled:
        return self

    def reach(self) -> Sequence[Read]:
        return ()

    def reads(self, values: Sequence[object]) -> Sequence[Read]:
        return ()

    def describe(self) -> str:
        return "nothing"


def runnable(name: str = "ticket", *, integration: str = "main", timeout: float = 10.0) -> Runnable:
    prepared: Prepared = Nothing()
    plan = Plan((Request(integration, prepared, HERE),), integration)
    operation = Operation(name, Kind.QUERY, "user", 0, {}, Named("Int"), plan, timeout, HERE)
    return Runnable(operation, (), needs_properties=False)


def question(asked: Runnable, value: Given = 0, *reads: Read) -> Question:
    """Of one row of the table `t`, unless it says what it reads."""
    key: Hashable = (asked, value)
    return Question(asked, ((value,),), reads or (read_of(value),), key)


def read_of(value: Given) -> Read:
    return Read("main", "t", frozenset({"id", "n"}), (Key("id", frozenset({value})),))


def touch_of(*values: Given) -> Touch:
    return Touch("main", "t", frozenset({"n"}), tuple({"id": value} for value in values))


def encode(answer: Answer | OperationError) -> Result:
    if isinstance(answer, OperationError):
        return Result(f"!{answer.code}".encode(), transient=answer.code is Code.UPSTREAM_FAILED)
    assert answer.json is not None
    return Result(answer.json, answer=answer)


@dataclass(eq=False)
class World:
    """Rows of `t`: each a number, zero at first. `answering` may be replaced; `asked` are the batches."""

    rows: dict[Given, int] = field(default_factory=dict)
    asked: list[tuple[Question, ...]] = field(default_factory=list)
    most_at_once: int = 0
    delay: float = 0.0
    failures: list[Exception] = field(default_factory=list)
    gate: asyncio.Event | None = None
    _at_once: int = 0

    async def ask(self, questions: Sequence[Question], deadline: float) -> Sequence[Answer | OperationError]:
        self.asked.append(tuple(questions))
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            answers = [Answer(json=self._json(question)) for question in questions]
            if self.gate is not None:
                await self.gate.wait()
            await asyncio.sleep(self.delay)
            if self.failures:
                raise self.failures.pop(0)
            return answers
        except OperationError as error:
            return [error for _ in questions]
        finally:
            self._at_once -= 1

    def write(self, publish: Callable[[Change], None], *values: Given, number: int | None = None) -> None:
        for value in values:
            self.rows[value] = self.rows.get(value, 0) + 1 if number is None else number
        publish(Change("write", (touch_of(*values),)))

    def _json(self, question: Question) -> bytes:
        value = question.values[0][0]
        return f"{value}: {self.rows.get(value, 0)}".encode()


async def are_asked(world: World, batches: int) -> None:
    """So many have been asked, and then no more. Not counted in turns: what took long is asked again later."""
    async with asyncio.timeout(60):
        while len(world.asked) < batches:  # noqa: ASYNC110 - the world has no event for it
            await asyncio.sleep(0.001)
    assert len(world.asked) == batches


@dataclass(eq=False)
class Reader:
    """Keeps what it gets."""

    got: list[bytes] = field(default_factory=list)
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def deliver(self, result: Result) -> None:
        self.got.append(result.body)
        self._more.set()

    async def gets(self, body: bytes) -> None:
        """Waits until this is the newest."""
        async with asyncio.timeout(60):
            while not self.got or self.got[-1] != body:
                self._more.clear()
                await self._more.wait()
