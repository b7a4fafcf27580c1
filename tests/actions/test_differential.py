"""Actions that do nothing change nothing: whoever writes whatever is answered the same with and without them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.actions.world import ROWS, USERS, World, open_world, prepare_database, sqlite_file, write_project

IDLE = """
nothing: { on: [before create, before update, before delete], js: idle.js }
nobody: { on: [before create, before update, before delete], where: "1 = 0", sql: "delete from tasks" }
look: { on: [during create, during update, during delete], where: "id > 0 or id is null or true", sql: "select 1" }
later: { on: [after create, after update, after delete], sql: "select title from tasks where id = {{ row.id }}" }
"""
FILES = {"idle.js": "function run(input, context) {}"}

EVERYTHING = "{ id title owner status points ratio done due meta }"
CALLS = {
    "createTask": ("id title owner status points ratio done due meta", EVERYTHING),
    "updateTask": ("id title owner status points done due", EVERYTHING),
    "updateTaskMaybe": ("id title", ""),
    "createTasks": ("rows", EVERYTHING),
    "createTasksCount": ("rows", ""),
    "updateTasks": ("from points", "{ id points secret }"),
    "updateTasksCount": ("from points", ""),
    "deleteTask": ("id", "{ id title secret }"),
    "deleteTasks": ("from", ""),
}
TYPES = {
    "id": "Int!",
    "title": "String!",
    "owner": "String",
    "status": "Status",
    "points": "Int",
    "ratio": "Float",
    "done": "Boolean",
    "due": "DateTime",
    "meta": "JSON",
    "rows": "[NewTask!]!",
    "from": "Int!",
}
REQUIRED = {"id", "rows", "from"}

ids = st.integers(0, 6)
# No NUL: what no database takes is told only where there is a row to write it to.
titles = st.sampled_from(["", "a", "Größe", "it's", "x" * 300])
owners = st.sampled_from([None, "ann@example.com", "bob@example.com", ""])
points = st.sampled_from([None, 0, -5, 999, 1000, 2**31 - 1])
nested = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("aé\"'\\", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=5,
)
VALUES = {
    "id": ids,
    "title": titles,
    "owner": owners,
    "status": st.sampled_from([None, "OPEN", "DONE", "STUCK"]),
    "points": points,
    "ratio": st.none() | st.floats(-1e9, 1e9) | st.sampled_from([0.1, 1e300, 5e-324, 3]),
    "done": st.none() | st.booleans(),
    "due": st.none() | st.sampled_from(["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123456+05:30"]),
    "meta": nested,
    "rows": st.lists(
        st.fixed_dictionaries({"id": ids, "title": titles}, optional={"owner": owners, "points": points}), max_size=4
    ),
    "from": ids,
}


@st.composite
def calls(draw: st.DrawFn) -> tuple[str | None, str, Mapping[str, Any]]:
    """Who, the document, its variables. Any: JSON."""
    who = draw(st.sampled_from([None, *USERS]))
    name = draw(st.sampled_from(sorted(CALLS)))
    arguments, selection = CALLS[name]
    given = {
        argument: draw(VALUES[argument])
        for argument in arguments.split()
        if argument in REQUIRED or (argument == "title" and name != "updateTask") or draw(st.booleans())
    }
    types = {argument: TYPES[argument] for argument in given}
    if name == "updateTask" and "title" in types:
        types["title"] = "String"
    head = ", ".join(f"${argument}: {type}" for argument, type in types.items())
    passed = ", ".join(f"{argument}: ${argument}" for argument in given)
    return who, f"mutation({head}) {{ {name}({passed}) {selection} }}", given


async def both(plain: World, acted: World, story: list[tuple[str | None, str, Mapping[str, Any]]]) -> None:
    for world in (plain, acted):
        for statement in ("delete from tasks", ROWS[1]):
            await world.rows(f"{statement} returning id")
    for who, text, variables in story:
        expected, found = await plain.ask(who, text, **variables), await acted.ask(who, text, **variables)
        if "errors" in expected and any(f"Tasks{end}(" in text for end in ("", "Count")):
            # With several rows there may be several errors: row by row another one may be the first.
            expected.pop("errors")
            assert found.pop("errors"), (who, text, variables)
        assert json.dumps(found) == json.dumps(expected), (who, text, variables)
    stored = "select id, title, owner, status, points, ratio, done, due, meta, secret from tasks order by id"
    assert await acted.rows(stored) == await plain.rows(stored)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_actions_that_do_nothing_change_nothing(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    worlds: list[World] = []

    async def open_both() -> None:
        for name, actions in (("plain", ""), ("acted", IDLE)):
            folder = tmp_path / name
            folder.mkdir()
            database = sqlite_file(folder)
            if kind == "postgres":
                database = request.getfixturevalue("postgres_database" if name == "plain" else "another_database")
            await prepare_database(database)
            write_project(folder, database, actions, FILES if actions else {})
            worlds.append(await open_world(folder, database))

    async def close_both() -> None:
        for world in worlds:
            await world.gateway.close()

    with asyncio.Runner() as runner:
        runner.run(open_both())
        try:

            @settings(
                max_examples=20 if kind == "sqlite" else 10,
                phases=[Phase.generate],
                deadline=None,
                derandomize=True,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            )
            @given(st.lists(calls(), min_size=1, max_size=8))
            def check(story: list[tuple[str | None, str, Mapping[str, Any]]]) -> None:
                runner.run(both(worlds[0], worlds[1], story))

            check()
        finally:
            runner.run(close_both())
