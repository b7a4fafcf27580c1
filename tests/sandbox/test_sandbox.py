"""What the rest of the gateway is promised by a sandbox: answers, faults, questions, reloads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from tests.sandbox.world import PATIENCE, Recorder, World, open_sandbox, opened, program
from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.location import Location
from tidegate.core.program import (
    Asked,
    Fault,
    HostRefused,
    Invocation,
    Language,
    Outcome,
    Program,
    ProgramFailed,
    SandboxUnavailable,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

SURROGATE = "\\ud83d"


async def test_a_program_answers(shared: World) -> None:
    assert await shared.run("result = [1, 'two', None, {'a': 2.5}]") == Outcome([1, "two", None, {"a": 2.5}], {})


async def test_it_is_given_the_invocation_and_may_change_its_input(shared: World) -> None:
    invocation = Invocation({"a": 1}, {"b": 2}, {"c": 3}, {"d": 4}, {"e": 5}, {"f": "ü"})
    text = "result = dict(given, input=dict(given['input']))\ngiven['input']['new'] = [True]"
    deadline = asyncio.get_running_loop().time() + PATIENCE
    outcome = await shared.sandbox.run(program(text), invocation, Recorder(), deadline)
    assert outcome.value == {
        "input": {"a": 1},
        "row": {"b": 2},
        "parameters": {"c": 3},
        "profile": {"d": 4},
        "context": {"e": 5},
        "settings": {"f": "ü"},
    }
    assert outcome.input == {"a": 1, "new": [True]}


async def test_what_it_throws_is_its_authors_word(shared: World) -> None:
    with pytest.raises(ProgramFailed) as caught:
        await shared.run("raise Thrown('Not on Sundays.')")
    failed = caught.value
    assert (failed.fault, failed.message, failed.place) == (Fault.THROWN, "Not on Sundays.", "actions/tidy.py:1:1")


@pytest.mark.parametrize("what", list(Asked))
async def test_questions_go_to_the_host(shared: World, what: Asked) -> None:
    outcome = await shared.run(f"result = ask('{what}', 1, ['two'])")
    assert outcome.value == [what, 1, ["two"]]
    assert shared.host.asked == [(what, [1, ["two"]])]


async def test_a_refusal_is_thrown_in_the_program(shared: World) -> None:
    async def refuse(what: Asked, arguments: Sequence[Json]) -> Json:
        raise HostRefused("No such ticket.", "NotFound", 404)

    text = "try:\n ask('call', 'close')\nexcept Thrown as thrown:\n result = thrown.args[0]"
    outcome = await shared.run(text, host=Recorder(refuse))
    assert outcome.value == {"name": "NotFound", "message": "No such ticket.", "status": 404}


async def test_what_fails_in_the_host_stays_there(shared: World, caplog: pytest.LogCaptureFixture) -> None:
    async def fail(what: Asked, arguments: Sequence[Json]) -> Json:
        raise RuntimeError("password=hunter2")

    with pytest.raises(ProgramFailed) as caught:
        await shared.run(
            "try:\n result = ask('http')\nexcept Thrown as thrown:\n result = str(thrown)", host=Recorder(fail)
        )
    assert caught.value.fault is Fault.BROKEN
    assert "hunter2" not in caught.value.message + caught.value.place + caught.value.stack
    assert "hunter2" in caplog.text


async def test_lines_of_the_console_go_to_the_host_in_order(shared: World) -> None:
    await shared.run("log('log', 'one')\nask('hash', 'x')\nlog('warn', 'two\\nlines')\nlog('error', 'ü\\0!')")
    assert shared.host.lines == [("log", "one"), ("warn", "two\nlines"), ("error", "ü!")]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f'"{SURROGATE}"', "\ufffd"),
        (f'"{SURROGATE}\\ude00"', "\U0001f600"),
        ('"a\\u0000b"', "ab"),
        ("12345678901234567890", 12345678901234567890.0),
        ("9223372036854775807", 2**63 - 1),
        ('{"__proto__": {"a": 1}}', {"__proto__": {"a": 1}}),
    ],
)
async def test_values_are_fit_for_what_comes_after(shared: World, text: str, value: Json) -> None:
    outcome = await shared.run(f"result = b'{{\"value\":' + {text.encode()!r} + b',\"input\":{{}}}}'")
    assert outcome.value == value
    assert type(outcome.value) is type(value)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"value":1}',
        b'{"value":1,"input":[]}',
        b'{"value":1,"input":{},"more":1}',
        b'{"value":NaN,"input":{}}',
        b'{"value":1e999,"input":{}}',
        b'{"value":"\xff","input":{}}',
        b'{"failure":{}}',
        b'{"failure":{"fault":"none","message":"","place":"","stack":""}}',
        b'{"failure":{"fault":"thrown","message":1,"place":"","stack":""}}',
    ],
)
async def test_an_answer_that_is_none_is_an_error_of_that_run(shared: World, answer: bytes) -> None:
    with pytest.raises(ProgramFailed) as caught:
        await shared.run(f"result = {answer!r}")
    assert caught.value.fault is Fault.BROKEN
    assert caught.value.message == 'The action "tidy" of tickets could not be run to its end.'
    assert (await shared.run("result = 1")).value == 1


async def test_mistakes_in_the_syntax_are_found_by_loading(shared: World) -> None:
    wrong = program("x = 1\ny = = 2", "actions/wrong.py")
    (problem,) = await shared.sandbox.load([program("result = 1"), wrong], Limits(scriptData=10))
    assert problem.at == Location("actions/wrong.py", 2, 5)
    # Nothing has changed.
    assert (await shared.run("result = 'longer than ten bytes'")).value == "longer than ten bytes"


async def test_a_reload_brings_new_limits_and_new_processes() -> None:
    async with opened() as world:
        started = asyncio.Event()
        go_on = asyncio.Event()

        async def wait(what: Asked, arguments: Sequence[Json]) -> Json:
            started.set()
            await go_on.wait()
            return None

        slow = asyncio.ensure_future(world.run("ask('http')\nresult = 'x' * 100", host=Recorder(wait)))
        await started.wait()
        await world.load(Limits(scriptData=150))
        with pytest.raises(ProgramFailed, match="150 bytes"):
            await world.run("result = 'x' * 200")
        go_on.set()
        # What ran, ends as it began.
        assert (await slow).value == "x" * 100


async def test_nothing_runs_before_something_is_loaded_and_after_the_end() -> None:
    world = World(open_sandbox())
    with pytest.raises(ProgramFailed):
        await world.run("result = 1")
    await world.load()
    await world.sandbox.close()
    with pytest.raises(ProgramFailed):
        await world.run("result = 1")


async def test_a_project_without_programs_starts_nothing() -> None:
    sandbox = open_sandbox("unprepared")
    assert await sandbox.load([], Limits()) == ()
    assert sandbox.findings is None
    await sandbox.close()


async def test_an_engine_that_does_not_start_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    sandbox = open_sandbox("unprepared")
    with pytest.raises(SandboxUnavailable):
        await sandbox.load([program("")], Limits())
    await sandbox.close()
    assert "This engine does not start." in capfd.readouterr().err


async def test_a_language_without_an_engine(shared: World) -> None:
    other = Program("the action", Language.JAVASCRIPT, "a.js", "1")
    (problem,) = await shared.sandbox.load([other], Limits())
    assert problem.at == Location("a.js")
