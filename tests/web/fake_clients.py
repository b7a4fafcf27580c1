"""Those connected to the fake gateway, and what they watch.

`hello` is a live query that has one result; `count(to:)` has that many, then it is complete; `ticks` and `tocks` have
what a test gives to `emit`; `forbidden` may be watched by nobody.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from graphql import (
    FieldNode,
    GraphQLError,
    IntValueNode,
    OperationType,
    build_schema,
    get_operation_ast,
    parse,
    validate,
)

from tidegate.core.errors import Code, OperationError
from tidegate.core.live import Result, Sink
from tidegate.core.user import CurrentUser
from tidegate.schema.request_errors import DocumentError

if TYPE_CHECKING:
    from tests.web.conftest import Answered, FakeGateway

Headers = Iterable[tuple[bytes, bytes]]

SCHEMA = build_schema(
    """
    type Query { hello: String!, echo(text: String, number: Int, any: Any): String, fail: Int, crash: Int, slow: Int }
    type Mutation { write: Int! }
    type Subscription { hello: String!, count(to: Int!): Int!, ticks: Int, tocks: Int, forbidden: Int, crash: Int }
    scalar Any
    """
)


class FakeSubscription:
    def __init__(self, client: FakeClient, field: str, sink: Sink) -> None:
        self.field = field
        self.sink = sink
        self._client = client

    @property
    def open(self) -> bool:
        return self in self._client.subscriptions

    def close(self) -> None:
        self._client.subscriptions.pop(self, None)

    def hello(self) -> None:
        if self.open:
            self.sink.result(Result(b'{"data":{"hello":"world"}}'))

    def count(self, number: int, last: int) -> None:
        if not self.open:
            return
        if number > last:
            self.close()
            self.sink.ended(None)
            return
        self.sink.result(Result(b'{"data":{"count":%d}}' % number, str(number)))
        asyncio.get_running_loop().call_soon(self.count, number + 1, last)


class FakeClient:
    def __init__(self, gateway: FakeGateway, user: CurrentUser, ended: Callable[[OperationError], None]) -> None:
        self.user = user
        self.subscriptions: dict[FakeSubscription, None] = {}
        self.renewals = 0
        self._gateway = gateway
        self._ended = ended
        self._timer: asyncio.TimerHandle | None = None
        self._set_timer()

    # Any: as the protocol has it.
    async def execute(self, text: str, operation_name: str | None, variables: Mapping[str, Any] | None, /) -> Answered:
        return await self._gateway.execute(text, operation_name, variables, self.user)

    def is_subscription(self, text: str, operation_name: str | None, /) -> bool:
        return self._operation(text, operation_name)[0] is OperationType.SUBSCRIPTION

    def subscribe(
        self, text: str, operation_name: str | None, variables: Mapping[str, Any] | None, sink: Sink, /
    ) -> FakeSubscription:
        kind, field = self._operation(text, operation_name)
        assert kind is OperationType.SUBSCRIPTION
        if len(self.subscriptions) >= self._gateway.catalog.limits.subscriptions:
            raise OperationError(Code.LIMIT, "Too many subscriptions.")
        name = field.name.value
        if name == "forbidden":
            raise OperationError(Code.FORBIDDEN, "Your role may not watch this.")
        if name == "crash":
            raise RuntimeError("the password is hunter2")
        subscription = FakeSubscription(self, name, sink)
        self.subscriptions[subscription] = None
        loop = asyncio.get_running_loop()
        if name == "hello":
            loop.call_soon(subscription.hello)
        elif name == "count":
            assert field.arguments
            value = field.arguments[0].value
            given = int(value.value) if isinstance(value, IntValueNode) else (variables or {})["to"]
            loop.call_soon(subscription.count, 1, given)
        return subscription

    async def renew(self, headers: Headers, /) -> None:
        user = await self._gateway.authenticator.authenticate(headers)
        if user.id != self.user.id:
            raise OperationError(Code.UNAUTHENTICATED, "Somebody else's token.")
        self.user = user
        self.renewals += 1
        self._set_timer()

    def close(self) -> None:
        self.subscriptions.clear()
        self._gateway.clients.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()

    def expire(self) -> None:
        error = OperationError(Code.UNAUTHENTICATED, "The token has expired.")
        for subscription in tuple(self.subscriptions):
            subscription.sink.ended(error)
        self.close()
        self._ended(error)

    def _operation(self, text: str, name: str | None) -> tuple[OperationType, FieldNode]:
        try:
            document = parse(text, max_tokens=1000)
        except GraphQLError as error:
            raise DocumentError([{"message": error.message, "extensions": {"code": "GRAPHQL_PARSE_FAILED"}}]) from None
        if errors := validate(SCHEMA, document):
            raise DocumentError(
                [{"message": error.message, "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}} for error in errors]
            )
        operation = get_operation_ast(document, name)
        if operation is None:
            raise DocumentError([{"message": "Which operation?", "extensions": {"code": "BAD_USER_INPUT"}}])
        field = operation.selection_set.selections[0]
        assert isinstance(field, FieldNode)
        return operation.operation, field

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self.user.expires is not None:
            wait = max(0.0, self.user.expires - time.time())
            self._timer = asyncio.get_running_loop().call_later(wait, self.expire)


async def connect(gateway: FakeGateway, headers: Headers, ended: Callable[[OperationError], None]) -> FakeClient:
    user = await gateway.authenticator.authenticate(headers)
    known = sum(client.user.id == user.id for client in gateway.clients)
    if user.verified and known >= gateway.catalog.limits.connections:
        raise OperationError(Code.LIMIT, "Too many connections.")
    client = FakeClient(gateway, user, ended)
    gateway.clients[client] = None
    return client


def emit(gateway: FakeGateway, result: Result, field: str = "ticks") -> int:
    """Gives a result to all who watch `field`, and says to how many."""
    watching = [each for client in gateway.clients for each in client.subscriptions if each.field == field]
    for subscription in watching:
        subscription.sink.result(result)
    return len(watching)
