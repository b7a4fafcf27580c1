"""`{ tickets(limit: N) { 5 fields } }` asked of every contestant, in turns."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx

from bench.contestants import Contestant, Running, start
from bench.database import Database
from bench.machine import Cores, pin_tree, processor_seconds


@dataclass(frozen=True, slots=True)
class Plan:
    sizes: Sequence[int]
    rounds: int
    seconds: float
    warm_up: float
    connections: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One contestant in one round. Times in milliseconds; processor time is per request."""

    requests: float
    p50: float
    p99: float
    server: float
    database: float

    @property
    def processor(self) -> float:
        return self.server + self.database


@dataclass(frozen=True, slots=True)
class Result:
    contestant: str
    rows: int
    samples: tuple[Sample, ...]

    def median(self, figure: str) -> float:
        return float(statistics.median(getattr(sample, figure) for sample in self.samples))


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


async def measure(contestants: Sequence[Contestant], database: Database, cores: Cores, plan: Plan) -> list[Result]:
    """Every contestant stays up for the whole run; rounds go through them in turn, each time from another one on, so
    that a noisy minute falls on all alike."""
    pin_tree(database.postmaster, cores.database)
    async with AsyncExitStack() as stack:
        running = []
        for contestant in contestants:
            progress(f"starting {contestant.name}")
            running.append(await stack.enter_async_context(start(contestant, database.url, cores.server)))
        results: list[Result] = []
        for rows in plan.sizes:
            await compare_answers(running, rows)
            for each in running:
                progress(f"{rows} rows: warming {each.contestant.name}")
                await load(each, rows, cores, plan, plan.warm_up)
            samples: dict[str, list[Sample]] = {each.contestant.name: [] for each in running}
            for turn in range(plan.rounds):
                for each in running[turn % len(running) :] + running[: turn % len(running)]:
                    sample = await measure_one(each, rows, database, cores, plan)
                    samples[each.contestant.name].append(sample)
                    progress(
                        f"{rows} rows, round {turn + 1} of {plan.rounds}: {each.contestant.name} "
                        f"{sample.requests:.0f}/s, {sample.server:.3f} + {sample.database:.3f} ms"
                    )
            results += [Result(name, rows, tuple(taken)) for name, taken in samples.items()]
        return results


async def compare_answers(running: Sequence[Running], rows: int) -> None:
    """Nobody is measured unless all answer the same."""
    async with httpx.AsyncClient(timeout=30) as client:
        answers = [await each.rows(client, rows) for each in running]
    for each, answer in zip(running, answers, strict=True):
        if answer != answers[0] or not isinstance(answer, list) or len(answer) != rows:
            raise RuntimeError(f"{each.contestant.name} does not answer as {running[0].contestant.name} does.")


async def measure_one(each: Running, rows: int, database: Database, cores: Cores, plan: Plan) -> Sample:
    server, backends = processor_seconds([each.pid]), processor_seconds([database.postmaster])
    taken = await load(each, rows, cores, plan, plan.seconds)
    server, backends = processor_seconds([each.pid]) - server, processor_seconds([database.postmaster]) - backends
    if taken["wrong"]:
        raise RuntimeError(
            f"{each.contestant.name} gave {taken['wrong']:.0f} wrong answers of {taken['requests']:.0f}."
        )
    return Sample(
        requests=taken["requests"] / taken["seconds"],
        p50=taken["p50"],
        p99=taken["p99"],
        server=1000 * server / taken["requests"],
        database=1000 * backends / taken["requests"],
    )


async def load(each: Running, rows: int, cores: Cores, plan: Plan, seconds: float) -> dict[str, float]:
    body = json.dumps({"query": each.contestant.ask(rows)}).encode()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.load", str(each.port), each.contestant.path),
        *(str(plan.connections), str(seconds)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=lambda: os.sched_setaffinity(0, {cores.load}),
    )
    output, _ = await process.communicate(body)
    if process.returncode:
        raise RuntimeError(f"The load on {each.contestant.name} ended with {process.returncode}.")
    taken: dict[str, float] = json.loads(output)
    return taken
