"""`tidegate schedule`: what comes next."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

SETTINGS = """
name: clock
roles: [anonymous, support, admin]
integrations: { db: { kind: sqlite, file: desk.db } }
"""
ONE = """
one: { kind: query, minRole: anonymous, returns: "[Entry!]!", run: { use: db, sql: "select 1 as id" } }
"""
CLEAN = """
clean:
  kind: mutation
  minRole: support
  args: { id: ID! }
  returns: Int!
  run: { use: db, sql: "update tickets set title = title where id = {{ args.id }}" }
  schedule:
    - { cron: "0 7 * * *", timeZone: Europe/Berlin, args: { id: 1 }, currentUser: { role: admin } }
    - { cron: "30 * * * *", args: { id: 2 } }
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """It has one query."""
    (tmp_path / "operations").mkdir()
    (tmp_path / "tidegate.yaml").write_text(SETTINGS)
    (tmp_path / "types.graphql").write_text("type Entry { id: Int! }\n")
    (tmp_path / "operations" / "one.yaml").write_text(ONE)
    return tmp_path


def test_what_comes_next(tidegate: Callable[..., Result], project: Path) -> None:
    (project / "operations" / "clean.yaml").write_text(CLEAN)
    result = tidegate("schedule", project, "--next", 30)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert len(lines) == 30
    form = r"\w{3} (\d{4}-\d\d-\d\d \d\d:\d\d) ([+-]\d{4})  (\S+) +in \d+ \w+( \d+ \w+)? +(clean|clean#2)  as (\w+)"
    found = [re.fullmatch(form, line) for line in lines]
    assert all(found)
    berlin = [each for each in found if each is not None and each[3] == "Europe/Berlin"]
    assert len(berlin) in (1, 2)
    for each in berlin:
        assert each[1].endswith("07:00")
        assert each[2] in ("+0100", "+0200")
        assert (each[5], each[6]) == ("clean", "admin")
    others = [each for each in found if each is not None and each[3] == "UTC"]
    assert {(each[1][-2:], each[2], each[5], each[6]) for each in others} == {("30", "+0000", "clean#2", "support")}


def test_nothing_is_scheduled(tidegate: Callable[..., Result], project: Path) -> None:
    result = tidegate("schedule", project)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == 'Nothing is scheduled. An operation has a schedule: "0 7 * * *".\n'


def test_a_project_with_mistakes(tidegate: Callable[..., Result], project: Path) -> None:
    (project / "operations" / "clean.yaml").write_text(CLEAN.replace("0 7 * * *", "0 7 * * * *"))
    result = tidegate("schedule", project)
    assert result.exit_code == 1
    assert '"0 7 * * * *" has not the five fields of cron.' in result.stderr
