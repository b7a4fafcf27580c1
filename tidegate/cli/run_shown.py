"""Runs that were kept, for people: a table of them, and one in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.text import Text

from tidegate.cli.printable import as_json, duration, moment, printable, size
from tidegate.cli.step_lines import MARGIN, ended_line, failure_text, program_line, repeats, same
from tidegate.core.runs import Run, StepRun

SHORT: Final = 12
"""Of an id, so much is shown and is enough to find it."""

_TITLES: Final = ("id", "when", "function", "who", "origin", "ms", "steps", "result")
_RIGHT: Final = frozenset({5, 6})


def table(runs: Sequence[Run]) -> Iterator[Text]:
    rows = [_TITLES, *map(_row, runs)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_TITLES))]
    for number, row in enumerate(rows):
        line = Text()
        for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
            last = place == len(row) - 1
            padded = cell if last else cell.rjust(width) if place in _RIGHT else cell.ljust(width)
            style = "bold" if not number else ("green" if cell == "ok" else "red") if last else ""
            line.append(padded, style)
            if not last:
                line.append("  ")
        yield line


def in_full(run: Run, found: Mapping[str, Any]) -> Iterator[Text]:
    """`found` is the record: what was left out of it. Any: its JSON."""
    yield Text.assemble((run.function, "bold"), "  ", (run.id, "dim"))
    for name, value in _facts(run, found["cut"]):
        yield Text.assemble((f"  {name:<11}", "dim"), value)
    yield Text()
    yield from _steps(run)
    for count, what in ((found["skipped"], "step"), (found["unread"], "line")):
        if count:
            yield Text(f"      {count} more {what}{'' if count == 1 else 's'} not kept.", "yellow")


def who(run: Run) -> str:
    """The id of the user, and the role."""
    identity = run.user.get("id")
    return f"{'nobody' if identity is None else printable(str(identity))} ({run.role})"


def _row(run: Run) -> tuple[str, ...]:
    return (
        run.id[:SHORT],
        moment(run.began),
        run.function,
        who(run)[:40],
        run.origin,
        f"{(run.seconds or 0.0) * 1000:.1f}",
        str(len(run.steps) + run.skipped),
        "ok" if run.failure is None else run.failure.code,
    )


def _facts(run: Run, cut: Sequence[str]) -> Iterator[tuple[str, Text]]:
    yield "began", Text(f"{moment(run.began)}, {_ORIGINS.get(run.origin, run.origin)}")
    yield "who", Text(who(run))
    yield "user", Text("too long to be kept" if "user" in cut else as_json(run.user))
    yield "arguments", Text("too long to be kept" if "arguments" in cut else as_json(run.arguments))
    if run.masked:
        yield "private", Text(f"{', '.join(run.masked)}: not kept")
    answered = "" if run.responded is None else f", answered after {duration(run.responded)}"
    yield "took", Text(f"{duration(run.seconds or 0.0)}{answered}")
    if run.size is not None:
        yield "answer", Text(size(run.size))
    if run.failure is None:
        yield "result", Text("ok", "green")
    else:
        text = failure_text(run.failure)[2:]
        yield "result", text if run.responded is None else Text.assemble(text, "  after the answer")
        if run.failure.stack:
            yield "", Text(printable(run.failure.stack.rstrip(), 13), "dim")


_ORIGINS: Final[Mapping[str, str]] = {
    "client": "asked for by a client",
    "command": "by tidegate run",
    "console": "by the console",
    "schedule": "by the clock",
    "webhook": "by a webhook",
    "replay": "by tidegate runs replay",
}


def _steps(run: Run) -> Iterator[Text]:
    """A step comes before what is within it, for it is known how it ended."""
    inner: dict[int, list[StepRun]] = {}
    for step in run.steps:
        inner.setdefault(step.parent, []).append(step)

    def told(step: StepRun, depth: int) -> Iterator[Text]:
        within = inner.get(step.number, [])
        known = any(same(each.failure, step.failure) for each in within)
        yield ended_line(step, depth, known=known, offset=True)
        if step.failure is not None and step.failure.stack and not known and step.failure != run.failure:
            margin = MARGIN + 2 * depth + 2
            yield Text(" " * margin + printable(step.failure.stack.rstrip(), margin), "dim")
        for line in run.lines:
            if line.step == step.number and not repeats(line, step.failure):
                yield program_line(line, depth)
        for each in within:
            yield from told(each, depth + 1)

    for step in inner.get(0, []):
        yield from told(step, 0)
    for line in run.lines:
        if line.step == 0:
            yield program_line(line, -1)
