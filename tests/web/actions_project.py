"""A project with actions on demand of every sort, for the tests of their addresses."""

from __future__ import annotations

from pathlib import Path

from tests.web.conftest import SECRET

FILES = {
    "tidegate.yaml": f"""
name: actions
roles: [anonymous, customer, admin]
auth:
  jwt: {{ algorithms: HS256, secret: "{SECRET}" }}
  currentUser: {{ id: sub, role: role, email: email }}
limits: {{ body: 4KiB, scriptTime: 5s }}
cors: {{ origins: ["https://app.example"] }}
integrations:
  db: {{ kind: sqlite, file: desk.db, migrations: migrations }}
""",
    "types.graphql": """
type Ticket { id: Int! title: String! level: Int owner: String secret: String }
type Vote { ticket: Int! voter: String! points: Int! }
type Tag { id: String! }
enum Colour { RED GREEN }
input Box { wide: Int! colours: [Colour!] }
""",
    "migrations/0001_tables.sql": """
create table tickets (id integer primary key, title text not null, level integer, owner text, secret text);
create table votes (ticket integer, voter text, points integer not null, primary key (ticket, voter));
create table tags (id text primary key);
insert into tickets values (1, 'one', 3, 'ada', 's1'), (2, 'two', null, 'bob', 's2');
insert into votes values (1, 'ada', 5), (1, 'a/b,c_d é', 6);
insert into tags values ('x/y'), ('a b');
""",
    "objects/all.yaml": """
tickets:
  integration: db
  table: tickets
  key: id
  type: Ticket
  columns: { secret: { minRole: admin } }
  access:
    read: { customer: { owner: $currentUser.id }, admin: all }
    update: { admin: all }
  actions:
    give: { on: demand, minRole: customer, params: { value: JSON }, js: actions/give.js }
    tell: { on: demand, minRole: customer, params: { level: Int, more: JSON }, js: actions/tell.js }
    typed:
      on: demand
      minRole: anonymous
      params: { n: Int!, text: { type: String, default: hello }, box: Box, colours: "[Colour!]", big: BigInt }
      js: actions/typed.js
    show: { on: demand, minRole: customer, returns: Ticket, js: actions/show.js }
    open: { on: demand, minRole: anonymous, js: actions/open.js }
    fails: { on: demand, minRole: anonymous, params: { message: String! }, js: actions/fails.js }
    spins: { on: demand, minRole: anonymous, timeout: 300ms, js: actions/spins.js }
    guarded: { on: demand, minRole: admin, where: "level > 2", js: actions/open.js }
    touch: { on: demand, minRole: admin, sql: "update tickets set level = level + 1 where id = {{ row.id }}" }
    tidy: { on: before update, js: actions/open.js }
votes:
  integration: db
  table: votes
  key: [ticket, voter]
  type: Vote
  access: { read: { anonymous: all } }
  actions:
    points: { on: demand, minRole: anonymous, js: actions/row.js }
tags:
  integration: db
  table: tags
  key: id
  type: Tag
  access: { read: { anonymous: all } }
  actions:
    row: { on: demand, minRole: anonymous, js: actions/row.js }
""",
    "operations/one.yaml": """
tickets: { kind: query, minRole: customer, returns: "[Ticket!]!", run: { use: tickets, list: {} } }
""",
    "actions/give.js": "function backandCallback(i, row, parameters) { return parameters.value; }",
    "actions/tell.js": """
function backandCallback(userInput, dbRow, parameters, userProfile) {
  return { userInput, dbRow, parameters, who: userProfile.username, role: userProfile.role };
}""",
    "actions/typed.js": "function backandCallback(i, row, parameters) { return parameters; }",
    "actions/show.js": "function backandCallback(i, row) { return row; }",
    "actions/open.js": "function backandCallback() { return 'open'; }",
    "actions/row.js": "function backandCallback(i, row) { return row; }",
    "actions/fails.js": "function backandCallback(i, row, parameters) { throw new Error(parameters.message); }",
    "actions/spins.js": "function backandCallback() { for (;;) {} }",
}


def write(folder: Path) -> None:
    for name, text in FILES.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
