"""What `tidegate plan` says of a joined query, and of rows in what a function gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from tests.functions.desk import OBJECTS, OPERATIONS, TYPES
from tests.functions.world import PROJECT

Run = Callable[..., Result]
INTEGRATIONS = {
    "db": {"kind": "sqlite", "file": "a.db"},
    "crm": {"kind": "sqlite", "file": "b.db"},
    "web": {"kind": "http", "baseUrl": "http://localhost:1"},
}


def test_plan(tidegate: Run, tmp_path: Path) -> None:
    texts = {
        "tidegate.yaml": f"{PROJECT}integrations: {json.dumps(INTEGRATIONS)}\n",
        "types.graphql": TYPES,
        "objects/all.yaml": OBJECTS,
        "operations/all.yaml": OPERATIONS,
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    joined = tidegate("plan", tmp_path, "desk", "--select", "{ customer { name orders { text } } }").stdout
    assert "join to the rows (customer: call customerOf for each different email; plans: call plansOf for all" in joined
    asked, _, lacking = joined.partition("# what the answer lacks of rows of the type Customer, by their keys")
    assert asked.count("FROM customers") == asked.count("FROM orders") == asked.count("  # customer\n") == 1
    assert "$keys" in lacking
    assert "  # plans" not in joined
    known = tidegate("plan", tmp_path, "known", "--select", "{ email orders { text } }").stdout
    assert "# what the answer lacks of rows of the type Customer, by their keys" in known
    assert known.count("FROM customers") == 1
    assert "FROM orders" in known
    whole = tidegate("plan", tmp_path, "asked", "--select", "{ email name }").stdout
    assert "lacks" not in whole
