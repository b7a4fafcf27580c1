"""The table of docs/integrations.md: every cell is a verb of a kind, and a request of the suite of promises."""

from __future__ import annotations

import re
from pathlib import Path

from tests.integrations.test_promises import KINDS, REQUESTS
from tidegate.kinds import OURS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "integrations.md").read_text()


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|\n").split("|")]


def test_every_cell_is_tested() -> None:
    head, _, *lines = (cells(line) for line in re.findall(r"^\|.*\|$", TEXT, re.MULTILINE))
    assert head == ["verb", *OURS]
    table: dict[str, list[str]] = {}
    for line in lines:
        if len(line) != len(head):
            break
        table[line[0].strip("`")] = line[1:]
    assert {kind: {verb for verb, row in table.items() if row[place] == "✓"} for place, kind in enumerate(OURS)} == {
        kind: set(KINDS[kind].verbs) for kind in OURS
    }
    assert {kind: {request.verb for request in REQUESTS[kind]} for kind in OURS} == {
        kind: set(KINDS[kind].verbs) for kind in OURS
    }


def test_every_kind_is_tested_against_something() -> None:
    (section,) = re.findall(r"^\| kind \| tested against .*?\n\n", TEXT, re.MULTILINE | re.DOTALL)
    named = {name for line in section.strip().splitlines()[2:] for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    assert named == set(OURS)


def test_what_it_refers_to_is_there() -> None:
    for link in re.findall(r"\]\(([\w./-]+)(?:#[\w-]+)?\)", TEXT):
        assert (ROOT / "docs" / link).is_file(), link
    for name in re.findall(r"`(tests/[\w./]+)`", TEXT):
        assert (ROOT / name).is_file(), name
