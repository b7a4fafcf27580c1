"""`/1/objects/action/{object}[/{id}]`: actions on demand by their address, as Backand's clients ask for them.

There are no cookies: who a request is from is told by its token alone, which no page can make another page's browser
send. So also GET may have effects: a link or an image of somebody's page does what anybody without a token may do from
anywhere, and pages of origins that `cors` does not list are refused before anything is done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from starlette.types import Receive, Scope, Send

from tidegate.core.errors import Code, OperationError
from tidegate.schema.demanded import Asked, Demanded
from tidegate.web.answers import (
    CHALLENGE,
    HEADERS,
    SAFETY,
    Header,
    Media,
    Refusal,
    Reply,
    answer,
    bad_request,
    error_body,
    refusal_reply,
)
from tidegate.web.attendance import Attended
from tidegate.web.bodies import Gone, read_body, read_json
from tidegate.web.cors import Pages
from tidegate.web.failures import as_shown
from tidegate.web.fields import check_content, merged
from tidegate.web.gateway import Gateway
from tidegate.web.shortcuts import write_whole

PATH: Final = "/1/objects/action/"
METHODS: Final = b"GET, POST, PUT, DELETE, OPTIONS"
GUID: Final = b"backand-action-guid"

_TEXT: Final[tuple[Header, ...]] = ((b"content-type", b"text/plain; charset=utf-8"), *SAFETY)
_JSON: Final = HEADERS[Media.JSON]

_STATUSES: Final[Mapping[str, HTTPStatus]] = {
    Code.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    Code.FORBIDDEN: HTTPStatus.FORBIDDEN,
    Code.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Code.UPSTREAM_FAILED: HTTPStatus.BAD_GATEWAY,
    Code.TIMEOUT: HTTPStatus.GATEWAY_TIMEOUT,
    Code.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""All others are the action's own failure: 417."""


class ActionEndpoint:
    """Answers with the gateway's newest edition."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._pages = Pages(lambda: gateway.catalog.cors, exposed=GUID)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: Sequence[Header] = scope["headers"]
        origin = next((value for name, value in headers if name == b"origin"), None)
        try:
            fields = merged(headers)
            if scope["method"] == "OPTIONS":
                reply = self._pages.policy.preflight(fields, METHODS)
            else:
                reply = await self._execute(scope, receive, fields)
        except Gone:
            return
        except Refusal as refusal:
            reply = refusal_reply(refusal, headers=self._pages.policy.headers(origin))
        except Exception as error:  # noqa: BLE001 - logged there
            reply = self._failed(as_shown(error), self._pages.policy.headers(origin))
        if not write_whole(send, reply):
            await answer(send, reply)

    async def _execute(self, scope: Scope, receive: Receive, fields: Mapping[bytes, bytes]) -> Reply:
        """Raises `Refusal`, `Gone` and `OperationError`."""
        gateway, method = self._gateway, scope["method"]
        if method.encode() not in METHODS.split(b", "):
            message = f"{method} is not a method of this address."
            raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, message, Code.BAD_USER_INPUT, (b"allow", METHODS))
        if not self._pages.admit(scope["headers"]):
            raise Refusal(HTTPStatus.FORBIDDEN, "This origin is not one of the project's.", Code.FORBIDDEN)
        authenticator = gateway.authenticator
        user = await authenticator.authenticate(scope["headers"])
        target, *key = _parts(scope)
        given = _query(scope["query_string"])
        body: Mapping[str, Any] = {}
        if method in ("POST", "PUT"):
            body = _object(await read_body(receive, fields.get(b"content-length"), gateway.catalog.limits), fields)
        name = given.get("name")
        if not name:
            raise OperationError(Code.NOT_FOUND, "actionName is missing")
        asked = Asked(target, name, tuple(key), _parameters(given.get("parameters")), body)
        while authenticator is not gateway.authenticator:
            # The project was reloaded while we waited, as in `endpoint`.
            authenticator = gateway.authenticator
            user = await authenticator.authenticate(scope["headers"])
        with Attended(receive):
            demanded = await gateway.demand(asked, user)
        return self._reply(demanded, self._pages.policy.headers(fields.get(b"origin")))

    def _reply(self, demanded: Demanded, shared: tuple[Header, ...]) -> Reply:
        if demanded.id is not None:
            shared = (*shared, (GUID, demanded.id.encode()))
        if demanded.error is not None:
            return self._failed(demanded.error, shared)
        if demanded.json is None:
            return Reply(HTTPStatus.OK, (*SAFETY, *shared))
        return Reply(HTTPStatus.OK, (*_JSON, *shared), demanded.json)

    def _failed(self, error: OperationError, shared: tuple[Header, ...]) -> Reply:
        status = _STATUSES.get(error.code)
        body = error_body(error.message.encode("utf-8", "replace").decode(), error.extensions)
        if status is HTTPStatus.UNAUTHORIZED:
            return Reply(status, (*_JSON, *shared, CHALLENGE), body)
        if status is not None:
            return Reply(status, (*_JSON, *shared), body)
        if error.extensions.get("skipped"):
            return Reply(HTTPStatus.CONFLICT, (*_JSON, *shared), body)
        return Reply(HTTPStatus.EXPECTATION_FAILED, (*_TEXT, *shared), error.message.encode("utf-8", "replace"))


def _parts(scope: Scope) -> list[str]:
    """The object, and the row's key: a segment of the path for each of its fields. Raises `Refusal`."""
    path: bytes = scope["raw_path"]
    if path.startswith(PATH.encode()):
        segments = path[len(PATH) :].removesuffix(b"/").split(b"/")
        try:
            return [unquote(segment.decode("ascii"), errors="strict") for segment in segments]
        except UnicodeDecodeError:
            pass
    raise Refusal(HTTPStatus.NOT_FOUND, "There is nothing at this address.", Code.NOT_FOUND)


def _query(text: bytes) -> dict[str, str]:
    """`name` and `parameters`; what else stands in the address is nobody's. Raises `Refusal`."""
    try:
        pairs = parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise bad_request("The address has parameters that cannot be read.") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in ("name", "parameters"):
            if name in found:
                raise bad_request(f'The parameter "{name}" is given twice.')
            found[name] = value
    return found


# Any: the client's JSON.
def _parameters(text: str | None) -> Mapping[str, Any]:
    """Raises `OperationError`."""
    if not text:
        return {}
    try:
        value = read_json(text)
    except (Refusal, UnicodeEncodeError):
        value = ...
    if value is not None and not isinstance(value, dict):
        raise OperationError(Code.BAD_USER_INPUT, "The parameters are not a JSON object.")
    return value or {}


# Any: as above.
def _object(body: bytes, fields: Mapping[bytes, bytes]) -> Mapping[str, Any]:
    """Raises `Refusal`."""
    if not body:
        return {}
    check_content(fields)
    value = read_json(body)
    if value is not None and not isinstance(value, dict):
        raise bad_request("The request must be a JSON object.")
    return value or {}
