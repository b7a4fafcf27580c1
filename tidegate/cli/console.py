"""What people read: results on standard output, everything else on standard error. Plain where it is not a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TextIO

from rich.console import Console
from rich.text import Text

from tidegate.core.problems import Problem

LONGEST_EXCERPT: Final = 160


def console(stream: TextIO) -> Console:
    """A console on `stream`. Lines are never wrapped or interpreted: what is printed can be pasted."""
    # Without a terminal rich writes no escapes at all; NO_COLOR alone would leave it bold.
    terminal = is_colourful(stream)
    return Console(file=stream, force_terminal=terminal, soft_wrap=True, markup=False, highlight=False, emoji=False)


def is_colourful(stream: TextIO) -> bool:
    """Whether `stream` is a terminal whose owner has not asked for plain text (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def say(text: str | Text = "") -> None:
    """A line of the result."""
    console(sys.stdout).print(text)


def note(text: str | Text = "") -> None:
    """A line about what is happening, kept out of the result."""
    console(sys.stderr).print(text)


def complain(sentence: str) -> None:
    note(Text.assemble(("error: ", "bold red"), sentence))


def show_problems(problems: Sequence[Problem], folder: Path | None) -> None:
    """Each problem on a line of its own; in a terminal with the place in the file below it."""
    for problem in problems:
        note(_headline(problem))
        if folder is not None and is_colourful(sys.stderr):
            for line in _excerpt(problem, folder):
                note(line)
    note(Text(f"{len(problems)} problem{'' if len(problems) == 1 else 's'}.", "bold"))


def _headline(problem: Problem) -> Text:
    line = Text.assemble((str(problem.at), "bold"), ": ", (problem.sentence, "red"))
    return line.append(f" {problem.hint}", "green") if problem.hint else line


def _excerpt(problem: Problem, folder: Path) -> list[Text]:
    """The line of the file, and a caret under the column. Nothing where the file has no such line."""
    try:
        lines = (folder / problem.at.file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    if not 0 < problem.at.line <= len(lines):
        return []
    source, column = lines[problem.at.line - 1], problem.at.column
    # The part of a long line that the problem is in.
    start = max(0, column - LONGEST_EXCERPT // 2) if len(source) > LONGEST_EXCERPT else 0
    shown = source[start : start + LONGEST_EXCERPT].replace("\t", " ")
    gutter = f"  {problem.at.line} | "
    return [
        Text.assemble((gutter, "dim"), shown),
        Text.assemble((" " * (len(gutter) - 2) + "| ", "dim"), " " * (column - 1 - start), ("^", "bold red")),
    ]
