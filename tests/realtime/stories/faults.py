"""Gateways in which something is wrong, so that it can be shown that it is found. And one that is slow."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from tidegate.app import Gateway
from tidegate.auth import Headers
from tidegate.broadcast import Broadcast
from tidegate.clients import Client, Ended
from tidegate.core.call import Call, Runnable
from tidegate.core.catalog import Catalog
from tidegate.core.change import Change
from tidegate.core.errors import OperationError
from tidegate.core.footprint import Image, Touch
from tidegate.core.integration import Answer
from tidegate.core.json import Json
from tidegate.core.live import Question
from tidegate.core.operation import Kind, Operation
from tidegate.core.selection import Selection
from tidegate.edition import Edition
from tidegate.realtime.live import LiveQueries
from tidegate.resolvers.runner import LocalRunner


class Flaws(Enum):
    NONE = auto()
    OLD_VALUES_FORGOTTEN = auto()
    """A row that moves away is not missed where it was."""
    ROLE_NOT_LOWERED = auto()
    """A token that is exchanged for a lesser one leaves everything as it was."""
    USERS_SHARED = auto()
    """Whoever asks the same with other values gets the answer of who was first."""
    TOUCH_LOST = auto()
    """What is written while it is being asked is not asked again."""
    FILTER_DROPPED = auto()
    """The access rule's condition."""


@dataclass
class Lag:
    """How long answers to live queries are on their way."""

    seconds: float = 0.0


class SlowRunner(LocalRunner):
    """`asking`: how many batches are."""

    def __init__(self, catalog: Catalog, broadcast: Broadcast, lag: Lag) -> None:
        super().__init__(catalog, broadcast)
        self.asking = 0
        self._lag = lag

    async def ask(self, questions: Sequence[Question], deadline: float) -> Sequence[Answer | OperationError]:
        self.asking += 1
        try:
            answers = await super().ask(questions, deadline)
            if self._lag.seconds:
                await asyncio.sleep(self._lag.seconds)
            return answers
        finally:
            self.asking -= 1


class SharingRunner(SlowRunner):
    def pose(self, runnable: Runnable, call: Call, properties: Mapping[str, Json]) -> Question:
        return replace(super().pose(runnable, call, properties), key=runnable)


class UnfilteringRunner(SlowRunner):
    def compile(self, operation: Operation, selection: Selection | None, rank: int) -> Runnable:
        """As for those who may see everything."""
        return super().compile(operation, selection, rank if operation.kind is Kind.MUTATION else 3)


class ForgetfulLiveQueries(LiveQueries):
    def __init__(self, runner: SlowRunner) -> None:
        super().__init__(runner)
        self._runner = runner

    def publish(self, change: Change) -> None:
        if not self._runner.asking:
            super().publish(change)


class ForgetfulBroadcast(Broadcast):
    def publish(self, change: Change) -> None:
        super().publish(replace(change, touches=tuple(_without_old_images(touch) for touch in change.touches)))


def _without_old_images(touch: Touch) -> Touch:
    if touch.images is None:
        return touch
    newest: dict[object, Image] = {image.get("id", number): image for number, image in enumerate(touch.images)}
    return replace(touch, images=tuple(newest.values()))


class TrustingClient(Client):
    async def renew(self, headers: Headers) -> None:
        pass


class TrustingGateway(Gateway):
    async def connect(self, headers: Headers, ended: Ended) -> Client:
        client = await super().connect(headers, ended)
        return _trusting(client)


def _trusting(client: Client) -> Client:
    client.__class__ = TrustingClient
    return client


def broadcast_with(flaws: Flaws) -> Broadcast:
    return ForgetfulBroadcast() if flaws is Flaws.OLD_VALUES_FORGOTTEN else Broadcast()


def gateway_with(flaws: Flaws) -> type[Gateway]:
    return TrustingGateway if flaws is Flaws.ROLE_NOT_LOWERED else Gateway


def edition_with(flaws: Flaws, lag: Lag) -> type[Edition]:
    runners = {Flaws.USERS_SHARED: SharingRunner, Flaws.FILTER_DROPPED: UnfilteringRunner}
    make_runner = runners.get(flaws, SlowRunner)

    class StoryEdition(Edition):
        def __init__(self, catalog: Catalog, broadcast: Broadcast | None = None) -> None:
            broadcast = broadcast or Broadcast()
            super().__init__(catalog, broadcast)
            self.runner: SlowRunner = make_runner(catalog, broadcast, lag)
            live = ForgetfulLiveQueries if flaws is Flaws.TOUCH_LOST else LiveQueries
            self.live = live(self.runner)

    return StoryEdition
