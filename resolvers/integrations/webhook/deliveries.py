"""What waits to be posted to a hook, and who posts it.

What is committed is posted: what a hook does not take is posted again under the same id, so that it can be told from
something new. A hook that took it and could not say so gets it twice. The address is a secret, as Zapier's are: it is
in no log and no error.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Final

from tidegate.core.errors import Code, OperationError
from tidegate.core.integration import Experience
from tidegate.core.signing import sign
from tidegate.core.triggers import Signature
from tidegate.resolvers.integrations.outgoing import PAUSES, Outgoing
from tidegate.resolvers.integrations.upstream import Asked, Upstream

AT_ONCE: Final = 4
"""Posts to one hook that are on their way at the same time."""
ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"

_LATER: Final = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)
"""What is no fault of what was posted, though it looks like one. 409: it is being taken already."""


@dataclass(frozen=True, slots=True)
class Seal:
    """How a post shows whom it is from."""

    signature: Signature
    header: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Hook:
    url: str = field(repr=False)
    seal: Seal | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """`name` is its id. `search`: what comes behind the address, encoded."""

    name: str
    operation: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    search: str = field(repr=False)

    @property
    def about(self) -> str:
        return f"a trigger of {self.operation} ({self.name})"

    @property
    def size(self) -> int:
        return len(self.body or b"") + len(self.search)


class Deliveries(Outgoing[Delivery]):
    """Those of one integration. `now` gives seconds since the epoch."""

    def __init__(
        self,
        name: str,
        hook: Hook,
        upstream: Upstream,
        pauses: tuple[float, ...] = PAUSES,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(name, pauses, AT_ONCE)
        self.hook = hook
        self._upstream = upstream
        self._now = now

    @property
    def experience(self) -> Experience:
        return replace(super().experience, left_alone=self._upstream.experience.left_alone)

    async def open(self) -> None:
        """Raises `IntegrationUnavailable`."""
        await self._upstream.open()
        self.start()

    async def close(self) -> None:
        await super().close()
        await self._upstream.close()

    async def carry(self) -> None:
        waiting = self.take()
        if waiting is None:
            return
        try:
            reply = await self._upstream.ask(self._asked(waiting.parcel), safe=False)
        except OperationError as error:
            if error.code in (Code.UPSTREAM_FAILED, Code.TIMEOUT):
                self.put_off(waiting, str(error.__cause__ or "there was no answer"))
            else:
                self.give_up(waiting, str(error.__cause__ or "it cannot be sent"))
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are still to be posted
            self.give_up(waiting, type(error).__name__)
        else:
            if 200 <= reply.status < 300:
                self.finish(waiting)
            elif reply.status >= 500 or reply.status in _LATER:
                self.put_off(waiting, f"the hook answered {reply.status}")
            else:
                self.give_up(waiting, f"the hook answered {reply.status}")

    def _asked(self, delivery: Delivery) -> Asked:
        url, seal = self.hook.url, self.hook.seal
        if delivery.search:
            url += ("&" if "?" in url else "?") + delivery.search
        headers = {**delivery.headers, ID: delivery.name}
        if seal is not None:
            # Signed anew each time: what was signed long ago is refused.
            body, at = delivery.body or b"", int(self._now())
            headers |= sign(seal.signature, seal.header, seal.secret, body, at, delivery.name)
        return Asked("POST", url, headers, delivery.body or b"")
