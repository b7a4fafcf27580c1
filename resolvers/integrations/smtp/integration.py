"""`send`: e-mails that leave when what they are about is committed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from tidegate.core.change import Outside, unheard
from tidegate.core.integration import Declaration, Experience, IntegrationUnavailable, Prepared, Session, Surroundings
from tidegate.core.problems import Problem, Problems
from tidegate.resolvers.integrations.committed import PreparedParcel, answers_boolean, leaving_later
from tidegate.resolvers.integrations.smtp.addresses import Mailbox
from tidegate.resolvers.integrations.smtp.letters import Letter
from tidegate.resolvers.integrations.smtp.outgoing import Letters, Server


class SmtpIntegration:
    """Implements core's `Integration`. `sender`: who letters are from unless they say so."""

    irrevocable = True

    def __init__(self, name: str, server: Server, sender: Mailbox | None, pauses: tuple[float, ...]) -> None:
        self.name = self.source = name
        self.outgoing = Letters(name, server, pauses)
        self._sender = sender

    def prepare(self, declaration: Declaration, surroundings: Surroundings) -> Prepared:  # noqa: ARG002
        problems = Problems()
        noun = f"an e-mail of {declaration.operation}"
        letter = Letter(declaration.body, self._sender, noun, declaration.at, problems)
        answers_boolean(declaration, problems)
        problems.raise_any()
        return PreparedParcel(letter)

    async def open(self, outside: Outside = unheard) -> None:  # noqa: ARG002 - nothing is read here
        try:
            self.outgoing.start()
        except OSError as error:
            message = f'The certificates of the integration "{self.name}" cannot be read.'
            raise IntegrationUnavailable(message) from error

    async def check(self, surroundings: Surroundings) -> Sequence[Problem]:  # noqa: ARG002
        return ()

    @property
    def experience(self) -> Experience:
        return self.outgoing.experience

    def session(self, *, writes: bool) -> AbstractAsyncContextManager[Session]:
        return leaving_later(self.outgoing, "e-mails", writes=writes)

    async def close(self) -> None:
        await self.outgoing.close()
