"""`make bench-events`: one event to a room of many websockets, beside Node's socket.io and python-socketio as it is.

    python -m bench.events [--clients 100 1000 5000] [--rounds N] [--events N] [--only NAME...] [--json FILE]

All servers stay up and keep their clients; rounds go through them in turn. CPU is that of the server's process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench import report
from bench.__main__ import node_version
from bench.contestants import PEERS, node
from bench.machine import Cores, describe, free_port, pin_tree, processor_seconds, resident_bytes
from bench.queries import progress

LENGTH = 4600
FIGURES = {
    "server": ("server CPU µs", ".1f"),
    "last": ("last heard ms", ".1f"),
    "memory": ("KB each", ".1f"),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """Microseconds of processor time for each message; milliseconds until the last client had it."""

    server: float
    last: float


@dataclass(frozen=True, slots=True)
class Result:
    contestant: str
    clients: int
    memory: float
    samples: tuple[Sample, ...]

    def median(self, figure: str) -> float:
        if figure == "memory":
            return self.memory / 1024
        return float(statistics.median(getattr(sample, figure) for sample in self.samples))


def contestants() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Name, and command, by the short name; ours first."""
    python = (sys.executable, "-m", "bench.event_servers")
    locked = json.loads((PEERS / "package.json").read_text())["dependencies"]["socket.io"]
    return {
        "tidegate": (f"Tidegate {version('tidegate')}", (*python, "tidegate")),
        "node": (f"socket.io {locked} on Node", (node(), str(PEERS / "socketio.mjs"))),
        "python": (f"python-socketio {version('python-socketio')}", (*python, "stock")),
    }


class Room:
    """A server, and the process that holds its clients."""

    def __init__(self, name: str, pid: int, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self.pid = pid
        self.memory = 0.0
        self.samples: list[Sample] = []
        self.sample = ""
        self._process = process

    # Any: JSON, as bench/listeners.py says it.
    async def hear(self) -> Any:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"The clients of {self.name} gave up.")
        return json.loads(line)

    async def run(self, clients: int, events: int, first: int) -> None:
        assert self._process.stdin is not None
        before = processor_seconds([self.pid])
        self._process.stdin.write(json.dumps({"events": events, "first": first}).encode() + b"\n")
        heard = await self.hear()
        spent = processor_seconds([self.pid]) - before
        if heard["frames"] != clients * events or heard["other"]:
            raise RuntimeError(f"{self.name}: {heard['frames']} messages and {heard['other']} others.")
        self.sample = heard["sample"]
        self.samples.append(Sample(1e6 * spent / heard["frames"], statistics.median(heard["times"])))


@asynccontextmanager
async def fill(name: str, command: tuple[str, ...], clients: int, cores: Cores) -> AsyncIterator[Room]:
    port, control = free_port(), free_port()
    server = await asyncio.create_subprocess_exec(*command, str(port), str(control), str(LENGTH))
    listeners: asyncio.subprocess.Process | None = None
    try:
        pin_tree(server.pid, cores.server)
        await until_open(port, control)
        pin_tree(server.pid, cores.server)
        empty = resident_bytes(server.pid)
        listeners = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.listeners", str(port), str(control), str(clients)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            limit=1 << 20,
            preexec_fn=lambda: os.sched_setaffinity(0, {cores.load}),
        )
        room = Room(name, server.pid, listeners)
        await room.hear()
        room.memory = (resident_bytes(server.pid) - empty) / clients
        yield room
    finally:
        for process in (listeners, server):
            if process is not None and process.returncode is None:
                process.kill()
                await process.wait()


async def until_open(*ports: int) -> None:
    async with asyncio.timeout(60):
        for port in ports:
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.1)
                else:
                    writer.close()
                    break


async def measure(names: list[str], clients: int, events: int, rounds: int, cores: Cores) -> list[Result]:
    known = contestants()
    async with AsyncExitStack() as stack:
        rooms = []
        for name in names:
            progress(f"{clients:,} clients of {known[name][0]}")
            rooms.append(await stack.enter_async_context(fill(*known[name], clients, cores)))
        for number in range(rounds + 1):
            progress(f"round {number} of {rounds}, {clients:,} clients")
            for place in range(len(rooms)):
                await rooms[(number + place) % len(rooms)].run(clients, events, number * events)
        for room in rooms:
            # The first is for warming up.
            del room.samples[0]
            if f'"line":"event {rounds * events + events - 1:08d}"' not in room.sample:
                raise RuntimeError(f"{room.name} says something else: {room.sample[:100]}")
        return [Result(room.name, clients, room.memory, tuple(room.samples)) for room in rooms]


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.events", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run, and a noisier one")
    parser.add_argument("--clients", nargs="+", type=int, default=[100, 1000, 5000])
    parser.add_argument("--only", nargs="+", choices=list(contestants()), help="the first is compared")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--json", type=Path, help="also write every sample to this file")
    return parser.parse_args(words)


async def main(options: argparse.Namespace) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    cores = Cores.share_out()
    print(describe(cores))
    print(f"Python {sys.version.split()[0]}, Node {node_version()}\n", flush=True)
    results = []
    for clients in options.clients:
        events = max(2, (2000 if options.quick else 8000) // clients)
        rounds = options.rounds or (3 if options.quick else 7)
        taken = await measure(options.only or list(contestants()), clients, events, rounds, cores)
        results += taken
        title = f"A room of {clients:,} websockets, an event of 4.7 KB, medians of {rounds} rounds of {events}"
        # What a report needs of a result is its name, its medians and its samples.
        listed: Any = taken
        print(report.compared(title, listed, FIGURES, "server"), end="\n\n", flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(result) for result in results], indent=1))


if __name__ == "__main__":
    try:
        asyncio.run(main(parse(sys.argv[1:])))
    except RuntimeError as error:
        sys.exit(str(error))
