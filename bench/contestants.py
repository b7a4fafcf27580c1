"""Who is measured: how each is started, and how it is asked for tickets."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import httpx

from bench.machine import free_port, pin_tree

BENCH = Path(__file__).parent
PEERS = BENCH / "peers"
FIELDS = "id title status email priority"
STARTING = 60.0


def ask_plainly(rows: int) -> str:
    return f"{{ tickets(limit: {rows}) {{ {FIELDS} }} }}"


def ask_postgraphile(rows: int) -> str:
    return f"{{ tickets: allTicketsList(first: {rows}) {{ {FIELDS.replace('id', 'id: rowId', 1)} }} }}"


@dataclass(frozen=True, slots=True)
class Contestant:
    name: str
    command: tuple[str, ...]
    """What starts it. `{port}` is where it should listen; it also finds PORT and DATABASE_URL in its environment."""
    ask: Callable[[int], str] = ask_plainly
    path: str = "/graphql"
    board: str = "renameOnBoard"
    """The mutation that changes a ticket and sends everybody the board. Where `rename` does not, it is another one."""


@dataclass(frozen=True, slots=True)
class Running:
    contestant: Contestant
    pid: int
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.contestant.path}"

    async def rows(self, client: httpx.AsyncClient, count: int) -> object:
        """Its answer, decoded. Raises if it is not 200 or has errors."""
        answer = await client.post(self.url, json={"query": self.contestant.ask(count)})
        answer.raise_for_status()
        decoded = answer.json()
        if "errors" in decoded:
            raise RuntimeError(f"{self.contestant.name}: {decoded['errors']}")
        return decoded["data"]["tickets"]


def node() -> str:
    """The locked Node 24 where there is one for this machine, or else the system's."""
    return shutil.which("node", path=str(PEERS / "node_modules" / ".bin")) or "node"


def contestants() -> dict[str, Contestant]:
    """By the short name used on the command line; Tidegate first."""
    locked: dict[str, str] = json.loads((PEERS / "package.json").read_text())["dependencies"]
    tidegate = str(Path(sys.executable).with_name("tidegate"))
    serve = (tidegate, "serve", str(BENCH / "project"), "--host", "127.0.0.1", "--port", "{port}")
    strawberry = (sys.executable, str(PEERS / "strawberry_server.py"))
    return {
        "tidegate": Contestant(f"Tidegate {version('tidegate')}", serve, board="rename"),
        "strawberry": Contestant(f"strawberry {version('strawberry-graphql')}", strawberry, path="/graphql/"),
        "postgraphile": Contestant(
            f"PostGraphile {locked['postgraphile']}",
            (node(), str(PEERS / "postgraphile.mjs")),
            ask=ask_postgraphile,
        ),
        "mercurius": Contestant(f"Mercurius {locked['mercurius']} + JIT", (node(), str(PEERS / "mercurius.mjs"))),
        "yoga": Contestant(f"yoga {locked['graphql-yoga']} + graphql-ws", (node(), str(PEERS / "yoga.mjs"))),
    }


def writer(folder: Path) -> Contestant | None:
    """The limit, compiled into `folder`; or none on a machine without a C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    program = folder / "writer"
    subprocess.run([compiler, "-O2", "-o", str(program), str(PEERS / "writer.c")], check=True)
    return Contestant("C writer", (str(program), "{port}"))


@asynccontextmanager
async def start(contestant: Contestant, database_url: str, core: int) -> AsyncIterator[Running]:
    """Starts it on `core` and waits until it answers. Raises RuntimeError, with what it wrote, if it does not."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(word.replace("{port}", str(port)) for word in contestant.command),
        env={
            **os.environ,
            "PORT": str(port),
            "DATABASE_URL": database_url,
            "NODE_ENV": "production",
            "TIDEGATE_MAX_CONNECTIONS": "50000",
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = bytearray()
    reading = asyncio.create_task(drain(process, output))
    try:
        pin_tree(process.pid, core)
        running = Running(contestant, process.pid, port)
        await wait_until_it_answers(running, process, output)
        pin_tree(process.pid, core)
        yield running
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 10)
            except TimeoutError:
                process.kill()
        await reading


async def drain(process: asyncio.subprocess.Process, output: bytearray) -> None:
    """Keeps the last of what a server writes: it must not block on a full pipe."""
    assert process.stdout is not None
    while chunk := await process.stdout.read(65536):
        output += chunk
        del output[:-4000]


async def wait_until_it_answers(running: Running, process: asyncio.subprocess.Process, output: bytearray) -> None:
    problem: Exception | None = None
    async with httpx.AsyncClient() as client:
        for _ in range(int(STARTING / 0.2)):
            if process.returncode is not None:
                break
            try:
                await running.rows(client, 1)
                return
            except (httpx.HTTPError, RuntimeError, KeyError, ValueError) as error:
                problem = error
            await asyncio.sleep(0.2)
    raise RuntimeError(f"{running.contestant.name} does not answer: {problem!r}\n{output.decode(errors='replace')}")
