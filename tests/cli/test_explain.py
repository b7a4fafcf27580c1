"""`tidegate explain`: what it derives from a project, and what it tells of a server at work."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from click.testing import Result

from tests.cli.test_serve import PATIENCE, Served, serving
from tests.conftest import alone, ask
from tests.ports import lasting_port
from tests.realtime.screens import SECRET as DESK_SECRET
from tests.realtime.screens import change, connect, copy_desk, watch
from tests.web.streaming import until
from tidegate.app import Gateway
from tidegate.realtime.journal import Refreshed
from tidegate.realtime.machine import State

Run = Callable[..., Result]
GOLDEN = Path(__file__).with_name("servicedesk.explained")


def test_the_service_desk_explained(tidegate: Run, desk: Path) -> None:
    """It needs no environment and no database, and makes none."""
    (desk / ".env").unlink()
    explained = tidegate("explain", desk)
    assert explained.exit_code == 0
    assert explained.stdout == GOLDEN.read_text()
    assert explained.stderr == "From the project alone. With --online the database says more: keys, views, triggers.\n"
    assert not list(desk.glob("desk.db*"))


def parts(text: str) -> dict[str, str]:
    """What is said of each operation, by its name."""
    return {each.split()[1]: each for each in text.split("\n\n")}


def test_the_database_says_more(tidegate: Run, desk: Path) -> None:
    told = parts(GOLDEN.read_text())
    online = tidegate("explain", desk, "--online")
    assert (online.exit_code, online.stderr) == (0, "")
    known = parts(online.stdout)
    assert known.keys() == told.keys()
    assert known["myTickets"] == told["myTickets"]
    # A view, a foreign key with ON DELETE, a trigger that sets a column, a unique rule.
    assert "reads tickets, any row" in known["averageAge"]
    assert "because ticket_ages is not known" in told["averageAge"]
    assert "writes comments, whole rows" in known["deleteTicket"]
    assert "writes tickets: status, updated_at" in known["setStatus"]
    assert known["me"].startswith("query me (customer)  exact")


def test_one_operation(tidegate: Run, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = parts(GOLDEN.read_text())
    assert tidegate("explain", desk, "ticket").stdout.rstrip() == told["ticket"]
    monkeypatch.chdir(desk)
    assert tidegate("explain", "closeTickets").stdout.rstrip() == told["closeTickets"]
    assert tidegate("explain").stdout == GOLDEN.read_text()
    wrong = tidegate("explain", "tickett")
    assert wrong.exit_code == 2
    assert 'Did you mean "ticket"?' in wrong.stderr


@pytest.mark.parametrize(
    "arguments", [("a", "b", "c"), ("nowhere/at/all",), ("--unmoved",), ("--follow", "--url", "nonsense")]
)
def test_a_wrong_command_line(tidegate: Run, arguments: tuple[str, ...]) -> None:
    assert tidegate("explain", *arguments).exit_code in (1, 2)


def test_values_that_exclude_each_other(tidegate: Run, desk: Path) -> None:
    """What stands for the values is told nowhere as if it were one."""
    file = desk / "operations/tickets.yaml"
    file.write_text(
        file.read_text() + "\nsome:\n  kind: query\n  minRole: support\n  args: { status: Status! }\n  returns: Int!\n"
        "  run: { use: tickets, count: { where: { and: [{ status: $args.status }, { status: Todo }] } } }\n"
    )
    told = parts(tidegate("explain", desk).stdout)["some"]
    assert told.startswith("query some (support)  keyed\n  reads tickets where status = Todo\n")
    assert "setStatus" in told


def test_what_the_author_says_of_refreshing(tidegate: Run, desk: Path) -> None:
    file = desk / "operations/tickets.yaml"
    text = file.read_text()
    file.write_text(text.replace("refresh: [auto, dashboard]", "refresh: none"))
    closed = parts(tidegate("explain", desk).stdout)["closeTickets"]
    assert "may refresh nothing\n  refresh: only what its author names, whatever it writes" in closed
    file.write_text(text.replace("refresh: [auto, dashboard]", "refresh: [me]"))
    told = parts(tidegate("explain", desk).stdout)
    assert "may refresh me\n" in told["closeTickets"]
    assert "is refreshed by closeTickets" in told["me"]
    assert "closeTickets" not in told["ticket"]


def test_why_sql_is_opaque(tidegate: Run, desk: Path) -> None:
    file = desk / "operations/dashboard.yaml"
    file.write_text(
        file.read_text().replace(
            "select count(*) from tickets where status <> 'Done'", "select load_extension('x') from tickets"
        )
        + "\nwipe:\n  kind: mutation\n  minRole: admin\n  returns: Int!\n"
        "  run: { use: db, sql: delete from tickets where id in (select id from elsewhere) }\n"
    )
    told = parts(tidegate("explain", desk).stdout)
    assert told["wipe"].splitlines()[1:3] == ["  writes anything in the database", "  because elsewhere is not known"]
    assert "query me (customer)" in told["me"]
    assert "wipe" in told["me"]


def test_postgres(tidegate: Run, tmp_path: Path, postgres_database: str) -> None:
    desk = copy_desk(tmp_path / "desk", postgres=True)
    assert parts(tidegate("explain", desk).stdout)["ticket"] == parts(GOLDEN.read_text())["ticket"]
    online = tidegate("explain", desk, "--online", DATABASE_URL=postgres_database, JWT_SECRET="x" * 40)
    assert online.exit_code == 0, online.stderr
    known = parts(online.stdout)
    assert "reads public.tickets where email = currentUser.email and id = args.id" in known["ticket"]
    assert known["ticket"].startswith("query ticket (customer)  exact")
    alone(ask(postgres_database, "alter table tickets enable row level security"))
    online = tidegate("explain", desk, "ticket", "--online", DATABASE_URL=postgres_database, JWT_SECRET="x" * 40)
    assert "  opaque\n  reads anything in the database\n  because what tickets shows depends" in online.stdout


CHANGES = (
    ("ada", 'createTicket(title: "x", description: "y") { id }'),
    ("ada", 'createTickets(rows: [{ title: "x", description: "y" }]) { id }'),
    ("ada", 'updateTicket(id: "1", title: "z") { id }'),
    ("ada", 'addComment(ticketId: "1", text: "hello") { id }'),
    ("sam", 'addInternalComment(ticketId: "1", text: "well") { id }'),
    ("sam", 'setStatus(id: "1", status: Done) { id }'),
    ("sam", 'setPriority(id: "1", priority: URGENT) { id }'),
    ("sam", 'assign(id: "1", to: "sam@desk.example", note: "n") { id }'),
    ("sam", 'closeTickets(ids: ["1", "2"])'),
    ("kim", 'deleteTicket(id: "1") { id }'),
)
WATCHED = (
    ("ada", "openTickets"),
    ("ada", "ticketCount"),
    ("sam", "ticketsByStatus { status tickets oldest }"),
    ("sam", "averageAge { priority }"),
    ("ada", "myTickets { id email title description status priority assigneeEmail createdAt updatedAt }"),
    ("ada", 'ticket(id: "1") { id email title description status priority assigneeEmail createdAt updatedAt }'),
    ("sam", "allTickets { nodes { id title internalNote } totalCount }"),
    ("ada", "me { id email name }"),
    ("ada", "people { id email name }"),
)


def listed(text: str, before: str) -> set[str]:
    """The names after these words, also on the lines that follow."""
    found = re.search(rf"{before} ((?:\w+,?\s+)*\w+)(?:\n  \w|$)", text)
    return set(re.findall(r"\w+", found[1])) if found else set()


async def test_what_is_explained_happens_and_nothing_else(tidegate: Run, desk: Path) -> None:
    explained = await asyncio.to_thread(tidegate, "explain", desk, "--online")
    told = parts(explained.stdout)
    gateway = Gateway.load(desk, {"JWT_SECRET": DESK_SECRET})
    await gateway.open()
    people = {name: await connect(gateway, name) for name in ("ada", "sam", "kim")}
    refreshed: dict[str, set[str]] = {}
    for who, query in WATCHED:
        screen, _ = watch(people[who], f"subscription {{ {query} }}")
        await screen.next(1)
    for who, mutation in CHANGES:
        await change(people[who], f"mutation {{ {mutation} }}")
        name = mutation.partition("(")[0]
        refreshed[name] = listed(told[name], "may refresh")
    queries = gateway.live._machine.queries.values()
    await until(lambda: all(query.state is State.IDLE for query in queries))
    entries = gateway.live.journal.entries()
    caused = [entry for entry in entries if isinstance(entry, Refreshed) and entry.change is not None]
    assert {entry.operation for entry in caused} == {query.split()[0].partition("(")[0] for _, query in WATCHED[:7]}
    for entry in caused:
        assert entry.operation in refreshed[entry.cause], entry
        assert entry.cause in listed(told[entry.operation], "is refreshed by")
    await gateway.close()


@asynccontextmanager
async def following(*options: str) -> AsyncIterator[Served]:
    """The command with `--follow`, as somebody at a terminal starts it."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TIDEGATE_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tidegate", "explain", "--follow", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**environ, "PYTHONUNBUFFERED": "1", "TZ": "UTC"},
    )
    followed = Served(process)
    try:
        yield followed
    finally:
        await followed.stop()


async def origin_of(served: Served) -> str:
    return (await served.until(r"is served at (http://127\.0\.0\.1:\d+)/graphql"))[1]


async def tokens_of(served: Served) -> dict[str, str]:
    await served.until("Try it")
    return dict(re.findall(r"^(\w+) \(\w+\)\n(\S+)$", served.said, re.MULTILINE))


@asynccontextmanager
async def watching(origin: str, token: str, query: str) -> AsyncIterator[None]:
    headers = {"authorization": f"Bearer {token}", "accept": "text/event-stream"}
    async with (
        httpx.AsyncClient(timeout=PATIENCE, headers=headers, trust_env=False, verify=False) as client,
        client.stream("POST", f"{origin}/graphql", json={"query": query}) as answer,
    ):
        lines = answer.aiter_lines()
        while not (await anext(lines)).startswith("data:"):
            pass
        yield


async def write(origin: str, token: str, query: str) -> None:
    async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False, verify=False) as client:
        headers = {"authorization": f"Bearer {token}"}
        answer = await client.post(f"{origin}/graphql", json={"query": query}, headers=headers)
        assert "errors" not in answer.json()


async def test_following_a_demonstration(desk: Path) -> None:
    (desk / ".env").unlink()
    async with serving(desk, "--demo") as served:
        origin = await origin_of(served)
        tokens = await tokens_of(served)
        async with (
            following("--url", f"{origin}/graphql", "--unmoved") as followed,
            watching(origin, tokens["ada"], "subscription { me { name } }"),
        ):
            await followed.until("Following")
            async with watching(origin, tokens["ada"], "subscription { myTickets { id title } }"):
                await followed.until(r"(?m)refresh  myTickets \w{6} \(customer\)  first watched; 1 subscriber; .*sent$")
                await write(origin, tokens["ada"], 'mutation { createTicket(title: "x", description: "y") { id } }')
                change = await followed.until(
                    r"(?m)^\d\d:\d\d:\d\d  change   createTicket #(\d+)  tickets \(whole rows\); wakes 1 query$"
                )
                await followed.until(r"(?m)^ +not me \w{6}: another table$")
                await followed.until(
                    rf"(?m)^\d\d:\d\d:\d\d  refresh  myTickets \w{{6}} \(customer\)  because of createTicket "
                    rf"#{change[1]}; it reads tickets by email; 1 subscriber; \d+\.\d ms; \d+ B; sent$"
                )
            assert "\x1b[" not in followed.said
            followed.process.send_signal(signal.SIGINT)
            assert await followed.ended() == 0
            assert "Traceback" not in followed.said
            assert "Aborted" not in followed.said


async def test_a_server_that_is_started_again(desk: Path) -> None:
    port = str(lasting_port())
    async with serving(desk, "--reload", "--port", port) as served:
        origin = await origin_of(served)
        async with following("--url", origin) as followed:
            await followed.until("Following")
            file = desk / "operations/users.yaml"
            file.write_text(file.read_text() + "\n# changed\n")
            await followed.until("The project was reloaded")
            assert await served.stop() == 0
            await followed.until("The server is gone. Waiting for it.")
            async with serving(desk, "--reload", "--port", port):
                await followed.until(r"Following[\s\S]*Following")


async def test_who_is_refused_is_told(tidegate: Run, desk: Path) -> None:
    def refused(*options: str) -> tuple[int, str]:
        # In this thread, the only one that may listen to signals. The server is another process.
        followed = tidegate("explain", "--follow", *options)
        return followed.exit_code, " ".join(followed.stderr.split())

    async with serving(desk) as served:
        origin = await origin_of(served)
        code, said = refused("--url", origin)
        assert (code, "error: The server refuses, with 401: This needs a token" in said) == (1, True), said
        code, said = refused("--url", origin, "--token", "nonsense")
        assert (code, "error: The server refuses, with 401" in said) == (1, True)
    code, said = refused("--url", origin)
    assert (code, f"error: No server answers at {origin}" in said) == (3, True)
