"""When a server is left alone."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tidegate.resolvers.integrations.upstream.breaker import Breaker, Breaking, Passage
from tidegate.resolvers.integrations.upstream.retries import LONGEST, asked_to_wait, pause

FREE, PROBE, NONE = Passage.FREE, Passage.PROBE, Passage.NONE


def test_it_shuts_after_failures_in_a_row_and_one_request_decides() -> None:
    breaker = Breaker(Breaking(3, 10))
    assert [breaker.failed(0), breaker.failed(1), breaker.succeeded()] == [False, False, False]
    assert [breaker.failed(2), breaker.failed(3), breaker.failed(4)] == [False, False, True]
    assert [breaker.enter(5), breaker.enter(13)] == [NONE, NONE]
    assert [breaker.enter(14), breaker.enter(14), breaker.enter(99)] == [PROBE, NONE, NONE]
    assert not breaker.failed(15)
    assert [breaker.enter(24), breaker.enter(25), breaker.enter(25)] == [NONE, PROBE, NONE]
    breaker.abandoned(PROBE)
    assert breaker.enter(26) is PROBE
    assert breaker.succeeded()
    assert [breaker.enter(26), breaker.enter(26), breaker.failed(27)] == [FREE, FREE, False]


def test_it_can_be_done_without() -> None:
    breaker = Breaker(Breaking(0, 10))
    assert [breaker.failed(0) for _ in range(100)] == [False] * 100
    assert breaker.enter(0) is FREE


@given(st.lists(st.sampled_from(["enter", "fail", "succeed", "abandon", "wait"])))
def test_nobody_is_kept_out_for_ever_and_there_is_one_probe(moves: list[str]) -> None:
    breaker, now, inside = Breaker(Breaking(2, 10)), 0.0, [Passage.FREE][:0]
    for move in moves:
        match move:
            case "enter" if (passage := breaker.enter(now)) is not NONE:
                inside.append(passage)
            case "fail" if inside:
                inside.pop()
                breaker.failed(now)
            case "succeed" if inside:
                inside.pop()
                breaker.succeeded()
            case "abandon" if inside:
                breaker.abandoned(inside.pop())
            case "wait":
                now += 3
    for passage in inside:
        breaker.abandoned(passage)
    assert breaker.enter(now + 100) in (FREE, PROBE)


@given(st.integers(0, 1000), st.floats(0, 1))
def test_pauses(attempt: int, luck: float) -> None:
    assert 0 < pause(attempt, luck) <= LONGEST
    assert pause(attempt, luck) <= pause(attempt, 0) <= pause(attempt + 1, 0)


def test_when_a_server_says_to_come_back() -> None:
    now = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
    for said, seconds in {
        "": None,
        "5": 5.0,
        "-1": None,
        "soon": None,
        "Sat, 21 Nov 2026 12:00:30 GMT": 30.0,
        "Sat, 21 Nov 2026 11:00:00 GMT": 0.0,
        "9" * 500: 999999999.0,
    }.items():
        assert asked_to_wait({"retry-after": said}, now) == seconds
