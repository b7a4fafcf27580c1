"""Both kinds of Python behind the door: the same words, the same answers, the same errors with their places."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio

from tests.sandbox.house import BOTH, FILE, LIMITS, House, answering, opened, refusing
from tidegate.core.json import Json
from tidegate.core.program import Fault, HostRefused, Language, Outcome
from tidegate.sandbox.sandbox import LocalSandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandboxes() -> AsyncIterator[Mapping[Language, LocalSandbox]]:
    """What is asked here leaves nothing behind: one of each kind does for all."""
    async with opened(Language.PYTHON) as small, opened(Language.CPYTHON) as whole:
        yield {house.language: house.sandbox for house in (small, whole)}


@pytest.fixture(params=BOTH, ids=str)
def house(request: pytest.FixtureRequest, sandboxes: Mapping[Language, LocalSandbox]) -> House:
    return House(request.param, sandboxes[request.param])


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("def run(input, context):\n    return [input, context]", Outcome([{"a": 1}, {"by": "Ann"}], {"a": 1})),
        ("def run(input):\n    input['a'] += 1", Outcome(None, {"a": 2})),
        ("def run():\n    return 7", Outcome(7, {"a": 1})),
        ("def run(*all):\n    return len(all)", Outcome(2, {"a": 1})),
        ("def run(input, context=None, more=3):\n    return more", Outcome(3, {"a": 1})),
        ("run = lambda input, context: input['a']", Outcome(1, {"a": 1})),
        ("async def run(input):\n    return input['a']", Outcome(1, {"a": 1})),
        (
            "import asyncio\nasync def f(n):\n    return n\nasync def run():\n    return await asyncio.gather(f(1))",
            Outcome([1], {"a": 1}),
        ),
    ],
)
async def test_run_is_called_with_the_input_and_the_context(house: House, text: str, outcome: Outcome) -> None:
    assert await house.run(text, {"a": 1}, context={"by": "Ann"}) == outcome


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("[None, True, 1, 1.5, 'ü', '😀']", [None, True, 1, 1.5, "ü", "😀"]),
        ("[(1, 2), {3}, frozenset([4])]", [[1, 2], [3], [4]]),
        ("[float('nan'), float('inf')]", [None, None]),
        ("{1: 'one', 'two': 2}", {"1": "one", "two": 2}),
        ("10 ** 30", 1e30),
        ("'a\\0b'", "ab"),
        ("__import__", None),
    ],
)
async def test_answers_are_json(house: House, expression: str, value: Json) -> None:
    if value is None:
        failed = await house.failure(f"def run():\n    return [run, {expression!r}]")
        assert failed.message.startswith("The answer cannot be written as JSON: ")
    else:
        assert await house.value(expression) == value


async def test_dates_and_decimals_and_dataclasses_are_json(house: House) -> None:
    text = (
        "from dataclasses import dataclass\n"
        "from datetime import date, datetime, time, timezone\n"
        "from decimal import Decimal\n"
        "@dataclass\nclass Point:\n    x: int\n    at: date\n"
        "def run():\n"
        "    noon = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)\n"
        "    return [noon, date(2026, 1, 2), time(3, 4), Decimal('1.10'), Point(1, date(2026, 1, 2)), {noon: 1}]"
    )
    noon = "2026-11-21T12:00:00+00:00"
    expected = [noon, "2026-01-02", "03:04:00", "1.10", {"x": 1, "at": "2026-01-02"}, {noon: 1}]
    assert (await house.run(text)).value == expected


async def test_what_is_asked_of_the_gateway(house: House) -> None:
    text = """
def run(input, context):
    http.get("https://a.example", {"params": {"q": [1], "no": None, "yes": True}, "headers": {"X-A": 1}})
    http.post("https://a.example", {"a": "é &", "b": None})
    headers = {"content-type": "application/json"}
    http({"method": "put", "url": "https://a.example", "data": {"a": 1}, "headers": headers})
    gateway.call("tickets.close", {"id": 1})
    socket.emitUsers("filed", {"id": 1}, ["ann"])
    socket.emitRole("filed", '{"id": 2}', "support")
    socket.emitAll("filed")
    security.hash("secret")
    return security.compare("secret", "hash")
"""
    host = answering({"status": 200, "headers": {}, "data": "{}"})
    await house.run(text, host=host)
    form = "application/x-www-form-urlencoded"
    url = "https://a.example"
    params = {"q": "[1]", "yes": "true"}
    assert host.asked == [
        ("http", [{"method": "GET", "url": url, "params": params, "data": None, "headers": {"X-A": "1"}}]),
        (
            "http",
            [{"method": "POST", "url": url, "params": {}, "data": "a=%C3%A9%20%26", "headers": {"Content-Type": form}}],
        ),
        (
            "http",
            [
                {
                    "method": "PUT",
                    "url": url,
                    "params": {},
                    "data": '{"a": 1}',
                    "headers": {"content-type": "application/json"},
                }
            ],
        ),
        ("call", ["tickets.close", {"id": 1}]),
        ("emit", ["users", "filed", {"id": 1}, ["ann"]]),
        ("emit", ["role", "filed", {"id": 2}, "support"]),
        ("emit", ["all", "filed", None, None]),
        ("hash", ["secret"]),
        ("compare", ["secret", "hash"]),
    ]


async def test_what_is_answered(house: House) -> None:
    page: Json = {"status": 201, "headers": {"x": "y"}, "data": '{"id": 7}'}
    assert await house.value("http.get('https://a.example')", answering(page)) == {"id": 7}
    assert await house.value("gateway.call('x')", answering({"rows": [1, None]})) == {"rows": [1, None]}
    assert await house.value("[Config['threshold'], CONSTS['apiUrl']]") == [3, "https://gate.example"]


CATCHING = """
def run(input, context):
    try:
        return %s
    except Refused as error:
        told = refusal(error)
        return [str(error), told["name"], told["status"], told["data"], told["headers"]]
"""


async def test_refusals_can_be_caught(house: House) -> None:
    host = refusing(HostRefused("No such ticket.", "NOT_FOUND", 404))
    caught = await house.run(CATCHING % "gateway.call('x')", host=host)
    assert caught.value == ["No such ticket.", "NOT_FOUND", 404, None, None]
    host = answering({"status": 503, "headers": {"x": "y"}, "data": '{"down":true}'})
    caught = await house.run(CATCHING % "http.get('https://a.example')", host=host)
    assert caught.value == ['{"down":true}', "503", 503, {"down": True}, {"x": "y"}]
    host = refusing(HostRefused("Nobody is there.", "Refused"))
    assert await house.value("socket.emitAll('x')", host) == {"status": 502, "message": "Nobody is there."}


async def test_refusals_that_are_not_caught(house: House) -> None:
    text = "def run():\n\n    return gateway.call('x')"
    failed = await house.failure(text, refusing(HostRefused("No such ticket.", "NOT_FOUND", 404)))
    assert (failed.fault, failed.message, failed.place) == (Fault.THROWN, "No such ticket.", f"{FILE}:3:12")
    page: Json = {"status": 500, "headers": {}, "data": "select * from secrets"}
    failed = await house.failure("def run():\n    http.get('https://a.example')", answering(page))
    assert failed.message == "http was answered with status 500"
    assert failed.place == f"{FILE}:2:5"


async def test_what_is_printed_goes_to_the_log_in_order(house: House) -> None:
    text = """
def run():
    print("one", 2, {"a": None}, sep="-")
    security.hash("x")
    print("two", end=" ")
    print("lines\\nin one")
    console.warn("careful", [1])
    console.error("no\\0!")
    console.log("x" * 10000)
    print("unfinished", end="")
"""
    await house.run(text)
    (*lines, long, last) = house.host.lines
    assert lines == [
        ("log", "one-2-{'a': None}"),
        ("log", "two lines"),
        ("log", "in one"),
        ("warn", "careful [1]"),
        ("error", "no!"),
    ]
    assert long == ("log", "x" * 8192 + "…")
    assert last == ("log", "unfinished")


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("def run():\n    raise ValueError('Not so.')", "Not so.", 2),
        ("def run():\n    raise ValueError", "ValueError", 2),
        ("def inner(x):\n    return 1 / x\n\ndef run():\n    return inner(0)", "division by zero", 2),
        ("def run(input):\n    return input['b']", "KeyError: 'b'", 2),
        ("def run():\n    x = 1\n    return missing", "name 'missing' is not defined", 3),
        ("x = 1 / 0\ndef run():\n    pass", "division by zero", 1),
        ("def run():\n    assert 1 == 2, 'odd'", "odd", 2),
        ("async def run():\n    raise ValueError('late')", "late", 2),
    ],
)
async def test_errors_have_their_place(house: House, text: str, message: str, place: int) -> None:
    failed = await house.failure(text)
    assert (failed.fault, failed.message) == (Fault.THROWN, message)
    assert failed.place.startswith(f"{FILE}:{place}:")
    assert failed.stack.split("\n")[1].endswith(f"({failed.place})")
    assert "kernel" not in failed.stack
    assert "python-input" not in failed.stack


@pytest.mark.parametrize(
    ("text", "line", "column", "part"),
    [
        ("def run(:\n    pass", 1, 9, ""),
        ("def run():\n    x = = 1", 2, 0, ""),
        ("x = 1", 1, 1, "does not define run"),
        ("def run(a, b, c):\n    pass", 1, 1, "two arguments"),
        ("def run(a, *, b):\n    pass", 1, 1, "two arguments"),
        ("import os\n\nimport tkinter\ndef run():\n    pass", 3, 1, "no module tkinter"),
        ("def run():\n    from tkinter import Tk", 2, 5, "no module tkinter"),
        ("from . import other\ndef run():\n    pass", 1, 1, ""),
        ("def run():\n    pass\nreturn 3", 3, 1, "return"),
    ],
)
async def test_mistakes_are_found_when_it_is_loaded(house: House, text: str, line: int, column: int, part: str) -> None:
    (problem,) = await house.sandbox.load([house.program(text)], LIMITS)
    assert (problem.at.file, problem.at.line) == (FILE, line)
    assert column in (0, problem.at.column)
    assert part in problem.sentence
    assert problem.sentence[0].isupper()


@pytest.mark.parametrize(
    ("lacking", "line"),
    [
        ("class A(ValueError):\n        pass", 2),
        ("yield 1", 2),
        ("x = {}\n    del x['a']", 3),
        ("async def f():\n        async with f():\n            pass", 3),
        ("class A:\n        @property\n        def x(self):\n            return 1", 3),
        ("from math import *", 2),
    ],
)
@pytest.mark.parametrize("house", [Language.PYTHON], indirect=True)
async def test_what_the_small_one_lacks_is_found_when_it_is_loaded(house: House, lacking: str, line: int) -> None:
    (problem,) = await house.sandbox.load([house.program(f"def run():\n    {lacking}")], LIMITS)
    assert (problem.at.file, problem.at.line) == (FILE, line)


@pytest.mark.parametrize("house", [Language.CPYTHON], indirect=True)
async def test_the_whole_language(house: House) -> None:
    text = """
import enum
import re
import statistics
import uuid
from collections import Counter, deque
from contextlib import contextmanager


class Level(enum.Enum):
    LOW = "low"


class Mine(ValueError):
    pass


@contextmanager
def held():
    yield 3


def numbers():
    yield from range(3)


def run(input):
    with held() as three:
        try:
            raise Mine("x")
        except ValueError as error:
            del input["a"]
            return [
                three, str(error), list(numbers()), Level.LOW, statistics.mean([1, 2]), deque([1]), Counter("aab"),
                re.sub("a", lambda found: found[0].upper(), "banana"), type(uuid.uuid4()).__name__,
            ]
"""
    outcome = await house.run(text, {"a": 1})
    assert outcome.value == [3, "x", [0, 1, 2], "low", 1.5, [1], {"a": 2, "b": 1}, "bAnAnA", "UUID"]
    assert outcome.input == {}
    refused = await house.run(
        "def run():\n    try:\n        gateway.call('x')\n    except Refused as error:\n"
        "        return [error.name, error.status]",
        host=refusing(HostRefused("No.", "NOT_FOUND", 404)),
    )
    assert refused.value == ["NOT_FOUND", 404]


@pytest.mark.parametrize("draw", ["random.random()", "random.randrange(10 ** 15)"])
async def test_no_two_runs_share_random_numbers(house: House, draw: str) -> None:
    text = f"import random\ndef run():\n    return {draw}"
    outcomes = await asyncio.gather(*(house.run(text) for _ in range(8)))
    assert len({str(outcome.value) for outcome in outcomes}) == len(outcomes)


async def test_nothing_passes_from_run_to_run(house: House) -> None:
    text = "import json\nkept = []\ndef run(input):\n    global other\n    kept.append(1)\n    %s\n    return len(kept)"
    assert [(await house.run(text % "other = 1")).value for _ in range(3)] == [1, 1, 1]
    failed = await house.failure("def run():\n    return other")
    assert failed.message == "name 'other' is not defined"
