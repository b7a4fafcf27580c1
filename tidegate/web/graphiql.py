"""GraphiQL for development, served from this package: no other server is asked for anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from http import HTTPStatus
from importlib.resources import files
from secrets import token_urlsafe
from typing import Final

from starlette.types import Receive, Scope, Send

from tidegate.core.errors import Code
from tidegate.web.answers import SAFETY, Header, Refusal, Reply, answer, refusal_reply

FOLDER: Final = "/graphiql/"

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{}'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing from elsewhere, nothing inline but the one style that GraphiQL's dialogs add with the nonce, in nobody's
frame."""

_TYPES: Final[Mapping[str, bytes]] = {
    ".js": b"text/javascript; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".svg": b"image/svg+xml",
    ".txt": b"text/plain; charset=utf-8",
}


_CONSOLE: Final = '      <a href="/console">Console</a>\n'


@dataclass(frozen=True, slots=True)
class StaticFile:
    body: bytes
    type: bytes
    tag: bytes


class Page:
    """The page, and the files under `/graphiql/` that it needs; all read when it is made. It leads to the console
    where there is one."""

    def __init__(self, name: str, *, console: bool = False) -> None:
        folder = files("tidegate.web.static")
        self._files = {
            entry.name: StaticFile(body, _TYPES[suffix], b'"%s"' % sha256(body).hexdigest()[:32].encode())
            for entry in folder.iterdir()
            if (suffix := f".{entry.name.rpartition('.')[2]}") in _TYPES
            for body in [entry.read_bytes()]
        }
        text = folder.joinpath("graphiql.html").read_text(encoding="utf-8")
        text = text.replace("{{ console }}", _CONSOLE if console else "")
        self._page = text.replace("{{ name }}", escape(name))

    def reply(self) -> Reply:
        nonce = token_urlsafe(16)
        headers: tuple[Header, ...] = (
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-security-policy", POLICY.format(nonce).encode()),
            (b"x-frame-options", b"DENY"),
            (b"vary", b"accept"),
            *SAFETY,
        )
        return Reply(HTTPStatus.OK, headers, self._page.replace("{{ nonce }}", nonce).encode())

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Sends a file."""
        await answer(send, self.file(scope["method"], scope["path"], dict(scope["headers"]).get(b"if-none-match")))

    def file(self, method: str, path: str, known: bytes | None) -> Reply:
        """A file by its name and nothing else: there are no folders to wander off to. `known` is the tag of the copy
        that the browser has."""
        found = self._files.get(path.removeprefix(FOLDER))
        if found is None:
            return refusal_reply(Refusal(HTTPStatus.NOT_FOUND, "There is no such file.", Code.NOT_FOUND))
        if method not in ("GET", "HEAD"):
            status, allow = HTTPStatus.METHOD_NOT_ALLOWED, (b"allow", b"GET, HEAD")
            return refusal_reply(Refusal(status, "Files can only be read.", Code.BAD_USER_INPUT, allow))
        headers: tuple[Header, ...] = (
            (b"content-type", found.type),
            (b"etag", found.tag),
            (b"cache-control", b"no-cache"),
            (b"x-content-type-options", b"nosniff"),
        )
        if known == found.tag:
            return Reply(HTTPStatus.NOT_MODIFIED, headers)
        return Reply(HTTPStatus.OK, headers, found.body)
