"""The steps of a run as lines for people, indented by nesting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rich.text import Text

from tidegate.cli.printable import duration, printable, size
from tidegate.core.runs import Failure, RunLine, StepRun

_WORDS: Final[Mapping[str, str]] = {
    "ask": "use",
    "run": "code",
    "invoke": "call",
    "branch": "if",
    "attempt": "try",
}
"""Kinds of steps as project files write them; the others are the same word."""

_LEVELS: Final = {"error": "red", "warn": "yellow"}

MARGIN: Final = 6
"""What the numbers take."""


def begun_line(step: StepRun, depth: int, note: str = "") -> Text:
    return _line(step, depth, ("▸ ", "cyan"), note)


def ended_line(step: StepRun, depth: int, note: str = "", *, known: bool = False, offset: bool = False) -> Text:
    """`known`: its failure was told already. `offset`: also when it began."""
    if step.seconds is None:
        line = _line(step, depth, ("… ", "yellow"), note)
        return line.append("  not ended", "yellow")
    line = _line(step, depth, ("✓ ", "green") if step.failure is None else ("✗ ", "red"), note)
    line.append(f"  {duration(step.seconds)}", "dim")
    if offset:
        line.append(f", at {duration(step.started)}", "dim")
    if step.attempts > 1:
        line.append(f"  {step.attempts} attempts", "yellow")
    if step.size is not None:
        line.append(f"  {size(step.size)}", "dim")
    if step.failure is not None:
        line.append_text(failure_text(step.failure, step.at, known=known))
    return line


def failure_text(failure: Failure, at: str = "", *, known: bool = False) -> Text:
    """`at`: where the step is, for one whose failure has no place in code."""
    if known:
        return Text(f"  {failure.code}", "red")
    text = Text(f"  {failure.code}: {printable(failure.message, MARGIN)}", "red")
    place = failure.place or at
    return text.append(f"  {printable(place)}", "bold red") if place else text


def program_line(line: RunLine, depth: int) -> Text:
    margin = MARGIN + 2 * depth + 2
    text = printable(line.text, margin + 2)
    return Text.assemble(" " * margin, ("│ ", "dim"), (text, _LEVELS.get(line.level, "")))


def repeats(line: RunLine, failure: Failure | None) -> bool:
    """Whether the line says nothing but what the failure of its step says."""
    if failure is None or line.level != "error":
        return False
    return line.text == (f"{failure.message} at {failure.place}" if failure.place else failure.message)


def same(one: Failure | None, other: Failure | None) -> bool:
    """Whether two steps, one within the other, failed of the same."""
    return one is not None and other is not None and (one.code, one.message) == (other.code, other.message)


def _line(step: StepRun, depth: int, mark: tuple[str, str], note: str) -> Text:
    label, word = printable(step.label), _WORDS.get(step.kind, step.kind)
    line = Text.assemble((f"{step.number:>4}  ", "dim"), "  " * depth, mark, (label, "bold"))
    if not label.startswith(word):
        line.append(f" ({word})", "dim")
    return line.append(f" {note}", "dim italic") if note else line
