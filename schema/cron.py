"""`0 7 * * *` and a time zone -> moments.

As Debian's cron has it: a time that clocks skip in spring is the first moment after the gap, and one that they show
twice in autumn is the first of the two. Where the minute or the hour begins with `*`, it is about the time that passes:
nothing is done in the gap, and everything happens in both of the hours that have the same name.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from tidegate.core.problems import did_you_mean

_SAMPLE: Final = datetime(2024, 1, 1)  # noqa: DTZ001 - no zone has a part in it
_LONGEST: Final = 200
_NONE: Final = timedelta()
_MINUTE: Final = timedelta(minutes=1)


class CronError(ValueError):
    """What is written is no schedule. `sentence` says why; `hint` may be empty."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint


def check_cron(cron: str) -> None:
    """Raises `CronError`."""
    fields = cron.split()
    if len(cron) > _LONGEST or len(fields) != 5:
        hint = "minute, hour, day of the month, month, day of the week: 0 7 * * 1-5."
        raise CronError(f'"{cron[:_LONGEST]}" has not the five fields of cron.', hint)
    try:
        next(CronSim(cron, _SAMPLE))
    except CronSimError as error:
        part = str(error).removeprefix("Bad ").replace("-", " ")
        raise CronError(f'"{cron}" is not a schedule of cron: its {part} cannot be read.') from None
    except StopIteration:
        raise CronError(f'"{cron}" never comes.') from None


def read_zone(name: str) -> ZoneInfo:
    """Raises `CronError`."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        hint = did_you_mean(name, available_timezones()) or "Write it like Europe/Berlin."
        raise CronError(f'"{name}" is not a time zone.', hint) from None


def next_time(cron: str, zone: ZoneInfo, after: datetime) -> datetime | None:
    """The first moment later than `after`, in UTC; none where the calendar ends before."""
    shown = after.astimezone(zone)
    # Hours that clocks show twice: what they have shown already may come again.
    again = (shown.replace(fold=0).utcoffset() or _NONE) - (shown.replace(fold=1).utcoffset() or _NONE)
    begin = shown.replace(tzinfo=None) - max(again, _NONE)
    minute, hour = cron.split()[:2]
    passing = minute.startswith("*") or hour.startswith("*")
    best: datetime | None = None
    # cronsim is asked about clocks without a zone: with one, it misses whole days that begin in a gap (2.8).
    for time in CronSim(cron, begin):
        moments = _passing(time, zone) if passing else [_first(time, zone)]
        best = min((moment for moment in [*moments, best] if moment is not None and moment > after), default=None)
        if best is not None and best <= time.replace(tzinfo=zone).astimezone(UTC):
            return best
    return best


def _passing(time: datetime, zone: ZoneInfo) -> list[datetime]:
    """When clocks show this: once, never or twice."""
    moments = {time.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return [moment for moment in moments if moment.astimezone(zone).replace(tzinfo=None, fold=0) == time]


def _first(time: datetime, zone: ZoneInfo) -> datetime:
    """When clocks first show this, or if they skip it, are past it."""
    while not (moments := _passing(time, zone)):
        time += _MINUTE
    return min(moments)


def times(cron: str, zone: ZoneInfo, after: datetime, until: datetime) -> list[datetime]:
    """All moments later than `after` and not later than `until`."""
    found: list[datetime] = []
    moment = next_time(cron, zone, after)
    while moment is not None and moment <= until:
        found.append(moment)
        moment = next_time(cron, zone, moment)
    return found
