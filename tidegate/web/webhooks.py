"""`POST /webhooks/{path}`: an operation run by another system, which shows by a signature who it is.

Nothing of the body is looked at before the signature over its bytes is right. Tokens mean nothing here: who runs the
operation is what the project says.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from logging import getLogger
from typing import Final
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Reference
from tidegate.core.json import Json, Missing
from tidegate.core.operation import Operation
from tidegate.core.triggers import BODY, HEADERS, QUERY, Webhook, taken
from tidegate.core.types import named
from tidegate.schema.demanded import read_text
from tidegate.schema.invoked import Invoked
from tidegate.web import answers
from tidegate.web.answers import Media, Refusal, Reply, answer, bad_request, error_body, refusal_reply
from tidegate.web.attendance import Attended
from tidegate.web.bodies import Gone, read_body, read_json
from tidegate.web.deliveries import Deliveries, Known
from tidegate.web.failures import as_shown
from tidegate.web.fields import merged
from tidegate.web.gateway import Gateway
from tidegate.web.shortcuts import write_whole
from tidegate.web.signatures import Forged, verify

log = getLogger(__name__)

PATH: Final = "/webhooks/"
METHODS: Final = b"POST"
MOST_FIELDS: Final = 1000
"""Of a form, or of an address."""
_QUIET: Final = 10.0
"""Seconds between two lines of the log about one webhook's refused requests."""
_JSON: Final = answers.HEADERS[Media.JSON]
_FORM: Final = b"application/x-www-form-urlencoded"
_AGAIN: Final = b'{"data":null,"extensions":{"repeated":true}}'

_STATUSES: Final[Mapping[str, HTTPStatus]] = {
    Code.BAD_USER_INPUT: HTTPStatus.BAD_REQUEST,
    Code.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    Code.FORBIDDEN: HTTPStatus.FORBIDDEN,
    Code.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Code.CONFLICT: HTTPStatus.CONFLICT,
    Code.REFUSED: HTTPStatus.UNPROCESSABLE_ENTITY,
    Code.LIMIT: HTTPStatus.TOO_MANY_REQUESTS,
    Code.UPSTREAM_FAILED: HTTPStatus.BAD_GATEWAY,
    Code.TIMEOUT: HTTPStatus.GATEWAY_TIMEOUT,
    Code.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""All others are the operation's own failure: 417."""


class WebhookEndpoint:
    """Answers with the gateway's newest edition. `now` gives seconds since the epoch."""

    def __init__(self, gateway: Gateway, now: Callable[[], float] = time.time) -> None:
        self._gateway = gateway
        self._now = now
        self._deliveries = Deliveries()
        self._told: dict[str, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            reply = await self._answer(scope, receive)
        except Gone:
            return
        except Refusal as refusal:
            reply = refusal_reply(refusal)
        except Exception as error:  # noqa: BLE001 - logged there
            reply = _failed(as_shown(error))
        if not write_whole(send, reply):
            await answer(send, reply)

    async def _answer(self, scope: Scope, receive: Receive) -> Reply:
        fields = merged(scope["headers"])
        webhook = self._find(scope)
        if scope["method"] != "POST":
            message = f"{scope['method']} is not a method of this address."
            raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, message, Code.BAD_USER_INPUT, (b"allow", METHODS))
        body = await read_body(receive, fields.get(b"content-length"), self._gateway.catalog.limits)
        # The project may have been reloaded while we waited.
        webhook = self._find(scope)
        try:
            name = verify(webhook, fields, body, self._now())
        except Forged as error:
            self._tell(webhook, error)
            message = "The request is not signed as it must be."
            raise Refusal(HTTPStatus.UNAUTHORIZED, message, Code.UNAUTHENTICATED) from None
        operation = self._gateway.catalog.operations[webhook.operation]
        arguments = read_arguments(webhook, operation, fields, scope["query_string"], body)
        with Attended(receive):
            if name is None:
                return _reply(await self._gateway.invoke(operation.name, arguments, webhook.user, "webhook"))
            return await self._once((webhook.path, name), webhook, arguments)

    async def _once(self, delivery: tuple[str, bytes], webhook: Webhook, arguments: Mapping[str, Json]) -> Reply:
        """What failed may be tried again, by the sender too."""
        match self._deliveries.begin(delivery):
            case Known.DONE:
                return Reply(HTTPStatus.OK, _JSON, _AGAIN)
            case Known.UNDER_WAY:
                raise Refusal(HTTPStatus.CONFLICT, "This delivery is being taken already.", Code.CONFLICT)
        done = False
        try:
            invoked = await self._gateway.invoke(webhook.operation, arguments, webhook.user, "webhook")
            done = invoked.error is None
        finally:
            self._deliveries.end(delivery, done=done)
        return _reply(invoked)

    def _find(self, scope: Scope) -> Webhook:
        path: bytes = scope["raw_path"]
        webhook = self._gateway.catalog.webhooks.get(path[len(PATH) :].decode("latin-1"))
        if webhook is None or not path.startswith(PATH.encode()):
            raise Refusal(HTTPStatus.NOT_FOUND, "There is nothing at this address.", Code.NOT_FOUND)
        return webhook

    def _tell(self, webhook: Webhook, error: Forged) -> None:
        """The operator is told why, though not for each of many."""
        now = time.monotonic()
        if now - self._told.get(webhook.path, -_QUIET) >= _QUIET:
            self._told[webhook.path] = now
            log.warning("A request for the webhook %s was refused: %s.", webhook.path, error)


def read_arguments(
    webhook: Webhook, operation: Operation, fields: Mapping[bytes, bytes], query: bytes, body: bytes
) -> dict[str, Json]:
    """The arguments as they were sent. Texts of forms, addresses and headers are read as numbers and booleans where
    those are wanted. Raises `Refusal`."""
    content = fields.get(b"content-type", b"").partition(b";")[0].strip().lower()
    form = content == _FORM
    sent: Json = _pairs(body, "body") if form else read_json(body) if body.strip() else None
    arguments: dict[str, Json] = {}
    if webhook.arguments is None:
        if sent is not None and not isinstance(sent, Mapping):
            raise bad_request("The body is not a JSON object.")
        arguments = {name: value for name, value in (sent or {}).items() if name in operation.arguments}
        texts = set(arguments) if form else set()
    else:
        request: dict[str, Json] = {
            BODY: sent,
            QUERY: _pairs(query, "address"),
            HEADERS: {name.decode("latin-1"): value.decode("utf-8", "replace") for name, value in fields.items()},
        }
        texts = set()
        for name, expression in webhook.arguments.fields.items():
            value = taken(expression, request)
            if not isinstance(value, Missing):
                arguments[name] = value
            if isinstance(expression, Reference) and (form or expression.root != BODY):
                texts.add(name)
    for name in texts & arguments.keys():
        text = arguments[name]
        if isinstance(text, str):
            arguments[name] = read_text(text, named(operation.arguments[name].type))
    return arguments


def _pairs(text: bytes, where: str) -> dict[str, Json]:
    """A name that is given more than once has a list of values. Raises `Refusal`."""
    try:
        pairs = parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise bad_request(f"The {where} has parameters that cannot be read.") from None
    lists: dict[str, list[str]] = {}
    for name, value in pairs:
        lists.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in lists.items()}


def _reply(invoked: Invoked) -> Reply:
    if invoked.error is not None:
        return _failed(invoked.error)
    return Reply(HTTPStatus.OK, _JSON, b'{"data":' + invoked.json + b"}")


def _failed(error: OperationError) -> Reply:
    message = error.message.encode("utf-8", "replace").decode()
    status = _STATUSES.get(error.code, HTTPStatus.EXPECTATION_FAILED)
    return Reply(status, _JSON, error_body(message, error.extensions))
