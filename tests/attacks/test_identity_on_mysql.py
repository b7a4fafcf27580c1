"""Who somebody is, on a MySQL: its collations take other letters for the same, and `7b` for 7."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.mariadb import Server
from tidegate.app import Gateway
from tidegate.auth.claims import user_of

FILES = {
    "tidegate.yaml": """
name: notes
roles: [anonymous, user, admin]
auth:
  jwt: { algorithms: [HS256], secret: "${JWT_SECRET}" }
  currentUser: { email: email, teams: teams, org: org, role: role }
integrations: { db: { kind: mysql, url: "${DATABASE_URL}" } }
""",
    "types.graphql": """
type Note { id: ID!, email: String, org: Int, score: Float, open: Boolean, words: [Word!]! }
type Word { id: ID!, noteId: ID, text: String, note: Note }
""",
    "objects/all.yaml": """
notes:
  { integration: db, table: notes, key: id, type: Note,
    relations: { words: { many: words, on: { noteId: id } } },
    access: { read: { user: all }, create: { user: { email: $currentUser.email } },
      update: { user: { email: $currentUser.email } }, delete: { user: { email: { in: $currentUser.teams } } } } }
words:
  { integration: db, table: words, key: id, type: Word,
    relations: { note: { one: notes, on: { id: noteId } } },
    access: { read: { user: { note: { email: $currentUser.email } } } } }
""",
    "operations/all.yaml": """
mine: { kind: query, minRole: user, returns: "[Note!]!",
  run: { use: notes, list: { where: { email: $currentUser.email } } } }
teams: { kind: query, minRole: user, returns: "[Note!]!",
  run: { use: notes, list: { where: { email: { in: $currentUser.teams } } } } }
orgs: { kind: query, minRole: user, returns: "[Note!]!",
  run: { use: notes, list: { where: { org: $currentUser.org } } } }
scores: { kind: query, minRole: user, returns: "[Note!]!",
  run: { use: notes, list: { where: { score: $currentUser.org } } } }
opened: { kind: query, minRole: user, returns: "[Note!]!",
  run: { use: notes, list: { where: { open: $currentUser.org } } } }
all: { kind: query, minRole: user, returns: "[Note!]!",
  run: { use: notes, list: {} } }
counted: { kind: query, minRole: user, returns: Int!,
  run: { use: db, sql: "select count(*) from notes where email = binary '{{ currentUser.email }}'" } }
named: { kind: query, minRole: user, args: { email: JSON }, returns: Int!,
  run: { use: db, sql: "select count(*) from notes where email in ('{{ args.email }}', '{{ currentUser.org }}')" } }
add: { kind: mutation, minRole: user, args: { email: String! }, returns: Boolean!,
  run: { use: notes, create: { email: $args.email } } }
close: { kind: mutation, minRole: user, args: { id: ID! }, returns: Int!,
  run: { use: notes, updateMany: { where: { id: $args.id }, set: { open: false } } } }
drop: { kind: mutation, minRole: user, args: { id: ID! }, returns: Int!,
  run: { use: notes, deleteMany: { where: { id: $args.id } } } }
""",
}
TABLES = (
    "create table notes (id int auto_increment primary key, email varchar(50), org int, score double, open tinyint(1))",
    "create table words (id int auto_increment primary key, note_id int, text varchar(50))",
    "insert into notes (email, org, score, open) values ('ada@x.org', 7, 7, true), ('bob@x.org', 0, 0, false)",
    "insert into words (note_id, text) values (1, 'secret')",
)
OTHERS = ("ADA@x.org", "ada@x.org ", "àdá@x.org", "ada@x.org\0", "ada@x.org\u200b", "ａda@x.org")
NUMBERS: tuple[Any, ...] = ("7b", "7 b", "b", "0x7", "", [7], {"a": 7})
"""None of them is 7 or 0."""


@pytest.mark.parametrize("collation", ["utf8mb4_general_ci", "utf8mb4_bin"])
async def test_nobody_is_somebody_of_nearly_the_same_name(
    collation: str, mysql_database: str, mysql_server: Server, tmp_path: Path
) -> None:
    database = mysql_database.partition("?")[0].rpartition("/")[2]
    mysql_server.ask(f"alter database {database} collate {collation}", f"use {database}", *TABLES)
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    gateway = Gateway.load(tmp_path, {"JWT_SECRET": "x" * 40, "DATABASE_URL": mysql_database})
    await gateway.open()

    async def ask(text: str, **claims: Any) -> Any:
        """The one field, or the code of the error. Any: JSON."""
        user = user_of({"role": "user", **claims}, 2e9, gateway.catalog.auth, gateway.catalog.roles)
        answer = json.loads((await gateway.execute(text, None, {}, user)).body)
        return answer["errors"][0]["extensions"]["code"] if "errors" in answer else next(iter(answer["data"].values()))

    try:
        for email in OTHERS:
            assert await ask("{ mine { id } }", email=email) == [], email
            assert await ask("{ counted }", email=email) == 0, email
            assert await ask("{ teams { id } }", teams=[email, "x"]) == [], email
            assert await ask("{ all { words { id } } }", email=email) == [{"words": []}] * 2, email
            assert await ask("mutation { close(id: 1) }", email=email) == 0, email
            assert await ask("mutation { drop(id: 1) }", teams=[email]) == 0, email
            assert await ask('mutation { add(email: "ada@x.org") }', email=email) == "FORBIDDEN", email
        for number in NUMBERS:
            for name in ("orgs", "scores", "opened"):
                assert await ask(f"{{ {name} {{ id }} }}", org=number) in ([], "BAD_USER_INPUT"), (name, number)
        # To a text that is no number, 0 and false are equal.
        for number in (0, False, 0.0, [0], {"a": 0}):
            asked = json.dumps(number).replace('"', "")
            assert await ask(f"{{ named(email: {asked}) }}") == await ask("{ named }", org=number) == 0, number
        assert await ask('{ named(email: "ada@x.org") }') == await ask("{ named }", org="bob@x.org") == 1
        ada = {"email": "ada@x.org", "teams": ["x", "ada@x.org"]}
        assert await ask("{ mine { id } }", **ada) == await ask("{ teams { id } }", **ada) == [{"id": "1"}]
        assert await ask("{ counted }", **ada) == 1
        assert await ask("{ all { words { text } } }", **ada) == [{"words": [{"text": "secret"}]}, {"words": []}]
        for org in (7, "7", 7.0):
            assert await ask("{ orgs { id } }", org=org) == await ask("{ scores { id } }", org=org) == [{"id": "1"}]
        assert await ask("{ opened { id } }", org=True) == [{"id": "1"}]
        assert await ask('mutation { add(email: "ada@x.org") }', **ada) is True
        assert await ask("mutation { close(id: 1) }", **ada) == 1
        assert await ask("mutation { drop(id: 1) }", **ada) == 1
    finally:
        await gateway.close()
