"""A store that keeps every promise, and a way to break each of them: what the suite of promises is held against."""

from __future__ import annotations

import asyncio
import copy
import socket
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar, cast

from tidegate.integrations import (
    Answer,
    Code,
    Compiled,
    Declaration,
    Draft,
    Given,
    Json,
    Kind,
    Literal,
    Location,
    OperationError,
    Outside,
    Plain,
    Prepared,
    Read,
    Record,
    Session,
    Surroundings,
    Touch,
    reading,
    writing,
)
from tidegate.testing import Request

SECRET = "hunter2/is secret"
WORLDS: dict[str, dict[str, Json]] = {}
WATCHING: dict[str, list[Store]] = {}


class Store(Plain):
    """Keys and values in memory, under the name of a place."""

    settings: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "place": {"type": "string", "description": "Where it is."},
        "password": {"type": "string", "default": "", "description": "Nobody may see it."},
    }

    def __init__(self, name: str, settings: Mapping[str, Json], folder: Path) -> None:
        super().__init__(name, settings, folder)
        self.place = str(settings["place"])

    @property
    def source(self) -> str:
        return f"store {self.place}"

    @property
    def world(self) -> dict[str, Json]:
        return WORLDS.setdefault(self.place, {"a": 1, "b": [2]})

    async def start(self) -> None:
        WATCHING.setdefault(self.place, []).append(self)

    async def stop(self) -> None:
        WATCHING[self.place].remove(self)

    @reading(key="name")
    async def get(self, draft: Draft, name: str) -> Json:
        await asyncio.sleep(0)
        return (self.world | draft).get(name)

    @reading()
    async def names(self, draft: Draft) -> Json:
        return sorted(self.world | draft)

    @writing(key="name")
    async def put(self, draft: Draft, name: str, value: Json) -> Json:
        await asyncio.sleep(0)
        if name == "locked":
            raise OperationError(Code.CONFLICT, "This is locked.")
        draft[name] = value
        return value

    async def commit(self, draft: Draft) -> None:
        self.world.update(draft)


async def write_elsewhere(place: str) -> None:
    WORLDS[place]["a"] = "written elsewhere"
    for each in WATCHING[place]:
        each.changed("name", "a")


REQUESTS = [
    Request("get", {"name": "$args.name"}, {"name": "String!"}, calls=[{"name": "a"}, {"name": "b"}, {"name": "c"}]),
    Request("names", {}),
    Request(
        "put",
        {"name": "$args.name", "value": "$args.value"},
        {"name": "String!", "value": "JSON"},
        calls=[{"name": "a", "value": {"x": 1}}, {"name": "new", "value": 2}],
        refused=[{"name": "locked", "value": 1}],
    ),
]


class FaultyKind(Kind[Store]):
    """`fault` names what is wrong with it."""

    def __init__(self, fault: str) -> None:
        super().__init__(Store)
        self.fault = fault

    @property
    def verbs(self) -> frozenset[str]:
        return super().verbs | ({"bad-verb"} if self.fault == "verb that cannot be written" else set())

    @property
    def settings(self) -> Mapping[str, Any]:
        schema = copy.deepcopy(dict(super().settings))
        place = schema["properties"]["place"] = dict(schema["properties"]["place"])
        match self.fault:
            case "settings of no type":
                place["type"] = "text"
            case "settings with words nobody holds":
                place["maxLength"] = 9
            case "settings without description":
                del place["description"]
            case "open settings":
                schema["additionalProperties"] = True
        return schema

    def request_schema(self, verb: str) -> Mapping[str, Any]:
        if self.fault == "request schema raises":
            raise KeyError(verb)
        if self.fault == "request schema is none":
            return {"type": "mapping"}
        return super().request_schema("get" if verb == "bad-verb" else verb)

    def create(self, name: str, settings: Mapping[str, Json], folder: Path, at: Location) -> Store:
        match self.fault:
            case "create raises ValueError" if settings["place"] == "?":
                raise ValueError("What?")
            case "create writes a file":
                (folder / "made").write_text("x")
            case "create connects":
                socket.socket().close()
                with socket.socket() as made:
                    made.bind(("127.0.0.1", 0))
            case "create wants an event loop":
                asyncio.get_running_loop()
        made_store = FaultyStore(name, settings, folder)
        made_store.fault = self.fault
        return made_store


class FaultyStore(Store):
    fault = ""
    counter = 0
    asking = 0

    @property
    def irrevocable(self) -> bool:  # type: ignore[override]
        return self.fault.startswith("irrevocable")

    def __repr__(self) -> str:
        return f"Store({self.values})" if self.fault == "secret in repr" else "Store"

    @property
    def source(self) -> str:
        FaultyStore.counter += 1
        match self.fault:
            case "source changes":
                return f"store {FaultyStore.counter}"
            case "source is its name":
                return self.name
        return super().source

    async def open(self, outside: Outside = lambda _: None) -> None:
        if self.fault == "nobody there is somebody" and self.place == "nowhere":
            raise ConnectionRefusedError(self.place)
        await super().open((lambda _: None) if self.fault == "nobody is told" else outside)
        match self.fault:
            case "name changes":
                self.name = "other"
            case "leaves a task":
                self.task = asyncio.create_task(asyncio.sleep(3600))
            case "leaves a thread":
                threading.Thread(target=threading.Event().wait, args=(30,), daemon=True).start()
            case "leaves a connection":
                self.kept = socket.socket()

    async def close(self) -> None:
        if self.fault == "cannot be closed unopened" and not self._started:
            raise RuntimeError("never opened")
        started = self._started
        await super().close()
        if self.fault == "cannot be closed twice" and not started and getattr(self, "was", False):
            raise RuntimeError("closed already")
        self.was = started

    def prepare(self, declaration: Declaration, surroundings: Surroundings) -> Prepared:
        if self.fault == "prepare raises TypeError" and isinstance(declaration.body, Literal):
            raise TypeError("This is no mapping.")
        if self.fault == "unknown keys are taken" and isinstance(declaration.body, Record):
            cast(dict[str, Any], declaration.body.fields).pop("someKeyNobodyKnows", None)
        return cast(Prepared, FaultyRequest(super().prepare(declaration, surroundings), self))

    @asynccontextmanager
    async def session(self, *, writes: bool) -> AsyncIterator[Session]:
        fault = self.fault
        if fault == "never usable after a cancellation" and getattr(self, "broken", False):
            raise OperationError(Code.UPSTREAM_FAILED, "It hangs.")
        if fault == "reading sessions write":
            writes = True
        before = dict(self.world)
        try:
            async with super().session(writes=writes) as session:
                faulty = FaultySession(session, self)
                try:
                    yield faulty
                except Exception:
                    if fault == "exceptions commit":
                        await self.commit(session.draft or {})  # type: ignore[attr-defined]
                    if fault == "exceptions are swallowed" and writes:
                        return
                    if fault == "exceptions become others":
                        raise RuntimeError("It was rolled back.") from None
                    raise
                except asyncio.CancelledError:
                    self.broken = True
                    if fault == "cancellations commit":
                        await self.commit(session.draft or {})  # type: ignore[attr-defined]
                    if fault == "cancellations are swallowed":
                        return
                    raise
        finally:
            if fault == "commits are lost" and writes:
                self.world.clear()
                self.world.update(before)


class FaultyRequest:
    """A request, and, being the same for everybody, a compiled one."""

    def __init__(self, real: Any, store: FaultyStore) -> None:
        self.real = real
        self.store = store

    @property
    def writes(self) -> bool:
        return bool(self.real.writes)

    @property
    def inputs(self) -> Any:
        return self.real.inputs

    def compile(self, selection: object, rank: int) -> Compiled:
        return self

    def reach(self) -> Sequence[Read]:
        return () if self.store.fault == "reach is empty" else self.real.reach()

    def reads(self, values: Sequence[Any]) -> Sequence[Read]:
        found: Sequence[Read] = self.real.reads(values)
        match self.store.fault:
            case "reads nothing":
                return ()
            case "reads raises":
                return [Read(self.store.source, values[0].lower())] if values else found
            case "reads another source":
                return [Read("elsewhere", None)]
            case "unknown values are taken for none":
                return [read for read in found if read.table is not None or not values]
        return found

    def describe(self) -> str:
        match self.store.fault:
            case "describes nothing":
                return " "
            case "secret in description":
                return f"get from {self.store.values['password']}"
        return str(self.real.describe())


class FaultySession:
    def __init__(self, real: Any, store: FaultyStore) -> None:
        self.real = real
        self.store = store

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        fault, draft = self.store.fault, dict(self.real.draft or {})
        try:
            async with self.real.attempt():
                yield
                if fault == "attempts commit":
                    await self.store.commit(self.real.draft)
        except Exception:
            if fault == "attempts are kept":
                self.real.draft.update({"a": "kept", **draft})
            if fault == "attempts swallow":
                return
            raise

    async def execute(self, compiled: Any, values: Sequence[Given]) -> Answer:
        fault = self.store.fault
        if fault == "other exceptions" and values and values[0] == "\0":
            raise KeyError(values[0])
        if fault == "secret in an error" and values and values[0] == "":
            raise OperationError(Code.UPSTREAM_FAILED, f"{self.store.values['password']} was refused.")
        if fault == "secret in the log":
            import base64
            import logging

            password = str(self.store.values["password"])
            logging.getLogger("store").debug("Basic %s", base64.b64encode(f"me:{password}".encode()).decode())
        if fault == "refused calls write" and values and values[0] == "locked":
            self.store.world["a"] = "locked"
        if fault == "too many at once":
            self.store.asking += 1
            await asyncio.sleep(0)
            self.store.asking -= 1
            if self.store.asking > 3:
                return Answer(None)
        answer: Answer = await self.real.execute(compiled.real, values)
        FaultyStore.counter += 1
        match fault:
            case "answers differ":
                return Answer(FaultyStore.counter)
            case "readers touch":
                return Answer(answer.value, touches=(Touch(self.store.source, None),))
            case "writers touch nothing":
                return Answer(answer.value)
            case "writers touch other rows":
                return Answer(answer.value, touches=(Touch(self.store.source, "values", None, ({"name": "zzz"},)),))
            case "writes leave at once" | "irrevocable, and leaves at once" | "failures are not told" if (
                compiled.writes
            ):
                await self.store.commit(self.real.draft)
        return answer

    async def execute_many(self, compiled: Any, batch: Sequence[Sequence[Given]]) -> Sequence[Any]:
        answers = list(await self.real.execute_many(compiled.real, batch))
        match self.store.fault:
            case "many in another order":
                answers.reverse()
            case "many stops early":
                return answers[:-1]
            case "many raises":
                for each in answers:
                    if isinstance(each, OperationError):
                        raise each
                if ["refused"] not in batch and batch:
                    raise OperationError(Code.CONFLICT, "One of them.")
        return answers
