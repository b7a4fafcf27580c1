"""Requests whose parcels are kept until the call they belong to is committed, and leave then."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, cast

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression
from tidegate.core.footprint import Read, Unknown
from tidegate.core.integration import Answer, Compiled, Declaration, Session, execute_each
from tidegate.core.json import Given
from tidegate.core.problems import Problems
from tidegate.core.selection import Selection
from tidegate.core.types import Named, NonNull, nullable
from tidegate.resolvers.integrations.outgoing import Outgoing, P, Parcel

Made_co = TypeVar("Made_co", bound=Parcel, covariant=True)


class Form(Protocol[Made_co]):
    """What the author wrote, to be filled in for each call."""

    @property
    def inputs(self) -> Sequence[Expression]: ...

    def write(self, values: Sequence[Given]) -> Made_co:
        """Raises `OperationError`."""
        ...

    def describe(self) -> str: ...


@dataclass(frozen=True, slots=True, eq=False)
class PreparedParcel(Generic[P]):
    """Implements `Prepared`, and, being the same for everybody, `Compiled`."""

    form: Form[P]

    @property
    def writes(self) -> bool:
        return True

    @property
    def inputs(self) -> tuple[Expression, ...]:
        return tuple(self.form.inputs)

    def compile(self, selection: Selection | None, rank: int) -> Compiled:  # noqa: ARG002 - it is always the same
        return self

    def reach(self) -> Sequence[Read]:
        return ()

    def reads(self, values: Sequence[Given | Unknown]) -> Sequence[Read]:  # noqa: ARG002 - nobody watches it
        return ()

    def describe(self) -> str:
        return self.form.describe()


def answers_boolean(declaration: Declaration, problems: Problems) -> None:
    """All that can be said at once is that something waits to be sent."""
    if declaration.returns is not None and nullable(declaration.returns) != Named("Boolean"):
        sentence = f'"{declaration.verb}" does not answer {declaration.returns}.'
        problems.add(declaration.at, sentence, f"Write returns: {NonNull(Named('Boolean'))}.")


@asynccontextmanager
async def leaving_later(outgoing: Outgoing[P], noun: str, *, writes: bool) -> AsyncIterator[Session]:
    """What is written is lined up when the session is left as it should be. `noun`: what waits, for people."""
    session = _Session(outgoing, noun, writes=writes)
    yield session
    for parcel in session.written:
        outgoing.put(parcel)


class _Session(Generic[P]):
    def __init__(self, outgoing: Outgoing[P], noun: str, *, writes: bool) -> None:
        self.written: list[P] = []
        self._outgoing = outgoing
        self._noun = noun
        self._writes = writes

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        count = len(self.written)
        try:
            yield
        except BaseException:
            # Cancelled or failed: what was written within does not leave.
            del self.written[count:]
            raise

    async def execute(self, compiled: Compiled, values: Sequence[Given]) -> Answer:
        if not self._writes:
            raise OperationError(Code.REFUSED, "Nothing may be written here.")
        if not self._outgoing.has_room(self.written):
            raise OperationError(Code.LIMIT, f"Too many {self._noun} are waiting to be sent.")
        # What was compiled elsewhere is never handed in here.
        self.written.append(cast(PreparedParcel[P], compiled).form.write(values))
        return Answer(value=True, json=b"true")

    async def execute_many(
        self, compiled: Compiled, batch: Sequence[Sequence[Given]]
    ) -> Sequence[Answer | OperationError]:
        return await execute_each(self, compiled, batch)
