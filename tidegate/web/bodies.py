"""A request's body: bounded in size and in time, and then strictly JSON."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import orjson
from starlette.types import Receive

from tidegate.core.errors import Code
from tidegate.core.limits import Limits
from tidegate.web.answers import CLOSE, Refusal, bad_request
from tidegate.web.shortcuts import body_at_hand

DEEPEST: Final = 64
"""Levels of lists and objects. Anything that walks the values later may recurse."""
SWALLOWED: Final = 64
"""So many times the size limit is read and thrown away before 413 is answered: a client that is still sending does
not read an answer, and closing on it would lose the answer."""

_MAYBE_TOO_LONG: Final = re.compile(rb"\d{19}")
_WORDS: Final = 2**63


class Gone(Exception):
    """The client went away before its request was complete: there is nobody to answer."""


async def read_body(receive: Receive, declared: bytes | None, limits: Limits) -> bytes:
    """The whole body. `declared` is the Content-Length. Raises `Refusal` 413 or 408, and `Gone`."""
    length = int(declared) if declared is not None and declared.isdigit() and len(declared) < 16 else 0
    if length > limits.body * SWALLOWED:
        raise _too_large(limits, CLOSE)
    at_hand = body_at_hand(receive)
    if at_hand is not None:
        if len(at_hand) > limits.body:
            raise _too_large(limits)
        return at_hand
    try:
        async with asyncio.timeout(limits.bodyTimeout):
            message = await receive()
            body: bytes = message.get("body", b"")
            if message["type"] == "http.request" and not message.get("more_body", False):
                if len(body) > limits.body:
                    raise _too_large(limits)
                return body
            return await _read_on(receive, message, limits)
    except TimeoutError:
        message_shown = "The request's body did not arrive in time."
        raise Refusal(HTTPStatus.REQUEST_TIMEOUT, message_shown, Code.TIMEOUT, CLOSE) from None


# Any: ASGI messages are open-ended.
async def _read_on(receive: Receive, message: Mapping[str, Any], limits: Limits) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        if message["type"] != "http.request":
            raise Gone
        part: bytes = message.get("body", b"")
        size += len(part)
        if size <= limits.body:
            parts.append(part)
        elif size > limits.body * SWALLOWED:
            raise _too_large(limits, CLOSE)
        else:
            parts.clear()
        if not message.get("more_body", False):
            break
        message = await receive()
    if size > limits.body:
        raise _too_large(limits)
    return b"".join(parts)


def _too_large(limits: Limits, *headers: tuple[bytes, bytes]) -> Refusal:
    message = f"The request's body is larger than {limits.body} bytes."
    return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message, Code.LIMIT, *headers)


def read_json(text: bytes | str) -> Any:
    """JSON, taken strictly: UTF-8, no NaN, no lone surrogates, no more than 64 levels, and no integer beyond 64 bits,
    which would silently become another number. Raises `Refusal`. Any: what it is, is checked next."""
    encoded = text.encode() if isinstance(text, str) else text
    try:
        value = orjson.loads(encoded)
    except ValueError:
        raise bad_request("The request is not JSON in UTF-8.") from None
    # Both are cheap looks at the bytes that clear nearly every request; only suspects are examined.
    if encoded.count(b"{") + encoded.count(b"[") > DEEPEST and _is_deep(value):
        raise bad_request(f"The request is nested deeper than {DEEPEST} levels.")
    if _MAYBE_TOO_LONG.search(encoded) is not None:
        try:
            json.loads(encoded, parse_int=_word)
        except OverflowError:
            raise bad_request("Integers beyond 64 bits must be sent as strings.") from None
    return value


def _word(digits: str) -> int:
    if len(digits) > 20 or not -_WORDS <= int(digits) < _WORDS:
        raise OverflowError
    return int(digits)


def _is_deep(value: object) -> bool:
    containers = [value]
    for _ in range(DEEPEST):
        containers = [
            inner
            for outer in containers
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not containers:
            return False
    return True
