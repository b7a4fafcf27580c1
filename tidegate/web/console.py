"""`/console`: a page to look at the project and at what the gateway does, and everything that the page asks for.

There are no cookies: a token comes in a header or not at all, so no other page can make a browser ask in somebody's
name. The page and its files hold nothing of the project and are anybody's; whatever else is asked, `Access` decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope, Send

from tidegate.core.errors import Code, OperationError
from tidegate.core.json import Json
from tidegate.web.answers import HEADERS, Media, Refusal, Reply, answer, bad_request, refusal_reply
from tidegate.web.bodies import Gone, read_body, read_json
from tidegate.web.console_access import Access, Visitor
from tidegate.web.console_calls import MOST_CALLS, ConsoleCall, Wanted
from tidegate.web.console_inside import Inside
from tidegate.web.console_live import Followers
from tidegate.web.console_page import ConsolePage
from tidegate.web.event_stream import EVENT_STREAM
from tidegate.web.failures import failed_to_begin
from tidegate.web.fields import check_content, merged
from tidegate.web.gateway import Gateway
from tidegate.web.streams import Streams

PATH: Final = "/console"
API: Final = "/console/api/"
MOST_RUNS: Final = 200
"""Of the history, in one answer."""


class Serving(Protocol):
    """An answer that goes on."""

    async def serve(self, receive: Receive, send: Send, /) -> None: ...


class ConsoleEndpoint:
    """Its streams are among the `streams`. With `development`, for authors, and otherwise for operators."""

    def __init__(self, gateway: Gateway, inside: Inside, streams: Streams, *, development: bool) -> None:
        self._gateway = gateway
        self._inside = inside
        self._streams = streams
        self._access = Access(gateway, development=development)
        self._page = ConsolePage()
        self._followers = Followers(gateway, inside, self._access, streams)
        self._calls = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun: Reply | Serving
        try:
            path: str = scope["path"]
            if path.startswith(API):
                begun = await self._ask(scope, receive, path.removeprefix(API))
            else:
                begun = self._look(scope, path)
        except Gone:
            return
        except Refusal as refusal:
            begun = refusal_reply(refusal)
        except Exception as error:  # noqa: BLE001 - logged there
            begun = _failed(error)
        if isinstance(begun, Reply):
            await answer(send, begun)
        else:
            await begun.serve(receive, send)

    def _look(self, scope: Scope, path: str) -> Reply:
        _check_method(scope, "GET", "HEAD")
        if path in (PATH, PATH + "/"):
            return self._page.reply()
        return self._page.file(path.removeprefix(PATH + "/"), dict(scope["headers"]).get(b"if-none-match"))

    async def _ask(self, scope: Scope, receive: Receive, what: str) -> Reply | Serving:
        """Raises `Refusal`, `Gone` and `OperationError`."""
        fields = merged(scope["headers"])
        # Who may not look is not told what there is.
        visitor = await self._access.admit(scope, fields)
        given = dict(parse_qsl(scope["query_string"].decode("latin-1"), max_num_fields=20))
        first, _, rest = what.partition("/")
        match (first, rest.split("/") if rest else []):
            case ("run", []):
                _check_method(scope, "POST")
                return await self._run(visitor, await self._body(receive, fields))
            case ("runs", [id, "replay"]):
                _check_method(scope, "POST")
                return await self._replay(visitor, id, await self._body(receive, fields))
            case ("project", []):
                found = self._project(visitor)
            case ("operations", [name]):
                found = self._inside.operation(name, given.get("role"))
            case ("operations", [name, "refreshing"]):
                found = await self._inside.refreshing(name)
            case ("state", []):
                found = self._inside.standing()
            case ("health", []):
                found = await self._inside.health()
            case ("runs", []):
                most = given.get("most", "50")
                count = min(int(most), MOST_RUNS) if most.isdecimal() and len(most) < 5 else MOST_RUNS
                runs = await self._inside.runs(given.get("function"), count)
                found = {"runs": [_shown(run, visitor) for run in runs]}
            case ("runs", [id]):
                found = _shown(await self._inside.run(id), visitor)
            case ("live", []):
                _check_method(scope, "GET")
                return await self._followers.begin(scope, visitor)
            case _:
                raise Refusal(HTTPStatus.NOT_FOUND, "There is nothing at this address.", Code.NOT_FOUND)
        _check_method(scope, "GET")
        return Reply(HTTPStatus.OK, HEADERS[Media.JSON], orjson.dumps(found, default=str))

    def _project(self, visitor: Visitor) -> Mapping[str, Any]:
        """Any, here and below: JSON."""
        user = visitor.user
        return {
            **self._inside.project(),
            "you": {"verified": user.verified, "role": user.role, "user": user.id},
            "author": visitor.author,
            "demo": list(self._inside.demo_users()) if visitor.author else [],
        }

    async def _body(self, receive: Receive, fields: Mapping[bytes, bytes]) -> Mapping[str, Any]:
        check_content(fields)
        limits = self._gateway.catalog.limits
        value = read_json(await read_body(receive, fields.get(b"content-length"), limits))
        if not isinstance(value, dict):
            raise bad_request("The request must be a JSON object.")
        return value

    async def _run(self, visitor: Visitor, body: Mapping[str, Any]) -> Serving:
        name = _part(body, "operation", str)
        arguments: Mapping[str, Json] = _part(body, "arguments", dict, {})
        selection: str | None = _part(body, "selection", str, None)
        user = visitor.user
        if "as" in body:
            if not visitor.author:
                raise OperationError(Code.FORBIDDEN, "Calling as somebody else is for development.")
            asked = _part(body, "as", dict, None)
            claims = None if asked is None else _part(asked, "claims", dict, {})
            user = self._inside.caller(claims, None if asked is None else _part(asked, "role", str, None))
        text = self._inside.document(name, arguments, selection, user)
        return self._begin(Wanted(text, arguments, user, "console", visitor.author))

    async def _replay(self, visitor: Visitor, id: str, body: Mapping[str, Any]) -> Serving:
        if not visitor.author:
            raise OperationError(Code.FORBIDDEN, "Runs are replayed in development, or by the command line.")
        run = await self._inside.run(id)
        given: Mapping[str, Json] = _part(body, "arguments", dict, {})
        missing = [name for name in run["masked"] if name not in given]
        if missing:
            raise OperationError(Code.BAD_USER_INPUT, f"Private, so not kept: {', '.join(missing)}. Give them again.")
        if run["cut"]:
            raise OperationError(Code.BAD_USER_INPUT, f"Too long to be kept: {', '.join(run['cut'])}.")
        user = self._inside.kept_caller(run["role"], run["user"])
        arguments = {**run["arguments"], **given}
        text = self._inside.document(run["function"], arguments, None, user)
        return self._begin(Wanted(text, arguments, user, "replay", values=True))

    def _begin(self, wanted: Wanted) -> Serving:
        if self._calls >= MOST_CALLS:
            raise OperationError(Code.LIMIT, f"{MOST_CALLS} calls of the console are under way already.")
        idle = self._gateway.catalog.limits.idleReader
        stream = self._streams.open(EVENT_STREAM, (), idle, self._called)
        self._calls += 1
        return ConsoleCall(self._inside, wanted, stream)

    def _called(self) -> None:
        self._calls -= 1


def _shown(run: Mapping[str, Any], visitor: Visitor) -> Mapping[str, Any]:
    """A run as it was kept. What somebody else has sent, and where in the code it failed, is for authors."""
    if visitor.author:
        return run
    return {
        **run,
        "failure": _outer(run["failure"]),
        "steps": [{**step, "failure": _outer(step["failure"])} for step in run["steps"]],
        "lines": [],
        "arguments": None,
        "user": {"id": run["user"].get("id")},
    }


def _outer(failure: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return None if failure is None else {"code": failure["code"], "message": failure["message"]}


_NEEDED: Final = object()


# Any: what is read is of the type that is asked for.
def _part(body: Mapping[str, Any], name: str, kind: type, default: object = _NEEDED) -> Any:
    value = body.get(name, default)
    if value is default and default is not _NEEDED:
        return default
    if not isinstance(value, kind):
        raise bad_request(f'"{name}" is missing, or of another type.')
    return value


def _check_method(scope: Scope, *methods: str) -> None:
    if scope["method"] not in methods:
        message = f"{scope['method']} is not a method of this address."
        allow = (b"allow", ", ".join(methods).encode())
        raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, message, Code.BAD_USER_INPUT, allow)


_STATUSES: Final = {
    Code.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Code.BAD_USER_INPUT: HTTPStatus.BAD_REQUEST,
    Code.UPSTREAM_FAILED: HTTPStatus.BAD_GATEWAY,
}


def _failed(error: Exception) -> Reply:
    if isinstance(error, OperationError) and error.code in _STATUSES:
        return refusal_reply(Refusal(_STATUSES[error.code], error.message, Code(error.code)))
    return failed_to_begin(error, HEADERS[Media.JSON])
