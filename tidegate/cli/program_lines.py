"""What programs write to their console, for whoever runs an operation by hand."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.text import Text

from tidegate.cli.console import note
from tidegate.core.call import Line

_STYLES: Final = {"error": "red", "warn": "yellow"}


class ProgramLines(logging.Handler):
    """Lines as their authors wrote them, and where what failed did."""

    def emit(self, record: logging.LogRecord) -> None:
        line = getattr(record, "line", None)
        if isinstance(line, Line):
            note(Text.assemble((f"{line.program}: ", "dim"), (line.text, _STYLES.get(line.level, ""))))


@contextmanager
def programs_shown(*, elsewhere: bool = False) -> Iterator[None]:
    """In the place of the log's own words for them; nowhere, if they are shown `elsewhere`."""
    logger = logging.getLogger("tidegate.programs")
    lines = logging.NullHandler() if elsewhere else ProgramLines()
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(lines)
    try:
        yield
    finally:
        logger.removeHandler(lines)
        logger.propagate = True
        logger.setLevel(level)
