"""A real mail server for each test, in the test's own event loop, whose moods the test decides."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.ports import lasting_port

PATIENCE = 60.0
USER, PASSWORD = "desk", "p@ss: wörd/%"


@dataclass(frozen=True)
class Received:
    """A letter as it came."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    encrypted: bool

    @property
    def message(self) -> EmailMessage:
        message = message_from_bytes(self.content, policy=default)
        assert isinstance(message, EmailMessage)
        return message

    def part(self, kind: str = "plain") -> str:
        body = self.message.get_body((kind,))
        assert body is not None
        return str(body.get_content()).replace("\r\n", "\n")


@dataclass
class MailServer:
    """`moods`: what is answered to letters, one after the other, before everything is accepted. `refused`: what
    recipients are answered, once where it begins with 4."""

    folder: Path
    port: int = 0
    letters: list[Received] = field(default_factory=list)
    moods: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    connections: int = 0
    logins: int = 0
    certificate: bool = False
    wants_login: bool = False
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        """At the same port again, once it had one."""
        context = None
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(make_certificate(self.folder))

        def connected() -> SMTP:
            self.connections += 1
            return SMTP(
                self,
                hostname="mail.example",
                tls_context=context,
                require_starttls=context is not None,
                auth_required=self.wants_login,
                authenticator=self._log_in,
                enable_SMTPUTF8=False,
            )

        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(connected, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
            await asyncio.sleep(0)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)

    async def received(self, count: int = 1) -> list[Received]:
        """Exactly so many, also a moment later."""
        await self.until(lambda: len(self.letters) >= count)
        await asyncio.sleep(0.05)
        assert len(self.letters) == count
        return self.letters

    # Any: aiosmtpd's own.
    def _log_in(self, _server: Any, _session: Any, _envelope: Any, _mechanism: Any, data: Any) -> AuthResult:
        self.logins += 1
        good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=good, handled=False)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.refused.get(address)
        if answer is not None:
            if answer.startswith("4"):
                del self.refused[address]
            return answer
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802 - as above
        if self.moods:
            return self.moods.pop(0)
        content = envelope.original_content
        assert content is not None
        assert envelope.mail_from is not None
        encrypted = session.ssl is not None
        self.letters.append(Received(envelope.mail_from, tuple(envelope.rcpt_tos), content, encrypted))
        return "250 Accepted"


def make_certificate(folder: Path) -> Path:
    """For 127.0.0.1, signed by itself: certificate and key in one file."""
    file = folder / "mail.pem"
    if file.exists():
        return file
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return file


@pytest.fixture
async def mail(tmp_path: Path) -> AsyncIterator[MailServer]:
    """Not started. Its port is its own."""
    server = MailServer(tmp_path, lasting_port())
    yield server
    await server.stop()
