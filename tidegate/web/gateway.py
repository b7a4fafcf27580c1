"""What the web needs of the gateway. `tidegate.app.Gateway` is the real one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from tidegate.core.catalog import Catalog
from tidegate.core.user import CurrentUser


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


class Gateway(Protocol):
    """`catalog` and `authenticator` may be others after a reload: ask for them in each request."""

    @property
    def catalog(self) -> Catalog: ...

    @property
    def authenticator(self) -> Authenticator: ...

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def execute(
        self, text: str, operation_name: str | None, variables: Mapping[str, Any] | None, user: CurrentUser, /
    ) -> Response:
        """Any: variables are the client's JSON. Raises `DocumentError` where there is nothing to execute, and
        `OperationError`."""
        ...
