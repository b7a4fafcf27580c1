"""The gateway: a project folder, served. The only place that knows all the parts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final

from tidegate.auth import Authenticator, Headers
from tidegate.broadcast import Broadcast
from tidegate.clients import Client, Clients, Ended
from tidegate.core.call import Runner
from tidegate.core.catalog import Catalog
from tidegate.core.change import Change
from tidegate.core.json import Json
from tidegate.core.program import NoSandbox, Sandbox
from tidegate.core.runs import Recorder
from tidegate.core.triggers import Claims, Schedule
from tidegate.core.user import CurrentUser
from tidegate.edition import Edition
from tidegate.following import RELOADED, as_record
from tidegate.insight import Insight
from tidegate.realtime.events import EventServer
from tidegate.realtime.live import LiveQueries
from tidegate.realtime.rooms import SocketRooms
from tidegate.sandbox.sandbox import LocalSandbox
from tidegate.scheduler import Clock, Scheduler
from tidegate.schema.api import Api
from tidegate.schema.demanded import Asked, Demanded, demand
from tidegate.schema.execution import Response, execute
from tidegate.schema.invoked import Invoked, invoke
from tidegate.schema.request_errors import DocumentError

LINGERING: Final = 1.0
"""Seconds that a reload waits until what was served before is closed. Then that is closed by itself."""


class Gateway:
    """Serves the newest edition of a project. `reload` swaps it whole; calls under way end on the one they began
    with."""

    def __init__(
        self,
        folder: Path,
        environ: Mapping[str, str] | None,
        edition: Edition,
        broadcast: Broadcast,
        rooms: SocketRooms | None = None,
        sandbox: Sandbox | None = None,
        recorder: Recorder | None = None,
        insight: Insight | None = None,
    ) -> None:
        self._folder = folder
        self._environ = environ
        self._edition = edition
        self._broadcast = broadcast
        self.rooms = rooms or SocketRooms()
        self._sandbox = sandbox or NoSandbox()
        self._recorder = recorder
        self._clients = Clients(broadcast, insight)
        self._insight = insight
        if insight is not None:
            self.rooms.overheard = insight.emitted
        self.events = EventServer(self.rooms, self.connect, lambda: self.catalog)
        self._reloading = asyncio.Lock()
        self._leaving: dict[Edition, asyncio.Task[None]] = {}
        self._scheduler: Scheduler | None = None

    @classmethod
    def load(
        cls,
        folder: Path,
        environ: Mapping[str, str] | None,
        *,
        weak: bool = False,
        recorder: Recorder | None = None,
        insight: Insight | None = None,
    ) -> Gateway:
        """Compiles the project in `folder`; `environ` is what its `${NAME}`s read. `weak`: its programs run although
        this machine cannot keep them apart. `recorder` is told of the runs of functions, `insight` of
        what is emitted and of what fails. No I/O but the files. Raises
        `ProjectError`."""
        broadcast, rooms, sandbox = Broadcast(), SocketRooms(), LocalSandbox(weak=weak)
        edition = Edition.load(folder, environ, broadcast, rooms, sandbox, recorder)
        return cls(folder, environ, edition, broadcast, rooms, sandbox, recorder, insight)

    @property
    def edition(self) -> Edition:
        """What is served now. Another one after a reload."""
        return self._edition

    @property
    def clients(self) -> Clients:
        """Whoever stays connected."""
        return self._clients

    @property
    def sandbox(self) -> Sandbox:
        return self._sandbox

    @property
    def catalog(self) -> Catalog:
        return self._edition.catalog

    @property
    def api(self) -> Api:
        return self._edition.api

    @property
    def runner(self) -> Runner:
        return self._edition.runner

    @property
    def live(self) -> LiveQueries:
        return self._edition.live

    @property
    def authenticator(self) -> Authenticator:
        return self._edition.authenticator

    def follow_schedules(self, claims: Claims | None = None, clock: Clock | None = None) -> None:
        """From `open` to `close`, what is scheduled is run; with `claims`, by one gateway of all that have them in
        common."""
        self._scheduler = Scheduler(lambda: self.catalog, self._run_schedule, claims, clock)

    async def open(self) -> None:
        await self._edition.open()
        if self._scheduler is not None:
            self._scheduler.begin()

    async def close(self, patience: float | None = None) -> None:
        """Whoever is still connected is let go without a word. What goes on behind answers has so many seconds to end,
        or as long as it may take, and is cut off then."""
        if self._scheduler is not None:
            await self._scheduler.close()
        await self.events.close()
        await self._clients.close()
        cutting = None if patience is None else asyncio.get_running_loop().call_later(patience, self._cut)
        await asyncio.gather(self._edition.close(), *self._leaving.values())
        if cutting is not None:
            cutting.cancel()
        await self._sandbox.close()

    def _cut(self) -> None:
        for edition in (self._edition, *self._leaving):
            edition.cut()

    async def reload(self) -> None:
        """Reads the folder again. Raises `ProjectError` or `IntegrationUnavailable`, and then goes on serving what it
        served before. Whoever is connected stays so, and keeps every subscription that the project still has."""
        async with self._reloading:
            newer = await asyncio.to_thread(
                Edition.load,
                self._folder,
                self._environ,
                self._broadcast,
                self.rooms,
                self._sandbox,
                self._recorder,
            )
            await newer.open()
            older, self._edition = self._edition, newer
            if self._scheduler is not None:
                self._scheduler.refresh()
            await self._clients.move(newer)
            # Whoever follows goes over now: the calls under way may keep the older one open for long.
            older.live.journal.close()
            leaving = self._leaving[older] = asyncio.get_running_loop().create_task(older.close())
            leaving.add_done_callback(lambda _: self._leaving.pop(older))
            # The next reload does not wait for a call that takes an hour.
            done, _ = await asyncio.wait((leaving,), timeout=LINGERING)
            for each in done:
                await each

    async def connect(self, headers: Headers, ended: Ended) -> Client:
        """Somebody who stays connected; `ended` is called when they may not any more. Raises `OperationError`."""
        return await self._clients.connect(lambda: self._edition, headers, ended)

    async def follow(self, *, unmoved: bool) -> AsyncGenerator[Mapping[str, Json]]:
        """The journal of the live queries as JSON, from now on and across reloads, until the gateway is closed."""
        since: int | None = None
        while True:
            edition = self._edition
            async with aclosing(edition.live.journal.follow(since, unmoved=unmoved)) as entries:
                async for entry in entries:
                    yield as_record(entry, edition.catalog)
            if self._edition is edition:
                return
            yield RELOADED
            since = 0

    async def execute(
        self,
        text: str,
        operation_name: str | None,
        variables: Mapping[str, Any] | None,
        user: CurrentUser,
        *,
        origin: str = "client",
    ) -> Response:
        """Answers one GraphQL request. `origin`: who asks, as in `core.runs.Run`. Any: variables are the client's
        JSON, coerced by the document. Raises `DocumentError` where there is nothing to execute."""
        edition = self._edition
        try:
            document = edition.documents.find(text, operation_name)
        except DocumentError as error:
            if self._insight is not None:
                self._insight.failed(error.errors, user)
            raise
        with edition.in_use:
            response = await execute(document, variables, user, edition.runner, origin=origin)
        if response.errors and self._insight is not None:
            self._insight.failed(response.errors, user)
        return response

    async def demand(self, asked: Asked, user: CurrentUser) -> Demanded:
        """Runs an action that was asked for by its address. Never raises."""
        edition = self._edition
        with edition.in_use:
            demanded = await demand(edition.api, asked, user, edition.runner)
        if demanded.error is not None and self._insight is not None:
            self._insight.gave_up(f"{asked.target}/{asked.action}", demanded.error, user)
        return demanded

    async def invoke(self, operation: str, arguments: Mapping[str, Json], user: CurrentUser, origin: str) -> Invoked:
        """Runs an operation by its name. Never raises."""
        edition = self._edition
        with edition.in_use:
            invoked = await invoke(edition.api, operation, arguments, user, origin, edition.runner)
        if invoked.error is not None and self._insight is not None:
            self._insight.gave_up(operation, invoked.error, user)
        return invoked

    def touch(self, change: Change) -> Sequence[str]:
        """Tells of what somebody outside has written. The names of the queries that may answer otherwise now."""
        self._broadcast.publish(change)
        return self.runner.refreshed_by(change, len(self.catalog.roles))

    async def _run_schedule(self, schedule: Schedule) -> Invoked:
        return await self.invoke(schedule.operation, schedule.arguments, schedule.user, "schedule")
