"""Pages of Markdown made of tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *(list(map(cell, row)) for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    return f"`{text}`"


def listed(names: Iterable[str]) -> str:
    return ", ".join(map(code, names))


def page(*paragraphs: str) -> str:
    return "\n\n".join(paragraphs) + "\n"
