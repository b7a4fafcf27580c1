"""`/socket.io`: what browsers have to be told before Socket.IO is. The rest is `tidegate.realtime.events`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from starlette.types import Receive, Scope, Send

from tidegate.core.arrival import arrival
from tidegate.core.errors import Code
from tidegate.web.answers import SAFETY, Header, Refusal, answer, refusal_reply
from tidegate.web.cors import Pages
from tidegate.web.gateway import Gateway
from tidegate.web.websocket import refuse

PATHS: Final = frozenset(("/socket.io/", "/socket.io"))
METHODS: Final = b"GET, POST, OPTIONS"

_REFUSED: Final = "This origin is not one of the project's."


class SocketIoEndpoint:
    """Needs our `Socket` underneath websockets."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._pages = Pages(lambda: gateway.catalog.cors)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: list[Header] = scope["headers"]
        arrival.set("socket.io" if scope["type"] == "websocket" else "socket.io, polling")
        if scope["type"] == "websocket":
            if self._pages.admit(headers):
                await self._gateway.events(scope, receive, send)
            else:
                await receive()
                await refuse(send, _REFUSED, Code.FORBIDDEN, HTTPStatus.FORBIDDEN)
        elif scope["method"] == "OPTIONS":
            await answer(send, self._pages.policy.preflight(dict(headers), METHODS))
        elif self._pages.admit(headers):
            await self._gateway.events(scope, receive, self._with_headers(headers, send))
        else:
            await answer(send, refusal_reply(Refusal(HTTPStatus.FORBIDDEN, _REFUSED, Code.FORBIDDEN)))

    def stop(self) -> None:
        self._gateway.events.stop()

    def _with_headers(self, headers: list[Header], send: Send) -> Send:
        origin = next((value for name, value in headers if name == b"origin"), None)
        shared = (*SAFETY, *self._pages.policy.headers(origin))

        # Any: ASGI's message.
        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *shared]
            await send(message)

        return sent
