"""What another server answers, as a program sees it: every byte of it may be anybody's."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

import httpcore

from tidegate.resolvers.unpacking import Unpacking

_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?([\w-]{1,40})", re.IGNORECASE)
_KNOWN: Final = re.compile(
    r"us-ascii|latin-?1|iso-8859-\d{1,2}|(?:windows-|cp)125\d|utf-16(?:le|be)?|shift[_-]jis|euc-(?:jp|kr)|gb2312|gbk"
    r"|gb18030|big5|koi8-[ru]"
)
"""Not whatever Python knows: that are also `punycode`, which takes hours for a megabyte, and `unicode_escape`."""
_WIRE: Final = 2
"""Bytes on the wire for each of a body."""
_SLACK: Final = 256 * 1024
MOST_PARTS: Final = 20_000
"""Chunks of a body. Each of them costs as much as kilobytes do."""
_AT_ONCE: Final = 200
"""Chunks that others wait for."""


def read_head(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by their names in lower case; those that are there more than once, in one."""
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


async def read_body(response: httpcore.Response, headers: Mapping[str, str], most: int) -> bytes:
    """Raises `TooLarge`, or `ValueError` for a broken body."""
    # Any: the library's word for a `MeteredStream`.
    stream = response.extensions["network_stream"]
    stream.expect(most * _WIRE + _SLACK)
    unpacking = Unpacking(headers.get("content-encoding", ""), most)
    parts = 0
    async for chunk in response.aiter_stream():
        unpacking.feed(chunk)
        parts += 1
        if parts > MOST_PARTS:
            raise ValueError("too many parts")
        if not parts % _AT_ONCE:
            await asyncio.sleep(0)
    if _has_rest(response):
        stream.spoil()
    return unpacking.whole()


def read_text(body: bytes, headers: Mapping[str, str]) -> str:
    """In the charset that it says it has, if that is one for texts; else in UTF-8."""
    found = _CHARSET.search(headers.get("content-type", ""))
    if found is not None and _KNOWN.fullmatch(found[1].lower()):
        with suppress(LookupError):
            return body.decode(found[1], "replace")
    return body.decode("utf-8-sig", "replace")


def _has_rest(response: httpcore.Response) -> bool:
    """Whether more came than the answer. The library keeps that, and takes it for the answer to the next request on
    this connection, which may be another user's; it has no public word for it."""
    connection = response.stream._stream._connection  # type: ignore[union-attr] # noqa: SLF001
    return bool(connection._h11_state.trailing_data[0])  # noqa: SLF001
