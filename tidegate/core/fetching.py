"""Requests to other servers on behalf of the project's programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.program import HostRefused


class Fetcher(Protocol):
    """One for the life of an edition. `internal` hosts and networks are closed to it, but for those that the project
    allows."""

    async def fetch(self, request: Mapping[str, Json], limits: Limits, deadline: float) -> Json:
        """`request`: {method, url, params, data, headers}, hostile. Answers {status, headers, data}: `data` is text as
        it came, whatever the status. `deadline` is on the event loop's clock. Raises `HostRefused` where there is no
        answer: a closed address, no connection, a limit."""
        ...

    async def close(self) -> None: ...


class NoFetcher:
    """For those who may not go out."""

    async def fetch(self, request: Mapping[str, Json], limits: Limits, deadline: float) -> Json:  # noqa: ARG002
        raise HostRefused("$http is not available here.")

    async def close(self) -> None:
        pass
