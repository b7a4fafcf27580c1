"""A body as it comes over the wire -> its bytes, never more of them than are wanted."""

from __future__ import annotations

import zlib
from typing import Final

_ENCODINGS: Final = {"": None, "identity": None, "gzip": 31, "x-gzip": 31, "deflate": 15}


class TooLarge(Exception):
    """The body has more bytes than are wanted."""


class Unpacking:
    """Of one body. `encoding` is its Content-Encoding: gzip, deflate or none. A body in another one is a
    `ValueError`, as is a broken one, or one with anything after its end."""

    def __init__(self, encoding: str, most: int) -> None:
        name = encoding.strip().lower()
        if name not in _ENCODINGS:
            raise ValueError("an encoding that was not asked for")
        window = _ENCODINGS[name]
        self._packed = None if window is None else zlib.decompressobj(window)
        self._most = most
        self._came = 0
        # Not a list of parts: a body may come byte by byte.
        self._body = bytearray()

    def feed(self, chunk: bytes) -> None:
        if self._packed is None:
            self._add(chunk)
            return
        self._came += len(chunk)
        try:
            # One byte more than is wanted tells that there are more.
            self._add(self._packed.decompress(chunk, self._most - len(self._body) + 1))
        except zlib.error as error:
            raise ValueError("a broken body") from error
        if self._packed.unconsumed_tail:
            raise TooLarge
        if self._packed.unused_data:
            # zlib would keep all of it, however much is yet to come.
            raise ValueError("more than one body")

    def whole(self) -> bytes:
        if self._packed is not None and not self._packed.eof and self._came:
            raise ValueError("half a body")
        return bytes(self._body)

    def _add(self, part: bytes) -> None:
        if len(self._body) + len(part) > self._most:
            raise TooLarge
        self._body += part
