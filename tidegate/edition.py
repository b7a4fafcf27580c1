"""One compiled project at work, from its opening until the last call that uses it has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from logging import getLogger
from pathlib import Path

from tidegate.auth import Authenticator
from tidegate.broadcast import Broadcast
from tidegate.core.catalog import Catalog
from tidegate.core.change import Change
from tidegate.core.emission import Rooms
from tidegate.core.footprint import Touch
from tidegate.core.problems import ProjectError
from tidegate.core.program import NoSandbox, Sandbox
from tidegate.core.runs import Recorder
from tidegate.documents import Documents
from tidegate.kinds import installed_kinds
from tidegate.realtime.live import LiveQueries
from tidegate.resolvers.fetching import HttpFetcher
from tidegate.resolvers.runner import LocalRunner
from tidegate.schema.api import build_api
from tidegate.schema.compile import compile_project

log = getLogger(__name__)


class Use:
    """Counts who is using an edition: its integrations stay open for them, also when a reload has put a newer edition
    in its place. A plain context manager, for every call goes through it."""

    def __init__(self) -> None:
        self._users = 0
        self._ended = asyncio.Event()

    def __enter__(self) -> None:
        self._users += 1

    def __exit__(self, *_: object) -> None:
        self._users -= 1
        if not self._users:
            self._ended.set()

    async def ended(self) -> None:
        """Waits until there are no users."""
        while self._users:
            self._ended.clear()
            await self._ended.wait()


class Edition:
    """A catalog with everything made from it. Constructed without I/O; `open` before use, `close` after. `broadcast`
    carries the changes that are made through it, and to its live queries; `rooms` what is emitted; programs run in the
    `sandbox`, which is the gateway's and stays when the edition is closed; `recorder` is told of runs of functions."""

    def __init__(
        self,
        catalog: Catalog,
        broadcast: Broadcast | None = None,
        rooms: Rooms | None = None,
        sandbox: Sandbox | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        self.catalog = catalog
        self._sandbox = sandbox or NoSandbox()
        self._fetcher = HttpFetcher(catalog.reachable)
        self.api = build_api(catalog)
        self._broadcast = broadcast or Broadcast()
        self.runner = LocalRunner(catalog, self._broadcast, rooms, self._sandbox, self._fetcher, recorder)
        self.live = LiveQueries(self.runner)
        self.authenticator = Authenticator(catalog.auth, catalog.roles)
        self.documents = Documents(self.api)
        self.in_use = Use()

    @classmethod
    def load(
        cls,
        folder: Path,
        environ: Mapping[str, str] | None,
        broadcast: Broadcast | None = None,
        rooms: Rooms | None = None,
        sandbox: Sandbox | None = None,
        recorder: Recorder | None = None,
    ) -> Edition:
        """Compiles the project in `folder`. Raises `ProjectError`."""
        return cls(compile_project(folder, installed_kinds(), environ), broadcast, rooms, sandbox, recorder)

    async def open(self) -> None:
        """Opens every integration; those already open are closed again if one cannot be. Raises
        `IntegrationUnavailable` or `SandboxUnavailable`, or `ProjectError` where the project does not fit the real
        thing, or its programs cannot be read."""
        await self.authenticator.open()
        self._broadcast.join(self.live)
        opened = []
        try:
            for name, integration in self.catalog.integrations.items():
                await integration.open(partial(self._outside, name))
                opened.append(integration)
                for problem in await integration.check(self.catalog.surroundings):
                    # Not everything may be needed, and what is can still be made: a table, say.
                    log.warning("%s", problem)
            # Last: from then on the sandbox runs the programs of this edition.
            problems = await self._sandbox.load(self.catalog.programs, self.catalog.limits)
            if problems:
                raise ProjectError(problems)
        except BaseException:
            self._broadcast.leave(self.live)
            await self.authenticator.close()
            for integration in opened:
                await integration.close()
            raise

    def cut(self) -> None:
        """Stops what goes on behind answers: nobody waits for it, and it may take long."""
        self.runner.cut()

    async def close(self) -> None:
        """Waits for the calls under way, each of which has its own deadline, then closes."""
        await self.in_use.ended()
        await self.runner.close()
        self._broadcast.leave(self.live)
        await self.live.close()
        await self._fetcher.close()
        await self.authenticator.close()
        for integration in self.catalog.integrations.values():
            await integration.close()

    def _outside(self, name: str, touches: Sequence[Touch]) -> None:
        self._broadcast.publish(Change(f"outside: {name}", tuple(touches)))
