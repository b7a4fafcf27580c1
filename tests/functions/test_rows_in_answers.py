"""Rows in what functions give: what was not given is found by their keys, together, and live."""

from __future__ import annotations

from typing import Any

from tests.functions.desk import Desk

ORDERS = [{"text": "pen"}, {"text": "ink"}]


async def shown(desk: Desk, who: str, text: str) -> Any:
    """Any: JSON."""
    answer = await desk.ask(who, f"{{ {text} }}")
    assert "errors" not in answer, answer
    (value,) = answer["data"].values()
    return value


async def test_one_request_for_each_place(desk: Desk) -> None:
    crm = desk.count("crm")
    emails = ", ".join(f'"{name}@example.com"' for name in ("ann", "bob", "zoe", "ann"))
    ann = {"email": "ann@example.com", "name": "Ann", "orders": ORDERS}
    bob = {"email": "bob@example.com", "name": "Bob", "orders": []}
    assert await shown(desk, "lea", f"known(emails: [{emails}]) {{ email name orders {{ text }} }}") == [ann, bob, ann]
    assert crm.visits == [1]
    assert await shown(desk, "ann", f"known(emails: [{emails}]) {{ name }}") == [{"name": "Ann"}, {"name": "Ann"}]
    assert await shown(desk, "ann", f"known(emails: [{emails}]) {{ email }}") == [
        {"email": f"{name}@example.com"} for name in ("ann", "bob", "zoe", "ann")
    ]
    assert crm.visits == [1, 1]
    seats = "[{ row: 1, place: 2 }, { row: 2, place: 1 }, { row: 9, place: 9 }, { row: 1, place: 1, guest: null }]"
    assert await shown(desk, "lea", f"seated(seats: {seats}) {{ place guest customer {{ name }} }}") == [
        {"place": 2, "guest": "bob@example.com", "customer": {"name": "Bob"}},
        {"place": 1, "guest": None, "customer": None},
        {"place": 1, "guest": None, "customer": {"name": "Ann"}},
    ]
    # Its key has two parts: each row is a question of its own, and all of them one visit.
    assert crm.visits == [1, 1, 4]
    assert await shown(desk, "lea", 'asked(email: "ann@example.com") { name }') == {"name": "Ann"}
    assert crm.visits == [1, 1, 4, 1]
    assert await shown(desk, "lea", 'asked(email: "ann@example.com") { name orders { text } }') == {
        "name": "Ann",
        "orders": ORDERS,
    }
    assert crm.visits == [1, 1, 4, 1, 1, 1]


async def test_it_is_live_by_what_is_looked_up(desk: Desk) -> None:
    text = '(emails: ["ann@example.com", "bob@example.com"]) { name orders(limit: $n) { text } }'
    screens = {
        (who, n): await desk.follow(who, f"subscription ($n: Int) {{ known{text} }}", n=n)
        for who, n in (("ann", 1), ("ann", 9), ("lea", 9))
    }
    names = await desk.follow("lea", 'subscription { known(emails: ["ann@example.com"]) { email } }')
    plain = await desk.follow("ann", 'subscription { asked(email: "ann@example.com") { name } }')
    seen = await desk.follow("ann", 'subscription { seen(email: "ann@example.com") }')
    deep = await desk.follow("ann", 'subscription { asked(email: "ann@example.com") { name orders { text } } }')

    async def shows(orders: list[str], name: str = "Ann") -> None:
        def is_shown(key: tuple[str, int]) -> bool:
            who, n = key
            wanted: list[Any] = [{"name": name, "orders": [{"text": each} for each in orders[:n]]}]
            wanted += [{"name": "Bob", "orders": []}] if who == "lea" else []
            return bool(screens[key].shown) and screens[key].shown[-1]["data"]["known"] == wanted

        for key, screen in screens.items():
            await screen.until(lambda _, key=key: is_shown(key))  # type: ignore[misc]
        wanted = {"name": name, "orders": [{"text": each} for each in orders]}
        await deep.until(lambda screen: bool(screen.shown) and screen.shown[-1]["data"]["asked"] == wanted)

    await shows(["pen", "ink"])
    await desk.ask("bob", 'mutation { order(text: "cap", email: "ann@example.com") { id } }')
    await shows(["pen", "ink", "cap"])
    await desk.write_crm("update orders set text = 'nib' where text = 'pen'")
    await shows(["nib", "ink", "cap"])
    assert [each["data"] for each in plain.shown] == [{"asked": {"name": "Ann"}}]
    await desk.ask("ann", 'mutation { rename(name: "Anna") { name } }')
    await shows(["nib", "ink", "cap"], "Anna")
    await plain.until(lambda screen: screen.shown[-1]["data"] == {"asked": {"name": "Anna"}})
    # A step is given every plain field, too.
    await seen.until(lambda screen: screen.shown[-1]["data"] == {"seen": "Anna"})
    assert [each["data"] for each in names.shown] == [{"known": [{"email": "ann@example.com"}]}]


async def test_what_is_looked_up_for_a_step_is_told_of(desk: Desk) -> None:
    answer = await desk.ask("ann", 'mutation { rename(name: "Anna") { name } }')
    assert {"known", "seen"} <= set(answer["extensions"]["refreshed"])
