"""When a schedule comes, held against looking at every minute; above all where clocks are set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tidegate.schema.cron import CronError, check_cron, next_time, read_zone

MINUTE = timedelta(minutes=1)

EDGES = {
    "Europe/Berlin": [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)],
    "America/New_York": [datetime(2026, 3, 8, 7, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC)],
    # Half an hour.
    "Australia/Lord_Howe": [datetime(2026, 4, 4, 15, tzinfo=UTC), datetime(2026, 10, 3, 15, 30, tzinfo=UTC)],
    # At midnight: a day that has no 00:00, and one that has two.
    "America/Santiago": [datetime(2026, 9, 6, 4, tzinfo=UTC), datetime(2026, 4, 5, 3, tzinfo=UTC)],
    "Africa/Cairo": [datetime(2026, 4, 23, 22, tzinfo=UTC), datetime(2026, 10, 29, 21, tzinfo=UTC)],
    # A day that never was.
    "Pacific/Apia": [datetime(2011, 12, 30, 10, tzinfo=UTC)],
    "Asia/Kathmandu": [datetime(2026, 2, 15, 2, tzinfo=UTC)],
    "UTC": [datetime(2026, 12, 31, 23, tzinfo=UTC)],
}


@cache
def numbers(field: str, lowest: int, highest: int) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        low, high = (lowest, highest) if span == "*" else (int(first), int(last or first))
        found |= set(range(low, (highest if step and not last else high) + 1, int(step or 1)))
    return frozenset(found)


def shows(cron: str, time: datetime) -> bool:
    """Whether a clock that shows this time is meant."""
    minute, hour, day, month, weekday = cron.split()
    number = time.isoweekday() % 7
    days, weekdays = time.day in numbers(day, 1, 31), bool({number, number or 7} & numbers(weekday, 0, 7))
    right_day = days and weekdays if day[0] == "*" or weekday[0] == "*" else days or weekdays
    right_time = time.minute in numbers(minute, 0, 59) and time.hour in numbers(hour, 0, 23)
    return right_time and right_day and time.month in numbers(month, 1, 12)


def local(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def expected(cron: str, zone: ZoneInfo, after: datetime, until: datetime) -> list[datetime]:
    """Every minute that passes is looked at, and what the clock shows then."""
    minutes = [after.replace(second=0) + MINUTE * number for number in range(int((until - after) / MINUTE) + 2)]
    if any(field.startswith("*") for field in cron.split()[:2]):
        return [minute for minute in minutes if after < minute <= until and shows(cron, local(minute, zone))]
    found: list[datetime] = []
    # Long before, so that what clocks have shown is known.
    seen = local(after - timedelta(days=2), zone)
    for minute in (after.replace(second=0) - timedelta(days=2) + MINUTE * number for number in range(10**6)):
        if minute > until:
            return found
        skipped = False
        while seen < local(minute, zone):
            seen += MINUTE
            skipped = skipped or shows(cron, seen)
        if skipped and minute > after:
            found.append(minute)
    raise AssertionError


@st.composite
def fields(draw: st.DrawFn, lowest: int, highest: int) -> str:
    number = st.integers(lowest, highest)
    match draw(st.integers(0, 4)):
        case 0:
            return "*"
        case 1:
            return f"*/{draw(st.sampled_from([2, 5, 7, 15, 20, 30]))}"
        case 2:
            first, last = sorted((draw(number), draw(number)))
            return f"{first}-{last}"
        case 3:
            return ",".join(str(each) for each in draw(st.lists(number, min_size=2, max_size=3)))
        case _:
            return str(draw(number))


@st.composite
def crons(draw: st.DrawFn) -> str:
    hour = draw(st.one_of(st.integers(0, 3).map(str), fields(0, 23)))
    rest = draw(st.one_of(st.just("* * *"), st.tuples(fields(1, 28), st.just("*"), fields(0, 7)).map(" ".join)))
    return f"{draw(fields(0, 59))} {hour} {rest}"


@settings(max_examples=40, deadline=None)
@example(zone="Europe/Berlin", edge=0, cron="30 2 * * *", before=60)
@example(zone="Europe/Berlin", edge=1, cron="30 2 * * *", before=60)
@example(zone="Europe/Berlin", edge=1, cron="45 2 * * *", before=-75)
@example(zone="Europe/Berlin", edge=1, cron="*/30 2 * * *", before=60)
@example(zone="America/Santiago", edge=0, cron="*/10 1 * * 0", before=600)
@example(zone="Australia/Lord_Howe", edge=0, cron="* 2 * * *", before=500)
@given(zone=st.sampled_from(sorted(EDGES)), edge=st.integers(0, 1), cron=crons(), before=st.integers(-90, 600))
def test_next_times(zone: str, edge: int, cron: str, before: int) -> None:
    moment = EDGES[zone][edge % len(EDGES[zone])]
    after, until = moment - MINUTE * before + timedelta(seconds=before % 60), moment + timedelta(hours=14)
    found: list[datetime] = []
    following = next_time(cron, ZoneInfo(zone), after)
    while following is not None and following <= until:
        found.append(following)
        following = next_time(cron, ZoneInfo(zone), following)
    assert found == expected(cron, ZoneInfo(zone), after, until)


def test_a_skipped_time_comes_after_the_gap_and_one_shown_twice_comes_once() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    spring = next_time("30 2 * * *", berlin, datetime(2026, 3, 28, 12, tzinfo=UTC))
    assert spring == datetime(2026, 3, 29, 1, tzinfo=UTC)
    autumn = next_time("30 2 * * *", berlin, datetime(2026, 10, 24, 12, tzinfo=UTC))
    assert autumn == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert next_time("30 2 * * *", berlin, autumn) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("cron", ["* * * * *", "0 7 * * MON-FRI", "5,35 */2 1-7 jan,dec 7", "0 0 L * *", "0 0 29 2 *"])
def test_what_is_a_schedule(cron: str) -> None:
    check_cron(cron)


NONE = (
    *("", "daily", "@daily", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *"),
    *("* * * * 8", "*/0 * * * *", "5-1 * * * *", "0 0 30 2 *", "0 0 * * FOO", "a * * * *", "1- * * * *", "é * * * *"),
    "0 " * 500,
)


@pytest.mark.parametrize("cron", NONE)
def test_what_is_none(cron: str) -> None:
    with pytest.raises(CronError):
        check_cron(cron)


@pytest.mark.parametrize("name", ["Europe/Berln", "Europe", "../etc/passwd", "/etc/localtime", "", "a\0b", "x" * 300])
def test_what_is_no_time_zone(name: str) -> None:
    with pytest.raises(CronError):
        read_zone(name)


def test_a_time_zone_that_was_misspelled() -> None:
    with pytest.raises(CronError) as raised:
        read_zone("Europe/Berln")
    assert raised.value.hint == 'Did you mean "Europe/Berlin"?'
