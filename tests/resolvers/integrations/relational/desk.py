"""A project on a real database, asked through the gateway: the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tidegate.app import Gateway
from tidegate.core.user import CurrentUser

ROLES = ("anonymous", "member", "lead", "admin")

SETTINGS = """
name: tasks
roles: [anonymous, member, lead, admin]
auth:
  jwt: {{ algorithms: [HS256], secret: "${{JWT_SECRET}}" }}
  currentUser: {{ id: sub, email: email, team: team, role: role }}
integrations:
  db: {integration}
limits: {{ pageSize: 50, batchSize: 20, filterTerms: 60 }}
"""

TYPES = """
enum Kind { Bug Wish Chore }
type Person {
  id: ID!
  name: String!
  team: String
  salary: Int
  tasks: [Task!]!
  boss: Person
}
type Task {
  id: ID!
  title: String
  kind: Kind
  points: Int
  weight: Float
  price: Decimal
  big: BigInt
  done: Boolean
  due: Date
  at: DateTime
  clock: Time
  token: UUID
  data: JSON
  bytes: Bytes
  tags: [String!]
  ownerId: Int
  note: String
  owner: Person
}
type Seat { row: Int! letter: String! taken: String! }
type Group { kind: Kind tasks: Int! points: Int heaviest: Float titles: Int! mean: Float }
type Found { id: ID! title: String ownerName: String }
type Strict { id: ID! title: String! kind: Kind! points: Int! }
input NewTask { title: String kind: Kind points: Int ownerId: Int price: Decimal at: DateTime data: JSON bytes: Bytes }
"""

OBJECTS = """
people:
  integration: db
  table: people
  key: id
  type: Person
  columns: { salary: { minRole: admin } }
  relations:
    tasks: { many: tasks, on: { ownerId: id }, orderBy: [-points, id], limit: 5 }
    boss: { one: people, on: { id: id } }
  access: { read: { member: { team: $currentUser.team }, lead: all } }
tasks:
  integration: db
  table: tasks
  key: id
  type: Task
  columns: { note: { minRole: admin }, at: { column: happened_at } }
  relations:
    owner: { one: people, on: { id: ownerId } }
  access:
    read: { member: { or: [{ owner: { team: $currentUser.team } }, { kind: Wish }] }, lead: all }
    create: { member: { owner: { team: $currentUser.team } }, lead: all }
    update: { member: { owner: { team: $currentUser.team } }, lead: { not: { kind: Chore } } }
    delete: { lead: all }
seats:
  integration: db
  table: seats
  key: [row, letter]
  type: Seat
  access: { read: { anonymous: all }, create: { anonymous: all }, update: { anonymous: all }, delete: { anonymous: all } }
stricts:
  integration: db
  table: loose
  key: id
  type: Strict
  access: { read: { anonymous: all } }
"""

OPERATIONS = """
tasks:
  kind: query
  minRole: member
  args: { where: TaskFilter, orderBy: "[TaskOrder!]", first: Int, after: String }
  returns: TaskConnection!
  run: { use: tasks, list: { where: $args.where, orderBy: $args.orderBy, limit: $args.first, after: $args.after } }
list:
  kind: query
  minRole: member
  args: { where: TaskFilter, orderBy: "[TaskOrder!]", limit: Int, offset: Int }
  returns: "[Task!]!"
  run: { use: tasks, list: { where: $args.where, orderBy: $args.orderBy, limit: $args.limit, offset: $args.offset } }
optional:
  kind: query
  minRole: member
  args: { kind: Kind, title: String, least: Int, kinds: "[Kind!]", team: String }
  returns: "[Task!]!"
  run:
    use: tasks
    list:
      where:
        kind: $args.kind
        title: { contains: $args.title }
        points: { gte: $args.least }
        or: [{ kind: { in: $args.kinds } }, { not: { title: $args.title } }]
        owner: { team: $args.team }
people:
  kind: query
  minRole: member
  returns: "[Person!]!"
  run: { use: people, list: { orderBy: id } }
mine:
  kind: query
  minRole: member
  returns: "[Person!]!"
  run: { use: people, list: { where: { name: { ne: $currentUser.email }, team: { notIn: [$currentUser.team] } } } }
notMine:
  kind: query
  minRole: member
  returns: "[Person!]!"
  run: { use: people, list: { where: { not: { team: $currentUser.team } } } }
task: { kind: query, minRole: member, args: { id: ID! }, returns: Task, run: { use: tasks, get: { where: { id: $args.id } } } }
theTask: { kind: query, minRole: member, args: { id: ID! }, returns: Task!, run: { use: tasks, get: { where: { id: $args.id } } } }
stricts: { kind: query, minRole: member, returns: "[Strict!]!", run: { use: stricts, list: { orderBy: id } } }
strict: { kind: query, minRole: member, args: { id: ID! }, returns: Strict, run: { use: stricts, get: { where: { id: $args.id } } } }
count: { kind: query, minRole: member, args: { where: TaskFilter }, returns: Int!, run: { use: tasks, count: { where: $args.where } } }
groups:
  kind: query
  minRole: member
  returns: "[Group!]!"
  run:
    use: tasks
    aggregate:
      groupBy: [kind]
      values: { tasks: count, points: { sum: points }, heaviest: { max: weight }, titles: { countDistinct: title }, mean: { avg: points } }
      orderBy: [-tasks, kind]
seat: { kind: query, minRole: member, args: { row: Int!, letter: String! }, returns: Seat, run: { use: seats, get: { where: { row: $args.row, letter: $args.letter } } } }
take:
  kind: mutation
  minRole: member
  args: { row: Int!, letter: String!, by: String! }
  returns: Seat!
  run: { use: seats, create: { row: $args.row, letter: $args.letter, taken: $args.by } }
move:
  kind: mutation
  minRole: member
  args: { row: Int!, letter: String!, to: Int! }
  returns: Seat!
  run: { use: seats, update: { where: { row: $args.row, letter: $args.letter }, set: { row: $args.to } } }
leave:
  kind: mutation
  minRole: member
  args: { row: Int!, letter: String! }
  returns: Seat
  run: { use: seats, delete: { where: { row: $args.row, letter: $args.letter } } }
clear: { kind: mutation, minRole: member, args: { letter: String! }, returns: "[Seat!]!", run: { use: seats, deleteMany: { where: { letter: $args.letter } } } }
create:
  kind: mutation
  minRole: member
  args: { title: String, kind: Kind, points: Int, ownerId: Int, weight: Float, price: Decimal, big: BigInt, done: Boolean, due: Date, at: DateTime, clock: Time, token: UUID, data: JSON, bytes: Bytes, tags: "[String!]" }
  returns: Task!
  run:
    use: tasks
    create: { title: $args.title, kind: $args.kind, points: $args.points, ownerId: $args.ownerId, weight: $args.weight, price: $args.price, big: $args.big, done: $args.done, due: $args.due, at: $args.at, clock: $args.clock, token: $args.token, data: $args.data, bytes: $args.bytes, tags: $args.tags }
createMany: { kind: mutation, minRole: member, args: { rows: "[NewTask!]!" }, returns: "[Task!]!", run: { use: tasks, createMany: { rows: $args.rows, set: { kind: Bug } } } }
createCounted: { kind: mutation, minRole: member, args: { rows: "[NewTask!]!" }, returns: Int!, run: { use: tasks, createMany: { rows: $args.rows } } }
update:
  kind: mutation
  minRole: member
  args: { id: ID!, title: String, kind: Kind, ownerId: Int }
  returns: Task!
  run: { use: tasks, update: { where: { id: $args.id }, set: { title: $args.title, kind: $args.kind, ownerId: $args.ownerId } } }
updateSome: { kind: mutation, minRole: member, args: { where: TaskFilter, points: Int }, returns: Int!, run: { use: tasks, updateMany: { where: $args.where, set: { points: $args.points } } } }
updateKind: { kind: mutation, minRole: member, args: { kind: Kind, points: Int }, returns: "[Task!]!", run: { use: tasks, updateMany: { where: { kind: $args.kind }, set: { points: $args.points } } } }
deleteSome: { kind: mutation, minRole: lead, args: { where: TaskFilter }, returns: Int!, run: { use: tasks, deleteMany: { where: $args.where } } }
remove: { kind: mutation, minRole: lead, args: { id: ID! }, returns: Boolean!, run: { use: tasks, delete: { where: { id: $args.id } } } }
rawTasks: { kind: query, minRole: member, args: { q: String!, least: Int }, returns: "[Task!]!", run: { use: db, sql: "select * from tasks where title like '%{{ args.q }}%' and (cast({{ args.least }} as integer) is null or points >= cast({{ args.least }} as integer)) order by id desc -- that is all" } }
rawFound: { kind: query, minRole: member, returns: "[Found!]!", run: { use: db, sql: "select t.id, t.title, p.name as owner_name from tasks t left join people p on p.id = t.owner_id order by t.id" } }
rawCount: { kind: query, minRole: member, args: { kind: Kind! }, returns: Int!, run: { use: db, sql: "select count(*) from tasks where kind = {{ args.kind }}" } }
rawTitles: { kind: query, minRole: member, returns: "[String]!", run: { use: db, sql: "select title from tasks order by id" } }
rawUpdate: { kind: mutation, minRole: member, args: { id: Int!, title: String! }, returns: Int!, run: { use: db, sql: "update tasks set title = {{ args.title }} where id = {{ args.id }}" } }
rawReturning: { kind: mutation, minRole: member, args: { id: Int!, title: String! }, returns: Found, run: { use: db, sql: "update tasks set title = 'a {{ args.title }}' where id = {{ args.id }} returning id, title, null as owner_name" } }
"""

TABLES = """
create table people (id integer primary key, name text not null, team text, salary integer);
create table tasks (
    id {serial}, title text, kind text, points integer, weight double precision, price numeric,
    big bigint, done boolean, due date, happened_at {moment}, clock {time}, token {uuid}, data {json}, bytes {bytes},
    tags {tags}, owner_id integer references people (id), note text
);
create table seats ("row" integer, letter text, taken text not null, primary key ("row", letter));
create table loose (id integer primary key, title text, kind text, points bigint);
insert into people values (1, 'Ada', 'red', 10), (2, 'Bob', 'blue', 20), (3, 'Cyd', null, 30);
"""

WORDS = {
    "sqlite": {
        "serial": "integer primary key",
        "moment": "timestamp",
        "time": "time",
        "uuid": "uuid",
        "json": "json",
        "bytes": "blob",
        "tags": "json",
    },
    "postgres": {
        "serial": "integer generated by default as identity primary key",
        "moment": "timestamptz",
        "time": "time",
        "uuid": "uuid",
        "json": "jsonb",
        "bytes": "bytea",
        "tags": "text[]",
    },
}


class Desk:
    """The project, opened, with an event loop of its own. `kind` is the integration's."""

    def __init__(self, gateway: Gateway, loop: asyncio.AbstractEventLoop, kind: str) -> None:
        self.gateway = gateway
        self.loop = loop
        self.kind = kind

    def ask(self, text: str, role: str = "admin", variables: Mapping[str, Any] | None = None, **fields: Any) -> Any:
        """The whole response. Any: JSON."""
        user = person(role, **fields)
        response = self.loop.run_until_complete(self.gateway.execute(text, None, variables or {}, user))
        return json.loads(response.body)

    def data(self, text: str, role: str = "admin", variables: Mapping[str, Any] | None = None, **fields: Any) -> Any:
        response = self.ask(text, role, variables, **fields)
        assert "errors" not in response, response
        return response["data"]

    def code(self, text: str, role: str = "admin", variables: Mapping[str, Any] | None = None, **fields: Any) -> str:
        """The code of the first error."""
        return str(self.ask(text, role, variables, **fields)["errors"][0]["extensions"]["code"])

    def run(self, sql: str, *arguments: Any) -> None:
        """Straight to the database."""

        async def execute() -> None:
            integration: Any = self.gateway.catalog.integrations["db"]
            async with integration._database.session(writes=True) as connection:
                await connection.execute(sql, arguments)

        self.loop.run_until_complete(execute())


def person(role: str, **fields: Any) -> CurrentUser:
    known = {"id": None, "email": None, "team": None, "role": role, **fields}
    return CurrentUser(role, ROLES.index(role), known, None, role != "anonymous")


@contextmanager
def opened(folder: Path, kind: str, url: str = "") -> Iterator[Desk]:
    place = {"sqlite": "file: test.db", "postgres": f'url: "{url}"'}[kind]
    files = {
        "tidegate.yaml": SETTINGS.format(integration=f"{{ kind: {kind}, {place}, migrations: sql }}"),
        "types.graphql": TYPES,
        "objects/all.yaml": OBJECTS,
        "operations/all.yaml": OPERATIONS,
        "sql/0001_tables.sql": TABLES.format(**WORDS[kind]),
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    loop = asyncio.new_event_loop()
    try:
        gateway = Gateway.load(folder, {"JWT_SECRET": "x" * 40})
        loop.run_until_complete(gateway.open())
        try:
            yield Desk(gateway, loop, kind)
        finally:
            loop.run_until_complete(gateway.close())
    finally:
        loop.close()
