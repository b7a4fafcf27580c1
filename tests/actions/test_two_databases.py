"""One call that writes two databases, one of which keeps its half: there is no transaction across them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.realtime.screens import nothing, watch
from tidegate.app import Gateway
from tidegate.auth.claims import anonymous

FILES = {
    "tidegate.yaml": """
name: two
roles: [anonymous]
integrations:
  a: { kind: sqlite, file: a.db, migrations: sql/a }
  b: { kind: sqlite, file: b.db, migrations: sql/b }
""",
    "types.graphql": "type Note { id: Int! text: String! }",
    "objects/notes.yaml": """
notes:
  integration: a
  key: id
  type: Note
  access: { read: { anonymous: all }, create: { anonymous: all } }
  actions: { both: { on: demand, minRole: anonymous, js: both.js } }
""",
    "operations/all.yaml": """
notes: { kind: query, minRole: anonymous, returns: "[Note!]!", run: { use: notes, list: { orderBy: id } } }
addNote: { kind: mutation, minRole: anonymous, returns: Note!, run: { use: notes, create: { id: 1, text: kept } } }
addChild: { kind: mutation, minRole: anonymous, returns: Int!, run: { use: b, sql: insert into children values (7) } }
""",
    "both.js": "function run() { gateway.call('addChild'); gateway.call('addNote'); }",
    "sql/a/0001_notes.sql": "create table notes (id integer primary key, text text not null) strict;",
    "sql/b/0001_children.sql": """
create table parents (id integer primary key) strict;
create table children (parent integer not null references parents (id) deferrable initially deferred) strict;
""",
}


async def test_what_one_of_two_databases_keeps_is_shown(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    gateway = Gateway.load(tmp_path, {})
    await gateway.open()
    try:
        screen, _ = watch(await gateway.connect([], nothing), "subscription { notes { text } }")
        assert (await screen.next(1))["data"]["notes"] == []
        user = anonymous(gateway.catalog.auth, gateway.catalog.roles)
        response = await gateway.execute("mutation { notesBoth }", None, {}, user)
        assert [each["extensions"]["code"] for each in json.loads(response.body)["errors"]] == ["CONFLICT"]
        assert (await screen.next(2))["data"]["notes"] == [{"text": "kept"}]
    finally:
        await gateway.close()
