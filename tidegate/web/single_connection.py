"""`/graphql/stream`: the single connection mode of GraphQL over SSE, for browsers that allow six streams per host.

PUT makes a reservation and answers a token; GET with the token opens the one stream of the reservation; POST with the
token begins an operation, whose results go into that stream under its id; DELETE with the token ends one. All of them
must be the same user's; only the stream may be opened with nothing but the token, for an EventSource sends no headers.
Requests without a token are answered as at `/graphql`.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope

from tidegate.core.errors import Code, OperationError
from tidegate.core.user import CurrentUser
from tidegate.web.accept import negotiate, negotiate_stream
from tidegate.web.answers import HEADERS, SAFETY, Header, Media, Refusal, Reply, Streamed, bad_request, error_body
from tidegate.web.attendance import Attended
from tidegate.web.bodies import Gone, read_body
from tidegate.web.endpoint import GraphQLEndpoint, check_reads
from tidegate.web.failures import failed_to_begin
from tidegate.web.fields import check_content
from tidegate.web.gateway import Client, Gateway
from tidegate.web.requests import Parameters, from_address, from_body, is_subscription
from tidegate.web.reservations import Operation, Reservation, Reservations, not_found
from tidegate.web.streams import Stream, Streams

METHODS: Final = b"GET, HEAD, POST, PUT, DELETE, OPTIONS"
LONGEST_ID: Final = 256
"""Characters of an operation's id."""

_TOKEN: Final = b"x-graphql-event-stream-token"


class EventStreamEndpoint(GraphQLEndpoint):
    def __init__(self, gateway: Gateway, streams: Streams) -> None:
        super().__init__(gateway, None, streams)
        self._reservations = Reservations(streams)

    def _without_execution(self, method: str, fields: Mapping[bytes, bytes]) -> Reply | None:
        if method == "OPTIONS":
            return self._cors.preflight(fields, METHODS)
        if method not in ("GET", "HEAD", "POST", "PUT", "DELETE"):
            raise _not_allowed(method)
        return None

    async def _execute(self, scope: Scope, receive: Receive, fields: Mapping[bytes, bytes]) -> Reply | Stream:
        method: str = scope["method"]
        token = _find_token(scope, fields)
        if token is None and method in ("GET", "HEAD", "POST"):
            return await super()._execute(scope, receive, fields)
        if method == "HEAD":
            raise _not_allowed(method)
        media = negotiate(fields.get(b"accept")) or Media.JSON
        headers = (*HEADERS[media], *self._shared(fields))
        try:
            if method == "PUT":
                return await self._reserve(scope, fields)
            user = await self._gateway.authenticator.authenticate(scope["headers"])
            reservation = self._reservations.find(token or "")
            opens = method == "GET" and negotiate_stream(fields.get(b"accept")) is Streamed.EVENTS
            if reservation is None or not (reservation.belongs_to(user) or (opens and not user.verified)):
                # Whether there is one of somebody else is nobody's business.
                raise not_found()
            if opens:
                self._reservations.use(reservation)
                reservation.stream.shared = self._shared(fields)
                return reservation.stream
            if method == "DELETE":
                _stop(reservation, scope)
                return Reply(HTTPStatus.OK, headers)
            asked = await self._read(scope, receive, fields)
            with Attended(receive):
                return Reply(await self._begin(reservation, scope, user, asked), headers)
        except (Gone, Refusal):
            raise
        except Exception as error:  # noqa: BLE001 - logged there
            return failed_to_begin(error, headers)

    async def _reserve(self, scope: Scope, fields: Mapping[bytes, bytes]) -> Reply:
        idle = self._gateway.catalog.limits.idleReader
        reservation = await self._reservations.make(self._gateway, scope["headers"], idle)
        headers: tuple[Header, ...] = ((b"content-type", b"text/plain; charset=utf-8"), *SAFETY, *self._shared(fields))
        return Reply(HTTPStatus.CREATED, headers, reservation.token.encode())

    async def _read(self, scope: Scope, receive: Receive, fields: Mapping[bytes, bytes]) -> Parameters:
        limits = self._gateway.catalog.limits
        if scope["method"] == "POST":
            check_content(fields)
            return from_body(await read_body(receive, fields.get(b"content-length"), limits))
        asked = from_address(scope["query_string"])
        check_reads(asked, scope["method"], limits.tokens)
        return asked

    async def _begin(self, reservation: Reservation, scope: Scope, user: CurrentUser, asked: Parameters) -> HTTPStatus:
        """Raises `Refusal`, `DocumentError` and `OperationError`, and then the operation has not begun."""
        limits = self._gateway.catalog.limits
        client = reservation.client
        assert client is not None
        if _is_newer(user, client.user):
            await client.renew(scope["headers"])
        operation = reservation.begin(_operation_id(asked), limits.subscriptions)
        subscribes = is_subscription(asked, limits.tokens)
        try:
            await _execute(client, operation, asked, subscribes=subscribes)
        except OperationError as error:
            if error.code is Code.UNAUTHENTICATED or (subscribes and error.code is Code.LIMIT):
                operation.forget()
                raise
            operation.end(error_body(error.message, error.extensions))
        except BaseException:
            operation.forget()
            raise
        return HTTPStatus.ACCEPTED


async def _execute(client: Client, operation: Operation, asked: Parameters, *, subscribes: bool) -> None:
    if subscribes:
        operation.subscription = client.subscribe(asked.query, asked.operation_name, asked.variables, operation)
    else:
        with operation.attempt:
            response = await client.execute(asked.query, asked.operation_name, asked.variables)
            operation.end(response.body)


def _stop(reservation: Reservation, scope: Scope) -> None:
    operation_id = _parameters(scope).get("operationId")
    if not operation_id:
        raise bad_request('The parameter "operationId" says which operation is to end.')
    operation = reservation.operations.get(operation_id)
    # One that has just ended by itself is no mistake.
    if operation is not None:
        operation.stop()


def _is_newer(user: CurrentUser, known: CurrentUser) -> bool:
    """Whether the stream goes on with the token of this request: the user's, and not one from before."""
    return user != known and (user.expires or 0.0) >= (known.expires or 0.0)


def _operation_id(asked: Parameters) -> str:
    given = (asked.extensions or {}).get("operationId")
    if not isinstance(given, str) or not 0 < len(given) <= LONGEST_ID:
        raise bad_request(f'"extensions" must have an "operationId", a text of at most {LONGEST_ID} characters.')
    return given


def _find_token(scope: Scope, fields: Mapping[bytes, bytes]) -> str | None:
    given = fields.get(_TOKEN)
    return given.decode("latin-1") if given is not None else _parameters(scope).get("token")


def _parameters(scope: Scope) -> dict[str, str]:
    query_string: bytes = scope["query_string"]
    if b"token=" not in query_string and b"operationId=" not in query_string:
        return {}
    try:
        return dict(parse_qsl(query_string.decode("ascii"), encoding="utf-8", errors="strict", max_num_fields=20))
    except ValueError:
        raise bad_request("The address has parameters that cannot be read.") from None


def _not_allowed(method: str) -> Refusal:
    message = f"{method} is not a method of this address."
    return Refusal(HTTPStatus.METHOD_NOT_ALLOWED, message, Code.BAD_USER_INPUT, (b"allow", METHODS))
