"""The events of a debug stream as lines for people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from rich.text import Text

from tidegate.cli.debug_stream import Event

SHOWN: Final = 5
"""Queries named of those that a change did not wake for one reason; of more, the number."""

_MARGIN: Final = " " * 18
_COLOURS: Final = {"sent": "green", "equal": "dim", "error": "red"}


class Telling:
    """Mutable: remembers the last number, to tell what was lost."""

    def __init__(self) -> None:
        self._last: int | None = None

    def lines(self, event: Event) -> Iterator[Text]:
        match event["kind"]:
            case "connected":
                self._last = None
                yield Text("Following. Stop with Ctrl+C.", "dim")
            case "lost":
                yield Text("The server is gone. Waiting for it.", "yellow")
            case "reload":
                self._last = None
                yield Text("The project was reloaded.", "yellow")
            case "change":
                yield from self._missing(event)
                yield _change(event)
                yield from _unmoved(event)
            case "refresh":
                yield from self._missing(event)
                yield _refresh(event)
            case _:
                # Of a newer server.
                pass

    def _missing(self, event: Event) -> Iterator[Text]:
        number = event["number"]
        if self._last is not None and number > self._last + 1:
            yield Text(f"{number - self._last - 1} events were lost: more happens than can be told.", "yellow")
        self._last = number


def _change(event: Event) -> Text:
    said = [_touch(touch) for touch in event["touches"]]
    if event["named"]:
        said.append(f"names {', '.join(event['named'])}")
    woken = event["woken"]
    said.append(f"wakes {woken} quer{'y' if woken == 1 else 'ies'}" if woken else "wakes none")
    return Text.assemble(
        (_time(event), "dim"),
        ("  change   ", "bold cyan"),
        (f"{event['cause']} #{event['number']}", "bold"),
        f"  {'; '.join(said)}",
    )


def _refresh(event: Event) -> Text:
    cause = event["cause"] if event["change"] is None else f"{event['cause']} #{event['change']}"
    if event["coalesced"]:
        cause += f" and {event['coalesced']} more"
    said = [f"because of {cause}" if event["change"] is not None else cause]
    if event["read"] is not None:
        said.append(_read(event))
    elif event["change"] is not None:
        said.append("it is named by refresh:")
    watchers, batch = event["watchers"], event["batch"]
    said.append(f"{watchers} subscriber{'' if watchers == 1 else 's'}")
    said.append(f"{event['ms']:.1f} ms" + (f" for {batch} queries" if batch > 1 else ""))
    said.append(f"{event['bytes']} B")
    outcome = {"sent": "sent", "equal": "equal, not sent"}.get(event["outcome"], f"error {event['error']}")
    return Text.assemble(
        (_time(event), "dim"),
        ("  refresh  ", "bold magenta"),
        (f"{event['operation']} {event['query'][:6]}", "bold"),
        (f" ({event['role']})", "dim"),
        f"  {'; '.join(said)}; ",
        (outcome, _COLOURS.get(event["outcome"], "")),
    )


def _unmoved(event: Event) -> Iterator[Text]:
    groups: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for each in event["unmoved"]:
        groups[each["operation"], each["because"]].append(each["query"][:6])
    for (operation, because), queries in groups.items():
        which = " ".join(queries) if len(queries) <= SHOWN else f"{len(queries)} of it"
        yield Text(f"{_MARGIN}not {operation} {which}: {because}", "dim")


def _touch(touch: Event) -> str:
    table = touch["table"] or "anything in the database"
    columns = touch["columns"]
    rows = touch["rows"]
    # Before and after are two: how many rows there were is not told.
    which = "" if rows is not None else ", any row"
    return f"{table} ({', '.join(columns) if columns is not None else 'whole rows'}{which})"


def _read(event: Event) -> str:
    read, touch = event["read"], event["touch"]
    if read["table"] is None:
        return "it may read anything in the database"
    by = f" by {', '.join(read['keys'])}" if read["keys"] else ", any row"
    shared = None
    if read["columns"] is not None and touch is not None and touch["columns"] is not None:
        shared = sorted(set(read["columns"]) & set(touch["columns"]))
    return f"it reads {read['table']}{by}" + (f": {', '.join(shared)}" if shared else "")


def _time(event: Event) -> str:
    return datetime.fromtimestamp(event["at"]).astimezone().strftime("%H:%M:%S")
