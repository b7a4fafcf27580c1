"""A folder of files as a site: `serve --static`. What a frontend's build made, at the gateway's own address.

All of it is read when the server starts. An address is a name to look up, never a path to follow: there is nothing to
wander off to. What is changed later is served after the next start.
"""

from __future__ import annotations

import gzip
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from mimetypes import MimeTypes
from pathlib import Path
from typing import Final

from starlette.types import Receive, Scope, Send

from tidegate.core.errors import Code
from tidegate.web.answers import Header, Refusal, Reply, answer, refusal_reply

INDEX: Final = "index.html"
MOST_FILES: Final = 10_000
MOST_BYTES: Final = 64 * 1024 * 1024
YEAR: Final = b"public, max-age=31536000, immutable"
ASK_AGAIN: Final = b"no-cache"

POLICY: Final = (
    "default-src 'self'; script-src 'self'{scripts}; style-src 'self'{styles}; img-src 'self' data: blob:; "
    "font-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Nothing from elsewhere; of what stands in a page's own text, the scripts and styles that were in the file."""

_TYPES: Final[Mapping[str, str]] = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".map": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".txt": "text/plain",
    ".md": "text/plain",
}
_TEXTUAL: Final = re.compile(r"text/|application/(?:json|manifest\+json|xml|wasm)|image/svg\+xml")
_HASHED: Final = re.compile(r"[-._]([A-Za-z0-9_-]{8}|[0-9a-f]{9,64})\.[A-Za-z0-9.]+$")
_HEX: Final = re.compile(r"(?=.*[0-9])(?=.*[a-f])[0-9a-f]{8,64}")
_MIXED: Final = re.compile(r"(?=.+[A-Z])(?=.*[a-z0-9]).{8}")
_SCRIPT: Final = re.compile(rb"<script(?![^>]*\bsrc\s*=)[^>]*>(.*?)</script\s*>", re.DOTALL | re.IGNORECASE)
_STYLE: Final = re.compile(rb"<style[^>]*>(.*?)</style\s*>", re.DOTALL | re.IGNORECASE)
_GUESSES: Final = MimeTypes()


class Unservable(Exception):
    """The folder cannot be served. The message is for the operator."""


@dataclass(frozen=True, slots=True)
class Served:
    """A file: `packed` is it under gzip, where that is shorter."""

    body: bytes
    packed: bytes | None
    tag: bytes
    headers: tuple[Header, ...]
    page: bool


class Frontend:
    """The files of `folder`, but for those whose name, or whose folder's, begins with a dot. `policy` is the
    Content-Security-Policy of its pages, in place of ours. Raises `Unservable`."""

    def __init__(self, folder: Path, policy: str | None = None) -> None:
        self._files = {name: _served(path, policy) for name, path in _found(folder)}
        if INDEX not in self._files:
            raise Unservable(f"{folder} has no {INDEX}: is the frontend built?")

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """HEAD is answered like GET: the server leaves the body out."""
        await answer(send, self.reply(scope["method"], scope["path"], dict(scope["headers"])))

    def reply(self, method: str, path: str, headers: Mapping[bytes, bytes]) -> Reply:
        found = self._find(path, headers.get(b"accept", b""))
        if found is None:
            sentence = "There is nothing at this address."
            return refusal_reply(Refusal(HTTPStatus.NOT_FOUND, sentence, Code.NOT_FOUND))
        if method not in ("GET", "HEAD"):
            allow = (b"allow", b"GET, HEAD")
            sentence = f"{method} is not a method of this address."
            return refusal_reply(Refusal(HTTPStatus.METHOD_NOT_ALLOWED, sentence, Code.BAD_USER_INPUT, allow))
        body, tag, shared = found.body, found.tag, found.headers
        if found.packed is not None and _takes_gzip(headers.get(b"accept-encoding", b"")):
            body, tag, shared = found.packed, tag[:-1] + b'-gz"', (*shared, (b"content-encoding", b"gzip"))
        if _is_known(headers.get(b"if-none-match", b""), found.tag):
            kept = (b"cache-control", b"vary", b"content-security-policy")
            return Reply(
                HTTPStatus.NOT_MODIFIED, ((b"etag", tag), *(each for each in found.headers if each[0] in kept))
            )
        return Reply(HTTPStatus.OK, ((b"etag", tag), *shared), body)

    def _find(self, path: str, accept: bytes) -> Served | None:
        """The file of this name, or the page of a folder. Addresses that a page made up itself get the first page, and
        it knows what to show: whoever wants HTML, where no file can be meant."""
        name = path.removeprefix("/")
        found = self._files.get(name)
        if found is None and (not name or name.endswith("/")):
            found = self._files.get(name + INDEX)
        if found is None and "." not in name.rpartition("/")[2] and b"text/html" in accept:
            found = self._files[INDEX]
        return found


def _found(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file by its address. Links that lead out of the folder are none."""
    if not folder.is_dir():
        raise Unservable(f"{folder} is not a folder.")
    root = folder.resolve()
    count = size = 0
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if any(part.startswith(".") for part in inside.parts) or not path.is_file():
            continue
        if not path.resolve().is_relative_to(root):
            continue
        count += 1
        size += path.stat().st_size
        if count > MOST_FILES or size > MOST_BYTES:
            limit = f"{MOST_FILES} files or {MOST_BYTES // 1024 // 1024} MiB"
            raise Unservable(f"{folder} has more than {limit}: serve it from somewhere else.")
        yield inside.as_posix(), path


def _served(path: Path, policy: str | None) -> Served:
    try:
        body = path.read_bytes()
    except OSError as error:
        raise Unservable(f"{path} cannot be read: {error.strerror or error}.") from error
    kind = _TYPES.get(path.suffix.lower()) or _GUESSES.guess_type(path.name)[0] or "application/octet-stream"
    textual = _TEXTUAL.match(kind) is not None
    packed = gzip.compress(body, 9, mtime=0) if textual and len(body) > 512 else None
    if packed is not None and len(packed) >= len(body):
        packed = None
    page = kind == "text/html"
    charset = "; charset=utf-8" if kind.startswith("text/") else ""
    headers: list[Header] = [
        (b"content-type", f"{kind}{charset}".encode()),
        (b"cache-control", YEAR if not page and is_hashed(path.name) else ASK_AGAIN),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
    ]
    if packed is not None or page:
        headers.append((b"vary", b"accept-encoding" if not page else b"accept, accept-encoding"))
    if page:
        headers += [(b"content-security-policy", (policy or _policy(body)).encode()), (b"x-frame-options", b"DENY")]
        headers.append((b"cross-origin-opener-policy", b"same-origin"))
    tag = b'"%s"' % sha256(body).hexdigest()[:32].encode()
    return Served(body, packed, tag, tuple(headers), page)


def is_hashed(name: str) -> bool:
    """Whether a name has a part made from the content, as bundlers write it (`index-B6kq3_xZ.js`, `main.3f2a9b1c.css`):
    what has this name never changes. Words and dates are none. A name that is not clear costs a question, and never
    shows an old file."""
    found = _HASHED.search(name)
    return found is not None and (_HEX.fullmatch(found[1]) or _MIXED.fullmatch(found[1])) is not None


def _policy(body: bytes) -> str:
    return POLICY.format(scripts=_hashes(_SCRIPT.findall(body)), styles=_hashes(_STYLE.findall(body)))


def _hashes(texts: Iterable[bytes]) -> str:
    return "".join(f" 'sha256-{b64encode(sha256(text).digest()).decode()}'" for text in texts)


def _takes_gzip(header: bytes) -> bool:
    for each in header.lower().split(b","):
        name, _, quality = each.partition(b";")
        if name.strip() in (b"gzip", b"*"):
            return quality.replace(b" ", b"") not in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000")
    return False


def _is_known(header: bytes, tag: bytes) -> bool:
    """Whether the browser has this file already, packed or not."""
    known = {each.strip().removeprefix(b"W/") for each in header.split(b",")}
    return b"*" in known or tag in known or tag[:-1] + b'-gz"' in known
