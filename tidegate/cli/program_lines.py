"""What programs write to their console, for whoever runs an operation by hand."""

from __future__ import annotations

import logging
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


def show_programs() -> None:
    """In the place of the log's own words for them."""
    logger = logging.getLogger("tidegate.programs")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.handlers = [ProgramLines()]
