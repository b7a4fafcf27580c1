"""`/debug/live` of a server, as one who follows it from outside reads it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final, TypeAlias

import httpx

ADDRESS: Final = "/debug/live"
PAUSE: Final = 0.5
"""Seconds between two attempts to reach a server that was there before."""

SILENCE: Final = 40.0
"""Seconds after which a server that says nothing is gone: it says something about every 12."""

_AWAY: Final = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})

Event: TypeAlias = Mapping[str, Any]
"""Any: JSON, as docs/reference/live.md has it."""

CONNECTED: Final[Event] = {"kind": "connected"}
LOST: Final[Event] = {"kind": "lost"}


class Unheard(Exception):
    """Nobody answers, or the server refuses. The message is for people."""


class Unreachable(Unheard):
    """There is no server."""


def follow(url: str, token: str | None, *, unmoved: bool) -> Iterator[Event]:
    """Every event, and `CONNECTED` and `LOST` as that happens: after the first time, a server that is away is waited
    for. Raises `Unheard`; `Unreachable` where there was none at first."""
    headers = {"accept": "text/event-stream", **({"authorization": f"Bearer {token}"} if token else {})}
    timeout = httpx.Timeout(10.0, read=SILENCE)
    reached = connected = False
    # The environment's proxies are for elsewhere.
    with httpx.Client(headers=headers, timeout=timeout, trust_env=False) as client:
        while True:
            try:
                with client.stream("GET", _address(url), params={"unmoved": "1"} if unmoved else {}) as answer:
                    _check(answer)
                    reached = connected = True
                    yield CONNECTED
                    yield from _events(answer.iter_lines())
            except (httpx.UnsupportedProtocol, httpx.InvalidURL):
                raise Unheard(f"{url} is not the address of a server.") from None
            except httpx.TransportError as error:
                if not reached:
                    raise Unreachable(f"No server answers at {url}: {str(error) or type(error).__name__}.") from None
            if connected:
                connected = False
                yield LOST
            time.sleep(PAUSE)


def _address(url: str) -> str:
    # What `serve` prints may be pasted.
    return url.rstrip("/").removesuffix("/graphql") + ADDRESS


def _check(answer: httpx.Response) -> None:
    if answer.status_code in _AWAY:
        raise httpx.RemoteProtocolError(f"it answers {answer.status_code}")
    if answer.status_code != HTTPStatus.OK:
        answer.read()
        raise Unheard(f"The server refuses, with {answer.status_code}: {_sentence(answer.text)}")
    if not answer.headers.get("content-type", "").startswith("text/event-stream"):
        raise Unheard(f"What answers at {answer.url} is no Tidegate.")


def _events(lines: Iterable[str]) -> Iterator[Event]:
    name = data = ""
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            data = value
        elif not line and data:
            if name == "end":
                raise Unheard(f"The server has ended this: {_sentence(data)}")
            yield json.loads(data)
            name = data = ""


def _sentence(body: str) -> str:
    """The message of the first error of a GraphQL response."""
    try:
        return str(json.loads(body)["errors"][0]["message"])
    except (ValueError, LookupError, TypeError):
        return "it does not say why."
