"""The console's page and its files, from this package. Neither holds anything of the project."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from importlib.resources import files
from secrets import token_urlsafe
from typing import Final

from tidegate.core.errors import Code
from tidegate.web.answers import SAFETY, Header, Refusal, Reply

POLICY: Final = (
    "default-src 'none'; script-src 'nonce-{0}'; style-src 'nonce-{0}'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Scripts and styles that the page itself names, and what those import; nothing inline, nothing from elsewhere, in
nobody's frame. No text becomes markup anywhere."""

_SAFETY: Final[tuple[Header, ...]] = (
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=()"),
)
_TYPES: Final = {
    "js": b"text/javascript; charset=utf-8",
    "css": b"text/css; charset=utf-8",
    "svg": b"image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    type: bytes
    tag: bytes


class ConsolePage:
    """All of it is read when it is made."""

    def __init__(self) -> None:
        folder = files("tidegate.web.static.console")
        self._files = {
            entry.name: _File(body, _TYPES[suffix], b'"%s"' % sha256(body).hexdigest()[:32].encode())
            for entry in folder.iterdir()
            if (suffix := entry.name.rpartition(".")[2]) in _TYPES
            for body in [entry.read_bytes()]
        }
        self._page = folder.joinpath("console.html").read_text(encoding="utf-8")

    def reply(self) -> Reply:
        nonce = token_urlsafe(16)
        headers: tuple[Header, ...] = (
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-security-policy", POLICY.format(nonce).encode()),
            *_SAFETY,
            *SAFETY,
        )
        return Reply(HTTPStatus.OK, headers, self._page.replace("{{ nonce }}", nonce).encode())

    def file(self, name: str, known: bytes | None) -> Reply:
        """A file by its name. `known` is the tag of the copy that the browser has. Raises `Refusal`."""
        found = self._files.get(name)
        if found is None:
            raise Refusal(HTTPStatus.NOT_FOUND, "There is no such file.", Code.NOT_FOUND)
        headers: tuple[Header, ...] = (
            (b"content-type", found.type),
            (b"etag", found.tag),
            (b"cache-control", b"no-cache"),
            (b"x-content-type-options", b"nosniff"),
            (b"cross-origin-resource-policy", b"same-origin"),
        )
        if known == found.tag:
            return Reply(HTTPStatus.NOT_MODIFIED, headers)
        return Reply(HTTPStatus.OK, headers, found.body)
