"""What each of our own kinds is asked by the suite of promises."""

from __future__ import annotations

import json
from typing import Any

from graphql import GraphQLError, build_schema, graphql_sync

from tests.resolvers.servers import Request as Asked
from tests.resolvers.servers import Server
from tidegate.testing import Request

TABLES = """
create table notes (id integer primary key, title text not null, stars integer);
insert into notes (id, title, stars) values (1, 'Leak', 3), (2, 'Roof', null), (3, 'Door', 5);
"""
TYPES = """
type Note { id: Int! title: String! stars: Int }
input NewNote { id: Int! title: String! stars: Int }
type Stars { stars: Int notes: Int! }
"""
OBJECTS = """
notes:
  integration: subject
  key: id
  type: Note
  access: { read: { admin: all }, create: { admin: all }, update: { admin: all }, delete: { admin: all } }
"""
_ID = {"id": "Int!"}

ROWS = [
    Request(
        "list",
        {"where": {"stars": "$args.stars"}, "orderBy": "-id", "limit": 10},
        {"stars": "Int"},
        "[Note!]!",
        [{}, {"stars": 3}, {"stars": None}],
        use="notes",
    ),
    Request("get", {"where": {"id": "$args.id"}}, _ID, "Note", [{"id": 1}, {"id": 2}, {"id": 99}], use="notes"),
    Request("count", {}, {}, "Int!", use="notes"),
    Request(
        "aggregate",
        {"groupBy": "stars", "values": {"notes": "count"}, "orderBy": "stars"},
        {},
        "[Stars!]!",
        use="notes",
    ),
    Request(
        "sql",
        "select * from notes where title like '%{{ args.part }}%' order by id",
        {"part": "String!"},
        "[Note!]!",
        [{"part": "o"}, {"part": ""}],
    ),
    Request(
        "create",
        {"id": "$args.id", "title": "$args.title", "stars": "$args.stars"},
        {"id": "Int!", "title": "String!", "stars": "Int"},
        "Note!",
        [{"id": 4, "title": "Tap"}, {"id": 5, "title": "Lamp", "stars": 3}],
        [{"id": 1, "title": "Twice"}],
        use="notes",
    ),
    Request(
        "createMany",
        {"rows": "$args.rows"},
        {"rows": "[NewNote!]!"},
        "Int!",
        [{"rows": [{"id": 6, "title": "A"}, {"id": 7, "title": "B"}]}],
        use="notes",
    ),
    Request(
        "update",
        {"where": {"id": "$args.id"}, "set": {"stars": "$args.stars"}},
        {"id": "Int!", "stars": "Int"},
        "Note",
        [{"id": 2, "stars": 4}, {"id": 2, "stars": None}],
        use="notes",
    ),
    Request(
        "updateMany",
        {"where": {"stars": {"gte": "$args.stars"}}, "set": {"title": "Many"}},
        {"stars": "Int!"},
        "Int!",
        [{"stars": 3}],
        use="notes",
    ),
    Request("delete", {"where": {"id": "$args.id"}}, _ID, "Boolean", [{"id": 5}], use="notes"),
    Request("deleteMany", {"where": {"id": {"gte": "$args.id"}}}, _ID, "Int!", [{"id": 6}], use="notes"),
    Request("sql", "update notes set stars = stars + {{ args.by }} where id = 1", {"by": "Int!"}, "Int", [{"by": 1}]),
]

SEND = [
    Request(
        "send",
        {"to": "$args.to", "subject": "About {{ args.about }}", "message": "$args.about"},
        {"to": "String!", "about": "String"},
        "Boolean!",
        [{"to": "ada@example.com", "about": "leaks"}, {"to": "bob@example.com"}],
        [{"to": "nobody", "about": "leaks"}],
    )
]
TRIGGER = [
    Request(
        "trigger",
        {"body": {"id": "$args.id", "about": "{{ args.about }}!"}},
        {"id": "Int!", "about": "String"},
        "Boolean!",
        [{"id": 1, "about": "leaks"}, {"id": 2}],
    )
]
_NOTE = {"id": "$args.id", "title": "$args.title"}
_ARGS = {"id": "Int!", "title": "String!"}
HTTP = [
    Request("get", {"path": "/notes", "data": "$.items"}, {}, "[Note!]!"),
    Request("get", "/notes/{{ args.id }}", _ID, "Note", [{"id": 1}, {"id": 99}]),
    Request("post", {"path": "/notes", "body": _NOTE}, _ARGS, "Note!", [{"id": 4, "title": "Tap"}], at_once=True),
    Request("put", {"path": "/notes/{{ args.id }}", "body": _NOTE}, _ARGS, "Note!", [{"id": 1, "title": "Tap"}],
            [{"id": 1, "title": ""}], at_once=True),
    Request("patch", {"path": "/notes/2", "body": {"title": "$args.title"}}, {"title": "String!"}, "Note!",
            [{"title": "Other"}], at_once=True),
    Request("delete", {"path": "/notes/{{ args.id }}", "missing": 404}, _ID, "JSON", [{"id": 4}], at_once=True),
]  # fmt: skip


class NotesServer:
    """The notes of the tables above, by HTTP."""

    def __init__(self) -> None:
        self.notes: dict[str, Any] = {
            str(note["id"]): note
            for note in ({"id": 1, "title": "Leak", "stars": 3}, {"id": 2, "title": "Roof", "stars": None})
        }
        self.server = Server(self._answer)

    def _answer(self, request: Asked) -> None:
        path = request.target.partition("?")[0].removeprefix("/api/notes")
        key = path.removeprefix("/")
        sent = json.loads(request.body) if request.body else {}
        if sent.get("title") == "":
            request.answer(b"{}", 422)
        elif request.method == "GET":
            self._give(request, self.notes.get(key) if key else {"items": [*self.notes.values()]})
        elif request.method == "DELETE":
            self._give(request, self.notes.pop(key, None))
        else:
            key = key or str(sent["id"])
            self.notes[key] = {"stars": None, **self.notes.get(key, {}), **sent}
            self._give(request, self.notes[key])

    def _give(self, request: Asked, found: Any) -> None:
        status = 404 if found is None else 200
        request.answer(json.dumps(found).encode(), status, content_type="application/json")


GRAPHQL = [
    Request("query", {"field": "notes", "resource": "notes"}, {}, "[Note!]!"),
    Request(
        "query",
        {
            "document": "query ($id: Int!) { note(id: $id) { id title stars } }",
            "variables": {"id": "$args.id"},
            "data": "$.note",
        },
        _ID,
        "Note",
        [{"id": 1}, {"id": 99}],
    ),
    Request("mutation", {"field": "put", "args": _NOTE}, _ARGS, "Note!", [{"id": 4, "title": "Tap"}],
            [{"id": 1, "title": ""}], at_once=True),
]  # fmt: skip
SCHEMA = """
type Query { notes: [Note!]! note(id: Int!): Note }
type Mutation { put(id: Int!, title: String!): Note! }
type Note { id: Int! title: String! stars: Int }
"""


_BUILT = build_schema(SCHEMA)


class NotesGraphql(NotesServer):
    """The same by GraphQL."""

    def _answer(self, request: Asked) -> None:
        asked = json.loads(request.body)
        root = {"notes": [*self.notes.values()], "note": self.note, "put": self.put}
        result = graphql_sync(_BUILT, asked["query"], root, variable_values=asked.get("variables"))
        request.answer(json.dumps(result.formatted).encode(), content_type="application/json")

    # Any: what graphql-core calls them with.
    def note(self, _info: Any, id: int) -> Any:
        return self.notes.get(str(id))

    def put(self, _info: Any, id: int, title: str) -> Any:
        if not title:
            raise GraphQLError("it has no title")
        self.notes[str(id)] = {"stars": None, **self.notes.get(str(id), {}), "id": id, "title": title}
        return self.notes[str(id)]
