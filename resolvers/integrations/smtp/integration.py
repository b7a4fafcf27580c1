"""`send`: e-mails that leave when what they are about is committed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tidegate.core.change import Outside, unheard
from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression
from tidegate.core.footprint import Read, Unknown
from tidegate.core.integration import (
    Answer,
    Compiled,
    Declaration,
    IntegrationUnavailable,
    Prepared,
    Session,
    Surroundings,
)
from tidegate.core.json import Given
from tidegate.core.problems import Problem, Problems
from tidegate.core.selection import Selection
from tidegate.core.types import Named, NonNull, nullable
from tidegate.resolvers.integrations.smtp.addresses import Mailbox
from tidegate.resolvers.integrations.smtp.letters import Envelope, Letter
from tidegate.resolvers.integrations.smtp.outgoing import Letters, Server


@dataclass(frozen=True, slots=True, eq=False)
class PreparedLetter:
    """Implements `Prepared`, and, being the same for everybody, `Compiled`."""

    letter: Letter

    @property
    def writes(self) -> bool:
        return True

    @property
    def inputs(self) -> tuple[Expression, ...]:
        return tuple(self.letter.inputs.expressions)

    def compile(self, selection: Selection | None, rank: int) -> Compiled:  # noqa: ARG002 - it is always the same
        return self

    def reach(self) -> Sequence[Read]:
        return ()

    def reads(self, values: Sequence[Given | Unknown]) -> Sequence[Read]:  # noqa: ARG002 - nobody watches it
        return ()

    def describe(self) -> str:
        return self.letter.describe()


class SmtpIntegration:
    """Implements core's `Integration`. `sender`: who letters are from unless they say so."""

    irrevocable = True

    def __init__(self, name: str, server: Server, sender: Mailbox | None, pauses: tuple[float, ...]) -> None:
        self.name = self.source = name
        self.outgoing = Letters(name, server, pauses)
        self._sender = sender

    def prepare(self, declaration: Declaration, surroundings: Surroundings) -> Prepared:  # noqa: ARG002
        problems = Problems()
        letter = Letter(
            declaration.body, self._sender, f"an e-mail of {declaration.operation}", declaration.at, problems
        )
        if declaration.returns is not None and nullable(declaration.returns) != Named("Boolean"):
            wanted = NonNull(Named("Boolean"))
            problems.add(declaration.at, f'"send" does not answer {declaration.returns}.', f"Write returns: {wanted}.")
        problems.raise_any()
        return PreparedLetter(letter)

    async def open(self, outside: Outside = unheard) -> None:  # noqa: ARG002 - nothing is read here
        try:
            self.outgoing.start()
        except OSError as error:
            message = f'The certificates of the integration "{self.name}" cannot be read.'
            raise IntegrationUnavailable(message) from error

    async def check(self, surroundings: Surroundings) -> Sequence[Problem]:  # noqa: ARG002
        return ()

    @asynccontextmanager
    async def session(self, *, writes: bool) -> AsyncIterator[Session]:
        session = _Session(self.outgoing, writes=writes)
        yield session
        for envelope in session.written:
            self.outgoing.put(envelope)

    async def close(self) -> None:
        await self.outgoing.close()


class _Session:
    """The letters of one call, until it is committed."""

    def __init__(self, outgoing: Letters, *, writes: bool) -> None:
        self.written: list[Envelope] = []
        self._outgoing = outgoing
        self._writes = writes

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        count = len(self.written)
        try:
            yield
        except BaseException:
            del self.written[count:]
            raise

    async def execute(self, compiled: Compiled, values: Sequence[Given]) -> Answer:
        assert isinstance(compiled, PreparedLetter)
        if not self._writes:
            raise OperationError(Code.REFUSED, "Nothing may be written here.")
        if not self._outgoing.has_room(self.written):
            raise OperationError(Code.LIMIT, "Too many e-mails are waiting to be sent.")
        self.written.append(compiled.letter.write(values))
        return Answer(value=True, json=b"true")

    async def execute_many(
        self, compiled: Compiled, batch: Sequence[Sequence[Given]]
    ) -> Sequence[Answer | OperationError]:
        answers: list[Answer | OperationError] = []
        for values in batch:
            try:
                answers.append(await self.execute(compiled, values))
            except OperationError as error:
                answers.append(error)
        return answers
