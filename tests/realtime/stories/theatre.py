"""Gateways on which stories are played: one for each project, opened when it is first wanted."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from tests.conftest import ask
from tests.realtime.screens import SECRET
from tests.realtime.stories.contents import Contents, PostgresContents, SqliteContents
from tests.realtime.stories.desk import Project, write_project
from tests.realtime.stories.faults import Flaws, Lag, broadcast_with, edition_with, gateway_with
from tests.realtime.stories.seats import PATIENCE, SMALL
from tests.realtime.stories.stage import Stage
from tests.realtime.stories.steps import Story
from tidegate.app import Gateway
from tidegate.settings import Settings
from tidegate.web.server import build_server

Place: TypeAlias = Callable[[], Awaitable[str]]
"""Makes an empty database of PostgreSQL, and gives its address."""


HASTE = 3.0
"""Seconds of patience once something has been found: hypothesis then tries hundreds of smaller stories."""


class Theatre:
    """`postgres`: where databases are made; without it they are SQLite's. Counts the stories played on it."""

    def __init__(
        self, folder: Path, postgres: str | None, *, flaws: Flaws = Flaws.NONE, patience: float = PATIENCE
    ) -> None:
        self.stories = 0
        self.frames = 0
        self._folder = folder
        self._postgres = postgres
        self._flaws = flaws
        self._patience = patience
        self._lag = Lag()
        self._stages: dict[Project, tuple[Stage, AsyncExitStack]] = {}
        self._made = 0

    async def play(self, story: Story) -> None:
        """Raises `Violation`."""
        stage = await self._stage(story.project)
        self._lag.seconds = story.lag
        before = stage.frames
        try:
            await stage.play(story)
        except BaseException:
            # Whatever went wrong does not stay for the next, and what is wrong is looked for with less patience.
            self._patience = min(self._patience, HASTE)
            _, closing = self._stages.pop(story.project)
            await closing.aclose()
            raise
        finally:
            self.stories += 1
            self.frames += stage.frames - before

    async def close(self) -> None:
        for _, closing in self._stages.values():
            await closing.aclose()
        self._stages.clear()

    async def _stage(self, project: Project) -> Stage:
        if project not in self._stages:
            async with AsyncExitStack() as closing:
                stage = await self._open(project, closing)
                self._stages[project] = (stage, closing.pop_all())
        return self._stages[project][0]

    async def _open(self, project: Project, closing: AsyncExitStack) -> Stage:
        self._made += 1
        folder = self._folder / str(self._made)
        environ = {"JWT_SECRET": SECRET}
        write_project(project, folder, postgres=self._postgres is not None)
        closing.callback(shutil.rmtree, folder)
        contents: Contents
        if self._postgres is None:
            contents = SqliteContents(folder / "desk.db")
        else:
            name = f"stories_{id(self):x}_{self._made}"
            await ask(self._postgres, f"create database {name} template template0")
            closing.push_async_callback(ask, self._postgres, f"drop database {name} with (force)")
            url = environ["DATABASE_URL"] = urlsplit(self._postgres)._replace(path=f"/{name}").geturl()
            contents = PostgresContents(url)
        broadcast = broadcast_with(self._flaws)
        edition = edition_with(self._flaws, self._lag)
        gateway = gateway_with(self._flaws)(folder, environ, edition.load(folder, environ, broadcast), broadcast)
        await gateway.open()
        closing.push_async_callback(gateway.close)
        await contents.open()
        closing.push_async_callback(contents.close)
        address = await closing.enter_async_context(_serving(gateway))
        return Stage(gateway, contents, address, self._patience)


@asynccontextmanager
async def _serving(gateway: Gateway) -> AsyncIterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # Of the sockets it accepts, too: a reader that stops is soon noticed.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
        started = asyncio.Event()
        server = build_server(gateway, Settings(port=0), started.set)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        await started.wait()
        host, port = listener.getsockname()[:2]
        yield host, port
        server.stop()
        await task
