"""What the command line says of actions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]

ACTIONS = """  actions:
    tidy: { on: before update, js: actions/tidy.js }
    keep: { on: during update, where: "{{ prev.title }} <> {{ row.title }}", sql: actions/keep.sql }
    ask: { on: demand, minRole: support, js: actions/ask.js }
"""
TIDY = """
function run(input, context) {
  console.log("was", context.prev.title);
  if (input.title === "bad") throw new Error("Not this.");
}
"""


@pytest.fixture
def acting(desk: Path) -> Path:
    """The example with actions."""
    objects = desk / "objects" / "tickets.yaml"
    objects.write_text(objects.read_text() + ACTIONS)
    (desk / "actions").mkdir()
    (desk / "actions" / "tidy.js").write_text(TIDY)
    (desk / "actions" / "ask.js").write_text('function run() { return gateway.call("ticketCount"); }')
    keep = "update users set name = name || '!' where email = {{ row.email }}; select 1"
    (desk / "actions" / "keep.sql").write_text(keep)
    return desk


def test_plan_says_what_is_asked_and_run_in_this_order(tidegate: Run, acting: Path) -> None:
    result = tidegate("plan", acting, "updateTicket")
    assert result.exit_code == 0, result.stderr
    remarks = [line[2:].partition(", at ")[0] for line in result.stdout.splitlines() if line.startswith("# ")]
    assert remarks[3:] == [
        "for each row",
        "the rows, as they are before",
        "before update: tidy, actions/tidy.js",
        "the rows, in the transaction",
        "the write of a row",
        "during update: keep, asks db, where its condition holds",
        "the row, once more",
        "the row, for the client",
    ]


def test_explain_says_which_actions_run_and_what_they_write(tidegate: Run, acting: Path) -> None:
    said = tidegate("explain", acting, "updateTicket").stdout
    assert "  runs before update: tidy, actions/tidy.js\n  runs during update: keep, asks db, where" in said
    assert "  writes users: name" in said
    said = tidegate("explain", acting, "ticketsAsk").stdout
    assert "  runs demand: ask, actions/ask.js\n  writes anything" in said
    assert "because programs of its actions may call any operation" in said


def test_run_shows_what_programs_write_and_where_they_fail(tidegate: Run, acting: Path) -> None:
    result = tidegate("run", acting, "updateTicket", "--as", "ada", "--args", '{"id": "1", "title": "bad"}')
    assert '"Not this."' in result.stdout
    lines = result.stderr.splitlines()
    assert 'the action "tidy" of tickets: was The printer is on fire' in lines
    assert 'the action "tidy" of tickets: Not this. at actions/tidy.js:4:40' in lines


def test_a_mistake_in_code_that_two_actions_share_is_told_once(tidegate: Run, acting: Path) -> None:
    objects = acting / "objects" / "tickets.yaml"
    objects.write_text(objects.read_text() + "    again: { on: before create, js: actions/tidy.js }\n")
    (acting / "actions" / "tidy.js").write_text("function run() {\n  return 1 +;\n}\n")
    result = tidegate("check", acting)
    assert result.stderr.count("actions/tidy.js:2:13") + result.stdout.count("actions/tidy.js:2:13") == 1
