"""What is kept and what is not: before, during, after, and calls of operations from programs."""

from __future__ import annotations

from typing import Any

import pytest

# Any: the fixture `make` lives in conftest.py, which importlib mode keeps from being imported.
Make = Any

MYSQL = (
    "test_what_is_thrown_reaches_the_caller_and_nothing_is_kept",
    "test_sql_that_fails_during_a_write_rolls_everything_back",
    "test_after_a_write_each_action_has_a_transaction_of_its_own",
    "test_a_program_goes_on_after_a_call_that_failed_and_only_that_is_undone",
    "test_programs_see_what_the_transaction_wrote_and_others_do_not",
)

CREATE = 'mutation { createTask(id: 7, title: "New", owner: "ann@example.com") { id title } }'
THROW = """
function backandCallback(userInput, dbRow, parameters, userProfile) {
  throw new Error("Not on a Sunday.");
}
"""
BUSY = """
function run(input, context) {
  socket.emitAll("soon", 1);
  gateway.call("addEntry", { text: "by " + context.event });
  gateway.call("updateTask", { id: 1, title: "Changed" });
}
"""
"""Writes, calls and emits."""


@pytest.mark.parametrize("when", ["before", "during"])
async def test_what_is_thrown_reaches_the_caller_and_nothing_is_kept(make: Make, when: str) -> None:
    actions = f"""
      busy: {{ on: {when} create, js: busy.js }}
      no: {{ on: {when} create, js: throw.js }}
      never: {{ on: {when} create, sql: "insert into entries (text) values ('never')" }}
    """
    world = await make(actions, {"throw.js": THROW, "busy.js": BUSY})
    message, extensions = await world.error("ann", CREATE)
    assert (message, extensions) == (
        "Not on a Sunday.",
        {"code": "ACTION_FAILED", "action": "no", "object": "tasks"},
    )
    assert await world.rows("select id, title from tasks order by id") == [(1, "Leak"), (2, "Roof")]
    assert (await world.texts(), world.log) == ([], [])


async def test_sql_that_fails_during_a_write_rolls_everything_back(make: Make) -> None:
    actions = """
      busy: { on: during create, js: busy.js }
      twice: { on: during create, sql: "insert into entries (text) values ('by during create')" }
    """
    world = await make(actions, {"busy.js": BUSY})
    message, extensions = await world.error("ann", CREATE)
    assert (message, extensions["code"]) == ('"text" is already taken.', "CONFLICT")
    assert await world.rows("select id, title from tasks order by id") == [(1, "Leak"), (2, "Roof")]
    assert (await world.texts(), world.log) == ([], [])


async def test_a_write_is_told_of_once_with_everything_that_was_written_and_then_events(make: Make) -> None:
    world = await make("busy: { on: [before create, during create], js: busy.js }", {"busy.js": BUSY})
    answer = await world.ask("ann", CREATE)
    assert answer["data"] == {"createTask": {"id": 7, "title": "New"}}
    assert answer["extensions"]["refreshed"] == ["entries", "task", "taskCount", "tasks"]
    assert world.log == ["change createTask", "event soon", "event soon"]
    assert await world.texts() == ["by before create", "by during create"]


async def test_after_a_write_each_action_has_a_transaction_of_its_own(make: Make) -> None:
    actions = """
      first: { on: after create, sql: "insert into entries (text) values ('first')" }
      busy: { on: after create, js: half.js }
      last: { on: after create, js: last.js }
    """
    half = """
      function run() {
        gateway.call("addEntry", { text: "half" });
        socket.emitAll("half", 1);
        throw new Error("Too late.");
      }
    """
    last = """
      function run() {
        gateway.call("addEntry", { text: "last" });
        socket.emitAll("last", 1);
        throw new Error("Even later.");
      }
    """
    world = await make(actions, {"half.js": half, "last.js": last.replace('throw new Error("Even later.");', "")})
    message, extensions = await world.error("ann", CREATE)
    assert (message, extensions) == (
        "Too late.",
        {"code": "ACTION_FAILED", "action": "busy", "object": "tasks", "committed": True},
    )
    assert await world.rows("select title from tasks where id = 7") == [("New",)]
    assert await world.texts() == ["first", "last"]
    assert world.log == ["change createTask", "change createTask", "change createTask", "event last"]


async def test_of_several_errors_after_a_write_the_first_is_told(make: Make) -> None:
    actions = """
      one: { on: after create, js: one.js }
      two: { on: after create, js: two.js }
    """
    files = {f"{name}.js": f'function run() {{ throw new Error("{name}"); }}' for name in ("one", "two")}
    world = await make(actions, files)
    message, extensions = await world.error("ann", CREATE)
    assert (message, extensions["action"], extensions["committed"]) == ("one", "one", True)


async def test_what_is_committed_is_told_although_an_action_after_it_failed(make: Make) -> None:
    world = await make("no: { on: after create, js: throw.js }", {"throw.js": THROW})
    answer = await world.ask("ann", CREATE)
    assert answer["extensions"]["refreshed"] == ["task", "taskCount", "tasks"]


CATCH = """
function run(input, context) {
  const failed = [];
  for (const [name, args] of [
    ["addEntry", { text: "kept" }],
    ["addEntry", { text: "kept" }],
    ["updateTask", { id: 1, title: "" }],
    ["deleteTask", { id: 1 }],
    ["nothing", {}],
    ["addEntry", { text: 5 }],
    ["addEntry", { txt: "x" }],
    ["addEntry", {}],
  ]) {
    try {
      gateway.call(name, args);
    } catch (error) {
      failed.push(error.name + ": " + error.message);
    }
  }
  gateway.call("addEntry", { text: "kept too" });
  console.log(failed.join(" | "));
}
"""


@pytest.mark.parametrize("when", ["before", "during", "after"])
async def test_a_program_goes_on_after_a_call_that_failed_and_only_that_is_undone(
    make: Make, caplog: pytest.LogCaptureFixture, when: str
) -> None:
    """Also where the failed call is the first one that writes anything."""
    caplog.set_level("INFO", "tidegate.programs")
    actions = f"""
      first: {{ on: {when} create, js: first.js }}
      catch: {{ on: {when} create, js: catch.js }}
    """
    first = 'function run() { try { gateway.call("updateTask", { id: 1, title: "" }); } catch (error) {} }'
    world = await make(actions, {"catch.js": CATCH, "first.js": first})
    assert await world.data("ann", CREATE) == {"id": 7, "title": "New"}
    assert await world.texts() == ["kept", "kept too"]
    assert await world.rows("select title from tasks where id in (1, 7) order by id") == [("Leak",), ("New",)]
    failures = caplog.records[0].getMessage().partition('catch" of tasks: ')[2].split(" | ")
    assert failures == [
        'CONFLICT: "text" is already taken.',
        failures[1],
        "FORBIDDEN: deleteTask needs the role lead or a higher one.",
        'NOT_FOUND: There is no operation "nothing".',
        failures[4],
        'BAD_USER_INPUT: addEntry has no argument "txt". Did you mean "text"?',
        'BAD_USER_INPUT: addEntry needs the argument "text".',
    ]
    assert failures[1].startswith("BAD_USER_INPUT: ")
    assert failures[4].startswith('BAD_USER_INPUT: The argument "text" of addEntry does not fit: ')


async def test_events_changes_and_what_comes_after_of_a_call_that_failed_are_dropped(make: Make) -> None:
    inner = """
      mark: { on: after create, sql: "insert into seats values (9, {{ row.id }}, 'after')" }
      ring: { on: during create, js: ring.js }
    """
    ring = """
      function run(input, context) {
        socket.emitAll("entry " + context.row.text, 1);
        if (context.row.text === "bad") throw new Error("bad");
      }
    """
    outer = """
      function run() {
        for (const text of ["good", "bad", "fine"]) {
          try { gateway.call("addEntry", { text }); } catch (error) { socket.emitAll("caught " + error.message, 1); }
        }
      }
    """
    world = await make(
        "call: { on: during create, js: outer.js }",
        {"ring.js": ring, "outer.js": outer},
        others={"entries": inner},
    )
    await world.data("ann", CREATE)
    assert [each.event for each in world.rooms.heard] == ["entry good", "caught bad", "entry fine"]
    assert await world.texts() == ["good", "fine"]
    assert len(await world.rows("select * from seats where guest = 'after'")) == 2
    assert world.log[0] == "change createTask"


async def test_programs_see_what_the_transaction_wrote_and_others_do_not(make: Make) -> None:
    look = """
      function run(input, context) {
        const inside = gateway.call("taskCount");
        const rows = gateway.call("tasks").map((task) => task.title);
        gateway.call("addEntry", { text: context.event + " " + inside + " " + rows.join() });
      }
    """
    world = await make("look: { on: [before create, during create, after create], js: look.js }", {"look.js": look})
    await world.data("lea", CREATE)
    assert await world.texts() == [
        "before create 2 Leak,Roof",
        "during create 3 Leak,Roof,New",
        "after create 3 Leak,Roof,New",
    ]


RECUR = """
function run(input, context) {
  const id = context.row.id + 1;
  gateway.call("createTask", { id, title: "T" + id, owner: "ann@example.com" });
}
"""


async def test_calls_within_calls_end_somewhere(make: Make) -> None:
    actions = 'recur: { on: during create, where: "{{ row.id }} < 40", js: recur.js }'
    world = await make(actions, {"recur.js": RECUR}, settings="limits: { nesting: 3, scriptTime: 60s, timeout: 60s }")
    message, extensions = await world.error(
        "ann", 'mutation { createTask(id: 30, title: "T", owner: "ann@example.com") { id } }'
    )
    assert message == "Calls are nested more than 3 deep."
    assert extensions["code"] == "ACTION_FAILED"
    assert len(await world.rows("select * from tasks")) == 2
    # Three deep is not too deep.
    await world.data("ann", 'mutation { createTask(id: 37, title: "T", owner: "ann@example.com") { id } }')
    assert await world.rows("select id from tasks where id > 30 order by id") == [(37,), (38,), (39,), (40,)]


async def test_one_call_runs_so_many_actions_and_no_more(make: Make) -> None:
    world = await make(
        'note: { on: during update, sql: "update tasks set ratio = 1 where id = {{ row.id }}" }',
        None,
        "insert into tasks (id, title) select 10 + id, 'T' from tasks",
        settings="limits: { actions: 3, scriptTime: 60s, timeout: 60s }",
    )
    message, extensions = await world.error("lea", "mutation { updateTasksCount(from: 1, points: 4) }")
    assert (message, extensions["code"]) == ("One call may run 3 actions at most.", "LIMIT")
    assert await world.rows("select count(*) from tasks where points = 4") == [(0,)]
    assert await world.data("lea", "mutation { updateTasksCount(from: 2, points: 4) }") == 3


async def test_sql_of_several_statements(make: Make) -> None:
    """A semicolon in a text or in a comment is none."""
    script = """
      -- First; what it was.
      insert into entries (text) values ('a;b ' || {{ row.id }});
      update tasks set status = 'STUCK', points = {{ args.points }} where id = {{ row.id }};
      ;
      insert into entries (text) values ('{{ currentUser.email }}; {{ row.title }}') -- the end;
    """
    world = await make(
        "script: { on: during create, params: { points: Int = 12 }, sql: script.sql }", {"script.sql": script}
    )
    created = 'mutation { createTask(id: 7, title: "New", owner: "ann@example.com") { status points } }'
    assert await world.data("ann", created) == {"status": "STUCK", "points": 12}
    assert await world.texts() == ["a;b 7", "ann@example.com; New"]


async def test_a_statement_of_several_that_fails_is_the_last(make: Make) -> None:
    sql = "insert into entries (text) values ('x'); insert into entries (text) values ('x'); delete from entries"
    world = await make(f'script: {{ on: after create, sql: "{sql}" }}')
    _, extensions = await world.error("ann", CREATE)
    assert (extensions["code"], extensions["committed"]) == ("CONFLICT", True)
    assert await world.texts() == []
