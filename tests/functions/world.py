"""The project that stories begin with, opened on one of the databases, and those who look at it from outside."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from math import inf
from pathlib import Path
from typing import Any

import asyncpg

from tests.actions.world import SECRET, kind_of
from tests.mysql_client import ask_mysql
from tidegate.app import Gateway
from tidegate.auth.claims import anonymous, user_of
from tidegate.broadcast import Broadcast
from tidegate.core.change import Change
from tidegate.core.emission import Audience, Emission
from tidegate.core.runs import Run, RunLine, StepRun
from tidegate.core.user import CurrentUser
from tidegate.edition import Edition
from tidegate.sandbox.sandbox import LocalSandbox

PROJECT = """
name: notes
roles: [anonymous, member, lead]
auth:
  jwt: { algorithms: [HS256], secret: "${JWT_SECRET}" }
  currentUser: { id: sub, email: email, role: role }
"""
PATIENT = {"timeout": "60s", "scriptTime": "60s", "scriptCpu": "20s", "httpTimeout": "30s", "handlerTime": "30s"}
"""A busy machine is no mistake."""

TYPES = """
type Note { id: Int! text: String! n: Int! }
type Pair { left: String! right: Int }
"""
OBJECTS = """
notes:
  integration: db
  key: id
  type: Note
  access: { read: { member: all }, create: { member: all }, update: { member: all }, delete: { lead: all } }
"""
OPERATIONS = """
notes: { kind: query, minRole: member, returns: "[Note!]!", run: { use: notes, list: { orderBy: id } } }
total: { kind: query, minRole: member, returns: Int!, run: { use: notes, count: {} } }
note:
  kind: query
  minRole: member
  args: { text: String! }
  returns: Note
  run: { use: notes, get: { where: { text: $args.text } } }
add:
  kind: mutation
  minRole: member
  args: { text: String!, n: Int = 0 }
  returns: Note!
  run: { use: notes, create: { text: $args.text, n: $args.n } }
clear: { kind: mutation, minRole: lead, returns: Int!, run: { use: notes, deleteMany: { where: { id: { gte: 0 } } } } }
"""
TABLE = "create table notes (id %s primary key, text text not null unique, n integer not null default 0)"
USERS: Mapping[str, Mapping[str, str]] = {
    "ann": {"sub": "1", "email": "ann@example.com", "role": "member"},
    "bob": {"sub": "2", "email": "bob@example.com", "role": "member"},
    "lea": {"sub": "3", "email": "lea@example.com", "role": "lead"},
}


class Outbox:
    """Implements `Rooms` and the bus: writes down what left the gateway, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def emit(self, emissions: Sequence[Emission]) -> None:
        for each in emissions:
            to = {Audience.ALL: "all", Audience.ROLE: f"role {each.role}"}.get(
                each.audience, f"users {', '.join(each.users)}"
            )
            self.lines.append(f"event {each.event} to {to}: {json.dumps(each.data)}")

    def publish(self, change: Change) -> None:
        tables = sorted({str(touch.table).rpartition(".")[2] for touch in change.touches})
        named = sorted(change.queries)
        self.lines.append(f"change by {change.cause}: {', '.join(tables + named)}")


class Witness:
    """Implements `Recorder`."""

    sizes = False

    def __init__(self) -> None:
        self.runs: list[Run] = []

    def begun(self, run: Run) -> None:
        self.runs.append(run)

    def step_begun(self, run: Run, step: StepRun) -> None:
        pass

    def step_ended(self, run: Run, step: StepRun) -> None:
        pass

    def wrote(self, run: Run, line: RunLine) -> None:
        pass

    def ended(self, run: Run) -> None:
        pass


class World:
    """An opened project."""

    def __init__(self, gateway: Gateway, database: str, outbox: Outbox, witness: Witness) -> None:
        self.gateway = gateway
        self.database = database
        self.outbox = outbox
        self.witness = witness

    def user(self, who: str) -> CurrentUser:
        catalog = self.gateway.catalog
        if who == "nobody":
            return anonymous(catalog.auth, catalog.roles)
        return user_of(USERS[who], inf, catalog.auth, catalog.roles)

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """As the database has them, over a connection of its own. Any: they are what the driver says."""
        if kind_of(self.database) == "mysql":
            return await ask_mysql(self.database, sql)
        if self.database.startswith("postgres"):
            connection = await asyncpg.connect(self.database)
            try:
                return [tuple(row) for row in await connection.fetch(sql)]
            finally:
                await connection.close()
        with closing(sqlite3.connect(self.database)) as raw:
            found = raw.execute(sql).fetchall()
            raw.commit()
            return found


async def open_world(
    folder: Path, database: str, files: Mapping[str, str], limits: Mapping[str, str], port: int
) -> World:
    """`files` beside the project's own; `port` is where `Config.server` of programs is."""
    await _make_table(database)
    _write(folder, database, files, limits, port)
    outbox, witness, broadcast, sandbox = Outbox(), Witness(), Broadcast(), LocalSandbox()
    environ = {"JWT_SECRET": SECRET}
    edition = Edition.load(folder, environ, broadcast, outbox, sandbox, witness)
    gateway = Gateway(folder, environ, edition, broadcast, None, sandbox, witness)
    await gateway.open()
    broadcast.join(outbox)
    return World(gateway, database, outbox, witness)


async def _make_table(database: str) -> None:
    if kind_of(database) == "mysql":
        table = TABLE % "integer auto_increment"
        await ask_mysql(database, table.replace("text text", "text varchar(200)"))
        return
    if database.startswith("postgres"):
        connection = await asyncpg.connect(database)
        try:
            await connection.execute(TABLE % "serial")
        finally:
            await connection.close()
        return
    with closing(sqlite3.connect(database)) as raw:
        raw.execute("pragma journal_mode = wal")
        raw.execute(TABLE % "integer")
        raw.commit()


def _write(folder: Path, database: str, files: Mapping[str, str], limits: Mapping[str, str], port: int) -> None:
    kind = {"kind": kind_of(database), "file" if kind_of(database) == "sqlite" else "url": database}
    texts = {
        "tidegate.yaml": PROJECT + "".join(f"{line}\n" for line in _settings(kind, limits, port)),
        "types.graphql": TYPES,
        "objects/notes.yaml": OBJECTS,
        "operations/notes.yaml": OPERATIONS,
        **files,
    }
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _settings(kind: Mapping[str, str], limits: Mapping[str, str], port: int) -> Iterator[str]:
    yield f"integrations: {{ db: {json.dumps(kind)} }}"
    yield f"config: {{ server: 'http://127.0.0.1:{port}' }}"
    yield f"http: {{ allow: ['127.0.0.1:{port}'] }}"
    yield f"limits: {json.dumps({**PATIENT, **limits})}"
