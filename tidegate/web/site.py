"""Every address of the gateway."""

from __future__ import annotations

from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send

from tidegate.core.errors import Code
from tidegate.web.actions import PATH as ACTIONS
from tidegate.web.actions import ActionEndpoint
from tidegate.web.answers import SAFETY, error_body
from tidegate.web.console import PATH as CONSOLE
from tidegate.web.console import ConsoleEndpoint
from tidegate.web.console_inside import Inside
from tidegate.web.debug import LiveEndpoint
from tidegate.web.endpoint import GraphQLEndpoint
from tidegate.web.frontend import Frontend
from tidegate.web.gateway import Gateway
from tidegate.web.graphiql import FOLDER, Page
from tidegate.web.sign_in import PATH as SIGN_IN
from tidegate.web.sign_in import Doorkeeper, SignInEndpoint
from tidegate.web.single_connection import EventStreamEndpoint
from tidegate.web.socketio import PATHS, SocketIoEndpoint
from tidegate.web.streams import Streams
from tidegate.web.touches import PATH as TOUCH
from tidegate.web.touches import TouchEndpoint
from tidegate.web.webhooks import PATH as WEBHOOKS
from tidegate.web.webhooks import WebhookEndpoint
from tidegate.web.websocket import WebSocketEndpoint, refuse

GRAPHQL = "/graphql"
NOTHING_HERE = "There is nothing at this address."
STREAM = "/graphql/stream"
LIVE = "/debug/live"


class Site:
    """The whole as one ASGI app. `/graphql` is found before any routing; Starlette has the rest. `ready` is what
    `/readyz` tells load balancers: the server lowers it before it stops."""

    def __init__(
        self,
        gateway: Gateway,
        page: Page | None,
        frontend: Frontend | None = None,
        doorkeeper: Doorkeeper | None = None,
        inside: Inside | None = None,
    ) -> None:
        self.ready = True
        self._streams = Streams()
        self._graphql = GraphQLEndpoint(gateway, page, self._streams)
        self._stream = EventStreamEndpoint(gateway, self._streams)
        self._websocket = WebSocketEndpoint(gateway)
        self._socketio = SocketIoEndpoint(gateway)
        self._actions = ActionEndpoint(gateway)
        self._webhooks = WebhookEndpoint(gateway)
        self._touches = TouchEndpoint(gateway)
        self._live = LiveEndpoint(gateway, self._streams, development=page is not None)
        development = page is not None
        self._console = (
            ConsoleEndpoint(gateway, inside, self._streams, development=development) if inside is not None else None
        )
        routes: list[BaseRoute] = [Route("/healthz", _alive), Route("/readyz", self._readiness)]
        if page is not None:
            routes.append(Mount(FOLDER.rstrip("/"), page))
        if doorkeeper is not None:
            routes.append(Route(SIGN_IN, SignInEndpoint(gateway, doorkeeper)))
        if frontend is not None:
            # Last: every address of ours comes before a file of that name.
            routes.append(Mount("/", frontend))
        self._others = Starlette(routes=routes, exception_handlers={HTTPException: _refused, Exception: _failed})
        self._others.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == GRAPHQL:
            await self._graphql(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == STREAM:
            await self._stream(scope, receive, send)
        elif scope["type"] == "http" and scope["path"].startswith(ACTIONS):
            await self._actions(scope, receive, send)
        elif scope["type"] == "http" and scope["path"].startswith(WEBHOOKS):
            await self._webhooks(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == TOUCH:
            await self._touches(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == LIVE:
            await self._live(scope, receive, send)
        elif self._console is not None and scope["type"] == "http" and _is_under(scope["path"], CONSOLE):
            await self._console(scope, receive, send)
        elif scope["type"] in ("http", "websocket") and scope["path"] in PATHS:
            await self._socketio(scope, receive, send)
        elif scope["type"] == "websocket":
            if scope["path"] == GRAPHQL:
                await self._websocket(scope, receive, send)
            else:
                await refuse(send, NOTHING_HERE, Code.NOT_FOUND, HTTPStatus.NOT_FOUND)
        else:
            await self._others(scope, receive, send)

    def stop(self) -> None:
        """The server is about to end: so does every answer that goes on."""
        self.ready = False
        self._streams.stop()
        self._socketio.stop()

    async def _readiness(self, _request: Request) -> Response:
        """The project is open, and the server is not about to stop."""
        if self.ready:
            return _json(HTTPStatus.OK, b'{"status":"ready"}')
        return _json(HTTPStatus.SERVICE_UNAVAILABLE, b'{"status":"stopping"}')


def build_site(
    gateway: Gateway,
    *,
    development: bool = False,
    frontend: Frontend | None = None,
    doorkeeper: Doorkeeper | None = None,
    inside: Inside | None = None,
) -> Site:
    """The site of an opened gateway. In development, browsers that open `/graphql` get GraphiQL, and `/debug/live` is
    open to this machine. `frontend` has every address that is not ours; `doorkeeper` lets a demonstration's users
    in; `inside` is what `/console` shows, where there is one."""
    page = Page(gateway.catalog.name, console=inside is not None) if development else None
    return Site(gateway, page, frontend, doorkeeper, inside)


def _is_under(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")


async def _alive(_request: Request) -> Response:
    """The process answers."""
    return _json(HTTPStatus.OK, b'{"status":"ok"}')


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.NOT_FOUND:
        message, code = NOTHING_HERE, Code.NOT_FOUND
    else:
        message, code = f"{request.method} is not a method of this address.", Code.BAD_USER_INPUT
    return _json(error.status_code, error_body(message, {"code": code}), dict(error.headers or {}))


async def _failed(_request: Request, _error: Exception) -> Response:
    body = error_body("Something went wrong on the server.", {"code": Code.INTERNAL})
    return _json(HTTPStatus.INTERNAL_SERVER_ERROR, body)


def _json(status: int, body: bytes, headers: dict[str, str] | None = None) -> Response:
    shared = {name.decode(): value.decode() for name, value in SAFETY}
    return Response(body, status, {**shared, **(headers or {})}, "application/json; charset=utf-8")
