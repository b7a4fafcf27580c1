"""Emissions on their way: in order, once, to whoever is in the room when it is their turn."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from tidegate.core.emission import Audience, Emission
from tidegate.core.json import Json
from tidegate.core.user import CurrentUser
from tidegate.realtime.lines import FULL, MOST_WAITING, Line
from tidegate.realtime.packets import Message
from tidegate.realtime.rooms import SocketRooms
from tidegate.realtime.seats import Seat, name_of, role_room, rooms_of, user_room


class Paper:
    """A websocket that keeps what is written. It stops reading where `paused` says so."""

    def __init__(self) -> None:
        self.paused = False
        self.drained: Callable[[], None] | None = None
        self.written: list[bytes] = []
        self.frames: list[bytes] = []
        self.closed = False
        self.writable = asyncio.Event()

    def send_text(self, text: bytes, /) -> None:
        self.written.append(text)

    def send_frame(self, frame: bytes, /) -> None:
        self.frames.append(frame)
        self.written.append(frame[2:])

    def close(self, code: int, reason: str, /) -> None:
        self.closed = True

    @property
    def events(self) -> list[Any]:
        return [orjson.loads(text[2:])[1] for text in self.written]


class Present:
    """A client whose token is good until it is not."""

    changed: Callable[[], None] | None = None
    user = CurrentUser("member", 1, {"id": "ada"}, None, verified=True)
    expired = False

    async def renew(self, headers: object, /) -> None:
        raise AssertionError

    def close(self) -> None:
        pass


class House:
    """Rooms, and those who come and go."""

    def __init__(self) -> None:
        self.rooms = SocketRooms()
        self.left: list[str] = []

    def enter(self, name: str, *rooms: str) -> tuple[Seat, Paper]:
        paper = Paper()
        line = Line(f"line {name}", paper, lambda line, reason: self.left.append(line.sid))
        seat = Seat(line, name)
        seat.client = Present()
        seat.heard = self.rooms.history.head
        members = self.rooms.members
        members.basic_enter_room(name, "/", None, eio_sid=line.sid)
        members.basic_enter_room(name, "/", name, eio_sid=line.sid)
        members.seats[line.sid] = seat
        members.move(seat, rooms)
        return seat, paper

    def emit(self, number: Json, audience: Audience = Audience.ALL, *users: str, role: str = "") -> None:
        self.rooms.emit([Emission("e", number, audience, users, role)])


async def quiet(house: House) -> None:
    async with asyncio.timeout(60):
        while house.rooms._pending:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)


async def test_in_order_and_never_before_emit_returns() -> None:
    house = House()
    _, paper = house.enter("ada", "all")
    for number in range(5):
        house.emit(number)
    assert paper.written == []
    await quiet(house)
    assert paper.events == [0, 1, 2, 3, 4]


async def test_one_message_for_everybody() -> None:
    house = House()
    papers = [house.enter(str(number), "all")[1] for number in range(3)]
    house.emit({"a": 1})
    await quiet(house)
    assert papers[0].frames[0] is papers[1].frames[0] is papers[2].frames[0]


async def test_a_large_room_does_not_keep_the_loop() -> None:
    house = House()
    papers = [house.enter(str(number), "all")[1] for number in range(3000)]
    house.rooms.turn = 0.0
    house.emit(1)
    house.emit(2)
    turns = 0
    while house.rooms._pending:
        turns += 1
        await asyncio.sleep(0)
    assert turns > 1000
    assert all(paper.events == [1, 2] for paper in papers)


async def test_who_comes_and_goes_while_an_event_is_on_its_way() -> None:
    house = House()
    seats = [house.enter(str(number), "all", "user x") for number in range(5)]
    house.rooms.turn = 0.0
    house.emit(1, Audience.USERS, "x")
    await asyncio.sleep(0)
    house.rooms.members.basic_disconnect("4", "/")
    house.rooms.members.move(seats[3][0], ("all",))
    seats[2][0].client.expired = True  # type: ignore[union-attr, misc]
    late = house.enter("late", "all", "user x")[1]
    house.emit(2)
    await quiet(house)
    assert [paper.events for _, paper in seats] == [[1, 2], [1, 2], [], [2], []]
    assert late.events == [2]


async def test_more_than_can_wait_is_delivered_at_once() -> None:
    house = House()
    _, paper = house.enter("ada", "all")
    house.rooms.most_pending = 3
    for number in range(10):
        house.emit(number)
    assert paper.events == list(range(7))
    await quiet(house)
    assert paper.events == list(range(10))


async def test_whose_line_fails_keeps_nothing_from_the_others() -> None:
    house = House()
    papers = [house.enter(str(number), "all")[1] for number in range(3)]

    def fail(frame: bytes, /) -> None:
        raise OSError

    papers[1].send_frame = fail  # type: ignore[method-assign]
    house.emit(1)
    await quiet(house)
    assert [paper.events for paper in papers] == [[1], [], [1]]


async def test_nothing_is_delivered_after_the_end() -> None:
    house = House()
    _, paper = house.enter("ada", "all")
    house.emit(1)
    house.rooms.close()
    house.emit(2)
    await asyncio.sleep(0)
    assert paper.events == []


async def test_a_line_that_is_full() -> None:
    house = House()
    seat, paper = house.enter("ada", "all")
    paper.paused = True
    text = "x" * 10_000
    for _ in range(100):
        house.emit(text)
    await quiet(house)
    assert seat.behind
    assert seat.line._size <= FULL + 11_000
    for _ in range(200):
        seat.line.put(b"4" + text.encode())
    assert seat.line.closed
    assert paper.closed
    assert house.left == ["line ada"]
    assert MOST_WAITING > FULL


def test_rooms_are_those_of_the_user() -> None:
    user = CurrentUser("member", 1, {"id": 7, "email": "a@b", "teams": ["x"]}, None, verified=True)
    assert rooms_of(user, "id", anonymous=True) == ("all", role_room("member"), user_room("7"))
    assert rooms_of(user, "email", anonymous=True) == ("all", role_room("member"), user_room("a@b"))
    assert rooms_of(user, "teams", anonymous=True) == ("all", role_room("member"))
    nobody = CurrentUser("anonymous", 0, {"id": "7"}, None, verified=False)
    assert rooms_of(nobody, "id", anonymous=True) == ("all", role_room("anonymous"))
    assert rooms_of(nobody, "id", anonymous=False) == ()


@pytest.mark.parametrize(
    ("value", "name"), [("a", "a"), ("", None), (5, "5"), (True, None), (None, None), (1.5, None), ([], None)]
)
def test_names(value: Json, name: str | None) -> None:
    assert name_of(value) == name


def test_a_user_is_not_taken_for_a_role() -> None:
    assert user_room("x") != role_room("x") != "all"


async def test_what_waits_for_clients_that_poll_is_there_once() -> None:
    message = Message(b"42" + orjson.dumps(["big", "x" * 60_000]))
    lines = [Line(f"line {number}", None, lambda line, reason: None) for number in range(200)]
    tracemalloc.start()
    try:
        for line in lines:
            line.share(message)
            line.share(message)
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()
    assert {line.taken() for line in lines[1:]} == {message.text + b"\x1e" + message.text}
    paper = Paper()
    lines[0].take(paper)
    assert paper.written == [message.text] * 2
    assert all(isinstance(text, bytes) for text in paper.written)
