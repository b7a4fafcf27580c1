"""The letters that wait to be sent, and those who send them.

What is committed is sent: a letter that cannot be sent now is tried again, and the last failure is in the log. Letters
wait in memory; those that are still waiting when the gateway ends are named in the log, and lost.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from logging import getLogger
from typing import Final

import aiosmtplib

from tidegate.resolvers.integrations.smtp.letters import Envelope

log = getLogger(__name__)

PAUSES: Final = (1.0, 5.0, 30.0, 120.0, 600.0)
"""Seconds until a letter is tried again; when there are none left, it is given up."""
MOST_WAITING: Final = 1000
FAILURES_KEPT: Final = 50
AT_ONCE: Final = 20
"""Letters sent over one connection."""
LAST_CHANCE: Final = 5.0
"""Seconds that the gateway's end waits for what is on its way."""


@dataclass(frozen=True, slots=True)
class Server:
    """`start_tls`: the connection must become encrypted, may, or must not; with `implicit_tls` it is from the start."""

    host: str
    port: int
    user: str | None
    password: str | None
    implicit_tls: bool
    start_tls: bool | None
    timeout: float


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a letter was given up."""

    about: str
    why: str


@dataclass(slots=True)
class _Waiting:
    envelope: Envelope
    attempts: int = 0


class Outgoing:
    """One for each integration; `start` and `close` within the event loop. `pauses` as above."""

    def __init__(self, name: str, server: Server, pauses: tuple[float, ...] = PAUSES) -> None:
        self.failures: deque[Failure] = deque(maxlen=FAILURES_KEPT)
        self._name = name
        self._server = server
        self._pauses = pauses
        self._ready: deque[_Waiting] = deque()
        self._later: dict[_Waiting, asyncio.TimerHandle] = {}
        self._wakened = asyncio.Event()
        self._idle = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._ending = False

    @property
    def waiting(self) -> int:
        return len(self._ready) + len(self._later)

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._send_all())

    def put(self, envelope: Envelope) -> None:
        self._ready.append(_Waiting(envelope))
        self._idle.clear()
        self._wakened.set()

    async def close(self) -> None:
        """What waits is tried once more; then it is lost, and the log says so."""
        task, self._task = self._task, None
        if task is None:
            return
        self._ending = True
        for waiting, timer in self._later.items():
            timer.cancel()
            self._ready.append(waiting)
        self._later.clear()
        self._wakened.set()
        try:
            async with asyncio.timeout(LAST_CHANCE):
                while self._ready or not self._idle.is_set():
                    await self._idle.wait()
        except TimeoutError:
            pass
        task.cancel()
        await asyncio.wait([task])
        for waiting in self._ready:
            self._give_up(waiting, "the gateway was stopped")

    async def _send_all(self) -> None:
        while True:
            if not self._ready:
                self._idle.set()
                self._wakened.clear()
                await self._wakened.wait()
            await self._send_some()

    async def _send_some(self) -> None:
        """As many as one connection is used for."""
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.implicit_tls,
            start_tls=server.start_tls,
            timeout=server.timeout,
        )
        taken: _Waiting | None = None
        try:
            for _ in range(AT_ONCE):
                if not self._ready:
                    break
                taken = self._ready[0]
                if not client.is_connected:
                    await client.connect()
                envelope = taken.envelope
                refused, _ = await client.send_message(
                    envelope.message, sender=envelope.sender, recipients=list(envelope.recipients)
                )
                self._ready.popleft()
                if refused:
                    self._note(Failure(envelope.about, f"{len(refused)} of its recipients were refused"))
                taken = None
            await client.quit()
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            if taken is not None and self._ready and self._ready[0] is taken:
                self._ready.popleft()
                self._failed(taken, error)
        finally:
            client.close()

    def _failed(self, waiting: _Waiting, error: Exception) -> None:
        why = _reason(error)
        if self._ending or _is_final(error) or waiting.attempts >= len(self._pauses):
            self._give_up(waiting, why)
            return
        pause = self._pauses[waiting.attempts]
        waiting.attempts += 1
        log.warning("%s: %s could not be sent: %s. Again in %g s.", self._name, waiting.envelope.about, why, pause)
        timer = asyncio.get_running_loop().call_later(pause, self._again, waiting)
        self._later[waiting] = timer

    def _again(self, waiting: _Waiting) -> None:
        self._later.pop(waiting, None)
        self._ready.append(waiting)
        self._idle.clear()
        self._wakened.set()

    def _give_up(self, waiting: _Waiting, why: str) -> None:
        self._note(Failure(waiting.envelope.about, why))

    def _note(self, failure: Failure) -> None:
        self.failures.append(failure)
        log.error("%s: %s was not sent: %s.", self._name, failure.about, failure.why)


def _is_final(error: Exception) -> bool:
    """Whether trying again would change nothing."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return all(500 <= each.code < 600 for each in error.recipients)
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return False
    return isinstance(error, aiosmtplib.SMTPResponseException) and 500 <= error.code < 600


def _reason(error: Exception) -> str:
    """Nobody's address, no password."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return f"the server refuses its recipients ({', '.join(str(each.code) for each in error.recipients)})"
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"the server answered {error.code}"
    if isinstance(error, aiosmtplib.SMTPTimeoutError):
        return "the server did not answer in time"
    return f"the server cannot be reached ({type(error).__name__})"
