"""Tickets of one database with customers of another one and plans of another server: asked together, and live."""

from __future__ import annotations

from typing import Any

from tests.functions.desk import Desk

NOBODY: dict[str, Any] = {"customer": None, "plans": []}
"""Any: JSON."""


async def test_equal_questions_are_asked_once_and_together(desk: Desk) -> None:
    emails = ["'ann@example.com'", "'bob@example.com'", "'zoe@example.com'", "null"]
    rows = ", ".join(f"('t{number}', {emails[number % 4]})" for number in range(40))
    await desk.write(f"insert into tickets (title, email) values {rows}")
    db, crm = desk.count("db"), desk.count("crm")
    shown = await desk.desk("lea", "id customer { name orders { text } } plans { name } best { name }")
    orders = [{"text": "pen"}, {"text": "ink"}]
    ann = {"customer": {"name": "Ann", "orders": orders}, "plans": [{"name": "gold"}, {"name": "tin"}]}
    assert shown[0] == {"id": 1, **ann, "best": {"name": "gold"}}
    assert shown[1] == {"id": 2, "customer": {"name": "Bob", "orders": []}, "plans": [], "best": None}
    assert shown[2:4] == [{"id": id, "customer": None, "plans": [], "best": None} for id in (3, 4)]
    assert [{**row, "id": 1} for row in shown[::4]] == [shown[0]] * 10
    people = ["ann@example.com", "bob@example.com", "zoe@example.com"]
    assert (db.visits, crm.visits, desk.asked) == ([1], [3], [people, people])
    await desk.desk("lea", "id title")
    assert (db.visits, crm.visits, len(desk.asked)) == ([1, 1], [3], 2)


async def test_each_caller_sees_what_the_called_query_shows_them(desk: Desk) -> None:
    await desk.write("insert into tickets (title, email) values ('a', 'ann@example.com'), ('b', 'bob@example.com')")
    fields = "customer { name }"
    ann, bob = {"customer": {"name": "Ann"}}, {"customer": {"name": "Bob"}}
    assert await desk.desk("lea", fields) == [ann, bob]
    assert await desk.desk("ann", fields) == [ann, {"customer": None}]
    screens = {who: await desk.watch(who, fields) for who in ("ann", "bob")}
    assert (await screens["ann"].next(1))["data"]["desk"] == [ann, {"customer": None}]
    assert (await screens["bob"].next(1))["data"]["desk"] == [{"customer": None}, bob]


async def test_it_is_live_when_either_changes(desk: Desk) -> None:
    screen = await desk.watch("ann", "title customer { name orders { text } } plans { name }")
    assert (await screen.next(1))["data"]["desk"] == []

    async def shows(*rows: Any) -> None:
        """Any: JSON."""
        await screen.until(lambda screen: screen.shown[-1].get("data", {}).get("desk") == list(rows))

    row: dict[str, Any] = {"title": "a", "customer": {"name": "Ann", "orders": [{"text": "pen"}, {"text": "ink"}]}}
    row["plans"] = [{"name": "gold"}, {"name": "tin"}]
    await desk.ask("ann", 'mutation { file(title: "a", email: "ann@example.com") { id } }')
    await shows(row)
    await desk.ask("ann", 'mutation { rename(name: "Anna") { name } }')
    row["customer"]["name"] = "Anna"
    await shows(row)
    await desk.ask("bob", 'mutation { order(text: "cap", email: "ann@example.com") { id } }')
    row["customer"]["orders"].append({"text": "cap"})
    await shows(row)
    desk.plans.pop()
    row["plans"].pop()
    await shows(row)
    # Past the gateway.
    await desk.write_crm("update orders set text = 'hat' where text = 'cap'")
    row["customer"]["orders"][-1]["text"] = "hat"
    await shows(row)
    await desk.write("insert into tickets (title) values ('b')")
    await shows(row, {"title": "b", **NOBODY})


async def test_what_cannot_be_asked_is_an_error_and_not_null(desk: Desk) -> None:
    await desk.write("insert into tickets (title, email) values ('a', 'ann@example.com')")
    screen = await desk.watch("ann", "title plans { name }")
    await screen.next(1)
    desk.status = 503
    answer = await desk.ask("ann", "{ desk { title best { name } } }")
    assert answer["data"] is None
    (error,) = answer["errors"]
    assert (error["extensions"]["code"], error["extensions"]["status"]) == ("UPSTREAM_FAILED", 503)
    assert await desk.desk("ann", "title customer { name }") == [{"title": "a", "customer": {"name": "Ann"}}]
    await screen.until(lambda screen: "errors" in screen.shown[-1])
    desk.status = 200
    await screen.until(lambda screen: "errors" not in screen.shown[-1])
