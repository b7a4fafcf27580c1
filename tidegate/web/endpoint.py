"""`/graphql`: GraphQL over HTTP as a plain ASGI callable, without request and response objects on its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

from graphql import OperationType
from starlette.types import Receive, Scope, Send

from tidegate.core.arrival import arrival
from tidegate.core.errors import Code, OperationError
from tidegate.core.live import Result
from tidegate.schema.request_errors import DocumentError
from tidegate.web.accept import negotiate, negotiate_stream, prefers_page
from tidegate.web.answers import (
    HEADERS,
    Header,
    Media,
    Refusal,
    Reply,
    Streamed,
    answer,
    error_body,
    errors_body,
    refusal_reply,
)
from tidegate.web.attendance import Attended
from tidegate.web.bodies import Gone, read_body
from tidegate.web.cors import ALLOW, NO_CORS, CorsPolicy
from tidegate.web.event_stream import COMPLETE, EVENT_STREAM, next_event
from tidegate.web.failures import failed, failed_to_begin, status_without_data
from tidegate.web.fields import check_content, merged
from tidegate.web.gateway import Client, Gateway
from tidegate.web.graphiql import Page
from tidegate.web.multipart import MULTIPART
from tidegate.web.requests import Parameters, from_address, from_body, is_subscription, operation_type
from tidegate.web.shortcuts import write_whole
from tidegate.web.streams import HEADERS as STREAM_HEADERS
from tidegate.web.streams import Framing, Stream, Streams

_FRAMINGS: Final[Mapping[Streamed, Framing]] = {Streamed.EVENTS: EVENT_STREAM, Streamed.PARTS: MULTIPART}


class GraphQLEndpoint:
    """Answers with the gateway's newest edition. With a `page`, browsers that open the address get it. Answers that go
    on are among the `streams`."""

    def __init__(self, gateway: Gateway, page: Page | None = None, streams: Streams | None = None) -> None:
        self._gateway = gateway
        self._page = page
        self._streams = streams or Streams()
        self._cors = NO_CORS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        catalog = self._gateway.catalog
        if self._cors.cors is not catalog.cors:
            self._cors = CorsPolicy(catalog.cors)
        headers: Sequence[Header] = scope["headers"]
        fields = dict(headers)
        reply: Reply | Stream | None
        try:
            if len(fields) != len(headers):
                fields = merged(headers)
            reply = self._without_execution(scope["method"], fields)
            if reply is None:
                reply = await self._execute(scope, receive, fields)
        except Gone:
            return
        except Refusal as refusal:
            reply = refusal_reply(refusal, negotiate(fields.get(b"accept")) or Media.JSON, self._shared(fields))
        if isinstance(reply, Stream):
            await reply.serve(receive, send)
        elif not write_whole(send, reply):
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

    async def _execute(self, scope: Scope, receive: Receive, fields: Mapping[bytes, bytes]) -> Reply | Stream:
        gateway = self._gateway
        limits = gateway.catalog.limits
        accept = fields.get(b"accept")
        media = negotiate(accept)
        if media is None:
            # JSON is the answer wherever it will do, whatever else is named; these take nothing but a stream.
            streamed = _streamed(accept)
            media = Media.JSON
        else:
            streamed = None
        headers = (*HEADERS[media], *self._shared(fields))
        try:
            authenticator = gateway.authenticator
            if scope["method"] == "POST":
                check_content(fields)
                user = await authenticator.authenticate(scope["headers"])
                asked = from_body(await read_body(receive, fields.get(b"content-length"), limits))
            else:
                user = await authenticator.authenticate(scope["headers"])
                asked = from_address(scope["query_string"])
                check_reads(asked, scope["method"], limits.tokens)
            if is_subscription(asked, limits.tokens):
                return await self._subscribe(scope, asked, fields, headers)
            while authenticator is not gateway.authenticator:
                # The project was reloaded while we waited: a rank among the roles of before may mean another role now.
                authenticator = gateway.authenticator
                user = await authenticator.authenticate(scope["headers"])
            with Attended(receive):
                response = await gateway.execute(asked.query, asked.operation_name, asked.variables, user)
        except (Gone, Refusal):
            raise
        except Exception as error:  # noqa: BLE001 - logged there
            reply = failed(error, media, headers)
        else:
            status = 200 if response.data_present else status_without_data(media, response.errors)
            reply = Reply(status, headers, response.body)
        return self._as_events(reply, fields) if streamed is Streamed.EVENTS else reply

    async def _subscribe(
        self, scope: Scope, asked: Parameters, fields: Mapping[bytes, bytes], headers: tuple[Header, ...]
    ) -> Reply | Stream:
        accept = fields.get(b"accept")
        framing = _FRAMINGS[_streamed(accept)]
        client: Client | None = None

        def left() -> None:
            if client is not None:
                client.close()

        def ended(error: OperationError) -> None:
            stream.finish(framing.failure(error))

        stream = self._streams.open(framing, self._shared(fields), self._gateway.catalog.limits.idleReader, left)
        try:
            arrival.set(framing.type[1].partition(b";")[0].decode())
            client = await self._gateway.connect(scope["headers"], ended)
            client.subscribe(asked.query, asked.operation_name, asked.variables, Alone(stream))
        except BaseException as error:
            stream.end()
            if not isinstance(error, Exception):
                raise
            if framing is EVENT_STREAM and client is not None and (body := _as_result(error)) is not None:
                # So the protocol wants it: an EventSource is told nothing about an answer that is no stream.
                return self._as_events(Reply(HTTPStatus.OK, headers, body), fields)
            return failed_to_begin(error, headers)
        return stream

    def _as_events(self, reply: Reply, fields: Mapping[bytes, bytes]) -> Reply:
        """The only result, and that it was the only one. A status other than 200 tells more than a stream."""
        if reply.status != HTTPStatus.OK:
            return reply
        headers = (EVENT_STREAM.type, *STREAM_HEADERS, *self._shared(fields))
        return Reply(reply.status, headers, next_event(reply.body) + COMPLETE)

    def _shared(self, fields: Mapping[bytes, bytes]) -> tuple[Header, ...]:
        return self._cors.headers(fields.get(b"origin"))


class Alone:
    """Implements `Sink` for a stream that has one subscription."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def result(self, result: Result) -> None:
        self._stream.put(result.topic, self._stream.framing.result(result))

    def ended(self, error: OperationError | None) -> None:
        framing = self._stream.framing
        self._stream.finish(framing.complete if error is None else framing.failure(error))


def _streamed(accept: bytes | None) -> Streamed:
    streamed = negotiate_stream(accept)
    if streamed is None:
        message = (
            f"A query's answer can be {' or '.join(Media)}, a subscription's "
            f"{Streamed.EVENTS} or {Streamed.PARTS};subscriptionSpec=1.0: Accept must name one that will do."
        )
        raise Refusal(HTTPStatus.NOT_ACCEPTABLE, message, Code.BAD_USER_INPUT)
    return streamed


def _as_result(error: Exception) -> bytes | None:
    """The document's own fate, as its only result; none if the server is why there is no stream."""
    if isinstance(error, DocumentError):
        return errors_body(error.errors)
    if isinstance(error, OperationError) and error.code not in (Code.LIMIT, Code.INTERNAL):
        return error_body(error.message, error.extensions)
    return None


def check_reads(asked: Parameters, method: str, most_tokens: int) -> None:
    """Raises `Refusal` where a request without a body may not carry this."""
    kind = operation_type(asked.query, asked.operation_name, most_tokens)
    if kind is OperationType.MUTATION:
        message = "GET is for queries and subscriptions only: send this by POST."
        raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, message, Code.BAD_USER_INPUT, (b"allow", b"POST"))
    if kind is OperationType.SUBSCRIPTION and method == "HEAD":
        message = "A subscription has no head without a body."
        raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, message, Code.BAD_USER_INPUT, (b"allow", b"GET, POST"))
