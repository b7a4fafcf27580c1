"""`/graphql` as a websocket: graphql-transport-ws, for subscriptions, queries and mutations."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from logging import getLogger
from typing import Final

from starlette.types import Receive, Scope, Send

from tidegate.core.arrival import arrival
from tidegate.core.errors import Code, OperationError
from tidegate.web.answers import Header, Refusal, Reply, refusal_reply
from tidegate.web.closing import CloseCode, Closing, bad_message, closing_of
from tidegate.web.cors import Pages
from tidegate.web.gateway import Gateway
from tidegate.web.messages import ACK, RENEWED, Complete, Init, Message, Ping, Subscribe, pong, read_message
from tidegate.web.operations import Operations
from tidegate.web.sockets import EXTENSION, Socket

log = getLogger(__name__)

SUBPROTOCOL: Final = "graphql-transport-ws"

_TOKENS: Final = (b"authorization", b"x-plasmic-data-user-auth-token")


class WebSocketEndpoint:
    """Needs our `Socket` underneath."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._pages = Pages(lambda: gateway.catalog.cors)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket: Socket = scope["extensions"][EXTENSION]
        await receive()
        headers: Sequence[Header] = scope["headers"]
        if not self._pages.admit(headers):
            await refuse(send, "This origin is not one of the project's.", Code.FORBIDDEN, HTTPStatus.FORBIDDEN)
            return
        offered: list[str] = scope["subprotocols"]
        # Browsers show a close code only where one of the subprotocols they offered was taken.
        chosen = SUBPROTOCOL if SUBPROTOCOL in offered else next(iter(offered), None)
        await send({"type": "websocket.accept", "subprotocol": chosen})
        if chosen != SUBPROTOCOL:
            socket.close(CloseCode.NO_SUBPROTOCOL, f"The subprotocol is {SUBPROTOCOL}")
            return
        tokens = tuple(header for header in headers if header[0] in _TOKENS)
        connection = Connection(self._gateway, socket, tokens)
        try:
            await connection.serve(receive)
        except Left:
            pass
        except Closing as closing:
            socket.close(closing.code, closing.reason)
        except Exception:
            # The last border, as for HTTP.
            log.exception("A websocket failed.")
            socket.close(CloseCode.INTERNAL, "Something went wrong on the server")
        finally:
            connection.end()


class Left(Exception):
    """The connection is closed already."""


class Connection:
    """One client from its connection_init on. `tokens` are the upgrade's."""

    def __init__(self, gateway: Gateway, socket: Socket, tokens: tuple[Header, ...]) -> None:
        self._gateway = gateway
        self._socket = socket
        self._tokens = tokens
        self._operations: Operations | None = None
        self._ended = False

    async def serve(self, receive: Receive) -> None:
        """Until the connection ends. Raises `Closing` where we have to end it, `Left` where it has ended."""
        operations = await self._acknowledged(receive)
        while True:
            match await self._next(receive):
                case Subscribe() as message:
                    operations.start(message)
                case Complete(id):
                    operations.complete(id)
                case Ping(payload, ()):
                    self._socket.send_text(pong(payload))
                case Ping(_, tokens):
                    await self._renew(operations, tokens)
                case Init():
                    raise Closing(CloseCode.TWICE, "Too many initialisation requests")

    def end(self) -> None:
        self._ended = True
        if self._operations is not None:
            self._operations.end()

    async def _acknowledged(self, receive: Receive) -> Operations:
        limits = self._gateway.catalog.limits
        try:
            async with asyncio.timeout(limits.initTimeout):
                init = await self._init(receive)
        except TimeoutError:
            raise Closing(CloseCode.INIT_TIMEOUT, "Connection initialisation timeout") from None
        headers = tuple(dict.fromkeys((*self._tokens, *init.tokens)))
        arrival.set("websocket")
        try:
            client = await self._gateway.connect(headers, self._token_ended)
        except OperationError as error:
            raise closing_of(error) from error
        self._operations = Operations(self._gateway, client, self._socket)
        if self._ended:
            self._operations.end()
            raise Left
        self._socket.send_text(ACK)
        return self._operations

    async def _init(self, receive: Receive) -> Init:
        while True:
            match await self._next(receive):
                case Init() as init:
                    return init
                case Ping(payload, ()):
                    self._socket.send_text(pong(payload))
                case Ping() | Subscribe():
                    raise Closing(CloseCode.UNAUTHORIZED, "Unauthorized")

    async def _next(self, receive: Receive) -> Message:
        # Who does not read what we say is not listened to.
        await self._socket.writable.wait()
        message = await receive()
        if message["type"] == "websocket.disconnect":
            raise Left
        text: str | None = message.get("text")
        if text is None:
            raise bad_message("Messages are text, not binary")
        return read_message(text)

    async def _renew(self, operations: Operations, tokens: tuple[Header, ...]) -> None:
        try:
            await operations.client.renew(tokens)
        except OperationError as error:
            raise Closing(CloseCode.FORBIDDEN, "Forbidden") from error
        self._socket.send_text(RENEWED)

    def _token_ended(self, error: OperationError) -> None:
        closing = closing_of(error)
        self._socket.close(closing.code, closing.reason)
        self.end()


async def refuse(send: Send, message: str, code: Code, status: HTTPStatus) -> None:
    """Answers an upgrade as HTTP."""
    reply: Reply = refusal_reply(Refusal(status, message, code))
    await send({"type": "websocket.http.response.start", "status": reply.status, "headers": reply.headers})
    await send({"type": "websocket.http.response.body", "body": reply.body})
