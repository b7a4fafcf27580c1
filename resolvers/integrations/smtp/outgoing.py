"""The letters that wait to be sent, and those who send them.

What is committed is sent: a letter that cannot be sent now is tried again, for those who did not get it, and the last
failure is in the log. Letters wait in memory; those that are still waiting when the gateway ends are named in the log,
and lost. Where a connection breaks between a letter and the server's answer to it, it is sent twice, with one
Message-ID: that is how SMTP is.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from logging import getLogger
from socket import gethostname
from typing import Final

import aiosmtplib
from aiosmtplib import SMTPResponse

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
    """`start_tls`: the connection must become encrypted, may, or must not; with `implicit_tls` it is from the start.
    `ca`: a file of the certificates that vouch for the server, where these are not the system's."""

    host: str
    port: int
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)
    implicit_tls: bool
    start_tls: bool | None
    timeout: float
    ca: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a letter was given up."""

    about: str
    why: str


@dataclass(slots=True, eq=False)
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
        self._tls: ssl.SSLContext | None = None

    @property
    def waiting(self) -> int:
        return len(self._ready) + len(self._later)

    def start(self) -> None:
        """Raises OSError where there are no certificates in the file."""
        if self._server.ca is not None:
            self._tls = ssl.create_default_context(cafile=self._server.ca)
        self._task = asyncio.get_running_loop().create_task(self._send_all())

    def put(self, envelope: Envelope) -> None:
        self._line_up(_Waiting(envelope))

    async def close(self) -> None:
        """What waits is tried once more; then it is lost, and the log says so."""
        task, self._task = self._task, None
        if task is None:
            return
        self._ending = True
        for waiting, timer in tuple(self._later.items()):
            timer.cancel()
            self._again(waiting)
        try:
            async with asyncio.timeout(LAST_CHANCE):
                await self._idle.wait()
        except TimeoutError:
            pass
        task.cancel()
        await asyncio.wait([task])
        for waiting in self._ready:
            self._give_up(waiting, "the gateway was stopped")
        self._ready.clear()

    def _line_up(self, waiting: _Waiting) -> None:
        self._ready.append(waiting)
        self._idle.clear()
        self._wakened.set()

    async def _send_all(self) -> None:
        while True:
            while self._ready:
                await self._send_some()
            self._idle.set()
            self._wakened.clear()
            await self._wakened.wait()

    async def _send_some(self) -> None:
        """As many as one connection is used for. What is on its way stays the first of those that wait."""
        client = self._client()
        under_way: _Waiting | None = self._ready[0]
        try:
            await client.connect()
            for _ in range(AT_ONCE):
                sent = under_way = self._ready[0]
                envelope = sent.envelope
                refused, _ = await client.sendmail(envelope.sender, list(envelope.recipients), envelope.message)
                self._ready.popleft()
                under_way = None
                if refused:
                    self._refused(sent, refused)
                if not self._ready:
                    break
            await client.quit()
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are still to be sent
            if under_way is not None:
                self._ready.popleft()
                self._failed(under_way, error)
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.implicit_tls,
            start_tls=server.start_tls,
            timeout=server.timeout,
            tls_context=self._tls,
            local_hostname=_own_name(),
        )

    def _refused(self, waiting: _Waiting, refused: Mapping[str, SMTPResponse]) -> None:
        """Some of the recipients have it."""
        later = tuple(name for name, response in refused.items() if response.code < 500)
        if len(later) < len(refused):
            count = len(refused) - len(later)
            self._note(Failure(waiting.envelope.about, f"{count} of its recipients were refused"))
        if later:
            remaining = _Waiting(replace(waiting.envelope, recipients=later), waiting.attempts)
            self._put_off(remaining, f"{len(later)} of its recipients cannot have it now")

    def _failed(self, waiting: _Waiting, error: Exception) -> None:
        if _is_final(error):
            self._give_up(waiting, _reason(error))
        elif isinstance(error, aiosmtplib.SMTPRecipientsRefused):
            self._refused(waiting, {each.recipient: SMTPResponse(each.code, "") for each in error.recipients})
        else:
            self._put_off(waiting, _reason(error))

    def _put_off(self, waiting: _Waiting, why: str) -> None:
        if self._ending or waiting.attempts >= len(self._pauses):
            self._give_up(waiting, why)
            return
        pause = self._pauses[waiting.attempts]
        waiting.attempts += 1
        log.warning("%s: %s could not be sent: %s. Again in %g s.", self._name, waiting.envelope.about, why, pause)
        self._later[waiting] = asyncio.get_running_loop().call_later(pause, self._again, waiting)

    def _again(self, waiting: _Waiting) -> None:
        del self._later[waiting]
        self._line_up(waiting)

    def _give_up(self, waiting: _Waiting, why: str) -> None:
        self._note(Failure(waiting.envelope.about, why))

    def _note(self, failure: Failure) -> None:
        self.failures.append(failure)
        log.error("%s: %s was not sent: %s.", self._name, failure.about, failure.why)


def _own_name() -> str:
    """As `EHLO` says it, without asking a name server, which may take its time."""
    name = gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def _is_final(error: Exception) -> bool:
    """Whether trying again would change nothing: the server has seen the letter, and does not want it."""
    match error:
        case aiosmtplib.SMTPRecipientsRefused():
            return all(each.code >= 500 for each in error.recipients)
        case aiosmtplib.SMTPSenderRefused() | aiosmtplib.SMTPDataError():
            return error.code >= 500
        case _:
            return False


def _reason(error: Exception) -> str:
    """Nobody's address, no password, nothing that the server says: it may repeat them."""
    match error:
        case aiosmtplib.SMTPRecipientsRefused():
            codes = ", ".join(sorted({str(each.code) for each in error.recipients}))
            return f"the server refuses its recipients ({codes})"
        case aiosmtplib.SMTPAuthenticationError():
            return f"the server does not accept the user and password ({error.code})"
        case aiosmtplib.SMTPResponseException():
            return f"the server answered {error.code}"
        case aiosmtplib.SMTPTimeoutError():
            return "the server did not answer in time"
        case _ if type(error) in (aiosmtplib.SMTPNotSupported, aiosmtplib.SMTPException):
            return "the server lacks what is needed: encryption, or a way to log in"
        case _:
            cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
            return f"the server cannot be reached ({type(cause).__name__})"
