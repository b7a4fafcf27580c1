"""`make bench-sandbox`: what a run of a program costs in a process of its own, beside the engine alone in this one.

Each round asks the engine and the sandbox in turns, so that whatever else the machine does falls on both."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import chain
from statistics import median
from time import perf_counter, process_time
from typing import Final

import psutil

from bench.functions import functions
from bench.machine import processor_seconds
from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.program import Asked, Invocation, Language, Program, ProgramFailed
from tidegate.sandbox.frames import Kind
from tidegate.sandbox.hygiene import encode
from tidegate.sandbox.javascript import JavaScript
from tidegate.sandbox.nursery import Breed, Nursery
from tidegate.sandbox.quickjs import locate
from tidegate.sandbox.sandbox import LocalSandbox, default_engines
from tidegate.sandbox.zygote import LAYERS

TRIVIAL: Final = "function backandCallback(userInput) { return { a: userInput.a + 1 }; }"
LIBRARIES: Final = "function backandCallback(userInput) { return _.merge({}, userInput, { at: dayjs(0).year() }); }"
HOST: Final = """
function backandCallback() {
  let n = 0;
  for (let i = 0; i < 10; i++) n += security.hash("x").length;
  return n;
}
"""
LOOP: Final = "function backandCallback() { for (;;) {} }"

ROWS: Final[list[Json]] = [{"id": n, "title": f"Ticket {n}", "level": n % 5, "done": n % 2 == 0} for n in range(1000)]
IN_EACH: Final = {
    Language.JAVASCRIPT: (
        "function run(input) { return input.a; }",
        "function run() { let n = 0; for (let i = 0; i < 10; i++) n += security.hash('x').length; return n; }",
        "function run(input) { return input.rows.map((row) => ({ ...row, level: row.level + 1 })); }",
        "function run() { let x = 0; for (let i = 0; i < 100000; i++) x += i % 7; return x; }",
    ),
    Language.PYTHON: (
        "def run(input):\n    return input['a']",
        "def run():\n    return sum(len(security.hash('x')) for _ in range(10))",
        "def run(input):\n    return [{**row, 'level': row['level'] + 1} for row in input['rows']]",
        "def run():\n    x = 0\n    for i in range(100000):\n        x += i % 7\n    return x",
    ),
}
IN_EACH[Language.CPYTHON] = IN_EACH[Language.PYTHON]
WHAT: Final = ("trivial", "ten host calls", "1000 rows in and out", "100 000 turns of a loop")

LIMITS: Final = Limits(scriptCpu=5.0, scriptTime=60.0)
INVOCATION: Final = Invocation({"a": 1})
PAUSE: Final = 0.02
"""Seconds between calls that are measured one by one: in them the next context is made, as it would be in a gateway
that is not saturated."""


class Host:
    async def ask(self, _what: Asked, _arguments: Sequence[Json]) -> Json:
        return "digest"

    def log(self, _level: str, _text: str) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Scenario:
    title: str
    text: str
    libraries: bool = False

    @property
    def program(self) -> Program:
        return Program("the action", Language.JAVASCRIPT, "actions/bench.js", self.text)


SCENARIOS: Final = (
    Scenario("trivial", TRIVIAL),
    Scenario("trivial, with libraries", LIBRARIES, libraries=True),
    Scenario("ten host calls", HOST),
)


def ask_engine(engine: JavaScript, scenario: Scenario) -> float:
    """Seconds of one run, its context made before."""
    engine.fresh(scenario.libraries)
    given = encode(INVOCATION)
    begun = perf_counter()
    answer = engine.run(scenario.text, "actions/bench.js", given, lambda _: b'{"value":"digest"}', lambda *_: None)
    seconds = perf_counter() - begun
    assert b'"value"' in answer, answer
    return seconds


async def ask_sandbox(sandbox: LocalSandbox, scenario: Scenario) -> float:
    begun = perf_counter()
    await sandbox.run(scenario.program, INVOCATION, Host(), asyncio.get_running_loop().time() + 60)
    return perf_counter() - begun


async def one_by_one(sandbox: LocalSandbox, engine: JavaScript, calls: int) -> None:
    print("One call at a time, ms      engine: least    p50    sandbox: least    p50     p99    above the engine")
    for scenario in SCENARIOS:
        alone: list[float] = []
        apart: list[float] = []
        for _ in range(calls):
            alone.append(ask_engine(engine, scenario))
            await asyncio.sleep(PAUSE)
            apart.append(await ask_sandbox(sandbox, scenario))
            await asyncio.sleep(PAUSE)
        alone, apart = sorted(alone), sorted(apart)
        p50, apart_p50, p99 = (1000 * each for each in (median(alone), median(apart), apart[int(len(apart) * 0.99)]))
        print(
            f"{scenario.title:<24} {alone[0] * 1000:>16.2f} {p50:>6.2f} {apart[0] * 1000:>17.2f} {apart_p50:>6.2f} "
            f"{p99:>7.2f} {apart_p50 - p50:>12.2f} ({apart_p50 / p50:.1f} times)"
        )


async def many_at_once(sandbox: LocalSandbox, seconds: float) -> None:
    print("\nFour callers without pause            calls a second    CPU ms a call")
    for scenario in SCENARIOS:
        until = perf_counter() + seconds
        counts = [0] * 4

        async def call(number: int, of: Scenario, end: float, counted: list[int]) -> None:
            while perf_counter() < end:
                await ask_sandbox(sandbox, of)
                counted[number] += 1

        before, begun = processor_seconds([os.getpid()]), perf_counter()
        await asyncio.gather(*(call(number, scenario, until, counts) for number in range(len(counts))))
        took, used = perf_counter() - begun, processor_seconds([os.getpid()]) - before
        # Of processes that have ended meanwhile the system tells no more: with libraries that is most of the work.
        shown = "" if scenario.libraries else f"{used / sum(counts) * 1000:>17.2f}"
        print(f"{scenario.title:<36} {sum(counts) / took:>15.0f}{shown}")


async def languages(times: int) -> None:
    """The three in turns, so that whatever else the machine does falls on all."""
    print("\nOne call at a time, ms              least     p50     p99    CPU of gateway and sandbox")
    sandbox = LocalSandbox()
    given = Invocation({"a": 1, "rows": ROWS})
    programs = {
        language: [Program(title, language, "steps/bench", text) for title, text in zip(WHAT, texts, strict=True)]
        for language, texts in IN_EACH.items()
    }
    try:
        assert not await sandbox.load(list(chain(*programs.values())), LIMITS)
        for number, title in enumerate(WHAT):
            invocation = given if "rows" in title else INVOCATION
            took: dict[Language, list[float]] = {language: [] for language in programs}
            used = dict.fromkeys(programs, 0.0)
            for _ in range(times):
                for language, each in programs.items():
                    before, own, begun = family_seconds(), process_time(), perf_counter()
                    await sandbox.run(each[number], invocation, Host(), asyncio.get_running_loop().time() + 60)
                    took[language].append(perf_counter() - begun)
                    await asyncio.sleep(PAUSE)
                    own = process_time() - own
                    used[language] += own + family_seconds() - before
            for language, seconds in took.items():
                ordered = sorted(1000 * each for each in seconds)
                cpu = 1000 * used[language] / times
                shown = (
                    f"{ordered[0]:>7.2f} {median(ordered):>7.2f} {ordered[int(len(ordered) * 0.99)]:>7.2f} {cpu:>9.2f}"
                )
                print(f"{title:<24} {language:<8} {shown}")
    finally:
        await sandbox.close()


def family_seconds() -> float:
    """Of the processes that this one has started, and of those that they have and had."""
    total = 0.0
    for each in psutil.Process().children(recursive=True):
        # One that has just ended, its parent will have.
        with suppress(psutil.NoSuchProcess):
            times = each.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


async def replacement(times: int) -> None:
    births: list[float] = []
    for libraries in (False, True):
        nursery = Nursery(Breed(default_engines()[Language.JAVASCRIPT], libraries, 1), LIMITS)
        await nursery.start()
        try:
            nursery.layers = LAYERS
            births.clear()
            for _ in range(times):
                begun = perf_counter()
                link = await nursery.connect(1024)
                kind, _ = await link.receive()
                births.append(perf_counter() - begun)
                assert kind == Kind.READY
                link.kill()
                await link.death
        finally:
            await nursery.close()
        title = "with libraries" if libraries else "without libraries"
        print(f"another process, ready, {title:<18} p50 {median(births) * 1000:.1f} ms")


async def after_a_kill(times: int) -> None:
    sandbox = LocalSandbox()
    loop, trivial = Program("the action", Language.JAVASCRIPT, "actions/loop.js", LOOP), SCENARIOS[0]
    killed: list[float] = []
    usual: list[float] = []
    try:
        assert not await sandbox.load([loop, trivial.program], Limits(scriptCpu=0.05))
        for _ in range(times):
            with suppress(ProgramFailed):
                await sandbox.run(loop, INVOCATION, Host(), asyncio.get_running_loop().time() + 60)
            killed.append(await ask_sandbox(sandbox, trivial))
            await asyncio.sleep(PAUSE)
            usual.append(await ask_sandbox(sandbox, trivial))
    finally:
        await sandbox.close()
    after, before = median(killed) * 1000, median(usual) * 1000
    print(f"a call right after another was killed     p50 {after:.2f} ms; usually {before:.2f} ms")


async def main(quick: bool) -> None:
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    engine = JavaScript(locate())
    engine.prepare(asdict(LIMITS))
    sandbox = LocalSandbox()
    try:
        begun = perf_counter()
        problems = await sandbox.load([scenario.program for scenario in SCENARIOS], LIMITS)
        assert not problems, problems
        started = perf_counter() - begun
        for scenario in SCENARIOS:
            for _ in range(5):
                ask_engine(engine, scenario)
                await ask_sandbox(sandbox, scenario)
        gc.collect()
        gc.freeze()
        await one_by_one(sandbox, engine, 20 if quick else 200)
        await many_at_once(sandbox, 0.5 if quick else 5.0)
    finally:
        await sandbox.close()
    await languages(5 if quick else 200)
    await functions(5 if quick else 300)
    print()
    await replacement(5 if quick else 50)
    await after_a_kill(3 if quick else 20)
    print(f"start: two zygotes, the self-test, three programs {started * 1000:.0f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.sandbox", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds, and noisier")
    asyncio.run(main(parser.parse_args().quick))
