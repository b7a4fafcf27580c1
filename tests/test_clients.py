"""Clients of a real gateway, from inside the process: what they watch, as whom, and until when."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import orjson
import pytest
import pytest_asyncio

from tests.realtime.screens import SECRET, bearer, change, connect, copy_desk, nothing, quiet, watch
from tidegate.app import Gateway
from tidegate.core.errors import Code, OperationError
from tidegate.schema.request_errors import DocumentError

MINE = "subscription { myTickets { id title } }"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copy_desk(tmp_path / "desk")


@pytest_asyncio.fixture
async def gateway(folder: Path) -> AsyncIterator[Gateway]:
    gateway = Gateway.load(folder, {"JWT_SECRET": SECRET})
    await gateway.open()
    yield gateway
    await gateway.close()


FILE = 'mutation($title: String!) { createTicket(title: $title, description: "-") { id } }'


async def test_a_mutation_is_shown_to_whom_it_concerns_and_to_nobody_else(gateway: Gateway) -> None:
    ada, grace = await connect(gateway, "ada"), await connect(gateway, "grace")
    hers, _ = watch(ada, MINE)
    others, _ = watch(grace, MINE)
    before = (await hers.next(1))["data"]["myTickets"]
    await others.next(1)
    answer = await change(ada, FILE, title="Fresh")
    assert "myTickets" in answer["extensions"]["refreshed"]
    after = (await hers.next(2))["data"]["myTickets"]
    assert after == [{"id": answer["data"]["createTicket"]["id"], "title": "Fresh"}, *before]
    await quiet()
    assert len(others.shown) == 1


async def test_what_is_equal_is_shown_once(gateway: Gateway) -> None:
    ada, sam = await connect(gateway, "ada"), await connect(gateway, "sam")
    titles, _ = watch(ada, MINE)
    first = (await titles.next(1))["data"]["myTickets"][0]["id"]
    await change(sam, "mutation($id: ID!) { setPriority(id: $id, priority: URGENT) { id } }", id=first)
    await change(sam, "mutation($id: ID!) { setPriority(id: $id, priority: LOW) { id } }", id=first)
    await quiet()
    assert len(titles.shown) == 1


async def test_a_failed_mutation_shows_nothing(gateway: Gateway) -> None:
    ada = await connect(gateway, "ada")
    screen, _ = watch(ada, MINE)
    await screen.next(1)
    failed = await ada.execute('mutation { updateTicket(id: "999", title: "x") { id } }', None, None)
    answer = orjson.loads(failed.body)
    assert answer["errors"]
    assert "extensions" not in answer
    await quiet()
    assert len(screen.shown) == 1


async def test_many_mutations_end_in_the_final_state(gateway: Gateway) -> None:
    ada = await connect(gateway, "ada")
    screen, _ = watch(ada, "subscription { ticketCount }")
    before = (await screen.next(1))["data"]["ticketCount"]
    await asyncio.gather(*(change(ada, FILE, title=str(number)) for number in range(50)))
    await screen.until(lambda each: each.shown[-1]["data"]["ticketCount"] == before + 50)
    counts = [each["data"]["ticketCount"] for each in screen.shown]
    assert counts == sorted(set(counts))
    assert len(counts) < 40


async def test_a_closed_subscription_is_silent(gateway: Gateway) -> None:
    ada = await connect(gateway, "ada")
    screen, subscription = watch(ada, MINE)
    await screen.next(1)
    subscription.close()
    subscription.close()
    await change(ada, FILE, title="Unseen")
    await quiet()
    assert len(screen.shown) == 1
    assert not screen.over


async def test_who_may_not_ask_may_not_watch(gateway: Gateway) -> None:
    ada = await connect(gateway, "ada")
    with pytest.raises(OperationError) as refused:
        watch(ada, "subscription { ticketsByStatus { status tickets } }")
    assert refused.value.code is Code.FORBIDDEN
    with pytest.raises(OperationError) as refused:
        watch(ada, "subscription { myTickets { internalNote } }")
    assert refused.value.code is Code.FORBIDDEN
    anonymous = await gateway.connect([], nothing)
    with pytest.raises(OperationError) as refused:
        watch(anonymous, MINE)
    assert refused.value.code is Code.UNAUTHENTICATED
    with pytest.raises(DocumentError):
        watch(ada, "subscription { nothing }")


async def test_an_expired_token_ends_everything(gateway: Gateway) -> None:
    told: list[OperationError] = []
    client = await gateway.connect(bearer("ada"), told.append)
    screen, _ = watch(client, MINE)
    await screen.next(1)
    await client.renew(bearer("ada", exp=int(time.time()) - 2))
    await screen.until(lambda each: each.over)
    assert screen.error is not None
    assert [error.code for error in (screen.error, *told)] == [Code.UNAUTHENTICATED] * 2
    with pytest.raises(OperationError):
        watch(client, MINE)
    with pytest.raises(OperationError):
        await client.execute("{ me { id } }", None, None)


async def test_a_renewed_token_goes_on(gateway: Gateway) -> None:
    client = await gateway.connect(bearer("ada"), nothing)
    screen, _ = watch(client, MINE)
    await screen.next(1)
    ends = int(time.time()) - 2
    await client.renew(bearer("ada", exp=ends))
    await client.renew(bearer("ada"))
    # Five seconds after its end a token is good no more.
    await asyncio.sleep(ends + 5.5 - time.time())
    await change(client, FILE, title="Later")
    assert (await screen.next(2))["data"]["myTickets"][0]["title"] == "Later"
    assert not screen.over


async def test_a_token_of_somebody_else_changes_nothing(gateway: Gateway) -> None:
    ada = await connect(gateway, "ada")
    screen, _ = watch(ada, MINE)
    await screen.next(1)
    with pytest.raises(OperationError):
        await ada.renew(bearer("grace"))
    with pytest.raises(OperationError):
        await ada.renew([(b"authorization", b"Bearer nonsense")])
    await change(ada, FILE, title="Still here")
    assert (await screen.next(2))["data"]["myTickets"][0]["title"] == "Still here"


async def test_a_lowered_role_ends_what_it_may_not_see(gateway: Gateway) -> None:
    sam = await connect(gateway, "sam")
    all_of_them, _ = watch(sam, "subscription { ticketsByStatus { status tickets } }")
    own, _ = watch(sam, "subscription { ticketCount }")
    await all_of_them.next(1)
    many = (await own.next(1))["data"]["ticketCount"]
    await sam.renew(bearer("sam", role="customer"))
    await all_of_them.until(lambda each: each.over)
    assert all_of_them.error is not None
    assert all_of_them.error.code is Code.FORBIDDEN
    assert (await own.next(2))["data"]["ticketCount"] < many


async def test_rows_that_leave_a_readers_sight_leave_the_result(gateway: Gateway, folder: Path) -> None:
    ada, sam = await connect(gateway, "ada"), await connect(gateway, "sam")
    note = await change(sam, 'mutation { addInternalComment(ticketId: "1", text: "secret") { id } }')
    text = "subscription($id: ID!) { ticket(id: $id) { comments { id text } } }"
    hers, _ = watch(ada, text, id="1")
    his, _ = watch(sam, text, id="1")
    seen = {each["id"] for each in (await hers.next(1))["data"]["ticket"]["comments"]}
    assert note["data"]["addInternalComment"]["id"] not in seen
    await his.next(1)
    await change(sam, 'mutation { addInternalComment(ticketId: "1", text: "another") { id } }')
    assert len((await his.next(2))["data"]["ticket"]["comments"]) > len(seen) + 1
    await quiet()
    assert len(hers.shown) == 1


async def test_a_deleted_row_disappears(gateway: Gateway) -> None:
    ada, kim = await connect(gateway, "ada"), await connect(gateway, "sam", sub="6", role="admin")
    screen, _ = watch(ada, 'subscription { ticket(id: "1") { id } }')
    assert (await screen.next(1))["data"]["ticket"] == {"id": "1"}
    await change(kim, 'mutation { deleteTicket(id: "1") { id } }')
    assert (await screen.next(2))["data"]["ticket"] is None


async def test_the_names_alone(gateway: Gateway) -> None:
    ada, sam = await connect(gateway, "ada"), await connect(gateway, "sam")
    screen, _ = watch(ada, 'subscription { refreshed(queries: ["myTickets", "me"]) { query } }')
    with pytest.raises(OperationError) as refused:
        watch(ada, 'subscription { refreshed(queries: ["ticketsByStatus"]) { query } }')
    assert refused.value.code is Code.BAD_USER_INPUT
    await change(sam, 'mutation { setStatus(id: "1", status: Done) { id } }')
    names = [(await screen.next(count))["data"]["refreshed"]["query"] for count in (1,)]
    assert names[0] in ("me", "myTickets")


async def test_limits(gateway: Gateway, folder: Path) -> None:
    settings = folder / "tidegate.yaml"
    settings.write_text(settings.read_text() + "\nlimits: { subscriptions: 2, connections: 2 }\n")
    await gateway.reload()
    ada = await connect(gateway, "ada")
    second = await connect(gateway, "ada")
    with pytest.raises(OperationError) as refused:
        await connect(gateway, "ada")
    assert refused.value.code is Code.LIMIT
    await connect(gateway, "grace")
    second.close()
    second.close()
    await connect(gateway, "ada")
    _, first = watch(ada, MINE)
    watch(ada, MINE)
    with pytest.raises(OperationError) as refused:
        watch(ada, MINE)
    assert refused.value.code is Code.LIMIT
    first.close()
    watch(ada, MINE)


async def test_users_without_an_id_are_told_apart(gateway: Gateway, folder: Path) -> None:
    settings = folder / "tidegate.yaml"
    text = settings.read_text()
    assert "{ id: sub, email: email, role: role, team: org.team }" in text
    text = text.replace("{ id: sub, email: email, role: role, team: org.team }", "{ email: email, role: role }")
    settings.write_text(text + "\nlimits: { connections: 1 }\n")
    users = folder / "objects" / "users.yaml"
    users.write_text(users.read_text().replace("$currentUser.team", "$currentUser.email"))
    await gateway.reload()
    ada = await connect(gateway, "ada")
    with pytest.raises(OperationError):
        await connect(gateway, "ada", role="support")
    await connect(gateway, "grace")
    with pytest.raises(OperationError) as refused:
        await ada.renew(bearer("grace"))
    assert refused.value.code is Code.FORBIDDEN
    await ada.renew(bearer("ada", role="support"))


async def test_so_many_live_queries_and_no_more(gateway: Gateway, folder: Path) -> None:
    settings = folder / "tidegate.yaml"
    settings.write_text(settings.read_text() + "\nlimits: { liveQueries: 2 }\n")
    await gateway.reload()
    ada, grace = await connect(gateway, "ada"), await connect(gateway, "grace")
    watch(ada, MINE)
    count, second = watch(ada, "subscription { ticketCount }")
    with pytest.raises(OperationError) as refused:
        watch(grace, MINE)
    assert refused.value.code is Code.LIMIT
    await (watch(ada, MINE)[0]).next(1)
    # A question under way is kept until it is answered.
    await count.next(1)
    second.close()
    await (watch(grace, MINE)[0]).next(1)


async def test_a_reload_drops_no_subscription(gateway: Gateway, folder: Path) -> None:
    ada, sam = await connect(gateway, "ada"), await connect(gateway, "sam")
    mine, _ = watch(ada, MINE)
    gone, _ = watch(sam, "subscription { ticketsByStatus { status tickets } }")
    mounted, _ = watch(ada, "subscription { ticketCount }")
    for screen in (mine, gone, mounted):
        await screen.next(1)
    counts = folder / "operations" / "dashboard.yaml"
    text = counts.read_text()
    counts.write_text(
        text.replace("ticketsByStatus:", "byStatus:")
        .replace("The caller can see.", "")
        .replace("minRole: customer\n  args: { status", "minRole: support\n  args: { status")
    )
    assert counts.read_text() != text
    await gateway.reload()
    await gone.until(lambda each: each.over)
    assert gone.error is not None
    assert gone.error.code is Code.BAD_USER_INPUT
    await mounted.until(lambda each: each.over)
    assert mounted.error is not None
    assert mounted.error.code is Code.FORBIDDEN
    await quiet()
    assert len(mine.shown) == 1
    await change(ada, FILE, title="After the reload")
    assert (await mine.next(2))["data"]["myTickets"][0]["title"] == "After the reload"


async def test_a_write_during_a_reload_is_not_missed(gateway: Gateway) -> None:
    ada = await connect(gateway, "ada")
    screen, _ = watch(ada, "subscription { ticketCount }")
    before = (await screen.next(1))["data"]["ticketCount"]
    for _ in range(3):
        await asyncio.gather(gateway.reload(), *(change(ada, FILE, title="x") for _ in range(5)))
    await screen.until(lambda each: each.shown[-1]["data"]["ticketCount"] == before + 15)


async def with_properties(folder: Path) -> Gateway:
    """The desk where a customer sees the tickets of their team, as the table of users has it."""
    settings = folder / "tidegate.yaml"
    text = settings.read_text()
    settings.write_text(text.replace("auth:\n", "auth:\n  properties: me\n"))
    tickets = folder / "objects" / "tickets.yaml"
    text = tickets.read_text()
    rule = "read:   { customer: { email: $currentUser.email }"
    assert rule in text
    tickets.write_text(text.replace(rule, "read:   { customer: { author: { team: $currentUser.properties.team } }"))
    users = folder / "objects" / "users.yaml"
    text = users.read_text()
    users.write_text(
        text.replace("customer: { or: [", "customer: { or: [{ email: $currentUser.email }, ")
        + "    update: { support: all }\n"
    )
    (folder / "operations" / "teams.yaml").write_text(
        """
move:
  kind: mutation
  minRole: support
  args: { id: ID!, team: String! }
  returns: User!
  run: { use: users, update: { where: { id: $args.id }, set: { team: $args.team } } }
"""
    )
    gateway = Gateway.load(folder, {"JWT_SECRET": SECRET})
    await gateway.open()
    return gateway


async def test_properties_that_change_are_asked_with_anew(folder: Path) -> None:
    gateway = await with_properties(folder)
    try:
        ada, sam = await connect(gateway, "ada"), await connect(gateway, "sam")
        screen, _ = watch(ada, "subscription { ticketCount }")
        first = (await screen.next(1))["data"]["ticketCount"]
        with closing(sqlite3.connect(folder / "desk.db")) as database:
            query = "select count(*) from tickets t join users u on u.email = t.email where u.team = ?"
            acme = database.execute(query, ("acme",)).fetchone()[0]
            own = database.execute("select count(*) from tickets where email = 'ada@acme.example'").fetchone()[0]
            globex = database.execute(query, ("globex",)).fetchone()[0]
        assert first == acme
        await change(sam, 'mutation { move(id: "1", team: "globex") { id } }')
        await screen.until(lambda each: each.shown[-1]["data"]["ticketCount"] == globex + own)
        # Never her new tickets with her old team, nor the other way round.
        assert [each["data"]["ticketCount"] for each in screen.shown] == [acme, globex + own]
    finally:
        await gateway.close()


async def test_properties_are_others_if_they_are_only_equal_in_python(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "desk.db")) as database:
        for file in sorted((folder / "sql" / "migrations").glob("*.sql")):
            database.executescript(file.read_text())
        database.executescript("create table flags (value text); insert into flags values ('1');")
    (folder / "desk.db").rename(folder / "flags.db")
    settings = folder / "tidegate.yaml"
    text = settings.read_text().replace("auth:\n", "auth:\n  properties: flag\n")
    settings.write_text(text.replace("integrations:\n", "integrations:\n  flags: { kind: sqlite, file: flags.db }\n"))
    types = folder / "types.graphql"
    types.write_text(types.read_text() + "\ntype Flag { value: JSON }\n")
    (folder / "operations" / "flags.yaml").write_text(
        """
flag:
  kind: query
  minRole: customer
  returns: Flag
  run: { use: flags, sql: "select value from flags" }
told:
  kind: query
  minRole: customer
  returns: String
  run: { use: flags, sql: "select {{ currentUser.properties.value }} || ''" }
set:
  kind: mutation
  minRole: customer
  args: { value: String! }
  returns: Int!
  run: { use: flags, sql: "update flags set value = {{ args.value }}" }
"""
    )
    gateway = Gateway.load(folder, {"JWT_SECRET": SECRET})
    await gateway.open()
    try:
        ada = await connect(gateway, "ada")
        screen, _ = watch(ada, "subscription { told }")
        await screen.next(1)
        for count, value in enumerate(("1.0", "true", "2"), 2):
            await change(ada, "mutation($value: String!) { set(value: $value) }", value=value)
            asked = orjson.loads((await ada.execute("{ told }", None, None)).body)
            assert await screen.next(count) == asked
    finally:
        await gateway.close()
