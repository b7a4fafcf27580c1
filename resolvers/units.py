"""Units of work: what is committed together, published, told to browsers, and then followed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence, Set
from typing import TypeVar

from tidegate.core.call import Call
from tidegate.core.catalog import Catalog
from tidegate.core.change import Bus, Change
from tidegate.core.emission import Emission, Rooms
from tidegate.core.errors import Code, OperationError
from tidegate.core.footprint import Touch
from tidegate.resolvers.frame import Frame
from tidegate.resolvers.tails import Tails
from tidegate.resolvers.transaction import Transaction

T = TypeVar("T")


class Units:
    """Of one catalog. `bus` is told what they change, `rooms` what they emit."""

    def __init__(self, catalog: Catalog, bus: Bus, rooms: Rooms, tails: Tails) -> None:
        self._catalog = catalog
        self._bus = bus
        self._rooms = rooms
        self._tails = tails

    def transaction(self) -> Transaction:
        return Transaction(self._catalog.integrations)

    async def run(self, frame: Frame, work: Callable[[Frame], Awaitable[T]], *, whole: bool = False) -> T:
        """What `work` gives for a frame whose transaction is the unit's. In the order: commit, live queries, events,
        what comes after. From the commit on nothing is cut off because nobody waits any more: what is committed is told
        and followed. What comes after gets what is left of the deadline. `whole`: the unit is all that its call does,
        so that what the operation refreshes is refreshed with it."""
        transaction = self.transaction()
        inner = frame.join(transaction)
        try:
            value = await work(inner)
        except BaseException as error:
            await transaction.drop(error)
            raise
        conclusion = self._conclude(inner, whole=whole)
        if transaction.emissions or transaction.afterwards:
            await self._tails.see_through(conclusion)
        else:
            await conclusion
        return value

    async def _conclude(self, frame: Frame, *, whole: bool) -> None:
        call, transaction = frame.call, frame.transaction
        kept = False
        try:
            async with asyncio.timeout_at(call.deadline):
                await transaction.keep()
            kept = True
        except OperationError as error:
            if error.code is not Code.UPSTREAM_FAILED and not transaction.kept:
                transaction.touches.clear()
            raise
        except TimeoutError as error:
            raise OperationError(Code.TIMEOUT, f"{call.operation.name} took too long and was stopped.") from error
        finally:
            # Cut off while it was committing: nobody knows whether it did, so it counts as if.
            if kept or transaction.touches:
                self.publish(call, transaction.touches, transaction.queries, whole=whole)
        self._rooms.emit(transaction.emissions)
        if transaction.afterwards:
            await self._run_afterwards(frame)

    async def _run_afterwards(self, frame: Frame) -> None:
        """Each in a transaction of its own; one that fails does not keep the others from running. Raises the first
        error, which says that the data are committed."""
        first: OperationError | None = None
        waiting = list(frame.transaction.afterwards)
        while waiting:
            work = waiting.pop(0)
            transaction = self.transaction()
            kept = False
            try:
                async with asyncio.timeout_at(frame.call.deadline), transaction:
                    await work(frame.join(transaction))
                kept = True
            except OperationError as error:
                first = first or error
                if error.code is not Code.UPSTREAM_FAILED and not transaction.kept:
                    transaction.touches.clear()
            except TimeoutError:
                message = f"What comes after {frame.call.operation.name} took too long and was stopped."
                first = first or OperationError(Code.TIMEOUT, message)
            finally:
                if kept or transaction.touches:
                    self.publish(frame.call, transaction.touches, transaction.queries)
            if kept:
                self._rooms.emit(transaction.emissions)
                waiting += transaction.afterwards
        if first is not None:
            raise OperationError(first.code, first.message, {**first.extensions, "committed": True}) from first

    def emit(self, emissions: Sequence[Emission]) -> None:
        """Of what is over, and was part of no transaction."""
        self._rooms.emit(emissions)

    def publish(
        self, call: Call, touches: Sequence[Touch], queries: Set[str] = frozenset(), *, whole: bool = False
    ) -> None:
        """`queries`: those that calls within this one refresh, whatever they wrote. Not `whole`: there may be more,
        published already or later."""
        refresh = call.operation.refresh
        # What is committed is told, whatever becomes of the rest.
        named = (refresh.queries if whole or touches else frozenset()) | queries
        change = Change(call.operation.name, tuple(touches) if refresh.derived else (), named)
        if not change.is_empty:
            self._bus.publish(change)
        earlier = None if whole else call.change
        if earlier is not None:
            change = Change(change.cause, earlier.touches + change.touches, earlier.queries | change.queries)
        call.change = change
