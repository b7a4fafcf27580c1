"""`where`: for which rows an action runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

# Any: the fixture `make` lives in conftest.py, which importlib mode keeps from being imported.
Make = Any

MYSQL = (
    "test_where_it_holds_the_action_runs_and_elsewhere_not",
    "test_a_condition_that_reads_other_tables_sees_the_transaction",
)

HOLDS = (
    "true",
    "title = 'Leak'",
    "id = 1 and owner like 'ann%'",
    "points = {{ args.points }}",
    "points > {{ args.points }} - 1 and points + 1 = 4",
    "points = {{ row.points }}",
    "{{ row.points }} = 3",
    "{{ row.points }} > {{ config.most }} - 1",
    "status = {{ args.status }}",
    "{{ prev.status }} <> {{ row.status }}",
    "{{ row.status }} = 'STUCK'",
    "done",
    "{{ row.done }}",
    "not {{ prev.done }}",
    "done = {{ args.done }}",
    "due is null",
    "{{ row.due }} is null",
    "{{ prev.due }} < '2026-01-03'",
    "{{ prev.due }} > {{ args.start }}",
    "ratio = 0.5",
    "{{ row.ratio }} < 1",
    "meta is null and {{ row.meta }} is null",
    "cast({{ args.nothing }} as int) is null",
    "secret = 'hush'",
    "'{{ row.title }}!' = 'Leak!'",
    "'{{ currentUser.email }}' = owner",
    "{{ currentUser.email }} = owner",
    "{{ currentUser.properties.plan }} = 'gold'",
    "'{{ config.greeting }}, {{ prev.title }}' = 'Hello, Leak'",
    "title in (select title from tasks where id = {{ row.id }})",
    "exists (select 1 from members where email = tasks.owner) -- with a comment",
    "tasks.title = {{ args.quote }} or title = 'Leak'",
)
FAILS = (
    "title = 'leak'",
    "points <> {{ args.points }}",
    "{{ prev.status }} = {{ row.status }}",
    "not done",
    "cast({{ args.nothing }} as int) = 1",
    "due = due",
    "points = null",
    "'{{ args.quote }}' = 'x' or title = {{ args.quote }}",
    "{{ args.quote }} = title",
    "owner = '' or '{{ args.quote }}' = ''",
)
PARAMS = "{ points: Int, status: Status, done: Boolean, start: DateTime, nothing: Int, quote: String }"
UPDATE = """mutation { updateIt(id: 1, points: 3, status: STUCK, done: true, due: null, start: "2026-01-01T00:00:00Z",
  quote: "' or 1=1 -- ") { id } }"""
UPDATE_IT = """
updateIt:
  kind: mutation
  minRole: member
  args:
    { id: Int!, points: Int, status: Status, done: Boolean, due: DateTime, start: DateTime, quote: String,
      nothing: Int }
  returns: Task!
  run:
    use: tasks
    update:
      where: { id: $args.id }
      set: { points: $args.points, status: $args.status, done: $args.done, due: $args.due }
"""


@pytest.mark.parametrize("when", ["before", "during", "after"])
async def test_where_it_holds_the_action_runs_and_elsewhere_not(make: Make, when: str) -> None:
    lines = []
    for index, where in enumerate((*HOLDS, *FAILS)):
        written = "true" if where == "true" else json.dumps(where)
        sql = json.dumps(f"insert into entries (text) values ('{index}')")
        lines.append(f"a{index}: {{ on: {when} update, where: {written}, params: {PARAMS}, sql: {sql} }}")
    world = await make("\n".join(lines), more=UPDATE_IT)
    await world.data("ann", UPDATE)
    ran = {int(text) for text in await world.texts()}
    every = (*HOLDS, *FAILS)
    assert [every[index] for index in sorted(ran)] == list(HOLDS)


async def test_an_error_in_a_condition_is_an_error(make: Make) -> None:
    """Division by zero is one on PostgreSQL, and null on SQLite: a text that is no JSON is one on both."""
    where = {"sqlite": "json(title) is not null", "postgres": "title::json is not null"}
    world = await make("")
    kind = "postgres" if world.is_postgres else "sqlite"
    await world.gateway.close()
    sql = "insert into entries (text) values ('x')"
    opened = await reopened(world, f'odd: {{ on: before create, where: "{where[kind]}", sql: "{sql}" }}')
    message, extensions = await opened.error("lea", 'mutation { createTask(id: 7, title: "New") { id } }')
    assert extensions["code"] in ("BAD_USER_INPUT", "INTERNAL")
    assert "json" not in message.lower()
    assert len(await opened.rows("select * from tasks")) == 2
    await opened.gateway.close()


async def reopened(world: Any, actions: str) -> Any:
    """The same project with other actions. Any: a `World`."""
    from tests.actions.world import open_world, write_project

    folder = world.gateway._folder
    write_project(folder, world.database, actions, {})
    return await open_world(folder, world.database)


async def test_conditions_of_new_rows_need_no_row_in_the_table(make: Make) -> None:
    actions = """
      first: { on: before create, where: "title = 'First' and id = 7 and status is null",
        sql: "insert into entries (text) values ('yes')" }
      gone: { on: [during delete, after delete], where: "title = 'First'",
        sql: "insert into entries (text) values ('gone' || (select count(*) from entries))" }
    """
    world = await make(actions, None, "delete from tasks")
    await world.data("lea", 'mutation { createTask(id: 7, title: "First") { id } }')
    await world.data("lea", "mutation { deleteTask(id: 7) { id } }")
    assert await world.texts() == ["yes", "gone1", "gone2"]


async def test_a_condition_that_reads_other_tables_sees_the_transaction(make: Make) -> None:
    actions = """
      one: { on: during create, sql: "insert into entries (text) values ('one')" }
      two: { on: during create, where: "exists (select 1 from entries where text = 'one')",
        sql: "insert into entries (text) values ('two')" }
    """
    world = await make(actions)
    await world.data("lea", 'mutation { createTask(id: 7, title: "First") { id } }')
    assert await world.texts() == ["one", "two"]
