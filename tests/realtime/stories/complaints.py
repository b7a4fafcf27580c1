"""What the gateway says went wrong inside, while stories are played on it."""

from __future__ import annotations

import logging


class Complaints(logging.Handler):
    """Keeps it, and whatever is worse."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(self.format(record))
