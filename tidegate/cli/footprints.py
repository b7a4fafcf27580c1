"""What an operation reads and writes, as lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from rich.text import Text

from tidegate.core.footprint import Touch
from tidegate.core.operation import Kind
from tidegate.description.actions import actions_of, describe_action
from tidegate.description.explanation import Condition, Explained, Grade, Seen

ASSUMED: Final = Text("From the project alone. With --online the database says more: keys, views, triggers.", "dim")

_COLOURS: Final = {Grade.EXACT: "green", Grade.KEYED: "green", Grade.TABLE: "yellow", Grade.OPAQUE: "red"}
_WIDEST: Final = 88
_ANYTHING: Final = "anything in the database"


def show(explained: Explained) -> Iterator[Text]:
    operation = explained.operation
    head = Text.assemble((f"{operation.kind} ", "dim"), (operation.name, "bold"), (f" ({operation.min_role})", "dim"))
    if explained.grade is not None:
        head.append(f"  {explained.grade}", _COLOURS[explained.grade])
    queries = operation.kind is Kind.QUERY
    if queries and operation.live is None:
        head.append("  live: false", "dim")
    yield head
    for seen in explained.reads:
        yield from _read(seen)
    for action in actions_of(operation):
        yield Text(f"  runs {describe_action(action)}")
    for touch in explained.touches:
        yield from _touch(touch)
    if explained.why:
        yield Text(f"  because {explained.why}", "red")
    yield from _list("  is refreshed by " if queries else "  may refresh ", explained.others or ("nothing",))
    if explained.more:
        yield from _list(f"  with relations or a higher role also {'by ' if queries else ''}", explained.more)
    if not queries:
        yield from _author(explained)


def _read(seen: Seen) -> Iterator[Text]:
    if seen.table is None:
        yield Text(f"  reads {_ANYTHING}")
        return
    where = " and ".join(_condition(each) for each in sorted(seen.conditions, key=lambda each: each.column))
    yield Text.assemble("  reads ", (seen.table, "cyan"), f" where {where}" if where else ", any row")
    yield from _list("    columns ", ("all",) if seen.columns is None else sorted(seen.columns), "dim")


def _condition(condition: Condition) -> str:
    values = condition.values
    text = f"{condition.column} = {values[0]}" if len(values) == 1 else f"{condition.column} in ({', '.join(values)})"
    return f"{text} (if sent)" if condition.optional else text


def _touch(touch: Touch) -> Iterator[Text]:
    if touch.table is None:
        yield Text(f"  writes {_ANYTHING}")
    elif touch.columns is None:
        yield Text.assemble("  writes ", (touch.table, "cyan"), ", whole rows")
    else:
        yield Text.assemble("  writes ", (touch.table, "cyan"), f": {', '.join(sorted(touch.columns))}")


def _author(explained: Explained) -> Iterator[Text]:
    """What the author's `refresh:` adds and takes away."""
    refresh = explained.operation.refresh
    if not refresh.derived:
        yield Text("  refresh: only what its author names, whatever it writes", "yellow")
    elif refresh.queries:
        yield from _list("  refresh: in any case ", sorted(refresh.queries), "dim")


def _list(before: str, names: Iterable[str], style: str = "") -> Iterator[Text]:
    """Names with commas between them, on as many lines as they need, below each other."""
    line = ""
    lead = before
    for name in names:
        if line and len(before) + len(line) + 2 + len(name) > _WIDEST:
            yield Text(f"{lead}{line},", style)
            line, lead = "", " " * len(before)
        line = f"{line}, {name}" if line else name
    yield Text(f"{lead}{line}", style)
