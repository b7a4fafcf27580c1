"""A script of MySQL -> its statements, each with the line it starts on.

Semicolons in texts, names and comments end nothing, nor do those in the body of a trigger or a routine (between BEGIN
or CASE and its END). `DELIMITER $$` changes what ends a statement, as in MySQL's own client.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_TOKEN: Final = re.compile(
    r"(?P<skip>/\*(?![!M]).*?(?:\*/|$)|--(?=\s|$)[^\n]*|\#[^\n]*)"
    r"|(?P<whole>'(?:[^'\\]|''|\\.)*'|\"(?:[^\"\\]|\"\"|\\.)*\"|`(?:[^`]|``)*`)"
    r"|(?P<delimiter>(?<![^\n])[ \t]*delimiter[ \t]+\S+[ \t]*(?=\n|\Z))"
    r"|(?P<word>[^\W\d][\w$]*)",
    re.DOTALL | re.IGNORECASE,
)

_HAS_BODY: Final = re.compile(
    r"\s*create\s(?:(?!\bas\b).)*?\b(?:trigger|procedure|function|event|package)\b", re.IGNORECASE | re.DOTALL
)

_OPENS: Final = frozenset({"begin", "case"})
_LOOPS: Final = frozenset({"if", "loop", "while", "repeat"})
"""`END IF` and the like close what no BEGIN opened."""


def statements(script: str) -> Iterator[tuple[int, str]]:
    """Without what ends them. What is only blank or comment is none."""
    start, at, end = 0, 0, ";"
    body = _Body()
    while at < len(script):
        if script.startswith(end, at) and not (end == ";" and body.is_open):
            yield from _statement(script, start, at, body)
            at += len(end)
            start, body = at, _Body()
            continue
        token = _TOKEN.match(script, at)
        if token is None:
            body.pass_by(script[at])
            at += 1
            continue
        at = token.end()
        if token.lastgroup == "delimiter" and body.is_empty:
            end, start = token[0].split()[1], at
        elif token.lastgroup != "skip":
            body.take(token[0].lower(), script, at)
    yield from _statement(script, start, len(script), body)


def _statement(script: str, start: int, stop: int, body: _Body) -> Iterator[tuple[int, str]]:
    text = script[start:stop]
    if not body.is_empty:
        yield script.count("\n", 0, start + len(text) - len(text.lstrip())) + 1, text.strip()


class _Body:
    """How deep in the body of a trigger or a routine a statement is. Mutable."""

    def __init__(self) -> None:
        self.is_empty = True
        self._start = 0
        self._depth = 0
        self._has_ended = False

    @property
    def is_open(self) -> bool:
        return self._depth > 0

    def pass_by(self, character: str) -> None:
        if not character.isspace():
            self.is_empty = self._has_ended = False

    def take(self, word: str, script: str, stop: int) -> None:
        """`stop` is where the word ends."""
        if self.is_empty:
            self.is_empty, self._start = False, stop - len(word)
        was_end, self._has_ended = self._has_ended, word == "end"
        if word == "end":
            self._depth -= 1
        elif word in _LOOPS if was_end else word in _OPENS and _HAS_BODY.match(script, self._start, stop):
            self._depth += 1
