"""Does what a story says, and writes down what came of it."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final

import jwt
import orjson
import yaml

from tests.actions.world import SECRET
from tests.functions.upstream import Upstream
from tests.functions.world import USERS, World
from tests.realtime.screens import Screen, nothing, quiet, watch
from tidegate.clients import Client
from tidegate.core.operation import Kind
from tidegate.core.runs import Failure, Run, StepRun
from tidegate.core.types import ObjectType, named

_CALL = re.compile(r"(?P<name>\w+)(?: (?P<fields>\{.*?\}))? as (?P<who>\w+)(?: (?P<given>\{.*\}))?")
_NUMBER = re.compile(r"\b[0-9a-f]{32}\b")

Command = Callable[[str], Awaitable[list[str]]]


class LogLines(logging.Handler):
    """Keeps warnings and worse."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += f"{record.levelname} {record.getMessage()}".rstrip().splitlines()


class Player:
    def __init__(self, world: World, upstream: Upstream, log: LogLines) -> None:
        self._world = world
        self._upstream = upstream
        self._log = log
        self._started: list[asyncio.Task[list[str]]] = []
        self._screen = Screen()
        self._field = ""
        self._seen = 0
        self._told = 0
        self._clients: dict[str, Client] = {}
        self._commands: Final[Mapping[str, Command]] = {
            "call": self._call,
            "start": self._start,
            "answer": self._answer,
            "rows": self._rows,
            "server": self._server,
            "open": self._open,
            "release": self._release,
            "outbox": self._outbox,
            "watch": self._watch,
            "sees": self._sees,
            "quiet": self._quiet,
            "steps": self._steps,
            "run": self._run,
            "log": self._lines,
        }

    async def play(self, commands: list[str]) -> str:
        lines: list[str] = []
        for command in commands:
            word, _, rest = command.partition(" ")
            lines += [f"> {command}", *await self._commands[word](rest)]
        return "".join(f"{line}\n" for line in lines)

    async def _call(self, asked: str) -> list[str]:
        """`NAME { fields } as WHO { arguments }`."""
        found = _CALL.fullmatch(asked)
        assert found is not None, asked
        given = yaml.safe_load(found["given"] or "{}")
        text = self._document(found["name"], found["fields"], given)
        response = await self._world.gateway.execute(text, None, given, self._world.user(found["who"]))
        answer = orjson.loads(response.body)
        lines = [_error(each) for each in answer.get("errors", ())]
        value = None if answer.get("data") is None else answer["data"][found["name"]]
        if value is not None or not lines:
            lines.append(json.dumps(value))
        return lines

    async def _start(self, asked: str) -> list[str]:
        self._started.append(asyncio.create_task(self._call(asked)))
        return []

    async def _answer(self, _: str) -> list[str]:
        """Of what was started first."""
        async with asyncio.timeout(60):
            return await self._started.pop(0)

    async def _rows(self, sql: str) -> list[str]:
        return [" | ".join(map(str, row)) for row in await self._world.rows(sql)]

    async def _server(self, _: str) -> list[str]:
        return self._upstream.take_log()

    async def _open(self, count: str) -> list[str]:
        """Waits until so many are held; who is."""
        return [" ".join(await self._upstream.gather(int(count)))]

    async def _release(self, targets: str) -> list[str]:
        for target in targets.split():
            self._upstream.release(target)
        return []

    async def _outbox(self, _: str) -> list[str]:
        lines, self._world.outbox.lines = self._world.outbox.lines, []
        return lines

    async def _watch(self, asked: str) -> list[str]:
        found = _CALL.fullmatch(asked)
        assert found is not None, asked
        claims = {"exp": int(time.time()) + 3600, **USERS[found["who"]]}
        token = jwt.encode(claims, SECRET, "HS256").encode()
        client = await self._world.gateway.connect([(b"authorization", b"Bearer " + token)], nothing)
        given = yaml.safe_load(found["given"] or "{}")
        text = self._document(found["name"], found["fields"], given, "subscription")
        self._screen, _ = watch(client, text, **given)
        self._field = found["name"]
        await self._screen.next(1)
        self._seen = 1
        return [self._shown()]

    async def _sees(self, value: str) -> list[str]:
        """Waits until this is the newest."""
        try:
            await self._screen.until(lambda _: self._shown() == json.dumps(json.loads(value)))
        except TimeoutError:
            return [f"no, it is {self._shown()}"]
        self._seen = len(self._screen.shown)
        return []

    async def _quiet(self, _: str) -> list[str]:
        """What came after a while."""
        await quiet()
        return [json.dumps(each) for each in self._screen.shown[self._seen :]]

    async def _steps(self, _: str) -> list[str]:
        """Those of the last run, once it has ended."""
        run = await self._ended()
        return list(_tree(run, 0, ""))

    async def _run(self, _: str) -> list[str]:
        run = await self._ended()
        lines = [f"{run.function} by {run.origin} as {run.role}: {json.dumps(run.arguments)}"]
        lines += [f"masked: {', '.join(run.masked)}"] if run.masked else []
        lines += ["answered before its end"] if run.responded is not None else []
        lines += [f"{run.skipped} steps more"] if run.skipped else []
        lines += [f"{line.level} of {line.program}: {line.text}" for line in run.lines]
        return [*lines, f"failed: {_failure(run.failure)}"] if run.failure is not None else lines

    async def _lines(self, _: str) -> list[str]:
        await self._ended()
        # What follows the end of a run is one turn of the loop away.
        for _turn in range(3):
            await asyncio.sleep(0)
        lines, self._log.lines = self._log.lines, []
        return [_NUMBER.sub("#", line) for line in lines]

    async def _ended(self) -> Run:
        async with asyncio.timeout(60):
            while any(run.seconds is None for run in self._world.witness.runs):  # noqa: ASYNC110 - runs have no event
                await asyncio.sleep(0.005)
        return self._world.witness.runs[-1]

    def _shown(self) -> str:
        newest = self._screen.shown[-1] if self._screen.shown else {}
        if newest.get("errors"):
            return _error(newest["errors"][0])
        return json.dumps(newest["data"][self._field])

    def _document(self, name: str, fields: str | None, given: Mapping[str, Any], kind: str = "") -> str:
        """Any: arguments are JSON."""
        catalog = self._world.gateway.catalog
        operation = catalog.operations[name]
        kind = kind or ("query" if operation.kind is Kind.QUERY else "mutation")
        types = {each: argument.type for each, argument in operation.arguments.items()}
        declared = ", ".join(f"${each}: {types.get(each, 'JSON')}" for each in given)
        passed = ", ".join(f"{each}: ${each}" for each in given)
        returned = catalog.types.get(named(operation.returns))
        if fields is None and isinstance(returned, ObjectType):
            fields = f"{{ {' '.join(returned.fields)} }}"
        head = f"{kind}({declared})" if declared else kind
        return f"{head} {{ {name}{f'({passed})' if passed else ''} {fields or ''} }}"


def _error(error: Mapping[str, Any]) -> str:
    """Any: an entry of a GraphQL response."""
    extensions = dict(error["extensions"])
    text = f"{extensions.pop('code')}: {error['message']}"
    extensions.pop("callId", None)
    return f"{text} {json.dumps(extensions)}" if extensions else text


def _failure(failure: Failure) -> str:
    place = f" at {failure.place}" if failure.place else ""
    return f"{failure.code}: {failure.message}{place}"


def _tree(run: Run, parent: int, indent: str, kind: str = "") -> Iterator[str]:
    inner = [step for step in run.steps if step.parent == parent]
    if kind == "parallel":
        # Which branch comes to its next step first is not the same each time.
        inner.sort(key=lambda step: step.label)
    for step in inner:
        yield indent + _line(step)
        yield from _tree(run, step.number, f"{indent}  ", step.kind)


def _line(step: StepRun) -> str:
    kind = "" if step.label.split(" ")[0] == step.kind else f" ({step.kind})"
    times = f", {step.attempts} attempts" if step.attempts > 1 else ""
    failure = f" -> {_failure(step.failure)}" if step.failure is not None else ""
    return f"{step.label}{kind}{times}{failure}"
