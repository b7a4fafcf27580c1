"""One write and all who must hear of it: rounds of mutations against servers that keep websockets, in turns."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Final

from bench.contestants import FIELDS, Contestant, Running, start
from bench.database import Database
from bench.machine import Cores, pin_tree, processor_seconds, resident_bytes
from bench.queries import progress

BOARD: Final = f"subscription {{ board {{ {FIELDS} }} }}"
TICKET: Final = f"subscription {{ ticket(id: {{key}}) {{ {FIELDS} }} }}"


@dataclass(frozen=True, slots=True)
class Scenario:
    """`keyed`: each subscriber has a ticket of its own, and a write concerns one of them. Otherwise all have the same
    list, and all are sent it. `writes` are those of one round."""

    subscribers: int
    keyed: bool
    writes: int
    rounds: int

    @property
    def title(self) -> str:
        if self.keyed:
            return f"{self.subscribers:,} subscribers with a ticket each; a write concerns one"
        return f"{self.subscribers:,} subscribers of one list of 5 KB"


@dataclass(frozen=True, slots=True)
class Sample:
    """One contestant in one round. Milliseconds since the mutation was sent, medians of the writes; microseconds of
    processor time for each frame that somebody was waiting for, of the server, the database and the load."""

    answered: float
    last: float
    server: float
    database: float
    load: float


@dataclass(frozen=True, slots=True)
class Result:
    """`memory`: bytes of the server for one subscription."""

    contestant: str
    scenario: Scenario
    memory: float
    samples: tuple[Sample, ...]

    def median(self, figure: str) -> float:
        if figure == "memory":
            return self.memory / 1024
        return float(statistics.median(getattr(sample, figure) for sample in self.samples))


class Audience:
    """The subscribers of one server: a process of their own."""

    def __init__(self, running: Running, process: asyncio.subprocess.Process) -> None:
        self.running = running
        self.memory = 0.0
        self._process = process

    # Any JSON: what bench/subscribers.py says.
    async def ask(self, **command: int) -> dict:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        return await self.hear()

    async def hear(self) -> dict:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"The subscribers of {self.running.contestant.name} gave up.")
        return dict(json.loads(line))


@asynccontextmanager
async def gather(running: Running, scenario: Scenario, cores: Cores) -> AsyncIterator[Audience]:
    mutation = "rename" if scenario.keyed else running.contestant.board
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.subscribers", str(running.port), running.contestant.path),
        *(str(scenario.subscribers), mutation, *((TICKET, "keyed") if scenario.keyed else (BOARD,))),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        limit=1 << 20,
        preexec_fn=lambda: os.sched_setaffinity(0, {cores.load}),
    )
    try:
        yield Audience(running, process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def measure(
    contestants: Sequence[Contestant], database: Database, cores: Cores, scenario: Scenario
) -> list[Result]:
    """All servers are started anew and have their subscribers for the whole scenario; rounds go through them in turn,
    each time from another one on."""
    pin_tree(database.postmaster, cores.database)
    # The C writer has the titles that are there at first.
    await database.restore()
    async with AsyncExitStack() as stack:
        audiences: list[Audience] = []
        frames = []
        for contestant in contestants:
            progress(f"{scenario.title}: starting {contestant.name}")
            running = await stack.enter_async_context(start(contestant, database.url, cores.server))
            before = resident_bytes(running.pid)
            audience = await stack.enter_async_context(gather(running, scenario, cores))
            frames.append(json.loads((await audience.hear())["frame"])["payload"]["data"])
            audience.memory = (resident_bytes(running.pid) - before) / scenario.subscribers
            audiences.append(audience)
        for contestant, frame in zip(contestants, frames, strict=True):
            if frame != frames[0]:
                raise RuntimeError(f"{contestant.name} does not send what {contestants[0].name} does.")
        samples: dict[str, list[Sample]] = {each.running.contestant.name: [] for each in audiences}
        numbers = count(2, scenario.writes)
        for turn in range(-1, scenario.rounds):
            at = turn % len(audiences)
            for each in audiences[at:] + audiences[:at]:
                name = each.running.contestant.name
                sample = await measure_one(each, database, scenario, next(numbers))
                if turn < 0:
                    continue
                samples[name].append(sample)
                progress(
                    f"{scenario.title}, round {turn + 1} of {scenario.rounds}: {name} {sample.last:.1f} ms, "
                    f"{sample.server:.1f} µs (load {sample.load:.1f})"
                )
        return [
            Result(name, scenario, each.memory, tuple(samples[name]))
            for each, name in zip(audiences, samples, strict=True)
        ]


async def measure_one(audience: Audience, database: Database, scenario: Scenario, first: int) -> Sample:
    pid = audience.running.pid
    server, backends = processor_seconds([pid]), processor_seconds([database.postmaster])
    taken = await audience.ask(writes=scenario.writes, first=first)
    server, backends = processor_seconds([pid]) - server, processor_seconds([database.postmaster]) - backends
    expected = scenario.writes * (1 if scenario.keyed else scenario.subscribers)
    if taken["fresh"] != expected or taken["other"]:
        raise RuntimeError(
            f"{audience.running.contestant.name} sent {taken['fresh']} frames of {expected}, and {taken['other']} that "
            "nobody was waiting for."
        )
    return Sample(
        answered=statistics.median(taken["answered"]),
        last=statistics.median(taken["last"]),
        server=1e6 * server / expected,
        database=1e6 * backends / expected,
        load=1e6 * taken["load"] / expected,
    )
