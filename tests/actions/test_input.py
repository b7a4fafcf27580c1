"""What programs may make of what is about to be written."""

from __future__ import annotations

from typing import Any

import pytest

# Any: the fixture `make` lives in conftest.py, which importlib mode keeps from being imported.
Make = Any

CREATE = 'mutation { createTask(id: 7, title: "  New  ", owner: "ann@example.com") { id title status points done } }'


async def test_before_a_write_the_input_is_the_programs_to_change(make: Make) -> None:
    tidy = """
      function backandCallback(userInput, dbRow, parameters, userProfile) {
        userInput.title = userInput.title.trim();
        userInput.points = 12;
        userInput.done = true;
        userInput.nobodys = "column";
        delete userInput.status;
      }
    """
    actions = """
      tidy: { on: [before create, before update], js: tidy.js }
      check: { on: [before create, before update], where: "title = 'New'",
        sql: "insert into entries (text) values ('{{ row.title }} {{ row.points }}')" }
    """
    world = await make(actions, {"tidy.js": tidy})
    created = CREATE.replace(") {", ", status: STUCK) {")
    assert await world.data("ann", created) == {"id": 7, "title": "New", "status": "OPEN", "points": 12, "done": True}
    assert await world.texts() == ["New 12"]
    updated = 'mutation { updateTask(id: 1, title: " Drip ", status: STUCK) { title status points done } }'
    assert await world.data("ann", updated) == {"title": "Drip", "status": "OPEN", "points": 12, "done": True}


@pytest.mark.parametrize("when", ["during", "after"])
async def test_later_changes_of_the_input_are_nobodys(make: Make, when: str) -> None:
    late = 'function run(input) { input.title = "Late"; }'
    world = await make(f"late: {{ on: [{when} create, {when} update], js: late.js }}", {"late.js": late})
    assert (await world.data("ann", CREATE))["title"] == "  New  "
    assert await world.rows("select title from tasks where id = 7") == [("  New  ",)]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ('input.points = "many"', '"points" does not fit'),
        ("input.points = 1.5", '"points" does not fit'),
        ("input.done = 1", '"done" does not fit'),
        ('input.status = "GONE"', '"status" does not fit'),
        ('input.due = "tomorrow"', '"due" does not fit'),
        ("input.title = { a: 1 }", '"title" does not fit'),
    ],
)
async def test_what_is_left_in_the_input_has_the_types_of_the_columns(make: Make, value: str, reason: str) -> None:
    world = await make("odd: { on: before create, js: odd.js }", {"odd.js": f"function run(input) {{ {value}; }}"})
    message, extensions = await world.error("ann", CREATE)
    assert message.startswith(f'What the action "odd" of tasks made of {reason}: ')
    assert extensions == {"code": "ACTION_FAILED", "action": "odd"} | {"object": "tasks"}
    assert len(await world.rows("select * from tasks")) == 2


async def test_rules_of_the_database_and_of_access_hold_for_what_a_program_leaves(make: Make) -> None:
    odd = (
        "function run(input) { if (input.title === 'null') input.title = null; else input.owner = 'bob@example.com'; }"
    )
    world = await make("odd: { on: [before create, before update], js: odd.js }", {"odd.js": odd})
    create = 'mutation($t: String!) { createTask(id: 7, title: $t, owner: "ann@example.com") { id } }'
    _, extensions = await world.error("ann", create, t="null")
    assert extensions["code"] == "BAD_USER_INPUT"
    _, extensions = await world.error("ann", create, t="x")
    assert extensions["code"] == "FORBIDDEN"
    _, extensions = await world.error("ann", 'mutation { updateTask(id: 1, title: "x") { id } }')
    assert extensions["code"] == "FORBIDDEN"
    assert await world.rows("select title, owner from tasks where id = 1") == [("Leak", "ann@example.com")]


async def test_a_program_may_take_everything_out_of_an_update(make: Make) -> None:
    none = "function run(input) { for (const name of Object.keys(input)) delete input[name]; }"
    world = await make("none: { on: before update, js: none.js }", {"none.js": none})
    assert await world.data("ann", 'mutation { updateTask(id: 1, title: "x") { title } }') == {"title": "Leak"}


async def test_fields_that_the_client_left_out_are_not_in_the_input(make: Make) -> None:
    keys = 'function run(input) { gateway.call("addEntry", { text: Object.keys(input).join() }); }'
    world = await make("keys: { on: [before create, before update], js: keys.js }", {"keys.js": keys})
    await world.data("ann", CREATE)
    await world.data("ann", 'mutation { updateTask(id: 1, title: "x", points: null) { title } }')
    assert await world.texts() == ["id,title,owner", "title,points"]


async def test_each_row_has_an_input_of_its_own(make: Make) -> None:
    number = "function run(input, context) { input.points = context.row.id * 10; input.ratio = 0.25; }"
    world = await make("number: { on: [before create, before update], js: number.js }", {"number.js": number})
    rows = [{"id": 7, "title": "A"}, {"id": 8, "title": "B"}]
    written = await world.data("lea", "mutation($r: [NewTask!]!) { createTasks(rows: $r) { points } }", r=rows)
    assert written == [{"points": 70}, {"points": 80}]
    assert await world.data("lea", "mutation { updateTasks(from: 2, points: 1) { points ratio } }") == [
        {"points": 20, "ratio": 0.25},
        {"points": 70, "ratio": 0.25},
        {"points": 80, "ratio": 0.25},
    ]


PASSWORD = """
/* globals
  $http - service for AJAX calls
  CONSTS - CONSTS.apiUrl for Backands API URL
*/
'use strict';
function backandCallback(userInput, dbRow, parameters, userProfile) {
  // hash the password before it is saved
  userInput.secret = security.hash(userInput.secret || "pa55", userProfile.username);
  return {};
}
"""
UUID_KEY = """
function backandCallback(userInput, dbRow, parameters, userProfile) {
  function uuid() {
    return 'xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx'.replace(/[xy]/g, function (c) {
      var r = Math.random() * 16 | 0, v = c == 'x' ? r : (r & 0x3 | 0x8);
      return v.toString(16);
    });
  }
  userInput.title = uuid();
  return {};
}
"""
VALIDATE = """
function backandCallback(userInput, dbRow, parameters, userProfile) {
  if (dbRow && dbRow.status === 'DONE' && userProfile.role != 'admin')
    throw new Error('Only admins change what is done, ' + userProfile.username);
  if (!userInput.title) throw new Error('title is required');
}
"""
CHAT = """
function backandCallback(userInput, dbRow, parameters, userProfile) {
  socket.emitUsers("task" + dbRow.id, userInput, [userProfile.username]);
  socket.emitRole("taskFiled", { id: dbRow.id }, "lead");
  var answer = socket.emitRole("taskFiled", 1, "nobody");
  console.log(answer.status);
}
"""


async def test_actions_of_backand_move_over_unchanged(make: Make) -> None:
    actions = (
        """
      Hash password: { on: before create, js: password.js }
    """.replace("Hash password", "hashPassword")
        + """
      key: { on: before create, where: "title = 'KEY'", js: uuid.js }
      validate: { on: [before create, before update], js: validate.js }
      tell: { on: after create, js: chat.js }
    """
    )
    files = {"password.js": PASSWORD, "uuid.js": UUID_KEY, "validate.js": VALIDATE, "chat.js": CHAT}
    world = await make(actions, files)
    title = (await world.data("ann", CREATE.replace("  New  ", "KEY")))["title"]
    assert len(title) == 36
    ((secret,),) = await world.rows("select secret from tasks where id = 7")
    assert secret.startswith("scrypt$")
    message, _ = await world.error("lea", 'mutation { updateTask(id: 2, title: "x") { id } }')
    assert message == "Only admins change what is done, lea@example.com"
    assert await world.data("adm", 'mutation { updateTask(id: 2, title: "x") { id } }') == {"id": 2}
    heard = [(each.event, each.users, each.role) for each in world.rooms.heard]
    assert heard == [("task7", ("ann@example.com",), ""), ("taskFiled", (), "lead")]


async def test_an_event_is_for_so_many_users(make: Make) -> None:
    code = """
function run() {
  const users = Array.from({ length: 10001 }, (_, i) => i);
  return [socket.emitUsers("e", 1, users), socket.emitUsers("e", 1, users.slice(1)).status];
}
"""
    world = await make("ring: { on: demand, minRole: member, js: ring.js }", {"ring.js": code})
    answer = await world.data("ann", "mutation { tasksRing }")
    assert answer == [{"status": 502, "message": "an event is for 10000 users at most"}, 200]
    assert [len(each.users) for each in world.rooms.heard] == [10000]


async def test_what_a_program_takes_from_the_input_is_not_what_the_next_one_meets(make: Make) -> None:
    """Neither the conditions of later actions nor their code see a value that will not be written."""
    actions = """
      drop: { on: [before create, before update], js: drop.js }
      tell: { on: [before create, before update], where: "{{ row.points }} = 9", js: tell.js }
      show: { on: [before create, before update], js: show.js }
    """
    files = {
        "drop.js": "function run(input) { delete input.points; }",
        "tell.js": 'function run(input) { throw new Error("The points are not 9 any more."); }',
        "show.js": "function run(input, context) { input.title = String(context.row.points); }",
    }
    world = await make(actions, files)
    create = 'mutation { createTask(id: 7, title: "x", owner: "ann@example.com", points: 9) { title points } }'
    assert await world.data("ann", create) == {"title": "undefined", "points": None}
    update = "mutation { updateTask(id: 1, points: 9) { title points } }"
    assert await world.data("ann", update) == {"title": "3", "points": 3}


async def test_what_a_program_writes_into_the_input_of_a_deletion_is_nothing(make: Make) -> None:
    actions = """
      dress: { on: before delete, js: dress.js }
      keep: { on: during delete, sql: "insert into entries (text) values ({{ row.title }})" }
    """
    world = await make(actions, {"dress.js": 'function run(input) { input.title = "another"; }'})
    await world.data("lea", "mutation { deleteTask(id: 1) { id } }")
    assert await world.rows("select text from entries") == [("Leak",)]
