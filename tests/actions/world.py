"""A small project whose actions are each test's own, opened on SQLite, PostgreSQL or MariaDB: the real gateway, the
real sandbox, and rooms that keep what is emitted."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from math import inf
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import asyncpg

from tests.mysql_client import ask_mysql
from tests.resolvers.integrations.relational.desk import for_mysql
from tidegate.app import Gateway
from tidegate.auth.claims import anonymous, user_of
from tidegate.broadcast import Broadcast
from tidegate.core.change import Change
from tidegate.core.emission import Emission
from tidegate.core.user import CurrentUser
from tidegate.edition import Edition
from tidegate.sandbox.sandbox import LocalSandbox

SECRET = "a secret of the tests, long enough for HS256"
ENVIRON = {"JWT_SECRET": SECRET}

PROJECT = """
name: tasks
roles: [anonymous, member, lead, admin]
auth:
  jwt: { algorithms: [HS256], secret: "${JWT_SECRET}" }
  currentUser: { id: sub, email: email, role: role, team: team }
  properties: mine
config: { greeting: Hello, most: 3 }
"""
PATIENT = "limits: { timeout: 60s, scriptTime: 60s }"
"""A busy machine is no mistake."""

TYPES = """
enum Status { OPEN DONE STUCK }
type Task {
  id: Int! title: String! owner: String status: Status points: Int ratio: Float done: Boolean due: DateTime meta: JSON
  secret: String
}
type Entry { id: Int! text: String! task: Int }
type Member { email: String! plan: String! }
type Seat { row: Int! place: Int! guest: String }
input NewTask { id: Int! title: String! owner: String points: Int }
"""

OBJECTS = """
tasks:
  integration: db
  key: id
  type: Task
  columns:
    secret: { minRole: lead }
  access:
    read: { member: { owner: $currentUser.email }, lead: all }
    create: { member: { owner: $currentUser.email }, lead: all }
    update: { member: { owner: $currentUser.email }, lead: all }
    delete: { lead: all }
entries:
  integration: db
  key: id
  type: Entry
  access: { read: { member: all }, create: { member: all }, update: { member: all }, delete: { member: all } }
members:
  integration: db
  key: email
  type: Member
  access: { read: { member: { email: $currentUser.email } } }
seats:
  integration: db
  key: [row, place]
  type: Seat
  access: { read: { member: all }, update: { lead: all } }
"""

OPERATIONS = """
mine:
  kind: query
  minRole: member
  returns: Member
  run: { use: members, get: { where: { email: $currentUser.email } } }
task:
  kind: query
  minRole: member
  args: { id: Int! }
  returns: Task
  run: { use: tasks, get: { where: { id: $args.id } } }
tasks: { kind: query, minRole: member, returns: "[Task!]!", run: { use: tasks, list: { orderBy: id } } }
taskCount: { kind: query, minRole: member, returns: Int!, run: { use: tasks, count: {} } }
entries: { kind: query, minRole: member, returns: "[Entry!]!", run: { use: entries, list: { orderBy: id } } }
createTask:
  kind: mutation
  minRole: member
  args:
    { id: Int!, title: String!, owner: String, status: Status, points: Int, ratio: Float, done: Boolean, due: DateTime,
      meta: JSON }
  returns: Task!
  run:
    use: tasks
    create:
      id: $args.id
      title: $args.title
      owner: $args.owner
      status: $args.status
      points: $args.points
      ratio: $args.ratio
      done: $args.done
      due: $args.due
      meta: $args.meta
createTasks:
  kind: mutation
  minRole: member
  args: { rows: "[NewTask!]!" }
  returns: "[Task!]!"
  run: { use: tasks, createMany: { rows: $args.rows, set: { status: OPEN } } }
createTasksCount:
  kind: mutation
  minRole: member
  args: { rows: "[NewTask!]!" }
  returns: Int!
  run: { use: tasks, createMany: { rows: $args.rows } }
updateTask:
  kind: mutation
  minRole: member
  args: { id: Int!, title: String, owner: String, status: Status, points: Int, done: Boolean, due: DateTime }
  returns: Task!
  run:
    use: tasks
    update:
      where: { id: $args.id }
      set:
        title: $args.title
        owner: $args.owner
        status: $args.status
        points: $args.points
        done: $args.done
        due: $args.due
updateTaskMaybe:
  kind: mutation
  minRole: member
  args: { id: Int!, title: String! }
  returns: Boolean!
  run: { use: tasks, update: { where: { id: $args.id }, set: { title: $args.title } } }
updateTasks:
  kind: mutation
  minRole: member
  args: { from: Int!, points: Int }
  returns: "[Task!]!"
  run: { use: tasks, updateMany: { where: { id: { gte: $args.from } }, set: { points: $args.points } } }
updateTasksCount:
  kind: mutation
  minRole: member
  args: { from: Int!, points: Int }
  returns: Int!
  run: { use: tasks, updateMany: { where: { id: { gte: $args.from } }, set: { points: $args.points } } }
deleteTask:
  kind: mutation
  minRole: lead
  args: { id: Int! }
  returns: Task!
  run: { use: tasks, delete: { where: { id: $args.id } } }
deleteTasks:
  kind: mutation
  minRole: lead
  args: { from: Int! }
  returns: Int!
  run: { use: tasks, deleteMany: { where: { id: { gte: $args.from } } } }
addEntry:
  kind: mutation
  minRole: member
  args: { text: String!, task: Int }
  returns: Entry!
  run: { use: entries, create: { text: $args.text, task: $args.task } }
"""

_TASKS = (
    "create table tasks (id integer primary key, title text not null check (title <> ''), owner text,"
    " status text default 'OPEN', points integer check (points < 1000), ratio %s, done boolean, due %s, meta %s,"
    " secret text default 'hush')"
)
_ENTRIES = "create table entries (id %s primary key, text text not null unique, task integer)"
_OTHERS = (
    "create table members (email text primary key, plan text not null)",
    'create table seats ("row" integer, place integer, guest text, primary key ("row", place))',
)
_SOME = (
    "insert into tasks (id, title, owner, status, points, ratio, done, due) values"
    " (1, 'Leak', 'ann@example.com', 'OPEN', 3, 0.5, false, '2026-01-02 03:04:05+00:00'),"
    " (2, 'Roof', 'bob@example.com', 'DONE', 5, null, true, null)"
)
TABLES = {
    "sqlite": (_TASKS % ("real", "datetime", "json"), _ENTRIES % "integer", *_OTHERS),
    "postgres": (_TASKS % ("double precision", "timestamptz", "jsonb"), _ENTRIES % "serial", *_OTHERS),
    "mysql": tuple(
        map(for_mysql, (_TASKS % ("double", "datetime(6)", "json"), _ENTRIES % "integer auto_increment", *_OTHERS))
    ),
}
ROWS = (
    "insert into members values ('ann@example.com', 'gold'), ('bob@example.com', 'tin')",
    _SOME,
    "insert into seats values (1, 1, null), (1, 2, 'Eve')",
)

USERS: Mapping[str, Mapping[str, str]] = {
    "ann": {"sub": "1", "email": "ann@example.com", "role": "member", "team": "blue"},
    "bob": {"sub": "2", "email": "bob@example.com", "role": "member", "team": "red"},
    "lea": {"sub": "3", "email": "lea@example.com", "role": "lead", "team": "blue"},
    "adm": {"sub": "4", "email": "adm@example.com", "role": "admin", "team": "blue"},
}


class Recorder:
    """Implements `Rooms`."""

    def __init__(self, gateway_log: list[str]) -> None:
        self.heard: list[Emission] = []
        self._log = gateway_log

    def emit(self, emissions: Sequence[Emission]) -> None:
        self.heard += emissions
        self._log += [f"event {each.event}" for each in emissions]


class World:
    """An opened project. `log` is what left it, in order: changes and events."""

    def __init__(self, gateway: Gateway, rooms: Recorder, database: str, log: list[str]) -> None:
        self.gateway = gateway
        self.rooms = rooms
        self.database = database
        self.log = log

    @property
    def is_postgres(self) -> bool:
        return self.database.startswith("postgres")

    def user(self, who: str | None) -> CurrentUser:
        catalog = self.gateway.catalog
        if who is None:
            return anonymous(catalog.auth, catalog.roles)
        return user_of(USERS[who], inf, catalog.auth, catalog.roles)

    async def ask(self, who: str | None, text: str, **variables: Any) -> Any:
        """Any: a GraphQL response."""
        response = await self.gateway.execute(text, None, variables, self.user(who))
        return json.loads(response.body)

    async def data(self, who: str | None, text: str, **variables: Any) -> Any:
        answer = await self.ask(who, text, **variables)
        assert "errors" not in answer, answer
        (value,) = answer["data"].values()
        return value

    async def error(self, who: str | None, text: str, **variables: Any) -> Any:
        """The one error: its message, and its extensions."""
        answer = await self.ask(who, text, **variables)
        (error,) = answer["errors"]
        return error["message"], error["extensions"]

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """As the database has them, over a connection of its own. Any: they are what the driver says."""
        if kind_of(self.database) == "mysql":
            return await ask_mysql(self.database, sql)
        if self.is_postgres:
            connection = await asyncpg.connect(self.database)
            try:
                return [tuple(row) for row in await connection.fetch(sql)]
            finally:
                await connection.close()
        with closing(sqlite3.connect(self.database)) as raw:
            found = raw.execute(sql).fetchall()
            raw.commit()
            return found

    async def texts(self) -> list[str]:
        """The texts of all entries, in order."""
        return [row[0] for row in await self.rows("select text from entries order by id")]


def write_project(
    folder: Path,
    database: str,
    actions: str,
    files: Mapping[str, str],
    *,
    more: str = "",
    settings: str = "",
    others: Mapping[str, str] | None = None,
) -> None:
    """`actions` of tasks; `others` those of other objects, `more` operations, `settings` lines of tidegate.yaml."""
    kind = kind_of(database)
    place = {"kind": kind, "file" if kind == "sqlite" else "url": database}
    declared = OBJECTS
    for name, written in {"tasks": actions, **(others or {})}.items():
        if written:
            lines = indent(dedent(written).strip("\n"), "    ")
            declared = declared.replace(f"\n{name}:\n", f"\n{name}:\n  actions:\n{lines}\n")
    texts = {
        "tidegate.yaml": f"{PROJECT}integrations: {{ db: {json.dumps(place)} }}\n{settings or PATIENT}",
        "types.graphql": TYPES,
        "objects/all.yaml": declared,
        "operations/all.yaml": f"{OPERATIONS}\n{more}",
        **files,
    }
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


async def prepare_database(database: str, *statements: str) -> None:
    kind = kind_of(database)
    everything = (*TABLES[kind], *ROWS, *statements)
    if kind == "mysql":
        await ask_mysql(database, *(statement.replace("+00:00", "") for statement in everything))
        return
    if kind == "postgres":
        connection = await asyncpg.connect(database)
        try:
            for statement in everything:
                await connection.execute(statement)
        finally:
            await connection.close()
        return
    with closing(sqlite3.connect(database)) as raw:
        raw.execute("pragma journal_mode = wal")
        for statement in everything:
            raw.execute(statement)
        raw.commit()


async def open_world(folder: Path, database: str) -> World:
    """Opens the project in `folder`."""
    log: list[str] = []
    rooms, broadcast, sandbox = Recorder(log), Broadcast(), LocalSandbox()
    edition = Edition.load(folder, ENVIRON, broadcast, rooms, sandbox)
    gateway = Gateway(folder, ENVIRON, edition, broadcast, None, sandbox)
    await gateway.open()
    broadcast.join(_Watcher(log))
    return World(gateway, rooms, database, log)


class _Watcher:
    """Hears of changes, as live queries do."""

    def __init__(self, log: list[str]) -> None:
        self._log = log

    def publish(self, change: Change) -> None:
        self._log.append(f"change {change.cause}")


def kind_of(database: str) -> str:
    """By its address."""
    return next((kind for kind in ("postgres", "mysql") if database.startswith(kind)), "sqlite")


def sqlite_file(folder: Path) -> str:
    return str(folder / "tasks.db")
