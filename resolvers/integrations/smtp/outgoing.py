"""The letters that wait to be sent, and who sends them.

What is committed is sent: a letter that cannot be sent now is tried again, for those who did not get it, and the last
failure is in the log. Where a connection breaks between a letter and the server's answer to it, it is sent twice, with
one Message-ID: that is how SMTP is.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from socket import gethostname
from typing import Final

import aiosmtplib
from aiosmtplib import SMTPResponse

from tidegate.resolvers.integrations.outgoing import PAUSES, Outgoing, Waiting
from tidegate.resolvers.integrations.smtp.letters import Envelope

AT_ONCE: Final = 20
"""Letters sent over one connection."""


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


class Letters(Outgoing[Envelope]):
    """Those of one integration."""

    def __init__(self, name: str, server: Server, pauses: tuple[float, ...] = PAUSES) -> None:
        super().__init__(name, pauses)
        self._server = server
        self._tls: ssl.SSLContext | None = None

    def start(self) -> None:
        """Raises OSError where there are no certificates in the file."""
        if self._server.ca is not None:
            self._tls = ssl.create_default_context(cafile=self._server.ca)
        super().start()

    async def carry(self) -> None:
        """As many as one connection is used for."""
        sent = self.take()
        client = self._client()
        try:
            await client.connect()
            for left in reversed(range(AT_ONCE)):
                if sent is None:
                    break
                envelope = sent.parcel
                refused, _ = await client.sendmail(envelope.sender, list(envelope.recipients), envelope.message)
                arrived, sent = sent, self.take() if left else None
                self._arrived(arrived, refused)
            await client.quit()
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are still to be sent
            if sent is not None:
                self._failed(sent, error)
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

    def _arrived(self, waiting: Waiting[Envelope], refused: Mapping[str, SMTPResponse]) -> None:
        """Some of the recipients may not have it."""
        later = tuple(name for name, response in refused.items() if response.code < 500)
        if len(later) < len(refused):
            self.note(waiting.parcel.about, f"{len(refused) - len(later)} of its recipients were refused")
        if later:
            remaining = self.replace(waiting, replace(waiting.parcel, recipients=later))
            self.put_off(remaining, f"{len(later)} of its recipients cannot have it now")
        else:
            self.finish(waiting)

    def _failed(self, waiting: Waiting[Envelope], error: Exception) -> None:
        if _is_final(error):
            self.give_up(waiting, _reason(error))
        elif isinstance(error, aiosmtplib.SMTPRecipientsRefused):
            self._arrived(waiting, {each.recipient: SMTPResponse(each.code, "") for each in error.recipients})
        else:
            self.put_off(waiting, _reason(error))


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
