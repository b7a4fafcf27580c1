"""Requests that read, asked of an opened project together with what they say they read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from graphql import parse_type

from tests.resolvers.integrations.relational.desk import ROLES, Desk, opened, read
from tidegate.core.errors import OperationError
from tidegate.core.expressions import Expression, Items, Literal, Record, Reference, Text, resolve
from tidegate.core.footprint import UNKNOWN, Read
from tidegate.core.integration import Compiled, Declaration, Surroundings
from tidegate.core.json import Given
from tidegate.core.location import Location
from tidegate.core.selection import Selected, Selection
from tidegate.core.types import Argument, Named, NonNull, ObjectType, TypeRef, named
from tidegate.resolvers.integrations.relational.integration import RelationalIntegration
from tidegate.resolvers.integrations.relational.prepared import PreparedRead, prepare_request
from tidegate.schema.type_expressions import convert_type

HERE = Location("operations/random.yaml")

OBJECTS = """
people:
  integration: db
  table: people
  key: id
  type: Person
  columns: { salary: { minRole: admin } }
  relations:
    tasks: { many: tasks, on: { ownerId: id }, orderBy: [-points, id], limit: 3 }
    boss: { one: people, on: { id: bossId } }
    wrote: { many: notes, on: { author: name }, orderBy: id }
  access: { read: { member: { team: $currentUser.team }, lead: all } }
tasks:
  integration: db
  table: tasks
  key: id
  type: Task
  relations:
    owner: { one: people, on: { id: ownerId } }
    notes: { many: notes, on: { taskId: id }, orderBy: text }
  access:
    read:
      anonymous: { done: true, not: { notes: { author: Bob } } }
      member: { or: [{ ownerId: $currentUser.id }, { kind: Wish }] }
      lead: all
notes:
  integration: db
  table: notes
  key: id
  type: Note
  relations:
    task: { one: tasks, on: { id: taskId } }
    writer: { one: people, on: { name: author } }
  access: { read: { anonymous: { task: { done: true } }, member: { author: { in: $currentUser.names } }, lead: all } }
shown:
  integration: db
  table: shown
  key: id
  type: Shown
  relations: { notes: { many: notes, on: { taskId: id } } }
  access: { read: { anonymous: all } }
"""

TYPES = """
enum Kind { Bug Wish Chore }
type Person { id: ID! name: String team: String salary: Int bossId: Int tasks: [Task!]! boss: Person wrote: [Note!]! }
type Task {
  id: ID! title: String kind: Kind points: Int done: Boolean token: UUID ownerId: Int owner: Person notes: [Note!]!
}
type Note { id: ID! text: String author: String taskId: Int task: Task writer: Person }
type Shown { id: ID! title: String notes: [Note!]! }
type Group { kind: Kind tasks: Int! points: Int }
type Total { tasks: Int! heaviest: Int }
"""

TABLES = """
create table people (id integer primary key, name text, team text, salary integer, boss_id integer);
create table tasks (
    id integer primary key, title text, kind text, points integer, done boolean, token uuid, owner_id integer
);
create table notes (id integer primary key, text text, author text, task_id integer);
create view shown as select id, title from tasks;
"""

OPERATIONS = """
all: { kind: query, minRole: anonymous, returns: "[Task!]!", run: { use: tasks, list: {} } }
pages: { kind: query, minRole: anonymous, returns: "TaskConnection!", run: { use: tasks, list: {} } }
"""

ARGUMENTS = {
    "id": "ID",
    "must": "ID!",
    "owner": "Int",
    "owners": "[Int!]",
    "kind": "Kind",
    "kinds": "[Kind!]",
    "title": "String",
    "titles": "[String]",
    "done": "Boolean",
    "token": "UUID",
    "team": "String",
    "first": "Int",
    "after": "String",
    "where": "TaskFilter",
    "orderBy": "[TaskOrder!]",
    "notes": "NoteFilter",
    "people": "PersonFilter",
}


def files(place: str = "kind: sqlite, file: test.db") -> Mapping[str, str]:
    """`place` is where the data are, as an integration's settings say it."""
    project = read("tidegate.yaml").replace("INTEGRATION", f"{{ {place}, migrations: sql }}")
    return {
        "objects/all.yaml": OBJECTS,
        "types.graphql": TYPES,
        "sql/0001_tables.sql": TABLES,
        "operations/all.yaml": OPERATIONS,
        "tidegate.yaml": project.replace("role: role }", "role: role, names: names }"),
    }


class Reader:
    """Prepares requests against the opened project of a desk and asks them."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        integration = desk.gateway.catalog.integrations["db"]
        assert isinstance(integration, RelationalIntegration)
        self.integration = integration
        self.tables = integration.tables
        step = desk.gateway.catalog.operations["all"].plan.run[0]
        assert isinstance(step.prepared, PreparedRead)
        self.surroundings: Surroundings = step.prepared.setting.surroundings

    def prepare(self, use: str, verb: str, body: Mapping[str, Any], returns: str) -> PreparedRead:
        arguments = {name: Argument(name, type_of(text), HERE) for name, text in ARGUMENTS.items()}
        target = self.surroundings.objects[use]
        declaration = Declaration("random", target, verb, written(body), type_of(returns), arguments, HERE)
        prepared = prepare_request(self.integration._dialect, declaration, self.surroundings, self.tables)
        assert isinstance(prepared, PreparedRead)
        return prepared

    def selection(self, type: str, text: str) -> Selection:
        """From `id owner { name }`."""
        return self._selection(type, iter(re.findall(r"\w+|[{}]", text)))

    def _selection(self, type: str, words: Iterator[str]) -> Selection:
        definition = self.surroundings.types[type]
        assert isinstance(definition, ObjectType)
        fields: list[Selected] = []
        for word in words:
            if word == "}":
                break
            if word == "{":
                last = fields.pop()
                inner = self._selection(named(last.type), words)
                fields.append(Selected(last.key, last.field, last.type, {}, inner))
            else:
                of = NonNull(Named("String")) if word == "__typename" else definition.fields[word].type
                fields.append(Selected(f"f{len(fields)}", word, of))
        return Selection(type, tuple(fields))

    def asked(self, compiled: Compiled, user: Mapping[str, Any], arguments: Mapping[str, Any]) -> Asked:
        scope = {"args": arguments, "currentUser": user}
        return Asked(self, compiled, [resolve(expression, scope) for expression in compiled.inputs])


class Asked:
    """A request with its values."""

    def __init__(self, reader: Reader, compiled: Compiled, values: Sequence[Given]) -> None:
        self.reader = reader
        self.compiled = compiled
        self.values = values

    @property
    def reads(self) -> Sequence[Read]:
        return self.compiled.reads(self.values)

    @property
    def reads_of_any(self) -> Sequence[Read]:
        """With nothing known of the values."""
        return self.compiled.reads([UNKNOWN] * len(self.values))

    def answer(self) -> object:
        """What the client would see."""

        async def ask() -> object:
            async with self.reader.integration.session(writes=False) as session:
                try:
                    found = await session.execute(self.compiled, self.values)
                except OperationError as error:
                    return error.code
                return found.json if found.json is not None else found.value

        return self.reader.desk.loop.run_until_complete(ask())


def type_of(text: str) -> TypeRef:
    return convert_type(parse_type(text))


def written(value: Any) -> Expression:
    """What an author writes as JSON. Any: JSON."""
    if isinstance(value, str) and value.startswith("{{ "):
        root, *path = value[3:-3].split(".")
        return Text(("", Reference(root, tuple(path), HERE)), HERE)
    if isinstance(value, str) and value.startswith("$"):
        root, *path = value[1:].split(".")
        return Reference(root, tuple(path), HERE)
    if isinstance(value, Mapping):
        return Record({name: written(each) for name, each in value.items()}, dict.fromkeys(value, HERE), HERE)
    if isinstance(value, list):
        return Items(tuple(written(each) for each in value), HERE)
    return Literal(value, HERE)


def user(role: str, **fields: Any) -> Mapping[str, Any]:
    assert role in ROLES
    return {"id": None, "email": None, "team": None, "names": None, "role": role, **fields}


__all__ = ["HERE", "ROLES", "Asked", "Path", "Reader", "files", "opened", "user"]
