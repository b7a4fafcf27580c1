"""Events that are kept for those who were away."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tidegate.core.limits import Limits
from tidegate.realtime import history
from tidegate.realtime.history import Event, History

ROOMS = ("all", "role a", "user 1", "user 2")


def add(kept: History, *rooms: str, now: float = 0.0, text: str = "x") -> Event:
    return kept.add(b'42["e","%b"' % text.encode(), frozenset(rooms), now)


def offsets(events: list[Event] | None) -> list[int] | None:
    return None if events is None else [event.offset for event in events]


def test_a_message_with_and_without_its_offset() -> None:
    kept = History(Limits)
    add(kept, "all")
    event = add(kept, "all")
    assert (event.plain.text, event.marked.text) == (b'42["e","x"]', b'42["e","x","2"]')


def test_what_followed_in_ones_rooms() -> None:
    kept = History(Limits)
    for rooms in (["all"], ["user 1"], ["user 2"], ["user 1", "user 2"], ["role a"]):
        add(kept, *rooms)
    assert offsets(kept.missed(0, ["all", "user 1"], 0)) == [1, 2, 4]
    assert offsets(kept.missed(2, ["all", "user 1"], 0)) == [4]
    assert offsets(kept.missed(5, ["all", "user 1"], 0)) == []
    assert offsets(kept.missed(0, [], 0)) == []


def test_too_many() -> None:
    kept = History(lambda: replace(Limits(), eventsKept=2))
    add(kept, "user 1")
    for _ in range(3):
        add(kept, "user 2")
    assert kept.missed(0, ["user 1"], 0) is None
    assert offsets(kept.missed(1, ["user 1"], 0)) == []
    assert kept.missed(1, ["user 1", "user 2"], 0) is None
    assert offsets(kept.missed(2, ["user 1", "user 2"], 0)) == [3, 4]


def test_too_much() -> None:
    kept = History(lambda: replace(Limits(), eventsBytes=2000))
    for _ in range(3):
        add(kept, "all", text="x" * 400)
    assert kept.missed(0, ["all"], 0) is None
    assert offsets(kept.missed(1, ["all"], 0)) == [2, 3]
    add(kept, "all", text="x" * 4000)
    assert kept.missed(3, ["all"], 0) is None
    assert offsets(kept.missed(4, ["all"], 0)) == []


def test_too_old() -> None:
    kept = History(lambda: replace(Limits(), eventsAge=10.0))
    add(kept, "all", now=0)
    add(kept, "all", now=5)
    assert offsets(kept.missed(0, ["all"], 10)) == [1, 2]
    assert kept.missed(0, ["all"], 11) is None
    assert offsets(kept.missed(1, ["all"], 11)) == [2]
    assert kept.missed(1, ["all"], 100) is None
    assert offsets(kept.missed(2, ["all"], 100)) == []


def test_what_is_known_of_forgotten_events_has_an_end() -> None:
    kept = History(lambda: replace(Limits(), eventsKept=1))
    for number in range(history.MOST_ROOMS + 10):
        add(kept, f"user {number}")
    assert len(kept._forgotten) == history.MOST_ROOMS
    # Rather too much than too little: of the first it is not known any more that nothing of theirs was forgotten.
    assert kept.missed(5, ["user 0"], 0) is None
    assert offsets(kept.missed(9, ["user 0"], 0)) == []
    assert offsets(kept.missed(9, ["user of nobody"], 0)) == []


@given(
    st.lists(st.tuples(st.sets(st.sampled_from(ROOMS), min_size=1), st.integers(0, 3)), max_size=40),
    st.integers(1, 12),
    st.sets(st.sampled_from(ROOMS)),
    st.integers(0, 40),
)
def test_all_of_it_or_none(events: list[tuple[set[str], int]], most: int, rooms: set[str], since: int) -> None:
    """Whatever was kept and forgotten, the answer is what an endless memory gives, or none; and none only where
    something is missing."""
    kept = History(lambda: replace(Limits(), eventsKept=most, eventsAge=6.0))
    now, all_of_it = 0.0, []
    for wanted, pause in events:
        now += pause
        all_of_it.append(add(kept, *wanted, now=now))
    since = min(since, kept.head)
    expected = [event for event in all_of_it if event.offset > since and event.rooms & rooms]
    gone = [event for event in expected if event.offset <= kept.head - most or now - event.at > 6.0]
    assert kept.missed(since, sorted(rooms), now) == (None if gone else expected)


def test_events_for_very_many_users() -> None:
    """Forgetting a room costs the same however many there were: this would take minutes otherwise."""
    kept = History(lambda: replace(Limits(), eventsKept=1, eventsBytes=10**9))
    names = [f"user {number}" for number in range(200_000)]
    for _ in range(3):
        add(kept, *names)
    assert kept.missed(1, ["user 7"], 0) is None
    assert offsets(kept.missed(2, ["user 7"], 0)) == [3]


def test_the_names_of_users_count() -> None:
    kept = History(lambda: replace(Limits(), eventsBytes=250_000))
    names = [f"user {number}" for number in range(1000)]
    for _ in range(3):
        add(kept, *names)
    assert kept.missed(0, ["user 1"], 0) is None
    assert offsets(kept.missed(1, ["user 1"], 0)) == [2, 3]
