"""Which pages of other origins may call us from a browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from tidegate.core.catalog import Cors
from tidegate.core.errors import Code
from tidegate.web.answers import SAFETY, Header, Refusal, Reply, refusal_reply

METHODS: Final = b"GET, HEAD, POST, OPTIONS"
ALLOW: Final[Header] = (b"allow", METHODS)

_HEADER_NAMES: Final = re.compile(rb"[a-z0-9_-]+(?:[ \t]*,[ \t]*[a-z0-9_-]+){0,50}", re.IGNORECASE)


class CorsPolicy:
    """`cors` in headers. Origins are compared whole, in lower case. `*` admits everybody, and never with credentials:
    a page of any origin would then act for whoever is logged in."""

    def __init__(self, cors: Cors, exposed: bytes = b"") -> None:
        """`exposed`: a header of answers that pages may read, beside `www-authenticate`."""
        self.cors = cors
        self._exposed = (b"access-control-expose-headers", b", ".join(filter(None, (b"www-authenticate", exposed))))
        self._any = "*" in cors.origins
        self._origins = frozenset(origin.rstrip("/").lower().encode() for origin in cors.origins)
        self._vary = (b"vary", b"accept, origin" if cors.origins and not self._any else b"accept")
        self._nobody = (self._vary,)
        # Bounded, because only listed origins get in.
        self._known: dict[bytes, tuple[Header, ...]] = {}

    def headers(self, origin: bytes | None) -> tuple[Header, ...]:
        """For the answer to a request from `origin`."""
        if origin is None:
            return self._nobody
        known = self._known.get(origin)
        if known is None:
            allowed = self._allowed(origin)
            if not allowed:
                return self._nobody
            known = (self._vary, *allowed, self._exposed)
            if not self._any:
                self._known[origin] = known
        return known

    def admits(self, origin: bytes) -> bool:
        return self._any or origin.lower() in self._origins

    def preflight(self, fields: Mapping[bytes, bytes], methods: bytes = METHODS) -> Reply:
        """The answer to OPTIONS: of a browser that asks before it calls, or of anybody else."""
        allow = (b"allow", methods)
        origin = fields.get(b"origin")
        if origin is None or b"access-control-request-method" not in fields:
            return Reply(HTTPStatus.NO_CONTENT, (*SAFETY, self._vary, allow))
        allowed = self._allowed(origin)
        if not allowed:
            refusal = Refusal(HTTPStatus.FORBIDDEN, "This origin is not one of the project's.", Code.FORBIDDEN, allow)
            return refusal_reply(refusal, headers=(self._vary,))
        wanted = fields.get(b"access-control-request-headers", b"")
        names = wanted if _HEADER_NAMES.fullmatch(wanted) else b"content-type, authorization"
        headers = (
            *SAFETY,
            allow,
            (b"vary", b"origin, access-control-request-method, access-control-request-headers"),
            *allowed,
            (b"access-control-allow-methods", methods.removesuffix(b", OPTIONS")),
            (b"access-control-allow-headers", names),
            (b"access-control-max-age", b"%d" % self.cors.max_age),
        )
        return Reply(HTTPStatus.NO_CONTENT, headers)

    def _allowed(self, origin: bytes) -> tuple[Header, ...]:
        if self._any:
            return ((b"access-control-allow-origin", b"*"),)
        if origin.lower() not in self._origins:
            return ()
        echoed = (b"access-control-allow-origin", origin)
        return (echoed, (b"access-control-allow-credentials", b"true")) if self.cors.credentials else (echoed,)


NO_CORS: Final = CorsPolicy(Cors())


class Pages:
    """Which pages may open a connection that stays, or act without asking first. `cors` is asked each time: a reload
    may change it."""

    def __init__(self, cors: Callable[[], Cors], exposed: bytes = b"") -> None:
        self._cors = cors
        self._exposed = exposed
        self._policy = NO_CORS

    @property
    def policy(self) -> CorsPolicy:
        cors = self._cors()
        if self._policy.cors is not cors:
            self._policy = CorsPolicy(cors, self._exposed)
        return self._policy

    def admit(self, headers: Sequence[Header]) -> bool:
        """Programs send no origin; pages of our own host may connect, and those that `cors` lists."""
        origins = [value for name, value in headers if name == b"origin"]
        if not origins:
            return True
        host = next((value for name, value in headers if name == b"host"), b"")
        return len(origins) == 1 and (_host(origins[0]) == host.lower() or self.policy.admits(origins[0]))


def _host(origin: bytes) -> bytes:
    """Host and port of an origin. Its scheme is not compared: a proxy may have taken off the TLS."""
    try:
        return urlsplit(origin.lower()).netloc
    except ValueError:
        return b""
