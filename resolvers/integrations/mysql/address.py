"""mysql://user:password@host:3306/database -> where the server is, who asks, and whether what they say is encrypted."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from tidegate.core.integration import IntegrationUnavailable

SCHEMES: Final = ("mysql", "mariadb")

_PORT: Final = 3306

OFF, ENCRYPT, VERIFY = "off", "encrypt", "verify"
"""No TLS; TLS with whoever answers; TLS with whoever has a certificate for the name."""

_MODES: Final = {"disabled": OFF, "required": ENCRYPT, "verify_ca": VERIFY, "verify_identity": VERIFY}
"""`ssl-mode` in a URL, as hosts of databases write it."""


class BadAddress(ValueError):
    """The sentence says what is wrong, without the password."""


@dataclass(frozen=True, slots=True)
class Address:
    """`socket` is the path of a Unix socket, or empty. `tls` is empty where the URL says nothing of it."""

    user: str
    password: str = field(repr=False)
    host: str
    port: int
    database: str
    socket: str = ""
    tls: str = ""

    @property
    def place(self) -> str:
        """For the operator."""
        return f"{self.socket or f'{self.host}:{self.port}'}/{self.database}"


def parse_address(url: str) -> Address:
    """Raises `BadAddress`."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORT
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError as error:
        raise BadAddress("it cannot be read: what stands for : / ? # @ in a password has to be percent-encoded") from (
            error if "port" in str(error).lower() else None
        )
    database = unquote(parts.path.removeprefix("/"))
    if parts.scheme not in SCHEMES or not database or "/" in database:
        raise BadAddress("it must begin with mysql:// or mariadb:// and name a database")
    mode = options.pop("ssl-mode", "").lower()
    if mode and mode not in _MODES:
        raise BadAddress("its ssl-mode must be DISABLED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY")
    socket = options.pop("socket", "")
    if options:
        raise BadAddress("of what may follow a question mark, only socket and ssl-mode are known")
    return Address(
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        parts.hostname or "localhost",
        port,
        database,
        socket,
        _MODES.get(mode, ""),
    )


def tls_context(tls: str, ca: Path | None) -> ssl.SSLContext | None:
    """None where nothing is to be encrypted. Raises `IntegrationUnavailable` for a `ca` that cannot be used."""
    if tls == OFF:
        return None
    try:
        context = ssl.create_default_context(cafile=None if ca is None else str(ca))
    except (OSError, ssl.SSLError) as error:
        raise IntegrationUnavailable(f'The certificates in "{ca}" cannot be used: {error}.') from error
    if tls == ENCRYPT:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
