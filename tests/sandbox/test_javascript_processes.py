"""JavaScript behind the door: what forks share must not show, and what ends a run tells where."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from tests.sandbox.world import PATIENCE, Recorder
from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.program import Asked, Fault, Invocation, Language, Outcome, Program, ProgramFailed
from tidegate.sandbox.sandbox import LocalSandbox


def javascript(text: str, file: str = "actions/tidy.js") -> Program:
    return Program('the action "tidy" of tickets', Language.JAVASCRIPT, file, text)


@pytest.fixture
async def sandbox() -> AsyncIterator[LocalSandbox]:
    sandbox = LocalSandbox()
    try:
        assert await sandbox.load([javascript("run = () => 1")], Limits(scriptCpu=PATIENCE, scriptTime=PATIENCE)) == ()
        yield sandbox
    finally:
        await sandbox.close()


async def run(sandbox: LocalSandbox, program: Program, host: Recorder | None = None) -> Outcome:
    deadline = asyncio.get_running_loop().time() + PATIENCE
    return await sandbox.run(program, Invocation({"a": 1}), host or Recorder(), deadline)


@pytest.mark.parametrize(
    "text", ["run = () => Math.random()", "run = () => uuid.v4()", "run = () => _.random(2 ** 53)"]
)
async def test_no_two_processes_have_the_same_randomness(sandbox: LocalSandbox, text: str) -> None:
    outcomes = await asyncio.gather(*(run(sandbox, javascript(text)) for _ in range(12)))
    assert len({outcome.value for outcome in outcomes}) == len(outcomes)


@pytest.mark.parametrize("mention", ["", "// _ and moment"])
async def test_nothing_passes_from_run_to_run(sandbox: LocalSandbox, mention: str) -> None:
    text = "run = () => { globalThis.left = (globalThis.left || 0) + 1; Array.prototype.x = left; return left }"
    outcomes = [await run(sandbox, javascript(f"{text} {mention}")) for _ in range(8)]
    assert {outcome.value for outcome in outcomes} == {1}


async def test_types_are_taken_out_and_the_input_comes_back(sandbox: LocalSandbox) -> None:
    typed = javascript("function run(input: { a: number }): number {\n  input.a += 1;\n  return input.a;\n}", "a.ts")
    assert await run(sandbox, typed) == Outcome(2, {"a": 2})


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("run = () => {\n  n = 0;\n  while (true) n++;\n}", "computed for more than 400 ms", "actions/tidy.js:3"),
        (
            "run = () => {\n  n = 0;\n  $http.get('https://x.example');\n}",
            "ran for more than 3 s",
            "actions/tidy.js:3",
        ),
    ],
)
async def test_the_line_is_told_at_which_it_was_stopped(
    sandbox: LocalSandbox, text: str, message: str, place: str
) -> None:
    async def hang(what: Asked, arguments: Sequence[Json]) -> Json:
        await asyncio.sleep(PATIENCE)
        return None

    assert await sandbox.load([javascript("run = () => 1")], Limits(scriptCpu=0.4, scriptTime=3.0)) == ()
    with pytest.raises(ProgramFailed) as caught:
        await run(sandbox, javascript(text), Recorder(hang))
    assert caught.value.fault is Fault.LIMIT
    assert caught.value.message == f'The action "tidy" of tickets {message}.'
    assert caught.value.place.startswith(place)
