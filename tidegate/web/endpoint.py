"""`/graphql`: GraphQL over HTTP as a plain ASGI callable, without request and response objects on its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from http import HTTPStatus
from logging import getLogger
from typing import Any, Final
from uuid import uuid4

from starlette.types import Receive, Scope, Send

from tidegate.core.errors import Code, OperationError
from tidegate.schema.request_errors import DocumentError
from tidegate.web.accept import negotiate, prefers_page
from tidegate.web.answers import (
    CHALLENGE,
    HEADERS,
    Header,
    Media,
    Refusal,
    Reply,
    answer,
    bad_request,
    error_body,
    errors_body,
    refusal_reply,
)
from tidegate.web.bodies import Gone, read_body
from tidegate.web.cors import ALLOW, NO_CORS, CorsPolicy
from tidegate.web.gateway import Gateway
from tidegate.web.graphiql import Page
from tidegate.web.requests import Parameters, from_address, from_body, only_reads
from tidegate.web.shortcuts import write_whole

log = getLogger(__name__)

UNEXPECTED: Final = "Something went wrong on the server."

_SINGLE: Final = frozenset({b"content-type", b"content-length", b"content-encoding", b"origin"})


class GraphQLEndpoint:
    """Answers with the gateway's newest edition. With a `page`, browsers that open the address get it."""

    def __init__(self, gateway: Gateway, page: Page | None = None) -> None:
        self._gateway = gateway
        self._page = page
        self._cors = NO_CORS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        catalog = self._gateway.catalog
        if self._cors.cors is not catalog.cors:
            self._cors = CorsPolicy(catalog.cors)
        headers: Sequence[Header] = scope["headers"]
        fields = dict(headers)
        try:
            if len(fields) != len(headers):
                fields = _merged(headers)
            reply = self._without_execution(scope["method"], fields)
            if reply is None:
                media = _media(fields)
                reply = await self._execute(scope, receive, fields, media)
        except Gone:
            return
        except Refusal as refusal:
            reply = refusal_reply(refusal, negotiate(fields.get(b"accept")) or Media.JSON, self._shared(fields))
        if not write_whole(send, reply):
            await answer(send, reply)

    def _without_execution(self, method: str, fields: Mapping[bytes, bytes]) -> Reply | None:
        if method == "POST":
            return None
        if method == "OPTIONS":
            return self._cors.preflight(fields)
        if method not in ("GET", "HEAD"):
            message = f"{method} is not a method of this address."
            raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, message, Code.BAD_USER_INPUT, ALLOW)
        if self._page is not None and prefers_page(fields.get(b"accept")):
            return self._page.reply()
        return None

    async def _execute(self, scope: Scope, receive: Receive, fields: Mapping[bytes, bytes], media: Media) -> Reply:
        gateway = self._gateway
        limits = gateway.catalog.limits
        headers = (*HEADERS[media], *self._shared(fields))
        try:
            authenticator = gateway.authenticator
            if scope["method"] == "POST":
                _check_content(fields)
                user = await authenticator.authenticate(scope["headers"])
                asked = from_body(await read_body(receive, fields.get(b"content-length"), limits))
            else:
                user = await authenticator.authenticate(scope["headers"])
                asked = from_address(scope["query_string"])
                _check_reads(asked, limits.tokens)
            while authenticator is not gateway.authenticator:
                # The project was reloaded while we waited: a rank among the roles of before may mean another role now.
                authenticator = gateway.authenticator
                user = await authenticator.authenticate(scope["headers"])
            response = await gateway.execute(asked.query, asked.operation_name, asked.variables, user)
        except (Gone, Refusal):
            raise
        except DocumentError as error:
            return Reply(_status(media, error.errors), headers, errors_body(error.errors))
        except OperationError as error:
            return _failure(error, media, headers)
        except Exception as error:
            # The last border: whatever happened, the client gets a GraphQL error and nothing of ours.
            reference = uuid4().hex
            log.error("Request %s failed.", reference, exc_info=error)
            return _failure(OperationError(Code.INTERNAL, UNEXPECTED, {"id": reference}), media, headers)
        return Reply(200 if response.data_present else _status(media, response.errors), headers, response.body)

    def _shared(self, fields: Mapping[bytes, bytes]) -> tuple[Header, ...]:
        return self._cors.headers(fields.get(b"origin"))


def _failure(error: OperationError, media: Media, headers: tuple[Header, ...]) -> Reply:
    """The request as a whole failed."""
    body = error_body(error.message, error.extensions)
    match error.code:
        case Code.UNAUTHENTICATED:
            return Reply(HTTPStatus.UNAUTHORIZED, (*headers, CHALLENGE), body)
        case Code.INTERNAL:
            return Reply(HTTPStatus.INTERNAL_SERVER_ERROR, headers, body)
        case _:
            return Reply(HTTPStatus.OK if media is Media.JSON else HTTPStatus.BAD_REQUEST, headers, body)


def _media(fields: Mapping[bytes, bytes]) -> Media:
    media = negotiate(fields.get(b"accept"))
    if media is None:
        message = f"The answer can be {' or '.join(Media)}."
        raise Refusal(HTTPStatus.NOT_ACCEPTABLE, message, Code.BAD_USER_INPUT)
    return media


# Any: errors are JSON objects.
def _status(media: Media, errors: Sequence[Mapping[str, Any]]) -> HTTPStatus:
    """Of a response without data. Under `application/json` a document's fate does not show in the status: clients
    and proxies of that time would hide the body."""
    if media is not Media.GRAPHQL:
        return HTTPStatus.OK
    codes = {error.get("extensions", {}).get("code") for error in errors}
    return HTTPStatus.INTERNAL_SERVER_ERROR if Code.INTERNAL in codes else HTTPStatus.BAD_REQUEST


def _check_reads(parameters: Parameters, most_tokens: int) -> None:
    if not only_reads(parameters.query, parameters.operation_name, most_tokens):
        message = "GET is for queries only: send this by POST."
        raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, message, Code.BAD_USER_INPUT, (b"allow", b"POST"))


def _check_content(fields: Mapping[bytes, bytes]) -> None:
    # A form or a plain text could be sent by any page without asking: what is not JSON is not looked at.
    if not _is_json(fields.get(b"content-type")):
        raise Refusal(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "The request's Content-Type must be application/json, in UTF-8.",
            Code.BAD_USER_INPUT,
            (b"accept-post", b"application/json"),
        )
    if fields.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        raise Refusal(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "The request's body must not be compressed.",
            Code.BAD_USER_INPUT,
            (b"accept-encoding", b"identity"),
        )


@lru_cache(maxsize=64)
def _is_json(content_type: bytes | None) -> bool:
    if content_type is None or len(content_type) > 200:
        return False
    name, *parameters = content_type.decode("latin-1").lower().split(";")
    if name.strip() != "application/json":
        return False
    pairs = (parameter.partition("=") for parameter in parameters)
    charsets = [value.strip().strip('"') for key, _, value in pairs if key.strip() == "charset"]
    return all(charset in ("utf-8", "utf8") for charset in charsets)


def _merged(headers: Sequence[Header]) -> dict[bytes, bytes]:
    """Repeated headers as one, where that has a meaning. Raises `Refusal` where it has none."""
    fields: dict[bytes, bytes] = {}
    for name, value in headers:
        if name not in fields:
            fields[name] = value
        elif name in _SINGLE:
            raise bad_request(f"The header {name.decode('latin-1')} is given twice.")
        else:
            fields[name] += b", " + value
    return fields
