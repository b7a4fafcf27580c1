"""Who hears what: by the token of the handshake or of Backand's `login`, for as long as that is good."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.web.events import Caller, Events, calling, serving, token, write_project
from tidegate.core.emission import Audience, Emission
from tidegate.realtime.engine import Timing

QUICK = Timing(login=0.5)
SLOW = Timing(login=60)


@pytest_asyncio.fixture
async def events(tmp_path: Path) -> AsyncIterator[Events]:
    async with serving(tmp_path / "events", timing=SLOW) as events:
        yield events


def bearer(user: str, role: str = "customer", seconds: float = 600.0) -> dict[str, Any]:
    return {"token": token(user, role, seconds), "recover": False}


async def refused(caller: Caller, auth: dict[str, Any]) -> Any:
    await caller.send("40" + json.dumps(auth))
    packet = await caller.next()
    assert packet.startswith("44")
    return json.loads(packet[2:])


async def test_an_event_is_heard_by_whom_it_is_for(events: Events) -> None:
    async with (
        calling(events, bearer("ada")) as ada,
        calling(events, bearer("ada", "agent")) as also_ada,
        calling(events, bearer("bob", "admin")) as bob,
        calling(events, {"recover": False}) as anonymous,
    ):
        events.emit("a", 1, Audience.USERS, "ada", "nobody", "ada")
        events.emit("b", 2, Audience.ROLE, role="agent")
        events.emit("c", 3, Audience.USERS, "bob", "ada")
        events.emit("d", {"text": "ä\u2028"}, Audience.ROLE, role="anonymous")
        events.emit("e", [None])
        heard = [[await caller.event() for _ in range(count)] for caller, count in ((ada, 3), (also_ada, 4))]
        assert heard[0] == [["a", 1], ["c", 3], ["e", [None]]]
        assert heard[1] == [["a", 1], ["b", 2], ["c", 3], ["e", [None]]]
        assert [await bob.event() for _ in range(2)] == [["c", 3], ["e", [None]]]
        assert [await anonymous.event() for _ in range(2)] == [["d", {"text": "ä\u2028"}], ["e", [None]]]


async def test_users_are_addressed_by_the_field_that_the_project_names(tmp_path: Path) -> None:
    async with serving(tmp_path / "events", "events: { user: email }") as events, calling(events, bearer("ada")) as ada:
        events.emit("no", 1, Audience.USERS, "ada")
        events.emit("yes", 2, Audience.USERS, "ada@example.com")
        assert await ada.event() == ["yes", 2]


@pytest.mark.parametrize("prefix", ["", "Bearer ", "bearer "])
async def test_a_token_with_or_without_its_scheme(events: Events, prefix: str) -> None:
    async with calling(events, {"token": prefix + token("ada"), "recover": False}) as ada:
        events.emit("a", 1, Audience.USERS, "ada")
        assert await ada.event() == ["a", 1]


@pytest.mark.parametrize("wrong", ["x.y.z", "", "Basic abc", "Bearer a b", 5, ["x"], {"a": 1}, "ä", "x" * 9000, True])
async def test_a_token_that_is_not_good_is_refused(events: Events, wrong: Any) -> None:
    async with calling(events, connected=False) as caller:
        refusal = await refused(caller, {"token": wrong})
        assert refusal["data"] == {"code": "UNAUTHENTICATED"}
        await caller.connect({"token": token("ada"), "recover": False})
        assert await caller.login(wrong) == ["notAuthorized"]
        events.emit("not heard", 0)
        events.emit("nor that", 0, Audience.USERS, "ada")
        assert await caller.login(token("bob")) == ["authorized"]
        events.emit("heard", 1, Audience.USERS, "bob")
        assert await caller.event() == ["heard", 1]


async def test_backands_login(events: Events) -> None:
    async with calling(events, {"recover": False}) as caller:
        assert await caller.login(f"Bearer {token('ada', 'agent')}", None, "app") == ["authorized"]
        events.emit("mine", 1, Audience.USERS, "ada")
        events.emit("ours", 2, Audience.ROLE, role="agent")
        events.emit("not ours", 3, Audience.ROLE, role="anonymous")
        events.emit("all", 4)
        assert [await caller.event() for _ in range(3)] == [["mine", 1], ["ours", 2], ["all", 4]]
        assert await caller.login(None, "anonymous-token", "app") == ["authorized"]
        events.emit("mine", 5, Audience.USERS, "ada")
        events.emit("all", 6)
        assert await caller.event() == ["all", 6]


@pytest.mark.parametrize("arguments", [[], [None], [None, "key", "app"]])
async def test_where_anonymous_may_not_stay(tmp_path: Path, arguments: list[Any]) -> None:
    async with serving(tmp_path / "events", "events: { anonymous: false }", timing=SLOW) as events:
        async with calling(events, {"recover": False}) as caller:
            events.emit("not heard", 1)
            assert await caller.login(*arguments) == ["notAuthorized"]
            assert await caller.login(token("ada")) == ["authorized"]
            events.emit("heard", 2)
            assert await caller.event() == ["heard", 2]
        await events.until(lambda: not events.seats)


async def test_where_anonymous_may_not_stay_they_are_let_go(tmp_path: Path) -> None:
    async with (
        serving(tmp_path / "events", "events: { anonymous: false }", timing=QUICK) as events,
        calling(events, {"token": token("ada"), "recover": False}) as ada,
        calling(events, {"recover": False}) as nobody,
    ):
        await nobody.closed()
        events.emit("heard", 2)
        assert await ada.event() == ["heard", 2]


async def test_whoever_failed_to_log_in_is_let_go_after_a_while(tmp_path: Path) -> None:
    async with serving(tmp_path / "events", timing=QUICK) as events, calling(events, {"recover": False}) as caller:
        assert await caller.login("x") == ["notAuthorized"]
        await caller.closed()


async def test_a_token_that_expires_ends_what_is_heard_until_it_is_renewed(events: Events) -> None:
    async with calling(events, bearer("ada")) as ada:
        events.emit("before", 1, Audience.USERS, "ada")
        assert await ada.event() == ["before", 1]
        assert await ada.login(token("ada", seconds=3)) == ["authorized"]
        assert await ada.event() == ["notAuthorized"]
        events.emit("between", 2, Audience.USERS, "ada")
        events.emit("between", 3, Audience.USERS, "bob")
        assert await ada.login(token("ada")) == ["authorized"]
        events.emit("after", 4, Audience.USERS, "ada")
        assert [await ada.event() for _ in range(2)] == [["between", 2], ["after", 4]]


async def test_somebody_else_does_not_get_what_was_missed(events: Events) -> None:
    async with calling(events, bearer("ada")) as caller:
        assert await caller.login(token("ada", seconds=3)) == ["authorized"]
        assert await caller.event() == ["notAuthorized"]
        events.emit("between", 2, Audience.USERS, "bob", "ada")
        await events.until(lambda: not events.rooms._pending)
        assert await caller.login(token("bob")) == ["authorized"]
        events.emit("after", 4, Audience.USERS, "bob")
        assert await caller.event() == ["after", 4]


async def test_a_token_is_renewed_before_it_expires(events: Events) -> None:
    async with calling(events, bearer("ada")) as ada, calling(events, bearer("bob")) as bob:
        for caller, name in ((bob, "bob"), (ada, "ada")):
            assert await caller.login(token(name, seconds=4)) == ["authorized"]
        assert await ada.login(token("ada", "agent")) == ["authorized"]
        assert await bob.event() == ["notAuthorized"]
        events.emit("mine", 1, Audience.ROLE, role="agent")
        assert await ada.event() == ["mine", 1]


async def test_a_role_that_a_reload_takes_away(events: Events) -> None:
    async with calling(events, bearer("ada", "admin")) as ada:
        events.emit("one", 1, Audience.ROLE, role="admin")
        assert await ada.event() == ["one", 1]
        write_project(events.folder, roles="anonymous, customer, agent")
        await events.gateway.reload()
        events.emit("two", 2, Audience.ROLE, role="admin")
        events.emit("three", 3, Audience.ROLE, role="anonymous")
        events.emit("four", 4, Audience.USERS, "ada")
        assert [await ada.event() for _ in range(2)] == [["three", 3], ["four", 4]]


async def test_a_key_that_a_reload_takes_away(events: Events) -> None:
    async with calling(events, bearer("ada")) as ada:
        file = events.folder / "tidegate.yaml"
        file.write_text(file.read_text().replace("a secret for tests", "another secret for tests"))
        await events.gateway.reload()
        assert await ada.event() == ["notAuthorized"]


async def test_a_user_has_so_many_connections(tmp_path: Path) -> None:
    async with (
        serving(tmp_path / "events", "limits: { connections: 2 }") as events,
        calling(events, bearer("ada")),
        calling(events, connected=False) as third,
    ):
        async with calling(events, bearer("ada")):
            assert (await refused(third, bearer("ada")))["data"] == {"code": "LIMIT"}
            await third.connect({"recover": False})
            assert await third.login(token("ada")) == ["notAuthorized"]
        await events.until(lambda: events.seats == 2)
        assert await third.login(token("ada")) == ["authorized"]


async def test_what_cannot_be_sent_keeps_nothing_from_others(events: Events) -> None:
    async with calling(events, bearer("ada")) as ada:
        events.emit("", 1)
        events.emit("disconnect", 1)
        events.emit("bad", float("nan"))
        events.emit("large", "x" * 65 * 1024)
        bad: Any = object()
        events.rooms.emit([Emission("bad", bad, Audience.ALL), Emission("good", 1, Audience.ALL)])
        assert await ada.event() == ["bad", None]
        assert await ada.event() == ["good", 1]


async def test_nobody_without_a_token_after_a_reload(events: Events) -> None:
    async with calling(events) as caller:
        write_project(events.folder, "events: { anonymous: false }")
        await events.gateway.reload()
        assert await caller.event() == ["notAuthorized"]
        events.emit("not heard", 1)
        assert await caller.login(token("ada")) == ["authorized"]


async def test_another_user_on_a_connection_that_could_be_recovered(events: Events) -> None:
    """What it is sent from then on is nothing that it can come back to."""
    async with calling(events, {"token": token("ada")}) as caller:
        events.emit("one", 1)
        assert await caller.event() == ["one", 1, "1"]
        assert await caller.login(token("ada", "agent")) == ["authorized", "-"]
        events.emit("two", "2")
        assert await caller.event() == ["two", "2", "-"]
        assert await caller.login(token("ada")) == ["authorized", "2"]
        events.emit("three", "3")
        assert await caller.event() == ["three", "3", "3"]


@pytest.mark.parametrize(
    ("offset", "missed"), [("1", 2), ("0", 3), (None, 3), ("3", 0), ("4", None), ("-", None), (1, None), ("x", None)]
)
async def test_offsets(events: Events, offset: Any, missed: int | None) -> None:
    async with calling(events, connected=False) as caller:
        pid = (await caller.connect({"token": token("ada")}))["pid"]
    for number in range(3):
        events.emit("tick", number)
    async with calling(events, connected=False) as caller:
        answer = await caller.connect({"token": token("ada"), "pid": pid, "offset": offset})
        assert (answer["pid"] == pid) == (missed is not None)
        events.emit("end", None)
        heard = [await caller.event() for _ in range((missed or 0) + 1)]
        assert [event[1] for event in heard] == [*range(3 - (missed or 0), 3), None]


@pytest.mark.parametrize("pid", ["", "x", "0.", f"0.{'0' * 32}", 5, None, ["x"]])
async def test_others_pids(events: Events, pid: Any) -> None:
    async with calling(events, connected=False) as caller:
        answer = await caller.connect({"token": token("ada"), "pid": pid, "offset": "0"})
        assert answer["pid"] != pid


@pytest.mark.parametrize("comes_back", [True, False])
async def test_whoever_does_not_read_and_missed_what_is_gone_is_let_go(tmp_path: Path, comes_back: bool) -> None:
    idle = 60 if comes_back else 1
    async with (
        serving(tmp_path / "events", f"limits: {{ eventsKept: 5, idleReader: {idle}s }}") as events,
        calling(events, bearer("ada")) as deaf,
        calling(events, bearer("bob")) as other,
    ):
        deaf.socket.transport.pause_reading()
        text = "x" * 60_000
        for number in range(200):
            events.emit("much", [number, text])
            assert await other.event() == ["much", [number, text]]
        assert sum(seat.behind for seat in events.rooms.members.seats.values()) == 1
        if comes_back:
            deaf.socket.transport.resume_reading()
            await deaf.closed()
        await events.until(lambda: events.seats == 1)
        # It hears of its end: else it would wait for an answer to its farewell.
        deaf.socket.transport.resume_reading()
        await deaf.closed()
