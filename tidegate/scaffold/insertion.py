"""Adds lines to a GraphQL text that a person wrote, and changes nothing else in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_TOKEN: Final = re.compile(r'#[^\n]*|"""(?:\\"""|[^"]|"(?!""))*"""|"(?:\\.|[^"\\\n])*"|[A-Za-z_]\w*|\S')


class NoSuchType(Exception):
    """The text does not define the type."""


def add_to_type(text: str, name: str, lines: str) -> str:
    """`text` with `lines` before the brace that closes the type, enum or input `name`. Raises `NoSuchType`."""
    close = _closing_brace(text, name)
    return f"{text[:close].rstrip()}\n{lines}{text[close:]}"


def add_definition(text: str, definition: str) -> str:
    """`text` with a definition after it."""
    return f"{text.rstrip()}\n\n{definition}" if text.strip() else definition


def _closing_brace(text: str, name: str) -> int:
    tokens = _tokens(text)
    previous = ""
    for sign, _ in tokens:
        if sign == name and previous in ("type", "enum", "input"):
            break
        previous = sign
    depth = 0
    for sign, index in tokens:
        depth += (sign == "{") - (sign == "}")
        if sign == "}" and depth == 0:
            return index
    raise NoSuchType(name)


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    """Words and signs with their places; comments and texts are skipped."""
    for found in _TOKEN.finditer(text):
        if found[0][0] not in '#"':
            yield found[0], found.start()
