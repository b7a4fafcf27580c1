"""`tidegate run` shows the steps of a function; `tidegate runs` tells of them afterwards."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import Result

from tests.cli.test_serve import PATIENCE, serving

Run = Callable[..., Result]

FUNCTIONS = """
count:
  kind: query
  minRole: anonymous
  args: { add: Int = 1, password: { type: String, private: true } }
  returns: JSON
  steps:
    - { as: open, call: openTickets }
    - each: [1, 2]
      do: [{ wait: 1ms }]
    - return: { open: $open, add: $args.add }
fail:
  kind: mutation
  minRole: customer
  returns: JSON
  steps:
    - try:
        - { as: ticket, call: ticket, with: { id: "999" }, missing: "There is no such ticket." }
      finally:
        - { value: 1 }
late:
  kind: mutation
  minRole: customer
  returns: Int!
  steps:
    - { respond: 7 }
    - { js: functions/late.js, retry: { times: 1, interval: 1ms } }
"""
LATE = """
function run() {
  console.warn("It is late.");
  throw new Error("Too late.");
}
"""

TIME = r"\d+\.\d ms"


@pytest.fixture
def working(desk: Path) -> Path:
    """The example with functions, without the one that has code."""
    functions, _, _ = FUNCTIONS.partition("late:")
    (desk / "operations" / "functions.yaml").write_text(functions)
    return desk


def steps(said: str) -> list[str]:
    """The lines about steps, without times."""
    found = re.findall(r"^ +\d+  +[✓✗▸…].*$|^ +│.*$", said, re.MULTILINE)
    return [re.sub(TIME, "_", line) for line in found]


def kept(tidegate: Run, folder: Path, *options: str, **environment: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(tidegate("runs", folder, *options, "--json", **environment).stdout)
    return found


def test_the_steps_are_shown_and_kept(tidegate: Run, working: Path) -> None:
    ran = tidegate("run", working, "count", "--args", '{"add": 3}')
    assert json.loads(ran.stdout) == {"data": {"count": {"open": 6, "add": 3}}}
    assert steps(ran.stderr) == [
        "   1  ✓ open (call)  _  1 B",
        "   2  ▸ each",
        "   3    ✓ wait 1ms  _  4 B",
        "   4    ✓ wait 1ms  _  4 B",
        "   2  ✓ each  _  11 B",
        "   5  ✓ return  _  18 B",
    ]
    (run,) = kept(tidegate, working)
    assert f"ms, as anonymous, run {run['id']}\n" in ran.stderr
    assert {name: run[name] for name in ("function", "origin", "role", "arguments", "masked", "size", "failure")} == {
        "function": "count",
        "origin": "command",
        "role": "anonymous",
        "arguments": {"add": 3},
        "masked": [],
        "size": 18,
        "failure": None,
    }
    title, row = tidegate("runs", working, "count").stdout.splitlines()
    assert title.split() == ["id", "when", "function", "who", "origin", "ms", "steps", "result"]
    assert re.fullmatch(
        run["id"][:12]
        + r"  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d  count     nobody \(anonymous\)  command  +\d+\.\d      5  ok",
        row,
    )
    shown = tidegate("runs", "show", working, run["id"][:6])
    assert steps(re.sub(rf", at {TIME}", "", shown.stdout)) == [
        "   1  ✓ open (call)  _  1 B",
        "   2  ✓ each  _  11 B",
        "   3    ✓ wait 1ms  _  4 B",
        "   4    ✓ wait 1ms  _  4 B",
        "   5  ✓ return  _  18 B",
    ]
    assert '  arguments  {"add": 3}\n' in shown.stdout
    assert json.loads(tidegate("runs", "show", working, run["id"], "--json").stdout) == run


def test_how_a_step_failed(tidegate: Run, working: Path) -> None:
    ran = tidegate("run", working, "fail", "--as", "ada")
    assert ran.exit_code == 1
    *_, last = steps(ran.stderr)
    assert [line for line in steps(ran.stderr) if "✗" in line] == [
        "   2    ✗ ticket (call)  _  NOT_FOUND: There is no such ticket.  operations/functions.yaml:18:11",
        "   1  ✗ try  _  NOT_FOUND",
    ]
    assert last.startswith("   1")
    (run,) = kept(tidegate, working)
    assert (run["failure"]["code"], run["user"]["email"]) == ("NOT_FOUND", "ada@acme.example")
    shown = tidegate("runs", "show", working, run["id"]).stdout
    assert "  result     NOT_FOUND: There is no such ticket.\n" in shown
    assert shown.count("There is no such ticket.") == 2


def test_what_happens_after_the_answer_is_waited_for(tidegate: Run, desk: Path) -> None:
    (desk / "operations" / "functions.yaml").write_text(FUNCTIONS)
    (desk / "functions").mkdir(exist_ok=True)
    (desk / "functions" / "late.js").write_text(LATE)
    ran = tidegate("run", desk, "late", "--as", "ada")
    assert ran.exit_code == 0, ran.stderr
    assert json.loads(ran.stdout) == {"data": {"late": 7}}
    assert steps(ran.stderr) == [
        "   1  ✓ respond  _  1 B",
        "   2  ▸ functions/late.js (code)",
        "        │ It is late.",
        "        │ Too late. at functions/late.js:4:13",
        "        │ It is late.",
        "   2  ✗ functions/late.js (code)  _  2 attempts  ACTION_FAILED: Too late.  functions/late.js:4:13",
    ]
    (run,) = kept(tidegate, desk)
    assert run["responded"] < run["seconds"]
    shown = tidegate("runs", "show", desk, run["id"]).stdout
    assert "ACTION_FAILED: Too late.  functions/late.js:4:13  after the answer" in shown
    assert ", answered after " in shown


def test_a_run_is_replayed_as_the_same_user(tidegate: Run, working: Path) -> None:
    tidegate("run", working, "fail", "--as", "ada")
    tidegate("run", working, "count", "--args", '{"add": 3}')
    for first in kept(tidegate, working):
        again = tidegate("runs", "replay", working, first["id"])
        assert again.exit_code == (0 if first["function"] == "count" else 1), again.stderr
        second = kept(tidegate, working)[0]
        assert second["origin"] == "replay"
        for name in ("function", "role", "user", "arguments"):
            assert second[name] == first[name]
    tidegate("runs", "replay", working, first["id"][:8])
    assert len(kept(tidegate, working)) == 5


def test_private_arguments_are_not_kept_and_given_again(tidegate: Run, working: Path) -> None:
    tidegate("run", working, "count", "--args", '{"add": 3, "password": "hush"}')
    (run,) = kept(tidegate, working)
    assert run["masked"] == ["password"]
    assert b"hush" not in (working / ".tidegate" / "runs.db").read_bytes()
    assert "  private    password: not kept\n" in tidegate("runs", "show", working, run["id"]).stdout
    refused = tidegate("runs", "replay", working, run["id"])
    assert refused.exit_code == 2
    assert "password: private, so not kept. Give it again." in refused.stderr
    again = tidegate("runs", "replay", working, run["id"], "--args", '{"password": "hush", "add": 4}')
    assert json.loads(again.stdout)["data"]["count"]["add"] == 4


def test_there_may_be_nothing_to_show(tidegate: Run, working: Path) -> None:
    assert tidegate("runs", working).stderr == "No runs are kept.\n"
    assert tidegate("runs", working, "count").stderr == "No runs of count are kept.\n"
    assert tidegate("runs", "show", working, "12").exit_code == 2
    tidegate("run", working, "openTickets")
    assert kept(tidegate, working) == []
    for _ in range(2):
        tidegate("run", working, "count", TIDEGATE_RUNS="other.db")
    assert kept(tidegate, working) == []
    assert len(kept(tidegate, working, "count", "-n", "1", TIDEGATE_RUNS="other.db")) == 1
    several = tidegate("runs", "show", working, "", TIDEGATE_RUNS="other.db")
    assert (several.exit_code, "several" in several.stderr) == (2, True)
    tidegate("run", working, "count", TIDEGATE_RUNS="off")
    assert tidegate("runs", working, TIDEGATE_RUNS="off").stderr == "No runs are kept.\n"


def test_what_a_run_was_of_may_be_gone(tidegate: Run, working: Path) -> None:
    tidegate("run", working, "count")
    (run,) = kept(tidegate, working)
    (working / "operations" / "functions.yaml").unlink()
    assert len(kept(tidegate, working)) == 1
    gone = tidegate("runs", "replay", working, run["id"])
    assert (gone.exit_code, 'no operation "count"' in gone.stderr) == (2, True)


def test_a_history_that_cannot_be_read_exits_with_3(
    tidegate: Run, working: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (working / ".tidegate" / "runs.db").mkdir(parents=True)
    read = tidegate("runs", working)
    assert read.exit_code == 3
    assert read.stderr.startswith("error: The history of runs cannot be read. ")
    ran = tidegate("run", working, "count")
    assert ran.exit_code == 0
    assert [line for line in caplog.messages if line.startswith("The history of runs cannot be kept. ")]
    assert tidegate("runs", working, TIDEGATE_RUNS="mysql://me:hush@db/x").exit_code == 2


def test_runs_in_a_database(tidegate: Run, working: Path, postgres_database: str) -> None:
    tidegate("run", working, "count", TIDEGATE_RUNS=postgres_database)
    (run,) = kept(tidegate, working, TIDEGATE_RUNS=postgres_database)
    again = tidegate("runs", "replay", working, run["id"], TIDEGATE_RUNS=postgres_database)
    assert again.exit_code == 0
    assert len(kept(tidegate, working, TIDEGATE_RUNS=postgres_database)) == 2
    assert not (working / ".tidegate" / "runs.db").exists()


async def test_a_server_keeps_and_logs_runs(tidegate: Run, working: Path) -> None:
    async with serving(working) as served:
        address = (await served.until(r"is served at (\S+)"))[1]
        async with httpx.AsyncClient(timeout=PATIENCE) as client:
            query = {"query": 'query { count(add: 2, password: "hush") }'}
            assert (await client.post(address, json=query)).json() == {"data": {"count": {"open": 6, "add": 2}}}
        line = (await served.until(r"tidegate\.audit: (.*)\n"))[1]
        assert await served.stop() == 0
    (run,) = await asyncio.to_thread(kept, tidegate, working)
    assert (run["origin"], run["size"], run["steps"][0]["size"]) == ("client", 18, None)
    assert line.startswith("count by nobody (anonymous) from client: ok, ")
    assert line.endswith(f'run {run["id"]}, arguments {{"add":2}}, without password')
    assert "hush" not in served.said
