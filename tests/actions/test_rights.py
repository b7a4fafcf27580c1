"""Access rules hold as they do without actions, and nothing of the author's is run for those who may not."""

from __future__ import annotations

from typing import Any

import pytest

# Any: the fixture `make` lives in conftest.py, which importlib mode keeps from being imported.
Make = Any

NOTE = 'function run(input, context) { gateway.call("addEntry", { text: context.event + context.row.id }); }'
EVERY = "[" + ", ".join(f"{w} {v}" for w in ("before", "during", "after") for v in ("create", "update", "delete")) + "]"

REFUSED = (
    ("ann", 'createTask(id: 7, title: "x", owner: "bob@example.com") { id }', "FORBIDDEN"),
    ("ann", 'updateTask(id: 2, title: "x") { id }', "NOT_FOUND"),
    ("ann", 'updateTask(id: 77, title: "x") { id }', "NOT_FOUND"),
    ("ann", "deleteTask(id: 1) { id }", "FORBIDDEN"),
    (None, 'updateTask(id: 1, title: "x") { id }', "UNAUTHENTICATED"),
    ("lea", 'createTask(id: 1, title: "x") { id }', "CONFLICT"),
    ("lea", 'createTask(id: 7, title: "") { id }', "BAD_USER_INPUT"),
    ("lea", "deleteTask(id: 77) { id }", "NOT_FOUND"),
)


@pytest.mark.parametrize(("who", "call", "code"), REFUSED)
async def test_a_write_that_may_not_be_is_refused_in_the_same_words(
    make: Make, who: str | None, call: str, code: str
) -> None:
    world = await make(f'note: {{ on: {EVERY}, where: "1 = 0", sql: "delete from tasks" }}')
    _, extensions = await world.error(who, f"mutation {{ {call} }}")
    assert extensions["code"] == code
    assert (await world.rows("select count(*) from tasks"), world.log) == ([(2,)], [])


async def test_nothing_is_run_for_rows_that_the_caller_may_not_write(make: Make) -> None:
    world = await make(f"note: {{ on: {EVERY}, js: note.js }}", {"note.js": NOTE})
    await world.error("ann", 'mutation { updateTask(id: 2, title: "x") { id } }')
    assert await world.data("ann", "mutation { updateTasksCount(from: 1, points: 9) }") == 1
    assert await world.texts() == ["before update1", "during update1", "after update1"]
    assert await world.rows("select points from tasks order by id") == [(9,), (5,)]


async def test_columns_of_higher_roles_stay_hidden_from_clients_and_from_calls(make: Make) -> None:
    look = """
      function run(input, context) {
        const task = gateway.call("task", { id: 1 });
        gateway.call("addEntry", { text: context.row.secret + " " + ("secret" in task) + " " + task.title });
      }
    """
    world = await make("look: { on: during update, js: look.js }", {"look.js": look})
    answer = await world.ask("ann", 'mutation { updateTask(id: 1, title: "x") { title secret } }')
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    await world.data("ann", 'mutation { updateTask(id: 1, title: "y") { title } }')
    await world.data("lea", 'mutation { updateTask(id: 1, title: "z") { title secret } }')
    assert (await world.texts())[-2:] == ["hush false y", "hush true z"]


async def test_sql_of_actions_has_the_projects_rights_and_calls_have_the_users(make: Make) -> None:
    actions = """
      sql: { on: during update, sql: "update tasks set points = 1 where id = 2" }
      call: { on: during update, js: call.js }
    """
    call = """
      function run() {
        try { gateway.call("updateTask", { id: 2, points: 2 }); } catch (error) {
          gateway.call("addEntry", { text: error.name });
        }
      }
    """
    world = await make(actions, {"call.js": call})
    await world.data("ann", 'mutation { updateTask(id: 1, title: "x") { id } }')
    assert await world.rows("select points from tasks where id = 2") == [(1,)]
    assert await world.texts() == ["NOT_FOUND"]


async def test_a_row_that_the_caller_cannot_read_when_all_is_done(make: Make) -> None:
    give = "update tasks set owner = 'bob@example.com' where id = {{ row.id }}"
    world = await make(f'give: {{ on: during update, sql: "{give}" }}')
    message, extensions = await world.error("ann", 'mutation { updateTask(id: 1, title: "x") { id } }')
    assert (message, extensions["code"]) == ("Your role may not read the row of tasks that results.", "FORBIDDEN")
    assert await world.rows("select title, owner from tasks where id = 1") == [("Leak", "ann@example.com")]
