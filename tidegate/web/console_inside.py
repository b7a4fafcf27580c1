"""What the console needs of the gateway. `tidegate.console.inside.Inside` is the real one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from tidegate.core.json import Json
from tidegate.core.runs import Look
from tidegate.core.user import CurrentUser
from tidegate.web.gateway import Response


class News(Protocol):
    """What live queries have done lately: as JSON (Any), how many more there were, and the mark to ask with next."""

    @property
    def records(self) -> Sequence[Mapping[str, Any]]: ...

    @property
    def lost(self) -> int: ...

    @property
    def mark(self) -> object: ...


class Inside(Protocol):
    """Any: JSON. What asks for something that is not there raises `OperationError`."""

    def project(self) -> Mapping[str, Any]:
        """Roles, operations, and the types of their arguments."""
        ...

    def demo_users(self) -> Sequence[Mapping[str, Any]]:
        """With their tokens: for development alone."""
        ...

    def operation(self, name: str, role: str | None, /) -> Mapping[str, Any]:
        """Its plan as for this role, else for the lowest that may call it; and pictures of it."""
        ...

    async def refreshing(self, name: str, /) -> Mapping[str, Any]:
        """What refreshes a query, or what a mutation refreshes. Of a large project it takes a while, once."""
        ...

    def standing(self) -> Mapping[str, Any]:
        """Who is connected and what is live, now."""
        ...

    async def health(self) -> Mapping[str, Any]: ...

    def recent(self) -> Sequence[Mapping[str, Any]]:
        """What has happened lately, each with its `kind`."""
        ...

    def news(self, mark: object, most: int = 0, /) -> News:
        """What live queries have done since this mark, the newest so many; since now for none."""
        ...

    def follow(self, follower: Callable[[Mapping[str, Any]], None], /) -> Callable[[], None]:
        """Tells of what happens, but for live queries, until the answer is called. Also from other threads."""
        ...

    async def runs(self, function: str | None, most: int, /) -> Sequence[Mapping[str, Any]]:
        """Those that were kept, the newest first."""
        ...

    async def run(self, id: str, /) -> Mapping[str, Any]: ...

    def document(self, name: str, arguments: Mapping[str, Json], selection: str | None, user: CurrentUser, /) -> str:
        """A document that calls the operation, each argument a variable. Without a selection: all fields that are not
        relations and that the user may see."""
        ...

    def caller(self, claims: Mapping[str, Json] | None, role: str | None, /) -> CurrentUser:
        """Whoever a token with these claims, and this role, would be; nobody for no claims."""
        ...

    def kept_caller(self, role: str, fields: Mapping[str, Json], /) -> CurrentUser:
        """Whoever these fields of a run that was kept are of."""
        ...

    async def execute(
        self, text: str, variables: Mapping[str, Json], user: CurrentUser, origin: str, look: Look | None, /
    ) -> Response:
        """`look` is shown what the steps of the run give. Raises `OperationError`."""
        ...
