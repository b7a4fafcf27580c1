"""The service desk's live queries over websockets, from `tidegate serve` to other people's clients: graphql-ws, and
urql, Apollo Client and Relay on top of it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect

from tests.ports import lasting_port
from tests.web.streaming import PATIENCE, until
from tests.web.test_websocket import PROTOCOL

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT = Path(__file__).parents[2]
NODE = ROOT / "tests" / "node"
KINDS = ("graphql-ws", "urql", "apollo", "relay")
SECRET = "the secret of a desk with websockets, over 32 bytes"
CLAIMS = {
    "ada": {"sub": "1", "email": "ada@acme.example", "role": "customer"},
    "grace": {"sub": "3", "email": "grace@globex.example", "role": "customer"},
    "sam": {"sub": "4", "email": "sam@desk.example", "role": "support"},
}
COUNT = "subscription { ticketCount }"
MINE = "subscription { myTickets(first: 1) { id title email } }"
LEEWAY = 5.0
"""Seconds that a token goes on after its end, in the service desk."""
SHORT = 16.0 - LEEWAY
"""Of a token that a test sees expire: some of the sixteen seconds go by before Node.js has started."""
CONNECTED = {"event": "connected"}
FORBIDDEN = {"event": "closed", "code": 4403, "reason": "Forbidden"}
STOPPING = {"event": "closed", "code": 1001, "reason": "The server is stopping"}
RENEWED = {"event": "pong", "payload": {"renewed": True}}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_write_reaches_who_may_see_it_and_nobody_else(desk: Desk, kind: str) -> None:
    async with desk.read(*(Reader(kind, who, (COUNT, MINE)) for who in ("ada", "grace"))) as readers:
        before = [(await readers.shown(index, 0), await readers.shown(index, 1)) for index in range(2)]
        (hers, _), (graces, last) = before
        for number in (1, 2):
            written = await desk.write("ada", f"the printer burns ({number})")
            # One after the other: what was not meant for Grace would come before what is.
            assert await readers.shown(0, 0) == {"ticketCount": hers["ticketCount"] + number}
            assert await readers.shown(0, 1) == {"myTickets": [written]}
        own = await desk.write("grace", "and mine?")
        assert own["id"] != last["myTickets"][0]["id"]
        assert await readers.shown(1, 0) == {"ticketCount": graces["ticketCount"] + 1}
        assert await readers.shown(1, 1) == {"myTickets": [own]}
        again = await desk.write("ada", "thank you")
        assert await readers.shown(0, 0) == {"ticketCount": hers["ticketCount"] + 3}
        assert await readers.shown(0, 1) == {"myTickets": [again]}
        assert not readers.left()


async def test_who_may_see_more_is_told_more(desk: Desk) -> None:
    ticket = (await desk.write("ada", "paper jam"))["id"]
    noted = f'subscription {{ ticket(id: "{ticket}") {{ title internalNote }} }}'
    plain = f'subscription {{ ticket(id: "{ticket}") {{ title }} }}'
    seats = (("sam", noted), ("ada", plain), ("grace", plain), ("grace", MINE))
    async with desk.read(*(Reader("graphql-ws", who, (document,)) for who, document in seats)) as readers:
        assert await readers.shown(0, 0) == {"ticket": {"title": "paper jam", "internalNote": None}}
        assert await readers.shown(1, 0) == {"ticket": {"title": "paper jam"}}
        assert await readers.shown(2, 0) == {"ticket": None}
        await readers.shown(3, 0)
        await desk.ask("sam", f'mutation {{ assign(id: "{ticket}", note: "again") {{ id }} }}')
        assert await readers.shown(0, 0) == {"ticket": {"title": "paper jam", "internalNote": "again"}}
        await desk.ask("ada", f'mutation {{ updateTicket(id: "{ticket}", title: "paper jam!") {{ id }} }}')
        assert await readers.shown(0, 0) == {"ticket": {"title": "paper jam!", "internalNote": "again"}}
        # Ada is told nothing of the note, not even that something has changed; Grace, nothing at all.
        assert await readers.shown(1, 0) == {"ticket": {"title": "paper jam!"}}
        await desk.write("grace", "mine")
        await readers.shown(3, 0)
        assert not readers.left()


async def test_writes_may_come_over_a_websocket(desk: Desk) -> None:
    async with desk.read(Reader("graphql-ws", "ada", (MINE,))) as readers:
        await readers.shown(0, 0)
        mutation = 'mutation { createTicket(title: "by websocket", description: "x") { id title email } }'
        script = str(NODE / "websocket.mjs")
        process = await asyncio.create_subprocess_exec(
            "node", script, desk.websocket, signed("ada"), mutation, stdout=PIPE
        )
        async with asyncio.timeout(PATIENCE):
            output, _ = await process.communicate()
        (written,) = (line["result"]["data"] for line in map(json.loads, output.splitlines()) if "result" in line)
        assert await readers.shown(0, 0) == {"myTickets": [written["createTicket"]]}


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{ me {" + " tickets { author {" * 20 + " id" + " } }" * 20 + " } }", "LIMIT"),
        (
            "{ openTickets } " + "".join(f"fragment F{number} on Query {{ openTickets }} " for number in range(10_000)),
            "LIMIT",
        ),
        ("".join(f"query Q{number} {{ openTickets }} " for number in range(10_000)), "LIMIT"),
        ("subscription {" + " ".join(f"a{number}: openTickets" for number in range(1000)) + "}", "LIMIT"),
        ("{" * 10_000, "GRAPHQL_PARSE_FAILED"),
        ("subscription { openTickets ticketCount }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { allTickets { totalCount } }", "FORBIDDEN"),
        ('subscription { search(q: "x") { id } }', "GRAPHQL_VALIDATION_FAILED"),
    ],
    ids=["deep", "fragments", "operations", "aliases", "braces", "two-fields", "not-allowed", "not-live"],
)
async def test_bad_documents_are_an_error_and_no_more(desk: Desk, document: str, code: str) -> None:
    init = {"type": "connection_init", "payload": {"authorization": f"Bearer {signed('ada')}"}}
    async with connect(desk.websocket, subprotocols=[PROTOCOL], proxy=None) as connection:

        async def say(message: Any) -> Any:
            await connection.send(json.dumps(message))
            async with asyncio.timeout(PATIENCE):
                return json.loads(await connection.recv())

        assert await say(init) == {"type": "connection_ack"}
        assert (await say({"id": "n", "type": "subscribe", "payload": {"query": MINE}}))["type"] == "next"
        refused = await say({"id": "a", "type": "subscribe", "payload": {"query": document}})
        assert (refused["id"], refused["type"]) == ("a", "error")
        assert refused["payload"][0]["extensions"]["code"] == code
        await desk.write("ada", "a neighbour")
        async with asyncio.timeout(PATIENCE):
            assert json.loads(await connection.recv())["id"] == "n"


async def test_a_token_is_renewed_in_the_connection(desk: Desk) -> None:
    expires = time.time() + SHORT
    async with desk.read(*(Reader(kind, "ada", (MINE,), SHORT) for kind in KINDS)) as readers:
        for index in range(len(KINDS)):
            assert await readers.next(index) == CONNECTED
            await readers.shown(index, 0)
            readers.tell(reader=index, token=signed("ada"))
            assert await readers.next(index) == RENEWED
        await until(lambda: time.time() > expires + LEEWAY + 0.5)
        written = await desk.write("ada", "still here")
        for index in range(len(KINDS)):
            assert await readers.shown(index, 0) == {"myTickets": [written]}
        assert not readers.left()


async def test_a_token_that_expires_is_replaced_by_another(desk: Desk) -> None:
    async with desk.read(*(Reader(kind, "ada", (MINE,), SHORT) for kind in KINDS)) as readers:
        first = {}
        for index in range(len(KINDS)):
            assert await readers.next(index) == CONNECTED
            first[index] = await readers.shown(index, 0)
            readers.tell(reader=index, token=signed("ada"), later=True)
        for index, shown in first.items():
            # No error for the subscription comes in between: it would end it for good.
            assert await readers.next(index) == FORBIDDEN
            assert await readers.next(index) == CONNECTED
            assert await readers.shown(index, 0) == shown


async def test_after_a_restart_all_are_shown_what_is_newest(desk: Desk) -> None:
    before = (await desk.ask("ada", "{ ticketCount }"))["ticketCount"]
    async with desk.read(*(Reader(kind, "ada", (MINE, COUNT)) for kind in KINDS)) as readers:
        for index in range(len(KINDS)):
            assert await readers.next(index) == CONNECTED
            await readers.shown(index, 0)
            assert await readers.shown(index, 1) == {"ticketCount": before}
        await desk.stop()
        for index in range(len(KINDS)):
            assert await readers.next(index) == STOPPING
        desk.write_by_others("ada")
        await desk.start()
        # Some are back by now and some are not.
        written = [await desk.write("ada", f"after the restart ({number})") for number in (1, 2, 3)]
        for index in range(len(KINDS)):
            while (await readers.shown(index, 0)) != {"myTickets": [written[-1]]}:
                pass
            while (await readers.shown(index, 1)) != {"ticketCount": before + 4}:
                pass


async def test_what_graphql_ws_makes_of_each_code(desk: Desk) -> None:
    script = str(NODE / "websocket_codes.mjs")
    process = await asyncio.create_subprocess_exec("node", script, desk.websocket, signed("ada"), stdout=PIPE)
    async with asyncio.timeout(PATIENCE):
        output, _ = await process.communicate()
    assert {(seen["way"], seen["code"], seen["back"]) for seen in map(json.loads, output.splitlines())} == {
        ("no message", 4400, False),
        ("before init", 4401, False),
        ("a bad token", 4403, True),
        ("one id twice", 4409, False),
        ("init twice", 4429, False),
    }


def signed(who: str, seconds: float = 600) -> str:
    return jwt.encode({"exp": int(time.time() + seconds), "aud": "servicedesk", **CLAIMS[who]}, SECRET, "HS256")


@dataclass(frozen=True)
class Reader:
    kind: str
    who: str
    documents: Sequence[str]
    seconds: float = 600
    """How long the token is good."""


@dataclass
class Readers:
    """`websocket_clients.mjs` at work. What each reader was told waits here until it is looked at."""

    process: Process
    told: dict[int, list[Any]] = field(default_factory=dict)

    # Any: JSON.
    async def next(self, reader: int) -> Any:
        """What happened to a reader next, its connections' ends and beginnings included."""
        while not self.told.get(reader):
            await self._read()
        return self.told[reader].pop(0)

    async def shown(self, reader: int, document: int) -> Any:
        """The next data of a document. What the reader was told of others stays."""
        while True:
            for line in self.told.get(reader, []):
                assert "error" not in line, line
                assert not line.get("errors"), line
                if line.get("document") == document:
                    self.told[reader].remove(line)
                    return line["data"]
            await self._read()

    def left(self) -> list[Any]:
        """What nobody has looked at, but for the first connections."""
        return [line for lines in self.told.values() for line in lines if line != CONNECTED]

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            line = json.loads(await self.process.stdout.readline())
        self.told.setdefault(line.pop("reader"), []).append(line)

    def tell(self, **command: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command).encode() + b"\n")


class Desk:
    """`tidegate serve` with a copy of the service desk. After a restart it has the same port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = str(lasting_port())
        self._process: Process | None = None

    @property
    def websocket(self) -> str:
        return f"ws://127.0.0.1:{self._port}/graphql"

    async def start(self) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("TIDEGATE_")}
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tidegate", "serve", str(self._folder), "--port", self._port),
            stdout=PIPE,
            env={**environ, "JWT_SECRET": SECRET, "PYTHONUNBUFFERED": "1"},
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            line = (await self._process.stdout.readline()).decode()
        self._port = line.rpartition(":")[2].partition("/")[0]

    async def stop(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            await self._process.communicate()
        assert self._process.returncode == 0

    # Any: JSON.
    async def ask(self, who: str, query: str, **variables: Any) -> Any:
        headers = {"authorization": f"Bearer {signed(who)}"}
        async with httpx.AsyncClient(trust_env=False, verify=False, timeout=PATIENCE) as client:
            asked = {"query": query, "variables": variables}
            answer = (await client.post(f"http://127.0.0.1:{self._port}/graphql", json=asked, headers=headers)).json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def write(self, who: str, title: str) -> Any:
        """A new ticket, as `MINE` shows it."""
        query = 'mutation ($title: String!) { createTicket(title: $title, description: "x") { id title email } }'
        return (await self.ask(who, query, title=title))["createTicket"]

    def write_by_others(self, who: str) -> None:
        """A new ticket, without anybody being told."""
        with closing(sqlite3.connect(self._folder / "desk.db")) as connection, connection:
            values = ("Written meanwhile", "x", CLAIMS[who]["email"])
            connection.execute("insert into tickets (title, description, email) values (?, ?, ?)", values)

    @asynccontextmanager
    async def read(self, *readers: Reader) -> AsyncIterator[Readers]:
        """Each reader of `readers` is known by its place among them."""
        process = await asyncio.create_subprocess_exec(
            *("node", str(NODE / "websocket_clients.mjs"), self.websocket, json.dumps(list(described(readers)))),
            stdin=PIPE,
            stdout=PIPE,
        )
        at_work = Readers(process)
        try:
            yield at_work
        finally:
            assert process.stdin is not None
            process.stdin.close()
            async with asyncio.timeout(PATIENCE):
                await process.communicate()
        assert process.returncode == 0


def described(readers: Iterable[Reader]) -> Iterable[dict[str, Any]]:
    for each in readers:
        yield {"kind": each.kind, "token": signed(each.who, each.seconds), "documents": each.documents}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    folder = tmp_path_factory.mktemp("websockets") / "desk"
    ignored = shutil.ignore_patterns("*.db", "*.db-*", ".env", ".tidegate")
    shutil.copytree(ROOT / "examples" / "servicedesk", folder, ignore=ignored)
    with (folder / "tidegate.yaml").open("a") as file:
        # A busy machine is no mistake.
        file.write("limits: { initTimeout: 1m, timeout: 1m }\n")
    desk = Desk(folder)
    await desk.start()
    yield desk
    await desk.stop()
