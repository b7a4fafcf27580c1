"""Those who stay connected: each with a token, and with subscriptions that are authorised again and again.

A client belongs to one edition of the project at a time. A reload moves it: the token is verified anew, for a role's
place among the roles may have changed, and every subscription is opened again where it was; its sink hears of it only
if the result is another, or if there is none any more.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Hashable, Iterator, Mapping
from logging import getLogger
from time import time
from typing import Any, Final

from tidegate.auth import Headers
from tidegate.broadcast import Broadcast
from tidegate.core.arrival import arrival
from tidegate.core.errors import Code, OperationError
from tidegate.core.live import Question, Sink
from tidegate.core.user import CurrentUser
from tidegate.edition import Edition
from tidegate.insight import Insight
from tidegate.schema.document import Document
from tidegate.schema.execution import Response, execute
from tidegate.schema.request_errors import DocumentError
from tidegate.subscription import Subscription

log = getLogger(__name__)

VERIFIED_AGAIN: Final = 300.0
"""Seconds after which a token is verified again: a key that was withdrawn ends what it opened."""

EXPIRED: Final = "The token has expired."


class Clients:
    """Every client of one gateway."""

    def __init__(self, broadcast: Broadcast, insight: Insight | None = None) -> None:
        self.broadcast = broadcast
        self.insight = insight
        self._clients: dict[Client, None] = {}
        self._counts: Counter[Hashable] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    async def connect(self, current: Callable[[], Edition], headers: Headers, ended: Ended) -> Client:
        """Raises `OperationError`: UNAUTHENTICATED; LIMIT where the user has too many connections."""
        headers = tuple(headers)
        edition, user = await _authenticate(current, headers)
        if user.verified:
            most = edition.catalog.limits.connections
            if self._counts[user.identity] >= most:
                raise OperationError(Code.LIMIT, f"There are {most} connections of this user already.")
            self._counts[user.identity] += 1
        client = Client(self, edition, headers, user, ended)
        self._clients[client] = None
        return client

    def __len__(self) -> int:
        return len(self._clients)

    def __iter__(self) -> Iterator[Client]:
        """In the order in which they came. Not to be held over an `await`."""
        return iter(self._clients)

    async def move(self, edition: Edition) -> None:
        """Every client goes over to a newer edition."""
        for client in tuple(self._clients):
            await client.move(edition)

    async def close(self) -> None:
        for client in tuple(self._clients):
            client.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def left(self, client: Client) -> None:
        if client in self._clients:
            del self._clients[client]
            if client.user.verified:
                identity = client.identity
                self._counts[identity] -= 1
                if not self._counts[identity]:
                    del self._counts[identity]

    def own(self, work: Coroutine[Any, Any, None]) -> None:
        """Any: a coroutine's other ends are of no interest."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


Ended = Callable[[OperationError], None]


class Client:
    """Implements the web's `Client`, and the one of socket events: `changed` is called when `user` is another."""

    def __init__(self, clients: Clients, edition: Edition, headers: Headers, user: CurrentUser, ended: Ended) -> None:
        self.edition = edition
        self.user = user
        self.identity = user.identity
        self.arrival = arrival.get()
        self.since = time()
        self._clients = clients
        self._headers = headers
        self._ended = ended
        self._subscriptions: dict[Subscription, None] = {}
        self.changed: Callable[[], None] | None = None
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None
        edition.in_use.__enter__()
        self._set_timer()

    @property
    def broadcast(self) -> Broadcast:
        return self._clients.broadcast

    @property
    def expired(self) -> bool:
        return self.user.expires is not None and time() >= self.user.expires + self._leeway

    # Any: variables are the client's JSON, coerced by the document.
    async def execute(self, text: str, operation_name: str | None, variables: Mapping[str, Any] | None) -> Response:
        """A query or a mutation. Raises `DocumentError`; `OperationError` where the token has expired."""
        if self.expired:
            raise OperationError(Code.UNAUTHENTICATED, EXPIRED)
        edition, insight = self.edition, self._clients.insight
        try:
            document = edition.documents.find(text, operation_name)
        except DocumentError as error:
            if insight is not None:
                insight.failed(error.errors, self.user)
            raise
        with edition.in_use:
            response = await execute(document, variables, self.user, edition.runner)
        if response.errors and insight is not None:
            insight.failed(response.errors, self.user)
        return response

    @property
    def subscriptions(self) -> int:
        return len(self._subscriptions)

    def is_subscription(self, text: str, operation_name: str | None) -> bool:
        """Raises `DocumentError`."""
        return self.document(text, operation_name).kind == "subscription"

    def document(self, text: str, operation_name: str | None) -> Document:
        return self.edition.documents.find(text, operation_name)

    # Any: as above.
    def subscribe(
        self, text: str, operation_name: str | None, variables: Mapping[str, Any] | None, sink: Sink
    ) -> Subscription:
        """Raises `DocumentError` and `OperationError`."""
        if self._closed or self.expired:
            raise OperationError(Code.UNAUTHENTICATED, EXPIRED)
        most = self.edition.catalog.limits.subscriptions
        if len(self._subscriptions) >= most:
            raise OperationError(Code.LIMIT, f"There are {most} subscriptions on this connection already.")
        subscription = Subscription(self, text, operation_name, variables, sink)
        subscription.open()
        self._subscriptions[subscription] = None
        return subscription

    async def renew(self, headers: Headers) -> None:
        """Raises `OperationError` where the token is not good, or is somebody else's."""
        headers = tuple(headers)
        edition, user = await _authenticate(lambda: self.edition, headers)
        if user.identity != self.user.identity:
            raise OperationError(Code.FORBIDDEN, "The token is another user's: open a connection for it.")
        if self._closed:
            raise OperationError(Code.UNAUTHENTICATED, EXPIRED)
        self._headers = headers
        self._take(edition, user)

    async def move(self, edition: Edition) -> None:
        """To a newer edition. Whoever its authenticator does not accept is told so."""
        try:
            user = await edition.authenticator.authenticate(self._headers)
        except OperationError as error:
            self.end(error)
        except Exception:
            # One client's trouble must not keep the others on an edition that is about to close.
            log.exception("A client could not be taken over after a reload.")
            self.end(OperationError(Code.INTERNAL, "The server was reloaded: connect again."))
        else:
            if not self._closed:
                self._take(edition, user)

    def expire(self) -> None:
        self.end(OperationError(Code.UNAUTHENTICATED, EXPIRED))

    def end(self, error: OperationError) -> None:
        """Tells every sink, then the connection."""
        if self._closed:
            return
        subscriptions = tuple(self._subscriptions)
        self.close()
        for subscription in subscriptions:
            subscription.sink.ended(error)
        self._ended(error)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        for subscription in tuple(self._subscriptions):
            subscription.close()
        if self._timer is not None:
            self._timer.cancel()
        self._clients.left(self)
        self.edition.in_use.__exit__()

    def check_room(self, question: Question) -> None:
        """Raises `OperationError` where one live query more would be too many."""
        most = self.edition.catalog.limits.liveQueries
        if self.edition.live.queries >= most and not self.edition.live.has(question):
            raise OperationError(Code.LIMIT, "There are too many live queries now. Try again later.")

    def forget(self, subscription: Subscription) -> None:
        self._subscriptions.pop(subscription, None)

    @property
    def _leeway(self) -> float:
        jwt = self.edition.catalog.auth.jwt
        return jwt.leeway if jwt is not None else 0.0

    def _take(self, edition: Edition, user: CurrentUser) -> None:
        """Goes on as this user, on this edition: everything that is watched is watched anew."""
        subscriptions = tuple(self._subscriptions)
        for subscription in subscriptions:
            subscription.leave()
        edition.in_use.__enter__()
        self.edition.in_use.__exit__()
        self.edition, self.user = edition, user
        self._set_timer()
        for subscription in subscriptions:
            subscription.open_again()
        if self.changed is not None:
            self.changed()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self.user.expires is None:
            return
        remaining = self.user.expires + self._leeway - time()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(max(0.0, min(remaining, VERIFIED_AGAIN)), self._verify)

    def _verify(self) -> None:
        if self.expired:
            self.expire()
        else:
            self._clients.own(self._verify_again())

    async def _verify_again(self) -> None:
        try:
            _, user = await _authenticate(lambda: self.edition, self._headers)
        except OperationError as error:
            self.end(error)
            return
        if not self._closed:
            self.user = user
            self._set_timer()
            if self.changed is not None:
                self.changed()


async def _authenticate(current: Callable[[], Edition], headers: Headers) -> tuple[Edition, CurrentUser]:
    """A user, and the edition among whose roles theirs stands: while we wait there may come another."""
    while True:
        edition = current()
        user = await edition.authenticator.authenticate(headers)
        if edition is current():
            return edition, user
