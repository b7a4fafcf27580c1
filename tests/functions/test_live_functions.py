"""Queries that are functions are live as others are: never stale, and never another user's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.actions.world import (
    OPERATIONS,
    SECRET,
    USERS,
    World,
    open_world,
    prepare_database,
    sqlite_file,
    write_project,
)
from tests.functions.live_queries import FILES, FUNCTIONS, PLANNED
from tests.realtime.screens import Screen, nothing, quiet, watch
from tests.web.conftest import running
from tests.web.test_websocket_clients import said, started
from tidegate.clients import Client
from tidegate.realtime.journal import Refreshed
from tidegate.schema.request_errors import DocumentError
from tidegate.settings import Settings

Make = Callable[..., Awaitable[World]]

MYSQL = ("test_a_function_is_asked_again_by_what_it_might_read", "test_what_a_function_commits_is_shown_when_it_is")
"""What is tried on MariaDB as well."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames:
        more = ["mysql"] if metafunc.function.__name__ in MYSQL else []
        metafunc.parametrize("database", ["sqlite", "postgres", *more], indirect=True)


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return sqlite_file(tmp_path)
    return str(request.getfixturevalue(f"{request.param}_database"))


@pytest.fixture
async def make(database: str, tmp_path: Path) -> AsyncIterator[Make]:
    opened: list[World] = []

    async def make(more: str = "", files: Mapping[str, str] | None = None) -> World:
        await prepare_database(database)
        folder = tmp_path / "project"
        write_project(folder, database, "", {**FILES, **(files or {})}, more=f"{FUNCTIONS}{more}")
        opened.append(await open_world(folder, database))
        return opened[-1]

    yield make
    for world in opened:
        await world.gateway.close()


def token(who: str) -> str:
    return jwt.encode({"exp": int(time.time()) + 600, **USERS[who]}, SECRET, "HS256")


async def connect(world: World, who: str) -> Client:
    return await world.gateway.connect([(b"authorization", f"Bearer {token(who)}".encode())], nothing)


def refreshes(world: World) -> list[Refreshed]:
    return [entry for entry in world.gateway.live.journal.entries() if isinstance(entry, Refreshed)]


def value_of(shown: Any) -> Any:
    """Any: a GraphQL response."""
    assert "errors" not in shown, shown
    (value,) = shown["data"].values()
    return value


WATCHED = {
    "keyed": "keyed(id: 1) { title }",
    "chained": "chained(id: 1) { text }",
    "calling": "calling(id: 1) { title }",
    "deeper": "deeper(id: 1) { title }",
    "onwards": "onwards(id: 1) { title }",
    "coded": "coded(id: 1)",
    "asking": "asking(id: 1)",
    "branched": "branched(id: 1)",
    "looped": "looped(ids: [1, 5])",
    "joined": "joined",
    "branching": "branching(n: 1)",
    "walking": "walking(id: 1)",
    "still": "still",
    "told": "told",
}
ANY_TASK = {"walking", "onwards", "asking", "looped", "joined"}
TASK_1 = {"keyed", "calling", "deeper", "branched", "chained", "coded"}
ENTRIES = {"chained", "asking", "branched", "joined", "branching"}
"""What is keyed by the value of an earlier step may be of any row."""
SETTLED = 'mutation {{ updateTask(id: {}, points: {}, title: "{}") {{ id }} }}'  # fmt: skip


async def test_a_function_is_asked_again_by_what_it_might_read(make: Make) -> None:
    world = await make()
    client = await connect(world, "lea")
    screens = {name: watch(client, f"subscription {{ {text} }}")[0] for name, text in WATCHED.items()}
    for screen in screens.values():
        await screen.next(1)
    writes = {
        SETTLED.format(2, 5, "Other"): ANY_TASK,
        SETTLED.format(1, 3, "Mended"): ANY_TASK | TASK_1,
        'mutation { addEntry(text: "a", task: 3) { id } }': ENTRIES,
        'mutation { addEntry(text: "b", task: 1) { id } }': ENTRIES,
        SETTLED.format(1, 1, "Moved"): ANY_TASK | TASK_1,
    }
    got = {}
    for write, asked in writes.items():
        before = len(refreshes(world))
        await world.data("lea", write)
        async with asyncio.timeout(60):
            while not asked <= {entry.operation for entry in refreshes(world)[before:]}:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
        await quiet()
        got[write] = {entry.operation for entry in refreshes(world)[before:]}
    assert got == writes
    for name, text in WATCHED.items():
        assert screens[name].shown[-1]["data"] == {name: await world.data("lea", f"{{ {text} }}")}, name


async def test_a_function_shows_each_user_their_own(make: Make) -> None:
    world = await make()
    asked = ["mineOnly", "greeted", "told", "plans", "plansOfCalled", "planOfCaller", "planOfCalled", "everybody"]
    screens: dict[tuple[str, str], Screen] = {}
    for who in ("ann", "bob"):
        client = await connect(world, who)
        for name in asked:
            screens[who, name], _ = watch(client, f"subscription {{ {name} }}")
    for (who, name), screen in screens.items():
        assert value_of(await screen.next(1)) == await world.data(who, f"{{ {name} }}"), (who, name)
    assert value_of(screens["ann", "plansOfCalled"].shown[0])[0]["owner"] == "ann@example.com"
    assert value_of(screens["bob", "planOfCalled"].shown[0]) == "tin"
    # Only what nobody's name is in is shared.
    assert world.gateway.live.queries == 2 * (len(asked) - 1) + 1 + 2
    await world.data("lea", SETTLED.format(2, 7, "Bob's"))
    for who, count in (("bob", 2), ("ann", 1)):
        for name in ("mineOnly", "plans", "plansOfCalled"):
            await screens[who, name].next(count)
    await quiet()
    for (who, name), screen in screens.items():
        assert value_of(screen.shown[-1]) == await world.data(who, f"{{ {name} }}"), (who, name)
    assert len(screens["ann", "plansOfCalled"].shown) == 1


PROMOTE = """
promote:
  kind: mutation
  minRole: member
  args: { email: String!, plan: String! }
  returns: Int!
  run: { use: db, sql: "update members set plan = {{ args.plan }} where email = {{ args.email }}" }
"""


async def test_equal_properties_make_nobody_somebody_else(make: Make) -> None:
    """Whose they are is still looked at: they may differ tomorrow."""
    get = "run: { use: members, get: { where: { email: $currentUser.email } } }"
    sql = "select plan from members where email = {{ currentUser.email }}"
    operations = OPERATIONS.replace(get, f'run: {{ use: db, sql: "{sql}" }}').replace(
        "returns: Member", "returns: Plan"
    )
    files = {
        "types.graphql": f"{FILES['types.graphql']}type Plan {{ plan: String! }}\n",
        "objects/planned.yaml": PLANNED.replace("properties.email", "properties.plan"),
        "operations/all.yaml": f"{operations}{FUNCTIONS}{PROMOTE}",
    }
    world = await make("", files)
    await world.data("lea", 'mutation { promote(email: "bob@example.com", plan: "gold") }')
    screens = {}
    for who in ("ann", "bob"):
        screens[who], _ = watch(await connect(world, who), "subscription { planAndCount }")
        assert value_of(await screens[who].next(1)) == ["gold", 0]
    await world.data("lea", 'mutation { promote(email: "ann@example.com", plan: "iron") }')
    assert value_of(await screens["ann"].next(2)) == ["iron", 0]
    await world.data("lea", 'mutation { addEntry(text: "a") { id } }')
    assert value_of(await screens["bob"].next(2)) == ["gold", 1]


async def test_what_a_function_commits_is_shown_when_it_is(make: Make) -> None:
    world = await make()
    screen, _ = watch(await connect(world, "lea"), "subscription { everybody }")
    await screen.next(1)

    async def shown(count: int, text: str) -> None:
        """`count` times is something changed, and then everything is shown."""
        before = len(world.gateway.live.journal.entries())

        def noticed() -> int:
            entries = world.gateway.live.journal.entries()[before:]
            return sum(not isinstance(entry, Refreshed) for entry in entries)

        await world.ask("ann", text)
        async with asyncio.timeout(60):
            while noticed() < count or value_of(screen.shown[-1]) != await world.data("lea", "{ everybody }"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await quiet()
        assert noticed() == count
        assert value_of(screen.shown[-1]) == await world.data("lea", "{ everybody }")

    await shown(2, 'mutation { twice(a: "a", b: "b") }')
    await shown(1, 'mutation { together(a: "c", b: "d") }')
    await shown(1, 'mutation { twice(a: "e", b: "e") }')
    await shown(0, 'mutation { together(a: "f", b: "f") }')
    await shown(1, 'mutation { undone(a: "g") }')
    await shown(1, 'mutation { halfway(a: "h") }')
    await shown(1, 'mutation { later(a: "i") }')
    assert value_of(screen.shown[-1]) == 8


async def test_refresh_names_functions(make: Make) -> None:
    world = await make()
    client = await connect(world, "lea")
    names, _ = watch(client, 'subscription { refreshed(queries: ["still", "everybody", "keyed"]) { query } }')
    watch(client, "subscription { still }")
    answer = await world.ask("lea", "mutation { named }")
    assert answer["extensions"]["refreshed"] == ["still"]
    assert value_of(await names.next(1)) == {"query": "still"}
    answer = await world.ask("lea", "mutation { namedBoth }")
    concerned = set(answer["extensions"]["refreshed"])
    assert concerned >= {"still", "everybody", "chained", "branched", "asking", "joined", "failing", "entries"}
    assert not concerned & {"keyed", "calling", "mineOnly", "plans", "told"}
    await names.until(lambda screen: {"query": "everybody"} in [value_of(each) for each in screen.shown])


async def test_an_error_of_a_step_is_shown_and_goes(make: Make) -> None:
    world = await make()
    client = await connect(world, "lea")
    screen, _ = watch(client, "subscription { failing }")
    assert value_of(await screen.next(1)) == 0
    await world.data("lea", 'mutation { addEntry(text: "a") { id } }')
    (error,) = (await screen.next(2))["errors"]
    assert (error["message"], error["extensions"]["code"]) == ("One is not enough.", "REFUSED")
    await world.data("lea", 'mutation { addEntry(text: "b") { id } }')
    assert value_of(await screen.next(3)) == 2


async def test_settings_hold_for_functions_and_a_reload_keeps_them(make: Make) -> None:
    world = await make()
    client = await connect(world, "lea")
    with pytest.raises(DocumentError, match="Cannot query field 'quietly'"):
        watch(client, "subscription { quietly }")
    slow, _ = watch(client, "subscription { slowly }")
    await slow.next(1)
    for number in range(5):
        await world.data("lea", f'mutation {{ addEntry(text: "{number}") {{ id }} }}')
    await slow.until(lambda screen: value_of(screen.shown[-1]) == 5)
    await world.gateway.reload()
    await world.data("lea", 'mutation { addEntry(text: "after") { id } }')
    await slow.until(lambda screen: value_of(screen.shown[-1]) == 6)


async def test_a_function_over_two_databases_is_woken_by_either(tmp_path: Path) -> None:
    first, second = (sqlite_file(tmp_path / name) for name in ("a", "b"))
    for file in (first, second):
        Path(file).parent.mkdir()
        await prepare_database(file)
    more = """
there: { kind: mutation, minRole: member, returns: Int!, run: { use: other, sql: "insert into entries (text) values ('x')" } }
both:
  kind: query
  minRole: member
  returns: JSON
  steps:
    - { as: here, use: db, sql: "select count(*) as n from entries" }
    - { as: there, use: other, sql: "select count(*) as n from entries" }
    - { value: [$here, $there] }
"""  # noqa: E501
    folder = tmp_path / "project"
    write_project(folder, first, "", FILES, more=FUNCTIONS + more)
    settings = folder / "tidegate.yaml"
    text = settings.read_text()
    assert f'"{first}"}} }}' in text
    settings.write_text(text.replace(f'"{first}"}} }}', f'"{first}"}}, other: {{kind: sqlite, file: "{second}"}} }}'))
    world = await open_world(folder, first)
    try:
        screen, _ = watch(await connect(world, "lea"), "subscription { both }")
        await screen.next(1)
        await world.data("lea", "mutation { there }")
        one = value_of(await screen.next(2))
        await world.data("lea", 'mutation { addEntry(text: "a") { id } }')
        two = value_of(await screen.next(3))
        assert one != two == await world.data("lea", "{ both }")
    finally:
        await world.gateway.close()


async def test_graphql_ws_is_shown_what_a_function_gives(make: Make) -> None:
    world = await make()
    async with running(world.gateway, Settings(port=0)) as site:  # type: ignore[arg-type]
        process = await started("websocket.mjs", site, token("ann"), "subscription { plansOfCalled }")
        assert await said(process) == {"event": "connected"}
        owned = {"id": 1, "title": "Leak", "owner": "ann@example.com"}
        assert await said(process) == {"index": 0, "result": {"data": {"plansOfCalled": [owned]}}}
        await world.data("lea", SETTLED.format(2, 5, "Bob's"))
        await world.data("lea", SETTLED.format(1, 5, "Mended"))
        shown = {"plansOfCalled": [{**owned, "title": "Mended"}]}
        assert await said(process) == {"index": 0, "result": {"data": shown}}
        process.kill()
        await process.communicate()
