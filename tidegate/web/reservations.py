"""Streams that are reserved before they are opened, and the operations whose results go into them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from secrets import token_urlsafe
from typing import Final

from tidegate.core.arrival import arrival
from tidegate.core.errors import Code, OperationError
from tidegate.core.live import Result
from tidegate.core.user import CurrentUser
from tidegate.web.answers import Header, Refusal, error_body
from tidegate.web.attendance import Attempt
from tidegate.web.event_stream import EVENT_STREAM, Labelled
from tidegate.web.gateway import Client, Gateway, Subscription
from tidegate.web.streams import Streams

UNUSED: Final = 10.0
"""Seconds that a reservation waits for its stream."""
MOST_UNUSED: Final = 1000
"""Reservations without a stream at once. Beyond it the oldest goes of those that nobody in particular made: how many a
user has is bounded by `limits.connections`."""


def not_found() -> Refusal:
    return Refusal(HTTPStatus.NOT_FOUND, "There is no such stream.", Code.NOT_FOUND)


class Operation:
    """One operation of a reservation. Implements `Sink`. A query or a mutation is executed within `attempt`."""

    def __init__(self, reservation: Reservation, operation_id: str) -> None:
        self.subscription: Subscription | None = None
        self.attempt = Attempt()
        self._id = operation_id
        self._frames = Labelled(operation_id)
        self._reservation = reservation
        self._topics: set[str] = set()

    @property
    def open(self) -> bool:
        return self._reservation.operations.get(self._id) is self

    def result(self, result: Result) -> None:
        if self.open:
            self._topics.add(result.topic)
            self._reservation.stream.put((self._id, result.topic), self._frames.result(result))

    def ended(self, error: OperationError | None) -> None:
        self.end(None if error is None else error_body(error.message, error.extensions))

    def end(self, last: bytes | None) -> None:
        """`last` is a result that comes before the end."""
        if not self.open:
            return
        self.forget()
        stream = self._reservation.stream
        if last is not None:
            stream.put((self._id, ""), self._frames.next(last))
        stream.put((self._id, None), self._frames.complete)

    def stop(self) -> None:
        """The client wants no more of it."""
        for topic in self._topics:
            self._reservation.stream.drop((self._id, topic))
        self.end(None)
        self.attempt.end()

    def forget(self) -> None:
        """Nothing follows, not even the end."""
        self._reservation.operations.pop(self._id, None)
        if self.subscription is not None:
            self.subscription.close()


class Reservation:
    """One stream and the operations in it. Has no client until `wait`."""

    def __init__(self, reservations: Reservations, streams: Streams, idle: float) -> None:
        self.token = token_urlsafe(24)
        self.operations: dict[str, Operation] = {}
        self.client: Client | None = None
        self.over = False
        self.stream = streams.open(EVENT_STREAM, (), idle, self._left)
        self._reservations = reservations
        self._timer: asyncio.TimerHandle | None = None

    @property
    def used(self) -> bool:
        """The stream has been opened."""
        return self._timer is None

    def wait(self, client: Client, patience: float) -> None:
        """Keeps the place for this client, for so many seconds."""
        self.client = client
        self._timer = asyncio.get_running_loop().call_later(patience, self.stream.end)

    def use(self) -> None:
        """Raises `Refusal` where somebody does already."""
        if self._timer is None:
            raise Refusal(HTTPStatus.CONFLICT, "This stream is open already.", Code.CONFLICT)
        self._timer.cancel()
        self._timer = None

    def ended(self, _error: OperationError) -> None:
        """The client is. Every operation has been told why."""
        if self.used:
            self.stream.finish(b"")
        else:
            self.stream.end()

    def belongs_to(self, user: CurrentUser) -> bool:
        mine = self.client
        return mine is not None and mine.user.identity == user.identity

    def begin(self, operation_id: str, most: int) -> Operation:
        """Raises `Refusal`."""
        if self.over:
            raise not_found()
        if operation_id in self.operations:
            raise Refusal(HTTPStatus.CONFLICT, "There is an operation of this id.", Code.CONFLICT)
        # What has ended counts for as long as its end waits for the reader.
        if len(self.operations) >= most or self.stream.waiting >= most:
            message = f"There are {most} operations in this stream already, or their results wait to be read."
            raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, message, Code.LIMIT)
        operation = self.operations[operation_id] = Operation(self, operation_id)
        return operation

    def _left(self) -> None:
        self.over = True
        for operation in self.operations.values():
            operation.attempt.end()
        self.operations.clear()
        self._reservations.remove(self)
        if self._timer is not None:
            self._timer.cancel()
        if self.client is not None:
            self.client.close()


class Reservations:
    """Those of one server, by token."""

    def __init__(self, streams: Streams) -> None:
        self.patience = UNUSED
        self.most_unused = MOST_UNUSED
        self._streams = streams
        self._all: dict[str, Reservation] = {}
        # In the order in which they were made.
        self._unused: dict[str, Reservation] = {}

    def find(self, token: str) -> Reservation | None:
        return self._all.get(token)

    async def make(self, gateway: Gateway, headers: Sequence[Header], idle: float) -> Reservation:
        """Raises `OperationError` and `Refusal`."""
        reservation = Reservation(self, self._streams, idle)
        arrival.set("text/event-stream, shared")
        try:
            client = await gateway.connect(headers, reservation.ended)
            reservation.wait(client, self.patience)
            self._make_room()
        except BaseException:
            reservation.stream.end()
            raise
        self._all[reservation.token] = self._unused[reservation.token] = reservation
        return reservation

    def use(self, reservation: Reservation) -> None:
        """Its stream is opened. Raises `Refusal` where somebody did already."""
        reservation.use()
        self._unused.pop(reservation.token, None)

    def remove(self, reservation: Reservation) -> None:
        self._all.pop(reservation.token, None)
        self._unused.pop(reservation.token, None)

    def _make_room(self) -> None:
        if len(self._unused) < self.most_unused:
            return
        for reservation in self._unused.values():
            if reservation.client is None or not reservation.client.user.verified:
                reservation.stream.end()
                return
        raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, "Too many streams wait to be opened.", Code.LIMIT)
