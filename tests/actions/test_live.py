"""What actions write is on the screens of those whom it concerns."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest

from tests.actions.world import SECRET, USERS, World
from tests.realtime.screens import nothing, quiet, watch
from tidegate.clients import Client

# Any: the fixture `make` lives in conftest.py, which importlib mode keeps from being imported.
Make = Any

MYSQL = (
    "test_what_they_write_is_shown_to_whom_it_concerns",
    "test_what_was_rolled_back_is_shown_to_nobody",
)

TASKS = "subscription { tasks { id title } }"
CREATE = 'mutation { createTask(id: 7, title: "New", owner: "ann@example.com") { id } }'


async def connect(world: World, who: str) -> Client:
    token = jwt.encode({"exp": int(time.time()) + 600, **USERS[who]}, SECRET, "HS256")
    return await world.gateway.connect([(b"authorization", b"Bearer " + token.encode())], nothing)


@pytest.mark.parametrize("when", ["before", "during", "after"])
@pytest.mark.parametrize("work", ["sql", "js"])
async def test_what_they_write_is_shown_to_whom_it_concerns(make: Make, when: str, work: str) -> None:
    doing = {
        "sql": "sql: \"update tasks set title = 'Told' where owner = 'bob@example.com'\"",
        "js": "js: tell.js",
    }
    tell = 'function run(input, context) { gateway.call("tellBob", { id: 2 }); }'
    # As the author's own statement, it reaches rows that the caller does not.
    more = """
tellBob: { kind: mutation, minRole: member, args: { id: Int! }, returns: Int!, run: { use: db, sql: "update tasks set title = 'Told' where id = {{ args.id }}" } }
"""  # noqa: E501
    world = await make(f"tell: {{ on: {when} create, {doing[work]} }}", {"tell.js": tell}, more=more)
    screens = {}
    for who in ("ann", "bob"):
        screens[who], _ = watch(await connect(world, who), TASKS)
        await screens[who].next(1)
    await world.data("ann", CREATE)
    (told,) = (await screens["bob"].next(2))["data"]["tasks"]
    assert told == {"id": 2, "title": "Told"}
    assert (await screens["ann"].next(2))["data"]["tasks"] == [{"id": 1, "title": "Leak"}, {"id": 7, "title": "New"}]
    await quiet()
    assert [len(screens[who].shown) for who in ("ann", "bob")] == [2, 2]


async def test_what_is_demanded_is_shown(make: Make) -> None:
    sql = "update tasks set title = 'Closed' where id = {{ row.id }}"
    world = await make(f'close: {{ on: demand, minRole: member, sql: "{sql}" }}')
    screen, _ = watch(await connect(world, "lea"), TASKS)
    await screen.next(1)
    await world.data("ann", "mutation { tasksClose(id: 1) }")
    assert (await screen.next(2))["data"]["tasks"][0] == {"id": 1, "title": "Closed"}


async def test_what_was_rolled_back_is_shown_to_nobody(make: Make) -> None:
    files = {"no.js": 'function run() { gateway.call("addEntry", { text: "x" }); throw new Error("no"); }'}
    world = await make("no: { on: during create, js: no.js }", files)
    client = await connect(world, "lea")
    (tasks, _), (entries, _) = watch(client, TASKS), watch(client, "subscription { entries { text } }")
    await tasks.next(1)
    await entries.next(1)
    await world.error("ann", CREATE)
    await quiet()
    assert (len(tasks.shown), len(entries.shown)) == (1, 1)
