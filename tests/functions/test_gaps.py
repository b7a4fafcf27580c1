"""The gaps between attempts, exactly."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tidegate.core.flow import Retry
from tidegate.resolvers.course import gap

NUMBERS = st.integers(1, 100)
SECONDS = st.floats(0, 86400)
FACTORS = st.floats(1, 100)


def test_they_grow_by_the_factor_until_the_longest() -> None:
    retry = Retry(6, interval=0.5, factor=2, most=5)
    assert [gap(retry, number) for number in range(1, 7)] == [0.5, 1, 2, 4, 5, 5]


def test_they_are_equal_without_a_factor() -> None:
    assert [gap(Retry(3), number) for number in range(1, 4)] == [0.1, 0.1, 0.1]


@given(SECONDS, FACTORS, SECONDS)
def test_none_is_longer_than_the_longest_nor_shorter_than_the_one_before(
    interval: float, factor: float, most: float
) -> None:
    gaps = [gap(Retry(100, interval, factor, most), number) for number in range(1, 101)]
    assert gaps[0] == min(interval, most)
    assert all(one <= other <= most for one, other in pairwise(gaps))


@given(SECONDS, FACTORS, SECONDS, st.floats(0, 1), NUMBERS)
def test_chance_makes_them_shorter_by_a_part_at_most(
    interval: float, factor: float, most: float, jitter: float, number: int
) -> None:
    full = gap(Retry(100, interval, factor, most), number)
    some = gap(Retry(100, interval, factor, most, jitter), number)
    assert full * (1 - jitter) <= some <= full
