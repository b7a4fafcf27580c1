"""Many requests at once, requests that are given up, projects that change and databases that go away meanwhile."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import asyncpg
import pytest

from tidegate.core.problems import ProjectError

# Any: the class `Desk` lives in conftest.py.
Desk = Any

FILE = "mutation($title: String!) { createTicket(title: $title, description: $title) { id title } }"
READ = "{ ticketCount myTickets(first: 100) { id title author { name } } }"


async def test_many_mutations_at_once_all_happen_once(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.data("ada", FILE, title=f"t{number}") for number in range(50)))
    ids = [answer["createTicket"]["id"] for answer in answers]
    assert len(set(ids)) == 50
    stored = {str(row["id"]): row["title"] for row in await desk.table("tickets")}
    assert [stored[id] for id in ids] == [f"t{number}" for number in range(50)]
    title = "mutation($title: String!) { updateTicket(id: 1, title: $title) { title } }"
    answers = await asyncio.gather(*(desk.data("ada", title, title=f"u{number}") for number in range(50)))
    # Each is told what it wrote itself.
    assert [answer["updateTicket"]["title"] for answer in answers] == [f"u{number}" for number in range(50)]
    removed = await asyncio.gather(*(desk.data("kim", "mutation { deleteTicket(id: 2) { id } }") for _ in range(20)))
    assert sorted(str(answer["deleteTicket"]) for answer in removed) == ["None"] * 19 + ["{'id': '2'}"]


async def test_opposite_orders_do_not_hang(desk: Desk) -> None:
    """Two transactions that lock the same rows the other way round: each ends with an answer, or a CONFLICT."""
    change = "mutation($w: TicketFilter, $title: String!) { retitle(where: $w, title: $title) { id } }"
    jobs = []
    for number in range(20):
        ids = ["1", "2", "3"] if number % 2 else ["3", "2", "1"]
        jobs.append(desk.codes("ada", change, w={"id": {"in": ids}}, title=f"x{number}"))
    for codes in await asyncio.gather(*jobs):
        assert codes in ([], ["CONFLICT"])
    assert len({row["title"] for row in await desk.table("tickets") if row["id"] in (1, 2, 3)}) == 1


async def give_up(desk: Desk, body: bytes, patience: float) -> None:
    """Sends a whole request and cuts the connection after `patience` seconds, answered or not."""
    _, writer = await asyncio.open_connection(desk.site.host, desk.site.port)
    head = (
        f"POST /graphql HTTP/1.1\r\nhost: desk\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        f"authorization: Bearer {desk.token('ada')}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
    await asyncio.sleep(patience)
    writer.transport.abort()


async def test_clients_that_go_away_leave_everything_whole(desk: Desk) -> None:
    """A mutation whose client is gone happens whole or not at all, and its connection can be used again."""
    rows = [{"title": f"gone {number}", "description": "x"} for number in range(200)]
    query = "mutation($rows: [NewTicket!]!) { createTickets(rows: $rows) { id } }"
    body = json.dumps({"query": query, "variables": {"rows": rows}}).encode()
    half = body[: len(body) // 2]
    await asyncio.gather(*(give_up(desk, body, number / 500) for number in range(40)))
    await asyncio.gather(*(give_up(desk, half, number / 500) for number in range(10)))
    assert (await desk.data("ada", FILE, title="after"))["createTicket"]["title"] == "after"
    stored = [row["title"] for row in await desk.table("tickets")]
    assert stored.count("after") == 1
    counts = {stored.count(f"gone {number}") for number in range(200)}
    assert len(counts) == 1


async def test_cancelled_calls_leave_everything_whole(desk: Desk) -> None:
    gateway = desk.gateway
    user = await gateway.authenticator.authenticate([(b"authorization", f"Bearer {desk.token('ada')}".encode())])
    rows = [{"title": f"cut {number}", "description": "x"} for number in range(50)]
    query = "mutation($rows: [NewTicket!]!) { createTickets(rows: $rows) { id } }"

    async def call(patience: float) -> None:
        task = asyncio.create_task(gateway.execute(query, None, {"rows": rows}, user))
        await asyncio.sleep(patience)
        task.cancel()
        await asyncio.wait([task])

    for turn in range(4):
        await asyncio.gather(*(call(number / 1000 + turn / 3000) for number in range(25)))
    assert (await desk.data("ada", FILE, title="after"))["createTicket"]["title"] == "after"
    stored = [row["title"] for row in await desk.table("tickets")]
    assert len({stored.count(f"cut {number}") for number in range(50)}) == 1
    assert await asyncio.gather(*(desk.codes("ada", READ) for _ in range(40))) == [[]] * 40


async def test_a_reload_under_load_fails_nobody(desk: Desk) -> None:
    done = asyncio.Event()
    answered = 0

    async def client(number: int) -> None:
        nonlocal answered
        while not done.is_set():
            if number % 3:
                assert (await desk.data("ada", READ))["ticketCount"] >= 3
            else:
                await desk.data("ada", FILE, title="x")
            answered += 1

    async with asyncio.TaskGroup() as group:
        for number in range(25):
            group.create_task(client(number))
        for turn in range(3):
            before = answered
            operations = desk.folder / "operations" / "reloaded.yaml"
            operations.write_text(
                f"turn{turn}: {{ kind: query, minRole: anonymous, returns: Int!, "
                f'run: {{ use: db, sql: "select {turn}" }} }}\n'
            )
            await desk.gateway.reload()
            assert await desk.data(None, f"{{ turn{turn} }}") == {f"turn{turn}": turn}
            while answered < before + 20:
                await desk.data("sam", READ)
        done.set()
    assert answered >= 60


async def test_a_broken_project_changes_nothing(desk: Desk) -> None:
    catalog = desk.gateway.catalog
    for name, text in (
        ("operations/broken.yaml", "broken: { kind: query"),
        ("operations/broken.yaml", "broken: { kind: query, minRole: nobody, returns: Int!, run: { use: db, sql: x } }"),
        ("types.graphql", "type {"),
        ("tidegate.yaml", ""),
    ):
        file = desk.folder / name
        before = file.read_bytes() if file.exists() else None
        file.write_text(text)
        with pytest.raises(ProjectError):
            await desk.gateway.reload()
        file.unlink()
        if before is not None:
            file.write_bytes(before)
        assert desk.gateway.catalog is catalog
        assert (await desk.data("ada", READ))["ticketCount"] == 3
    await desk.gateway.reload()
    assert (await desk.data("ada", READ))["ticketCount"] == 3


async def test_a_request_that_comes_while_the_roles_change_has_the_rank_of_the_new_ones(desk: Desk) -> None:
    """Its head arrives before the reload and its body after it."""
    body = json.dumps({"query": "{ allTickets { totalCount } }"}).encode()
    reader, writer = await asyncio.open_connection(desk.site.host, desk.site.port)
    head = (
        f"POST /graphql HTTP/1.1\r\nhost: desk\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        f"authorization: Bearer {desk.token('sam')}\r\nconnection: close\r\n\r\n"
    )
    writer.write(head.encode() + body[:5])
    await writer.drain()
    await desk.data("sam", READ)
    settings = desk.folder / "tidegate.yaml"
    old = "roles: [anonymous, customer, support, admin]"
    assert old in settings.read_text()
    settings.write_text(settings.read_text().replace(old, "roles: [anonymous, guest, customer, support, admin]"))
    await desk.gateway.reload()
    writer.write(body[5:])
    answer = await reader.read()
    writer.close()
    assert b'{"data":{"allTickets":{"totalCount":7}}}' in answer, answer


async def test_connections_of_the_database_that_die_under_load(desk: Desk) -> None:
    """Reads go on; a write may fail with UPSTREAM_FAILED, and whoever was told it succeeded finds it there."""
    if desk.postgres is None:
        return
    kept: list[str] = []
    reads = dict.fromkeys(range(1, 16, 2), 0)
    done = asyncio.Event()

    async def client(number: int) -> None:
        turn = 0
        while not done.is_set():
            turn += 1
            if number % 2:
                assert await desk.codes("ada", READ) == []
                reads[number] = turn
                continue
            title = f"{number}/{turn}"
            answer = await desk.ask("ada", FILE, title=title)
            if "errors" in answer:
                assert [error["extensions"]["code"] for error in answer["errors"]] == ["UPSTREAM_FAILED"], answer
            else:
                kept.append(title)

    operator = await asyncpg.connect(desk.postgres)
    async with asyncio.TaskGroup() as group:
        for number in range(16):
            group.create_task(client(number))
        for _ in range(8):
            await asyncio.sleep(0.1)
            await operator.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()"
            )
            # A read is asked again once, so no read may meet this twice.
            before = dict(reads)
            async with asyncio.timeout(60):
                while any(reads[number] == turn for number, turn in before.items()):  # noqa: ASYNC110 - the same
                    await asyncio.sleep(0.01)
        async with asyncio.timeout(60):
            while not kept:  # noqa: ASYNC110 - a list has no event to wait for
                await asyncio.sleep(0.01)
        done.set()
    await operator.close()
    stored = [row["title"] for row in await desk.table("tickets")]
    assert kept
    assert all(stored.count(title) == 1 for title in kept)
    assert await desk.codes("ada", FILE, title="after") == []
