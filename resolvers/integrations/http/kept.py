"""Answers that are kept so that a server need only say that they are still right (RFC 9111: validation).

Nothing is answered from here without having been asked for: a live query is as new as the server is.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from tidegate.core.errors import Code, OperationError
from tidegate.resolvers.integrations.upstream import Asked, Reply

MOST: Final = 500
"""Answers of one integration that are kept."""
LARGEST: Final = 16 * 1024 * 1024
"""Bytes of them together."""

_Key = tuple[str, tuple[tuple[str, str], ...]]
_CONDITIONS: Final = frozenset({"if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "range"})


class Kept:
    """Of one integration: what is sent with all its requests is the same for all. Those that were asked for last."""

    def __init__(self, most: int = MOST, largest: int = LARGEST) -> None:
        self._most = most
        self._largest = largest
        self._replies: OrderedDict[_Key, Reply] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return len(self._replies)

    def condition(self, asked: Asked) -> tuple[Asked, Reply | None]:
        """What is asked instead, and what is kept of its answer."""
        if asked.method != "GET" or any(name.lower() in _CONDITIONS for name in asked.headers):
            return asked, None
        known = self._replies.get(_key(asked))
        if known is None:
            return asked, None
        self._replies.move_to_end(_key(asked))
        conditions: dict[str, str] = {}
        if etag := known.headers.get("etag"):
            conditions["If-None-Match"] = etag
        if modified := known.headers.get("last-modified"):
            conditions["If-Modified-Since"] = modified
        return replace(asked, headers={**asked.headers, **conditions}), known

    def settle(self, asked: Asked, known: Reply | None, reply: Reply) -> Reply:
        """`asked` without conditions, what was kept of its answer, and what came: the answer. Raises `OperationError`
        for a server that says that nothing is new to somebody who has nothing old."""
        if reply.status == 304 and known is not None:
            reply = Reply(known.status, {**known.headers, **_updated(reply.headers)}, known.body)
        elif reply.status == 304:
            raise OperationError(Code.UPSTREAM_FAILED, "Another server could not do this.", {"status": 304})
        if asked.method == "GET":
            self._keep(_key(asked), reply)
        return reply

    def _keep(self, key: _Key, reply: Reply) -> None:
        self._forget(key)
        control = {word.strip().partition("=")[0] for word in reply.headers.get("cache-control", "").lower().split(",")}
        validated = "etag" in reply.headers or "last-modified" in reply.headers
        size = _size(reply)
        if (
            reply.status != 200
            or not validated
            or "no-store" in control
            or reply.headers.get("vary", "").strip() == "*"
            or size > self._largest // 4
        ):
            return
        self._replies[key] = reply
        self._size += size
        while len(self._replies) > self._most or self._size > self._largest:
            self._forget(next(iter(self._replies)))

    def _forget(self, key: _Key) -> None:
        reply = self._replies.pop(key, None)
        if reply is not None:
            self._size -= _size(reply)


def _key(asked: Asked) -> _Key:
    return asked.url, tuple(sorted((name.lower(), value) for name, value in asked.headers.items()))


def _updated(headers: Mapping[str, str]) -> Mapping[str, str]:
    """A 304 says anew how it is to be kept, and nothing of a body."""
    return {name: value for name, value in headers.items() if not name.startswith("content-")}


def _size(reply: Reply) -> int:
    return len(reply.body) + sum(len(name) + len(value) for name, value in reply.headers.items()) + 500
