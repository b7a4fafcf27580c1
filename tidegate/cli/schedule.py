"""`tidegate schedule`: what the clock will run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click
from rich.text import Text

from tidegate.cli.console import note, say
from tidegate.cli.parameters import examples, folder_argument
from tidegate.cli.project import offline

if TYPE_CHECKING:
    from tidegate.core.triggers import Schedule

_PARTS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


@click.command("schedule", epilog=examples("tidegate schedule desk", "tidegate schedule desk --next 50"))
@folder_argument
@click.option(
    "--next", "most", metavar="N", type=click.IntRange(1, 10_000), default=10, help="How many times. Default: 10."
)
def command(folder: Path, most: int) -> None:
    """Print what is scheduled, and when it runs next.

    Each line is a time in the schedule's own time zone, how long it is until then, the operation, and the role that
    runs it. Needs no environment; `tidegate serve` is what runs it.
    """
    catalog = offline(folder)
    if not catalog.schedules:
        note('Nothing is scheduled. An operation has a schedule: "0 7 * * *".')
        return
    now = datetime.now(UTC)
    coming = merge(*(_times(schedule, now) for schedule in catalog.schedules), key=lambda entry: entry[0])
    width = max(len(schedule.zone) for schedule in catalog.schedules)
    for moment, schedule in islice(coming, most):
        shown = moment.astimezone(ZoneInfo(schedule.zone)).strftime("%a %Y-%m-%d %H:%M %z")
        say(
            Text.assemble(
                f"{shown}  {schedule.zone:{width}}  ",
                (f"{'in ' + _until((moment - now).total_seconds()):14}", "dim"),
                (f"  {schedule.name}", "bold"),
                f"  as {schedule.user.role}",
            )
        )


def _times(schedule: Schedule, now: datetime) -> Iterator[tuple[datetime, Schedule]]:
    from tidegate.schema.cron import next_time

    moment = next_time(schedule.cron, ZoneInfo(schedule.zone), now)
    while moment is not None:
        yield moment, schedule
        moment = next_time(schedule.cron, ZoneInfo(schedule.zone), moment)


def _until(seconds: float) -> str:
    """The two largest parts: `2 d 3 h`."""
    left = int(seconds)
    found: list[str] = []
    for size, name in _PARTS:
        count, left = divmod(left, size)
        if count or found:
            found.append(f"{count} {name}")
    return " ".join(found[:2]) or "0 s"
