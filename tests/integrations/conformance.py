"""What each of our own kinds is asked by the suite of promises."""

from __future__ import annotations

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
