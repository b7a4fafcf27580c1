"""In which order actions are run, and what they are told of the row."""

from __future__ import annotations

import json
from typing import Any

import pytest

# Any: the fixture `make` lives in conftest.py, which importlib mode keeps from being imported.
Make = Any

EVENTS = [f"{when} {verb}" for when in ("before", "during", "after") for verb in ("create", "update", "delete")]

NOTE = """
function run(input, context) {
  gateway.call("addEntry", { text: context.event + " " + context.action + " " + context.row.id });
}
"""
"""Writes down that it ran."""

TELL = """
function run(input, context) {
  const { event, row, prev } = context;
  console.log(JSON.stringify({ event, row: row.title, prev: prev.title, input: input.title }));
}
"""

DBROW = """
function backandCallback(userInput, dbRow, parameters, userProfile) {
  console.log(JSON.stringify(dbRow && dbRow.title));
}
"""


async def test_actions_of_one_event_run_in_the_order_written_whatever_their_names(make: Make) -> None:
    actions = """
      zebra: { on: [before create, during create, after create], js: note.js }
      apple: { on: [during create, before create, after create], js: note.js }
    """
    world = await make(actions, {"note.js": NOTE})
    await world.data("ann", 'mutation { createTask(id: 7, title: "New", owner: "ann@example.com") { id } }')
    assert await world.texts() == [
        f"{when} create {name} 7" for when in ("before", "during", "after") for name in ("zebra", "apple")
    ]


async def test_all_actions_for_one_row_then_for_the_next_and_a_phase_for_all_rows(make: Make) -> None:
    actions = """
      one: { on: [before create, during create, after create], js: note.js }
      two: { on: [before create, during create, after create], js: note.js }
    """
    world = await make(actions, {"note.js": NOTE})
    rows = [{"id": 7, "title": "A", "owner": "x"}, {"id": 8, "title": "B", "owner": "x"}]
    written = await world.data("lea", "mutation($r: [NewTask!]!) { createTasks(rows: $r) { id status } }", r=rows)
    assert written == [{"id": 7, "status": "OPEN"}, {"id": 8, "status": "OPEN"}]
    assert await world.texts() == [
        f"{when} create {name} {row}"
        for when in ("before", "during", "after")
        for row in (7, 8)
        for name in ("one", "two")
    ]


@pytest.mark.parametrize(
    ("verb", "call", "rows"),
    [
        ("update", "updateTasks(from: 1, points: 9) { id points }", [{"id": 1, "points": 9}, {"id": 2, "points": 9}]),
        ("update", "updateTasksCount(from: 1, points: 9)", 2),
        ("update", "updateTasksCount(from: 77, points: 9)", 0),
        ("update", 'updateTaskMaybe(id: 1, title: "x")', True),
        ("update", 'updateTaskMaybe(id: 77, title: "x")', False),
        ("delete", "deleteTasks(from: 1)", 2),
        ("delete", "deleteTasks(from: 77)", 0),
    ],
)
async def test_each_row_of_a_write_of_many_sets_them_off(make: Make, verb: str, call: str, rows: object) -> None:
    actions = f"note: {{ on: [before {verb}, during {verb}, after {verb}], js: note.js }}"
    world = await make(actions, {"note.js": NOTE})
    assert await world.data("lea", f"mutation {{ {call} }}") == rows
    count = len(rows) if isinstance(rows, list) else int(rows)  # type: ignore[call-overload]
    assert await world.texts() == [
        f"{when} {verb} note {row + 1}" for when in ("before", "during", "after") for row in range(count)
    ]


async def test_numbers_of_rows_created(make: Make) -> None:
    world = await make("note: { on: during create, js: note.js }", {"note.js": NOTE})
    rows = [{"id": 7, "title": "A"}, {"id": 8, "title": "B"}]
    assert await world.data("lea", "mutation($r: [NewTask!]!) { createTasksCount(rows: $r) }", r=rows) == 2
    assert await world.data("lea", "mutation($r: [NewTask!]!) { createTasksCount(rows: $r) }", r=[]) == 0


def told(world: Any, caplog: pytest.LogCaptureFixture) -> list[Any]:
    """What programs wrote to the console. Any: JSON."""
    lines = [record.args for record in caplog.records if record.name == "tidegate.programs"]
    return [json.loads(str(line[-1])) for line in lines if isinstance(line, tuple)]


async def test_row_and_prev_in_each_event(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "tidegate.programs")
    world = await make(f"tell: {{ on: {json.dumps(EVENTS)}, js: tell.js }}", {"tell.js": TELL})
    await world.data("lea", 'mutation { createTask(id: 7, title: "New") { id } }')
    await world.data("lea", 'mutation { updateTask(id: 7, title: "Newer") { id } }')
    await world.data("lea", "mutation { deleteTask(id: 7) { id } }")
    assert told(world, caplog) == [
        {"event": "before create", "row": "New", "input": "New"},
        {"event": "during create", "row": "New", "input": "New"},
        {"event": "after create", "row": "New", "input": "New"},
        {"event": "before update", "row": "Newer", "prev": "New", "input": "Newer"},
        {"event": "during update", "row": "Newer", "prev": "New", "input": "Newer"},
        {"event": "after update", "row": "Newer", "prev": "New", "input": "Newer"},
        {"event": "before delete", "row": "Newer", "prev": "Newer"},
        {"event": "during delete", "row": "Newer", "prev": "Newer"},
        {"event": "after delete", "row": "Newer", "prev": "Newer"},
    ]


async def test_dbrow_of_backands_programs_in_each_event(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "tidegate.programs")
    events = [*EVENTS, "demand"]
    actions = f"tell: {{ on: {json.dumps(events)}, minRole: lead, js: dbrow.js }}"
    world = await make(actions, {"dbrow.js": DBROW})
    await world.data("lea", 'mutation { createTask(id: 7, title: "New") { id } }')
    await world.data("lea", 'mutation { updateTask(id: 7, title: "Newer") { id } }')
    await world.data("lea", "mutation { tasksTell(id: 7) }")
    await world.data("lea", "mutation { tasksTell }")
    await world.data("lea", "mutation { deleteTask(id: 7) { id } }")
    assert told(world, caplog) == [
        *(None, "New", "New"),
        *("New", "New", "New"),
        *("Newer", None),
        *("Newer", "Newer", "Newer"),
    ]


async def test_references_of_sql_see_row_and_prev_as_the_table_says(make: Make) -> None:
    """On both databases: an absent `prev` is null."""
    sql = (
        "insert into entries (text) values ({{ args.title }} || ' ' || {{ row.id }} || ' ' ||"
        " coalesce({{ prev.title }}, 'nothing') || ' -> ' || {{ row.title }} || ' ' || '%s')"
    )
    actions = "\n".join(
        f'a{index}: {{ on: {event}, params: {{ title: String = "-" }}, sql: {json.dumps(sql % event)} }}'
        for index, event in enumerate(EVENTS)
    )
    world = await make(actions)
    await world.data("lea", 'mutation { createTask(id: 7, title: "New") { id } }')
    await world.data("lea", 'mutation { updateTask(id: 7, title: "Newer") { id } }')
    await world.data("lea", "mutation { deleteTask(id: 7) { id } }")
    assert await world.texts() == [
        *(f"New 7 nothing -> New {when} create" for when in ("before", "during", "after")),
        *(f"Newer 7 New -> Newer {when} update" for when in ("before", "during", "after")),
        *(f"- 7 Newer -> Newer {when} delete" for when in ("before", "during", "after")),
    ]
