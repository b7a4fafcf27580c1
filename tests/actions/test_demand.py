"""Actions that are asked for by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tidegate.schema.demanded import Asked

# Any: the fixture `make` lives in conftest.py, which importlib mode keeps from being imported.
Make = Any

MYSQL = ("test_it_is_one_transaction_with_all_that_it_calls",)

ACTIONS = """
  close: { on: demand, minRole: member, where: "status = 'OPEN'", params: { note: String! = "done", points: Int },
    sql: "update tasks set status = 'DONE', title = {{ args.note }} where id = {{ row.id }}" }
  tell: { on: demand, minRole: member, params: { note: String }, js: tell.js }
  lead: { on: demand, minRole: lead, js: tell.js }
  typed: { on: demand, minRole: member, returns: Int!, params: { answer: JSON }, js: typed.js }
  busy: { on: demand, minRole: member, params: { fail: Boolean = false }, js: busy.js }
"""
FILES = {
    "tell.js": """
      function backandCallback(userInput, dbRow, parameters, userProfile) {
        const { title, secret } = dbRow || {};
        return { input: userInput, title: title ?? null, secret: secret ?? null, parameters, role: userProfile.role };
      }
    """,
    "typed.js": "function run(input, context) { return context.parameters.answer; }",
    "busy.js": """
      function run(input, context) {
        gateway.call("addEntry", { text: "by demand" });
        gateway.call("updateTask", { id: 1, title: "Demanded" });
        socket.emitAll("demanded", gateway.call("tasksTell", { id: 1, note: "nested" }).title);
        if (context.parameters.fail) throw new Error("No.");
      }
    """,
}


async def test_with_a_row_and_without(make: Make) -> None:
    world = await make(ACTIONS, FILES)
    assert await world.data("ann", 'mutation { tasksTell(id: 1, note: "x") }') == {
        "input": {},
        "title": "Leak",
        "secret": "hush",
        "parameters": {"note": "x"},
        "role": "member",
    }
    assert await world.data("lea", "mutation { tasksTell }") == {
        "input": {},
        "title": None,
        "secret": None,
        "parameters": {},
        "role": "lead",
    }


async def test_a_row_is_found_with_the_callers_rights(make: Make) -> None:
    world = await make(ACTIONS, FILES)
    for call in ("tasksTell(id: 2)", "tasksTell(id: 77)", "tasksClose(id: 2)"):
        message, extensions = await world.error("ann", f"mutation {{ {call} }}")
        assert (message, extensions) == ("There is no such row.", {"code": "NOT_FOUND"})
    assert await world.rows("select status from tasks where id = 2") == [("DONE",)]


async def test_a_role_that_is_too_low_may_not_demand(make: Make) -> None:
    world = await make(ACTIONS, FILES)
    assert (await world.error("ann", "mutation { tasksLead(id: 1) }"))[1]["code"] == "FORBIDDEN"
    assert (await world.error(None, "mutation { tasksTell(id: 1) }"))[1]["code"] == "UNAUTHENTICATED"


async def test_a_condition_that_does_not_hold_is_told(make: Make) -> None:
    world = await make(ACTIONS, FILES)
    assert await world.data("ann", "mutation { tasksClose(id: 1) }") is None
    assert await world.rows("select status, title from tasks where id = 1") == [("DONE", "done")]
    message, extensions = await world.error("ann", "mutation { tasksClose(id: 1) }")
    assert message == 'The action "close" did not run: its condition does not hold.'
    assert extensions == {"code": "REFUSED", "skipped": True}


async def test_what_it_answers_has_the_type_promised(make: Make) -> None:
    world = await make(ACTIONS, FILES)
    typed = "mutation($a: JSON) { tasksTyped(answer: $a) }"
    assert await world.data("ann", typed, a=7) == 7
    for wrong in ("seven", None, [7], 2**40):
        answer = await world.ask("ann", typed, a=wrong)
        assert answer["errors"], wrong
        assert answer["data"] is None


async def test_it_is_one_transaction_with_all_that_it_calls(make: Make) -> None:
    world = await make(ACTIONS, FILES)
    message, _ = await world.error("ann", "mutation { tasksBusy(fail: true) }")
    assert message == "No."
    assert (await world.texts(), world.log) == ([], [])
    answer = await world.ask("ann", "mutation { tasksBusy }")
    plain = await world.ask("ann", 'mutation { updateTask(id: 1, title: "Again") { id } }')
    assert answer["extensions"]["refreshed"] == sorted(["entries", *plain["extensions"]["refreshed"]])
    assert [(each.event, each.data) for each in world.rooms.heard] == [("demanded", "Demanded")]
    assert world.log == ["change tasksBusy", "event demanded", "change updateTask"]
    assert await world.texts() == ["by demand"]


async def test_a_key_of_several_fields_is_whole_or_absent(make: Make) -> None:
    seat = """
      book: { on: demand, minRole: member, params: { guest: String! }, where: "guest is null",
        sql: "update seats set guest = {{ args.guest }} where \\"row\\" = {{ row.row }} and place = {{ row.place }}" }
    """
    world = await make("", None, others={"seats": seat})
    assert await world.data("ann", 'mutation { seatsBook(row: 1, place: 1, guest: "Ann") }') is None
    assert await world.rows("select guest from seats order by place") == [("Ann",), ("Eve",)]
    message, extensions = await world.error("ann", 'mutation { seatsBook(row: 1, guest: "Ann") }')
    assert message == "The key of a row is whole or absent: place is missing."
    assert extensions["code"] == "BAD_USER_INPUT"
    _, extensions = await world.error("ann", 'mutation { seatsBook(row: 1, place: 2, guest: "Bob") }')
    assert extensions["skipped"] is True


@pytest.mark.parametrize("when", ["before", "during", "after"])
async def test_one_that_is_demanded_within_another_write(make: Make, when: str) -> None:
    call = """
      function run(input, context) {
        gateway.call("tasksClose", { id: 1, note: "nested" });
        try { gateway.call("tasksClose", { id: 1 }); } catch (error) { gateway.call("addEntry", { text: error.name }); }
        try { gateway.call("tasksLead"); } catch (error) { gateway.call("addEntry", { text: error.name }); }
      }
    """
    world = await make(f"{ACTIONS}\n  call: {{ on: {when} create, js: call.js }}", {**FILES, "call.js": call})
    await world.data("ann", 'mutation { createTask(id: 7, title: "New", owner: "ann@example.com") { id } }')
    assert await world.rows("select title from tasks where id = 1") == [("nested",)]
    assert await world.texts() == ["REFUSED", "FORBIDDEN"]


async def test_what_a_client_sent_is_not_for_the_actions_that_are_called(make: Make) -> None:
    files = {
        "outer.js": 'function run(input) { return [input, gateway.call("tasksInner", {})]; }',
        "inner.js": "function run(input) { return input; }",
    }
    actions = (
        "outer: { on: demand, minRole: member, js: outer.js }\ninner: { on: demand, minRole: member, js: inner.js }"
    )
    world = await make(actions, files)
    asked = Asked("tasks", "outer", body={"title": "sent"})
    answer = await world.gateway.demand(asked, world.user("ann"))
    assert json.loads(answer.json) == [{"title": "sent"}, {}]


async def test_hashes_are_counted_for_the_whole_call(make: Make) -> None:
    """They are the gateway's own work, which no limit of the sandbox sees."""
    count = """
function run() {
  for (let count = 0; count < 30; count += 1) {
    try { security.compare('a', 'b'); } catch (error) { return [count, error.name]; }
  }
}
"""
    world = await make("count: { on: demand, minRole: member, js: count.js }", {"count.js": count})
    assert await world.data("ann", "mutation { tasksCount }") == [20, "RangeError"]
