"""Rows in what functions give, where the database takes other letters for the same: as MySQL does with most texts."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson

from tidegate.app import Gateway
from tidegate.auth.claims import anonymous

FILES = {
    "tidegate.yaml": "name: codes\nroles: [anonymous]\nintegrations: { db: { kind: sqlite, file: codes.db } }\n",
    "types.graphql": "type Code { code: String! name: String }",
    "objects/all.yaml": "codes: { integration: db, key: code, type: Code, access: { read: { anonymous: all } } }",
    "operations/all.yaml": """
coded:
  kind: query
  minRole: anonymous
  args: { codes: "[String!]!" }
  returns: "[Code!]!"
  steps: [{ each: $args.codes, do: [{ value: { code: $value } }] }]
""",
}


async def test_keys_are_equal_where_the_database_says_so(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "codes.db")) as raw:
        raw.executescript(
            "create table codes (code text collate nocase primary key, name text);"
            "insert into codes values ('abc', 'one'), ('Def', 'two'), ('é', 'three');"
        )
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    gateway = Gateway.load(tmp_path, {})
    await gateway.open()

    async def coded(codes: list[str], fields: str) -> Any:
        """Any: JSON."""
        user = anonymous(gateway.catalog.auth, gateway.catalog.roles)
        text = f"query ($codes: [String!]!) {{ coded(codes: $codes) {{ {fields} }} }}"
        answer = orjson.loads((await gateway.execute(text, None, {"codes": codes}, user)).body)
        assert "errors" not in answer, answer
        return answer["data"]["coded"]

    one, two, three = {"name": "one"}, {"name": "two"}, {"name": "three"}
    try:
        assert await coded(["ABC", "Def", "abc", "DEF", "x"], "name") == [one, two, one, two]
        assert await coded(["ABC"], "code name") == [{"code": "ABC", **one}]
        assert await coded(["é", "e", "É"], "name") == [three]
    finally:
        await gateway.close()
