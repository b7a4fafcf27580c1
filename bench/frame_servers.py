"""Servers that send one list to every websocket, each its own way: `python -m bench.frame_servers KIND PORT`."""

from __future__ import annotations

import json
import re
import sys
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvicorn
import uvloop

from tidegate.core.catalog import Auth, Catalog, Cors
from tidegate.core.limits import Limits
from tidegate.core.live import Result, Sink
from tidegate.settings import Settings
from tidegate.web import server
from tidegate.web.messages import ACK

NAMES = {
    "websockets": "websockets + ASGI send",
    "wsproto": "wsproto + ASGI send",
    "websockets-sansio": "websockets-sansio + ASGI send",
    "written": "transport.write of one frame",
    "tidegate": "Tidegate from Sink.result on",
}
EMPTY = b'{"data":{"tickets":[]}}'
TITLE = re.compile(r"Number \d+[\w: ]*")
"""As `bench.subscribers` writes it."""
ROW = '{{"id":{},"title":"{}","status":"Todo","email":"customer{}@example.com","priority":2}}'
BOARD = ",".join(ROW.format(number, f"Ticket {number}: the printer is on fire", number) for number in range(2, 45))

# Any: ASGI's messages and scopes are open-ended.
Send = Callable[[Any], Awaitable[None]]


def board(asked: str) -> str | None:
    """The response with what this mutation writes, if it is one."""
    found = TITLE.search(asked)
    return f'{{"data":{{"board":[{ROW.format(1, found[0], 1)},{BOARD}]}}}}' if found else None


class Plain:
    """What a program on ASGI does: it encodes once, and sends to each in turn."""

    def __init__(self) -> None:
        self.live: dict[Send, str] = {}

    async def __call__(self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        if scope["type"] == "websocket":
            await self.listen(scope, receive, send)
        elif scope["type"] == "http":
            text = board((await receive())["body"].decode())
            if text is not None:
                await self.publish(text)
            length = (b"content-length", b"%d" % len(EMPTY))
            await send({"type": "http.response.start", "status": 200, "headers": [length]})
            await send({"type": "http.response.body", "body": EMPTY})

    async def listen(self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        del scope
        await receive()
        await send({"type": "websocket.accept", "subprotocol": "graphql-transport-ws"})
        while (event := await receive())["type"] == "websocket.receive":
            message = json.loads(event["text"])
            if message["type"] == "connection_init":
                await send({"type": "websocket.send", "text": ACK.decode()})
            else:
                self.live[send] = f'{{"id":"{message["id"]}","type":"next","payload":'
        self.live.pop(send, None)

    async def publish(self, text: str) -> None:
        rest = text + "}"
        for send, start in self.live.items():
            await send({"type": "websocket.send", "text": start + rest})


class Written(Plain):
    """The floor under every way through uvicorn's transports: the same bytes for all, the id of one included."""

    async def publish(self, text: str) -> None:
        payload = f"{next(iter(self.live.values()))}{text}}}".encode()
        frame = b"\x81\x7e%b%b" % (len(payload).to_bytes(2, "big"), payload)
        for send in self.live:
            # Any: a method of uvicorn's protocol.
            bound: Any = send
            bound.__self__.transport.write(frame)


class Ours:
    """Our web with nothing behind it. Clients and the subscriptions' ends are those of `tidegate.web.gateway`."""

    def __init__(self) -> None:
        auth = Auth(None, {}, "anonymous", None)
        self.catalog = Catalog(
            name="frames",
            folder=Path(),
            roles=("anonymous",),
            auth=auth,
            cors=Cors(),
            limits=Limits(),
            config={},
            integrations={},
            types={},
            objects={},
            operations={},
        )
        self.authenticator = self.events = self
        self.sinks: dict[Sink, None] = {}

    async def open(self) -> None: ...

    def stop(self) -> None: ...

    async def authenticate(self, _headers: object) -> None: ...

    async def connect(self, _headers: object, _ended: object) -> Listener:
        return Listener(self)

    async def execute(self, _text: str, _name: object, variables: object, _user: object) -> Answered:
        response = board(str(variables))
        if response is not None:
            result = Result(response.encode())
            for sink in self.sinks:
                sink.result(result)
        return Answered()


class Answered:
    body = EMPTY
    errors = ()
    data_present = True


class Listener:
    def __init__(self, gateway: Ours) -> None:
        self._gateway = gateway
        self._sink: Sink | None = None

    def is_subscription(self, text: str, _name: object) -> bool:
        return text.startswith("subscription")

    def subscribe(self, _text: str, _name: object, _variables: object, sink: Sink) -> Listener:
        self._sink = sink
        self._gateway.sinks[sink] = None
        return self

    def close(self) -> None:
        if self._sink is not None:
            self._gateway.sinks.pop(self._sink, None)


def main(kind: str, port: str) -> None:
    warnings.simplefilter("ignore", DeprecationWarning)
    if kind == "tidegate":
        # Any: a stand-in, for as much as is asked of it.
        gateway: Any = Ours()
        settings = Settings(port=int(port), max_connections=50_000)
        with server.listen(settings.host, settings.port) as listener:
            uvloop.run(server.build_server(gateway, settings, lambda: None).serve(sockets=[listener]))
        return
    app = Written() if kind == "written" else Plain()
    # Any: the names of uvicorn's own classes are literals.
    chosen: Any = "websockets-sansio" if kind == "written" else kind
    uvicorn.run(app, port=int(port), ws=chosen, ws_per_message_deflate=False, lifespan="off", log_level="error")


if __name__ == "__main__":
    main(*sys.argv[1:])
