"""Gateways on which stories are played: one for each project, opened when it is first wanted."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from tests.conftest import ask
from tests.mysql_client import ask_mysql
from tests.realtime.screens import SECRET
from tests.realtime.stories.contents import Contents, MysqlContents, PostgresContents, SqliteContents
from tests.realtime.stories.desk import Project, write_project
from tests.realtime.stories.lag import Lag, edition_with
from tests.realtime.stories.seats import PATIENCE, SMALL
from tests.realtime.stories.stage import Stage
from tests.realtime.stories.steps import Act, Burst, Reload, Step, Story
from tidegate.app import Gateway
from tidegate.broadcast import Broadcast
from tidegate.sandbox.sandbox import LocalSandbox
from tidegate.settings import Settings
from tidegate.web.server import build_server

HASTE = 3.0
"""Seconds of patience once something has been found: hypothesis then tries hundreds of smaller stories."""


MOST = 6
"""Gateways open at once: the one that was used longest ago gives way."""


class Theatre:
    """`server`: the address of a PostgreSQL or MySQL, where databases are made; without it they are SQLite's. Counts
    the stories played on it, their acts, and the results that were shown."""

    def __init__(self, folder: Path, server: str | None) -> None:
        self.stories = 0
        self.acts = 0
        self.frames = 0
        self.found: int | None = None
        self._folder = folder
        self._server = server
        self._patience = PATIENCE
        self._lag = Lag()
        self._stages: dict[Project, tuple[Stage, AsyncExitStack]] = {}
        self._made = 0

    async def play(self, story: Story) -> None:
        """Raises `Violation`."""
        try:
            for act in story.acts:
                await self._play(story.project, act)
        except BaseException:
            self.found = self.found or self.stories + 1
            # What is wrong is looked for with less patience.
            self._patience = HASTE
            raise
        finally:
            self.stories += 1

    async def close(self) -> None:
        for project in tuple(self._stages):
            await self._leave(project)

    async def _play(self, project: Project, act: Act) -> None:
        stage = await self._stage(project)
        before = stage.frames
        # What is wrong does not stay for the next; and after a reload answers do not lag any more.
        spent = True
        try:
            await stage.play(act)
            spent = any(_reloads(step) for step in act.steps)
        finally:
            self.acts += 1
            self.frames += stage.frames - before
            if spent:
                await self._leave(project)

    async def _stage(self, project: Project) -> Stage:
        if project in self._stages:
            self._stages[project] = self._stages.pop(project)
        else:
            if len(self._stages) >= MOST:
                await self._leave(next(iter(self._stages)))
            async with AsyncExitStack() as closing:
                stage = await self._open(project, closing)
                self._stages[project] = (stage, closing.pop_all())
        return self._stages[project][0]

    async def _leave(self, project: Project) -> None:
        _, closing = self._stages.pop(project)
        await closing.aclose()

    async def _open(self, project: Project, closing: AsyncExitStack) -> Stage:
        self._made += 1
        folder = self._folder / str(self._made)
        environ = {"JWT_SECRET": SECRET}
        kind = "sqlite" if self._server is None else "mysql" if self._server.startswith("mysql") else "postgres"
        write_project(project, folder, kind)
        closing.callback(shutil.rmtree, folder)
        contents: Contents
        if self._server is None:
            contents = SqliteContents(folder / "desk.db")
        else:
            name = f"stories_{uuid4().hex[:16]}"
            url = environ["DATABASE_URL"] = urlsplit(self._server)._replace(path=f"/{name}").geturl()
            if kind == "mysql":
                await ask_mysql(self._server, f"create database {name}")
                closing.push_async_callback(ask_mysql, self._server, f"drop database {name}")
                contents = MysqlContents(url)
            else:
                await ask(self._server, f"create database {name} template template0")
                closing.push_async_callback(ask, self._server, f"drop database {name} with (force)")
                contents = PostgresContents(url)
        broadcast = Broadcast()
        sandbox = LocalSandbox() if project.code else None
        edition = edition_with(self._lag).load(folder, environ, broadcast, None, sandbox)
        gateway = Gateway(folder, environ, edition, broadcast, None, sandbox)
        await gateway.open()
        closing.push_async_callback(gateway.close)
        await contents.open()
        closing.push_async_callback(contents.close)
        address = await closing.enter_async_context(_serving(gateway))
        return Stage(project, gateway, contents, address, self._lag, self._patience)


def _reloads(step: Step) -> bool:
    return isinstance(step, Reload) or (isinstance(step, Burst) and Reload() in step.steps)


@asynccontextmanager
async def _serving(gateway: Gateway) -> AsyncIterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # Of the sockets it accepts, too: a reader that stops is soon noticed.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
        started = asyncio.Event()
        server = build_server(gateway, Settings(port=0), started.set)
        # Signals are for whoever plays, not for one of the servers.
        server.capture_signals = nullcontext  # type: ignore[assignment, method-assign]
        task = asyncio.create_task(server.serve(sockets=[listener]))
        await started.wait()
        host, port = listener.getsockname()[:2]
        yield host, port
        server.stop()
        await task
