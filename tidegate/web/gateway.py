"""What the web needs of the gateway. `tidegate.app.Gateway` is the real one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from starlette.types import Receive, Scope, Send

from tidegate.core.catalog import Catalog
from tidegate.core.change import Change
from tidegate.core.errors import OperationError
from tidegate.core.json import Json
from tidegate.core.live import Sink
from tidegate.core.user import CurrentUser
from tidegate.schema.demanded import Asked, Demanded
from tidegate.schema.invoked import Invoked


class Response(Protocol):
    """`body` is a complete GraphQL response in JSON; `errors` are those in it, and `data_present` says whether it has
    an entry `data`: whether anything was executed. Any: errors are JSON objects."""

    @property
    def body(self) -> bytes: ...

    @property
    def errors(self) -> Sequence[Mapping[str, Any]]: ...

    @property
    def data_present(self) -> bool: ...


class Authenticator(Protocol):
    async def authenticate(self, headers: Iterable[tuple[bytes, bytes]], /) -> CurrentUser:
        """Raises `OperationError`."""
        ...


class Subscription(Protocol):
    def close(self) -> None:
        """Nothing follows. May be called more than once."""
        ...


class Client(Protocol):
    """Somebody connected for a while: their token, and what they watch. Ends by itself when the token expires: every
    subscription's sink is told, then `ended`."""

    @property
    def user(self) -> CurrentUser: ...

    async def execute(self, text: str, operation_name: str | None, variables: Mapping[str, Any] | None, /) -> Response:
        """A query or a mutation. Any: variables are the client's JSON. Raises as `Gateway.execute` does."""
        ...

    def is_subscription(self, text: str, operation_name: str | None, /) -> bool:
        """Raises `DocumentError`."""
        ...

    def subscribe(
        self, text: str, operation_name: str | None, variables: Mapping[str, Any] | None, sink: Sink, /
    ) -> Subscription:
        """The first result comes soon, never before this returns. Any: variables are the client's JSON. Raises
        `DocumentError`, and `OperationError` where the user may not subscribe to this or has too many subscriptions."""
        ...

    async def renew(self, headers: Iterable[tuple[bytes, bytes]], /) -> None:
        """Goes on with another token of the same user: all that is watched is authorised again. Raises
        `OperationError` where the token is not good or is somebody else's; then nothing has changed."""
        ...

    def close(self) -> None:
        """Ends every subscription without a word to their sinks. May be called more than once."""
        ...


class Events(Protocol):
    """Socket.IO as an ASGI app, for whoever's origin is good."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send, /) -> None: ...

    def stop(self) -> None:
        """The server is about to end: every connection does, and none begins."""
        ...


class Gateway(Protocol):
    """`catalog` and `authenticator` may be others after a reload: ask for them in each request."""

    @property
    def catalog(self) -> Catalog: ...

    @property
    def authenticator(self) -> Authenticator: ...

    @property
    def events(self) -> Events: ...

    async def open(self) -> None: ...

    async def close(self, patience: float | None = None) -> None: ...

    async def execute(
        self, text: str, operation_name: str | None, variables: Mapping[str, Any] | None, user: CurrentUser, /
    ) -> Response:
        """Any: variables are the client's JSON. Raises `DocumentError` where there is nothing to execute, and
        `OperationError`."""
        ...

    async def demand(self, asked: Asked, user: CurrentUser, /) -> Demanded:
        """Runs an action on demand. Never raises."""
        ...

    async def invoke(self, operation: str, arguments: Mapping[str, Json], user: CurrentUser, origin: str, /) -> Invoked:
        """Runs an operation by its name. `origin` is as in `core.runs.Run`. Never raises."""
        ...

    def touch(self, change: Change, /) -> Sequence[str]:
        """Somebody outside has written: what this concerns is asked again. The names of the queries that may answer
        otherwise now, whoever may call them."""
        ...

    async def connect(
        self, headers: Iterable[tuple[bytes, bytes]], ended: Callable[[OperationError], None], /
    ) -> Client:
        """For whoever stays connected. `ended` is called at most once, from the event loop: the token has expired, or
        after a reload is not good any more. Raises `OperationError`: UNAUTHENTICATED, or LIMIT where the user has too
        many connections."""
        ...

    def follow(self, *, unmoved: bool) -> AsyncGenerator[Mapping[str, Json]]:
        """What happens to live queries from now on, and why, also after a reload: JSON objects, each with its `kind`,
        without anybody's values. `unmoved`: each change tells what it did not wake, and why. Ends when the gateway is
        closed."""
        ...
