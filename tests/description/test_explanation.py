"""What refreshes what, where a mutation is known to the row."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tidegate.core.footprint import Touch
from tidegate.description.compiled import runnable_of
from tidegate.description.explanation import Explanation
from tidegate.description.tables import assume_tables
from tidegate.edition import Edition

FILES = {
    "tidegate.yaml": "name: notes\nroles: [anonymous]\nintegrations: { db: { kind: sqlite, file: notes.db } }\n",
    "types.graphql": "type Note { id: ID! text: String n: Int }",
    "objects/notes.yaml": """
notes: { integration: db, table: notes, key: id, type: Note, access: { read: { anonymous: all } } }
""",
    "operations/notes.yaml": """
notes: { kind: query, minRole: anonymous, returns: "[Note!]!", run: { use: notes, list: {} } }
fill:
  kind: mutation
  minRole: anonymous
  returns: JSON
  steps:
    - { use: db, sql: "insert into notes (text, n) values ('a', null)" }
    - { use: db, sql: "insert into notes (text, n) values ('b', 2)" }
    - { use: db, sql: "update notes set n = 3 where n = 2" }
""",
}


def test_writes_of_known_rows_are_told_once_for_each_table(tmp_path: Path) -> None:
    """Rows are what an index asks for. Whoever reads of a mutation wants its tables and columns."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    edition = Edition.load(tmp_path, {})
    catalog = edition.catalog
    for integration in catalog.integrations.values():
        assume_tables(integration, catalog)
    explained = Explanation(catalog, partial(runnable_of, edition)).of("fill")
    assert set(explained.touches) == {
        Touch("db", "notes"),
        Touch("db", "notes", frozenset({"n"})),
    }
