"""`/demo/session`: how the users of a demonstration sign in. There with `serve --demo` and never otherwise.

`POST {"user", "password"}` gives a token that is good for a few minutes, and a renewal; `POST {"renewal"}` gives the
next ones. Only JSON is taken, and there is no CORS: a page of another origin can ask for nothing here, not even by a
name of its own that leads to this machine.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Final, Protocol

import orjson
from starlette.types import Receive, Scope, Send

from tidegate.core.errors import Code
from tidegate.core.json import Json
from tidegate.web.answers import SAFETY, Refusal, Reply, answer, refusal_reply
from tidegate.web.bodies import Gone, read_body
from tidegate.web.gateway import Gateway
from tidegate.web.nearness import is_renamed

PATH: Final = "/demo/session"
LARGEST: Final = 8 * 1024
"""Bytes of a request."""


class TooMany(Exception):
    """Somebody tries too often. `seconds`: when to try again."""

    def __init__(self, seconds: int) -> None:
        super().__init__()
        self.seconds = seconds


class Doorkeeper(Protocol):
    async def enter(self, user: str, password: str, /) -> Json | None:
        """What whoever signed in is given, none if name and password do not belong together. Raises `TooMany`."""
        ...

    def renew(self, renewal: str, /) -> Json | None:
        """The same again, none if the renewal is not good. Raises `TooMany`."""
        ...


class SignInEndpoint:
    def __init__(self, gateway: Gateway, doorkeeper: Doorkeeper) -> None:
        self._gateway = gateway
        self._doorkeeper = doorkeeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            reply = await self._reply(scope, receive)
        except Gone:
            return
        except Refusal as refusal:
            reply = refusal_reply(refusal)
        except TooMany as limit:
            again = (b"retry-after", b"%d" % limit.seconds)
            sentence = f"That was tried too often. Try again in {limit.seconds} seconds."
            reply = refusal_reply(Refusal(HTTPStatus.TOO_MANY_REQUESTS, sentence, Code.LIMIT, again))
        await answer(send, reply)

    async def _reply(self, scope: Scope, receive: Receive) -> Reply:
        if scope["method"] != "POST":
            sentence = f"{scope['method']} is not a method of this address."
            raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, sentence, Code.BAD_USER_INPUT, (b"allow", b"POST"))
        headers = dict(scope["headers"])
        if is_renamed(scope, headers):
            sentence = "Nobody signs in to a demonstration on this machine by another name than 127.0.0.1 or localhost."
            raise Refusal(HTTPStatus.FORBIDDEN, sentence, Code.FORBIDDEN)
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if kind != b"application/json":
            raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body must be JSON.", Code.BAD_USER_INPUT)
        limits = replace(self._gateway.catalog.limits, body=LARGEST)
        match _read(await read_body(receive, headers.get(b"content-length"), limits)):
            case {"user": str(user), "password": str(password)}:
                given = await self._doorkeeper.enter(user, password)
                sentence = "There is nobody with this name and password."
            case {"renewal": str(renewal)}:
                given = self._doorkeeper.renew(renewal)
                sentence = "Sign in again."
            case _:
                sentence = "The body must have user and password, or renewal."
                raise Refusal(HTTPStatus.BAD_REQUEST, sentence, Code.BAD_USER_INPUT)
        if given is None:
            raise Refusal(HTTPStatus.UNAUTHORIZED, sentence, Code.UNAUTHENTICATED)
        return Reply(
            HTTPStatus.OK, ((b"content-type", b"application/json; charset=utf-8"), *SAFETY), orjson.dumps(given)
        )


def _read(body: bytes) -> Json:
    try:
        read: Json = orjson.loads(body)
    except ValueError:
        raise Refusal(HTTPStatus.BAD_REQUEST, "The body is not JSON.", Code.BAD_USER_INPUT) from None
    return read
