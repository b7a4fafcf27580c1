"""Marks in a program's text, which kernel/source.js puts there so that the engine knows where it is, and what is told
of places without them."""

from __future__ import annotations

import re
from typing import Final

_MARK: Final = re.compile(r"0x0;|\+?0\|0,")


def unmark(text: str, code: str, file: str) -> str:
    """`text` with the columns of each `file:line:column` as they were before `code` was marked."""
    if f"{file}:" not in text or not _MARK.search(code):
        return text
    lines = code.split("\n")

    def before(place: re.Match[str]) -> str:
        line, column = int(place[1]), int(place[2])
        if 0 < line <= len(lines):
            marks = (mark for mark in _MARK.finditer(lines[line - 1]) if mark.start() + 1 < column)
            column -= sum(min(mark.end() - mark.start(), column - mark.start() - 1) for mark in marks)
        return f"{file}:{line}:{column}"

    return re.sub(re.escape(file) + r":(\d{1,9}):(\d{1,9})", before, text)
